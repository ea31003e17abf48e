"""The registry's prose as blocks."""

from __future__ import annotations

import pytest

from trialist.views.markup import parse_markup, plain_text, unescape


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (r"AST\>2\*ULN, m\^2, \~5, \[a\], 1\<2", "AST>2*ULN, m^2, ~5, [a], 1<2"),
        ("a \\ b", "a \\ b"),
        ("&lt;5 &amp; &#8805;3 &#x2264;", "<5 & ≥3 ≤"),
        (r"\&gt;", ">"),
        ("AT&T; &nosuch; &#0; &#xD800; &#x110000;", "AT&T; &nosuch; &#0; &#xD800; &#x110000;"),
        (r"\\>", r"\>"),
    ],
)
def test_escapes(raw: str, read: str) -> None:
    assert unescape(raw) == read


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("", ""),
        (" \n\n ", ""),
        ("one\n\ntwo", "one\ntwo"),
        ("* a\n* b\n  * b1\n    * b2\n* c", "• a\n• b\n  • b1\n    • b2\n• c"),
        ("1. a\n2. b\n   * x\n3) c", "1. a\n2. b\n  • x\n3) c"),
        ("1.glued\n2.4-70 years", "1.glued\n2.4-70 years"),
        ("* a\n\n* b", "• a\n• b"),
        ("Title:\n* a", "Title:\n• a"),
        ("    -  old\n         -  older", "• old\n  • older"),
        (r"\- escaped hyphen", "• escaped hyphen"),
        ("* a\r\n* b", "• a\n• b"),
        ("Short line\nanother line", "Short line\nanother line"),
        (
            "A line that a form has wrapped because it was longer than the\nwidth of that form",
            "A line that a form has wrapped because it was longer than the width of that form",
        ),
        ("* item\n\n  its second paragraph", "• item\n  its second paragraph"),
        ("*not a bullet*", "*not a bullet*"),
        ("score of\n- 2", "score of\n- 2"),
    ],
)
def test_blocks(raw: str, read: str) -> None:
    assert plain_text(parse_markup(raw)) == read
