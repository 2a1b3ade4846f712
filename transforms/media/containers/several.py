"""Media spread over several containers of one kind, named by a pattern: shards of an archive."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from transforms.beamkit import files
from transforms.beamkit.errors import BuildError
from transforms.media.containers.found import MAX_MEMBER_BYTES, Found, Reader, missing
from transforms.media.errors import MediaError


def containers(pattern: str) -> list[str]:
    """The containers that match.

    Raises:
        BuildError: none does.
    """
    found = [path for path, _ in files.matching(pattern)]
    if not found:
        raise BuildError(f"{pattern}: no file matches; is the corpus complete?")
    return found


def read(
    pattern: str, members: Collection[str], *, reader: Reader, largest: int = MAX_MEMBER_BYTES
) -> Iterator[Found]:
    """The wanted members, wherever they lie; one that lies in two containers is ambiguous.

    Raises:
        BuildError: no container matches.
    """
    home: dict[str, str] = {}
    for container in containers(pattern):
        for found in reader(container, members, largest=largest):
            if isinstance(found.data, MediaError) and found.data.reason == "media_missing":
                continue
            before = home.setdefault(found.member, container)
            if before == container:
                yield found
                continue
            names = " or ".join(path.rsplit("/", 1)[-1] for path in (before, container))
            yield Found(found.member, MediaError("media_ambiguous", f"it lies in {names}"))
    for member in sorted(set(members) - home.keys()):
        yield missing(member, pattern.rsplit("/", 1)[-1])
