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
    r"|not[ ]+eligible|(?:(?:will|shall|should|must|may|can|could)[ ]+not|cannot)[ ]+(?:be[ ]+(?:included|enroll?ed|recruited|eligible|accepted|admitted|entered|allowed|permitted)|participate|enroll?|take part|enter))"
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
    r"[.;][ \n]+|\n|[ ,;:.]+(?=(?:however|but|although|though|whereas|note|nb|n\.b\.|except(?:ing)? that|with the exception (?:that|of)|unless)\b)",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.;](?:[ \n]+|$)|\n")
_DENIES = re.compile(
    r"\b(?:not|no|never|but|only|unless|except|excluded?|excluding|ineligible|prohibited|must)\b|\bor\b[^.;]{0,40}\b(?:has|have|had|is|are)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:if|provided|providing|as long as|so long as|unless|only|when|until|at the (?:discretion|judge?ment)|with (?:the )?(?:prior )?(?:approval|consent|permission|agreement)"
    r"|subject to|but|except|must|should|on (?:the )?condition|case[- ]by[- ]case|with caution|after (?!(?:prior |previous )?(?:treatment|chemotherapy|radiotherapy|surgery))"
    # what is allowed up to a limit is not allowed beyond it
    r"|up to|at least|(?:no|not) more than|less than|fewer than|a maximum of|stable|short(?: course)?|(?:one|two|1|2) prior)\b|[<>≤≥]",
    re.IGNORECASE,
)
# `Patients with X are eligible`: whom the study takes, or whom it takes as well.
_SAYS_WHO = re.compile(r"eligib|includ|enrol|participat|enter|acceptable to", re.IGNORECASE)
_AS_WELL = re.compile(
    r"\b(?:also|still|even|regardless|irrespective|other|either|both|any (?:race|ethnic\w*|gender|sex)|all (?:races|tumou?r|ethnic\w*)|not (?:be )?(?:excluded|required|an exclusion))\b",
    re.IGNORECASE,
)
_OLD_HEADING = re.compile(r"\W*(?:disease|patient) characteristics\b", re.IGNORECASE)
_EXCEPTS_FIRST = re.compile(
    r"\W*(?:with the exception of|except(?: for)?|other than|apart from|aside from)\b", re.IGNORECASE
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
    if not start and (before.count(" ") > _LONG or _OLD_HEADING.match(said) or _EXCEPTS_FIRST.match(before)):
        return Reach(0, goes_on=True)
    ends = _ENDS.search(said, last)
    closes = ends.end() if ends is not None else len(said)
    behind = re.search(r"\w", said[closes:]) is not None
    return Reach(start, behind or _DENIES.search(said, last, closes) is not None)


def is_conditional(said: str) -> bool:
    """Whether the words of a permission name a condition, so that not everybody whom they concern is permitted."""
    return _CONDITION.search(said) is not None


def may_say_who(said: str, first: int, last: int) -> bool:
    """Whether the permission found from `first` to `last` may be what the study asks of everybody."""
    return _SAYS_WHO.search(said, first, last) is not None and _AS_WELL.search(said) is None


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
