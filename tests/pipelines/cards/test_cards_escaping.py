"""Hostile text in a card: shown as it is, and unable to make markup of its own."""

from __future__ import annotations

import html
import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from card_toy import Toy, amend, contamination, duplicates, find
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from pipelines.cards import render_card
from pipelines.cards.escaping import code, fenced, json_block, md, visible, web_address
from transforms.beamkit.errors import BuildError

HOSTILE = (
    "</code><script>alert(1)</script>|x|\n\n# head\n```\n<img src=x onerror=alert(1)>"
    "[a](javascript:alert(1)) ![b](https://x.test/b.png) <https://x.test> **b** `c` ~~d~~ &lt;"
    " {{ 7 * 7 }} {% raw %} \u202egnp.exe \x1b[31m --- $x$"
)
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
PLAIN = {"p", "code", "table", "thead", "tbody", "tr", "th", "td"}


class Seen(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.links: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name in ("href", "src")}

    def handle_data(self, data: str) -> None:
        self.text += data


def page(markdown: str) -> Seen:
    return Seen(MARKDOWN.render(markdown))


@pytest.mark.parametrize("shown", [md, code])
def test_hostile_text_is_text_in_a_cell(shown: object) -> None:
    cell = shown(HOSTILE, 1000)  # type: ignore[operator]
    seen = page(f"| a | b |\n| --- | --- |\n| {cell} | last |\n")
    assert seen.tags <= PLAIN
    assert "<script>alert(1)</script>|x| # head" in seen.text
    assert "U+202E" in seen.text
    assert seen.text.strip().endswith("last")


@given(st.text(max_size=80))
def test_any_text_stays_text(text: str) -> None:
    rendered = MARKDOWN.render(f"x {md(text)} y\n\n| h |\n| --- |\n| x {code(text)} y |\n")
    seen = Seen(rendered)
    assert seen.tags <= PLAIN
    assert seen.attributes == set()
    told = " ".join(f"x {visible(text)} y".split())
    paragraph, _, rest = rendered.partition("</p>")
    assert " ".join(Seen(paragraph).text.split()) == told
    assert told in " ".join(Seen(rest).text.split())


@given(st.text(alphabet=st.sampled_from("`~\n ab\\\u202e\x00"), max_size=60))
def test_nothing_ends_a_fence(text: str) -> None:
    seen = MARKDOWN.parse(f"{fenced(text, 'python')}\n\nafter\n")
    assert [token.type for token in seen] == [
        "fence", "paragraph_open", "inline", "paragraph_close",
    ]  # fmt: skip


def test_an_example_is_json_that_reads_back() -> None:
    block = json_block({"text": HOSTILE})
    (token,) = MARKDOWN.parse(block)
    assert json.loads(token.content) == {"text": HOSTILE}
    assert "\u202e" not in block


@pytest.mark.parametrize(
    ("address", "fine"),
    [
        ("https://example.org/a_b?c=1#d", True),
        ("javascript:alert(1)", False),
        ("https://example.org/)[x](y", False),
        ("https://example.org/a b", False),
        ("https://example.org/<b>", False),
    ],
)
def test_only_plain_addresses_are_linked(address: str, fine: bool) -> None:
    assert (web_address(address) is not None) == fine


def test_a_hostile_build_makes_harmless_cards(tmp_path: Path) -> None:
    toy = Toy(text=HOSTILE, reason=HOSTILE, model=HOSTILE, name=HOSTILE, revision=HOSTILE)
    toy.corpora["mine"] = {**toy.corpora["mine"], "repo": HOSTILE, "licence": HOSTILE}
    toy.subsets["(b) [y](z) `q` 'r' $x$ _i_"] = toy.subsets.pop("Mine")
    output = toy.write(tmp_path)
    duplicates(output, "RLAIF-V", [(HOSTILE, HOSTILE)])
    contamination(output, "RLAIF-V", [(HOSTILE, HOSTILE, True)])
    amend(
        output,
        left_out={HOSTILE: HOSTILE},
        libraries={HOSTILE: HOSTILE},
        decontamination={
            "fingerprints": {HOSTILE: {"digest": HOSTILE, "repo": HOSTILE, "items": 1}},
            "waived": {"other": HOSTILE},
        },
    )
    failed = {"expectation": HOSTILE, "column": HOSTILE, "passed": False, "wanted": HOSTILE,
              "observed": HOSTILE}  # fmt: skip
    gate = {"passed": False, "checked": HOSTILE, "subsets": {HOSTILE: {"expectations": [failed]}},
            "waivers": [{"reason": HOSTILE}]}  # fmt: skip
    audit = {"audit": HOSTILE, "scope": "subset", "subject": "RLAIF-V", "value": 1, "rows": 2,
             "verdict": HOSTILE, "note": HOSTILE}  # fmt: skip
    find(output, "gate", **gate)
    find(output, "audits", audits=[audit])
    cards = render_card(output, None, "ada/toy", "1.0.0", changes=[HOSTILE])
    pages = {path: data.decode() for path, data in cards.items() if path.endswith(".md")}
    allowed = PLAIN | {"h1", "h2", "h3", "ul", "li", "a", "strong", "em", "pre", "blockquote"}
    for path, text in pages.items():
        body = text.split("\n---\n", 1)[1] if path == "README.md" else text
        seen = page(body)
        assert seen.tags <= allowed, path
        assert seen.attributes <= {"href", "style", "class"}, path
        assert not any(link.startswith(("javascript", "https://x.test")) for link in seen.links)
        assert "\u202e" not in text
        assert "\x1b" not in text
    assert html.unescape(pages["README.md"]).count("{{ 7 * 7 }}") > 10
    # No text has added a cell to its row.
    for text in pages.values():
        for token in MARKDOWN.parse(text):
            assert token.type != "html_block"
        tables = [block for block in text.split("\n\n") if block.startswith("| ")]
        for block in tables:
            assert len({line.count("|") for line in block.splitlines()}) == 1, block


def test_a_name_that_no_config_can_have_is_refused(tmp_path: Path) -> None:
    toy = Toy()
    toy.subsets['a"b'] = toy.subsets.pop("Mine")
    with pytest.raises(BuildError, match="can't be a config on the Hub, its name has '\"'"):
        render_card(toy.write(tmp_path), None, "ada/toy", "1.0.0")
