"""Settings of decontamination: against which benchmarks, and what counts as a copy of an item."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True)
class TextPrintSettings:
    """How texts of benchmark items become hashes; fingerprints made otherwise can't be read.

    Copies are told by shared word n-grams. An edited word spoils n of them, so short texts have
    short n-grams: of 20 words with one edited, 15 of 18 trigrams are left, but 5 of 13 8-grams. Of
    long texts 8-grams are kept: strangers share hardly any, and of 100 words with five edited
    about 0.95^8 = 66 % are left.
    """

    #: Tokens of an n-gram of texts of at least `short_tokens` tokens.
    ngram: int = 8
    #: Tokens of an n-gram of shorter texts.
    short_ngram: int = 3
    short_tokens: int = 48
    #: Values of the MinHash signature that is kept beside the n-grams, and its seed.
    num_perm: int = 128
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("ngram", "short_ngram", "short_tokens", "num_perm"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)} is less than 1")
        if not 0 <= self.seed < 2**64:
            raise ValueError(f"seed: {self.seed} is not from 0 to 2^64 - 1")


@dataclass(frozen=True)
class DecontaminationSettings:
    """Rows that copy an item of a listed benchmark go; what is less than a copy is reported."""

    #: Names of fingerprints, ``NAME.fingerprint.parquet`` in the folder `fingerprints`.
    benchmarks: tuple[str, ...] = ()
    #: Folder of the fingerprints, relative to the recipe.
    fingerprints: str = "fingerprints"
    #: Benchmarks that a build may do without, each with the reason; it is published.
    waived: Mapping[str, str] = field(default_factory=dict)
    #: A prompt goes by its text alone if it has this many tokens.
    min_prompt_tokens: int = 8
    #: The same for a prompt that has media of its own: "Describe this picture in detail" about
    #: another picture is another item. Shorter ones go together with their medium only.
    min_prompt_tokens_with_media: int = 24
    #: A response goes by its text if it has this many tokens.
    min_response_tokens: int = 50
    #: Share of the n-grams of one text that are found in the other, from which they are copies:
    #: for texts of `print.short_tokens` and more.
    overlap: float = 0.4
    #: The same for shorter texts, down to `exact_tokens`.
    short_overlap: float = 0.6
    #: Texts of fewer tokens must be found whole: one word more or less is another question there.
    exact_tokens: int = 16
    #: A row of which the shared part makes up less only quotes the item: it is reported.
    min_share: float = 0.1
    #: N-grams in more than this share of a benchmark's different texts (and in more than ten) are
    #: its boilerplate: they don't count.
    common: float = 0.01
    print: TextPrintSettings = TextPrintSettings()

    def __post_init__(self) -> None:
        for name in (*self.benchmarks, *self.waived):
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"benchmark {name!r}: write small letters, digits, dots and dashes"
                )
        twice = {name for name in self.benchmarks if self.benchmarks.count(name) > 1}
        if twice:
            raise ValueError(f"benchmarks: {sorted(twice)[0]!r} is listed twice")
        for name, reason in self.waived.items():
            if name not in self.benchmarks:
                raise ValueError(f"waived: {name!r} is not among the benchmarks; list it there")
            if not reason or not reason.strip():
                raise ValueError(f"waived: {name!r} needs a reason, which is published")
        for name in (
            "min_prompt_tokens",
            "min_prompt_tokens_with_media",
            "min_response_tokens",
            "exact_tokens",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)} is less than 1")
        for name in ("overlap", "short_overlap"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}: {getattr(self, name)} is not above 0 and at most 1")
        for name in ("min_share", "common"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name}: {getattr(self, name)} is not from 0 to 1")


def is_benchmark_name(name: str) -> bool:
    """Whether a name can be that of a benchmark, and so part of a file's name."""
    return _NAME.fullmatch(name) is not None
