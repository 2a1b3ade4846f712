"""Media as models are shown them: read from the store, rendered by their modality.

What a rendering is called is part of the key of a paid answer. A sound that is heard has one name
whether it is sent as it is (WAV, MP3) or as WAV (all others): which it is hangs on the published
form, and so on the media policy, of which no key may depend.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from schemas.tasks import Modality
from transforms.media.errors import MediaError
from transforms.media.judge_views import JudgeView
from transforms.media.settings import MediaPolicy
from transforms.media.store import MediaStore
from transforms.relabel.llm.question import Media

#: Renderings of one medium (frames, views) that are kept for the questions that come next.
_KEPT = 64
#: Sounds that were made WAV and are kept: one may have a hundred megabytes.
_HEARD = 4


@dataclass(frozen=True)
class JudgePictures:
    """`protocol.media_facts.Render` over a media store."""

    store: MediaStore
    policy: MediaPolicy

    def __call__(self, medium: Media, infos: Mapping[str, Mapping[str, Any]]) -> bytes:
        """The bytes of a medium in the rendering that it names.

        Raises:
            LookupError: nothing is known of the medium.
            ValueError: it can't be rendered.
        """
        info = infos.get(medium.digest)
        if info is None:
            raise LookupError(f"nothing is known of the medium {medium.digest[:12]}")
        named = dict(medium.rendering)
        modality: Modality = named["of"]  # type: ignore[assignment]
        data = _Bytes(self.store, info)
        try:
            if named.get("as") == "sound":
                return _heard(self, info["digest"], data)
            pictures = _rendered(self, modality, info["digest"], _view(named), data)
        except MediaError as error:
            raise ValueError(f"{error.reason}: {error.message}") from None
        at = int(named.get("frame", named.get("view", 0)))
        return pictures[min(at, len(pictures) - 1)]


def _view(named: Mapping[str, str | int | float]) -> JudgeView:
    view = JudgeView()
    view = replace(view, jpeg_quality=int(named.get("quality", view.jpeg_quality)))
    side = int(named.get("side", 0))
    if not side:
        return view
    return replace(
        view,
        image_side=side,
        frame_side=side,
        mesh_side=side,
        frames=int(named.get("frames", view.frames)),
        mesh_views=int(named.get("views", view.mesh_views)),
    )


class _Bytes:
    """The bytes of a medium, read when they are needed; equal to any other, for the cache."""

    def __init__(self, store: MediaStore, info: Mapping[str, Any]) -> None:
        self.read: Callable[[], bytes] = lambda: store.published(info)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bytes)

    def __hash__(self) -> int:
        return 0


@functools.lru_cache(maxsize=_KEPT)
def _rendered(
    pictures: JudgePictures, modality: Modality, _digest: str, view: JudgeView, data: _Bytes
) -> tuple[bytes, ...]:
    """The pictures of one medium."""
    module = import_module(f"transforms.media.{modality}")
    policy = getattr(pictures.policy, modality)
    return tuple(picture.data for picture in module.render_for_judge(data.read(), policy, view))


@functools.lru_cache(maxsize=_HEARD)
def _heard(pictures: JudgePictures, _digest: str, data: _Bytes) -> bytes:
    """One sound."""
    from transforms.media.audio import render_as_sound

    return render_as_sound(data.read(), pictures.policy.audio)
