"""From source bytes to a product: the one place that calls a modality's functions in order."""

from __future__ import annotations

import importlib
import math
import traceback
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import PurePath
from typing import Any, Final

from transforms.media.errors import MediaError
from transforms.media.modality import Facts, ModalityModule, Product
from transforms.media.settings import MediaPolicy

#: The module of each modality, imported when its first medium comes.
MODULES: Final[Mapping[str, str]] = {
    name: f"transforms.media.{name}" for name in ("image", "video", "audio", "mesh")
}

#: To be raised by whoever changes a modality so that the same bytes and policy give another product
#: or other facts: what is stored from before is then made anew.
RULES: Final[Mapping[str, int]] = {"image": 4, "video": 2, "audio": 3, "mesh": 3}

#: Fields of `schemas.media.INFO_STRUCT` that a modality states; the others are the store's. Spelt
#: out, not read from there: a decoding process does without Arrow, which takes longer to import
#: than a picture to decode.
FACT_KINDS: Final[Mapping[str, type]] = {
    "format": str,
    "bytes": int,
    "width": int,
    "height": int,
    "duration_s": float,
    "rate_hz": float,
    "frames": int,
    "channels": int,
    "vertices": int,
    "faces": int,
    "phash": str,
    "loudness_lufs": float,
    "peak_dbfs": float,
}

#: What a product's own header must say as its facts do.
_COMPARED: Final = ("format", "width", "height")

#: Causes that are followed down an error's chain.
_DEPTH: Final = 20


def produce(
    modality: str, data: bytes, policy: MediaPolicy, modules: Mapping[str, str] = MODULES
) -> Product:
    """What becomes of a medium: probed, validated by one decode, described, normalised.

    The facts are those of the medium as it is published, cleaned of fields without a value:
    `bytes` is the size of the product. A product must itself pass `probe`.

    Raises:
        MediaError: the modality's own refusal; ``<modality>_memory`` where memory ran out;
            ``<modality>_product`` where the product would be refused or is not what its facts
            say; ``<modality>_fault`` for an exception that no modality should let out.
    """
    module = module_of(modality, modules)
    try:
        return _produced(module, modality, data, getattr(policy, modality, None))
    except MemoryError:
        raise _out_of_memory(modality) from None
    except MediaError as error:
        if _was_memory(error):
            raise _out_of_memory(modality) from None
        raise
    except Exception as error:
        message = f"a fault of the program: {type(error).__name__}: {error}{_place(error)}"
        raise MediaError(f"{modality}_fault", message) from error


@cache
def _import(name: str) -> Any:
    module = importlib.import_module(name)
    warm_up = getattr(module, "warm_up", None)  # libraries whose first call takes seconds
    if warm_up is not None:
        warm_up()
    return module


def module_of(modality: str, modules: Mapping[str, str] = MODULES) -> ModalityModule[Any, Any]:
    """The module of a modality, imported and warm.

    Raises:
        KeyError: there is none of that name.
        Exception: whatever its import raises; that is no medium's fault.
    """
    module: ModalityModule[Any, Any] = _import(modules[modality])
    return module


def _produced(module: ModalityModule[Any, Any], modality: str, data: bytes, policy: Any) -> Product:
    probed = module.probe(data, policy)
    decoded = module.validate(data, policy)
    described = module.describe(decoded, policy)
    product = module.normalise(decoded, policy)
    if product.data is None:
        facts = {**probed, **described, **product.facts, "bytes": len(data)}
    else:
        again = _probed_again(module, modality, product, policy)
        facts = {**again, **product.facts, "bytes": len(product.data)}
    return replace(product, facts=clean_facts(facts), changes=tuple(product.changes))


def _probed_again(
    module: ModalityModule[Any, Any], modality: str, product: Product, policy: Any
) -> Facts:
    assert product.data is not None
    try:
        again = module.probe(product.data, policy)
    except MediaError as error:
        raise MediaError(
            f"{modality}_product", f"what was made of it is refused itself: {error.message}"
        ) from error
    for name in _COMPARED:
        stated = product.facts.get(name)
        if stated is not None and again.get(name) not in (stated, None):
            raise MediaError(
                f"{modality}_product",
                f"what was made of it has {name} {again[name]!r}, its facts say {stated!r}",
            )
    return again


def clean_facts(facts: Mapping[str, Any]) -> Facts:
    """Facts in the order and types of the schema, those without a value left out.

    Raises:
        ValueError: a field that the schema does not have, or a value of another kind.
    """
    unknown = sorted(facts.keys() - FACT_KINDS.keys())
    if unknown:
        raise ValueError(f"facts that the schema does not have: {', '.join(unknown)}")
    return {
        name: _value(name, kind, facts[name])
        for name, kind in FACT_KINDS.items()
        if facts.get(name) is not None
    }


def _value(name: str, kind: type, value: Any) -> Any:
    """A value as its plain type: libraries of arrays give numbers of their own."""
    if kind is not str and hasattr(value, "item"):
        value = value.item()
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError(f"{name} is {value!r}, which is no {kind.__name__}")
    return value


def _was_memory(error: BaseException) -> bool:
    """Whether an error was raised because of a `MemoryError`, be it suppressed."""
    seen: BaseException | None = error
    for _ in range(_DEPTH):
        if seen is None:
            return False
        if isinstance(seen, MemoryError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def _out_of_memory(modality: str) -> MediaError:
    return MediaError(f"{modality}_memory", "decoding takes more memory than is allowed")


def _place(error: Exception) -> str:
    """Where an exception was raised, without the folders of this machine."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
