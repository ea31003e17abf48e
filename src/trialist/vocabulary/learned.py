"""Synonyms that the studies themselves tell, counted over a registry.

Three kinds: a long form with its short form behind it in brackets, anywhere in a study's texts; the other names of an
intervention; and the MeSH terms that the registry gave the studies, with the terms above them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from trialist.vocabulary.combine import (
    combine,
    generic_names,
    is_short_form,
    never_synonyms,
    read_own_concepts,
)
from trialist.vocabulary.text import FOLDED, fold_text, split_words
from trialist.vocabulary.thesaurus import STOP_WORDS, Concept, Thesaurus, synonym_of, term_key

ABBREVIATION = "abbreviation"
OTHER_NAME = "other name"
MESH_TERM = "mesh term"

MOST_CANDIDATES = 250_000
"""So many candidates of a kind are kept while learning; beyond that those seen least go."""

LEAST_ABBREVIATION = 3
"""A short form is believed for a long form from so many studies on."""

LEAST_OTHER_NAME = 3
"""Another name is believed from so many studies on."""

LEAST_OTHER_SHARE = 0.4
"""… and when at least this share of the studies that have it, as a name or another name, have it with this name."""

_SHORT = re.compile(r"\(([A-Za-z][A-Za-z0-9/+-]{1,9})\)")
_END_OF_CLAUSE = re.compile(r"[().;:\[\]]|\n\s*[\n*-]")
_REACH = 100
_DOSE = re.compile(
    r"\d\s*(?:mg|mcg|µg|g|kg|ml|iu|%|units?)\b|\b(?:dose|arm|group|cohort|placebo|treatment|control)\b",
    re.IGNORECASE,
)
_LONGEST_NAME = 60

Record = Mapping[str, Any]

PARTS = (
    *(("protocolSection", f"{name}Module") for name in ("identification", "description", "conditions")),
    *(("protocolSection", f"{name}Module") for name in ("eligibility", "armsInterventions")),
    *(("derivedSection", f"{name}BrowseModule") for name in ("condition", "intervention")),
)
"""Section and module of all that is learned from: a record of these alone teaches what the whole study does."""


class Learner:
    """Counts what studies tell; can be pickled, and merged with the learner of another process."""

    def __init__(self, most: int = MOST_CANDIDATES) -> None:
        """`most` bounds the candidates of each kind that are held in memory."""
        self.most = most
        self.studies = 0
        self.abbreviations: Counter[tuple[str, str]] = Counter()
        self.other_names: Counter[tuple[str, str]] = Counter()
        self.names: Counter[str] = Counter()
        self.mesh: Counter[tuple[str, str]] = Counter()
        self.ancestors: dict[str, tuple[str, ...]] = {}
        self.plain_words: Counter[str] = Counter()

    def learn(self, record: Record) -> None:
        """Count what one study tells."""
        self.studies += 1
        protocol = _below(record, "protocolSection")
        self.abbreviations.update(dict.fromkeys(_abbreviations(protocol), 1))
        title = _below(protocol, "identificationModule").get("briefTitle")
        if isinstance(title, str):
            self.plain_words.update({word for word in title.split() if word.islower() and len(word) < 9})
        self._learn_interventions(_below(protocol, "armsInterventionsModule").get("interventions"))
        derived = _below(record, "derivedSection")
        for module in ("conditionBrowseModule", "interventionBrowseModule"):
            self._learn_mesh(_below(derived, module))
        for counted in (self.abbreviations, self.other_names, self.names, self.plain_words):
            if len(counted) > self.most:
                _prune(counted, self.most // 2)

    def merge(self, other: Learner) -> None:
        """Add what another learner counted."""
        self.studies += other.studies
        for mine, theirs in (
            (self.abbreviations, other.abbreviations),
            (self.other_names, other.other_names),
            (self.mesh, other.mesh),
        ):
            mine.update(theirs)
            _prune(mine, self.most)
        for mine_names, their_names in ((self.names, other.names), (self.plain_words, other.plain_words)):
            mine_names.update(their_names)
            _prune(mine_names, self.most)
        for concept_id, above in other.ancestors.items():
            if len(above) > len(self.ancestors.get(concept_id, ())):
                self.ancestors[concept_id] = above

    def _learn_interventions(self, interventions: Any) -> None:
        seen: set[str] = set()
        pairs: set[tuple[str, str]] = set()
        for item in interventions if isinstance(interventions, list) else ():
            if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
                continue
            name = item["name"].strip()
            others = [other.strip() for other in item.get("otherNames", ()) if isinstance(other, str)]
            if len(name) > _LONGEST_NAME:
                continue
            lower = name.casefold()
            seen.add(lower)
            for other in others:
                if 2 < len(other) <= _LONGEST_NAME and other.casefold() != lower:
                    pairs.add((name, other))
                    seen.add(other.casefold())
        self.names.update(seen)
        self.other_names.update(pairs)

    def _learn_mesh(self, module: Record) -> None:
        terms = [
            item
            for item in module.get("meshes", ())
            if isinstance(item, Mapping) and item.get("id") and item.get("term")
        ]
        for item in terms:
            self.mesh[(str(item["id"]), str(item["term"]))] += 1
        above = module.get("ancestors")
        if len(terms) == 1 and isinstance(above, list) and terms[0]["id"] not in self.ancestors:
            # Only where a study has one term it is told whose ancestors they are.
            self.ancestors[str(terms[0]["id"])] = tuple(
                str(item.get("id")) for item in above if isinstance(item, Mapping)
            )

    def concepts(self) -> Iterator[Concept]:
        """What is believed of all that was counted, as concepts: MeSH terms, other names, then short forms."""
        yield from self._mesh_concepts()
        yield from self._named_concepts()
        yield from self._abbreviated_concepts()

    def _mesh_concepts(self) -> Iterator[Concept]:
        for (mesh_id, term), count in sorted(self.mesh.items(), key=lambda item: (-item[1], item[0])):
            forms = {
                text: synonym_of(text, MESH_TERM, count) for text in dict.fromkeys((term, _uninverted(term)))
            }
            broader = tuple(f"mesh:{above}" for above in self.ancestors.get(mesh_id, ()))
            yield Concept(f"mesh:{mesh_id}", term, tuple(forms.values()), broader=broader)

    def _named_concepts(self) -> Iterator[Concept]:
        folded: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
        told: Counter[tuple[str, str]] = Counter()
        uses: Counter[str] = Counter()
        texts: dict[str, Counter[str]] = defaultdict(Counter)
        for name, count in self.names.items():
            uses[term_key(fold_text(name))] += count
        # A long form that is abbreviated more often than it is this name has a life of its own: it names a class.
        alone: Counter[str] = Counter()
        for (long, _), count in self.abbreviations.items():
            alone[term_key(fold_text(long))] += count
        for (name, other), count in self.other_names.items():
            keys = term_key(fold_text(name)), term_key(fold_text(other))
            if _is_telling(name, keys[0]) and _is_telling(other, keys[1]) and keys[0] != keys[1]:
                told[keys] += count
                texts[keys[0]][name] += count
                texts[keys[1]][other] += count
        for (key, other_key), count in told.items():
            both = count + told.get((other_key, key), 0)
            if both >= max(LEAST_OTHER_NAME, LEAST_OTHER_SHARE * uses[other_key], alone[other_key] + 1):
                folded[key].append((other_key, _commonest(texts[other_key]), both))
        for key, others in sorted(folded.items(), key=lambda item: (-uses[item[0]], item[0])):
            preferred = _commonest(texts[key])
            ranked = sorted(others, key=lambda item: (-item[2], item[0]))[:12]
            synonyms = [synonym_of(text, OTHER_NAME, count) for _, text, count in ranked]
            yield Concept(f"name:{key}", preferred, (synonym_of(preferred, OTHER_NAME, uses[key]), *synonyms))

    def _abbreviated_concepts(self) -> Iterator[Concept]:
        counts: Counter[tuple[str, str]] = Counter()
        texts: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
        for (long, short), count in self.abbreviations.items():
            keys = term_key(fold_text(long)), FOLDED[short]
            counts[keys] += count
            texts[keys][long, short] += count
        never = never_synonyms()
        by_long: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
        for keys, count in counts.items():
            long, short = _commonest(texts[keys])
            is_word = 2 * self.plain_words[short.casefold()] > count
            if count >= LEAST_ABBREVIATION and keys[1] not in never and not is_word and keys[0] != keys[1]:
                by_long[keys[0]].append((count, long, short))
        for key, rows in sorted(by_long.items(), key=lambda item: (-sum(row[0] for row in item[1]), item[0])):
            rows.sort(key=lambda row: (-row[0], row[2]))
            long = rows[0][1]
            synonyms = tuple(synonym_of(short, ABBREVIATION, count) for count, _, short in rows)
            total = sum(row[0] for row in rows)
            yield Concept(f"short:{key}", long, (synonym_of(long, ABBREVIATION, total), *synonyms))


def build_thesaurus(learner: Learner | None = None, *more: Iterable[Concept]) -> Thesaurus:
    """The thesaurus of the project's own table, further sources such as MeSH's files, and what was learned."""
    learned: tuple[Iterable[Concept], ...] = () if learner is None else (learner.concepts(),)
    return combine(read_own_concepts(), *more, *learned)


def find_abbreviations(text: str) -> list[tuple[str, str]]:
    """The (long form, short form) pairs of a text: a short form in brackets whose letters begin words before it."""
    if "(" not in text:
        return []
    found = []
    for match in _SHORT.finditer(text):
        short = match.group(1)
        if is_short_form(short):
            before = text[max(0, match.start() - _REACH) : match.start()].rstrip()
            long = _long_form(_END_OF_CLAUSE.split(before)[-1], short)
            if long is not None:
                found.append((long, short))
    return found


def _long_form(before: str, short: str) -> str | None:
    """The words before a bracket that its short form abbreviates, or None.

    The words whose first letters it is, small words left out; else from right to left each letter is sought in the
    words, the first at the beginning of one, and at least half of the letters must begin words.
    """
    letters = [char for char in short.casefold().rstrip("s" if short[-1] == "s" else "") if char.isalnum()]
    most = min(len(letters) + 4, 2 * len(letters) + 1)
    words = before.split()[-most:]
    initials = [word for word in words if word not in STOP_WORDS][-len(letters) :]
    if [word[:1].casefold() for word in initials] == letters and len(letters) > 1:
        first = len(words) - 1
        missing = len(letters)
        while missing:
            missing -= words[first] not in STOP_WORDS
            first -= 1
        return _clean(" ".join(words[first + 1 :]))
    text = " ".join(words).casefold()
    place = len(text)
    beginnings = 0
    for number, letter in enumerate(reversed(letters), 1):
        place -= 1
        is_first = number == len(letters)
        while place >= 0 and (text[place] != letter or (is_first and place and text[place - 1].isalnum())):
            place -= 1
        if place < 0:
            return None
        beginnings += place == 0 or not text[place - 1].isalnum()
    long = _clean(" ".join(words)[place:])
    count = len(split_words(long))
    enough = 2 * beginnings >= len(letters) and 2 <= count <= len(letters) + 3
    return (
        long
        if enough and len(long) > len(short) + 3 and short.casefold() not in long.casefold().split()
        else None
    )


def _clean(long: str) -> str:
    return " ".join(long.split()).strip(" ,-'\"/*\\")


_TEXTS: Mapping[str, Sequence[str]] = {
    "identificationModule": ("briefTitle", "officialTitle"),
    "descriptionModule": ("briefSummary", "detailedDescription"),
    "conditionsModule": ("conditions", "keywords"),
    "eligibilityModule": ("eligibilityCriteria",),
}


def _abbreviations(protocol: Record) -> Iterator[tuple[str, str]]:
    """The pairs in the texts of one study, each in its spelling with small letters."""
    for module, names in _TEXTS.items():
        holder = _below(protocol, module)
        for name in names:
            value = holder.get(name)
            for text in value if isinstance(value, list) else (value,):
                if isinstance(text, str):
                    for long, short in find_abbreviations(text):
                        yield long.casefold(), short


def _below(record: Record, key: str) -> Record:
    found = record.get(key)
    return found if isinstance(found, Mapping) else {}


def _prune(counted: Counter[Any], most: int) -> None:
    """Keep the `most` candidates seen most often."""
    if len(counted) > most:
        kept = counted.most_common(most)
        counted.clear()
        counted.update(dict(kept))


def _commonest(counted: Counter[Any]) -> Any:
    """What was seen most; among equals the first in order."""
    return min(counted, key=lambda item: (-counted[item], item))


def _uninverted(term: str) -> str:
    """A MeSH heading in the order it is said: `Carcinoma, Hepatocellular` → `Hepatocellular Carcinoma`."""
    parts = term.split(", ")
    return " ".join(reversed(parts)) if 2 <= len(parts) <= 3 else term


def _is_telling(name: str, key: str) -> bool:
    """Whether a name of an intervention may have synonyms: no generic word, no dose, at most five words."""
    words = split_words(name)
    if not 1 <= len(words) <= 5 or key in generic_names() or key in never_synonyms() or len(key) < 3:
        return False
    return (
        "," not in name
        and not _DOSE.search(name)
        and not key.isdigit()
        and not all(word in STOP_WORDS for word in words)
    )
