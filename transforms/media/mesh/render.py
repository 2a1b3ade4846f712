"""Views of a model as a person would see it in a viewer, drawn on the processor alone.

Faces are seen from both sides (generated models often have them inside out), smooth where normals
say so and flat elsewhere, as glTF wants it. Not drawn: normal maps, reflections, shadows.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from transforms.media.mesh.raster import (
    Screen,
    cover,
    discs,
    keys,
    new_buffer,
    samples_of,
    seen,
)
from transforms.media.mesh.scene import Array, Scene
from transforms.media.mesh.shade import Shader
from transforms.media.mesh.stage import Camera, Stage, camera, screen, set_stage
from transforms.media.mesh.texture import encoded
from transforms.media.settings import MeshPolicy

#: Light of the background, linear: a grey in front of which white and dark both stand out.
_BACKGROUND: Final = 0.30
#: Samples of a pixel, a side; and how many samples all faces of a view may have together: a model
#: with more overdraw than that is drawn coarser, and in the end with some of its faces only.
_FINE: Final = 2
_MAX_SAMPLES: Final = 40_000_000
#: A sample that may be see-through has to be coloured to know: it counts for so many.
_CLEAR_COST: Final = 16
#: See-through samples of a view that are kept for mixing, and layers of one sample.
_MAX_CLEAR: Final = 12_000_000
_MAX_LAYERS: Final = 48


def render_scene(scene: Scene, policy: MeshPolicy, number: int, side: int) -> list[Array]:
    """Views at even angles around the vertical axis: uint8 (side, side, 3), sRGB."""
    stage = set_stage(scene)
    shader = Shader(scene, stage, policy)
    modes = np.array([shader.mode(actor) for actor in stage.actors] or ["opaque"])
    return [_view(shader, modes, camera(stage, 360 * k / number), side) for k in range(number)]


def _view(shader: Shader, modes: Array, view: Camera, side: int) -> Array:
    stage = shader.stage
    chosen, width = np.arange(len(stage.faces)), side * _FINE
    shown = screen(stage, stage.points, view, width)
    areas = np.abs(shown.area(stage.faces)) / 2
    clear = modes[stage.owner] != "opaque" if len(areas) else np.zeros(0, bool)
    area = float(areas.sum() + (_CLEAR_COST - 1) * areas[clear].sum())
    while area > _MAX_SAMPLES and width > 64:
        width, area = width // 2, area / 4
    if area > _MAX_SAMPLES:
        chosen = chosen[:: int(area // _MAX_SAMPLES) + 1]
    shown = screen(stage, stage.points, view, width)
    light = _drawn(shader, modes, view, shown, chosen, side)
    return _pixels(light, width, side)


def _drawn(
    shader: Shader, modes: Array, view: Camera, shown: Screen, chosen: Array, side: int
) -> Array:
    """Linear light of every sample, float32 (width * width, 3)."""
    stage = shader.stage
    mode = modes[stage.owner[chosen]] if len(chosen) else np.zeros(0, "U6")
    buffer = new_buffer(shown)
    for where, face, inverse, behind in samples_of(shown, stage.faces, chosen[mode == "opaque"]):
        cover(buffer, where, keys(shown, inverse, face, behind))
    _masked(shader, view, shown, buffer, chosen[mode == "mask"])
    _dots(stage, view, shown, buffer)
    light = np.full((len(buffer), 3), _BACKGROUND, np.float32)
    where, number = seen(buffer)
    dot = number >= len(stage.faces)
    size = _FINE if shown.width == side * _FINE else 1
    surface = shader.colours(shown, view, where[~dot], number[~dot], size)
    light[where[~dot]] = surface[:, :3]
    light[where[dot]] = stage.dot_colours[number[dot] - len(stage.faces), :3]
    _blended(shader, view, shown, buffer, chosen[mode == "blend"], light)
    return light


def _masked(shader: Shader, view: Camera, shown: Screen, buffer: Array, chosen: Array) -> None:
    """Faces with holes: samples below the cutoff are not there."""
    stage = shader.stage
    cutoff = np.array([actor.material.cutoff for actor in stage.actors])
    for where, face, inverse, behind in samples_of(shown, stage.faces, chosen):
        key = keys(shown, inverse, face, behind)
        front = np.flatnonzero(key < buffer[where])
        alpha = shader.colours(shown, view, where[front], face[front])[:, 3]
        front = front[alpha >= cutoff[stage.owner[face[front]]]]
        cover(buffer, where[front], key[front])


def _dots(stage: Stage, view: Camera, shown: Screen, buffer: Array) -> None:
    """Points and lines, as discs."""
    if len(stage.dots) == 0:
        return
    placed = screen(stage, stage.dots, view, shown.width)
    radius = shown.width * (0.0015 if stage.lines else 0.8 / float(np.sqrt(len(stage.dots))))
    radius = min(max(radius, 0.0015 * shown.width), 0.014 * shown.width)
    for where, number in discs(placed, radius):
        numbers = number + len(stage.faces)
        key = keys(shown, placed.inverse[number], numbers, np.zeros(len(number), bool))
        cover(buffer, where, key)


def _blended(
    shader: Shader, view: Camera, shown: Screen, buffer: Array, chosen: Array, light: Array
) -> None:
    """Lay see-through faces over what is behind them, the farthest first."""
    pieces: list[tuple[Array, Array, Array]] = []
    kept = 0
    for where, face, inverse, behind in samples_of(shown, shader.stage.faces, chosen):
        key = keys(shown, inverse, face, behind)
        front = np.flatnonzero(key < buffer[where])
        colours = shader.colours(shown, view, where[front], face[front])
        front, colours = front[colours[:, 3] > 0.002], colours[colours[:, 3] > 0.002]
        pieces.append((where[front], key[front], colours))
        kept += len(front)
        if kept > _MAX_CLEAR:
            break
    if not kept:
        return
    where, key, colours = (np.concatenate([piece[k] for piece in pieces]) for k in range(3))
    order = np.lexsort((key, where))  # the nearest of each sample first
    where, colours = where[order], colours[order]
    first = np.flatnonzero(np.diff(where, prepend=-1))
    layer = np.arange(len(where)) - np.repeat(first, np.diff(first, append=len(where)))
    for number in range(min(int(layer.max()), _MAX_LAYERS - 1), -1, -1):
        mine = layer == number
        alpha = colours[mine, 3:]
        light[where[mine]] = light[where[mine]] * (1 - alpha) + colours[mine, :3] * alpha


def _pixels(light: Array, width: int, side: int) -> Array:
    """Means of the samples of each pixel, as sRGB bytes; a coarser picture is blown up."""
    light = light.reshape(width, width, 3)
    if width == side * _FINE:
        mean = (light[::2, ::2] + light[1::2, ::2] + light[::2, 1::2] + light[1::2, 1::2]) / 4
        return encoded(mean)
    place = np.arange(side) * width // side
    return encoded(light[place][:, place])
