"""The one way in which functions about 3D models fail: a `MediaError` with a reason code.

Codes: `mesh_undecodable` (damaged, cut, or no model at all), `mesh_format` (a format or version
that isn't read), `mesh_too_large` (a limit of the policy), `mesh_empty` (nothing to be seen),
`mesh_points` (points without faces, where the policy refuses them), `mesh_not_finite` (NaN or
infinite vertices), `mesh_external_reference` (it refers outside its own folder: never opened),
`mesh_file_missing` (a file without which there is no geometry was not handed over),
`mesh_texture` (a texture that can't be decoded, or is missing where the policy refuses that),
`mesh_compressed` and `mesh_extension` (glTF that needs an extension which isn't supported).
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import NoReturn, ParamSpec, TypeVar

from transforms.media.errors import MediaError

_Args = ParamSpec("_Args")
_Result = TypeVar("_Result")


def refuse(reason: str, message: str) -> NoReturn:
    """Raise the `MediaError` ``mesh_<reason>``."""
    raise MediaError(f"mesh_{reason}", message)


def damaged(message: str) -> NoReturn:
    """Raise `mesh_undecodable`."""
    refuse("undecodable", message)


def within(number: int, limit: int, what: str) -> None:
    """Refuse more of something than the policy allows."""
    if number > limit:
        refuse("too_large", f"{number:,} {what}, the limit is {limit:,}")


def guarded(function: Callable[_Args, _Result]) -> Callable[_Args, _Result]:
    """Let nothing but `MediaError` out, whatever broken input does to the code inside."""

    @functools.wraps(function)
    def guard(*args: _Args.args, **kwargs: _Args.kwargs) -> _Result:
        import numpy as np

        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return function(*args, **kwargs)
        except MediaError:
            raise
        except MemoryError:
            raise MediaError("mesh_too_large", "more memory is needed than there is") from None
        except RecursionError:
            raise MediaError("mesh_undecodable", "nested too deeply") from None
        except Exception as error:
            message = f"{type(error).__name__}: {error}"[:300]
            raise MediaError("mesh_undecodable", message) from None

    return guard
