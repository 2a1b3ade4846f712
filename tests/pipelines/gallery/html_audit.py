"""What a page is made of, as a parser sees it: elements, attributes, texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

_NAMES: Final = (
    "html head meta title style link script body a header nav main section article footer div p "
    "span h1 h2 h3 h4 ul li dl dt dd table caption thead tbody tfoot tr th td details summary "
    "figure figcaption img video audio mark strong b code kbd form label input select option "
    "button progress noscript svg g path defs use rect clippath text tspan circle line"
)
#: Elements that a page of the gallery may have.
ALLOWED: Final = frozenset(_NAMES.split())
_VOID: Final = frozenset(["meta", "link", "img", "input", "br", "hr"])


@dataclass
class Audit(HTMLParser):
    """Collects what is on a page."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        where = self._open[-1] if self._open else ""
        {"script": self.scripts, "style": self.styles}.get(where, self.texts).append(data)

    @property
    def text(self) -> str:
        """All text of the page."""
        return "".join(self.texts)


def audit(html: str) -> Audit:
    """Parse a page and check that it is well-formed and has nothing that could run.

    Scripts and styles of the page itself are left to the caller: they are in the result.
    """
    found = Audit()
    found.feed(html)
    found.close()
    assert found._open == []
    for tag, attributes in found.tags:
        assert tag in ALLOWED, tag
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name != "style", tag
            assert name != "srcdoc", tag
            if name in ("href", "src", "action", "poster", "xlink:href"):
                inside = value.startswith(("/", "#", "data:image/jpeg;base64,"))
                played = value.startswith(("data:audio/", "data:video/")) and ";base64," in value
                assert inside or played, (tag, name, value[:60])
                assert not value.startswith("//"), value
    return found


def ids_are_unique(found: Audit) -> bool:
    """Whether no id is given twice."""
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    return len(ids) == len(set(ids))
