"""Statements that run on in one line without a full stop, in the texts of before 2003 whose line ends were lost.

`Hepatic: No hepatic failure Bilirubin no greater than 2 mg/dL Renal: Creatinine normal` is a layout of its own: fixed topics with a
colon, and behind each some statements, each of which begins with a word in capitals. Words that are in capitals wherever they stand
are in `rules/headings.toml`. Where a list begins whose end no mark tells ("one of the following: …") nothing is cut behind it:
its members, taken for statements, would be asked of everybody.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

from trialist.criteria.lexicon import read_rules

_TOPICS_AT_LEAST = 4
_WORD = re.compile(r"\S+")
_BEGINS = re.compile(r"[A-Z][a-z]+(?:[-/'’][A-Za-z']+)*[,:;.)]*")
_ENDS_IN_A_VALUE = re.compile(r"[0-9]\W*$|%\W*$|\)$|\.$|/(?:mm\W?(?:3|³)|dl|min|l)\W*$", re.IGNORECASE)
_LIST_BEGINS = re.compile(r"(?<=[a-z)]):$")
_COMPARES = frozenset({"negative", "positive", "normal", "least", "greater", "less", "more"})
_DENIES = frozenset({"No", "Not"})


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(read_rules("headings.toml")["run_on"][name].split())


@cache
def _topics() -> re.Pattern[str]:
    """A topic with its colon, or a heading of the layout."""
    rules = read_rules("headings.toml")["polarity"]
    topics, headings = (
        "|".join(re.escape(one) for one in sorted(rules[name], key=len, reverse=True))
        for name in ("topics", "pdq")
    )
    heading = rf"(?:--[ ]?)?(?:{headings})[ ]?(?::|--)"  # `--Disease Characteristics--`
    return re.compile(rf"(?<![\w(/])(?:{heading}|(?:{topics})[ ]?:)", re.IGNORECASE)


def runs_on(text: str) -> bool:
    """Whether a text has the layout: a line with several of its topics."""
    return any(
        line.count(":") >= _TOPICS_AT_LEAST and sum(1 for _ in _topics().finditer(line)) >= _TOPICS_AT_LEAST
        for line in text.split("\n")
        if len(line) > _SHORTEST
    )


_SHORTEST = 60  # characters


def run_on_cuts(line: str) -> list[int]:
    """Where topics and statements begin in a line of such a text, but for its first word; empty where it begins with neither a topic nor a heading."""
    topics = [(found.start(), found.end()) for found in _topics().finditer(line)]
    if not topics or line[: topics[0][0]].strip():
        return []
    cuts = []
    for place, (start, end) in enumerate(topics):
        after = topics[place + 1][0] if place + 1 < len(topics) else len(line)
        cuts.append(start)
        words = [(end + found.start(), found.group()) for found in _WORD.finditer(line[end:after])]
        if words:
            cuts.append(words[0][0])
            cuts.extend(_statements(words))
    return [cut for cut in cuts if line[:cut].strip()]


def _statements(words: list[tuple[int, str]]) -> list[int]:
    """Where the second and every later statement of a topic begins."""
    cuts: list[int] = []
    depth = 0
    denies = words[0][1] in _DENIES
    within = ""  # how the list that has begun may end
    for at, ((_, last), (place, word)) in enumerate(pairwise(words)):
        depth = max(0, depth + sum(map(last.count, "([")) - sum(map(last.count, ")]")))
        if _LIST_BEGINS.search(last):
            within = "denial" if denies else "topic"
        if (
            depth
            or within == "topic"
            or (within and word not in _DENIES)
            or not _begins(last, word, [one for _, one in words[at + 2 : at + 4]])
        ):
            continue
        cuts.append(place)
        denies, within = word in _DENIES, ""
    return cuts


def _begins(last: str, word: str, behind: list[str]) -> bool:
    """Whether a statement begins with a word, behind the last word of another and before two more."""
    if last[-1] in ",(/-:;" or last in {"OR", "AND", "AND/OR"}:
        return False
    before = last.lower().strip(".;:,()")
    if before in _words("goes_on") and not last.endswith("."):
        return False
    said = word.lower().rstrip(",:;.)")
    if said in _words("names_that_begin"):
        ends = _ENDS_IN_A_VALUE.search(last) is not None or before in _words("ends")
        return ends or (word.isupper() and not _COMPARES.isdisjoint(behind) and last[0].islower())
    return _BEGINS.fullmatch(word) is not None and said not in _words("names")
