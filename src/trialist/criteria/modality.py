"""Whether a statement asks for something, permits it, or only tells it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from trialist.criteria.caseless import Caseless, Low
from trialist.criteria.criterion import Modality, Polarity
from trialist.criteria.lexicon import cues
from trialist.criteria.permissions import (
    Reach,
    may_say_who,
    reach_of,
)

# `Any patient who has … is eligible` says who is asked for, not who is tolerated besides.
_ALL_WHO = re.compile(
    r"\W*(?:(?:any|all|adult|only)\s+(?:[\w-]+\s+){0,2}(?:patients?|subjects?|participants?|individuals?|persons?|adults?|children|women|men)|everyone|anyone|everybody)\b(?!.*\b(?:allowed|permitted|acceptable|still|regardless|also|races|ethnic\w*)\b)",
    re.IGNORECASE,
)
# `Patients with X will be included`: among what includes, that is whom the study asks for.
_WHO_IS_INCLUDED = re.compile(
    r"\W*(?!.*\b(?:also|may|can|could|still|even|regardless|irrespective|allowed|permitted|acceptable|not|no|unless|except|provided|however|exception|if|other)\b)"
    r"(?:all |any |only |adult |consecutive )*(?:patients?|subjects?|participants?|individuals?|men|women|children|persons?|people|adults?|volunteers?|males?|females?)\b"
    r".*\b(?:are|is|will be|were|shall be)[ ]+(?:included|enrolled|recruited)(?:[ ]+(?:in|into|for|to)[ ]+(?:the |this |our )?(?:present |current )?(?:study|trial|research|project|participat\w+))?\W*$",
    re.IGNORECASE | re.DOTALL,
)


@cache
def patterns() -> Mapping[str, Caseless]:
    """What asks, permits, tells or refers to another text, by its name in the rules."""
    return {name: Caseless(pattern) for name, pattern in cues()["modality"].items()}


NEEDED: Mapping[str, tuple[str, ...]] = {
    "permissive": (
        "accept", "allow", "can ", "clude", "contraind", "eligib", "exclu", "limit", "lower age", "mandatory", "maximum", "may ", "minimum",
        "necessary", "ok", "permit", "required", "restriction", "upper age",
    ),
    "incomplete": ("appendix", "characteristics", "criteria", "not specified", "protocol", "section", "table"),
}  # fmt: skip
"""Letters of which some stand in all that such a pattern finds: it is tried where they do."""


def can_stand(name: str, low: Low) -> bool:
    """Whether a pattern can find anything in a text; where the text is not in small letters that is not asked."""
    if not low.is_small:
        return True
    said = low.text
    return any(map(said.__contains__, NEEDED[name]))  # no generator, which takes thrice as long


# `No patients with X will be included`
NOBODY = re.compile(
    r"\W*(?:also,?[ ]+)?(?:no|none of|neither)\b(?! (?:restrict|limit|m[ai][xn]imum|upper|lower|age))",
    re.IGNORECASE,
)


def is_permission(low: Low) -> bool:
    """Whether anything is permitted in an item."""
    return _permission(low) is not None


def _permission(low: Low) -> re.Match[str] | None:
    """The first words that permit something; `drugs that are accepted to have a risk` permit nothing."""
    if not can_stand("permissive", low):
        return None
    found = patterns()["permissive"].of(low).finditer(low.text)
    return next((one for one in found if not low.text.endswith(("that ", "who "), 0, one.start())), None)


def says_who(said: str, low: Low) -> bool:
    """Whether what is permitted in an item may say whom the study asks for."""
    found = _permission(low)
    return found is not None and may_say_who(said, found.start(), found.end())


def reach_in(said: str, low: Low, excludes: bool) -> Reach | None:
    """What the permission in an item reaches; None where none is found."""
    found = _permission(low)
    if found is None:
        return None
    reach = reach_of(said, found.start(), found.end())
    # Among what includes, `…; patients with X are eligible` may say who alone is.
    may_ask = not excludes and reach.start > 0 and _MAY_ASK.search(found.group()) is not None
    return replace(reach, goes_on=True) if may_ask else reach


_MAY_ASK = re.compile(r"eligib|includ|enrol|participat|enter", re.IGNORECASE)
_NOTE = re.compile(r"\W*(?:\*+ ?)?(?:note|notes|nb|n\.b\.|please note|comment)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"\b(?:must|should|shall|only|excluding|excluded?|except|prohibited|ineligible|need(?:s|ed)? to|has to|have to|required|may not|will not be|cannot be|not (?:be )?(?:allowed|permitted|eligible|enrol\w*|acceptable))\b",
    re.IGNORECASE,
)


def asks_in_a_note(said: str) -> bool:
    """`Note: patients in cohort 2 should have a known mutation`: what nobody has read may ask for something."""
    return _NOTE.match(said) is not None and _ASKS.search(said) is not None


def modality_of(low: Low, polarity: Polarity, permits: bool) -> Modality:
    """Whether an item requires something, permits it, or only tells it."""
    known, said = patterns(), low.text
    if len(said) < 400 and known["informative"].of(low).match(said.strip(" \t*-•")):
        return Modality.REQUIRED if asks_in_a_note(said) else Modality.INFORMATIVE
    if permits and not NOBODY.match(said) and not known["denied"].of(low).search(said):
        is_asked = _ALL_WHO.match(said) or (polarity is Polarity.INCLUSION and _WHO_IS_INCLUDED.match(said))
        return Modality.REQUIRED if is_asked else Modality.PERMISSIVE
    return Modality.REQUIRED
