"""Text as words: where they stand, and the normal form in which a query's word and a text's word meet.

A word is a maximal run of letters, digits and combining marks; an apostrophe between two of them belongs to the word.
Its normal form is without case, accents, possessive, plural and British spelling, as `tables/spelling.toml` says.
"""

from __future__ import annotations

import html
import re
import sys
import tomllib
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class WordSpan:
    """A word and where it stands: `text` is what `split_words` gives for it, `start` and `end` count characters."""

    start: int
    end: int
    text: str


# Signs that a record has instead of ASCII ones, each replaced by one character so that places stay.
_APOSTROPHES = "\u2019\u2018\u02bc\u00b4`\uff07"
_COMMON_SIGNS = (
    "\u2265\u2264\u2013\u2014\u201c\u201d\u2022\u00b0\u00b1\u00d7\u00ae\u2122\u00a0\u2011\u2026\u00b7\u2192"
)
SEPARATING_SIGNS = re.compile(f"[{_COMMON_SIGNS}]")
"""The commonest signs outside ASCII that are no part of a word."""
# Invisible characters that stand inside a word and are none of its letters.
_INVISIBLE = "\u00ad\u200c\u200d\u2060"
# Byte of UTF-8 → itself where it belongs to a word or an apostrophe, else a blank.
_BYTES = bytes(code if code > 127 or chr(code).isalnum() or chr(code) == "'" else 32 for code in range(256))
_LOOSE_APOSTROPHE = re.compile(r"(?<!\S)'+|'+(?!\S)|''+")
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,24}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_BEYOND = ("\\U00010000-\\U0001efff\\U00020000-\\U0003ffff", "\\U0001f000-\\U0001ffff\\U00040000-\\U0010ffff")


@cache
def _character_classes() -> tuple[str, str]:
    """What belongs to a word, and what beyond ASCII does not, as the insides of regular expressions' classes.

    They are listed, which is ten times as fast as asking for a category: letters, digits and marks as Unicode has them
    in its first plane; beyond it emoji separate and all else belongs to words.
    """
    found: tuple[list[str], list[str]] = ([], [])
    start = 0x30
    was_word = True
    for code in range(0x30, 0x10001):
        char = chr(code)
        is_word = char.isalnum() or unicodedata.category(char)[0] == "M" or char in _INVISIBLE
        if is_word != was_word or code == 0x10000:
            found[0 if was_word else 1].append(f"\\u{start:04x}-\\u{code - 1:04x}")
            start, was_word = code, is_word
    foreign = [part for part in found[1] if part > "\\u007f"]
    return "".join(found[0]) + _BEYOND[0], "\\u007f-\\u00a9" + "".join(foreign) + _BEYOND[1]


@cache
def _word_pattern() -> re.Pattern[str]:
    character = f"[{_character_classes()[0]}]"
    return re.compile(f"{character}+(?:'{character}+)*")


@cache
def _foreign_separators() -> re.Pattern[str]:
    return re.compile(f"[{_character_classes()[1]}]+")


def _plain(text: str) -> str:
    """The text with one apostrophe instead of many and blanks for the commonest signs; every place stays."""
    for sign in _APOSTROPHES:
        text = text.replace(sign, "'")
    for sign in _COMMON_SIGNS:
        text = text.replace(sign, " ")
    return text


def split_words(text: str) -> list[str]:
    """The words of a text in their order, as they are written; apostrophes come out straight, HTML entities read."""
    text = read_entities(text)
    if not text.isascii() or "`" in text:
        text = _plain(text)
        if not text.isascii():
            text = _foreign_separators().sub(" ", text)
    text = text.encode("utf-8", "replace").translate(_BYTES).decode()
    if "'" in text and (" '" in text or "' " in text or "''" in text or "'" in (text[0], text[-1])):
        text = _LOOSE_APOSTROPHE.sub(" ", text)
    return text.split()


def read_entities(text: str) -> str:
    """The text with the characters that its HTML entities stand for."""
    if "&" not in text or ";" not in text:
        return text
    return _ENTITY.sub(lambda match: html.unescape(match.group()), text)


@cache
def character_table() -> bytes:
    """Of every code point what `split_words` takes it for: 0 separates words, 1 belongs to one, 2 is an apostrophe."""
    found = bytearray(b"\1") * (sys.maxunicode + 1)
    found[:128] = bytes(chr(code).isalnum() for code in range(128))
    every = array("I", range(128, sys.maxunicode + 1)).tobytes()
    for match in _foreign_separators().finditer(every.decode(f"utf-32-{sys.byteorder[0]}e", "surrogatepass")):
        start, end = match.start() + 128, match.end() + 128
        found[start:end] = bytes(end - start)
    found[0xD800:0xE000] = bytes(0x800)  # halves of characters, which become question marks
    for sign in _COMMON_SIGNS:
        found[ord(sign)] = 0
    for sign in f"'{_APOSTROPHES}":
        found[ord(sign)] = 2
    return bytes(found)


def find_words(text: str) -> list[WordSpan]:
    """The words of a text with their places in it; their texts are what `split_words` gives."""
    read, places = _read(text)
    found = _word_pattern().finditer(_plain(read))
    if places is None:
        return [WordSpan(match.start(), match.end(), match.group()) for match in found]
    return [WordSpan(places[match.start()], places[match.end()], match.group()) for match in found]


def word_places(text: str) -> Iterator[tuple[int, int]]:
    """Where the words of a text begin and end, one after another: what `find_words` gives, for those who stop early."""
    read, places = _read(text)
    for match in _word_pattern().finditer(_plain(read)):
        start, end = match.span()
        yield (start, end) if places is None else (places[start], places[end])


