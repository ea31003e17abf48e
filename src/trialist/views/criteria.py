"""Eligibility text → inclusion and exclusion, where the text itself says clearly which is which.

Clear is: one heading of each kind, nothing before the first, and no further heading that divides people into groups.
Then the two headings become ours. Any other shape is shown whole, under one heading. Not a word is left out either way:
a heading that says more than the kind ("Key Inclusion Criteria:") stays as a line of its part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from trialist.views.markup import parse_markup, unescape
from trialist.views.nodes import Block

_HEADING = re.compile(
    r"[ \t]*(?:[*•#-]+[ \t]*)?(?:(?:[0-9]{1,2}|[A-Za-z]|I{1,3})[.)][ \t]*)?(?:[*_]{0,2}|\\?\[[ \t]*)"
    r"(?P<which>(?:key|main|major|principal|general|primary|selected|select|summary|patient|subject|participant|study)s?[ \t]+){0,2}"
    r"(?P<kind>inclusion|exclusion|non-?inclusion)s?(?P<word>[ \t]+(?:criteria|criterion))?(?P<verb>[ \t]+(?:includes?|are|as follows)(?=[ \t]*:))?"
    r"(?:[*_]{0,2}|[ \t]*\\?\])[ \t]*(?P<colon>[::]?)[*_]{0,2}[ \t]*(?P<rest>.*)$",
    re.IGNORECASE,
)
_OTHER_HEADING = re.compile(
    r"\b(?:inclusions?|exclusions?)\b(?:[ \t]+(?:criteria|criterion))?[^.;]{0,60}:?[ \t]*$", re.IGNORECASE
)
# "Donor eligibility criteria:" below the exclusion heading: what follows may include, so the text is not divided.
_FURTHER_CRITERIA = re.compile(
    r"^\W*(?:\w\)\W*)?(?!.*\b(?:exclusions?|not|inclusion/)\b)(?:[\w/'’-]+[ \t]+){0,4}criteria(?:[ \t]*\([^)]*\))?[ \t]*:?[ \t]*$",
    re.IGNORECASE,
)
_KIND_AT_END = re.compile(r"\b(?P<kind>inclusion|exclusion)[ \t]+criteri(?:a|on)$", re.IGNORECASE)
_FAILS = re.compile(r"\b(?:not|no|any|all|meet\w*|fulfil\w*|of|with|other|above)\b", re.IGNORECASE)
_MARKED = re.compile(r"^[ \t]*(?:[*•-]|[0-9]{1,3}[.)])[ \t]")


@dataclass(frozen=True, slots=True)
class Criteria:
    """The parts of an eligibility text: either both `inclusion` and `exclusion`, or `whole`."""

    inclusion: tuple[Block, ...] = ()
    exclusion: tuple[Block, ...] = ()
    whole: tuple[Block, ...] = ()

    def __post_init__(self) -> None:
        if self.whole and (self.inclusion or self.exclusion):
            raise ValueError("a text is either divided or whole")

    @property
    def is_divided(self) -> bool:
        """Whether the text says which criteria include and which exclude."""
        return not self.whole


def split_criteria(text: str) -> Criteria:
    """An eligibility text → its parts."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    headings = [(place, found) for place, line in enumerate(lines) if (found := _heading(line))]
    kinds = [_kind(found) for _, found in headings]
    if kinds != ["inclusion", "exclusion"] or any(line.strip() for line in lines[: headings[0][0]]):
        return Criteria(whole=parse_markup(text))
    (start, opening), (middle, closing) = headings
    if any(_is_other_heading(line) for place, line in enumerate(lines) if place not in {start, middle}):
        return Criteria(whole=parse_markup(text))
    if any(map(_FURTHER_CRITERIA.match, lines[middle + 1 :])) or (
        _has_heading_of("exclusion", lines[start + 1 : middle])
        or _has_heading_of("inclusion", lines[middle + 1 :])
    ):
        return Criteria(whole=parse_markup(text))
    inclusion = _part(opening, lines[start + 1 : middle])
    exclusion = _part(closing, lines[middle + 1 :])
    if not inclusion or not exclusion:
        return Criteria(whole=parse_markup(text))
    return Criteria(inclusion, exclusion)


def _heading(line: str) -> re.Match[str] | None:
    found = _HEADING.match(line)
    if found is None:
        return None
    if found["rest"]:
        return found if found["colon"] and found["word"] and not found["verb"] else None
    return found if found["word"] or found["colon"] or line.strip().isalpha() else None


def _kind(found: re.Match[str]) -> str:
    return "inclusion" if found["kind"].lower() == "inclusion" else "exclusion"


def _is_other_heading(line: str) -> bool:
    """Whether a line is a heading of criteria for some of the people only."""
    if _MARKED.match(line):
        return bool(re.search(r"(?:inclusion|exclusion) criteria[^.;]{0,50}:\s*$", line, re.IGNORECASE))
    return len(line) < 90 and line.rstrip().endswith(":") and bool(_OTHER_HEADING.search(line))


def _has_heading_of(kind: str, lines: list[str]) -> bool:
    """Whether a short line without a colon heads criteria of a kind (`Donor Inclusion Criteria`)."""
    return any(
        len(line) < 90
        and (found := _KIND_AT_END.search(line.rstrip())) is not None
        and found["kind"].lower() == kind
        and not _FAILS.search(line)
        for line in lines
    )


def _part(heading: re.Match[str], lines: list[str]) -> tuple[Block, ...]:
    """The blocks below a heading, after whatever the heading says besides its kind."""
    body = "\n".join([heading["rest"], *lines])
    blocks = parse_markup(body)
    said = heading[0][: heading.start("rest")]
    is_plain = not heading["which"] and heading["kind"].lower() in {"inclusion", "exclusion"}
    if is_plain or not blocks:
        return blocks
    return (Block(unescape(said).strip(" \t*•#-_")), *blocks)
