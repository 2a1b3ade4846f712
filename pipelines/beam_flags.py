"""Beam's flags as they are given on the command line: unknown and wrong ones are refused.

Beam itself drops what it does not know, and answers a wrong value with all the flags that it has.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, Final, NoReturn

from apache_beam.options import pipeline_options

from pipelines.recipe_binding import nearest
from transforms.beamkit.errors import BuildError

#: Its job server has flags of its own, which are not known here.
_SERVED: Final = "flink"
#: How like a known name an unknown one is that must be a slip.
_SLIP: Final = 0.85


class _Parser(pipeline_options._BeamArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BuildError(f"--beam: {' '.join(message.split())}")


def check_flags(flags: Sequence[str], runner: str) -> None:
    """Refuse flags that Beam would drop or can't read; `runner` is our name for it.

    Raises:
        BuildError: there is one; says which, and what it may have been meant to be.
    """
    parser = _Parser(allow_abbrev=False, add_help=False)
    for options in {*_subclasses(pipeline_options.PipelineOptions)}:
        options._add_argparse_args(parser)
    _, unknown = parser.parse_known_args(list(flags))
    known = [name for name in parser._option_string_actions if name.startswith("--")]
    for flag in unknown:
        name = flag.partition("=")[0]
        if not name.startswith("--"):
            if runner != _SERVED:
                raise BuildError(
                    f"--beam: {flag!r} is no flag of Beam, nor the value of one; "
                    "a flag is written --beam=--NAME=VALUE"
                )
        elif runner != _SERVED:
            close = nearest(name, known) if _is_like(name, known, 0.6) else "see Beam's options"
            raise BuildError(f"--beam: Beam has no flag {name}; {close}")
        elif _is_like(name, known, _SLIP):
            raise BuildError(f"--beam: Beam has no flag {name}; {nearest(name, known)}")


def _is_like(name: str, known: Sequence[str], cutoff: float) -> bool:
    return bool(difflib.get_close_matches(name, known, n=1, cutoff=cutoff))


def _subclasses(of: Any) -> Iterator[Any]:
    for one in of.__subclasses__():
        yield one
        yield from _subclasses(one)
