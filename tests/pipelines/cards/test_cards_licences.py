"""The licence of parts taken together: the rule as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cards.licences import OTHER, UNKNOWN, Part, combined, licence_id, licence_url

APACHE, MIT, NC = Part("apache-2.0"), Part("mit"), Part("cc-by-nc-4.0", nc=True)
NC_SA = Part("cc-by-nc-sa-4.0", nc=True)
SILENT, OWN = Part(UNKNOWN), Part("my-own-terms")

TABLE = [
    ("one", [MIT], ("mit",), None, False),
    ("the same twice", [MIT, MIT], ("mit",), None, False),
    ("permissive side by side", [MIT, APACHE], ("apache-2.0", "mit"), None, False),
    ("one non-commercial", [NC], ("cc-by-nc-4.0",), None, True),
    ("non-commercial governs permissive", [APACHE, NC, MIT], ("cc-by-nc-4.0",), None, True),
    ("nc follows from the id", [APACHE, Part("cc-by-nc-4.0")], ("cc-by-nc-4.0",), None, True),
    ("nc follows from the name", [Part("My NonCommercial terms")], (OTHER,),
     "as-stated-non-commercial", True),
    ("two non-commercial ones", [NC, NC_SA], (OTHER,), "mixed-non-commercial", True),
    ("share-alike among others", [MIT, Part("cc-by-sa-4.0")], (OTHER,), "mixed", False),
    ("share-alike alone", [Part("cc-by-sa-4.0")], ("cc-by-sa-4.0",), None, False),
    ("none states one", [SILENT], (OTHER,), "as-stated-unstated", False),
    ("one states none", [MIT, SILENT], (OTHER,), "mixed-with-unstated-parts", False),
    ("nc and unstated", [MIT, NC, SILENT], (OTHER,), "mixed-non-commercial-with-unstated-parts",
     True),
    ("terms the Hub does not know", [OWN], (OTHER,), "as-stated", False),
    ("the recipe calls mit non-commercial", [Part("mit", nc=True)], (OTHER,),
     "as-stated-non-commercial", True),
    ("the same beside real nc", [NC, Part("mit", nc=True)], (OTHER,), "mixed-non-commercial", True),
    ("unstated and non-commercial", [Part(UNKNOWN, nc=True)], (OTHER,),
     "as-stated-non-commercial-unstated", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("parts", "ids", "name", "nc"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_rule(parts: list[Part], ids: tuple[str, ...], name: str | None, nc: bool) -> None:
    found = combined(parts)
    assert (found.ids, found.name, found.non_commercial) == (ids, name, nc)


PARTS = st.builds(
    Part,
    st.sampled_from([UNKNOWN, "mit", "apache-2.0", "cc-by-nc-4.0", "cc-by-sa-4.0", "my-own"]),
    st.booleans(),
)


@given(st.lists(PARTS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_order_and_repetition_change_nothing_and_no_part_loses_its_ban(
    parts: list[Part], random: object
) -> None:
    found = combined(parts)
    shuffled = [*parts, *parts]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert combined(shuffled) == found
    assert found.non_commercial == any(part.nc or "-nc" in part.licence for part in parts)
    assert found.unstated == any(part.licence == UNKNOWN for part in parts)
    if found.non_commercial:
        assert found.ids == (OTHER,) or all("-nc" in one for one in found.ids)
    if found.unstated:
        assert found.ids == (OTHER,)
    assert (found.name is None) == (found.ids != (OTHER,))


@pytest.mark.parametrize(
    ("licence", "url"),
    [
        ("cc-by-nc-4.0", "https://creativecommons.org/licenses/by-nc/4.0/"),
        ("cc-by-nc-sa-4.0", "https://creativecommons.org/licenses/by-nc-sa/4.0/"),
        ("mit", "https://opensource.org/license/mit"),
        ("cc-by-anything-9", None),
        (UNKNOWN, None),
    ],
)
def test_where_a_licence_can_be_read(licence: str, url: str | None) -> None:
    assert licence_url(licence) == url


@pytest.mark.parametrize(
    ("stated", "named"),
    [
        ("CC-BY-NC-4.0", "cc-by-nc-4.0"),
        ("Apache 2.0", "apache-2.0"),
        (" My own terms ", "My own terms"),
        ("Other", OTHER),
        ("unknown", UNKNOWN),
        ("N/A", UNKNOWN),
        ("", UNKNOWN),
        (None, UNKNOWN),
    ],
)
def test_a_licence_has_one_name(stated: str | None, named: str) -> None:
    assert licence_id(stated) == named
