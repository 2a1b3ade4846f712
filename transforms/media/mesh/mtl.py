"""Material files of OBJ: colours, transparency and the picture of the surface."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import Final

from transforms.media.mesh.bundle import Files, inside
from transforms.media.mesh.polygons import linear
from transforms.media.mesh.scene import Material, TextureUse

_BETWEEN: Final = re.compile(r"(?<=\.mtl)\s+(?=\S)", re.IGNORECASE)

#: Options of texture statements and how many words follow each at most; these must be numbers.
_OPTIONS: Final = {"-s": 3, "-o": 3, "-t": 3, "-mm": 2, "-bm": 1, "-boost": 1, "-texres": 1}
_SWITCHES: Final = ("-blendu", "-blendv", "-cc", "-clamp", "-imfchan", "-type")
_MAX_MATERIALS: Final = 20_000


@dataclass
class Materials:
    """What material files say, in order of appearance; `missing` are the files not handed over."""

    materials: list[Material] = field(default_factory=list)
    pictures: list[bytes | None] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    _known: dict[str, int] = field(default_factory=dict)

    def picture(self, reference: str, files: Files) -> int:
        """The number of a picture, read once."""
        if reference not in self._known:
            data = files.find(reference)
            if data is None:
                self.missing.append(reference)
            self._known[reference] = len(self.pictures)
            self.pictures.append(data)
        return self._known[reference]

    def add(self, material: Material) -> None:
        """Keep a material; of two with one name the first counts."""
        if material.name not in self.names:
            self.names[material.name] = len(self.materials)
            self.materials.append(material)


def read_materials(references: list[str], files: Files) -> Materials:
    """The materials of the files that an OBJ names, one ``mtllib`` statement each.

    Raises:
        MediaError: `mesh_external_reference` for names outside the bundle.
    """
    found = Materials()
    for reference in (name for line in references for name in _libraries(line, files)):
        data = files.find(reference)
        if data is None:
            found.missing.append(reference)
            continue
        folder = posixpath.dirname(inside(reference, files.folder))
        near = Files(files.content, folder)
        statements: dict[str, list[str]] = {}
        for line in data.decode("utf-8", "replace").splitlines():
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            key = words[0].lower()
            if key == "newmtl":
                _close(statements, found, near)
                statements = {}
            if len(found.materials) >= _MAX_MATERIALS:
                break
            statements.setdefault(key, words[1:])
        _close(statements, found, near)
    return found


def library_names(line: str) -> list[str]:
    """The files of an ``mtllib`` statement that is a list.

    Names may have blanks, so it is divided behind ``.mtl`` only. The whole may be one name as well.
    """
    return _BETWEEN.split(line.strip())


def _libraries(line: str, files: Files) -> list[str]:
    """The files that an ``mtllib`` statement means: one of the whole name, or those of a list."""
    names = library_names(line)
    return names if len(names) > 1 and files.find(line) is None else [line]


def _close(statements: dict[str, list[str]], found: Materials, files: Files) -> None:
    if "newmtl" not in statements:
        return
    kd, ke = _colour(statements.get("kd"), 0.8), _colour(statements.get("ke"), 0.0)
    opaque = _number(statements.get("d"), None)
    if opaque is None:
        opaque = 1 - (_number(statements.get("tr"), 0.0) or 0.0)
    opaque = opaque if 0 < opaque <= 1 else 1.0  # exporters write 0 for "not set"
    surface, mask = (picture_name(statements.get(key)) for key in ("map_kd", "map_d"))
    texture = None
    if surface is not None:
        texture = TextureUse(found.picture(surface, files))
        if "kd" not in statements:
            kd = (1.0, 1.0, 1.0)
    shine = _number(statements.get("ns"), None)
    found.add(
        Material(
            name=" ".join(statements["newmtl"]),
            colour=(*kd, opaque),
            texture=texture,
            emission=ke,
            alpha="blend" if opaque < 1 or (mask is not None and mask == surface) else "opaque",
            roughness=0.9 if shine is None or shine < 0 else round((2 / (shine + 2)) ** 0.25, 4),
        )
    )


def _colour(words: list[str] | None, default: float) -> tuple[float, float, float]:
    """A linear colour of ``Kd r g b``; one number stands for all three."""
    values = [_number([word], None) for word in (words or [])[:3]]
    known = [value for value in values if value is not None]
    if len(known) == 1:
        known *= 3
    if len(known) != 3:
        known = [default] * 3
    import numpy as np

    red, green, blue = (round(float(x), 6) for x in linear(np.array([known]))[0, :3])
    return red, green, blue


def _number(words: list[str] | None, default: float | None) -> float | None:
    try:
        value = float((words or [""])[0])
    except ValueError:
        return default
    return value if abs(value) < 1e9 else default


def picture_name(words: list[str] | None) -> str | None:
    """The file of a texture statement: what follows the options; names may have blanks."""
    rest = list(words or [])
    while rest and rest[0].lower() in (*_OPTIONS, *_SWITCHES):
        option = rest.pop(0).lower()
        if option in _SWITCHES:
            rest = rest[1:]
            continue
        for _ in range(_OPTIONS[option]):
            if len(rest) > 1 and _number(rest[:1], None) is not None:
                rest.pop(0)
    return " ".join(rest) or None
