"""The account of a statement's words: which of them no part of its reading stands for.

A reading decides alone only where every word is in it: in a name, a number, a time, a limit that some part has, a denial that became
one, a joint, or on the reviewed list of words that say nothing (`rules/account.toml`). What is left over speaks against it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from trialist.criteria.clause import Clause
from trialist.criteria.lasting import is_a_length
from trialist.criteria.lexicon import SEXES, read_rules, variables
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Attestation,
    Biomarker,
    Concept,
    Demographic,
    ExceptWhen,
    Exposure,
    Expr,
    Judgement,
    Not,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Span,
    Trialwise,
    Window,
    atoms,
    children,
)
from trialist.criteria.piece import Piece


@cache
def _sets() -> Mapping[str, frozenset[str]]:
    return {name: frozenset(words.split()) for name, words in read_rules("account.toml")["words"].items()}


@cache
def _words_of(variable: str) -> frozenset[str]:
    """The words of the names of a variable: `dose` says nothing more of a dose."""
    row = variables().get(variable)
    return frozenset() if row is None else frozenset(_WORD.findall(f"{row['name']} {row['words']}".lower()))


def unaccounted(clause: Clause, pieces: Sequence[Piece], expr: Expr) -> Iterator[str]:
    """What nothing in a reading stands for: the words, each behind the kind of piece that they were (`word:serious`)."""
    said = _Said(clause, expr)
    said.first_named = next((one.first for one in pieces if one.expr is not None), 0)
    said.kinds_of_pieces.update(piece.kind for piece in pieces)
    tokens = clause.tokens
    for one in said.found:
        if (isinstance(one, Result) and not one.outcome) or (isinstance(one, Biomarker) and not one.variant):
            yield "open:result"
    place, skip = 0, _announced(clause, pieces)
    for at, piece in enumerate(pieces):
        for before in range(place, min(piece.first, len(tokens))):
            if before >= skip and not said.is_small(before, _piece_before(pieces, at)):
                yield f"small:{tokens[before].text}"
        place = max(place, piece.last)
        if piece.kind == "optional":  # `with or without aura`: asked of nobody
            skip = next((one.first for one in pieces[at + 1 :] if one.kind in _ENDS), len(tokens))
        if piece.first < skip or said.holds(piece, pieces, at):
            continue
        yield f"{piece.kind}:{clause.said(piece.first, max(piece.last, piece.first + 1)).lower()}"
    for before in range(place, len(tokens)):
        if not said.is_small(before, pieces[-1] if pieces else None):
            yield f"small:{tokens[before].text}"


def _announced(clause: Clause, pieces: Sequence[Piece]) -> int:
    """How many tokens only announce what stands behind them: `Cardiac function:`, the name before its definition."""
    if "defined_as" in clause.rules:
        return next((one.first for one in pieces if one.kind == "defined"), 0)
    colon = next((at for at, token in enumerate(clause.tokens[:6]) if token.text == ":"), 0)
    topics = _sets()["topics"]
    return colon if all(token.text in topics for token in clause.tokens[:colon]) else 0


def _piece_before(pieces: Sequence[Piece], at: int) -> Piece | None:
    """The piece before one."""
    return pieces[at - 1] if at else None


_ENDS = frozenset({"joint", "stop", "close", "window", "close_examples"})


_PERMITS = frozenset({"acceptable", "allowed", "permitted", "allowable"})  # what is excepted says so
_MEETING = frozenset({"meet", "meets", "meeting"})
# words with the one behind them, and with the one before them
_AHEAD = frozenset(
    {
        ("documentation", "of"),
        ("both", "inclusive"),
        ("already", "receiving"),
        ("already", "taking"),
        ("already", "received"),
        ("already", "on"),
    }
)
_BEHIND = frozenset(
    {
        ("suffer", "from"),
        ("suffers", "from"),
        ("suffering", "from"),
        ("suffered", "from"),
        ("normal", "range"),
        ("reference", "range"),
    }
)
_WORD = re.compile(r"[^\W_]+(?:'\w+)*")


@lru_cache(256)
def _all_of(named: tuple[str, ...], more: tuple[str, ...]) -> frozenset[str]:
    """The words of several sets, and some more."""
    return frozenset(more).union(*(_sets()[name] for name in named))


class _Said:
    """What the parts of a reading say, gathered once."""

    def __init__(self, clause: Clause, expr: Expr) -> None:
        self.clause = clause
        self.found = list(atoms(expr))
        self.words: set[str] = set()
        self.limits: set[str] = set()
        self.ids: set[str] = set()
        self.spans: list[Span] = []
        self.times: list[Window] = []
        self.kinds: set[type] = set()
        self.cues: set[str] = set()
        self.kinds_of_pieces: set[str] = set()
        self.first_named = 0
        self.is_pair = isinstance(expr, And) and len(expr.of) == 2 and isinstance(expr.of[0], Concept)
        for atom in self.found:
            self._add(atom)
        waiting: list[Expr] = [expr]
        for one in waiting:
            self.kinds.add(type(one))
            waiting.extend(children(one))
        self.small = self._small()
        self.ends_a_head = clause.tokens[-1].text in {":", "following"}

    def _add(self, one: Any) -> None:
        self.spans.append(one.span)
        match one:
            case Concept():
                self.limits.update(one.status, one.severity)
                self._add_words(one.surface, one.caused_by, one.not_caused_by, one.method, *one.examples)
                self.ids.update((one.concept_id, one.broader))
                self._add_cues(one)
            case Exposure():
                self.limits.update(one.status, one.route)
                self._add_words(one.surface, one.response, *one.examples)
                self.ids.update((one.concept_id, one.broader))
                if one.role:
                    self.cues.add(_ROLES[one.role])
                elif one.time is None:
                    self.cues.add("untimed")
            case Quantity():
                self._add_words(one.surface, one.method)
                if one.aggregate:
                    self.cues.add("history")
            case Result():
                self.ids.add(one.test)
                self.cues.add("negative" if one.outcome in {"negative", "undetectable"} else "positive")
            case Biomarker():
                self.cues.add("negative" if one.variant == "negative" else "positive")
        window = getattr(one, "time", None)
        if window is not None:
            self.times.append(window)

    def _add_cues(self, one: Concept) -> None:
        if one.domain == "allergy":
            self.cues.update(("allergy", "history", "current"))
        if one.temporality in {"history", "any"}:
            self.cues.add("history")
        if one.temporality in {"current", "any"}:
            self.cues.add("current")
        if one.subject:
            self.cues.add("family")

    def _add_words(self, *texts: str) -> None:
        for text in texts:
            if text:
                self.words.update(_WORD.findall(text.lower()))

    def _small(self) -> frozenset[str]:
        """The small words that say nothing beside such parts."""
        types = self.kinds
        named = ["always", "in_exclusions" if self.clause.excludes else "in_inclusions"]
        more = []
        if not types.isdisjoint({Quantity, Ordinal, Result, Biomarker}):
            named.append("beside_numbers")
        if Demographic in types:
            named.append("beside_ages")
        if not types.isdisjoint({Attestation, Judgement, Trialwise}):
            named.append("beside_statements")
        if not types.isdisjoint({Quantity, Demographic, Ordinal}):
            more.append("inclusive")
        if ("untimed" not in self.cues and Exposure in types) or "allergy" in self.cues:
            named.append("of_giving")
        if not self.cues.isdisjoint({"planned", "current"}):
            named.append("of_roles")
        if self.times:
            more.append("visit")
            if any(one.or_half_lives is not None for one in self.times):
                named.append("of_half_lives")
        if Or in types and And not in types:
            more.append("either")
        return _all_of(tuple(named), tuple(more))

    def is_small(self, at: int, before: Piece | None) -> bool:
        """Whether a token that no piece took says nothing."""
        tokens = self.clause.tokens
        token = tokens[at]
        text = token.text
        if token.kind == "punct" or text in self.small or text in self.words:
            return True
        sets = _sets()
        behind = tokens[at - 1].text if at else ""
        if text in sets["behind_treatments"] and before is not None and isinstance(before.expr, Exposure):
            return before.last == at or behind in {")", "therapy", "treatment"}
        if text in sets["behind_conditions"] and before is not None and isinstance(before.expr, Concept):
            return before.last == at
        if text in sets["behind_any"]:
            return behind in {"any", "all", "every"} or tokens[max(0, at - 2)].text == "any"
        if text == "other":
            return self._is_joined_other(at, behind)
        if self._is_of_a_phrase(at, behind, before):
            return True
        if text in {"treatment", "therapy", "associated"}:
            follows = tokens[at + 1].text if at + 1 < len(tokens) else ""
            joined = And in self.kinds and text == "associated"
            given = text != "associated" and any(isinstance(one, Exposure) for one in self.found)
            return follows in {"of", "with"} and (joined or given)
        if text == "after":  # `graft failure after transplantation`: both are asked for
            named = any(isinstance(one, Concept) and one.concept_id for one in self.found)
            return And in self.kinds and named and any(isinstance(one, Exposure) for one in self.found)
        if text in {"greater", "worse", "higher", "more"} and behind == "or":  # `severe or greater`
            return any(getattr(one, "severity", ()) for one in self.found)
        if text in {"not", "limited", "but"}:
            return "limited" in {one.text for one in tokens[at : at + 3]} and Or in self.kinds
        return self.ends_a_head and text in sets["before_lists"]

    def _is_of_a_phrase(self, at: int, behind: str, before: Piece | None) -> bool:
        """Words that say nothing in a phrase, and something elsewhere: `suffering from`, `meets the criteria for`, `enrolment for this study`."""
        tokens = self.clause.tokens
        text = tokens[at].text
        follows = tokens[at + 1].text if at + 1 < len(tokens) else ""
        if text in {"study", "trial"}:
            is_this = (
                behind in {"this", "the", "our"}
                and at > 1
                and tokens[at - 2].text in {"of", "for", "in", "to"}
            )
            return is_this and before is not None and before.kind == "window" and before.last >= at - 2
        if text == "criteria" or text in _MEETING:
            near = {one.text for one in tokens[at : at + 4]} if text in _MEETING else {"criteria", follows}
            return {"criteria", "for"} <= near and (text != "criteria" or self._meets(at))
        if text == "disease":
            return before is not None and isinstance(before.expr, Ordinal) and before.last == at
        if text == "required":
            return (
                not self.clause.excludes
                and behind in {"is", "are", "be"}
                and not self.kinds.isdisjoint({Result, Quantity})
            )
        if text == "demonstrate":
            return Attestation in self.kinds and all(isinstance(one, Attestation) for one in self.found)
        if (
            behind,
            text,
        ) in _BEHIND:  # `known or suspected to suffer from`: the one that is known would be lost
            return "suspected" not in self.clause.words
        return (text, follows) in _AHEAD or (text == "one" and follows == "of" and "allergy" in self.cues)

    def _meets(self, at: int) -> bool:
        return any(one.text in _MEETING for one in self.clause.tokens[max(0, at - 3) : at])

    def _is_joined_other(self, at: int, behind: str) -> bool:
        """`A or other B`; before anything is named these are others than what is studied."""
        if "other" in self.limits or "second_malignancy" in self.ids:
            return True
        is_joined = behind in {"or", "and", ",", "/"}
        is_told = not self.kinds.isdisjoint({Judgement, Trialwise, Attestation})
        if not is_joined and at < self.first_named and not is_told:
            return False
        leads = is_joined or behind in {"any", ""} or self.clause.excludes
        return leads and not any(one.text in _NONE for one in self.clause.tokens[:at])

    def holds(self, piece: Piece, pieces: Sequence[Piece], at: int) -> bool:
        """Whether a reading has what a piece says."""
        kind = piece.kind
        if kind in _SHAPES:
            return True
        if piece.expr is not None:
            return self._has_atom(piece)
        asks = _ASKS.get(kind)
        text = self.clause.said(piece.first, max(piece.last, piece.first + 1)).lower()
        if asks is not None:
            return asks(self, piece, text)
        if kind == "condition_word":
            leads = self.clause.excludes and all(one.kind in _SHAPES for one in pieces[:at])
            limits = not self.kinds.isdisjoint({And, Not}) and any(
                isinstance(one, Quantity) for one in self.found
            )
            return (
                leads and text == "if"
            ) or limits  # `excluded if they have …`, `≥ 900 pg/mL if in fibrillation`
        if text == "placement" and And not in self.kinds and at and isinstance(pieces[at - 1].expr, Exposure):
            return True  # `stent placement`
        is_permitted = text in _PERMITS and ExceptWhen in self.kinds
        return is_permitted or self._in_words(text) or self._is_in_brackets(piece)

    def _has_atom(self, piece: Piece) -> bool:
        if piece.expr is None:
            return True
        if isinstance(piece.expr, Quantity) and not piece.expr.aggregate and self._is_limited(piece):
            return False
        if all(self._covers(one.span) for one in atoms(piece.expr)):
            return True
        if isinstance(piece.expr, (Concept, Exposure)) and {
            piece.expr.concept_id,
            piece.expr.broader,
        } & self.ids - {""}:
            return True  # the abbreviation of a name, or the name of an abbreviation
        said = self.clause.said(piece.first, piece.last)
        if self._in_words(said.lower()) or self._is_in_brackets(piece):
            return True
        if isinstance(piece.expr, ReproState):
            return any(isinstance(one, ReproState) and one.state == piece.expr.state for one in self.found)
        if piece.entry_id == "infection" and not self.ids.isdisjoint(_TESTED_FOR):
            return True  # `infection with hepatitis B`
        before = self.clause.tokens[piece.first - 1].text if piece.first else ""
        return piece.entry_id in _MEDICATION and before in self.words

    def _is_in_brackets(self, piece: Piece) -> bool:
        """`(TAAA)`: an abbreviation alone in parentheses, of what stands before them."""
        tokens = self.clause.tokens
        if not piece.first or piece.last >= len(tokens):
            return False
        said = self.clause.said(piece.first, max(piece.last, piece.first + 1))
        alone = tokens[piece.first - 1].text in "([" and tokens[piece.last].text in ")]"
        return alone and piece.last - piece.first < 3 and 2 * sum(char.isupper() for char in said) > len(said)

    def _is_limited(self, piece: Piece) -> bool:
        """`peak creatinine`, `not more than`: whether words within a measure limit it as no quantity can."""
        tokens = self.clause.tokens
        variable = piece.expr.variable if isinstance(piece.expr, Quantity) else ""
        words = _sets()["not_within_measures"] - _words_of(variable)
        return any(
            tokens[at].text in words
            and not (tokens[at].text in {"no", "not"} and tokens[at + 1].text in _COMPARED)
            for at in range(piece.first, piece.last)
        )

    def _has_time(self, piece: Piece, text: str) -> bool:
        window = piece.timed.window if piece.timed is not None else None
        if window is None or any(_is_same(one, window) for one in self.times):
            return True
        if any(
            isinstance(one, Quantity) and is_a_length(one) and one.interval == window.length
            for one in self.found
        ):
            return True
        is_now = window.length is None and window.anchor in _sets()["now"]
        return is_now and all(
            isinstance(one, (Demographic, Quantity, Ordinal, Result, Attestation)) for one in self.found
        )

    def _denies(self, piece: Piece, text: str) -> bool:
        return Not in self.kinds or any(
            (isinstance(one, Attestation) and not one.affirmed)
            or (isinstance(one, Result) and one.outcome in {"negative", "undetectable", "normal"})
            for one in self.found
        )

    def _limits(self, piece: Piece, text: str) -> bool:
        if text in self.limits or self._in_words(text):
            return True
        words = {token.text for token in self.clause.tokens}
        if {"or", "suspected"} <= words and not words.isdisjoint({"known", "confirmed"}):
            return True  # `active, known or suspected`: whoever has it at all
        if any(isinstance(one, Trialwise) and text in one.surface.lower().split() for one in self.found):
            return True
        return text in _sets()["beside_numbers"] and any(isinstance(one, Quantity) for one in self.found)

    def _is_certain(self, piece: Piece, text: str) -> bool:
        is_open = any(word in text for word in ("suspect", "possib", "probab"))
        is_sure = any(word in text for word in ("confirm", "proven", "verif"))
        named = any(isinstance(one, Concept) and one.domain == "condition" for one in self.found)
        listed = [one.certainty for one in self.found if isinstance(one, Concept)]
        if is_sure and Or in self.kinds and And not in self.kinds and len(set(listed)) > 1:
            return False  # `verified breast or ovarian cancer`: said once, kept for one of them
        return (not is_open and not (is_sure and named)) or any(
            getattr(one, "certainty", "") for one in self.found
        )

    def _is_of_a_time(self, piece: Piece, text: str) -> bool:
        if piece.kind in self.cues or self._in_words(text):
            return True
        if "untimed" in self.cues and {"history", "current"} <= self.kinds_of_pieces:
            return True  # `prior and/or current`: at any time
        if piece.kind == "history":
            return self._is_timed() and not any(
                isinstance(one, Concept) and one.time is None for one in self.found
            )
        if text == "use" and self._is_timed():  # `nitrate use within 7 days`
            return True
        if text == "use of" and not self.cues.isdisjoint({"history", "planned"}):
            return True
        seen = getattr(self.found[0], "method", None) if len(self.found) == 1 else None
        if piece.kind == "current" and text == "on" and seen:
            return True  # `no infarction on ECG`: how it is seen
        if piece.kind == "current" and (text in _sets()["of_now"] or text.startswith("presence")):
            return any(not isinstance(one, Exposure) for one in self.found)
        return False

    def _is_timed(self) -> bool:
        return "untimed" not in self.cues and any(isinstance(one, Exposure) for one in self.found)

    def _is_given(self, piece: Piece, text: str) -> bool:
        return any(isinstance(one, Exposure) for one in self.found) or "allergy" in self.cues

    def _is_planned(self, piece: Piece, text: str) -> bool:
        return (
            "planned" in self.cues
            or self._in_words(text)
            or any(isinstance(one, Trialwise) for one in self.found)
        )

    def _has_cue(self, piece: Piece, text: str) -> bool:
        return piece.kind in self.cues or self._in_words(text)

    def _has_sex(self, piece: Piece, text: str) -> bool:
        if any(isinstance(one, Demographic) and one.kind == "sex" for one in self.found):
            return True
        words = {SEXES[token.text] for token in self.clause.tokens if token.text in SEXES}
        if len(words) == 2:
            return True
        return words == {"female"} and any(
            isinstance(one, ReproState) or (isinstance(one, Result) and one.test == "pregnancy_test")
            for one in self.found
        )

    def _excepts(self, piece: Piece, text: str) -> bool:
        return (
            ExceptWhen in self.kinds or Not in self.kinds or (Or in self.kinds and not self.clause.excludes)
        )

    def _names_examples(self, piece: Piece, text: str) -> bool:
        return Or in self.kinds or Alternatives in self.kinds

    def _defines(self, piece: Piece, text: str) -> bool:
        named = [one for one in self.found if isinstance(one, Concept)]
        if And in self.kinds and len(named) == 1 and named[0] is self.found[0]:
            measured = all(isinstance(one, (Quantity, Ordinal)) for one in self.found[1:])
            if measured and not self.kinds.intersection({Not, ExceptWhen}) and self.is_pair:
                return True
        return all(isinstance(one, (Quantity, Ordinal, Result)) for one in self.found) or self.ends_a_head

    def _has_cause(self, piece: Piece, text: str) -> bool:
        return any(getattr(one, "caused_by", "") or getattr(one, "not_caused_by", "") for one in self.found)

    def _in_words(self, text: str) -> bool:
        return all(word in self.words for word in _WORD.findall(text))

    def _covers(self, span: Span) -> bool:
        return any(one.start <= span.start and span.end <= one.end for one in self.spans)


def _is_same(one: Window, window: Window) -> bool:
    """Whether a time of a part is that of a piece; how it is counted may have been turned round since."""
    if one.unit != window.unit:
        return False
    if one.length is None or window.length is None:
        return one.length is window.length and one.anchor == window.anchor
    ends = {one.length.lower, one.length.upper} & {window.length.lower, window.length.upper}
    return one.length == window.length or bool(ends - {None, Decimal(0)})


_COMPARED = frozenset(
    {
        "greater",
        "more",
        "less",
        "higher",
        "lower",
        "exceed",
        "exceeding",
        "over",
        "above",
        "below",
        "fewer",
        "larger",
        "to",
    }
)
_TESTED_FOR = frozenset(
    {
        "hiv",
        "hepatitis_a",
        "hepatitis_b",
        "hepatitis_c",
        "hepatitis_b_or_c",
        "covid19",
        "tuberculosis",
        "syphilis",
        "cmv",
        "ebv",
    }
)
_MEDICATION = frozenset({"concomitant_medication", "prior_therapy"})
_NONE = frozenset({"no", "not", "without", "never", "absence", "none"})
_ROLES: Mapping[str, str] = {
    "prior": "history",
    "current": "current",
    "required": "current",
    "planned": "planned",
}
_SHAPES = frozenset({"joint", "stop", "open", "close", "close_examples", "glue", "optional", "blank"})
_ASKS: Mapping[str, Callable[[_Said, Piece, str], bool]] = {
    "window": _Said._has_time,
    "negation": _Said._denies,
    "exception": _Said._excepts,
    "status": _Said._limits,
    "severity": _Said._limits,
    "route": _Said._limits,
    "certainty": _Said._is_certain,
    "history": _Said._is_of_a_time,
    "current": _Said._is_of_a_time,
    "planned": _Said._is_planned,
    "family": _Said._has_cue,
    "allergy": _Said._has_cue,
    "positive": _Said._has_cue,
    "negative": _Said._has_cue,
    "given": _Said._is_given,
    "sex": _Said._has_sex,
    "examples": _Said._names_examples,
    "defined": _Said._defines,
    "cause": _Said._has_cause,
    "not_cause": _Said._has_cause,
}
