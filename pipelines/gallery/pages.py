"""Templates, stylesheet and scripts that ship with the package, and the policy of each page.

Everything in a template is escaped, no page may fetch anything, and of scripts and styles only
those run whose digest the page's content-security policy names.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.gallery.untrusted import plain, spans_of
from pipelines.sizes import size_of

if TYPE_CHECKING:
    import jinja2

_FOLDER: Final = Path(__file__).resolve().parent / "templates"


@functools.cache
def environment() -> jinja2.Environment:
    """The templates: all escaped, a missing value is an error."""
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        spans=lambda value: tuple(spans_of(str(value))),
        plain=plain,
        number=lambda value: f"{value:,}",
        share=lambda value: f"{value:.1%}",
        size=size_of,
    )
    return made


def _visible(value: Any) -> Any:
    """What a template writes, hidden characters spelt out; markup of templates passes."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return "".join(span.text for span in spans_of(value))
    return value


@functools.cache
def shipped_text(name: str) -> str:
    """A shipped stylesheet or script."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def page(template: str, **values: Any) -> str:
    """A page made of a template."""
    return environment().get_template(template).render(**values)


def fixed(text: str) -> str:
    """How a policy names an inline style or script: by the digest of its text."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def page_policy(styles: Sequence[str], scripts: Sequence[str] = ()) -> str:
    """The policy of a file that stands alone: media inside it, nothing from anywhere."""
    allowed = {
        "default-src": "'none'",
        "img-src": "data:",
        "media-src": "data:",
        "style-src": " ".join(map(fixed, styles)) or "'none'",
        "script-src": " ".join(map(fixed, scripts)) or "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in allowed.items())
