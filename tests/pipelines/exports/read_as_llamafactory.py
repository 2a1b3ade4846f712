"""A program: reads every dataset of a folder with LLaMA-Factory's own parser and converter.

It runs in an environment without torch, which only the rest of that library needs: its packages
are entered past their `__init__`, and what two modules take from torch's neighbours is stood in
for (names of weight files, and whether another hub is used). Prints what was read, as JSON.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import types
from collections import Counter
from pathlib import Path


def shell(name: str, **content: object) -> None:
    """A module of a name with this content, instead of the one that would need torch."""
    module = types.ModuleType(name)
    module.__dict__.update(content)
    sys.modules[name] = module


def enter() -> None:
    spec = importlib.util.find_spec("llamafactory")
    assert spec is not None
    assert spec.submodule_search_locations
    top = Path(next(iter(spec.submodule_search_locations)))
    for name, folder in (("", "."), (".data", "data"), (".extras", "extras")):
        shell(f"llamafactory{name}", __path__=[str(top / folder)])
    shell("peft", __path__=[])
    shell("peft.utils", SAFETENSORS_WEIGHTS_NAME="", WEIGHTS_NAME="")
    shell("llamafactory.extras.misc", use_modelscope=lambda: False, use_openmind=lambda: False)


def main(folder: str) -> None:
    enter()
    from datasets import load_dataset

    converter = importlib.import_module("llamafactory.data.converter")
    parser = importlib.import_module("llamafactory.data.parser")
    names = list(json.loads(Path(folder, "dataset_info.json").read_text()))
    said = {}
    for attributes in parser.get_dataset_list(names, folder):
        arguments = types.SimpleNamespace(media_dir=folder)
        convert = converter.get_dataset_converter(attributes.formatting, attributes, arguments)
        rows = load_dataset(
            "json", data_files=str(Path(folder, attributes.dataset_name)), split="train"
        )
        made = [convert(row) for row in rows]
        said[names[len(said)]] = {
            "rows": len(made),
            "broken": sum(not row["_prompt"] or len(row["_response"]) != 2 for row in made),
            "systems": sum(bool(row["_system"]) for row in made),
            "media": dict(
                Counter(
                    f"{kind} {len(row[kind] or ())}"
                    for row in made
                    for kind in ("_images", "_videos", "_audios")
                    if row[kind]
                )
            ),
            "missing": sum(
                not Path(path).is_file()
                for row in made
                for kind in ("_images", "_videos", "_audios")
                for one in row[kind] or ()
                for path in (one if isinstance(one, list) else [one])
            ),
        }
    sys.stdout.write(json.dumps(said))


main(sys.argv[1])
