"""Lines that head others: inclusion or exclusion, groups of people, parts of a study, topics."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from trialist.criteria.caseless import Caseless, Low, lowered
from trialist.criteria.criterion import Polarity, Population
from trialist.criteria.lexicon import word_set

_LONGEST_HEADING = 110
_LONGEST_TOPIC = 60
_DECORATION = r"[ \t]*(?:[-*•#>]+[ \t]*)?(?:\(?(?:[0-9]{1,2}|[A-Za-z]|[IVX]{1,4})[.):][ \t]*)?[*_\[#{]*"
_PLAIN = Caseless(
    _DECORATION + r"(?P<said>(?:[\w/&'+,.-]+[ \t]+|\([^)\n]{1,40}\)[ \t]*){0,7}?"
    r"(?:in|ex|non-?in|non in)clusions?(?:/exclusions?)?(?:[ \t]+(?:criteri(?:a|on|um)|requirements?|factors))?"
    r"(?:[ \t]*\([^)\n]{1,60}\)|[ \t]+(?:for|of|at|in|to|include|includes|are|as follows|-|[\w/'’&,.+()-]+)){0,9}?)"
    r"[*_\]}]*[ \t]*(?P<colon>[:;]|-(?=[ \t]*[A-Z*•]|$)|\.(?=[ \t]*$)|(?=[ \t]*$))[*_]*[ \t]*",
)
_INLINE = re.compile(
    r"(?<=[\s.;:,)\]\w-])(?P<head>(?:(?:[Kk]ey|[Mm]ain|[Mm]ajor|KEY|MAIN|[Gg]eneral)[ \t]+)?(?:Inclusion|Exclusion|INCLUSION|EXCLUSION)"
    r"[ \t]+(?:[Cc]riteria|CRITERIA)[ \t]*:)"
)
# A line end that was lost: `able to read English Exclusion Criteria`
_AT_THE_END = re.compile(
    r"(?<=[\w.)\]]{3}[ \t])(?:(?:[Kk]ey|[Mm]ain|[Mm]ajor|[Gg]eneral)[ \t]+)?(?:Inclusion|Exclusion|INCLUSION|EXCLUSION)[ \t]+(?:[Cc]riteria|CRITERIA)[ \t]*$"
)
_GOES_ON_TO = re.compile(
    r"\b(?:and|or|nor|the|above|criteria|of|of these|other|additional|specific|relevant|any|no|following|further|same|all|those|these|to|meets?|in|under|see|our|as|are|is|for|per|by|with|not|study|trial)[ \t/&]*$",
    re.IGNORECASE,
)
_NAMES_WHO = re.compile(r"\b(?:cohorts?|groups?|recruitment|platform|arms?|strat\w+)\b", re.IGNORECASE)
_MOST_OF_A_HEADING = 4
_LEADS = Caseless(
    r"\b(?:following|any of|one of|all of|either|at least|these|below|as follows|if|who|must|have|has|with|defined|including|such as|such that)\b",
)
_SENTENCE = Caseless(
    r"\b(?:must|should|will|is|was|has|have|had|who|that|which|met|not|fulfil\w*|meet\w*|no|all|any|above|other)\b",
)
_GROUP = Caseless(
    r"(?:(?:for|in|the|all|adult|pa?ediatric|healthy|normal|control|patients?|subjects?|potential|prospective|related|unrelated|haplo\w*|stem|cell|"
    r"bone|marrow|sibling|matched|recipients?|donors?|case|study|inclusion|exclusion|criteria|eligibility|selection|additional|specific|and|of|to|"
    r"caregivers?|carers?|parents?|family|members?|controls?|volunteers?|participants?|group|cohorts?|arms?|parts?|phase|stratum|"
    r"cases?|sites?|cent(?:er|re)s?|clinicians?|physicians?|providers?|[IVX]{1,4}[ab]?|[0-9]{1,2}[ab]?|[A-H])\b[ \t/&,()-]*){1,8}[:.]?[ \t]*$",
)


@dataclass(frozen=True, slots=True)
class Heading:
    """What a heading says; None where it says nothing of the kind. `end` is where its words end in the line."""

    end: int
    polarity: Polarity | None = None
    both: bool = False
    population: Population | None = None
    scope: tuple[tuple[str, str], ...] = ()
    topic: str = ""
    restarts: bool = False


@cache
def _rules() -> Mapping[str, Any]:
    text = (resources.files("trialist.criteria") / "rules" / "headings.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _patterns(table: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (name, re.compile(pattern, re.IGNORECASE))
        for name, pattern in _rules()[table].items()
        if isinstance(pattern, str)
    )


@cache
def _pdq() -> Caseless:
    names = "|".join(re.escape(name) for name in _rules()["polarity"]["pdq"])
    return Caseless(rf"[ \t]*(?:{names})[ \t]*(?::|--)?[ \t]*$")


def inline_headings(line: str) -> list[int]:
    """Where in a line further headings of inclusion or exclusion begin."""
    if not ("clusion" in line or "CLUSION" in line):
        return []
    places = [match.start("head") for match in _INLINE.finditer(line)] if ":" in line else []
    last = _AT_THE_END.search(line)
    if last is not None and last.start() not in places and _is_a_statement(line[: last.start()]):
        places.append(last.start())
    return [place for place in places if not _is_group(lowered(line[:place].strip(" \t*#-•")))]


def _is_a_statement(said: str) -> bool:
    """Whether words before a heading in its line say something of their own, and not what is headed."""
    words = said.strip(" \t*#-•").split()
    if _GOES_ON_TO.search(said) or _NAMES_WHO.search(said):
        return False
    return len(words) > _MOST_OF_A_HEADING or "consent" in said


def _is_group(low: Low) -> bool:
    return _GROUP.of(low).match(low.text) is not None


def read_heading(line: str, is_marked: bool) -> Heading | None:
    """A line → what it heads, or None when it is a statement; words behind a heading's colon are not part of it."""
    stripped = line.strip()
    if not stripped:
        return None
    low = lowered(line)
    if _pdq().of(low).match(low.text):
        return Heading(len(line), Polarity.INCLUSION, topic=stripped.rstrip(":"), restarts=True)
    return _plain_heading(line, low) or _lead_heading(line, is_marked) or _group_heading(line, is_marked)


