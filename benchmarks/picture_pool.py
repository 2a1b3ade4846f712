"""The plain pool that the picture benchmark is held against: two processes, Pillow, Parquet.

Each picture is decoded, scaled to 448 pixels, encoded, hashed and written.
"""

from __future__ import annotations

import hashlib
import io
import sys
from multiprocessing import Pool
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

_SIDE = 448


def one(path: Path) -> dict[str, object]:
    """One picture's row."""
    data = path.read_bytes()
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    picture.thumbnail((_SIDE, _SIDE))
    sink = io.BytesIO()
    picture.save(sink, "JPEG", quality=90)
    grey = list(picture.convert("L").resize((9, 8)).tobytes())
    bits = sum(
        (grey[row * 9 + column] < grey[row * 9 + column + 1]) << (row * 8 + column)
        for row in range(8)
        for column in range(8)
    )
    small = sink.getvalue()
    return {
        "path": f"{path.parent.name}/{path.name}",
        "sha256": hashlib.sha256(small).hexdigest(),
        "dhash": f"{bits:016x}",
        "width": picture.width,
        "height": picture.height,
        "jpeg": small,
    }


def main() -> None:
    """From a folder of folders of pictures to one Parquet file."""
    source, output = Path(sys.argv[1]), Path(sys.argv[2])
    output.mkdir(parents=True)
    with Pool(2) as pool:
        rows = pool.map(one, sorted(source.glob("*/*.*")), 32)
    pq.write_table(pa.Table.from_pylist(rows), output / "pictures.parquet")


if __name__ == "__main__":
    main()
