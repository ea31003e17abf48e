"""Raw text → text that rules can read, every character knowing where it stood.

One pass: markdown escapes and HTML entities (also doubly escaped) are read, comparison signs in all their spellings become
one sign, full-width and typographic signs ASCII ones, superscripts `^` and digits. Line ends stay where they are.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from trialist.criteria.caseless import Low, lowered

_GE, _LE, _NE, _PM = "≥", "≤", "≠", "±"
_SIGNS: Mapping[str, str] = {
    **dict.fromkeys("⩾≧≥", _GE),
    **dict.fromkeys("⩽≦≤", _LE),
    **dict.fromkeys("＞˃›", ">"),
    **dict.fromkeys("＜˂‹", "<"),
    **dict.fromkeys("‘’ʼ´`＇′", "'"),
    **dict.fromkeys("“”„″", '"'),
    **dict.fromkeys("–—‐‑‒−－﹣", "-"),
    **dict.fromkeys("～〜∼", "~"),
    **dict.fromkeys("×✕∗⁎", "x"),
    **dict.fromkeys("•·●▪◦○■□‣∙⋅►▶✓", "•"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000\t", " "),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
    "μ": "µ",
    "Μ": "µ",
    "，": ", ",
    "、": ", ",
    "。": ". ",
    "；": "; ",
    "：": ": ",
    "（": " (",
    "）": ") ",
    "【": "[",
    "】": "]",
    "…": "...",
    "℃": "°C",
    "㎡": "m^2",
    "㎎": "mg",
    "㎏": "kg",
    "㎖": "mL",
    "㎕": "µL",
    "㎜": "mm",
    "㎝": "cm",
    "½": "1/2",
    "％": "%",
    "／": "/",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "＝": "=",
    "＋": "+",
    "．": ".",
    "Ⅰ": "I",
    "Ⅱ": "II",
    "Ⅲ": "III",
    "Ⅳ": "IV",
    "Ⅴ": "V",
    **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
}
_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SUB = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_ESC = r"\\?"
_RULES = re.compile(
    "|".join(
        (
            # a comparison in two signs, each perhaps escaped, perhaps parted: >=  > or =  >/=  =>  \>\=
            rf"(?P<ge>{_ESC}(?:>|&(?:amp;){0, 2}gt;)[ ]?(?:(?:or|/|and)[ ]?)?{_ESC}=(?:[ ]to\b)?|=[ ]?(?:/[ ]?)?{_ESC}>|{_ESC}>{_ESC}_(?=[ ]?[0-9])|≥[ ]?(?:/[ ]?)?=|>[ ]or[ ]equal[ ]to\b)",
            rf"(?P<le>{_ESC}(?:<|&(?:amp;){0, 2}lt;)[ ]?(?:(?:or|/|and)[ ]?)?{_ESC}=(?:[ ]to\b)?|=[ ]?(?:/[ ]?)?{_ESC}<|{_ESC}<{_ESC}_(?=[ ]?[0-9])|≤[ ]?(?:/[ ]?)?=|<[ ]or[ ]equal[ ]to\b)",
            r"(?P<pm>\+[ ]?/[ ]?-|\+-)",
            r"(?P<entity>\\?&(?:amp;){0,2}(?:[A-Za-z][A-Za-z0-9]{1,24}|#[0-9]{1,6}|#[xX][0-9A-Fa-f]{1,5});)",
            r"(?P<escape>\\(?P<escaped>[!-/:-@\[-`{-~]))",
            r"(?P<power>[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)",
            r"(?P<below>[₀₁₂₃₄₅₆₇₈₉]+)",
            r"(?P<crlf>\r\n?)",
            r"(?P<mark>(?:(?<=\n)|\A)[0-9]{1,2}、)",
            "(?P<sign>[" + re.escape("".join(_SIGNS)) + "])",
        )
    )
)

# What any rule begins with: most texts have few such characters, and the rules are tried at them alone.
_CANDIDATE = re.compile("[<>=+&\\\\\r⁰¹²³⁴⁵⁶⁷⁸⁹⁻₀₁₂₃₄₅₆₇₈₉" + re.escape("".join(_SIGNS)) + "]")


def _matches(raw: str) -> Iterator[re.Match[str]]:
    """The matches of the rules from left to right."""
    if "、" in raw:  # its rule alone begins with what stands before it
        yield from _RULES.finditer(raw)
        return
    after = 0
    for candidate in _CANDIDATE.finditer(raw):
        if candidate.start() >= after and (found := _RULES.match(raw, candidate.start())) is not None:
            after = found.end()
            yield found


@dataclass(frozen=True, slots=True)
class Normalised:
    """`text`, and for each of its places where it stood in `raw`; `low` is for patterns that ignore case.

    `marks` holds pairs of places, one wherever the distance between the two texts changes.
    """

    raw: str
    text: str
    starts: tuple[int, ...]
    origins: tuple[int, ...]
    fixed: tuple[bool, ...]
    low: Low

    def shift(self, start: int, end: int) -> int | None:
        """How far a stretch of the text stood behind its place, where that is the same for all of it; else None."""
        index = bisect_right(self.starts, start) - 1
        is_one = index + 1 == len(self.starts) or end < self.starts[index + 1]
        return self.origins[index] - self.starts[index] if is_one and not self.fixed[index] else None

    def raw_start(self, place: int) -> int:
        """Where the character at a place begins in the raw text."""
        index = bisect_right(self.starts, place) - 1
        if self.fixed[index]:
            return self.origins[index]
        return self.origins[index] + place - self.starts[index]

    def raw_end(self, place: int) -> int:
        """Where the character before a place ends in the raw text."""
        if place <= 0:
            return 0
        index = bisect_right(self.starts, place - 1) - 1
        if self.fixed[index]:
            return self.origins[index + 1] if index + 1 < len(self.origins) else len(self.raw)
        return self.origins[index] + place - self.starts[index]


def normalise(raw: str) -> Normalised:
    """A raw text → its normalised text with places."""
    pieces: list[str] = []
    starts, origins, fixed = [0], [0], [False]
    length = after = 0
    for match in _matches(raw):
        replaced = _replace(match)
        pieces.append(raw[after : match.start()])
        length += match.start() - after
        if replaced:
            starts.append(length)
            origins.append(match.start())
            fixed.append(True)
            pieces.append(replaced)
            length += len(replaced)
        after = match.end()
        starts.append(length)
        origins.append(after)
        fixed.append(False)
    pieces.append(raw[after:])
    text = "".join(pieces)
    return Normalised(raw, text, tuple(starts), tuple(origins), tuple(fixed), lowered(text))


def _replace(match: re.Match[str]) -> str:
    kind = match.lastgroup if match["escape"] is None else "escape"
    found = match.group()
    match kind:
        case "ge":
            return _GE
        case "le":
            return _LE
        case "pm":
            return _PM
        case "escape":
            return match["escaped"]
        case "entity":
            read = html.unescape(html.unescape(html.unescape(found.removeprefix("\\"))))
            return "".join(_SIGNS.get(char, char) for char in read)
        case "power":
            return "^" + found.translate(_SUPER)
        case "below":
            return found.translate(_SUB)
        case "mark":
            return found[:-1] + ". "
        case "crlf":
            return "\n"
        case _:
            return _SIGNS[found]
