"""Parts of a sentence that are read as a whole: consent and other attestations, judgement, other trials."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from trialist.criteria.caseless import Caseless, Low
from trialist.criteria.lexicon import cues
from trialist.criteria.nodes import And, Attestation, Expr, Or, Span
from trialist.criteria.quick import replace
from trialist.criteria.tokens import Token

_REFUSAL = Caseless(
    r"\b(?:un(?:able|willing\w*|likely|cooperative)|inability|unability|incapable|refus\w+|not|no|cannot|lack\w*|without|fail\w*|low|declin\w+|poor|non-?[ ]?(?:complian|adheren|cooperat|co-operat|willing|consent|collaborat|agree|ability|english|fluent|complet|attend|understand|comprehen|speak|literate|[a-z]+[ -]speak)\w*|absence|"
    r"withdr\w+|incompeten\w*|impaired|language barriers?|unlikely|in?capacit\w*|illitera\w+|compromis\w*|jeopardi[sz]\w*|prevents?|prison\w*|homeless\w*|deprived|difficult\w*|impaired|absent|absence)\b"
)
# `agree to use contraception to prevent pregnancy`, `use of a method with a low failure rate`: what follows describes what is agreed to.
_AGREED = Caseless(
    r"\b(?:agree\w*|willing\w*|able|ability|consent\w*|must|capable|accepts?|commit\w*|use of|using|to use)\b"
)
_REFUSES_ANYWHERE = Caseless(
    r"(?:un(?:able|willing\w*|cooperative)|inability|unability|incapable|refus\w+|cannot|not[ ]+(?:to[ ]+|be[ ]+|been[ ]+)?(?:able|willing|capable|agree|consent|compl|understand|given?|obtain|provid|sign|possible|available|co-?operat|adher|follow|attend|speak|read|likely|want|accept|wish|us(?:e|ing)|practi[cs]|suitable|competent)|declin\w+|incompeten\w*|fail(?:s|ed|ure to)?\b(?! rate))"
)
_ASKED = Caseless(r"\b(?:must|should|shall|have to|need to|are required to)\b(?! be\b| not\b)")
_REFUSED_BEFORE = Caseless(
    r"\b(?:impaired|absent|absence of|no|not|unable|inability|unability|lack of|without|limited|poor|insufficient|refusal|refuse[sd]?)[ ]+(?:to[ ]+|of[ ]+)?$|\b(?:prevent(?:s|ing)?|preclud(?:es?|ing)|impair(?:s|ing)?|interfer(?:es?|ing)[ ]+with|hamper(?:s|ing)?|hinder(?:s|ing)?|limit(?:s|ing)?|compromis(?:es?|ing)|jeopardi[sz](?:es?|ing)|affect(?:s|ing)?)[ ]+(?:[\w/]+[ ]+){0,5}?$"
)
# `agree not to donate blood` is no refusal.
_AGREES_NOT = Caseless(r"\b(?:agree\w*|willing\w*|able|accept\w*|consent\w*|must)[ ]+(?:to[ ]+)?not\b")
_FORGOES = Caseless(
    r"\b(?:willing\w*|agree\w*|refrain\w*|forego|forgo|abstain|consent|able)\b(?:(?!, or\b)[^;.]){0,60}$"
)
_DOSE_OF = Caseless(
    r"\b(?:first|last|final)[ ]+(?:dose|use|administration|intake|injection|infusion)?[ ]*(?:of[ ]+)?(?:the[ ]+)?$"
)
# Behind one of these a new statement begins, unless it speaks of the study as well.
_BREAK = Caseless(r"[;]|[ ]+[(]|,?[ ]+(?:and|or|and/or|but)[ ]+|,[ ]+")
_STUDY_WORDS = Caseless(
    r"\b(?:study|protocol|procedures?|visits?|consent|follow|comply|complet\w+|requirements?|restrictions?|assessments?|instructions?|questionnaires?|schedule\w*|"
    r"contracepti\w+|birth control|abstinence|abstain|investigator|understand\w*|sign|able|willing\w*|cooperat\w+|participat\w+|samples?|diary|diaries|read|write|speak|language|"
    r"english|representative|guardians?|parents?|legally|data|information|risks?|benefits?|interview|laboratory tests?|examinations?|methods?|condoms?|iud|barrier|"
    r"hormonal|vasectom\w+|intercourse|partner|sexual\w*|during|after|until|before|throughout|at least [0-9]|for [0-9]|months|weeks|days|purpose|nature|communicat\w+|"
    r"personnel|staff|regimen|tests?|monitoring|return|adhere\w*|availab\w+|agree\w*|safety|results?|interpret\w*|evaluat\w+|efficacy|outcomes?|participa\w+|treatment|"
    r"therapy|medications?|compl\w+|signed|written|dated|voluntar\w+|provid\w+|give|given|obtain\w*|form|icf|authori[sz]ation|hipaa|attend\w*|undergo|perform)\b"
)


_NEW_SUBJECT = Caseless(
    r"any[ ]+(?:other[ ]+)?(?:\w+[ ]+){0,2}(?:conditions?|diseases?|illness(?:es)?|disorders?)\b|(?:any[ ]+)?(?:subjects?|patients?|participants?|those|individuals)[ ]+(?:who|with|that|unable|unwilling)\b"
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A stretch of a normalised text that is one atom: kind attestation, judgement or trialwise, and its topic."""

    kind: str
    topic: str
    start: int
    end: int
    affirmed: bool = True


