"""Report, viewer and review sheet in a real browser: nothing runs, nothing leaves, keys suffice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from browsing import DESK, PHONE, chromium, visit
from planted_dataset import hex_id, medium, png, row, rows_of_viewer, write_dataset
from viewer_client import Client

from pipelines.gallery.report import report
from pipelines.gallery.review import review_sheet

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def pages(
    hostile: Path, hostile_report: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Addresses of the files that stand alone, of the hostile dataset."""
    folder = tmp_path_factory.mktemp("pages")
    made = {"report": hostile_report, "review": review_sheet(hostile, 4)}
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in made}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("name", ["report", "review"])
def test_files_that_stand_alone(
    browser: Any, pages: dict[str, str], name: str, size: dict[str, int], scheme: str
) -> None:
    with visit(browser, pages[name], size, color_scheme=scheme) as seen:
        seen.page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        seen.page.wait_for_timeout(200)
        assert seen.complaints == []
        assert not seen.was_hit()
        assert not seen.is_wider_than_the_window()
        assert [url for url in seen.asked if not url.startswith("data:")] == [pages[name]]
        assert seen.low_contrast() == []


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_link_of_the_report_lands_on_its_section(
    browser: Any, illustrated: str, size: dict[str, int]
) -> None:
    with visit(browser, illustrated, size, reduced_motion="no-preference") as seen:
        links = seen.page.locator(".toc a")
        names = [link.get_attribute("href") for link in links.all()]
        assert len(names) == 8
        for at, name in enumerate(names):
            seen.page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
            links.nth(at).click()
            seen.page.wait_for_load_state("networkidle")
            below, at_end = seen.page.evaluate(_BELOW_THE_LINKS, name)
            assert below >= 0, name
            assert below < 50 or at_end, name


_BELOW_THE_LINKS = """async (name) => {
  // The page glides there; pictures that come near are drawn, and move what they move.
  for (let still = 0, last = -1; still < 20; still = scrollY === last ? still + 1 : 0) {
    last = scrollY;
    await new Promise(requestAnimationFrame);
  }
  const top = document.querySelector(name).getBoundingClientRect().top;
  const end = document.documentElement.scrollHeight - innerHeight - scrollY < 2;
  return [top - document.querySelector(".toc").getBoundingClientRect().bottom, end];
}"""


@pytest.fixture(scope="module")
def illustrated(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report with many pictures above its last sections."""
    folder = tmp_path_factory.mktemp("illustrated")
    rows = [
        row(
            at,
            task="t2i",
            subset=f"Set-{at % 12}",
            response_a_text=None,
            response_b_text=None,
            response_a_image=medium(png((at, 80, 80), (300, 480)), "a.png"),
            response_b_image=medium(png((80, at, 80), (480, 320)), "b.png"),
        )
        for at in range(36)
    ]
    sets = {f"Set-{k}": rows[k::12] for k in range(12)}
    page = folder / "report.html"
    page.write_text(report(write_dataset(folder / "set", sets)), encoding="utf-8")
    return page.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("path", ["", "?q=hit", f"row/{hex_id(1)}", "row/ffff"])
def test_viewer_of_hostile_rows(
    browser: Any, hostile_viewer: Client, path: str, size: dict[str, int], scheme: str
) -> None:
    url = hostile_viewer.server.url
    with visit(browser, url + path, size, color_scheme=scheme) as seen:
        seen.page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
        seen.page.wait_for_timeout(200)
        # Two pictures of the row are none, and one of its sounds.
        bad = [told for told in seen.complaints if "415" not in told and "404" not in told]
        assert bad == []
        assert not seen.was_hit()
        assert not seen.is_wider_than_the_window()
        assert {urlsplit(asked).netloc for asked in seen.asked} == {urlsplit(url).netloc}
        assert seen.low_contrast() == []


def test_viewer_by_keyboard_alone(browser: Any, viewer: Client) -> None:
    with visit(browser, viewer.server.url) as seen:
        keys = seen.page.keyboard
        keys.press("Tab")
        assert seen.page.evaluate("document.activeElement.className") == "skip"
        keys.press("/")
        assert seen.focused() == "q"
        keys.type("crystal")
        keys.press("Enter")
        seen.page.wait_for_url("**/?q=crystal")
        keys.press("j")
        assert seen.focused() == f"row-{hex_id(0)}"
        keys.press("j")
        assert seen.focused() == f"row-{hex_id(3)}"
        keys.press("k")
        assert seen.focused() == f"row-{hex_id(0)}"
        seen.page.goto(viewer.server.url)
        keys.press("n")
        seen.page.wait_for_url("**/?page=2")
        keys.press("p")
        seen.page.wait_for_url(viewer.server.url)
        assert seen.complaints == []


def test_viewer_without_scripts(browser: Any, viewer: Client) -> None:
    with visit(browser, viewer.server.url, java_script_enabled=False) as seen:
        seen.page.select_option("#f-task", "t2a")
        seen.page.click("text=Show")
        seen.page.wait_for_load_state()
        assert seen.page.locator(".pair").count() == 10
        seen.page.click("a[rel=next] >> nth=0")
        seen.page.wait_for_load_state()
        assert "page=2" in seen.page.url
        seen.page.fill("#id", hex_id(12))
        seen.page.press("#id", "Enter")
        seen.page.wait_for_url(f"**/row/{hex_id(12)}")


def test_sounds_play_in_the_viewer(browser: Any, viewer: Client) -> None:
    with visit(browser, f"{viewer.server.url}row/{hex_id(40)}") as seen:
        length = seen.page.evaluate(
            """async () => {
              const sound = document.querySelectorAll("audio")[1];
              await new Promise((done, failed) => {
                Object.assign(sound, {onloadedmetadata: done, onerror: failed, preload: "auto"});
                sound.load();
              });
              return sound.duration;
            }"""
        )
        assert length == pytest.approx(0.3, abs=0.01)


def test_review_by_keyboard_alone(browser: Any, tmp_path: Path) -> None:
    output = write_dataset(tmp_path / "set", rows_of_viewer())
    sheet = tmp_path / "review.html"
    sheet.write_text(review_sheet(output, 5), encoding="utf-8")
    with visit(browser, sheet.as_uri(), accept_downloads=True) as seen:
        keys = seen.page.keyboard
        for key in ("a", "b", "t"):
            keys.press(key)
        keys.press("ArrowLeft")
        assert seen.page.locator('[data-answer="tie"]').get_attribute("aria-pressed") == "true"
        seen.page.reload()  # answers are kept, and it goes on where nothing is answered yet
        assert seen.page.locator(".question:visible h2").inner_text() == "Pair 4 of 5"
        keys.press("s")
        while seen.focused() != "save":
            keys.press("Tab")
        with seen.page.expect_download() as waiting:
            keys.press("Enter")
        saved = tmp_path / "answers.json"
        waiting.value.save_as(saved)
        assert seen.complaints == []
    told = json.loads(saved.read_text())
    assert list(told["answers"].values()) == ["a", "b", "tie", "skip"]