def _plain_heading(line: str, low: Low) -> Heading | None:
    """`Key Inclusion Criteria for donors:` with or without words behind it."""
    if low.is_small and "clusion" not in low.text:
        return None
    found = _PLAIN.of(low).match(low.text)
    if found is None:
        return None
    said = line[found.start("said") : found.end("said")]
    behind = line[found.end() :].strip()
    words = len(said.split())
    if not found["colon"] and not re.search(r"criteri|clusions?\W*$", said, re.IGNORECASE):
        return None
    if len(said) > _LONGEST_HEADING or (words > 3 and _is_sentence(said) and not _is_about_list(said)):
        return None
    if (
        behind
        and (found["colon"] == "-" or not found["colon"])
        and not re.match(r"(?:key |main )?(?:in|ex)clusion criteria\W*$", said, re.IGNORECASE)
    ):
        return None
    if behind and found["colon"] == ":" and not re.search(r"criteri|^\W*\w+$", said, re.IGNORECASE):
        return None
    if _NAMES_A_MOMENT.search(said) and not re.search(r"criteri", said, re.IGNORECASE):
        return None
    polarity, both = _polarity(said)
    rest = re.sub(r"(?i)(?:non-?)?(?:in|ex)clusions?|criteri(?:a|on|um)|key|main|major|general", " ", said)
    return Heading(
        found.end(), polarity, both, _population(rest), _scope(rest), said.strip(" :*"), restarts=True
    )


# `Stroke within 12 months prior to inclusion`: when something was, and no heading.
_NAMES_A_MOMENT = re.compile(
    r"\w.*\b(?:prior|prior to|before|at|after|since|until|upon|on|during|from|preceding|following|previous|of|month|months|week|weeks|day|days|year)[ \t]+(?:(?:the|this|study|trial|patients?|time|day|of)[ \t]+)*(?:in|ex)clusions?\b|\b(?:within|in)[ ]+(?:the[ ]+)?(?:last[ ]+|past[ ]+)?[0-9]",
    re.IGNORECASE,
)


