"""Files that come with the package: the recipe and the data cards, in a checkout or installed."""

from __future__ import annotations

from pathlib import Path

from transforms.beamkit.errors import BuildError

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


def own_recipe(given: Path | None, what: str = "no lock is") -> Path:
    """A recipe in a folder of the user's, where something can be laid beside it.

    Args:
        given: the recipe that was named, if one was.
        what: what would be laid there, for the error: "no lock is".

    Raises:
        BuildError: it would be the shipped one.
    """
    file = (given or default_recipe()).resolve()
    if file.is_relative_to(_HERE / "_shipped"):
        raise BuildError(
            f"{file} came with the installation, so {what} laid beside it; "
            f"copy it to a folder of yours first: cp {file} ."
        )
    return file
