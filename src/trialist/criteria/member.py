"""One member of a list → its atoms with their modifiers; words that nobody knows stay beside them as `Opaque`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialist.criteria.clause import Clause
from trialist.criteria.gather import widen, with_cause
from trialist.criteria.lexicon import word_set
from trialist.criteria.linking import (
    as_allergy,
    begins_a_line,
    begins_anew,
    compound,
    is_about_the_product,
    is_compound,
    is_linked,
    is_method,
    is_named_by,
    same_infection,
)
from trialist.criteria.nodes import (
    Biomarker,
    Concept,
    Demographic,
    Exposure,
    Expr,
    Opaque,
    Ordinal,
    Quantity,
    Result,
    Span,
    join_all,
    join_any,
)
from trialist.criteria.open_words import exposure_heads, heads, recognise
from trialist.criteria.piece import Piece
from trialist.criteria.qualify import MODIFIERS, Modifiers, idle_course, qualify, without_allergy
from trialist.criteria.quick import replace

_LONGEST_PREFIX = 3  # unknown words before a known name that can be part of it
_BODY_SITES = word_set("body_sites")
_BESIDE_SITES = word_set("beside_body_sites")
_TO_A_SITE = frozenset({"of", "in", "to", "on", "at", "from"})
_SIDES = _BESIDE_SITES - {"pelvic", "lumbar", "cervical", "thoracic", "abdominal"}
_BEFORE_A_SITE = _TO_A_SITE | {"the", "a", "any", "either", "their", "his", "her", "one", "both"}
_CLOSING_A_TREATMENT = word_set("closing_a_treatment")
_CLOSING_A_STEP = word_set("closing_a_step")
_DISEASES = frozenset(
    {
        "disease",
        "diseases",
        "disorder",
        "disorders",
        "illness",
        "illnesses",
        "problem",
        "problems",
        "syndrome",
        "syndromes",
    }
)
_LIMITING = frozenset({"status", "severity", "route"})
_BEHIND_A_THING = MODIFIERS - {"positive", "negative", "allergy"}
_GENERAL_NOUNS = word_set("general_nouns")
# Words before a known name that make something else of it.
_NOT_OF_A_NAME = word_set("not_of_a_name")


def opaque(clause: Clause, pieces: Sequence[Piece]) -> Opaque:
    """The words of some pieces, as what nobody understood."""
    first = min(pieces[0].first, len(clause.tokens) - 1)  # what closes examples stands behind the last word
    last = min(max(pieces[-1].last, first + 1), len(clause.tokens))
    return Opaque(clause.said(first, last), clause.span(first, last))


def is_settled(piece: Piece) -> bool:
    """Whether a piece that is alone in its member, and for which no modifier waits, is what it says."""
    return piece.kind == "atom" and piece.expr is not None


@dataclass(slots=True)
class MemberReader:
    """Reads one member of a list of a clause: its atoms with their modifiers."""

    clause: Clause
    follows: bool = False
    """Whether members stand before it: what closes the last may then be of all of them, and is not read as its own."""

    def read(self, pieces: list[Piece], waiting: Modifiers) -> tuple[Expr | None, Modifiers, list[Piece]]:
        """One member of a list: its atoms with their modifiers; what was not read becomes opaque beside them."""
        if len(pieces) == 1 and not waiting and not waiting.used and is_settled(pieces[0]):
            return pieces[0].expr, waiting, []
        return self.read_several(pieces, waiting)

    def read_several(
        self, pieces: list[Piece], waiting: Modifiers
    ) -> tuple[Expr | None, Modifiers, list[Piece]]:
        """A member of several pieces, or one for which modifiers wait."""
        parts: list[Expr] = []
        modifiers = waiting
        if waiting.used:
            modifiers = waiting.carried()
        place = 0
        run: list[Piece] = []
        if modifiers.used and begins_anew(self.clause, pieces):
            modifiers = Modifiers()
        while place <= len(pieces):
            piece = pieces[place] if place < len(pieces) else None
            if (
                piece is not None
                and piece.kind in {"cause", "not_cause"}
                and place + 1 < len(pieces)
                and not run
                and parts
                and isinstance(parts[-1], Concept)
            ):
                place = self._end_of_cause(pieces, place)
                said = self.clause.said(piece.last, pieces[place - 1].last)
                parts[-1] = with_cause(parts[-1], said, piece.kind == "cause")
                piece = pieces[place] if place < len(pieces) else None
            if piece is not None and piece.kind == "word":
                run.append(piece)
                place += 1
                continue
            if run:
                named = self._unknown(run, piece, parts, modifiers)
                modifiers = modifiers.behind(named[0])
                parts[:] = self._beside(parts, named[0], pieces[: place - len(run)], run)
                if named[1] and piece is not None:
                    piece = replace(
                        piece,
                        first=run[0].first,
                        text=self.clause.said(run[0].first, piece.last),
                        kind="widened",
                    )
                run = []
            if piece is None:
                break
            modifiers = self._add(piece, pieces[:place], parts, modifiers)
            place += 1
        if not parts:
            return (
                None,
                modifiers,
                [one for one in pieces if one.kind in MODIFIERS or one.kind == "word"],
            )
        trailing = self._trailing(pieces)
        if trailing and not modifiers.used:
            parts = self._with_trailing(parts, trailing)
            modifiers = Modifiers()
        elif (
            not trailing and not modifiers.used and (idle := [one for one in pieces if one.kind in _LIMITING])
        ):
            parts.append(
                opaque(self.clause, idle)
            )  # `stable clinical condition (NYHA II)`: of what was not read
        return join_all(parts), modifiers, []

    def _add(
        self, piece: Piece, before: Sequence[Piece], parts: list[Expr], modifiers: Modifiers
    ) -> Modifiers:
        """Let a piece join the member, or stand opaque beside it where nothing says how the two belong together."""
        if (
            parts
            and before
            and piece.entry_id in {"concomitant_medication", "prior_therapy"}
            and isinstance(parts[-1], Exposure)
            and before[-1].expr is not None
            and before[-1].last == piece.first
        ):
            return modifiers  # `antipsychotic drugs`: the noun of the name
        if piece.entry_id == "manual" and piece.expr is not None:
            parts.append(piece.expr)  # `recent DSM-IV substance abuse`: what waits is not of the book
            return modifiers.carried() if modifiers.used else modifiers
        aside = piece.entry_id == "parenthesis" and not isinstance(piece.expr, (Concept, Exposure))
        if aside and not parts and piece.expr is not None and modifiers and not modifiers.used:
            own = [one for one in before if one.kind in MODIFIERS - _LIMITING]
            parts.extend(
                [opaque(self.clause, own)] if own else []
            )  # `unless stable (not requiring steroids)`
            parts.append(piece.expr)
            return modifiers
        if parts and piece.entry_id == "trialwise" and is_about_the_product(parts[-1], before, piece):
            return modifiers
        if piece.expr is None:
            return self._take(piece, parts, modifiers)
        if isinstance(piece.expr, Quantity) and not parts and any(one.kind == "history" for one in before):
            parts.append(replace(piece.expr, aggregate="ever"))  # of any time, and not of now
            modifiers.used = True
            return modifiers.carried()
        if parts and is_compound(self.clause, piece, before, parts[-1]):
            parts[-1] = compound(self.clause, parts[-1], piece, modifiers)
            return modifiers.carried() if modifiers.used else modifiers
        if parts and not is_linked(self.clause, piece, before, parts[-1]):
            parts.append(opaque(self.clause, [piece]))
            return modifiers.carried() if modifiers.used else modifiers
        if is_method(self.clause, piece, parts):
            last = parts[-1]
            if isinstance(last, (Quantity, Concept)) and isinstance(piece.expr, Exposure):
                parts[-1] = replace(last, method=piece.expr.surface)
            return modifiers
        return self._take(piece, parts, modifiers)

    def _trailing(self, pieces: list[Piece]) -> list[Piece]:
        """The modifiers behind the last atom of a member."""
        at = len(pieces)
        while at and pieces[at - 1].kind in _BEHIND_A_THING:
            at -= 1
        return pieces[at:] if at and pieces[at - 1].expr is not None else []

    def _with_trailing(self, parts: list[Expr], trailing: list[Piece]) -> list[Expr]:
        """`renal failure, severe`: what stands behind a thing qualifies it; other words behind it stay opaque."""
        last = parts[-1]
        if isinstance(last, Exposure) and all(
            one.kind == "current" and one.text in _CLOSING_A_TREATMENT for one in trailing
        ):
            return parts  # `nitrate use`
        if isinstance(last, Exposure) and not self.follows and all(one.kind == "planned" for one in trailing):
            late = Modifiers()
            for one in trailing:
                late.add("planned", one.text or "planned")
            return [*parts[:-1], qualify(last, late)]  # `heart surgery planned within 3 months`
        of_all = self.follows and any(one.text.startswith("requiring") for one in trailing)
        if isinstance(last, (Concept, Exposure)) and all(
            (one.kind in {"status", "severity", "certainty"} and not of_all)
            or one.text in {"history", "anamnesis"}
            for one in trailing
        ):
            behind = Modifiers()
            for one in trailing:
                behind.add(one.kind, one.text or one.kind)
            return [*parts[:-1], qualify(last, behind)]
        return [*parts, opaque(self.clause, trailing)]

    def _end_of_cause(self, pieces: Sequence[Piece], place: int) -> int:
        """Where the words of a cause end: before a threshold, which is asked for besides (`anaemia due to kidney disease with eGFR < 30`)."""
        tokens, text = self.clause.tokens, self.clause.text
        for at in range(place + 2, len(pieces)):
            before, first = tokens[pieces[at].first - 1], tokens[pieces[at].first]
            is_apart = (
                before.text in {"with", "and", "having", "(", "["} or "\n" in text[before.end : first.start]
            )
            if isinstance(pieces[at].expr, (Quantity, Ordinal)) and is_apart:
                return at
        return len(pieces)

    def _beside(
        self, parts: list[Expr], named: list[Expr], before: Sequence[Piece], run: Sequence[Piece]
    ) -> list[Expr]:
        """The member with a name of unknown words: part of the name right before it, linked with it, or opaque."""
        if parts and named and self._closes(parts[-1], before, run):
            return parts
        named_before = before[:-1] if before and before[-1].text == "on" else before
        if parts and self._is_a_site(parts[-1], named_before, run):
            return [*parts[:-1], self._at_its_site(parts[-1], named_before[-1].last, run[-1].last)]
        if parts and named and self._ends_a_name(parts[-1], before, run):
            last_name = parts[-1]
            assert isinstance(last_name, Concept)
            span = Span(last_name.span.start, self.clause.span(run[-1].first, run[-1].last).end)
            surface = f"{last_name.surface} {self.clause.said(run[0].first, run[-1].last)}"
            if self.clause.tokens[run[0].first].text in _DISEASES:  # `tumor diseases`: what is named already
                return [*parts[:-1], replace(last_name, surface=surface, span=span)]
            return [*parts[:-1], replace(last_name, surface=surface, span=span, concept_id="", broader="")]
        if not parts or not named or isinstance(named[0], Opaque):
            return [*parts, *named]
        last, new = parts[-1], named[0]
        if (
            before
            and before[-1].expr is not None
            and before[-1].last == run[0].first
            and isinstance(last, (Concept, Exposure))
            and isinstance(new, (Concept, Exposure))
            and not begins_a_line(last, new.surface)
        ):
            # `tumor lysis syndrome`, `iodinated contrast agents`: one name, of which the known words are a part
            whole = f"{last.surface} {new.surface}"
            return [
                *parts[:-1],
                replace(last, surface=whole, concept_id="", broader=""),
            ]
        if isinstance(last, Exposure) and isinstance(new, Exposure) and new.surface.lower() in _GENERAL_NOUNS:
            return parts  # `cardiac resynchronisation therapy (CRT) device`
        if isinstance(new, Exposure) and is_named_by(last, before, run[0].first):
            said = self.clause.said(before[-1].first, run[-1].last)
            return [*parts[:-1], replace(new, surface=said, concept_id="")]
        piece = Piece("atom", run[0].first, run[-1].last, expr=new)
        return [
            *parts,
            new if is_linked(self.clause, piece, before, last) else opaque(self.clause, list(run)),
        ]

    def _at_its_site(self, last: Expr, behind: int, end: int) -> Expr:
        """A thing with where it is: narrower than the thing."""
        if not isinstance(last, (Concept, Exposure)):
            return last
        surface = f"{last.surface} {self.clause.said(behind, end)}"
        span = Span(last.span.start, self.clause.span(end - 1, end).end)
        return replace(
            last, surface=surface, span=span, concept_id="", broader=last.concept_id or last.broader
        )

    def _is_a_site(self, last: Expr, before: Sequence[Piece], run: Sequence[Piece]) -> bool:
        """`osteoarthritis of the knee`, `radiotherapy to the pelvis`: where a thing is, which makes it narrower."""
        if self.follows or not before or before[-1].expr is None or not isinstance(last, (Concept, Exposure)):
            return False
        if isinstance(last, Concept) and (last.domain == "allergy" or last.not_caused_by or last.caused_by):
            return False
        tokens = self.clause.tokens
        words = [token.text for token in tokens[run[0].first : run[-1].last]]
        between = [token.text for token in tokens[before[-1].last : run[0].first]]
        if words[-1] == "region":
            words = words[:-1]  # `pelvic region`
        if not words or not set(words) <= _BODY_SITES | _BESIDE_SITES or set(words) <= _SIDES:
            return False
        return bool(between) and between[0] in _TO_A_SITE and set(between) <= _BEFORE_A_SITE | _BESIDE_SITES

    def _ends_a_name(self, last: Expr, before: Sequence[Piece], run: Sequence[Piece]) -> bool:
        """`COPD exacerbation`, `heart failure symptoms`: a noun for a disease right behind the name of one, which is part of the name."""
        if len(run) != 1 or not isinstance(last, Concept) or last.domain != "condition":
            return False
        tokens, first, end = self.clause.tokens, run[0].first, run[0].last
        if (
            not before
            or before[-1].expr is None
            or before[-1].last != first
            or before[-1].entry_id == "parenthesis"
        ):
            return False
        behind = tokens[end].text if end < len(tokens) else ""
        return (
            end - first == 1
            and tokens[first].text in heads()
            and behind not in {"of", "in", "with", "from", "to"}
        )

    def _closes(self, last: Expr, before: Sequence[Piece], run: Sequence[Piece]) -> bool:
        """`nitrate use`, `NYHA class II symptoms`: a noun right behind a thing that says nothing more of it."""
        first, end = run[0].first, run[-1].last
        if end - first != 1 or not before or before[-1].expr is None or before[-1].last != first:
            return False
        word = self.clause.tokens[first].text
        if end < len(self.clause.tokens) and self.clause.tokens[end].text == "of":
            return False  # `NYHA class II symptoms of …`
        if isinstance(last, Exposure):
            return word in _CLOSING_A_TREATMENT
        return isinstance(last, Ordinal) and word in _CLOSING_A_STEP

    def _take(self, piece: Piece, parts: list[Expr], modifiers: Modifiers) -> Modifiers:
        """Let a piece join the member that is being read."""
        if piece.kind in MODIFIERS:
            if (
                piece.kind in {"positive", "negative"}
                and parts
                and isinstance(parts[-1], (Concept, Result, Biomarker))
                and not getattr(parts[-1], "outcome", "")
            ):
                late = Modifiers()
                late.add(piece.kind, piece.text or piece.kind)
                parts[-1] = qualify(parts[-1], late)
                return modifiers
            if as_allergy(parts, piece):
                return modifiers
            if modifiers.used:
                modifiers = modifiers.carried()
            modifiers.add(piece.kind, piece.text or piece.kind)
            return modifiers
        if piece.kind == "sex":
            sex = Demographic("sex", self.clause.span(piece.first, piece.last), values=(piece.text,))
            parts.append(sex)
            return modifiers
        if piece.kind == "measure":
            parts.append(opaque(self.clause, [piece]))
            return modifiers
        if piece.expr is None:
            return modifiers
        expr = piece.expr
        parts.extend(idle_course(modifiers, expr))
        if piece.kind == "widened":
            expr = widen(expr, piece.text, self.clause, piece)
        if modifiers.has("allergy") and isinstance(expr, (Exposure, Concept)):
            limits = [*modifiers.words.get("route", ()), *modifiers.words.get("status", ())]
            allergen, given = " ".join([*limits, expr.surface]), without_allergy(expr, modifiers)
            expr = Concept(
                "allergy",
                allergen,
                expr.span,
                concept_id="" if limits else getattr(expr, "concept_id", ""),
                severity=tuple(modifiers.words.get("severity", ())),
            )
            modifiers.used = True
            expr = expr if given is None else join_any([given, expr])
        elif modifiers:
            expr = qualify(expr, modifiers)
        if same_infection(self.clause, parts, piece, expr):
            return modifiers.carried() if modifiers.used else modifiers
        parts.append(expr)
        return modifiers.carried() if modifiers.used else modifiers

    def _touches(self, end: int, start: int) -> bool:
        """Whether a thing begins right behind some words, or behind their abbreviation (`central nervous system (CNS) lymphoma`)."""
        tokens = self.clause.tokens
        return end == start or (end + 3 == start and tokens[end].text == "(" and tokens[end + 2].text == ")")

    def _unknown(
        self, run: list[Piece], behind: Piece | None, parts: list[Expr], modifiers: Modifiers
    ) -> tuple[list[Expr], bool]:
        """Unknown words: part of the name behind them, a name by their form, or opaque."""
        first, last = run[0].first, run[-1].last
        if (
            behind is not None
            and self._touches(last, behind.first)
            and isinstance(behind.expr, (Concept, Exposure))
            and behind.entry_id != "parenthesis"
            and last - first <= _LONGEST_PREFIX
            and _NOT_OF_A_NAME.isdisjoint([one.text for one in run])
        ):
            return [], True
        tokens = self.clause.tokens
        while (
            last < len(tokens)
            and (tokens[last].text in heads() or tokens[last].text in exposure_heads())
            and (behind is None or last < behind.first)
        ):
            last += 1
        words = [token[1] for token in tokens[first:last] if token[0] == "word"]
        if tokens[first].kind == "num" or "op" in [token[0] for token in tokens[first:last]]:
            words = []  # a number that nobody took is in no name
        surface = self.clause.said(first, last)
        span = self.clause.span(first, last)
        if not words:
            return [Opaque(surface, span)], False
        if modifiers.has("allergy") and all(len(word) < 4 for word in words):
            return [Opaque(surface, span)], False
        if modifiers.has("allergy"):
            modifiers.used = True
            return [
                Concept("allergy", surface, span, severity=tuple(modifiers.words.get("severity", ())))
            ], False
        cue = modifiers.cue() if modifiers.words else ""
        known = recognise(words, surface, span, cue) if _NOT_OF_A_NAME.isdisjoint(words) else None
        if known is not None:
            known = qualify(known, modifiers) if modifiers else known
            return [known], False
        return [Opaque(surface, span)], False
