"""Languages: the share of the commonest language among sampled prompts and responses.

Told by py3langid (byte n-grams, 97 languages, no network) from the first 2,000 characters. Texts of
fewer than 20 letters are "short": a guess about them would be noise, and so would be a share of
languages with next to no texts, which are counted as "other". There is no bad language, so no bound
is set; a recipe for one language may set one.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import polars as pl

from transforms.measures.intervals import wilson
from transforms.quality.audits.registry import Audit
from transforms.quality.evidence import Evidence
from transforms.quality.finding import Measure
from transforms.quality.settings_audits import AuditSettings

_CHARACTERS: Final = 2_000
_LETTERS: Final = 20
#: Texts a field; enough for a share to two points.
_MOST: Final = 500
#: A language below this share is more often a mistake than a language.
_LEAST: Final = 0.01
_SHORT: Final = "short"


def measure(evidence: Evidence, settings: AuditSettings) -> Measure | None:
    """Languages of a few hundred prompts and responses."""
    by_field: dict[str, Counter[str]] = {}
    for field in ("prompt", "response"):
        texts = evidence.texts.filter(pl.col("field") == field)["text"].drop_nulls()
        if len(texts):
            drawn = texts.sort().sample(min(_MOST, len(texts)), seed=settings.seed)
            by_field[field] = Counter(map(language_of, drawn.to_list()))
    told = sum(by_field.values(), Counter[str]())
    told.pop(_SHORT, None)
    number = sum(told.values())
    if not number:
        return None
    name, most = min(told.items(), key=lambda one: (-one[1], one[0]))
    return Measure(
        most / number,
        *wilson(most, number),
        number,
        f"commonest: {name}",
        {"unit": "texts", **{field: _shares(counted) for field, counted in by_field.items()}},
    )


def language_of(text: str) -> str:
    """The language of a text, as ISO 639-1 has it; ``short`` for fewer than 20 letters."""
    begin = text[:_CHARACTERS]
    if sum(map(str.isalpha, begin)) < _LETTERS:
        return _SHORT
    import py3langid

    name, _ = py3langid.classify(begin)
    return str(name)


def _shares(counted: Counter[str]) -> dict[str, Any]:
    number = counted.total()
    shares = {name: times / number for name, times in counted.most_common()}
    common = {name: share for name, share in shares.items() if share >= _LEAST}
    other = 1 - sum(common.values())
    return {**common, **({"other": other} if other > 1e-9 else {})}


AUDIT = Audit("share of the commonest language", "Wilson, 95 %", "high", measure)
