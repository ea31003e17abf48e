"""Typing ahead: the table is kept beside the index, and its answers are held against the vetoes in force."""

from __future__ import annotations

from pathlib import Path

import zstandard

from trialist.index.completion_tables import write_completions
from trialist.index.completions import KINDS, Completion, Completions
from trialist.index.live import LiveIndex
from trialist.vocabulary.text import fold_text
from trialist.vocabulary.thesaurus import Thesaurus

__all__ = ["KINDS", "Completion", "Completions", "is_vetoed", "refresh_completions"]


def refresh_completions(directory: Path) -> None:
    """Bring the table to the index in force in a directory; quick where little has changed."""
    index = LiveIndex(directory)
    thesaurus = Thesaurus.from_json(zstandard.decompress(index.thesaurus_file.read_bytes()))
    write_completions(index, thesaurus)


def is_vetoed(found: Completion, thesaurus: Thesaurus) -> bool:
    """Whether a name was found by a synonym that somebody does not take for one."""
    if not found.synonym:
        return False
    words = fold_text(found.text)
    return all(one.words != tuple(words) for one in thesaurus.synonyms_of(fold_text(found.synonym)))
