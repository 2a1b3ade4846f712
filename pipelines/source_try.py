"""`omnireward sources try`: look at a file of somebody's preferences and guess how to read it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from transforms.beamkit.errors import BuildError
from transforms.sources.draft import Draft, Dropped, Reject, Response
from transforms.sources.formats.check import check_file, suffix_of
from transforms.sources.formats.cut import RECORD_SUFFIXES, units_of
from transforms.sources.mapped.adapter import MappedAdapter
from transforms.sources.mapped.guess import Guess, guess_mapping
from transforms.sources.records import Place, Unreadable, read_records
from transforms.sources.settings import Corpus, PairRule

#: Records that are looked at.
LOOKED_AT = 200


@dataclass(frozen=True)
class Trial:
    """What was found out about a file."""

    file: Path
    records: int
    guess: Guess
    #: The recipe's block for the corpus, as YAML; empty when the file was refused.
    block: str = ""
    examples: Sequence[Draft] = ()
    #: What became of the records looked at: ``pair``, or the reason why not.
    outcomes: Counter[str] = field(default_factory=Counter)


def try_file(file: Path) -> Trial:
    """Read the first records of a file, guess a mapping, and try it on them.

    Raises:
        BuildError: the file can't be read as records.
    """
    if file.is_dir():
        inside = sorted(
            one.name for one in file.iterdir() if suffix_of(one.name) in RECORD_SUFFIXES
        )
        hint = f", as {inside[0]}" if inside else ""
        raise BuildError(f"{file}: it is a folder; name one file of it{hint}")
    if not file.is_file():
        raise BuildError(f"{file}: there is no such file")
    if suffix_of(file.name) not in RECORD_SUFFIXES:
        raise BuildError(
            f"{file}: records are read from {', '.join(RECORD_SUFFIXES)}; media may lie in "
            "folders, zip and tar archives beside them"
        )
    size = file.stat().st_size
    check_file(str(file), size)
    met = _first_records(file, size)
    records = [record for _, record in met if isinstance(record, dict)]
    guess = guess_mapping(records)
    if guess.refused is not None:
        return Trial(file, len(met), guess)
    block = recipe_block(file, guess.options)
    try:
        corpus = Corpus("mapped", "", "", (file.name,), "human", options=guess.options)
        adapter = MappedAdapter(corpus, "try", "Try")
    except (TypeError, ValueError) as error:  # something that only a person can say is missing
        guess.undecided.append(f"the mapping is not complete: {error}")
        return Trial(file, len(met), guess, block)
    examples, outcomes = _tried(adapter, met)
    return Trial(file, len(met), guess, block, examples, outcomes)


def _first_records(file: Path, size: int) -> list[tuple[Place, Any]]:
    met: list[tuple[Place, Any]] = []
    for unit in units_of(str(file), file.name, size, ()):
        met += islice(read_records(unit, (), None), LOOKED_AT - len(met))
        if len(met) >= LOOKED_AT:
            break
    return met


def _tried(
    adapter: MappedAdapter, met: Sequence[tuple[Place, Any]]
) -> tuple[list[Draft], Counter[str]]:
    examples: list[Draft] = []
    outcomes: Counter[str] = Counter()
    for place, record in met:
        if isinstance(record, Unreadable) or not isinstance(record, dict):
            outcomes["not_a_record"] += 1
            continue
        try:
            drafts = list(adapter.pairs(record, place))
        except Reject as reject:
            outcomes[reject.reason] += 1
        except Dropped as drop:
            outcomes[f"left out: {drop.rule}"] += 1
        else:
            outcomes["pair"] += 1
            examples += drafts[: 1 if len(examples) < 3 else 0]
    return examples, outcomes


def recipe_block(file: Path, options: dict[str, Any]) -> str:
    """The corpus as a block of a recipe, for a person to complete. Its path is absolute."""
    name = re.sub(r"\W+", "_", file.name.split(".")[0]).strip("_").lower() or "my_corpus"
    corpus = {
        "adapter": "mapped",
        "repo": "OWNER/NAME",
        "licence": "unknown",
        "annotator": "human",
        "path": str(file.resolve().parent),
        "files": [file.name],
        "pairs": {"rule": PairRule().rule, "ties": PairRule().ties},
        "options": options,
    }
    return yaml.dump(
        {"corpora": {name: corpus}},
        Dumper=_Block,
        sort_keys=False,
        allow_unicode=True,
        width=96,
        default_flow_style=None,
    )


class _Block(yaml.SafeDumper):
    """YAML as a person writes it: line ends inside text as escapes."""


def _text(dumper: _Block, value: str) -> yaml.ScalarNode:
    style = '"' if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Block.add_representer(str, _text)


def trial_view(trial: Trial) -> Group:
    """What a person sees: the block, three pairs, what became of the rest, what is open."""
    if trial.guess.refused is not None:
        return Group(Text(f"{trial.file}: no pairs can be read: {trial.guess.refused}"))
    shown: list[Any] = [
        # Not wrapped: it would be another text for a recipe.
        Text(
            f"# A block for the recipe, guessed from {trial.records} records of {trial.file.name}\n"
            "# `path` is absolute; one in a recipe may also be relative to the recipe's folder\n"
            f"{trial.block}",
            no_wrap=True,
            overflow="ignore",
        ),
    ]
    shown += [_example(draft) for draft in trial.examples]
    if trial.outcomes:
        became = ", ".join(f"{number:,} {what}" for what, number in trial.outcomes.most_common())
        shown.append(Text(f"Of the records looked at: {became}."))
    shown.append(Text("\nPlease decide:"))
    shown += [Text(f"  - {line}") for line in (*trial.guess.undecided, *_open(trial))]
    return Group(*shown)


def _open(trial: Trial) -> list[str]:
    """What no file says, and the block sets nevertheless."""
    ties = trial.outcomes["left out: tie"]
    return [
        "repo: OWNER/NAME stands for where the corpus comes from; it is named in every row",
        "licence: unknown is written into every row; name the corpus's own",
        "annotator: human was taken; it may be model, metric or measured",
        f"pairs.ties: drop leaves ties out ({ties:,} of the records looked at); keep keeps them",
    ]


def _example(draft: Draft) -> Panel:
    prompt = "\n".join(f"[{turn.role}] {_short(turn.content)}" for turn in draft.prompt)
    media = " ".join(f"{ref.slot}: {ref.container}/{ref.member}" for ref in draft.prompt_media)
    sides = Table.grid(expand=True, padding=(0, 1))
    for _ in range(2):
        sides.add_column(ratio=1)
    titles = {"first": ("preferred", ""), "second": ("", "preferred"), "tie": ("tie", "tie")}
    sides.add_row(
        *(
            Panel(Text(_side(side)), title=title or None, title_align="left")
            for side, title in zip(
                (draft.first, draft.second), titles[draft.preferred], strict=True
            )
        )
    )
    return Panel(Group(Text("\n".join(filter(None, (prompt, media)))), sides), title=draft.key)


def _side(response: Response) -> str:
    media = [f"{ref.slot}: {ref.container}/{ref.member}" for ref in response.media]
    return "\n".join([_short(response.text), *media] if response.text is not None else media)


def _short(text: str) -> str:
    return text if len(text) <= 240 else text[:240] + "…"
