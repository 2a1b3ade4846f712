"""The first page of the gate's results: every subset, and what failed, in static HTML."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from pipelines.gate.result import DATASET, Checked, Gate, Outcome
from transforms.quality.data_docs import whole_page

_IDS_SHOWN = 20


def index_page(gate: Gate) -> str:
    """The page; pages of subsets lie beside it."""
    passed = all(one.passed for one in gate.everything.values())
    verdict = _mark("passed" if passed else "failed")
    rows = "\n".join(_row(name, one) for name, one in gate.everything.items())
    failed = [
        _failed(name, outcome)
        for name, checked in gate.everything.items()
        for outcome in checked.expectations
        if not outcome.passed
    ]
    waivers = "".join(
        f"<li>{escape(one['what'])}: {escape(one['why'])}</li>" for one in gate.waivers
    )
    limited = "".join(f"<li>{escape(one)}.</li>" for one in gate.limited)
    body = (
        f"<h1>Gate: {verdict}</h1>\n<p>Checked {escape(gate.checked)}; recipe "
        f"<code>{escape(gate.recipe[:12])}</code>, run <code>{escape(gate.run[:12])}</code>.</p>\n"
        + (f"<h2>Samples</h2>\n<ul>{limited}</ul>" if limited else "")
        + (f"<h2>What failed</h2>\n{''.join(failed)}" if failed else "")
        + (f"<h2>Waived</h2>\n<ul>{waivers}</ul>" if waivers else "")
        + '<h2>Subsets</h2>\n<div class="scroll"><table><thead><tr><th>subset</th><th>task</th>'
        '<th class="num">rows</th><th class="num">expectations</th><th class="num">failed</th>'
        f"<th>gate</th></tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>"
    )
    return whole_page("Gate", body)


def _mark(word: str) -> str:
    return f'<span class="{word}">{word}</span>'


def _row(name: str, checked: Checked) -> str:
    failed = sum(not one.passed for one in checked.expectations)
    title = escape(name)
    link = "the whole dataset" if name == DATASET else f'<a href="{quote(name)}.html">{title}</a>'
    return (
        f"<tr><td>{link}</td><td>{escape(checked.task)}</td>"
        f'<td class="num">{checked.rows:,}</td><td class="num">{len(checked.expectations):,}</td>'
        f'<td class="num">{failed:,}</td><td>{_mark("passed" if checked.passed else "failed")}</td>'
        "</tr>"
    )


def _failed(name: str, one: Outcome) -> str:
    told = {
        "column": one.column,
        "why": one.why,
        "wanted": one.wanted,
        "observed": one.observed,
        "rows": ", ".join(one.row_ids[:_IDS_SHOWN])
        + (f" and {one.failing - len(one.row_ids):,} more" if one.failing > _IDS_SHOWN else ""),
        "waived": one.waived,
    }
    lines = "".join(
        f"<tr><th>{title}</th><td>{escape(text)}</td></tr>" for title, text in told.items() if text
    )
    word = _mark("failed" if one.stops else "waived")
    return (
        f"<h3>{escape(name)}: {escape(one.expectation)} {word}</h3>\n"
        f'<div class="scroll"><table>{lines}</table></div>\n'
    )
