"""A narrative → its sentences, each with its place and the section that it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trialist.patient.note_rules import read_rules

_NUMBERED = re.compile(r"\s*(?:\d{1,3}[.)]|[-*•])\s+")
_HEADING = re.compile(r"\s*([A-Za-z][A-Za-z &/]{1,40}?)\s*:\s*")
_END = re.compile(r"[.?!](?=\s+[A-Z0-9(\"“]|\s*$)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Characters from `start` of a note, and what its section is about ("" outside of any)."""

    text: str
    start: int
    section: str = ""


def split_sentences(note: str) -> Iterator[Sentence]:
    """The sentences of a note in their order; a heading stands above the lines below it until the next, or a blank line."""
    rules = read_rules()
    section = ""
    for line in re.finditer(r"[^\n]*\n?", note):
        text = line.group().rstrip("\n")
        if not text.strip():
            section = ""
            continue
        offset = line.start()
        numbered = _NUMBERED.match(text)
        begin = numbered.end() if numbered is not None else 0
        heading = _HEADING.match(text, begin)
        if heading is not None and heading[1].lower() in rules.sections:
            section = rules.sections[heading[1].lower()]
            begin = heading.end()
        elif heading is not None and heading[1][0].isupper() and heading.end() == len(text):
            section = ""
        yield from _sentences(text, begin, offset, section)


def _sentences(text: str, begin: int, offset: int, section: str) -> Iterator[Sentence]:
    abbreviations = read_rules().abbreviations
    start = begin
    for match in _END.finditer(text, begin):
        before = text[start : match.start()].rsplit(None, 1)[-1:] or [""]
        if match.group() == "." and before[0].lower().lstrip("(") in abbreviations:
            continue
        yield from _sentence(text, start, match.end(), offset, section)
        start = match.end()
    yield from _sentence(text, start, len(text), offset, section)


def _sentence(text: str, start: int, end: int, offset: int, section: str) -> Iterator[Sentence]:
    said = text[start:end]
    blank = len(said) - len(said.lstrip())
    if said.strip():
        yield Sentence(said.strip(), offset + start + blank, section)
