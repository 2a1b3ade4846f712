"""The native columns that an adapter expects, checked before anything is read from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from transforms.beamkit.errors import BuildError

Family = Literal["text", "number", "list", "struct", "words", "any"]

#: Families that stand for several: `words` hold text as it is, as turns or as parts.
_WIDE: dict[Family, tuple[str, ...]] = {"words": ("text", "list", "struct")}


@dataclass(frozen=True)
class Column:
    """One column: the names it goes by in different releases, and its family of types."""

    names: tuple[str, ...]
    family: Family
    required: bool = True

    @staticmethod
    def of(name: str, family: Family, *, required: bool = True) -> Column:
        """A column that goes by one name."""
        return Column((name,), family, required)

    @property
    def title(self) -> str:
        """Its names, for a person."""
        return " or ".join(repr(name) for name in self.names)


def family_of(data_type: pa.DataType) -> str:
    """The family of an Arrow type, in the words of `Column`."""
    if pa.types.is_dictionary(data_type):  # values that recur, each stored once
        return family_of(data_type.value_type)
    if _is_one_of(data_type, "string", "large_string", "string_view"):
        return "text"
    if pa.types.is_integer(data_type) or pa.types.is_floating(data_type):
        return "number"
    if _is_one_of(data_type, "list", "large_list", "fixed_size_list"):
        return "list"
    if pa.types.is_struct(data_type):
        return "struct"
    return str(data_type)


def _is_one_of(data_type: pa.DataType, *kinds: str) -> bool:
    return any(getattr(pa.types, f"is_{kind}")(data_type) for kind in kinds)


def check_schema(schema: pa.Schema, columns: Sequence[Column], file: str) -> None:
    """Hold a Parquet schema against the expected columns.

    Raises:
        BuildError: names the missing or retyped column and what the file has instead.
    """
    for column in columns:
        present = [name for name in column.names if name in schema.names]
        if not present:
            if column.required:
                raise BuildError(
                    f"{file}: column {column.title} is missing; the file has "
                    f"{', '.join(schema.names)}. Is it another release of this corpus?"
                )
            continue
        found = family_of(schema.field(present[0]).type)
        if column.family != "any" and found not in _WIDE.get(column.family, (column.family,)):
            expected = " or ".join(_WIDE.get(column.family, (column.family,)))
            raise BuildError(
                f"{file}: column {present[0]!r} is {schema.field(present[0]).type}, "
                f"expected {expected}. Is it another release of this corpus?"
            )


def check_keys(record: Mapping[str, Any], columns: Sequence[Column], file: str) -> None:
    """Hold the keys of a JSON file's first record against the expected columns.

    Raises:
        BuildError: names the missing key and those that are there.
    """
    for column in columns:
        if column.required and not any(name in record for name in column.names):
            raise BuildError(
                f"{file}: key {column.title} is missing from its first record, which has "
                f"{', '.join(map(repr, record))}. Is it another release of this corpus?"
            )
