"""What a row rule is: a name, a sentence, and an expression over the frame of `rules.frame`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from schemas.tasks import TASKS, Kind, Task
from transforms.quality.settings import RuleSettings


@dataclass(frozen=True)
class Subject:
    """Whose rows are judged."""

    subset: str
    corpus: str
    task_name: str
    kind: Kind

    @property
    def task(self) -> Task:
        """What its prompts and responses hold."""
        return TASKS[self.task_name]


@dataclass(frozen=True)
class Context:
    """What a rule may depend on."""

    settings: RuleSettings
    subject: Subject


#: Gives the expression that is true of a row that breaks the rule; None where it does not apply.
Broken = Callable[[Context], pl.Expr | None]


@dataclass(frozen=True)
class Rule:
    """One row rule. `message` is a sentence for a person, `seen` what the row shows of it."""

    message: str
    #: True of a row that breaks it.
    broken: pl.Expr | Broken
    seen: pl.Expr

    def applied(self, context: Context) -> pl.Expr | None:
        """The expression that is true of a row that breaks it; None where it does not apply."""
        return self.broken if isinstance(self.broken, pl.Expr) else self.broken(context)
