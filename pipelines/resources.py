"""Files that come with the package: the recipe and the data cards, in a checkout or installed."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """The path of a shipped file or folder: ``beam_config.yaml`` or ``data_cards``.

    Raises:
        FileNotFoundError: the installation is incomplete.
    """
    for base in (_HERE.parent, _HERE / "_shipped"):
        if (base / name).exists():
            return base / name
    raise FileNotFoundError(f"{name} did not come with this installation; install it again")


def default_recipe() -> Path:
    """The recipe of this folder if there is one, else the shipped recipe."""
    here = Path("beam_config.yaml")
    return here if here.exists() else shipped("beam_config.yaml")
