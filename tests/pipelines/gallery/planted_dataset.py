"""A dataset of a few rows whose every text column holds what attackers write."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.contamination import CONTAMINATION_SCHEMA
from schemas.dead_letter import DEAD_LETTER_SCHEMA
from schemas.label import LABEL_SCHEMA
from schemas.pair import PAIR_SCHEMA
from schemas.removed import DUPLICATE_SCHEMA

#: One string that would run in any context it gets into: text, attribute, script, style, address.
XSS: Final = (
    "</style></script><script>window.hit=1</script><img src=x onerror=window.hit=1>"
    "\"'><svg onload=window.hit=1><a href=javascript:window.hit=1>x</a>{{7*7}}{% raw %}"
    "\u202eevil\u2066\x00\x1b[31m\u200b"
)
SVG: Final = b'<svg xmlns="http://www.w3.org/2000/svg"><script>window.hit=1</script></svg>'
HTML: Final = b"<!doctype html><script>window.hit=1</script>"


def png(colour: tuple[int, int, int] = (200, 30, 30), size: tuple[int, int] = (40, 30)) -> bytes:
    """A small picture."""
    from PIL import Image

    sink = io.BytesIO()
    Image.new("RGB", size, colour).save(sink, "PNG")
    return sink.getvalue()


def wav(seconds: float = 0.3, rate: int = 8000) -> bytes:
    """A short tone."""
    import numpy as np
    import soundfile

    sink = io.BytesIO()
    tone = 0.3 * np.sin(np.arange(int(seconds * rate)) * 440 * 2 * np.pi / rate)
    soundfile.write(sink, tone, rate, format="WAV")
    return sink.getvalue()


def medium(data: bytes, name: str) -> dict[str, Any]:
    """A value of a media column."""
    return {"bytes": data, "path": name}


def hex_id(number: int) -> str:
    """An id of 32 digits."""
    return f"{number:032x}"


def row(number: int, **more: Any) -> dict[str, Any]:
    """A text row; `more` overrides columns."""
    told: dict[str, Any] = {
        "row_id": hex_id(number),
        "pair_id": hex_id(1000 + number),
        "task": "t2t",
        "subset": "Plain",
        "kind": "general",
        "prompt": [{"role": "user", "content": f"question {number}"}],
        "response_a_text": f"first answer {number}",
        "response_b_text": f"second answer {number}",
        "preference": "ab"[number % 2],
        "source_preference": "a",
        "annotator": "human",
        "source": {"corpus": "corpus", "licence": "mit", "key": f"k{number}"},
        "nc": False,
    }
    return {**told, **more}


def hostile_row(number: int) -> dict[str, Any]:
    """A row with `XSS` in every text column but ids."""
    told = row(number)
    for field in PAIR_SCHEMA:
        if field.type == pa.string() and not field.name.endswith("_id"):
            told[field.name] = XSS
    info = {"digest": XSS, "format": XSS, "phash": XSS, "changes": XSS, "bytes": 10}
    told |= {
        "subset": "Hostile",
        "task": "ti2t",
        "kind": "instruction",
        "preference": "a",
        "prompt": [{"role": XSS, "content": XSS}, {"role": "user", "content": XSS}],
        "prompt_images": [medium(png(), XSS), medium(SVG, "a.png"), medium(HTML, "b.jpeg")],
        "response_a_audio": medium(wav(), XSS),
        "response_b_audio": medium(HTML, "sound.wav"),
        "response_a_info": [info],
        "response_b_info": [info],
        "source": dict.fromkeys(("corpus", "revision", "key", "licence", "url"), XSS),
        "flipped": True,
        "agreement": 0.8,
        "n_votes": 5,
        "margin": 0.5,
    }
    return told


def hostile_label(number: int) -> dict[str, Any]:
    """A vote about `hostile_row`, all of it `XSS`."""
    return {
        "pair_id": hex_id(1000 + number),
        "criterion": XSS,
        "step": XSS,
        "order": "ab",
        "verdict": XSS,
        "rationale": XSS,
        "producer": dict.fromkeys(("origin", "model", "prompt_version", "parameters"), XSS),
        "input_tokens": 10,
        "output_tokens": 5,
        "cost_usd": 0.25,
    }


def write_dataset(
    output: Path,
    rows: Mapping[str, list[dict[str, Any]]],
    *,
    group_rows: int = 1000,
    name: str = "planted",
    counts: Mapping[str, Mapping[str, int]] | None = None,
) -> Path:
    """A dataset folder with one shard a subset and the run record that names them."""
    subsets = {}
    for subset, told in rows.items():
        folder = output / "data" / subset
        folder.mkdir(parents=True)
        table = pa.Table.from_pylist(told, schema=PAIR_SCHEMA)
        pq.write_table(table, folder / "train-00000-of-00001.parquet", row_group_size=group_rows)
        subsets[subset] = {
            "task": told[0]["task"] if told else "t2t",
            "kind": told[0]["kind"] if told else "general",
            "corpus": "corpus",
            "target": None,
            "rows": len(told),
            "counts": counts or {"sources": {"in": len(told), "out": len(told)}},
            "unbalanced": [],
            "shards": {"train-00000-of-00001.parquet": {"rows": len(told)}},
        }
    record = {"name": name, "code": name, "recipe_sha256": "00", "subsets": subsets}
    (output / "run_record.json").write_text(json.dumps(record | {"left_out": {name: name}}))
    return output


def write_table(output: Path, folder: str, name: str, rows: list[dict[str, Any]]) -> None:
    """A side table of a dataset."""
    schemas = {
        "labels": LABEL_SCHEMA,
        "dead_letters": DEAD_LETTER_SCHEMA,
        "contamination": CONTAMINATION_SCHEMA,
        "duplicates": DUPLICATE_SCHEMA,
    }
    (output / folder).mkdir(exist_ok=True)
    table = pa.Table.from_pylist(rows, schema=schemas[folder])
    pq.write_table(table, output / folder / f"{name}.parquet")


def write_tables(output: Path, subset: str) -> None:
    """The side tables of a subset, a row each, of which every text is `XSS`."""
    matched = _all_text(CONTAMINATION_SCHEMA, removed=True, strength=1.0)
    write_table(output, "labels", subset, [hostile_label(1)])
    write_table(output, "dead_letters", subset, [_all_text(DEAD_LETTER_SCHEMA)])
    write_table(output, "contamination", subset, [matched])
    write_table(output, "duplicates", subset, [_all_text(DUPLICATE_SCHEMA, strength=1.0)])


def _all_text(schema: pa.Schema, **more: Any) -> dict[str, Any]:
    return {field.name: XSS for field in schema if field.type == pa.string()} | more


def write_hostile(output: Path) -> Path:
    """A dataset where every text anyone could have written is `XSS`."""
    write_dataset(
        output,
        {"Hostile": [hostile_row(1), hostile_row(2)], "Plain": [row(3), row(4)]},
        name=XSS,
        counts={"sources": {"in": 9, f"dead:{XSS}": 5, "out": 4}},
    )
    write_tables(output, "Hostile")
    quality: dict[str, Any] = {
        "gate": {"passed": False, "checked": XSS, "subsets": {XSS: {"expectations": [
            {"expectation": XSS, "column": XSS, "passed": False, "wanted": XSS, "observed": XSS,
             "failing": 1, "row_ids": [XSS], "waived": XSS}]}},
                 "dataset": {"expectations": [{"expectation": XSS, "passed": False}]}},
        "audits": {"audits": [{"audit": XSS, "scope": XSS, "subject": XSS, "value": XSS,
                               "verdict": XSS, "threshold": XSS, "note": XSS}]},
        "review": {"checked": XSS, "scores": [{"group": XSS, "value": XSS, "rows": 3}]},
    }  # fmt: skip
    (output / "quality").mkdir()
    for name, value in quality.items():
        (output / "quality" / f"{name}.json").write_text(json.dumps(value))
    return output


def rows_of_viewer() -> dict[str, list[dict[str, Any]]]:
    """30 text rows, every third of them with the words "crystal dragon", and 27 rows of sounds."""
    texts = [
        row(
            number,
            subset="Texts",
            response_a_text=f"a crystal dragon, {number}"
            if number % 3 == 0
            else f"dragon {number}",
            criterion="be brief" if number % 2 else None,
            criterion_origin="llm" if number % 2 else None,
            flipped=number % 4 == 1 if number % 2 else None,
            agreement=(0.5, 0.8, 1.0)[number % 3] if number % 2 else None,
        )
        for number in range(30)
    ]
    sounds = [
        row(
            number,
            subset="Sounds",
            task="t2a",
            response_a_text=None,
            response_b_text=None,
            response_a_audio=medium(b"RIFF\x00\x00\x00\x00WAVE" + bytes([number]) * 1000, "a.wav"),
            response_b_audio=medium(wav(), "b.wav"),
            prompt_images=[medium(SVG, "x.png"), medium(png(), "y.png")] if number == 30 else None,
            response_a_mesh=medium(HTML, "m.glb") if number == 30 else None,
            prompt=[{"role": "user", "content": "水晶龙在河上" if number == 31 else "a river"}],
            source={"corpus": "c", "licence": "cc-by-nc-4.0", "key": "k"},
            nc=True,
        )
        for number in range(30, 57)
    ]
    return {"Texts": texts, "Sounds": sounds}
