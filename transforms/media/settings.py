"""Settings of media: the forms that are published, and the limits against bombs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

#: Formats of pictures that can be read, and those that can have the normal form.
IMAGE_FORMATS: Final = ("jpeg", "png", "webp", "gif", "bmp", "tiff", "avif")
IMAGE_FORMATS_KEPT: Final = ("jpeg", "png", "webp")


@dataclass(frozen=True)
class ImagePolicy:
    """Pictures. What is beyond a limit is a dead letter, never a crash.

    The normal form is one upright picture, 8-bit RGB or grey, sRGB, in a format of `keep`. What
    has it keeps its bytes.
    """

    #: Formats that are read. Those of `keep` may be published as they are; others become PNG.
    #: PNG is always among `keep`: it is what a picture becomes.
    formats: tuple[str, ...] = ("jpeg", "png", "webp", "gif", "bmp", "tiff", "avif")
    keep: tuple[str, ...] = ("jpeg", "png", "webp")
    #: Width times height as the header declares it, and bytes of the file: checked before decoding.
    max_pixels: int = 50_000_000
    max_bytes: int = 50_000_000
    #: Transparent pictures: composited on `background`, or kept with their alpha.
    alpha: Literal["flatten", "keep"] = "flatten"
    background: str = "#ffffff"
    #: Pictures that are transparent all over, in every frame: published as plain background, or a
    #: dead letter, as a silent sound is.
    transparent: Literal["keep", "reject"] = "reject"
    #: Pictures that move, or have several pages: the first that shows anything, or a dead letter.
    animated: Literal["first", "reject"] = "first"
    #: Longest side in pixels; a larger picture is scaled down. null keeps every size.
    max_side: int | None = None
    #: Of JPEG sources that don't conform (turned, CMYK, too large); their chroma is not subsampled.
    jpeg_quality: int = 95

    def __post_init__(self) -> None:
        for name in ("formats", "keep"):
            known = IMAGE_FORMATS if name == "formats" else IMAGE_FORMATS_KEPT
            unknown = [value for value in getattr(self, name) if value not in known]
            if unknown:
                raise ValueError(f"{name}: {unknown[0]!r} is none of {known}")
        if "png" not in self.keep:
            raise ValueError("keep: png is missing, which pictures of other formats become")
        themselves = {"jpeg"} & set(self.keep)
        if "png" not in self.formats and not set(self.formats) <= themselves:
            raise ValueError("formats: png is missing, which pictures of other formats become")
        for name in ("max_pixels", "max_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}: {getattr(self, name)} is less than 1")
        if self.max_side is not None and self.max_side < 1:
            raise ValueError(f"max_side: {self.max_side} is less than 1; null keeps every size")
        if not 1 <= self.jpeg_quality <= 100:
            raise ValueError(f"jpeg_quality: {self.jpeg_quality} is not from 1 to 100")
        if not re.fullmatch("#[0-9a-fA-F]{6}", self.background):
            raise ValueError(f"background: {self.background!r} is no colour like #ffffff")
        for name, choices in (
            ("alpha", ("flatten", "keep")),
            ("transparent", ("keep", "reject")),
            ("animated", ("first", "reject")),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}: {getattr(self, name)!r} is none of {choices}")


#: Containers of clips that can be read; presets of x264 by speed ("placebo" gains nothing more).
VIDEO_FORMATS: Final = ("mp4", "webm", "mkv", "avi", "gif", "ts", "flv", "mpg", "ogg", "wmv")
X264_PRESETS: Final = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow"),
)


@dataclass(frozen=True)
class VideoPolicy:
    """Clips. What is beyond a limit is a dead letter, never a crash.

    A clip is published as MP4: H.264, 8 bits, 4:2:0, square pixels, upright, one stream of pictures
    and at most one of sound, index before the content. One that is all that keeps its bytes.
    """

    #: Containers that are read, by content; those of `keep` may be published as they are.
    formats: tuple[str, ...] = VIDEO_FORMATS
    keep: tuple[str, ...] = ("mp4",)
    #: Codecs that may stay; h264 is always among them, and is what others become.
    keep_codecs: tuple[str, ...] = ("h264",)
    #: Sound that may stay as it is; other sound becomes AAC.
    keep_audio_codecs: tuple[str, ...] = ("aac", "mp3")
    max_bytes: int = 500_000_000
    #: Pixels of one frame, as coded and as displayed.
    max_pixels: int = 9_000_000
    max_seconds: float = 600.0
    max_frames: int = 20_000
    #: Share of the stated frames and seconds that may be missing (seconds: at least half a one).
    max_missing: float = 0.02
    #: Pictures with damage that decoders conceal (smeared blocks): a dead letter, or as they are.
    damage: Literal["reject", "conceal"] = "reject"
    #: Sound of a clip: kept as it is or made AAC, or left out.
    audio: Literal["keep", "drop"] = "keep"
    #: Kilobits a second of a channel of AAC.
    audio_kbps: int = 96
    #: What shows through transparent pixels (animated GIF).
    background: str = "#ffffff"
    #: Longest side in pixels; a larger clip is scaled down. null keeps every size.
    max_side: int | None = None
    #: High dynamic range: mapped to what an ordinary screen shows, or a dead letter.
    hdr: Literal["tone_map", "reject"] = "tone_map"
    #: Constant rate factor and preset of x264, and its threads: its bytes depend on them. Slower
    #: presets gain little here: "medium" takes 2.4 times as long for 5 % fewer bytes.
    crf: int = 18
    preset: str = "veryfast"
    threads: int = 2
    #: Seconds that the encoder may take for one clip: of processor time as many for each of its
    #: threads, of the clock three times as many.
    max_encode_seconds: float = 300.0

    def __post_init__(self) -> None:
        """Refuse what no encoder would take.

        Raises:
            ValueError: a value that is out of its range.
        """
        self._check_numbers()
        for name, choices in (
            ("preset", X264_PRESETS),
            ("audio", ("keep", "drop")),
            ("damage", ("reject", "conceal")),
            ("hdr", ("tone_map", "reject")),
        ):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}: {getattr(self, name)!r} is none of {choices}")
        for name, known, needed in (
            ("formats", VIDEO_FORMATS, "mp4"),
            ("keep", ("mp4",), "mp4"),
            ("keep_codecs", ("h264", "hevc", "vp9", "av1"), "h264"),
            ("keep_audio_codecs", ("aac", "mp3"), "aac"),
        ):
            given = getattr(self, name)
            if needed not in given:
                raise ValueError(f"{name}: {needed} must be among them, what is made has it")
            if not set(given) <= set(known):
                raise ValueError(f"{name}: {sorted(set(given) - set(known))} are none of {known}")
        if not re.fullmatch("#[0-9a-fA-F]{6}", self.background):
            raise ValueError(f"background is {self.background!r}: six hex digits, as in #ffffff")

    def _check_numbers(self) -> None:
        for name in (
            *("max_bytes", "max_pixels", "max_seconds", "max_frames"),
            *("max_encode_seconds", "audio_kbps"),
        ):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be above 0")
        if not 0 <= self.max_missing < 1:
            raise ValueError(f"max_missing is {self.max_missing}: a share from 0 to below 1")
        if not 0 <= self.crf <= 51:
            raise ValueError(f"crf is {self.crf}: x264 takes 0 (lossless) to 51")
        if not 1 <= self.threads <= 16:
            raise ValueError(f"threads is {self.threads}: 1 to 16")
        if self.max_side is not None and self.max_side < 16:
            raise ValueError(f"max_side is {self.max_side}: at least 16, or null")


#: Containers of sounds that can be read.
AUDIO_FORMATS: Final = (
    *("wav", "flac", "mp3", "ogg", "opus", "m4a", "aac", "aiff", "webm"),
    *("au", "amr", "wma"),
)


@dataclass(frozen=True)
class AudioPolicy:
    """Sounds. What is beyond a limit is a dead letter, never a crash.

    A sound keeps its bytes where its container is one of `keep`, its codec the usual one of that
    container (PCM of 16 or 24 bits in WAV and FLAC), its rate among `rates`, it has one or two
    channels, and its header tells the truth. Any other becomes FLAC.
    """

    #: Containers that are read; there are no others. m4a is any MP4 with sound, webm any Matroska
    #: with sound, ogg any Ogg but Opus.
    formats: tuple[str, ...] = (
        *("wav", "flac", "mp3", "ogg", "opus", "m4a", "aac", "aiff", "webm"),
        *("au", "amr", "wma"),
    )
    #: Containers that may be published as they are; others become FLAC.
    keep: tuple[str, ...] = ("wav", "flac", "mp3", "ogg", "opus")
    max_bytes: int = 200_000_000
    max_seconds: float = 600.0
    max_channels: int = 8
    #: Samples of all channels together: ten minutes of eight channels at 48 kHz.
    max_samples: int = 250_000_000
    #: A sound may fall short of what its header promises by so much (both), because encoders count
    #: their padding or estimate; one that falls shorter was cut.
    max_missing_seconds: float = 0.25
    max_missing_share: float = 0.05
    #: Samples a second of every sound. null keeps those of `rates`, and resamples others to the
    #: next higher of them (the highest, if there is none).
    rate: int | None = None
    rates: tuple[int, ...] = (8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000)
    #: Channels: as they are up to two (more are mixed down to two), or always one.
    channels: Literal["keep", "mono"] = "keep"
    #: A sound that stays below -90 dB of full scale: kept, since a generator that falls silent was
    #: judged for it (its peak is among the facts), or a dead letter (`audio_silent`).
    silent: Literal["keep", "reject"] = "keep"

    def __post_init__(self) -> None:
        """Refuse what can't be read, written or meant.

        Raises:
            ValueError: a value that is out of its range.
        """
        unknown = sorted(set(self.formats) - set(AudioPolicy.formats))
        if unknown:
            raise ValueError(f"formats: {unknown} are none of {AudioPolicy.formats}")
        if not {"flac", *self.keep} <= set(self.formats) or "flac" not in self.keep:
            raise ValueError(f"keep must have flac, which is made, and be read: {self.keep}")
        rates = (*self.rates, *((self.rate,) if self.rate else ()))
        if not self.rates or not all(1_000 <= rate <= 192_000 for rate in rates):
            raise ValueError(f"rates must be between 1,000 and 192,000 Hz: {rates}")
        if self.rate == 0:
            raise ValueError("rate must be samples a second, or null")
        for name in ("max_bytes", "max_seconds", "max_channels", "max_samples"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be above 0")
        if self.max_missing_seconds < 0:
            raise ValueError(f"max_missing_seconds is {self.max_missing_seconds}: below 0")
        if not 0 <= self.max_missing_share < 1:
            share = self.max_missing_share
            raise ValueError(f"max_missing_share is {share}: a share from 0 to below 1")
        if self.channels not in ("keep", "mono"):
            raise ValueError(f"channels is keep or mono, not {self.channels!r}")
        if self.silent not in ("keep", "reject"):
            raise ValueError(f"silent is keep or reject, not {self.silent!r}")


#: Formats of 3D models that can be read, and the values of the policy's choices.
MESH_FORMATS: Final = ("glb", "gltf", "obj", "ply", "stl", "off")
MESH_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "archives": ("open", "reject"),
    "scene": ("keep", "flatten"),
    "points": ("keep", "reject"),
    "missing_textures": ("keep", "reject"),
    "up": ("y", "z"),
}


@dataclass(frozen=True)
class MeshPolicy:
    """3D models. What is beyond a limit is a dead letter, never a crash."""

    #: Formats that are read; those of `keep` may be published as they are, others become GLB.
    formats: tuple[str, ...] = ("glb", "gltf", "obj", "ply", "stl", "off")
    keep: tuple[str, ...] = ("glb",)
    #: Of a file, and again of all that is unpacked from it.
    max_bytes: int = 200_000_000
    max_vertices: int = 5_000_000
    #: Triangles, counted as drawn: a part that stands in ten places counts ten times.
    max_faces: int = 5_000_000
    #: Pixels of one texture, and of all textures of a model.
    max_texture_pixels: int = 70_000_000
    max_textures_pixels: int = 300_000_000
    #: Files of an archive that holds a model with its materials and textures.
    max_files: int = 1_000
    #: Such archives (zip), and single models compressed by gzip or bzip2: opened, or dead letters.
    archives: Literal["open", "reject"] = "open"
    #: Several meshes of a scene: kept as a scene, or made one mesh (at rest, without animation).
    scene: Literal["keep", "flatten"] = "keep"
    #: Points without faces: kept, or a dead letter.
    points: Literal["keep", "reject"] = "keep"
    #: Textures and material files that a model names but does not bring: done without, or a dead
    #: letter.
    missing_textures: Literal["keep", "reject"] = "keep"
    #: Vertical axis of obj, ply, stl and off files, which don't say; a model with z is published
    #: under a node that turns it upright (glTF is y-up); flattened, its vertices are turned.
    up: Literal["y", "z"] = "y"

    def __post_init__(self) -> None:
        """Refuse what can't be read or made.

        Raises:
            ValueError: a value that is out of its range.
        """
        for name in ("bytes", "vertices", "faces", "texture_pixels", "textures_pixels", "files"):
            if getattr(self, f"max_{name}") < 1:
                raise ValueError(f"max_{name} is {getattr(self, f'max_{name}')}: at least 1")
        unknown = sorted(set(self.formats) - set(MESH_FORMATS))
        if unknown:
            raise ValueError(f"formats: {unknown} are none of {MESH_FORMATS}")
        if "glb" not in self.formats or self.keep != ("glb",):
            raise ValueError("glb is what a model becomes: formats must have it, keep is it alone")
        for name, choices in MESH_CHOICES.items():
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}: {getattr(self, name)!r} is none of {choices}")


#: How much longer than its processor time may take somebody waits for a medium: a machine that is
#: busy with other things gives it less, and that is no fault of the medium.
PATIENCE: Final = 3.0


@dataclass(frozen=True)
class MediaPolicy:
    """The media policy of a recipe. `version` names the product; ids never depend on it."""

    version: str = "normal-1"
    image: ImagePolicy = ImagePolicy()
    video: VideoPolicy = VideoPolicy()
    audio: AudioPolicy = AudioPolicy()
    mesh: MeshPolicy = MeshPolicy()
    #: Processes that decode inside one worker, and the seconds of processor time that one medium
    #: may take (of the clock three times as many); a clip that is encoded anew has
    #: `video.max_encode_seconds` on top.
    threads: int = 2
    max_decode_seconds: float = 60.0
    #: Megabytes of memory that one decoding process may take.
    max_decode_memory_mb: int = 4000
    #: Source bytes stay in the store where the published ones differ: another policy then needs no
    #: second look into the corpus.
    keep_sources: bool = True

    def __post_init__(self) -> None:
        for name in ("threads", "max_decode_seconds", "max_decode_memory_mb"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be above 0")

    def seconds_for(self, modality: str) -> float:
        """Seconds of processor time that a process may take for one medium."""
        encoding = self.video.max_encode_seconds if modality == "video" else 0.0
        return self.max_decode_seconds + encoding
