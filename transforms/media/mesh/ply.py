"""PLY, text and binary of either order: the elements of the file as columns of numbers."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from transforms.media.mesh.errors import damaged, refuse, within
from transforms.media.mesh.polygons import all_numbers
from transforms.media.mesh.scene import Array
from transforms.media.settings import MeshPolicy

_TYPES: Final = {
    "char": "i1",
    "uchar": "u1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "uint": "u4",
    "float": "f4",
    "double": "f8",
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "int64": "i8",
    "uint64": "u8",
    "float16": "f2",
    "float32": "f4",
    "float64": "f8",
}
_CODES: Final = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I"}
_MAX_HEADER: Final = 1 << 20
_MAX_PROPERTIES: Final = 1_000


@dataclass(frozen=True)
class Property:
    """A number, or a list of numbers with its length before it (`count` is the length's type)."""

    name: str
    kind: str
    count: str | None = None


@dataclass
class Element:
    """Rows of one kind. Of a list, `lists` holds all its numbers in a row and each length."""

    name: str
    rows: int
    properties: list[Property] = field(default_factory=list)
    columns: dict[str, Array] = field(default_factory=dict)
    lists: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    def have(self, *names: str) -> Array | None:
        """Columns side by side, float64; None if one is missing."""
        if not all(name in self.columns for name in names):
            return None
        return np.stack([self.columns[name].astype(np.float64) for name in names], axis=1)


@dataclass(frozen=True)
class Table:
    """A whole file: its elements by name, and the picture that a comment names."""

    elements: dict[str, Element]
    picture: str | None


def read_table(data: bytes, policy: MeshPolicy) -> Table:
    """Parse a PLY.

    Raises:
        MediaError: `mesh_too_large` from the header alone, `mesh_undecodable` for files that
            are shorter than their header says.
    """
    header, start = _header(data)
    order, elements, picture = _declared(header)
    for element in elements:
        limit = policy.max_faces if element.name == "face" else policy.max_vertices
        within(element.rows, limit, f"rows of {element.name[:40]}")
        if element.rows and not element.properties:
            damaged(f"{element.name[:40]} has no properties")
        if element.rows > len(data) - start:
            damaged(f"cut short: {element.rows:,} rows in {len(data) - start:,} bytes")
    if order == "":
        _read_text(data[start:], elements)
    else:
        _read_binary(data, start, order, elements)
    return Table({element.name: element for element in elements}, picture)


def declared_rows(data: bytes) -> dict[str, int]:
    """Rows of each element as the header says."""
    return {element.name: element.rows for element in _declared(_header(data)[0])[1]}


def _header(data: bytes) -> tuple[list[str], int]:
    head = data[:_MAX_HEADER]
    found = head.find(b"end_header")
    if found < 0:
        damaged("the header has no end")
    end = found + len(b"end_header")
    while end < len(data) and data[end : end + 1] in (b" ", b"\t"):
        end += 1
    if data[end : end + 2] == b"\r\n":
        end += 2
    elif data[end : end + 1] in (b"\n", b"\r"):
        end += 1
    return head[:found].decode("utf-8", "replace").splitlines(), end


def _declared(header: list[str]) -> tuple[str, list[Element], str | None]:
    """Byte order (empty for text), elements, and the picture named by a TextureFile comment."""
    order: str | None = None
    elements: list[Element] = []
    picture = None
    for line in header[1:]:
        words = line.split()
        if not words or words[0] == "obj_info":
            continue
        if words[0] == "comment":
            if len(words) > 2 and words[1].lower() == "texturefile" and picture is None:
                picture = line.split(None, 2)[2].strip()
        elif words[0] == "format" and len(words) >= 2:
            orders = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
            order = orders.get(words[1])
        elif words[0] == "element" and len(words) == 3 and words[2].isdecimal():
            elements.append(Element(words[1], int(words[2][:18])))
        elif words[0] == "property" and elements:
            elements[-1].properties.append(_property(words))
        else:
            damaged(f"the header says {line[:80]!r}")
    if order is None:
        damaged("the header names no format")
    names = [element.name for element in elements]
    if len(set(names)) != len(names):
        damaged("two elements of one name")
    if max([len(element.properties) for element in elements], default=0) > _MAX_PROPERTIES:
        damaged("too many properties")
    return order, elements, picture


def _property(words: list[str]) -> Property:
    if len(words) == 5 and words[1] == "list" and words[2] in _TYPES and words[3] in _TYPES:
        if _TYPES[words[2]] not in _CODES:
            damaged(f"lengths of a list are of type {words[2]}")
        return Property(words[4], _TYPES[words[3]], _TYPES[words[2]])
    if len(words) != 3 or words[1] not in _TYPES:
        damaged(f"the header says {' '.join(words)[:80]!r}")
    return Property(words[2], _TYPES[words[1]])


def _read_text(data: bytes, elements: list[Element]) -> None:
    """A row is a line. What a line has beyond its properties is ignored, as other readers do."""
    lines = [line for line in data.decode("utf-8", "replace").splitlines() if line.strip()]
    place = 0
    for element in elements:
        mine = lines[place : place + element.rows]
        place += element.rows
        if len(mine) < element.rows:
            damaged(f"cut short: {len(mine):,} of {element.rows:,} rows of {element.name[:40]}")
        lengths = np.array([len(line.split()) for line in mine], np.int64)
        values = all_numbers(" ".join(mine), f"values of {element.name[:40]}")
        if len(values) != int(lengths.sum()):
            damaged(f"values of {element.name[:40]} are no numbers")
        _text_rows(values, lengths, element)


def _text_rows(values: Array, widths: Array, element: Element) -> None:
    """Take the properties from left to right, of all rows at once."""
    ends = np.cumsum(widths)
    place = ends - widths
    for prop in element.properties:
        if (place >= ends).any():
            damaged(f"cut short: a row of {element.name[:40]} lacks {prop.name[:40]}")
        if prop.count is None:
            _store(element, prop, values[place], widths)
            place = place + 1
            continue
        stated = values[place]
        lengths = np.where(np.abs(stated) < 2**40, stated, -1).astype(np.int64)
        if (lengths != stated).any() or (lengths < 0).any() or (place + 1 + lengths > ends).any():
            damaged(f"cut short: a list {prop.name[:40]} is longer than its row")
        inside = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        _store(element, prop, values[np.repeat(place + 1, lengths) + inside], lengths)
        place = place + 1 + lengths


def _store(element: Element, prop: Property, values: Array, lengths: Array) -> None:
    if prop.count:
        element.lists[prop.name] = (values, lengths)
    else:
        element.columns[prop.name] = values


def _read_binary(data: bytes, place: int, order: str, elements: list[Element]) -> None:
    for element in elements:
        lists = [prop for prop in element.properties if prop.count]
        sizes = _list_sizes(data, place, order, element) if lists and element.rows else {}
        fields: list[Any] = []
        for number, prop in enumerate(element.properties):
            if prop.count:
                fields.append((f"count{number}", order + prop.count))
                fields.append((f"value{number}", order + prop.kind, (sizes.get(number, 0),)))
            else:
                fields.append((f"value{number}", order + prop.kind))
        layout = np.dtype(fields)
        fits = place + element.rows * layout.itemsize <= len(data)
        if fits and element.rows:
            rows = np.frombuffer(data, layout, element.rows, place)
            alike = all((rows[f"count{n}"] == size).all() for n, size in sizes.items())
        elif not element.rows:
            rows, alike = np.zeros(0, layout), True
        else:
            rows, alike = np.zeros(0, layout), False
        if not alike:
            if not lists:
                damaged(f"cut short: values of {element.name[:40]} are missing")
            place = _binary_rows(data, place, order, element)
            continue
        place += element.rows * layout.itemsize
        for number, prop in enumerate(element.properties):
            lengths = np.full(element.rows, sizes.get(number, 0))
            values = rows[f"value{number}"]
            _store(element, prop, values.reshape(-1) if prop.count else values, lengths)
    if place > len(data):
        damaged("cut short")


def _list_sizes(data: bytes, place: int, order: str, element: Element) -> dict[int, int]:
    """The length of each list in the first row."""
    sizes: dict[int, int] = {}
    for number, prop in enumerate(element.properties):
        length = 1
        if prop.count:
            length, place = _binary_length(data, place, order, prop)
            sizes[number] = length
        place += length * np.dtype(prop.kind).itemsize
    return sizes


def _binary_length(data: bytes, place: int, order: str, prop: Property) -> tuple[int, int]:
    assert prop.count is not None
    size = np.dtype(prop.count).itemsize
    if place + size > len(data):
        damaged("cut short: a list is missing")
    (length,) = struct.unpack_from(order + _CODES[prop.count], data, place)
    if not 0 <= length <= len(data):
        damaged(f"a list of length {length}")
    return int(length), place + size


def _binary_rows(data: bytes, place: int, order: str, element: Element) -> int:
    """Rows whose lists differ in length, one by one. Returns where they end."""
    lengths: list[list[int]] = [[] for _ in element.properties]
    starts: list[list[int]] = [[] for _ in element.properties]
    widths = [np.dtype(prop.kind).itemsize for prop in element.properties]
    for _ in range(element.rows):
        for number, prop in enumerate(element.properties):
            length = 1
            if prop.count:
                length, place = _binary_length(data, place, order, prop)
            starts[number].append(place)
            lengths[number].append(length)
            place += length * widths[number]
        if place > len(data):
            damaged(f"cut short: values of {element.name[:40]} are missing")
    raw = np.frombuffer(data, np.uint8)
    for number, prop in enumerate(element.properties):
        size = np.array(lengths[number], np.int64) * widths[number]
        inside = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
        values = raw[np.repeat(starts[number], size) + inside].view(order + prop.kind)
        _store(element, prop, values, np.array(lengths[number], np.int64))
    return place


def refuse_splats(element: Element) -> None:
    """Gaussian splats are saved as PLY points, and look like nothing when shown as such."""
    if "f_dc_0" in element.columns and "opacity" in element.columns:
        refuse("format", "a cloud of Gaussian splats is no mesh, and isn't read")
