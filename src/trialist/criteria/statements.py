"""Parts of a sentence that are read as a whole: consent and other attestations, judgement, other trials."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from trialist.criteria.lexicon import cues

_REFUSAL = re.compile(
    r"\b(?:un(?:able|willing\w*|likely|cooperative)|inability|incapable|refus\w+|not|no|cannot|lack\w*|without|fail\w*|declin\w+|poor|non-?\w*|absence|"
    r"withdr\w+|incompeten\w*|impaired|barriers?|unlikely|in?capacit\w*|illitera\w+|prison\w*|homeless\w*|deprived|difficult\w*|impaired|absent|absence)\b",
    re.IGNORECASE,
)
_REFUSED_BEFORE = re.compile(
    r"\b(?:impaired|absent|absence of|no|not|unable|inability|lack of|without|limited|poor|insufficient|refusal|refuse[sd]?)[ ]+(?:to[ ]+|of[ ]+)?$",
    re.IGNORECASE,
)
_FORGOES = re.compile(
    r"\b(?:willing\w*|agree\w*|refrain\w*|forego|forgo|abstain|consent|able)\b[^;.]{0,60}$", re.IGNORECASE
)
# Behind one of these a new statement begins, unless it speaks of the study as well.
_BREAK = re.compile(r"[;]|,?[ ]+(?:and|or|and/or|but)[ ]+|,[ ]+", re.IGNORECASE)
_STUDY_WORDS = re.compile(
    r"\b(?:study|protocol|procedures?|visits?|consent|follow|comply|complet\w+|requirements?|restrictions?|assessments?|instructions?|questionnaires?|schedule\w*|"
    r"contracepti\w+|birth control|abstinence|abstain|investigator|understand\w*|sign|able|willing\w*|cooperat\w+|participat\w+|samples?|diary|diaries|read|write|speak|language|"
    r"english|representative|guardians?|parents?|legally|data|information|risks?|benefits?|interview|laboratory tests?|examinations?|methods?|condoms?|iud|barrier|"
    r"hormonal|vasectom\w+|intercourse|partner|sexual\w*|during|after|until|before|throughout|at least [0-9]|for [0-9]|months|weeks|days|purpose|nature|communicat\w+|"
    r"personnel|staff|regimen|tests?|monitoring|return|adhere\w*|availab\w+|agree\w*|safety|results?|interpret\w*|evaluat\w+|efficacy|outcomes?|participa\w+|treatment|"
    r"therapy|medications?|compl\w+|signed|written|dated|voluntar\w+|provid\w+|give|given|obtain\w*|form|icf|authori[sz]ation|hipaa|attend\w*|undergo|perform)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A stretch of a normalised text that is one atom: kind attestation, judgement or trialwise, and its topic."""

    kind: str
    topic: str
    start: int
    end: int
    affirmed: bool = True


@cache
def _patterns() -> Mapping[str, tuple[tuple[str, re.Pattern[str]], ...]]:
    found: dict[str, tuple[tuple[str, re.Pattern[str]], ...]] = {}
    for kind in ("trialwise", "judgement", "attestation"):
        found[kind] = tuple((topic, re.compile(said, re.IGNORECASE)) for topic, said in cues()[kind].items())
    return found


_TRIGGER = {
    "attestation": re.compile(
        r"consent|assent|icf|hipaa|authori|compl|adher|cooper|co-oper|follow|return|visit|particip|diary|part\b|contracep|birth|abstin|abstain|condom|barrier|sperm|"
        r"egg|ova|oocyt|father|speak|english|spanish|french|german|chinese|language|mandarin|read|danish|dutch|hebrew|japan|korean|litera|fluent|access|has|have|own|us|live|"
        r"living|resid|geogr|insur|social|affil|caregiv|homeless|travel|benef|prison|incarc|guardian|curat|tutel|legal|protect|vulner|employ|depriv|able|abil|cannot|can\b|"
        r"capab|willing|agree|refus|refrain|inten|plan|accept|volunt|desir|interest|motiv|wish|mental|cognit|decision|capac|compet|sound|judic",
        re.IGNORECASE,
    ),
    "judgement": re.compile(
        r"investig|physician|doctor|clinician|opinion|judg|discret|suit|interfer|may|might|would|could|will|can|preclud|unaccept|sponsor|reason|poor|unfit|"
        r"appropriate|researcher|oncolog|surgeon|monitor|team|pi\b|other",
        re.IGNORECASE,
    ),
    "trialwise": re.compile(
        r"trial|stud|protocol|investigation|experiment|research|unapproved|unlicen|regist", re.IGNORECASE
    ),
}


def find_statements(
    text: str, start: int, end: int, taken: list[tuple[int, int]], known: list[tuple[int, int]]
) -> list[Statement]:
    """The statements of a clause that are read as a whole; none reaches into a stretch already taken.

    `known` are the places of conditions: an attestation never swallows one ("dementia or inability to consent").
    """
    found: list[Statement] = []
    blocked = list(taken)
    piece = text[start:end]
    for kind in ("trialwise", "judgement", "attestation"):
        if not _TRIGGER[kind].search(piece):
            continue
        for topic, pattern in _patterns()[kind]:
            for match in pattern.finditer(text, start, end):
                begin, stop = match.span()
                stop = min([stop, *(first for first, _ in blocked if begin < first < stop)])
                begin = max([begin, *(last for _, last in blocked if begin < last <= stop)])
                if kind == "attestation" and topic != "contraception":
                    begin = max([begin, *(last for first, last in known if begin <= first and last < stop)])
                if kind == "trialwise" and _FORGOES.search(text[start:begin]):
                    continue  # what somebody agrees not to do is an attestation
                if stop - begin < 3 or any(first < stop and begin < last for first, last in blocked):
                    continue
                stop = _extend(
                    text, stop, end, [*blocked, *known] if kind == "attestation" else blocked, kind
                )
                while begin < stop and text[begin] in " ,;.":
                    begin += 1
                refused = bool(
                    _REFUSAL.search(text, begin, stop) or _REFUSED_BEFORE.search(text[start:begin])
                )
                found.append(Statement(kind, topic, begin, stop, affirmed=not refused))
                blocked.append((begin, stop))
    return sorted(found, key=lambda one: one.start)


def _extend(text: str, place: int, end: int, blocked: list[tuple[int, int]], kind: str) -> int:
    """Where a statement ends: at the next break behind which something else is said."""
    limit = min([end, *(first for first, _ in blocked if first >= place)])
    if kind == "trialwise":
        return place
    while place < limit:
        found = _BREAK.search(text, place, limit)
        if found is None:
            return limit
        following = _BREAK.search(text, found.end(), limit)
        stop = following.start() if following is not None else limit
        if found.group().strip() == ";" or not _STUDY_WORDS.search(text, found.end(), stop):
            return found.start()
        place = stop
    return limit