_FOLLOWS = re.compile(
    r"\b(?:follow(?! ?-?up)|comply(?:ing)?|compliance|adhere\w*|cooperat\w+|attend(?! ?the consent)|complete (?:the |all )?(?:study|follow|visits|protocol)|return for)\b",
    re.IGNORECASE,
)
_PROMISED = re.compile(r"\b(?:and|or|and/or)\b", re.IGNORECASE)


def attestation(statement: Statement, span: Span, said: str) -> Expr:
    """The atom of a statement; of consent and of following the procedures in one breath, both."""
    words = " ".join(said.split()).strip(" .,;:")
    one = Attestation(statement.topic, span, affirmed=statement.affirmed, surface=words)
    own = _own_words(said, 0, len(said))
    if statement.topic != "consent" or not (_FOLLOWS.search(own) and _PROMISED.search(own)):
        return one
    both = (one, replace(one, topic="compliance"))
    return And(both) if statement.affirmed else Or(both)


@cache
def _patterns() -> tuple[tuple[str, str, str, Caseless], ...]:
    """Every pattern in the order in which they are tried: its kind, its topic, under what its needs are kept."""
    return tuple(
        (kind, topic, topic if topic in cues()["needs"] else kind, Caseless(said))
        for kind in ("trialwise", "judgement", "attestation")
        for topic, said in cues()[kind].items()
    )


@cache
def _places() -> Mapping[str, tuple[int, ...]]:
    """Under what the needs of patterns are kept: their places among the patterns."""
    found: dict[str, tuple[int, ...]] = {}
    for place, (_, _, key, _) in enumerate(_patterns()):
        found[key] = (*found.get(key, ()), place)
    return found


_BYSTANDER = Caseless(
    r"[ ,]*(?:which|that|who|and)?[ ]*(?:in|at|per|by|under|according to|based on)[ ]+(?:the[ ]+|an?[ ]+)?(?:treating[ ]+|primary[ ]+|local[ ]+)?"
    r"(?:physicians?|doctors?|clinicians?|oncologists?|surgeons?|team|researchers?)(?:'?s'?)?"
)
_STEM = 3
_REACH = 160  # how far before and behind its needed words a statement can go on


@dataclass(frozen=True, slots=True)
class _Need:
    """Words without which a topic's pattern cannot match: one of each of `all_of`, by their beginnings."""

    topic: str
    all_of: tuple[tuple[str, ...], ...]


