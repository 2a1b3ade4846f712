"""Rows in flight, made by hand, and the test Hub: what several tests of the stages start from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from schemas.flight import DRAFT_SCHEMA, PREPARED_SCHEMA
from tests.hub_server.fixtures import hub
from tests.hub_server.in_use import hub_in_use

__all__ = ["hub", "hub_in_use"]

MakeTable = Callable[[list[dict[str, Any]]], pa.Table]
_EMPTY = {"prompt_media": [], "first_media": [], "second_media": [], "a_media": [], "b_media": []}


def _table(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.Table:
    base = {name: _EMPTY.get(name) for name in schema.names}
    return pa.Table.from_pylist([{**base, **row} for row in rows], schema=schema)


@pytest.fixture(scope="session")
def draft_rows() -> MakeTable:
    """A table of `DRAFT_SCHEMA`; fields that are not given are null, media empty."""
    return lambda rows: _table(DRAFT_SCHEMA, rows)


@pytest.fixture(scope="session")
def prepared_rows() -> MakeTable:
    """A table of `PREPARED_SCHEMA`; fields that are not given are null, media empty."""
    return lambda rows: _table(PREPARED_SCHEMA, rows)
