"""A real Chromium without a window, and what it complains about and asks for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

DESK: Final = {"width": 1280, "height": 900}
PHONE: Final = {"width": 390, "height": 844}

#: Texts whose contrast to what lies behind them is below WCAG AA, as "ratio text".
_LOW_CONTRAST: Final = """() => {
  const parse = (value) => {
    const srgb = value.match(/color\\(srgb ([\\d.]+) ([\\d.]+) ([\\d.]+)(?: \\/ ([\\d.]+))?/);
    const alpha = (found) => found === undefined ? 1 : +found;
    if (srgb) return [...srgb.slice(1, 4).map((n) => n * 255), alpha(srgb[4])];
    const n = value.match(/[\\d.]+/g).map(Number);
    return [n[0], n[1], n[2], alpha(n[3])];
  };
  const mixed = (top, under) => (k) => top[k] * top[3] + under[k] * (1 - top[3]);
  const over = (top, under) => [0, 1, 2].map(mixed(top, under)).concat(1);
  const light = (c) => {
    const linear = (n) => n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = c.slice(0, 3).map((n) => linear(n / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    if (!element) return [255, 255, 255, 1];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(element.parentElement));
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest("svg, script, style, .sr, .skip, :disabled, option")) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    const front = parse(style.color);
    front[3] *= +style.opacity;
    const [a, b] = [light(over(front, back)), light(back)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(ratio.toFixed(2) + " " + walker.currentNode.data.trim().slice(0, 40));
  }
  return low;
}"""


@dataclass
class Visit:
    """A page that is open, with complaints of its console and addresses that it asked for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def is_wider_than_the_window(self) -> bool:
        width = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        return bool(self.page.evaluate(width))

    def was_hit(self) -> bool:
        """Whether a planted script ran."""
        return bool(self.page.evaluate("window.hit !== undefined"))

    def low_contrast(self) -> list[str]:
        return list(self.page.evaluate(_LOW_CONTRAST))

    def focused(self) -> str:
        """The element with the focus: its id, or its tag."""
        return str(
            self.page.evaluate("document.activeElement.id || document.activeElement.tagName")
        )


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; the test is skipped where there is none."""
    tool = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("no chromium on this machine (apt-get install chromium)")
    with tool.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visit(browser: Any, url: str, size: dict[str, int] = DESK, **how: Any) -> Iterator[Visit]:
    """Open an address, all media and folded parts loaded."""
    context = browser.new_context(viewport=size, **how)
    try:
        page = context.new_page()
        seen = Visit(page)
        page.on("console", lambda told: seen.complaints.append(f"{told.type}: {told.text}"))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (seen.complaints.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: seen.asked.append(request.url))
        page.goto(url)
        page.wait_for_load_state("networkidle")
        yield seen
    finally:
        context.close()