def _read(text: str) -> tuple[str, list[int] | None]:
    """A text with its HTML entities read, and where each character stood; None where all stand as they stood."""
    return _unescape(text) if "&" in text and ";" in text else (text, None)


def _unescape(text: str) -> tuple[str, list[int]]:
    """A text with its HTML entities read, and for every character, and the end, where it stood."""
    pieces: list[str] = []
    places: list[int] = []
    after = 0
    for match in _ENTITY.finditer(text):
        pieces.append(text[after : match.start()])
        places.extend(range(after, match.start()))
        read = html.unescape(match.group())
        pieces.append(read)
        places.extend([match.start()] * len(read))
        after = match.end()
    pieces.append(text[after:])
    places.extend(range(after, len(text) + 1))
    return "".join(pieces), places


def read_table(name: str) -> Mapping[str, Any]:
    """The content of one TOML file of `vocabulary/tables/`."""
    text = (resources.files("trialist.vocabulary") / "tables" / name).read_text(encoding="utf-8")
    return tomllib.loads(text)


@dataclass(frozen=True, slots=True)
class _Rules:
    """`tables/spelling.toml`, made ready."""

    letters: Mapping[int, str]
    micro: frozenset[str]
    spelling: re.Pattern[str]
    replacements: Mapping[str, str]
    whole: Mapping[str, str]
    plurals: Mapping[str, str]
    plural_ends: tuple[tuple[str, str], ...]
    never: tuple[str, ...]
    keep: frozenset[str]
    least_letters: int


@cache
def _rules() -> _Rules:
    table = read_table("spelling.toml")
    spelling = table["spelling"]
    groups = []
    for place, form in (("start", "^(?:{})"), ("end", "(?:{})$"), ("anywhere", "(?:{})")):
        longest_first = sorted(spelling[place], key=len, reverse=True)
        groups.append(form.format("|".join(map(re.escape, longest_first))))
    plural = table["plural"]
    ends = sorted(plural["ends"].items(), key=lambda pair: -len(pair[0]))
    return _Rules(
        letters=str.maketrans(table["letters"]),
        micro=frozenset(table["micro"]["units"]),
        spelling=re.compile("|".join(groups)),
        replacements={**spelling["anywhere"], **spelling["end"], **spelling["start"]},
        whole=spelling["word"],
        plurals=plural["words"],
        plural_ends=tuple(ends),
        never=tuple(plural["never"]),
        keep=frozenset(plural["keep"]),
        least_letters=plural["least_letters"],
    )


def fold_word(word: str) -> str:
    """The normal form of one word, in which lexical variants of it meet; a normal form is its own normal form.

    Case, accents, possessive, plural and British spelling go; a Greek letter is written out (`β` → `beta`) unless the
    whole word is Greek, and µ before a unit is `u`. Sources: `tables/spelling.toml`.
    """
    rules = _rules()
    found = word if word.isascii() else _fold_letters(word, rules)
    found = found.casefold()
    if "'" in found:
        found = found.removesuffix("'s").replace("'", "")
    for _ in range(6):
        before = found
        found = _respell(_singular(found, rules), rules)
        if found == before:
            break
    return found or word.casefold()


def _fold_letters(word: str, rules: _Rules) -> str:
    """Compatibility forms, accents and invisible characters gone, lone Greek letters and the like written out."""
    for sign in _APOSTROPHES:
        word = word.replace(sign, "'")
    found = "".join(
        char
        for char in unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
        if not unicodedata.combining(char) and char not in _INVISIBLE and not char.isspace()
    )
    found = found.replace("ς", "σ")
    if found[:1] == "μ" and found[1:] in rules.micro:
        return "u" + found[1:]
    if len(found) > 2 and all("\u0370" <= char <= "\u03ff" for char in found):
        return found
    return found.translate(rules.letters)


def _singular(word: str, rules: _Rules) -> str:
    """The singular of a word in lower case; a word that is no plural stays."""
    known = rules.plurals.get(word)
    if known is not None:
        return known
    last = word[-1:]
    if last not in ("s", "a") or len(word) < rules.least_letters or word in rules.keep or not word.isalpha():
        return word
    if word.endswith(rules.never):
        return word
    for end, singular in rules.plural_ends:
        if word.endswith(end) and len(word) > len(end):
            return word[: -len(end)] + singular
    return word


def _respell(word: str, rules: _Rules) -> str:
    """American spelling of a word in lower case."""
    word = rules.whole.get(word, word)
    return rules.spelling.sub(lambda match: rules.replacements[match.group()], word)


class Folding(dict[str, str]):
    """Words and their normal forms, computed when first asked for: `FOLDED[word]` is `fold_word(word)`, remembered.

    At most `limit` words are remembered; then it starts anew, so that rare words do not fill the memory.
    """

    def __init__(self, limit: int = 300_000) -> None:
        super().__init__()
        self.limit = limit

    def __missing__(self, word: str) -> str:
        found = fold_word(word)
        found = word if found == word else sys.intern(found)
        if len(self) >= self.limit:
            self.clear()
        self[word] = found
        return found


FOLDED = Folding()
"""The normal forms that this process has computed so far."""


def fold_words(words: Iterable[str]) -> list[str]:
    """The normal forms of words."""
    return list(map(FOLDED.__getitem__, words))


def forget_words(texts: Iterable[str]) -> None:
    """Remember no longer the normal forms of these texts' words."""
    for text in texts:
        for word in split_words(text):
            FOLDED.pop(word, None)
            FOLDED.pop(word.lower(), None)


def fold_text(text: str) -> list[str]:
    """The normal forms of a text's words, in their order."""
    return list(map(FOLDED.__getitem__, split_words(text)))
