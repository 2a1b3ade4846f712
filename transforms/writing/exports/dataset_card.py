"""The head of a README that lets `datasets` load an export by name of configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from transforms.beamkit import files

_README: Final = "README.md"


def write_card(folder: str, configs: Mapping[str, Mapping[str, str]], lines: Sequence[str]) -> None:
    """Write README.md: configurations with a glob of files a split, then these lines."""
    import yaml

    head = {
        "configs": [
            {
                "config_name": name,
                "data_files": [
                    {"split": split, "path": pattern} for split, pattern in splits.items()
                ],
            }
            for name, splits in sorted(configs.items())
        ]
    }
    text = f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n" + "\n".join(lines) + "\n"
    files.write_once(files.join(folder, _README), text.encode())
