"""Making the published form of a clip: H.264 in 4:2:0 with 8 bits, AAC, in MP4.

The same source and policy give the same bytes: x264 and the scaler are exact whatever the processor
offers, the number of threads is the policy's. Sound is encoded without the processor's extensions
(`-cpuflags 0`): FFmpeg's AAC computes in floats, whose last bits depend on them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from transforms.media.settings import VideoPolicy
from transforms.media.video.container import DEMUXERS
from transforms.media.video.decode import Clip
from transforms.media.video.ffmpeg import command_of, mp4_output, run, source_input
from transforms.media.video.picture import is_rgb
from transforms.media.video.plan import Plan
from transforms.media.video.source import ALPHA_DECODERS
from transforms.media.video.turn import UPRIGHT

SCALER: Final = "bicubic+accurate_rnd+full_chroma_int+bitexact"

#: Supplemental units of H.264 hold the version of x264 and its options; pictures don't need them.
WITHOUT_NOTES: Final = "filter_units=remove_types=6"

#: Sound of more channels than stereo is kept only in the layout that AAC readers expect: 5.1.
_KEPT_CHANNELS: Final = (1, 2, 6)

_TRANSFERS: Final = {16: "smpte2084", 18: "arib-std-b67"}

#: Rec. ITU-R BT.709, for pictures that were RGB.
BT709: Final = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"


def transcode(clip: Clip, plan: Plan, policy: VideoPolicy) -> bytes:
    """The bytes of the published clip, as planned.

    Raises:
        MediaError: as `run`.
    """
    with tempfile.TemporaryDirectory(prefix="clip-") as name:
        folder = Path(name)
        source, sound, made = folder / "source", folder / "sound.mp4", folder / "made.mp4"
        source.write_bytes(clip.data)
        if plan.sound == "encode":
            run(_sound_command(clip, source, sound, policy), folder, policy)
        run(_command(clip, plan, (source, sound, made), policy), folder, policy)
        return made.read_bytes()


def x264_options(policy: VideoPolicy) -> dict[str, Any]:
    """Options of x264, the same for all clips."""
    return {
        "c:v": "libx264",
        "preset": policy.preset,
        "crf": policy.crf,
        "threads:v": policy.threads,
        "pix_fmt": "yuv420p",
        "flags:v": "+bitexact",
        "bsf:v": WITHOUT_NOTES,
    }


def planar_filters(size: tuple[int, int]) -> list[str]:
    """Filters to 4:2:0 with even sides: the last column or row of an odd side is repeated.

    That is done before colour is halved: afterwards the last colours would be lost.
    """
    right, bottom = size[0] % 2, size[1] % 2
    if not right and not bottom:
        return ["format=yuv420p"]
    return [
        "format=yuv444p",
        f"pad={size[0] + right}:{size[1] + bottom}:0:0",
        f"fillborders=right={right}:bottom={bottom}:mode=smear",
        f"scale=flags={SCALER}",
        "format=yuv420p",
    ]


def _command(
    clip: Clip, plan: Plan, paths: tuple[Path, Path, Path], policy: VideoPolicy
) -> list[str]:
    import ffmpeg

    source, sound, made = paths
    decoder = ALPHA_DECODERS.get(clip.codec) if clip.has_alpha else None
    opened = source_input(source, DEMUXERS[clip.name], policy, decoder)
    streams = [opened[str(clip.video_index)]]
    if plan.sound == "encode":
        streams.append(ffmpeg.input(sound.name, f="mov", protocol_whitelist="file")["a"])
    elif plan.sound == "copy":
        streams.append(opened[str(clip.audio_index)])
    options: dict[str, Any] = {"c:a": "copy"} if plan.sound else {}
    if plan.copies_pictures:
        options["c:v"] = "copy"
        if clip.codec == "hevc":
            options["tag:v"] = "hvc1"  # players know HEVC by this name alone
    else:
        options |= x264_options(policy)
        options |= {"fps_mode": "vfr", "enc_time_base:v": "demux"}
        if "variable_rate" in clip.notes:
            # MP4 writes how long a frame lasts in order of decoding: with frames out of order, the
            # last would go too early.
            options["bf"] = 0
        options["vf"] = ",".join(filters_of(clip, plan, policy))
        options["filter_threads"] = policy.threads
    return command_of(mp4_output(streams, made, options), policy)


def filters_of(clip: Clip, plan: Plan, policy: VideoPolicy) -> list[str]:
    """FFmpeg's filters from the decoded frames to those that are encoded."""
    width, height = plan.size
    filters = []
    if "interlaced" in plan.changes:
        filters.append("bwdif=mode=send_frame:deint=interlaced")
    if clip.has_alpha:
        filters.append(_on_background(policy.background))
    if "hdr" in plan.changes:
        filters += _tone_mapped(clip)
    if clip.turn != UPRIGHT:
        filters += clip.turn.filters
    was_rgb = clip.has_alpha or is_rgb(clip.pixel_format)
    scale = f"scale={width}:{height}:flags={SCALER}:out_range=tv"
    if was_rgb:
        scale += ":out_color_matrix=bt709"
    if "size_changes" in clip.notes:
        scale += ":force_original_aspect_ratio=decrease"
    filters.append(scale)
    if "size_changes" in clip.notes:
        filters.append(f"pad={width}:{height}:-1:-1")
    filters += planar_filters(plan.size)
    if was_rgb:
        filters.append(BT709)
    return [*filters, "setsar=1", "sidedata=mode=delete:type=DISPLAYMATRIX"]


def _on_background(colour: str) -> str:
    ground = f"drawbox=color=0x{colour[1:]}@1:thickness=fill:replace=1"
    return (
        f"format=rgba,split[over][under];[under]{ground}[ground];[ground][over]overlay=format=gbrp"
    )


def _tone_mapped(clip: Clip) -> list[str]:
    """From PQ or HLG to BT.709: in linear light, with Hable's curve, 100 cd/m² as white."""
    transfer = _TRANSFERS[clip.colours[2]]
    return [
        f"zscale=tin={transfer}:min=bt2020nc:pin=bt2020:t=linear:npl=100",
        "format=gbrpf32le",
        "zscale=p=bt709",
        "tonemap=tonemap=hable:desat=0",
        "zscale=t=bt709:m=bt709:r=tv",
        "format=yuv420p",
    ]


def _sound_command(clip: Clip, source: Path, sound: Path, policy: VideoPolicy) -> list[str]:
    opened = source_input(source, DEMUXERS[clip.name], policy)
    channels = clip.channels if clip.channels in _KEPT_CHANNELS else 2
    options = {
        "c:a": "aac",
        "ac": channels,
        "b:a": f"{policy.audio_kbps * (channels or 2)}k",
        # Silence where there is none at the start or within, so that it stays with the pictures.
        "af": "aresample=async=1:first_pts=0",
        "flags:a": "+bitexact",
        "threads:a": 1,
    }
    output = mp4_output([opened[str(clip.audio_index)]], sound, options)
    return command_of(output, policy, "-cpuflags", "0")