def _is_sentence(said: str) -> bool:
    low = lowered(said)
    return _SENTENCE.of(low).search(low.text) is not None


def _is_about_list(said: str) -> bool:
    return bool(re.match(r"\W*(?:in|ex)clusion criteri", said, re.IGNORECASE))


def _lead_heading(line: str, is_marked: bool) -> Heading | None:
    """`Patients will be excluded if they have any of the following:`, where it is no list item."""
    stripped = line.strip()
    if is_marked or not stripped.endswith(":") or len(stripped) > 2 * _LONGEST_HEADING:
        return None
    polarity, both = _polarity(stripped)
    if polarity is None:
        return None
    if len(stripped.split()) > 3 and not re.search(
        r"\b(?:criteria|eligib\w+|ineligib\w+|exclu\w+|includ\w+|inclusion)\b", stripped, re.IGNORECASE
    ):
        return None
    if re.search(
        r"(?:,|\bdisease|\bcancer|\btumou?rs?|not limited to)\b.{0,12}\b(?:including|includes?|excluding)\W*$",
        stripped,
        re.IGNORECASE,
    ):
        return None
    if re.search(
        r"\bincluding\W*$|\bwhich include\W*$|\binclud(?:ing|e|es) (?:but|any|one|the following)\b",
        stripped,
        re.IGNORECASE,
    ):
        return None
    return Heading(
        len(line), polarity, both, _population(stripped, strict=True), _scope(stripped), stripped.rstrip(":")
    )


def _group_heading(line: str, is_marked: bool) -> Heading | None:
    """`Donor:`, `Cohort 2 (relapsed)`, `Age:` where it heads a list."""
    stripped = line.strip()
    if not is_marked and stripped.strip(":-* ").lower() in _rules()["polarity"]["topics"]:
        return Heading(len(line), topic=stripped.strip(":-* "))
    ends = stripped.endswith((":", "--"))
    stripped = stripped.rstrip("-")
    bare = stripped.strip("*_#[] ").rstrip(":").strip("*_ ")
    if is_marked or not bare or len(bare) > _LONGEST_HEADING:
        return None
    low = lowered(bare)
    is_group = _is_group(low) and len(bare.split()) <= 8
    if not is_group and not ends:
        return None
    scope = _scope(bare)
    if is_group and (ends or len(bare) <= 45) and (ends or not _is_sentence(bare)):
        population = _population(bare)
        if population is not None or scope:
            return Heading(len(line), None, False, population, scope, bare)
    if ends and scope and len(bare) < 80 and not _LEADS.of(low).search(low.text):
        return Heading(len(line), None, False, _population(bare), scope, bare)
    if (
        ends
        and len(bare) <= _LONGEST_TOPIC
        and not _LEADS.of(low).search(low.text)
        and not re.search(r"[.;≥≤<>=]", bare)
    ):
        return Heading(len(line), topic=bare)
    return None


def _polarity(said: str) -> tuple[Polarity | None, bool]:
    """What a heading's first word of the kind says; whether it says both."""
    places = {
        name: match.start()
        for name, pattern in _patterns("polarity")
        if (match := pattern.search(said)) is not None
    }
    if not places:
        return None, False
    if re.search(r"inclusions?(?: criteria)?[ ]*(?:/|and|&|or)[ ]*exclusions?", said, re.IGNORECASE):
        return Polarity.INCLUSION, True
    if "exclusion" in places and re.search(r"\bnot\b|\bnon\b|exclu|inelig", said, re.IGNORECASE):
        return (
            Polarity.EXCLUSION
            if places["exclusion"] <= places.get("inclusion", 10**6)
            else Polarity.INCLUSION
        ), False
    return Polarity(min(places, key=lambda name: places[name])), False


def _population(said: str, strict: bool = False) -> Population | None:
    """Of whom a heading speaks; a strict reading wants the word near the start."""
    for name, pattern in _patterns("population"):
        found = pattern.search(said)
        if found is not None and not (strict and found.start() > 12):
            return Population(name)
    return None


