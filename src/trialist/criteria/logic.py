"""Pieces → an expression: parentheses, exceptions, conditions, negation, lists.

In a list below an exclusion or a negation `and` between nouns joins alternatives as a rule ("diabetes, stroke and cancer"); where
two alone are joined so, both readings are kept. Words that nobody knows stay beside their atom as `Opaque`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import word_set
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Attestation,
    Biomarker,
    Concept,
    Count,
    Demographic,
    ExceptWhen,
    Exposure,
    Expr,
    Interval,
    Not,
    Opaque,
    Or,
    Quantity,
    ReproState,
    Result,
    atoms,
    join_all,
    join_any,
)
from trialist.criteria.open_words import exposure_heads, heads, recognise
from trialist.criteria.pieces import Piece
from trialist.criteria.qualify import MODIFIERS, Modifiers, qualify, with_time

_RESTART = word_set("new_verbs")
_VERBS = word_set("verbs")


_DEEPEST = 40
_METHODS = word_set("methods")
_CUES = frozenset({"history", "current", "planned", "family"})


@dataclass(slots=True)
class Reader:
    """Reads the pieces of one clause; `lists_any` says that its lists name alternatives (exclusion, or below a negation)."""

    clause: Clause
    lists_any: bool

    def read(self, pieces: Sequence[Piece]) -> Expr | None:
        """The expression of the pieces; None when they say nothing."""
        grouped = self._without_parentheses(list(pieces))
        parts = [part for part in _cut(grouped, {"stop"}) if part]
        found = [expr for part in parts if (expr := self._semicolons(part)) is not None]
        if not found:
            return None
        return join_any(found) if self.lists_any else join_all(found)

    def _semicolons(self, pieces: list[Piece]) -> Expr | None:
        parts = _cut(pieces, {"joint"}, {";"})
        found = [expr for part in parts if (expr := self._sentence(part)) is not None]
        if not found:
            return None
        return join_any(found) if self.lists_any else join_all(found)

    def _without_parentheses(self, pieces: list[Piece]) -> list[Piece]:
        """Read what stands in parentheses: an exception, examples, a qualification, or an abbreviation that says nothing."""
        out: list[Piece] = []
        place = 0
        while place < len(pieces):
            if pieces[place].kind == "close":
                place += 1
                continue
            if pieces[place].kind != "open":
                out.append(pieces[place])
                place += 1
                continue
            end = _closing(pieces, place)
            inside = [one for one in pieces[place + 1 : end] if one.kind not in {"open", "close"}]
            out.extend(self._inside(out, inside))
            place = end + 1
        return out

    def _inside(self, before: list[Piece], inside: list[Piece]) -> list[Piece]:
        said = [one for one in inside if one.kind not in {"joint", "glue", "measure"}]
        if not said:
            return []
        known = {
            getattr(one.expr, "concept_id", "") or one.entry_id for one in before if one.expr is not None
        } - {""}
        if all(
            one.expr is not None and (getattr(one.expr, "concept_id", "") or one.entry_id) in known
            for one in said
        ):
            return []
        if all(one.kind == "word" for one in said) and _is_abbreviation(self.clause, said):
            return []
        if len(said) == 1 and before and _abbreviates(self.clause, said[0], before):
            return []
        if said[0].kind == "exception":
            return self._exception_inside(before, inside)
        first, last = inside[0].first, inside[-1].last
        if said[0].kind == "examples":
            return [*inside, Piece("close_examples", last, last)]
        if all(one.kind in {"certainty", "glue", "sex", "test_words", "joint"} for one in inside):
            return []
        if all(one.kind in MODIFIERS | {"joint", "window"} for one in inside):
            return [one for one in inside if one.kind != "joint"]
        expr = Reader(self.clause, self.lists_any).read(inside)
        if expr is None:
            return []
        named = [one for one in said if isinstance(one.expr, Concept | Exposure)]
        main = before[-1].expr if before else None
        if self.lists_any and len(named) == len(said) > 1 and isinstance(main, Concept | Exposure):
            # `cardiac disease (angina, stroke)`: instances, or all that is meant; only what both say is decided
            before[-1].expr = Alternatives((join_any([main, expr]), expr))
            return []
        return [Piece("atom", first, last, self.clause.said(first, last), expr=expr, entry_id="parenthesis")]

    def _exception_inside(self, before: list[Piece], inside: list[Piece]) -> list[Piece]:
        """`malignancy (except skin cancer) within 5 years`: the exception is one of what stands before it."""
        place = next(at for at, piece in enumerate(inside) if piece.kind == "exception")
        exception = Reader(self.clause, lists_any=True)._sentence(inside[place + 1 :])
        main = before[-1].expr if before else None
        if exception is not None and isinstance(main, Concept | Exposure | Quantity | Alternatives | Or):
            before[-1].expr = ExceptWhen(main, exception)
            return []
        end = inside[-1].last
        return [*inside, Piece("close_examples", end, end)]

    def _sentence(self, pieces: list[Piece]) -> Expr | None:
        """Negation, exception and condition, whichever comes first; else a list. What is nested too deep stays opaque."""
        pieces = _stripped(pieces)
        if self.clause.depth >= _DEEPEST:
            return self._opaque(pieces) if pieces else None
        self.clause.depth += 1
        try:
            return self._turned(pieces)
        finally:
            self.clause.depth -= 1

    def _turned(self, pieces: list[Piece]) -> Expr | None:
        """A sentence by the first of its words that turns or limits it."""
        for place, piece in enumerate(pieces):
            if piece.kind == "negation" and place + 1 < len(pieces):
                return self._negated(pieces, place)
            if piece.kind == "exception":
                return self._except(pieces, place)
            if piece.kind == "optional":
                return self._optional(pieces, place)
            if piece.kind == "condition_word" and place > 0 and place + 1 < len(pieces):
                return self._if(pieces, place)
            if piece.kind == "defined" and 0 < place < len(pieces) - 1:
                return self._defined(pieces, place)
            if piece.kind == "examples" and place + 1 < len(pieces):
                return self._examples(pieces, place)
        return self._list(pieces)

    def _optional(self, pieces: list[Piece], place: int) -> Expr | None:
        """`surgery with or without radiotherapy`: what is left open is asked of nobody."""
        end = next(
            (
                at
                for at in range(place + 1, len(pieces))
                if pieces[at].kind == "joint" and pieces[at].text in {",", "and", "but"}
            ),
            len(pieces),
        )
        self.clause.rules.append("left_open")
        return self._sentence(pieces[:place] + pieces[end:])

    def _negated(self, pieces: list[Piece], place: int) -> Expr | None:
        end = self._end_of_negation(pieces, place)
        inner = Reader(self.clause, lists_any=True)._sentence(pieces[place + 1 : end])
        negated: Expr | None = None
        if inner is not None:
            negated = Not(inner)
        before = self._list(_stripped(pieces[:place])) if place else None
        behind = self._sentence(pieces[end:]) if end < len(pieces) else None
        parts = [part for part in (before, negated, behind) if part is not None]
        if not parts:
            return None
        joint = pieces[place - 1].text if place and pieces[place - 1].kind == "joint" else "and"
        if len(parts) > 1 and joint == "or":
            return join_any(parts)
        return join_all(parts)

    def _end_of_negation(self, pieces: list[Piece], place: int) -> int:
        """A negation reaches to the end of its sentence, or to a `but`, or to a joint behind which a new verb stands."""
        tokens = self.clause.tokens
        for at in range(place + 1, len(pieces)):
            piece = pieces[at]
            if piece.kind == "joint" and piece.text == "but":
                return at
            if piece.kind == "negation" and pieces[at - 1].kind == "joint" and at > place + 1:
                return at - 1
            after = tokens[piece.last].text if piece.kind == "joint" and piece.last < len(tokens) else ""
            if piece.kind == "joint" and piece.text == "and" and after in _RESTART:
                return at
        return len(pieces)

    def _except(self, pieces: list[Piece], place: int) -> Expr | None:
        end = next(
            (at for at in range(place + 1, len(pieces)) if pieces[at].kind == "close_examples"), len(pieces)
        )
        main = self._sentence(pieces[:place])
        exception = Reader(self.clause, lists_any=True)._sentence(pieces[place + 1 : end])
        if main is None or exception is None:
            opaque = self._opaque(pieces)
            return opaque if main is None else join_all([main, opaque]) if exception is None else opaque
        rest = _stripped(pieces[end + 1 :]) if end + 1 < len(pieces) else []
        whole = (
            join_any([main, exception])
            if pieces[place].text.lower().startswith("unless") and not self.lists_any
            else ExceptWhen(main, exception)
        )
        if not rest:
            return whole
        if all(one.kind == "window" for one in rest):
            return _timed(whole, rest)
        behind = self._sentence(rest)
        if behind is None:
            return whole
        joint = pieces[end + 1].text if pieces[end + 1].kind == "joint" else "and"
        is_any = joint == "or" or (
            joint in {",", "and", ";"} and self.lists_any and pieces[end + 1].kind == "joint"
        )
        return join_any([whole, behind]) if is_any else join_all([whole, behind])

    def _if(self, pieces: list[Piece], place: int) -> Expr | None:
        """`A, or B if C` limits B alone; `A if C` asks for A only where C holds."""
        either = [at for at in range(place) if pieces[at].kind == "joint" and pieces[at].text == "or"]
        condition = Reader(self.clause, lists_any=False)._sentence(pieces[place + 1 :])
        if either and condition is not None:
            first, last = self._sentence(pieces[: either[-1]]), self._sentence(pieces[either[-1] + 1 : place])
            if first is not None and last is not None:
                return join_any([first, join_all([last, condition])])
        main = self._sentence(pieces[:place])
        if main is None or condition is None:
            return main if condition is None else condition
        return join_all([main, condition]) if self.lists_any else join_any([Not(condition), main])

    def _defined(self, pieces: list[Piece], place: int) -> Expr | None:
        """`renal failure, defined as creatinine > 2 mg/dL`: the definition decides."""
        name = self._sentence(pieces[:place])
        definition = self._sentence(pieces[place + 1 :])
        if definition is None or name is None:
            return name if definition is None else definition
        if any(isinstance(one, Opaque) for one in atoms(definition)):
            return join_all([name, definition])
        self.clause.rules.append("defined_as")
        return definition

    def _examples(self, pieces: list[Piece], place: int) -> Expr | None:
        """`cardiac disease such as stroke or angina`: each example is an instance of what it exemplifies."""
        end = next(
            (at for at in range(place + 1, len(pieces)) if pieces[at].kind == "close_examples"), len(pieces)
        )
        main = self._sentence(pieces[:place])
        named = Reader(self.clause, lists_any=True)._sentence(
            [one for one in pieces[place + 1 : end] if one.kind != "close_examples"]
        )
        rest = self._sentence(pieces[end + 1 :]) if end + 1 < len(pieces) else None
        if main is None:
            main = named
        elif named is not None:
            main = _with_examples(main, named)
        if rest is None or main is None:
            return main if rest is None else rest
        joint = pieces[end + 1].text if pieces[end + 1].kind == "joint" else "and"
        return (
            join_any([main, rest])
            if (joint in {"or", ","} and self.lists_any) or joint == "or"
            else join_all([main, rest])
        )

    def _list(self, pieces: list[Piece]) -> Expr | None:
        """Members parted by joints, with the modifiers and times they share."""
        members: list[tuple[str, Expr]] = []
        waiting = Modifiers()
        joint = ""
        leading: list[Piece] = []
        lost: list[Piece] = []
        cued: list[int] = []  # the members that begin with a cue of their own (`history of`, `use of`)
        for segment, follows in _segments(pieces):
            windows = [one for one in segment if one.kind == "window"]
            expr, waiting, unread = self._segment([one for one in segment if one.kind != "window"], waiting)
            if expr is None:
                waiting.part(follows, self.lists_any)
                lost.extend(unread)
                if windows and members:
                    members = [(one, _timed(member, windows)) for one, member in members]
                else:
                    leading.extend(windows)
                joint = _stronger(joint, follows)
                continue
            if leading and not members:
                expr = _timed(expr, leading)
            if windows:
                expr = _timed(expr, windows)
                if windows[-1].first > _last_token(segment) or windows[-1] is segment[-1]:
                    own_cue = any(one.kind in _CUES for one in segment)
                    since = len(members) if own_cue else max(cued[-1:], default=0)
                    members = [
                        (one, _timed(member, windows) if at >= since else member)
                        for at, (one, member) in enumerate(members)
                    ]
            elif leading and members:
                expr = _timed(expr, leading)
            if any(one.kind in _CUES for one in segment):
                cued.append(len(members))
            own = any(one.kind in MODIFIERS for one in segment)
            if members and not own:
                expr = _shared_status(members[-1][1], expr)
            members.append((joint, expr))
            joint = follows
            lost = [] if waiting.used else lost
        if waiting and not waiting.used and lost:
            members.append((joint or "and", self._opaque(lost)))
        if leading and not members:
            return self._opaque(leading)
        return self._joined(members, pieces)

    def _segment(self, pieces: list[Piece], waiting: Modifiers) -> tuple[Expr | None, Modifiers, list[Piece]]:
        """One member of a list: its atoms with their modifiers; what was not read becomes opaque beside them."""
        parts: list[Expr] = []
        modifiers = waiting
        if waiting.used:
            modifiers = waiting.carried()
        place = 0
        run: list[Piece] = []
        own = [one for one in pieces if one.kind in MODIFIERS]
        if own and own[0].kind in {"history", "current", "planned", "family", "allergy"} and modifiers.used:
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
                said = self.clause.said(piece.last, pieces[-1].last)
                parts[-1] = _caused(parts[-1], said, piece.kind == "cause")
                break
            if piece is not None and piece.kind == "word":
                run.append(piece)
                place += 1
                continue
            if run:
                named = self._unknown(run, piece, parts, modifiers)
                parts.extend(named[0])
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
            if self._is_method(piece, parts):
                parts[-1] = replace(parts[-1], method=piece.expr.surface)  # type: ignore[type-var, union-attr]
                place += 1
                continue
            modifiers = self._take(piece, parts, modifiers)
            place += 1
        unread = [one for one in pieces if one.kind in MODIFIERS or one.kind in {"word"}]
        if not parts:
            return None, modifiers, unread
        return join_all(parts), modifiers, []

    def _is_method(self, piece: Piece, parts: list[Expr]) -> bool:
        """Whether a piece is how the one before was measured or seen (`LVEF < 40% by echocardiography`)."""
        return (
            isinstance(piece.expr, Exposure)
            and piece.entry_id in _METHODS
            and bool(parts)
            and isinstance(parts[-1], Quantity | Concept)
            and piece.first > 0
            and self.clause.tokens[piece.first - 1].text in {"by", "on", "via", "using", "through", "per"}
        )

    def _take(self, piece: Piece, parts: list[Expr], modifiers: Modifiers) -> Modifiers:
        """Let a piece join the member that is being read."""
        if piece.kind in MODIFIERS:
            if (
                piece.kind in {"positive", "negative"}
                and parts
                and isinstance(parts[-1], Concept | Result | Biomarker)
                and not getattr(parts[-1], "outcome", "")
            ):
                late = Modifiers()
                late.add(piece.kind, piece.text or piece.kind)
                parts[-1] = qualify(parts[-1], late)
                return modifiers
            if modifiers.used and piece.kind in {"status", "severity", "route", "certainty"}:
                modifiers = modifiers.carried()
            modifiers.add(piece.kind, piece.text or piece.kind)
            return modifiers
        if piece.kind == "sex":
            sex = Demographic("sex", self.clause.span(piece.first, piece.last), values=(piece.text,))
            parts.append(sex)
            return modifiers
        if piece.kind == "measure":
            parts.append(self._opaque([piece]))
            return modifiers
        if piece.expr is None:
            return modifiers
        expr = piece.expr
        if piece.kind == "widened":
            expr = _widened(expr, piece.text, self.clause, piece)
        if modifiers.has("allergy") and isinstance(expr, Exposure | Concept):
            allergen = expr.surface
            expr = Concept(
                "allergy",
                allergen,
                expr.span,
                concept_id=getattr(expr, "concept_id", ""),
                severity=tuple(modifiers.words.get("severity", ())),
            )
            modifiers.used = True
        elif modifiers:
            expr = qualify(expr, modifiers)
        parts.append(expr)
        return modifiers.carried() if modifiers.used else modifiers

    def _unknown(
        self, run: list[Piece], behind: Piece | None, parts: list[Expr], modifiers: Modifiers
    ) -> tuple[list[Expr], bool]:
        """Unknown words: part of the name behind them, a name by their form, or opaque."""
        first, last = run[0].first, run[-1].last
        if (
            behind is not None
            and behind.first == last
            and isinstance(behind.expr, Concept | Exposure)
            and behind.entry_id != "parenthesis"
        ):
            return [], True
        tokens = self.clause.tokens
        while (
            last < len(tokens)
            and (tokens[last].text in heads() or tokens[last].text in exposure_heads())
            and (behind is None or last < behind.first)
        ):
            last += 1
        words = [token.text for token in tokens[first:last] if token.kind == "word"]
        surface = self.clause.said(first, last)
        span = self.clause.span(first, last)
        if not words:
            return [Opaque(surface, span)], False
        if modifiers.has("allergy"):
            modifiers.used = True
            return [
                Concept("allergy", surface, span, severity=tuple(modifiers.words.get("severity", ())))
            ], False
        cue = next(
            (modifiers.words[kind][-1] for kind in ("history", "current", "planned") if modifiers.has(kind)),
            "",
        )
        known = recognise(words, surface, span, cue)
        if known is not None:
            known = qualify(known, modifiers) if modifiers else known
            return [known], False
        return [Opaque(surface, span)], False

    def _joined(self, members: list[tuple[str, Expr]], pieces: Sequence[Piece]) -> Expr | None:
        """Members with their joints → one expression."""
        members = _settle_sex(members)
        if not members:
            return None
        exprs = _settle_outcomes([expr for _, expr in members])
        if len(exprs) == 1:
            return exprs[0]
        joints = _filled([joint for joint, _ in members][1:], "or" if self.lists_any else "and")
        if set(joints) == {"or"}:
            return join_any(exprs)
        if set(joints) == {"and"}:
            if not self.lists_any or any(isinstance(one, Demographic) for one in exprs):
                return join_all(exprs)
            if self._is_conjunctive(pieces):
                return join_all(exprs)
            if all(isinstance(one, ReproState) for one in exprs):
                return join_any(exprs)  # "pregnancy and breast-feeding": nobody means both at once
            return join_any(exprs) if len(exprs) > 2 else Alternatives((join_any(exprs), join_all(exprs)))
        if self.lists_any and not self._is_conjunctive(pieces):
            return join_any(exprs)
        return Alternatives((_or_of_ands(exprs, joints), _and_of_ors(exprs, joints)))

    def _is_conjunctive(self, pieces: Sequence[Piece]) -> bool:
        """Whether `and` joins verbs ("have … and have used …") or follows `both`."""
        tokens = self.clause.tokens
        if not pieces:
            return False
        first = pieces[0].first
        if any(token.text == "both" for token in tokens[max(0, first - 2) : first + 1]):
            return True
        for piece in pieces:
            if (
                piece.kind == "joint"
                and piece.text == "and"
                and piece.last < len(tokens)
                and tokens[piece.last].text in _VERBS
            ):
                return True
        return False

    def _opaque(self, pieces: Sequence[Piece]) -> Expr:
        first, last = pieces[0].first, max(pieces[-1].last, pieces[0].first + 1)
        return Opaque(self.clause.said(first, last), self.clause.span(first, last))


def _cut(pieces: Sequence[Piece], kinds: set[str], texts: set[str] | None = None) -> list[list[Piece]]:
    parts: list[list[Piece]] = [[]]
    for piece in pieces:
        if piece.kind in kinds and (texts is None or piece.text in texts):
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts


def _closing(pieces: Sequence[Piece], place: int) -> int:
    depth = 0
    for at in range(place, len(pieces)):
        depth += (pieces[at].kind == "open") - (pieces[at].kind == "close")
        if depth == 0:
            return at
    return len(pieces)


def _is_abbreviation(clause: Clause, said: Sequence[Piece]) -> bool:
    """`(ICF)`, `(AE)`: capitals that stand for the words before them."""
    words = [clause.said(one.first, one.last) for one in said]
    return len(words) <= 2 and all(
        sum(char.isupper() for char in word) >= 2 and len(word) <= 8 for word in words
    )


def _abbreviates(clause: Clause, piece: Piece, before: Sequence[Piece]) -> bool:
    """Whether a word in parentheses is made of the first letters of the words before it (`diabetes mellitus (DM)`)."""
    letters = clause.said(piece.first, piece.last).lower()
    if not letters.isalpha() or len(letters) > 6 or piece.last - piece.first > 1:
        return False
    tokens = clause.tokens[max(0, piece.first - 2 - len(letters)) : piece.first]
    initials = "".join(token.text[0].lower() for token in tokens if token.kind == "word")
    return initials.endswith(letters) and len(letters) > 1


def _stripped(pieces: list[Piece]) -> list[Piece]:
    while pieces and pieces[0].kind == "joint":
        pieces = pieces[1:]
    while pieces and pieces[-1].kind == "joint":
        pieces = pieces[:-1]
    return pieces


def _segments(pieces: Sequence[Piece]) -> list[tuple[list[Piece], str]]:
    """The stretches between joints, each with the joint behind it ("" for the last)."""
    found: list[tuple[list[Piece], str]] = []
    current: list[Piece] = []
    place = 0
    while place < len(pieces):
        if pieces[place].kind != "joint":
            current.append(pieces[place])
            place += 1
            continue
        joint = pieces[place].text
        while place + 1 < len(pieces) and pieces[place + 1].kind == "joint":
            place += 1
            joint = _stronger(joint, pieces[place].text)
        if current:
            found.append((current, joint))
        current = []
        place += 1
    if current:
        found.append((current, ""))
    return found


def _stronger(one: str, other: str) -> str:
    """Of two joints the one that says more: `and/or` is an or."""
    for joint in ("or", "and", "but", "/", ","):
        if joint in {one, other}:
            return joint
    return one or other


def _filled(joints: list[str], default: str) -> list[str]:
    """Commas and slashes take the next joint of their list that says something."""
    out = list(joints)
    following = ""
    for place in range(len(out) - 1, -1, -1):
        joint = "and" if out[place] == "but" else out[place]
        if joint in {"and", "or"}:
            following = joint
            out[place] = joint
        else:
            out[place] = following or default
    return out


def _caused(concept: Concept, by: str, is_so: bool) -> Concept:
    """A condition with what caused it, or surely did not."""
    return replace(concept, caused_by=by) if is_so else replace(concept, not_caused_by=by)


def _shared_status(before: Expr, expr: Expr) -> Expr:
    """`active hepatitis B or hepatitis C`: the adjective holds for both where they are of one family, else perhaps."""
    if isinstance(before, Alternatives):
        before = before.readings[0]
    if not (isinstance(before, Concept) and isinstance(expr, Concept)) or not (
        before.status or before.severity
    ):
        return expr
    shared = replace(expr, status=before.status, severity=before.severity)
    if before.concept_id and before.concept_id.split("_")[0] == expr.concept_id.split("_")[0]:
        return shared
    return Alternatives((shared, expr))


def _or_of_ands(exprs: list[Expr], joints: list[str]) -> Expr:
    groups: list[list[Expr]] = [[exprs[0]]]
    for joint, expr in zip(joints, exprs[1:], strict=True):
        if joint == "or":
            groups.append([expr])
        else:
            groups[-1].append(expr)
    return join_any([join_all(group) for group in groups])


def _and_of_ors(exprs: list[Expr], joints: list[str]) -> Expr:
    groups: list[list[Expr]] = [[exprs[0]]]
    for joint, expr in zip(joints, exprs[1:], strict=True):
        if joint == "and":
            groups.append([expr])
        else:
            groups[-1].append(expr)
    return join_all([join_any(group) for group in groups])


def _timed(expr: Expr, windows: Sequence[Piece]) -> Expr:
    for piece in windows:
        if piece.timed is None:
            continue
        window = piece.timed.window
        length = window.length
        if (
            piece.timed.since
            and window.anchor_assumed
            and isinstance(expr, Exposure)
            and length is not None
            and length.lower is not None
            and length.upper is None
        ):
            # `at least 4 weeks since chemotherapy`: none in the last 4 weeks; whoever never had any is not asked for it
            recent = Interval(upper=length.lower, upper_inclusive=not length.lower_inclusive)
            expr = Not(with_time(replace(expr, role=""), replace(window, length=recent)))
        else:
            expr = with_time(expr, window)
    return expr


def _last_token(segment: Sequence[Piece]) -> int:
    return max((one.last for one in segment if one.kind != "window"), default=0) - 1


def _widened(expr: Expr, surface: str, clause: Clause, piece: Piece) -> Expr:
    """A known name with unknown words before it: narrower than the known one."""
    span = clause.span(piece.first, piece.last)
    if isinstance(expr, Concept | Exposure):
        is_other = surface.lower().startswith(
            "non"
        )  # `non-haematological malignancy` lies outside the known one
        broader = "" if is_other else expr.concept_id or expr.broader
        return replace(expr, surface=surface, span=span, concept_id="", broader=broader)
    return expr


def _with_examples(main: Expr, named: Expr) -> Expr:
    if isinstance(main, Concept | Exposure):
        words = tuple(one.surface for one in atoms(named) if isinstance(one, Concept | Exposure))
        main = replace(main, examples=words)
    return join_any([main, named])


def _settle_sex(members: list[tuple[str, Expr]]) -> list[tuple[str, Expr]]:
    """`male or female` limits nothing beside other words; `pregnant women` are women already."""
    every = [one for _, expr in members for one in atoms(expr)]
    sexes = {one.values for one in every if isinstance(one, Demographic) and one.kind == "sex"}
    if not sexes:
        return members
    others = [one for one in every if not (isinstance(one, Demographic) and one.kind == "sex")]
    implied = any(
        isinstance(one, ReproState) or (isinstance(one, Attestation) and one.topic == "contraception")
        for one in others
    )
    if len(sexes) > 1 and others and all(_is_of_one_sex(expr) for _, expr in members):
        return [
            ("", join_any([expr for _, expr in members]))
        ]  # `< 13 in men and < 12 in women`: each has its own
    if not others:
        if len(sexes) > 1:
            first = next(one for _, expr in members for one in atoms(expr) if isinstance(one, Demographic))
            return [("", replace(first, values=("male", "female")))]
        return members
    if (len(sexes) == 1 and not implied) or any(_is_of_one_sex(expr) for _, expr in members):
        return members
    kept = []
    for joint, expr in members:
        left = [
            one
            for one in (expr.of if isinstance(expr, And) else (expr,))
            if not (isinstance(one, Demographic) and one.kind == "sex")
        ]
        if left:
            kept.append((joint, join_all(list(left))))
    return kept


def _is_of_one_sex(expr: Expr) -> bool:
    """Whether an expression says something of one sex alone."""
    parts = expr.of if isinstance(expr, And) else ()
    return any(isinstance(one, Quantity | Count) for one in parts) and any(
        isinstance(one, Demographic) and one.kind == "sex" and len(one.values) == 1 for one in parts
    )


def _settle_outcomes(exprs: list[Expr]) -> list[Expr]:
    """`HBsAg or anti-HCV positive`: an outcome at the end of a list holds for the tests before it."""
    last = exprs[-1]
    if not isinstance(last, Result | Biomarker) or not (
        last.outcome if isinstance(last, Result) else last.variant
    ):
        return exprs
    settled: list[Expr] = []
    for expr in exprs:
        if isinstance(expr, Result) and not expr.outcome and isinstance(last, Result):
            expr = replace(expr, outcome=last.outcome)
        elif isinstance(expr, Biomarker) and not expr.variant and isinstance(last, Biomarker):
            expr = replace(expr, variant=last.variant)
        settled.append(expr)
    return settled
