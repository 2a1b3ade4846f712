"""What a person sees of benchmarks: what was taken, what a fingerprint holds, what is listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipelines.benchmarks.add import Added, PartReport
from pipelines.benchmarks.layouts import KNOWN, Roles
from pipelines.display import table_of


def added_view(added: Added) -> Group:
    """What was read of a benchmark, what was left, and where the fingerprint is."""
    table = table_of("Taken", "part", "records", "items", "columns", right=("records", "items"))
    for part in added.parts:
        table.add_row(
            escape(part.title), f"{part.records:,}", f"{part.items:,}", escape(_roles(part.roles))
        )
    lines: list[Any] = [table]
    if any(part.is_guess for part in added.parts):
        lines.append(
            Text("Columns were guessed; --prompt, --response and --media name them.", style="dim")
        )
    lines += [Text(line, style="dim") for line in _left_out(added.parts)]
    if added.note:
        lines.append(Text(f"Note: {added.note}.", style="dim"))
    for reason, number in sorted(added.skipped.items()):
        lines.append(Text(f"skipped: {number:,} {reason}"))
    lines.append(Text(f"{added.metadata['items']:,} items: {_counted(added.metadata)}"))
    lines.append(Text(f"wrote {added.path}\nsha256 {added.digest}", no_wrap=True))
    return Group(*lines)


def _left_out(parts: Sequence[PartReport]) -> list[str]:
    names = dict.fromkeys(name for part in parts for name in part.left_out)
    return [f"Columns of text left out: {', '.join(names)}."] if names else []


def _roles(roles: Roles) -> str:
    said = []
    for title, names in (
        ("prompt", roles.prompt),
        ("responses", roles.responses),
        ("prompt media", [" or ".join(names) for names in roles.prompt_media]),
        ("response media", [" or ".join(names) for names in roles.response_media]),
    ):
        if names:
            said.append(f"{title}: {', '.join(names)}")
    return "; ".join(said) or "none"


def _counted(metadata: Mapping[str, Any]) -> str:
    said = [f"{number:,} of {name}" for name, number in metadata["fields"].items()]
    said += [f"{number:,} {name} media" for name, number in metadata["modalities"].items()]
    return ", ".join(said)


def fingerprint_view(metadata: Mapping[str, Any], path: str, digest: str) -> Table:
    """What a fingerprint was made from, how, and what it holds."""
    table = Table.grid(padding=(0, 2))
    rows = {
        "benchmark": metadata["name"],
        "file": path,
        "sha256": digest,
        "repository": metadata["repo"] or "local files",
        "revision": metadata["revision"] or "-",
        "licence": metadata["licence"],
        "made from": metadata["made_from"],
        "items": f"{metadata['items']:,}",
        "holds": _counted(metadata),
        "versions": ", ".join(
            f"{name} {metadata.get(name)}"
            for name in ("format", "shingles", "minhash", "perceptual")
        ),
        "parameters": ", ".join(f"{key} {value}" for key, value in metadata["print"].items()),
    }
    for name, value in rows.items():
        table.add_row(Text(name, style="bold"), Text(str(value), overflow="fold"))
    return table


def list_view(
    wanted: Sequence[str], waived: Mapping[str, str], found: Mapping[str, Mapping[str, Any]]
) -> Table:
    """The benchmarks of a recipe, those with a fingerprint, and those that are known."""
    table = table_of("Benchmarks", "name", "state", "items", "where it is", right=("items",))
    for name in dict.fromkeys([*wanted, *found, *KNOWN]):
        if name in found:
            state = "fingerprint" if name in wanted else "fingerprint, not in the recipe"
        elif name in waived:
            state = f"waived: {waived[name]}"
        else:
            state = "missing" if name in wanted else "known"
        items = f"{found[name]['items']:,}" if name in found else ""
        repo = found.get(name, {}).get("repo") or (KNOWN[name].repo if name in KNOWN else "")
        table.add_row(
            escape(name),
            escape(state),
            items,
            escape(
                repo or ("a local copy" if name in found else "no repository; add it by --path")
            ),
        )
    return table
