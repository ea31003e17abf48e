"""Terms and names: tables a domain expert can review, and their readers.

`text` splits and folds words, `variants` knows how else they are written, `thesaurus` which may stand for which, and
`decompose` what a run of words asks for. Whoever builds a thesaurus imports `combine`, `learned` and `mesh` itself.
"""

from trialist.vocabulary.decompose import decompose
from trialist.vocabulary.sponsors import display_name, letter_of
from trialist.vocabulary.text import (
    FOLDED,
    Folding,
    WordSpan,
    find_words,
    fold_text,
    fold_word,
    fold_words,
    split_words,
)
from trialist.vocabulary.thesaurus import Concept, Synonym, Thesaurus, Veto, synonym_of
from trialist.vocabulary.variants import NearestWords, nearest_words, term_variants

__all__ = [
    "FOLDED",
    "Concept",
    "Folding",
    "NearestWords",
    "Synonym",
    "Thesaurus",
    "Veto",
    "WordSpan",
    "decompose",
    "display_name",
    "find_words",
    "fold_text",
    "fold_word",
    "fold_words",
    "letter_of",
    "nearest_words",
    "split_words",
    "synonym_of",
    "term_variants",
]
