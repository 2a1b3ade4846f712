"""Plots of matplotlib as SVG inside a page: no style, no script, colours by the page's classes."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from markupsafe import Markup
    from matplotlib.figure import Figure

_SVG: Final = "http://www.w3.org/2000/svg"
_LINK: Final = "http://www.w3.org/1999/xlink"

#: Colours that plots are drawn in, and the classes that colour them on a page, light or dark.
COLOURS: Final = {
    "accent": "#0b625b",
    "sand": "#a9743a",
    "violet": "#5b3d99",
    "blue": "#2f5fa8",
    "soft": "#e3e0d8",
    "ink": "#1f2023",
}
_CLASSES: Final = {
    **{("fill", colour): f"pl-{name}" for name, colour in COLOURS.items() if name != "ink"},
    ("fill", COLOURS["ink"]): "pl-ink-fill",
    **{("stroke", colour): f"pl-{name}-line" for name, colour in COLOURS.items()},
}
#: Properties of SVG that may stand as attributes: a page's policy forbids style attributes.
_ATTRIBUTES: Final = {
    "fill", "fill-opacity", "opacity", "stroke", "stroke-width", "stroke-opacity",
    "stroke-linecap", "stroke-linejoin", "stroke-dasharray", "stroke-dashoffset", "text-anchor",
    "font-size",
}  # fmt: skip
_FONT: Final = re.compile(r"([\d.]+)px")


def as_svg(figure: Figure, name: str, title: str) -> Markup:
    """A figure as an ``<svg role="img">`` with its title; `name` makes its ids its own."""
    import matplotlib
    from markupsafe import Markup

    sink = io.StringIO()
    settings: Any = {"svg.fonttype": "none", "svg.hashsalt": name, "text.parse_math": False}
    with matplotlib.rc_context(settings):
        figure.savefig(sink, format="svg", transparent=True, metadata={"Date": None})
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _LINK)
    root = ET.fromstring(sink.getvalue())  # noqa: S314 - matplotlib wrote it just now
    _clean(root, name)
    for size in ("width", "height"):
        root.attrib.pop(size, None)
    root.set("role", "img")
    root.set("aria-label", title)
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704 - escaped by the serialiser


def _clean(element: ET.Element, name: str) -> None:
    for child in list(element):
        if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style", f"{{{_SVG}}}script"):
            element.remove(child)
            continue
        _clean(child, name)
    _dress(element)
    for key, value in element.attrib.items():
        if key == "id":
            element.set(key, f"{name}-{value}")
        elif key == f"{{{_LINK}}}href" and value.startswith("#"):
            element.set(key, f"#{name}-{value[1:]}")
        elif "url(#" in value:
            element.set(key, value.replace("url(#", f"url(#{name}-"))


def _dress(element: ET.Element) -> None:
    """Style as attributes; the plots' own colours as classes."""
    style = element.attrib.pop("style", "")
    parts = [one.partition(":") for one in style.split(";") if ":" in one]
    told = {name.strip(): value.strip() for name, _, value in parts}
    if "font" in told and (size := _FONT.search(told["font"])):
        told["font-size"] = size.group(1)
    classes = []
    for key, value in told.items():
        if (key, value) in _CLASSES:
            classes.append(_CLASSES[key, value])
        elif key in _ATTRIBUTES and element.tag != f"{{{_SVG}}}text":
            element.set(key, value)
        elif key in ("text-anchor", "font-size"):
            element.set(key, value.removesuffix("px"))
    if classes:
        element.set("class", " ".join(classes))
