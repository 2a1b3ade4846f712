"""The coder that carries Arrow tables between stages.

Without it Beam pickles a table, and a pickled slice carries its whole parent.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from apache_beam import coders


class ArrowTableCoder(coders.Coder):
    """A `pa.Table` as an LZ4-compressed Arrow IPC stream."""

    def encode(self, value: pa.Table) -> bytes:
        """Serialise; a slice writes its own rows only."""
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(sink, value.schema, options=options) as writer:
            writer.write_table(value)
        return bytes(sink.getvalue().to_pybytes())

    def decode(self, encoded: bytes) -> pa.Table:
        """Read back the table."""
        return pa.ipc.open_stream(pa.py_buffer(encoded)).read_all()

    def estimate_size(self, value: pa.Table) -> int:
        """Bytes in memory. Beam asks for samples; its own answer is to encode them."""
        return int(value.nbytes)

    def is_deterministic(self) -> bool:
        """Never a key coder: equal tables may be chunked differently."""
        return False

    def to_type_hint(self) -> Any:
        """The type that this coder serves."""
        return pa.Table


def register() -> None:
    """Make Beam use the coder for every collection that is typed `pa.Table`."""
    coders.registry.register_coder(pa.Table, ArrowTableCoder)


register()
