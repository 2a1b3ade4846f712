"""Pairs as differences of features of their responses, a less b: what a shortcut could look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from transforms.quality.evidence import FACTS

#: The pseudo-feature of the responses' models: its values depend on the labels, so they are made
#: anew of every training part.
MODEL: Final = "model"

#: The corpus's own preference as a feature; only where `with_source` put it in.
SOURCE: Final = "source_preference"

#: Parts of a cross-validation.
FOLDS: Final = 5


@dataclass(frozen=True)
class Pairs:
    """Labelled pairs.

    Attributes:
        names: of the features.
        apart: float64[n, k], value of A less value of B; 0 where either is missing.
        models: int64[n, 2]: number of each side's model, -1 where it is not known.
        label: int8[n]: 1 where A is preferred, -1 for B.
        groups: int64[n]: rows of one group are not independent.
    """

    names: tuple[str, ...]
    apart: np.ndarray
    models: np.ndarray
    label: np.ndarray
    groups: np.ndarray

    def __len__(self) -> int:
        return len(self.label)

    @property
    def tell(self) -> bool:
        """Whether there is enough to choose a predictor by: rows, and any feature."""
        known = (self.models >= 0).all(axis=1).any()
        return len(self) >= 2 * FOLDS and (bool(self.names) or bool(known))

    def folds(self, seed: int) -> np.ndarray:
        """int64[n], 0 to 4: groups dealt to folds at random."""
        numbers, at = np.unique(self.groups, return_inverse=True)
        dealt = np.random.default_rng(seed).permutation(len(numbers)) % FOLDS
        folds: np.ndarray = dealt[at]
        return folds


def pairs_of(rows: pl.DataFrame, names: tuple[str, ...]) -> Pairs:
    """Pairs of the rows that prefer a side; features that say nothing of any pair are left out.

    Args:
        rows: `evidence.ROWS_SCHEMA`, and columns ``a_NAME`` and ``b_NAME`` of the features.
        names: of features; one without columns is left out.
    """
    sided = rows.filter(pl.col("preference").is_in(["a", "b"]))
    there = [name for name in names if f"a_{name}" in rows.columns and f"b_{name}" in rows.columns]
    apart = sided.select(
        (pl.col(f"a_{name}").cast(pl.Float64) - pl.col(f"b_{name}").cast(pl.Float64))
        .fill_nan(None)
        .fill_null(0.0)
        .alias(name)
        for name in there
    )
    telling = [name for name in there if (apart[name] != 0).any()]
    matrix = apart.select(telling).to_numpy() if telling else np.zeros((sided.height, 0))
    matrix = np.nan_to_num(matrix, posinf=1e300, neginf=-1e300)
    known = pl.concat([sided["a_model"], sided["b_model"]]).drop_nulls().unique().sort()
    numbers = {name: at for at, name in enumerate(known.to_list())}
    models = np.stack(
        [
            sided[f"{side}_model"]
            .replace_strict(numbers, default=-1, return_dtype=pl.Int64)
            .to_numpy()
            if numbers
            else np.full(sided.height, -1)
            for side in "ab"
        ],
        axis=1,
    )
    return Pairs(
        tuple(telling),
        np.ascontiguousarray(matrix, np.float64),
        models,
        np.where(sided["preference"].to_numpy() == "a", 1, -1).astype(np.int8),
        (sided["group"].fill_null("").rank("dense").cast(pl.Int64)).to_numpy(),
    )


def with_source(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with the corpus's own preference as a feature, `SOURCE`."""
    return rows.with_columns(
        (pl.col("source_preference") == side).cast(pl.Float64).alias(f"{side}_{SOURCE}")
        for side in "ab"
    )


def fact_pairs(rows: pl.DataFrame) -> Pairs:
    """Pairs with the features that every row states."""
    return pairs_of(rows, (*FACTS, SOURCE))


def measured_pairs(rows: pl.DataFrame, measured: pl.DataFrame) -> Pairs:
    """Pairs of the rows that were measured, with the features measured and those stated."""
    names = [name[2:] for name in measured.columns if name.startswith("a_")]
    joined = rows.join(measured, on="row_id", how="inner", suffix="_measured")
    renamed = joined.rename(
        {
            f"{side}_{name}_measured": f"{side}_measured_{name}"
            for side in "ab"
            for name in names
            if f"{side}_{name}_measured" in joined.columns
        }
    )
    told = [name for name in names if f"a_measured_{name}" not in renamed.columns]
    twice = [f"measured_{name}" for name in names if f"a_measured_{name}" in renamed.columns]
    return pairs_of(renamed, (*told, *twice, *FACTS, SOURCE))


def model_feature(pairs: Pairs, train: np.ndarray) -> np.ndarray:
    """float64[n]: how much more often the model of A won in the training part than that of B.

    Rates are smoothed, (wins + 1) / (comparisons + 2), and a row of the training part doesn't count
    in its own: else a model that is met once would seem to tell its label. 0 where a model is not
    known, or both are the same.

    Args:
        pairs: all pairs.
        train: bool[n].
    """
    models, label = pairs.models, pairs.label
    usable = (models >= 0).all(axis=1) & (models[:, 0] != models[:, 1])
    number = int(models.max(initial=-1)) + 1
    if not number or not usable.any():
        return np.zeros(len(pairs))
    counted = usable & train
    won = (label[:, None] * np.array([1, -1]) > 0).astype(np.float64)
    wins, played = np.zeros(number), np.zeros(number)
    for side in (0, 1):
        at = models[counted, side]
        wins += np.bincount(at, weights=won[counted, side], minlength=number)
        played += np.bincount(at, minlength=number)
    own = counted[:, None].astype(np.float64)
    rate = (wins[models] - own * won + 1) / (played[models] - own + 2)
    told: np.ndarray = np.where(usable, rate[:, 0] - rate[:, 1], 0.0)
    return told