@cache
def _needs() -> tuple[tuple[_Need, ...], Mapping[str, tuple[tuple[str, int, int], ...]]]:
    """The needs, and for the first letters of a word: its beginning, the need and the part of it that it meets."""
    needs: list[_Need] = []
    stems: dict[str, list[tuple[str, int, int]]] = {}
    for topic, said in cues()["needs"].items():
        for choice in said.split("|"):
            all_of = tuple(tuple(part.split()) for part in choice.split("+"))
            for at, part in enumerate(all_of):
                for stem in part:
                    stems.setdefault(stem[:_STEM], []).append((stem, len(needs), at))
            needs.append(_Need(topic, all_of))
    return tuple(needs), {start: tuple(found) for start, found in stems.items()}


@lru_cache(1 << 14)
def met_by(word: str) -> tuple[tuple[int, int], ...]:
    """The needs of which a word meets a part, and which part."""
    begun = _needs()[1].get(word[:_STEM], ())
    return tuple((need, part) for stem, need, part in begun if word.startswith(stem))


def possible_topics(tokens: Sequence[Token]) -> dict[str, tuple[int, int]]:
    """The topics whose words stand among the tokens, and from where to where in the text."""
    needs = _needs()[0]
    met: dict[int, dict[int, tuple[int, int]]] = {}
    for _, said, start, end in [token for token in tokens if met_by(token[1])]:
        for need, part in met_by(said):
            parts = met.setdefault(need, {})
            parts[part] = (parts[part][0], end) if part in parts else (start, end)
    found: dict[str, tuple[int, int]] = {}
    for need, parts in met.items():
        if len(parts) == len(needs[need].all_of):
            topic = needs[need].topic
            places = [*parts.values(), *([found[topic]] if topic in found else [])]
            found[topic] = min(first for first, _ in places), max(last for _, last in places)
    return found


def find_statements(
    tokens: Sequence[Token],
    written: str,
    low: Low,
    taken: list[tuple[int, int]],
    known: list[tuple[int, int]],
    possible: Mapping[str, tuple[int, int]],
) -> list[Statement]:
    """The statements of a clause that are read as a whole; none reaches into a stretch already taken.

    `known` are the places of conditions: an attestation never swallows one ("dementia or inability to consent"). `low` is the
    text as patterns look in it, `possible` what `possible_topics` says of the tokens.
    """
    found: list[Statement] = []
    blocked = list(taken)
    text = low.text
    start, end = tokens[0].start, tokens[-1].end
    every, places = _patterns(), _places()
    for place in sorted(place for key in possible for place in places[key]):
        kind, topic, key, caseless = every[place]
        where = possible[key]
        pattern = caseless.of(low)
        for match in pattern.finditer(text, _word_before(text, where[0], start), min(end, where[1] + _REACH)):
            begin, stop = match.span()
            stop = min([stop, *(first for first, _ in blocked if begin < first < stop)])
            begin = max([begin, *(last for _, last in blocked if begin < last <= stop)])
            if kind == "attestation" and topic != "contraception":
                begin = max([begin, *(last for first, last in known if begin <= first and last < stop)])
            if kind == "trialwise" and (
                _FORGOES.of(low).search(text[start:begin]) or _DOSE_OF.of(low).search(text[start:begin])
            ):
                continue  # what somebody agrees not to do is an attestation; a dose of the product says when
            if kind == "judgement" and _BYSTANDER.of(low).fullmatch(text, begin, stop):
                continue  # `documented by a physician` is no judgement of the investigator's
            is_whole = stop - begin > 2 and (kind == "trialwise" or (begin, stop) == match.span())
            if not (is_whole or pattern.search(text, begin, stop)) or any(
                first < stop and begin < last for first, last in blocked
            ):
                continue
            around = [*blocked, *known] if kind == "attestation" else blocked
            stop = _extend(written, low, stop, end, around, kind)
            while begin < stop and text[begin] in " ,;.":
                begin += 1
            # Another trial cannot be refused: what denies it stays a negation.
            before = None if kind == "trialwise" else _REFUSED_BEFORE.of(low).search(text[start:begin])
            if before is not None and not any(
                last > start + before.start() for _, last in blocked if last <= begin
            ):
                begin = start + before.start()  # `not willing to`: one refusal, not a negation of one
            agrees_not = _AGREES_NOT.of(low).search(text, begin, stop)
            refused = before is not None or (
                agrees_not is None
                and topic not in _STATES
                and _is_refused(low, _own_words(text, begin, stop))
            )
            found.append(Statement(kind, topic, begin, stop, affirmed=not refused))
            blocked.append((begin, stop))
    return sorted(found, key=lambda one: one.start)


