"""Which attributes the responses of a task have."""

from __future__ import annotations

from functools import cache
from typing import Final

from schemas.tasks import TASKS
from transforms.measures.attribute import Attribute, by_name
from transforms.measures.audio import AUDIO
from transforms.measures.edit import EDIT
from transforms.measures.image import IMAGE, VIEW
from transforms.measures.mesh import MESH
from transforms.measures.text import TEXT
from transforms.measures.video import VIDEO

#: Raised whenever an attribute, its margin or its way of measuring changes: labels carry it.
VERSION: Final = "3"

_OF_RESPONSE: Final = {
    "text": (TEXT,),
    "image": (IMAGE,),
    "video": (VIDEO,),
    "audio": (AUDIO,),
    "mesh": (MESH, VIEW),
}


@cache
def attributes_of(task: str) -> dict[str, Attribute]:
    """The attributes of a task's responses by name, in the order of the tables.

    A picture made of a picture also has those of the change.

    Raises:
        KeyError: no such task.
    """
    known = TASKS[task]
    tables = _OF_RESPONSE[known.response]
    if known.response == "image" and "image" in known.prompt:
        tables = (*tables, EDIT)
    return by_name(*tables)
