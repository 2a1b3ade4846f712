"""Tables of what is there: rows of cells, each cell Markdown whose foreign text is escaped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

from pipelines.cards import places
from pipelines.cards.escaping import code, md, web_address
from pipelines.cards.facts import AuditFacts, CardFacts, CorpusFacts, ReviewFacts, SubsetFacts
from pipelines.cards.fields import field_rows
from pipelines.cards.licences import UNKNOWN, licence_url
from pipelines.sizes import size_of
from schemas.licence import forbids_commercial_use
from schemas.tasks import TASKS

Row = list[str]

#: A cell without a value.
NOTHING: Final = "–"
_DIGITS: Final = 12


def size_cell(number: int) -> str:
    """Bytes for a person, in one line however narrow its column."""
    return size_of(number).replace(" ", "\u00a0")


def languages_cell(corpus: CorpusFacts) -> str:
    """The languages of a corpus that are known."""
    known = ", ".join(one for one in corpus.languages if one != UNKNOWN)
    return md(known) if known else "not stated"


def task_title(task: str) -> str:
    """A task in words."""
    found = TASKS.get(task)  # type: ignore[call-overload]
    return found.title if found else md(task)


def licence_cell(licence: str, non_commercial: bool) -> str:
    """A licence, linked where its text is known."""
    if licence in (UNKNOWN, ""):
        cell = "not stated"
    else:
        address = licence_url(licence)
        cell = f"[{md(licence)}]({address})" if address else md(licence)
    return f"{cell}, **non-commercial**" if non_commercial else cell


def corpus_link(corpus: CorpusFacts) -> str:
    """A corpus, linked to its page."""
    address = corpus.homepage or (
        places.repo_url(corpus.repo) if places.is_repo(corpus.repo) else None
    )
    sound = web_address(address) if address else None
    text = md(corpus.repo or corpus.name)
    return f"[{text}]({sound})" if sound else text


def wanted(subset: SubsetFacts) -> str:
    """The target of a subset."""
    return "all" if subset.target is None else f"{subset.target:,}"


def subset_rows(facts: CardFacts) -> list[Row]:
    """subset, task, kind, rows, target, lacking, size, labels by, licence."""
    return [
        [
            f"[{md(subset.name)}]({quote(places.card_of(subset.name))})",
            task_title(subset.task),
            md(subset.kind),
            f"{subset.rows:,}",
            wanted(subset),
            f"**{subset.shortfall:,}**" if subset.shortfall else NOTHING,
            size_cell(subset.size),
            labelled_by(subset),
            licence_cell(facts.part(subset).licence, facts.part(subset).non_commercial),
        ]
        for subset in facts.subsets
    ]


def labelled_by(subset: SubsetFacts) -> str:
    """Who gave the labels of a subset."""
    if subset.kind == "instruction":
        origins = {"llm": "models", "published": "published criteria", "measured": "measurement"}
        return origins.get(subset.origin or "", md(subset.origin or "unknown"))
    names = {"human": "people", "model": "models", "metric": "a metric", "measured": "measurement"}
    return ", ".join(names.get(name, md(name)) for name in subset.rows_by.annotator) or NOTHING


def split_rows(subset: SubsetFacts) -> list[Row]:
    """split, rows, shards, size."""
    return [
        [code(name), f"{split.rows:,}", f"{len(split.files):,}", size_cell(split.file_bytes)]
        for name, split in sorted(subset.splits.items())
    ]


def fields() -> list[Row]:
    """columns, type, meaning."""
    return [[f"`{name}`", md(kind), meaning] for name, kind, meaning in field_rows()]


def share_rows(counted: Mapping[str, int]) -> list[Row]:
    """value, rows, share."""
    total = sum(counted.values())
    return [[code(name), f"{n:,}", f"{n / total:.1%}"] for name, n in counted.items() if total]


def source_rows(facts: CardFacts) -> list[Row]:
    """corpus, revision, licence, languages, subsets."""
    return [
        [
            corpus_link(corpus),
            code(corpus.revision[:_DIGITS] if corpus.pinned else corpus.revision)
            + ("" if corpus.pinned else ", not pinned"),
            licence_cell(corpus.licence, _non_commercial(corpus)),
            languages_cell(corpus),
            ", ".join(md(one.name) for one in facts.subsets if one.corpus == name),
        ]
        for name, corpus in facts.corpora.items()
    ]


def _non_commercial(corpus: CorpusFacts) -> bool:
    """Whether a corpus forbids commercial use."""
    return forbids_commercial_use(corpus.licence, corpus.nc)


def audit_rows(audits: Sequence[AuditFacts]) -> list[Row]:
    """audit, subject, value, interval, rows, verdict, note."""
    order = {"fail": 0, "warn": 1}
    return [
        [
            md(one.audit.replace("_", " ")),
            md(one.subject or one.scope),
            _figure(one.value),
            NOTHING if one.low is None else f"{_figure(one.low)} to {_figure(one.high)}",
            NOTHING if one.rows is None else f"{one.rows:,}",
            f"**{md(one.verdict)}**" if one.verdict in order else md(one.verdict),
            md(one.note, 160) or NOTHING,
        ]
        for one in sorted(audits, key=lambda a: (order.get(a.verdict, 2), a.audit, a.subject))
    ]


def _figure(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.3g}"


def audit_summary(audits: Sequence[AuditFacts]) -> list[Row]:
    """audit, subjects measured, passed, warned, failed, without a verdict."""
    counted: dict[str, Counter[str]] = {}
    for one in audits:
        counted.setdefault(one.audit, Counter())[one.verdict] += 1
    return [
        [md(name.replace("_", " ")), f"{sum(verdicts.values()):,}",
         *(f"{verdicts[verdict]:,}" for verdict in ("pass", "warn", "fail", "none"))]
        for name, verdicts in sorted(counted.items())
    ]  # fmt: skip


def review_rows(scores: Sequence[ReviewFacts]) -> list[Row]:
    """group, rows judged, share that agreed with its interval, kappa with its interval."""
    return [
        [
            md(f"{one.group} {one.value}".strip()),
            f"{one.rows:,}",
            _share(one.agreed),
            NOTHING if one.kappa[0] is None else _between(*map(_figure, one.kappa)),
        ]
        for one in scores
    ]


def _share(interval: tuple[float | None, float | None, float | None]) -> str:
    told = [NOTHING if value is None else f"{value:.1%}" for value in interval]
    return NOTHING if interval[0] is None else _between(*told)


def _between(value: str, low: str, high: str) -> str:
    return f"{value} ({low} to {high})"


def producer_rows(subsets: Iterable[SubsetFacts]) -> list[Row]:
    """origin, producer, version of prompt or wording, step, label rows."""
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for subset in subsets:
        counted.update(subset.labels.producers if subset.labels else {})
    return [
        [md(origin), code(model), md(version) or NOTHING, md(step), f"{rows:,}"]
        for (origin, model, version, step), rows in sorted(counted.items())
    ]


def calibration_rows(subsets: Iterable[SubsetFacts]) -> list[Row]:
    """judge, subset, questions, accuracy with its interval, position bias."""
    return [
        [
            code(one.judge),
            md(subset.name),
            f"{one.questions:,}",
            f"{one.accuracy:.1%} ({one.accuracy_low:.1%} to {one.accuracy_high:.1%})",
            f"{one.position_bias:+.1%}",
        ]
        for subset in subsets
        for one in (subset.labels.calibration if subset.labels else ())
    ]


def licence_rows(facts: CardFacts) -> list[Row]:
    """licence, commercial use, rows, subsets."""
    parts: dict[tuple[str, bool], list[SubsetFacts]] = {}
    for subset in facts.subsets:
        part = facts.part(subset)
        parts.setdefault((part.licence, part.non_commercial), []).append(subset)
    rows = []
    for (licence, nc), subsets in sorted(parts.items(), key=lambda item: (item[0][1], item[0][0])):
        allowed = "not forbidden" if licence not in (UNKNOWN, "") else "not stated: ask the source"
        rows.append(
            [
                licence_cell(licence, False),
                "**forbidden**" if nc else allowed,
                f"{sum(subset.rows for subset in subsets):,}",
                ", ".join(md(subset.name) for subset in subsets),
            ]
        )
    return rows


def input_rows(subset: SubsetFacts) -> list[Row]:
    """file, size, digest."""
    return [
        [code(name), size_cell(size), code(digest)]
        for name, (size, digest) in subset.inputs.items()
    ]


def shard_rows(subset: SubsetFacts) -> list[Row]:
    """shard, SHA-256."""
    return [
        [code(name), code(digest)]
        for _, split in sorted(subset.splits.items())
        for name, digest in sorted(split.files.items())
    ]
