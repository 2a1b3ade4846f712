"""Settings of dedup: what two texts must share to be copies of one another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NearTextSettings:
    """Near-duplicates of text: MinHash of word n-grams, found by bands, verified part by part.

    The defaults find copies in which up to 5 % of the words were replaced, inserted, deleted or
    misspelt. With trigrams such texts have a Jaccard similarity of 0.71 or more (a substitution
    spoils three trigrams: at 5 %, s = 0.95^3 of them remain, and s / (2 - s) = 0.75; 20 words with
    one edit have 15 of 21 in common). Two texts reach 0.6 with about 9 % of their words changed,
    which independent answers to one question don't. An estimate from 128 values strays by 0.04, so
    true copies are 2.7 standard errors above the line.
    """

    #: Tokens of a shingle. A character is a token in scripts without spaces (`shingles`).
    ngram: int = 3
    #: Values of a signature: the standard error of a similarity s is sqrt(s (1 - s) / num_perm).
    num_perm: int = 128
    #: Bands of a signature and values of each. Pairs of similarity s meet in at least one band with
    #: probability 1 - (1 - s^rows)^bands: 0.964 at s = 0.6, 0.9986 at 0.7, 0.04 at 0.2.
    bands: int = 24
    rows: int = 4
    #: Seeds the permutations: prints can be compared only if they share it.
    seed: int = 1
    #: Similarities from which the prompts, and each of the two responses, count as copies.
    min_prompt_similarity: float = 0.6
    min_response_similarity: float = 0.6
    #: Texts of fewer tokens must be equal after folding: one word more or less is a different
    #: answer there, and a similarity of few shingles says little.
    short_tokens: int = 16
    #: A row is compared with this many rows of a band's bucket, the first in the order of keeping.
    max_comparisons: int = 64

    def __post_init__(self) -> None:
        for name in ("ngram", "num_perm", "bands", "rows", "max_comparisons"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)} is less than 1")
        if self.bands * self.rows > self.num_perm:
            raise ValueError(
                f"bands x rows: {self.bands} x {self.rows} is more than num_perm, {self.num_perm}; "
                f"write num_perm: {self.bands * self.rows} or fewer bands"
            )
        if not 0 <= self.seed < 2**64:
            raise ValueError(f"seed: {self.seed} is not from 0 to 2^64 - 1")
        for name in ("min_prompt_similarity", "min_response_similarity"):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(f"{name}: {getattr(self, name)} is not above 0 and at most 1")
            if getattr(self, name) < self.band_threshold:
                raise ValueError(
                    f"{name}: {getattr(self, name)} is less than what the bands find, "
                    f"{self.band_threshold:.2f}; write more bands, or fewer rows in each"
                )
        if self.short_tokens < 0:
            raise ValueError(f"short_tokens: {self.short_tokens} is less than 0; 0 is no rule")

    @property
    def band_threshold(self) -> float:
        """The similarity that bands and rows imply, (1 / bands)^(1 / rows): 0.45 by default.

        About there the probability of meeting rises most steeply (Leskovec, Rajaraman, Ullman,
        Mining of Massive Datasets, §3.4.2). It must lie below the similarities asked for.
        """
        return float((1 / self.bands) ** (1 / self.rows))

    def recall_of_bands(self, similarity: float) -> float:
        """The probability that two rows of a similarity meet in at least one band."""
        return float(1 - (1 - similarity**self.rows) ** self.bands)
