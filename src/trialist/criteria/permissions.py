"""What a permission reaches: `steroids (topical ones are allowed)` excludes by steroids, and only the rest is permitted.

A sentence that permits something is no criterion. But most permissions stand behind a statement, in parentheses, behind a
semicolon or a `however`, and that statement stands. What is permitted on a condition leaves the condition to be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CONDITIONAL = "permission/conditional"
"""The note on a criterion that permits something on a condition."""

SHUT_OUT = re.compile(
    r",?[ ]+(?<!\bwho )(?<!\bthat )(?<!\bwhich )(?:(?:are|is|were|will be|shall be|must be|should be|have to be|has to be)[ ]+(?:not[ ]+(?:be[ ]+)?eligible|ineligible|excluded|not[ ]+(?:allowed|permitted|included|enroll?ed|recruited|accepted))"
    r"|not[ ]+eligible|(?:(?:will|shall|should|must|may|can|could)[ ]+not|cannot)[ ]+(?:be[ ]+(?:included|enroll?ed|recruited|eligible|accepted|admitted|entered)|participate|enroll?|take part|enter))"
    r"(?:[ ]+(?:for|from|to|in|into)[ ]+(?:the |this |our )?(?:study|trial|participation|inclusion|enroll?ment|participate|research))?\W*$",
    re.IGNORECASE,
)
"""The end of a sentence whose subjects take no part: `… are not eligible for the study`."""

SHUT_OUT_IF = re.compile(
    r"(?:^|(?<=[ ]))(?:patients?|subjects?|participants?|they|those|individuals?)?[ ]*(?:are|is|will be|shall be|must be)[ ]+(?:not[ ]+eligible|ineligible|excluded)(?:[ ]+from[ ]+(?:the |this )?(?:study|trial))?[ ]+if(?:[ ]+(?:they|he|she)\b)?(?:[ ]+have\b)?",
    re.IGNORECASE,
)
"""The beginning of a sentence that shuts somebody out: `Patients will be excluded if …`."""

_LONG = 60  # words; nothing so long is one permission
_TURNS = re.compile(
    r"[.;][ \n]+|\n|[ ,;:.]+(?=(?:however|but|although|though|whereas|note|nb|n\.b\.)\b)", re.IGNORECASE
)
_ENDS = re.compile(r"[.;](?:[ \n]+|$)|\n")
_DENIES = re.compile(
    r"\b(?:not|no|never|but|only|unless|except|excluded?|excluding|ineligible|prohibited|must)\b|\bor\b[^.;]{0,40}\b(?:has|have|had|is|are)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|provided|providing|as long as|so long as|unless|only|when|until|at the (?:discretion|judge?ment)|with (?:the )?(?:prior )?(?:approval|consent|permission|agreement)"
    r"|subject to|but|except|must|should|on (?:the )?condition|case[- ]by[- ]case|with caution)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reach:
    """Where in the words of an item a permission begins, and whether anything behind it may ask for something again."""

    start: int
    goes_on: bool


def reach_of(said: str, first: int, last: int) -> Reach:
    """What the permission found from `first` to `last` reaches; it begins at 0 where the whole item is the permission.

    Nothing is permitted as a whole where the permission stands deep in a long text: `goes_on` says so at 0.
    """
    before = said[:first]
    opened = _unclosed(before)
    if opened is not None:
        closes = _closing(said, opened, last)
        behind = re.search(r"\w", said[closes:]) is not None
        return Reach(opened, behind or _DENIES.search(said, last, closes) is not None)
    turns = [found.end() for found in _TURNS.finditer(before) if re.search(r"\w", before[: found.start()])]
    start = turns[-1] if turns else 0
    if not start and before.count(" ") > _LONG:
        return Reach(0, goes_on=True)
    ends = _ENDS.search(said, last)
    closes = ends.end() if ends is not None else len(said)
    behind = re.search(r"\w", said[closes:]) is not None
    return Reach(start, behind or _DENIES.search(said, last, closes) is not None)


def is_conditional(said: str) -> bool:
    """Whether the words of a permission name a condition, so that not everybody whom they concern is permitted."""
    return _CONDITION.search(said) is not None


def _unclosed(before: str) -> int | None:
    """Where the innermost parenthesis begins that is still open."""
    depth = 0
    for place in range(len(before) - 1, -1, -1):
        if before[place] in ")]":
            depth += 1
        elif before[place] in "([":
            if not depth:
                return place
            depth -= 1
    return None


def _closing(said: str, opened: int, last: int) -> int:
    """Where the parenthesis that was opened is closed behind a place; the end where it never is."""
    depth = 0
    for place in range(opened, len(said)):
        if said[place] in "([":
            depth += 1
        elif said[place] in ")]":
            depth -= 1
            if not depth and place >= last:
                return place + 1
    return len(said)