@cache
def _scopes() -> tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]:
    """For each kind of scope the patterns to try, one after the other: a name is in capitals, the word before it need not be."""
    found = []
    for name, pattern in _patterns("scope"):
        said = pattern.pattern
        tries = [re.compile(said, re.IGNORECASE if name == "period" else 0)]
        tries += [pattern] if name in {"phase", "period"} else []
        found.append((name, (*tries, re.compile(said.replace(r"\b(?:", r"\b(?i:", 1)))))
    return tuple(found)


def _scope(said: str) -> tuple[tuple[str, str], ...]:
    """The cohort, arm, part or phase that a heading names."""
    found = []
    for name, tries in _scopes():
        match = next((match for one in tries if (match := one.search(said)) is not None), None)
        if match is not None:
            found.append((name, match["name"]))
    return tuple(found)


_OWN_SCOPE = re.compile(
    r"\W*(?:(?:for|in)[ ]+)?(?:(?:patients|subjects|participants)[ ]+in[ ]+)?(?:the[ ]+)?"
    r"(?P<said>(?:dose[ -])?(?:(?:expansion|escalation)[ ]+)?(?:cohorts?|arms?|parts?|phase|groups?|stratum|strata)[ ]+(?:[0-9]{1,2}[a-z]?|[A-Z][0-9]?|I{1,3}|IV|one|two|three)"
    r"(?:[ ]?(?:,|and|or|&|/|-)+[ ]?(?:(?:cohorts?|arms?|parts?|phase|groups?)[ ]+)?(?:[0-9]{1,2}[a-z]?|[A-Z][0-9]?|I{1,3}|IV|two|three)\b)*"
    r"(?:[ ]+\([^()]{1,60}\))?)(?:[ ]+only|[ ]+(?:patients|subjects|participants))*[ ]*(?::|,| [-–]|-(?= ))[ ]*",
    re.IGNORECASE,
)
_TOPIC_OF_OLD = re.compile(
    r"\W*(?:prior(?:[ /]+)?concurrent therapy|concurrent therapy|disease characteristics|patient characteristics|other)[ ]*:[ ]*(?=\S)",
    re.IGNORECASE,
)


# `Psychiatric or Cognitive Impairments: Significant psychiatric disorders that …`: a title, and the statement that it announces.
_TITLE = re.compile(
    r"\W*[A-Z][\w/-]*(?:[ ](?:and|or|of|the|in|&|/|[A-Z][\w/-]*)){1,7}[ ]?:[ ]+(?=(?:Any|History|Known|Patients?|Subjects?|Participants?|Presence|Significant|Severe|Individuals?|"
    r"Those|Previous|Prior|Current|Evidence|Uncontrolled|Active|Diagnosis|Diagnosed|A|An|Use|Must|Recent)[ ])"
)


def old_topic(said: str) -> int:
    """Where the words behind `PRIOR CONCURRENT THERAPY:` or `Other:` begin, that say nothing by themselves; 0 where there are none."""
    found = _TOPIC_OF_OLD.match(said)
    if found is not None:
        return found.end()
    title = _TITLE.match(said)
    return 0 if title is None or len(said[title.end() :].split()) < 5 else title.end()


_KIND_OF_SCOPE = {
    "cohort": "cohort",
    "arm": "arm",
    "part": "part",
    "phase": "phase",
    "group": "cohort",
    "strat": "cohort",
}


def item_scope(said: str) -> tuple[tuple[tuple[str, str], ...], int]:
    """`Cohort A: …`, `Part 1 only: …` at the start of an item: what it names, and where the words behind it begin."""
    found = _OWN_SCOPE.match(said)
    if found is None or found.end() >= len(said):
        return (), 0
    names = re.sub(r"[ ]+", " ", found["said"]).strip()
    kind = next(kind for word, kind in _KIND_OF_SCOPE.items() if word in names.lower())
    name = re.sub(r"(?i)^.*?\b(?:cohorts?|arms?|parts?|phase|groups?|stratum|strata)[ ]+", "", names, count=1)
    return ((kind, name),), found.end()