_STATES = frozenset({"protected"})  # what somebody is: `deprived of liberty` refuses nothing
_ASIDE = re.compile(
    r"\b(?:will |shall |are |is )not (?:be )?(?:eligible|included|enrolled|allowed|permitted)\b|\([^()]*\)?|(?<=\w)[, ]+(?:in case|if|unless|when|where|even)\b.*|[.;][ ].*",
    re.IGNORECASE | re.DOTALL,
)


def _is_refused(low: Low, said: str) -> bool:
    """Whether a statement's own words refuse: behind `agrees to`, only a word that is a refusal by itself does."""
    found = _REFUSAL.of(low).search(said)
    if found is None:
        return False
    asked = _ASKED.of(low).search(said, found.end())
    if asked is not None:  # `men who are not sterile should agree to`: who is asked, and no refusal
        return _is_refused(low, said[asked.end() :])
    agreed = _AGREED.of(low).search(said, 0, found.start())
    if agreed is None:
        return True
    return any(_REFUSES_ANYWHERE.of(low).match(said, one.start()) for one in _REFUSAL.of(low).finditer(said))


def _own_words(text: str, begin: int, stop: int) -> str:
    """The words of a statement without parentheses and conditions (`consent (in case it is difficult to sign …)`)."""
    return _ASIDE.sub(" ", text[begin:stop])


def _word_before(text: str, place: int, start: int) -> int:
    """Where a word begins, as far before a place as a statement can reach."""
    first = max(start, place - _REACH)
    while first > start and not text[first - 1].isspace():
        first -= 1
    return first


_LOST_END = re.compile(
    r"(?<=[a-z)]{2})[.][ ]+(?=[A-Z])|(?<=[a-z]{3})[ ](?=(?:Any|History|Known|Patients|Subjects|Participants|Presence|Previous|Prior|Current|Evidence|Pregnant|Pregnancy|Uncontrolled|Inability|No)[ ])"
)


_DEMAND = Caseless(
    r"(?:,?[ ]+and)?[ ]+(?:should|must|shall)[ ]+(?:not[ ]+)?(?:be|have)\b(?![ ]+(?:used|continued|practi[cs]ed|maintained|willing|able|agree\w*|using|followed|advised|informed|started|in place|documented|obtained|signed|provided))"
)


def _next_demand(low: Low, place: int, limit: int) -> int:
    """Where something else is demanded behind a promise (`… contraceptive measures should not be breast feeding`)."""
    found = _DEMAND.of(low).search(low.text, place, limit)
    return limit if found is None else found.start()


def _extend(written: str, low: Low, place: int, end: int, blocked: list[tuple[int, int]], kind: str) -> int:
    """Where a statement ends: at the next break behind which something else is said."""
    text = low.text
    limit = min([end, *(first for first, _ in blocked if first >= place)])
    limit = _next_demand(low, place, limit) if kind == "attestation" else limit
    lost = _LOST_END.search(written, place, limit)
    limit = limit if lost is None else lost.start()
    if kind == "trialwise":
        return place
    while place < limit:
        found = _BREAK.of(low).search(text, place, limit)
        if found is None:
            return limit
        following = _BREAK.of(low).search(text, found.end(), limit)
        stop = following.start() if following is not None else limit
        if kind == "judgement" and _NEW_SUBJECT.of(low).match(text, found.end()):
            return found.start()
        if found.group().strip() == ";" or not _STUDY_WORDS.of(low).search(text, found.end(), stop):
            return found.start()
        place = stop
    return limit
