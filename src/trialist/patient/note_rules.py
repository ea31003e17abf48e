"""`tables/note.toml` and `tables/findings.toml`, made ready: the cues of narratives as compiled patterns."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Rules:
    """Patterns by name, and the headings of sections."""

    cues: Mapping[str, re.Pattern[str]]
    vitals: Mapping[str, re.Pattern[str]]
    statements: Mapping[str, re.Pattern[str]]
    habits: Mapping[str, re.Pattern[str]]
    facts: Mapping[str, re.Pattern[str]]
    packs_and_years: re.Pattern[str]
    age: re.Pattern[str]
    female: re.Pattern[str]
    male: re.Pattern[str]
    findings: re.Pattern[str]
    finding_ids: Mapping[str, str]
    loose_findings: frozenset[str]
    sections: Mapping[str, str]
    abbreviations: frozenset[str]
    ignored_ids: frozenset[str]
    ignored_words: frozenset[str]
    tested_ids: frozenset[str]


@cache
def read_rules() -> Rules:
    """The rules."""
    tables = resources.files("trialist.patient") / "tables"
    rows = tomllib.loads((tables / "note.toml").read_text(encoding="utf-8"))
    signs = tomllib.loads((tables / "findings.toml").read_text(encoding="utf-8"))
    findings: dict[str, str] = signs["findings"]

    def compiled(name: str) -> Mapping[str, re.Pattern[str]]:
        return {key: re.compile(pattern, re.IGNORECASE) for key, pattern in rows[name].items()}

    def words(said: str) -> re.Pattern[str]:
        longest = sorted(said.split("|"), key=len, reverse=True)
        return re.compile(rf"(?<!non-)(?<!non )\b(?:{'|'.join(map(re.escape, longest))})\b", re.IGNORECASE)

    return Rules(
        cues=compiled("cues"),
        vitals=compiled("vitals"),
        statements=compiled("statements"),
        habits=compiled("habits"),
        facts=compiled("facts"),
        packs_and_years=compiled("smoked")["packs_and_years"],
        age=re.compile(rows["person"]["age"], re.IGNORECASE),
        female=words(rows["person"]["female"]),
        male=words(rows["person"]["male"]),
        findings=words("|".join(findings.values())),
        finding_ids={word: name for name, row in findings.items() for word in row.split("|")},
        loose_findings=frozenset(signs["loose"]["names"].split()),
        sections=rows["sections"],
        ignored_ids=frozenset(rows["ignored"]["ids"].split("|")),
        ignored_words=frozenset(rows["ignored"]["words"].split("|")),
        tested_ids=frozenset(rows["tested"]["ids"].split("|")),
        abbreviations=frozenset(rows["abbreviations"]["words"].split("|")),
    )
