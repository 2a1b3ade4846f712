"""Pages of Great Expectations ("Data Docs") that read well offline and run nothing.

The library's own site loads styles and scripts from eight hosts, is unstyled without them, and does
not escape what it shows. Here its page of a result loses scripts and remote files, gets a style and
a content-security policy, and values of the dataset are escaped before they are rendered.
"""

from __future__ import annotations

import html
import re
from typing import Any, Final

#: Nothing is loaded, nothing runs.
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

STYLE: Final = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 75rem; padding: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
td, th { border: 1px solid #8886; padding: .3rem .6rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
th { background: #8882; overflow-wrap: normal; }
.num { text-align: right; font-variant-numeric: tabular-nums; }
.failed { color: #b00020; font-weight: 600; }
.passed { color: #1b6e2c; }
.waived { color: #8a5a00; font-weight: 600; }
@media (prefers-color-scheme: dark) {
  .failed { color: #ff8a80; } .passed { color: #8fd19e; } .waived { color: #ffcc80; }
}
h1 { font-size: 1.4rem; } h5 { font-size: 1.05rem; margin: 1.2rem 0 .3rem; }
.badge { border-radius: .3rem; padding: 0 .4rem; background: #8883; }
.table-responsive, .scroll { overflow-x: auto; }
"""

#: What is taken out of the library's page, with all that is inside.
_OUT: Final = re.compile(
    r"<script\b.*?</script>|<link\b[^>]*>|<style\b.*?</style>|<img\b[^>]*>|<footer\b.*?</footer>"
    r"|<meta\b[^>]*>|<iframe\b.*?</iframe>",
    re.DOTALL | re.IGNORECASE,
)
_HANDLER: Final = re.compile(r"""\son\w+\s*=\s*("[^"]*"|'[^']*')""", re.IGNORECASE)
#: Head of the library's page, its navigation and its buttons, which need scripts.
_BEFORE: Final = re.compile(r'^.*?(?=<div id="section-1")', re.DOTALL)
#: Marks of success and failure are icons of a remote font.
_ICON: Final = re.compile(r'<i\s+class="fas (fa-check-circle|fa-times)[^"]*"[^>]*>\s*</i>')
_ICONS: Final = {
    "fa-check-circle": '<span class="passed">passed</span>',
    "fa-times": '<span class="failed">failed</span>',
}
_LINK: Final = re.compile(r'<a\b[^>]*href="(?!#)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)


def page_of(result: Any) -> str:
    """The page of a result (`ExpectationSuiteValidationResult`); its values are escaped."""
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
    from great_expectations.render.view.view import DefaultJinjaPageView

    for one in result.results:
        one.result = escaped(one.to_json_dict()["result"])
    document = ValidationResultsPageRenderer(run_info_at_end=True).render(result)
    return offline(DefaultJinjaPageView().render(document), result.suite_name)


def escaped(value: Any) -> Any:
    """A value for JSON with every text in it escaped for HTML."""
    if isinstance(value, str):
        return html.escape(value)
    if isinstance(value, float):
        return float(value)  # of numpy's own kind, which the renderer can't read
    if isinstance(value, dict):
        return {key: escaped(one) for key, one in value.items()}
    if isinstance(value, list):
        return [escaped(one) for one in value]
    return value


def offline(page: str, title: str) -> str:
    """A page of the library without scripts, remote files and links that lead out."""
    body = _BEFORE.sub("", _OUT.sub("", page))
    body = _ICON.sub(lambda found: _ICONS[found.group(1)], body)
    body = _LINK.sub(r"\1", _HANDLER.sub("", body))
    body = re.sub(r"</?(?:html|body|head)\b[^>]*>", "", body)
    back = '<p><a href="index.html">All subsets</a></p>'
    return whole_page(title, f"{back}\n<h1>{html.escape(title)}</h1>\n{body}")


def whole_page(title: str, body: str) -> str:
    """A page around a body that is HTML already."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )
