"""The colour of what is seen: texture, vertex colours, a light beside the camera and the sky."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from transforms.media.mesh.raster import Screen
from transforms.media.mesh.scene import Array, Scene, TextureUse
from transforms.media.mesh.stage import Actor, Camera, Stage
from transforms.media.mesh.texture import Texture
from transforms.media.settings import MeshPolicy

#: Shares of light: from everywhere, more from above, and from beside the camera.
_AROUND: Final = 0.24
_ABOVE: Final = 0.08
_BESIDE: Final = 0.66

#: Where colours are wanted: places from the left and top, in samples, and the samples of each.
Spot = tuple[Array, Array, float]


@dataclass
class Shader:
    """Colours of samples of a stage; textures are decoded once for all views."""

    scene: Scene
    stage: Stage
    policy: MeshPolicy
    textures: dict[int, Texture] = field(default_factory=dict)

    def texture(self, use: TextureUse | None) -> Texture | None:
        """The texture that a material uses, if it is there."""
        data = None if use is None else self.scene.pictures[use.picture]
        if use is None or data is None:
            return None
        if use.picture not in self.textures:
            self.textures[use.picture] = Texture(data, self.policy)
        return self.textures[use.picture]

    def mode(self, actor: Actor) -> str:
        """How an actor hides what is behind it; see-through materials without any are opaque."""
        material = actor.material
        if material.alpha == "opaque":
            return "opaque"
        texture = self.texture(material.texture) if self._uvs(actor, material.texture) else None
        clear = material.colour[3] < 1 or (texture is not None and not texture.opaque)
        colours = actor.part.colours
        return (
            material.alpha
            if clear or (colours is not None and (colours[:, 3] < 1).any())
            else "opaque"
        )

    def colours(
        self, screen: Screen, view: Camera, where: Array, face: Array, size: int = 1
    ) -> Array:
        """Linear colour and alpha of samples (n,) of the faces that they show: float32 (n, 4).

        With `size` samples a side of a pixel, those of a pixel that show one face share the
        colour at the pixel's middle, which is computed once.
        """
        column, row = where % screen.width // size, where // screen.width // size
        if size == 1:
            return self._colours(screen, view, (column + 0.5, row + 0.5, 1.0), face)
        pixels = (row * (screen.width // size) + column) * len(self.stage.faces) + face
        _, first, inverse = np.unique(pixels, return_index=True, return_inverse=True)
        spot = ((column[first] + 0.5) * size, (row[first] + 0.5) * size, float(size * size))
        return self._colours(screen, view, spot, face[first])[inverse]

    def _colours(self, screen: Screen, view: Camera, spot: Spot, face: Array) -> Array:
        found = np.zeros((len(face), 4), np.float32)
        owner = self.stage.owner[face]
        order = np.argsort(owner, kind="stable")
        bounds = np.flatnonzero(np.diff(owner[order], prepend=-1, append=-1))
        for start, stop in pairwise(bounds):
            chosen = order[start:stop]
            actor = self.stage.actors[owner[chosen[0]]]
            mine = (spot[0][chosen], spot[1][chosen], spot[2])
            found[chosen] = self._actor(actor, screen, view, mine, face[chosen])
        return found

    def _actor(self, actor: Actor, screen: Screen, view: Camera, spot: Spot, face: Array) -> Array:
        corner = self.stage.faces[face]
        weights = _weights(screen, corner, spot)
        local = corner - actor.start
        material = actor.material
        colours = np.tile(np.array(material.colour, np.float32), (len(face), 1))
        colours *= self._read(actor, material.texture, screen, (corner, local), weights, spot[2])
        if actor.part.colours is not None:
            colours *= _mixed(actor.part.colours, local, weights)
        if not material.unlit:
            normals = self._normals(actor, view, corner, weights)
            colours[:, :3] *= _light(normals, view)[:, None].astype(np.float32)
        if any(material.emission):
            glow = self._read(
                actor, material.emission_texture, screen, (corner, local), weights, spot[2]
            )
            colours[:, :3] += glow[:, :3] * np.array(material.emission, np.float32)
        return np.clip(colours, 0, 1)

    def _uvs(self, actor: Actor, use: TextureUse | None) -> bool:
        return use is not None and use.channel in actor.part.uvs

    def _read(
        self,
        actor: Actor,
        use: TextureUse | None,
        screen: Screen,
        corners: tuple[Array, Array],
        weights: Array,
        size: float,
    ) -> Array:
        corner, local = corners
        texture = self.texture(use)
        if texture is None or use is None or not self._uvs(actor, use):
            return np.ones((len(local), 4), np.float32)
        uvs = actor.part.uvs[use.channel].astype(np.float64)
        a, b, c = (uvs[local[:, k]] for k in range(3))
        spread = np.abs((b - a)[:, 0] * (c - a)[:, 1] - (c - a)[:, 0] * (b - a)[:, 1])
        if use.transform is not None:
            spread = spread * abs(
                use.transform[0] * use.transform[4] - use.transform[1] * use.transform[3]
            )
        level = texture.level(np.nan_to_num(spread), np.abs(screen.area(corner)) / size)
        return texture.read(_mixed(uvs, local, weights), level, use)

    def _normals(self, actor: Actor, view: Camera, corner: Array, weights: Array) -> Array:
        """Unit normals towards the camera: stated ones, else those of the faces."""
        a, b, c = (self.stage.points[corner[:, k]] for k in range(3))
        flat = _unit(np.cross(b - a, c - a))
        away = flat[:, 0] * view.towards[0] + flat[:, 1] * view.towards[1]
        away = away + flat[:, 2] * view.towards[2] < 0
        flat[away] *= -1
        if actor.part.normals is None:
            return flat
        smooth = _mixed(self.stage.normals, corner, weights)
        smooth = np.where((np.abs(smooth).sum(axis=1) > 1e-6)[:, None], _unit(smooth), flat)
        against = (smooth * flat).sum(axis=1) < 0
        smooth[against] *= -1
        return smooth


def _weights(screen: Screen, corner: Array, spot: Spot) -> Array:
    """Shares of the three corners at each spot, true to perspective: float64 (n, 3)."""
    px, py, _ = spot
    x = [screen.x[corner[:, k]] for k in range(3)]
    y = [screen.y[corner[:, k]] for k in range(3)]
    shares = [
        (x[(k + 1) % 3] - px) * (y[(k + 2) % 3] - py)
        - (x[(k + 2) % 3] - px) * (y[(k + 1) % 3] - py)
        for k in range(3)
    ]
    total = shares[0] + shares[1] + shares[2]
    total = np.where(total == 0, 1.0, total)
    bent = [
        np.clip(shares[k] / total, 0, 1) * screen.inverse[corner[:, k]] + 1e-30 for k in range(3)
    ]
    whole = bent[0] + bent[1] + bent[2]
    return np.stack([part / whole for part in bent], axis=1)


def _mixed(values: Array, corner: Array, weights: Array) -> Array:
    return np.asarray(
        values[corner[:, 0]] * weights[:, 0:1]
        + values[corner[:, 1]] * weights[:, 1:2]
        + values[corner[:, 2]] * weights[:, 2:3]
    )


def _unit(vectors: Array) -> Array:
    length = np.sqrt(vectors[:, 0] ** 2 + vectors[:, 1] ** 2 + vectors[:, 2] ** 2)
    return np.asarray(vectors / np.where(length > 0, length, 1.0)[:, None])


def _light(normals: Array, view: Camera) -> Array:
    """Light on surfaces: a lamp above the left shoulder of who looks, and a brighter sky."""
    lamp = view.towards + 0.8 * view.up - 0.5 * view.right
    lamp = lamp / np.sqrt(lamp[0] ** 2 + lamp[1] ** 2 + lamp[2] ** 2)
    facing = normals[:, 0] * lamp[0] + normals[:, 1] * lamp[1] + normals[:, 2] * lamp[2]
    return np.asarray(_AROUND + _ABOVE * normals[:, 1] + _BESIDE * np.maximum(facing, 0))
