"""Version numbers, and the rule of which comes next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.publishing.rows import RowChanges
from pipelines.publishing.rules import Step, VersionError, check_step, in_words, step_between
from pipelines.publishing.versions import Bump, Version

NUMBERS = st.integers(0, 999_999)
VERSIONS = st.builds(Version, NUMBERS, NUMBERS, NUMBERS)
BUMPS = st.sampled_from(["major", "minor", "patch"])


@given(VERSIONS)
def test_a_version_is_read_as_it_is_written(version: Version) -> None:
    assert Version.parse(str(version)) == version == Version.parse(version.tag)
    assert Version.of_tag(version.tag) == version
    assert Version.of_tag(str(version)) is None


@given(VERSIONS, BUMPS)
def test_the_next_version_is_later(version: Version, bump: Bump) -> None:
    later = version.after(bump)
    assert later > version
    assert version.kind_of_step(later) == f"a {bump} version"
    assert later.kind_of_step(version) == "no version that follows"


@pytest.mark.parametrize(
    "text", ["", "1", "1.0", "1.0.0.0", "01.0.0", "1.0.0-rc1", " 1.0.0", "١.0.0"]
)
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        Version.parse(text)
    assert Version.of_tag(f"v{text}") is None


ADDED = {"HPDv2": RowChanges(added=2)}


@pytest.mark.parametrize(
    ("before", "after", "rows", "files", "words", "bump"),
    [
        ("1.1", "2.0", {}, 0, True, "major"),
        ("1.1", "1.2", {}, 0, True, "minor"),
        ("1.1", "1.1", ADDED, 1, True, "minor"),
        ("1.1", "1.1", {"HPDv2": RowChanges(relabelled=1)}, 1, True, "minor"),
        ("1.1", "1.1", {"HPDv2": RowChanges(criteria=1)}, 1, True, "minor"),
        ("1.1", "1.1", {"HPDv2": RowChanges()}, 1, True, "minor"),
        ("1.1", "1.1", {}, 3, True, "minor"),
        ("1.1", "1.1", {}, 0, True, "patch"),
        ("1.1", "1.1", {}, 0, False, None),
    ],
)
def test_what_a_change_makes(
    before: str,
    after: str,
    rows: dict[str, RowChanges],
    files: int,
    words: bool,
    bump: Bump | None,
) -> None:
    step = step_between(before, after, rows, files, words)
    assert (step.bump if step else None) == bump


@given(VERSIONS, BUMPS, VERSIONS)
def test_one_version_only_comes_next(last: Version, bump: Bump, wanted: Version) -> None:
    step = Step(bump, "so it is")
    check_step(last, last.after(bump), step)
    if wanted != last.after(bump):
        with pytest.raises(VersionError, match=f"--version {last.after(bump)}"):
            check_step(last, wanted, step)
    with pytest.raises(VersionError, match="nothing has changed"):
        check_step(last, wanted, None)


def test_changes_in_words() -> None:
    assert in_words(RowChanges(added=1200, relabelled=3)) == "1,200 rows added, 3 labels changed"
    assert in_words(RowChanges()) == "the same rows and labels, written anew"
