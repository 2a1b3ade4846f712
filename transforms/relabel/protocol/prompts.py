"""Prompts: text files with a version, filled in by name. A version that was used never changes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from transforms.beamkit.errors import BuildError
from transforms.relabel.llm.question import Message, Part, Text

#: Stands in a prompt where the material goes.
_MATERIAL: Final = "{{ material }}"


def prompt(step: str, version: str, material: Sequence[Part], **values: Any) -> Message:
    """The message of a step (``propose``, ``judge``) with the material in its place.

    The material is put in as parts, after everything else was filled in: nothing in it is ever
    read as a template.
    """
    before, after = _template(step, version)
    return Message(
        "user",
        (Text(before.render(**values)), *material, Text(after.render(**values))),
    )


@functools.cache
def _template(step: str, version: str) -> tuple[Any, Any]:
    """What stands before and after the material.

    Raises:
        BuildError: there is no prompt of that version.
    """
    import jinja2

    folder = files("transforms.relabel") / "prompts"
    name = f"{step}-{version}.txt"
    if "/" in version or not (folder / name).is_file():
        there = sorted(
            entry.name.removeprefix(f"{step}-").removesuffix(".txt")
            for entry in folder.iterdir()
            if entry.name.startswith(f"{step}-")
        )
        raise BuildError(
            f"relabel.{step}.prompt_version: there is no version {version!r}; there is "
            f"{', '.join(there)}"
        )
    # Plain text for a model: what is filled in must reach it as it is.
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701
        keep_trailing_newline=True,
    )
    before, _, after = (folder / name).read_text("utf-8").partition(_MATERIAL)
    return environment.from_string(before), environment.from_string(after)