_SAYS_OF_WHOM = re.compile(
    r"\b(?:for|of|in|only|aims?|steps?|stages?|phase|part|random\w*|strat\w+|cohorts?|arms?|eyes?|portion|extension|sub-?study|domain|based on|re-?vaccination|re-?treatment|re-?dosing|re-?challenge|roll-?over|cross-?over|maintenance|open-label|booster|continuation)\b|\([^)]*\b(?:eyes?|group|cohort|arm|only)\b|\b(?:groups?|participants?|patients?|subjects?|populations?|volunteers?)\W*$",
    re.IGNORECASE,
)
_SAYS_OF_WHOM_ABOVE = re.compile(
    r"\b(?:aims?|random[12]|(?:first|second) randomi[sz]ation|strat(?:um|a)|cohorts?|arms?|groups?|eyes?|sub-?study|extension (?:study|phase|period)|portion|[\w-]+ phase\W*$|(?:step|stage|part|phase) (?:[0-9]|[IVX]+|[A-D])\b)",
    re.IGNORECASE,
)
# `for both groups`, `for all arms of the protocol`; `Children may be eligible for this study if they:` of a study of children
_OF_ALL = re.compile(
    r"\b(?:all(?: the)?(?: two| three| four| five)?|both|common to(?: the)? two|common to(?: the)? three)(?: the| study| treatment)? (?:groups|arms|cohorts|parts|phases|aims|strata|populations)\b|^\W*(?:children|infants|men and women|adults|adolescents) (?:may|will|can)(?: not)? be eligible for this study if they\b"
)
_SAYS_NOTHING_OF_WHOM = word_set("of_headings")
_EXCLUDED_WITHIN = re.compile(r"\bwithin\b.*\b(?:hours?|days?|weeks?|months?|years?)\b", re.IGNORECASE)


@lru_cache(256)  # many items share them
def limits_of(path: tuple[str, ...], above: str) -> str:
    """What the headings above an item limit it to, and no part of its reading says: a group, an eye, a time; "" where nothing."""
    for heading in path:
        words = set(re.findall(r"[a-z][a-z'-]*", _OF_ALL.sub(" ", heading.lower())))
        if _SAYS_OF_WHOM.search(heading) and words - _SAYS_NOTHING_OF_WHOM:
            return heading
        if heading is path[0] and _EXCLUDED_WITHIN.search(heading):
            return heading
    is_title = above.rstrip().endswith(":") or len(above.split()) < _SHORT
    short = is_title and len(above.split()) < _SHORT_TOPIC
    return above if short and _SAYS_OF_WHOM_ABOVE.search(_OF_ALL.sub(" ", above.lower())) else ""


_SHORT_TOPIC, _SHORT = 12, 5  # words
_OF_CRITERIA = re.compile(
    r"\b(?:(?:additional|adjunctive|specific|key|main|major|general)\b[ ]*)*(?:(?:in|ex)clusions?|eligibility|selection|entry)?[ ]*\bcriteria\b(?:[ ]+(?:for|of|to|in|are|include)\b)*|^\W*(?:in|ex)clusions?[ ]+(?:for|of|in)\b|[ ]*\b(?:in|ex)clusions?\W*$|\b(?:characteristics[ ]+of|specific[ ]+(?:to|for)|eligibility[ ]+for)\b|^[ ]*(?:for|in)[ ]+(?:the[ ]+)?",
    re.IGNORECASE,
)
_NAMES_A_GROUP = re.compile(_rules()["groups"]["names"], re.IGNORECASE)
_NO_GROUP = re.compile(_rules()["groups"]["other"], re.IGNORECASE)
_LONGEST_GROUP = 9  # words


@lru_cache(256)  # many items share them
def group_of(heading: str) -> str:
    """`Exclusion criteria for the HFpEF group` → `HFpEF group`: whom alone what stands below is asked of; "" where a heading says more or else."""
    if _NO_GROUP.search(heading):
        return ""
    name = re.sub(r"[ ]+", " ", _OF_CRITERIA.sub(" ", heading)).strip(" -–:;,.*[]").removeprefix("the ")
    name = name[1:-1] if name.startswith("(") and name.endswith(")") else name
    is_named = _NAMES_A_GROUP.search(name) is not None and len(name.split()) <= _LONGEST_GROUP
    return name if is_named and len(name.split()) > 1 else ""
