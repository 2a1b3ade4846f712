"""Which wanted members the entries of an archive answer, and which names are refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from transforms.media.containers.found import Found, missing
from transforms.media.errors import MediaError


class Wanted:
    """The members that are wanted of one archive, and which entry was found for each.

    Members are matched by their whole name, or by its end: records name ``00001.jpg`` where the
    archive has ``train/00001.jpg``. A member with a leading slash is named from the archive's root:
    ``/train/00001.jpg`` is that entry and none that merely ends so.
    """

    def __init__(self, members: Collection[str]) -> None:
        self._members = set(members)
        self._by_name: dict[str, list[str]] = {}
        for member in members:
            self._by_name.setdefault(member.rsplit("/", 1)[-1], []).append(member)
        self._found: dict[str, str] = {}

    def answered_by(self, entry: str) -> list[str]:
        """The wanted members that an entry of this name answers."""
        clean = entry.removeprefix("./")
        candidates = self._by_name.get(clean.rsplit("/", 1)[-1], ())
        return [member for member in candidates if _answers(clean, member)]

    def take(self, member: str, entry: str) -> Found | None:
        """Note that `entry` answers `member`; says so if another one did before."""
        if member not in self._found:
            self._found[member] = entry
            return None
        low, high = sorted((self._found[member], entry))
        return Found(member, MediaError("media_ambiguous", f"it could be {low} or {high}"))

    @property
    def is_complete(self) -> bool:
        """Whether every wanted member was found."""
        return len(self._found) == len(self._members)

    def not_found(self, container: str) -> Iterator[Found]:
        """A word on every member that no entry answered."""
        for member in sorted(self._members - self._found.keys()):
            yield missing(member, container.rsplit("/", 1)[-1])


def place_of(entry: str) -> str:
    """The member that this entry answers and no other one does."""
    return "/" + entry.removeprefix("./")


def _answers(entry: str, member: str) -> bool:
    if member.startswith("/"):
        return entry == member[1:]
    return entry == member or entry.endswith("/" + member.removeprefix("./"))


def unsafe(name: str) -> MediaError | None:
    """Why an entry of this name is refused, if it is."""
    if ".." in name.replace("\\", "/").split("/") or name.startswith(("/", "\\")):
        return MediaError("unsafe_member", f"{name}: the name leaves the archive")
    return None
