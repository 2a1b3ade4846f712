"""Agreement beyond chance: Krippendorff's alpha of several judges, Cohen's kappa of two."""

from __future__ import annotations

import numpy as np


def krippendorff_alpha(counts: np.ndarray) -> float:
    """Krippendorff's alpha for nominal categories (Krippendorff 2018, 12.3.3).

    Args:
        counts: float64[questions, categories]: how many judges said what. Questions with fewer
            than two answers say nothing of agreement and are left out.

    Returns:
        1 for full agreement, 0 for that of chance, below 0 for less; nan where no question has two
        answers. 1 where every answer is the same: nobody disagreed, though chance would not either.
    """
    answers = counts.sum(axis=1)
    counts, answers = counts[answers >= 2], answers[answers >= 2]
    number = float(answers.sum())
    if not number:
        return float("nan")
    # Pairs of unlike answers within questions, each weighted by 1 / (answers - 1).
    unlike = float(((answers**2 - np.square(counts).sum(axis=1)) / (answers - 1)).sum())
    totals = counts.sum(axis=0)
    expected = (number**2 - float(np.square(totals).sum())) / (number - 1)
    return 1.0 if expected <= 0 else 1 - unlike / expected


def cohen_kappa(table: np.ndarray) -> float:
    """Cohen's kappa of two raters (Cohen 1960).

    Args:
        table: float64[k, k]: how often the one said i and the other j.

    Returns:
        1 for full agreement, 0 for that of chance; nan of no answers, or where chance alone agrees
        always (both only ever said one thing).
    """
    number = float(table.sum())
    if not number:
        return float("nan")
    agreed = float(np.trace(table)) / number
    chance = float(table.sum(axis=1) @ table.sum(axis=0)) / number**2
    return float("nan") if chance >= 1 else (agreed - chance) / (1 - chance)
