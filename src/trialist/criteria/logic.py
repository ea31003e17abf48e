"""Pieces → an expression: parentheses, exceptions, conditions, negation, lists.

In a list below an exclusion or a negation `and` between nouns joins alternatives as a rule ("diabetes, stroke and cancer"); where
two alone are joined so, both readings are kept. Words that nobody knows stay beside their atom as `Opaque`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from trialist.criteria.clause import Clause
from trialist.criteria.exempt import (
    as_choice,
    begins_with_or,
    excepted,
    late_windows,
    loosened,
    of_last_or_all,
    promises,
    share_objects,
    with_nor,
    with_role,
)
from trialist.criteria.gather import (
    abbreviates,
    gather_choices,
    is_abbreviation,
    is_an_opinion,
    is_cue,
    is_of_all,
    is_that,
    last_token,
    led_by,
    settle_members,
    timed,
    timed_alone,
    timed_since,
    widen,
    with_cause,
    with_examples,
)
from trialist.criteria.junctions import (
    and_of_ors,
    are_apart,
    are_names,
    closing_place,
    complete_elided,
    cut_members,
    cut_pieces,
    end_of_definition,
    fill_joints,
    is_a_list_of_names,
    is_conjunctive,
    next_threshold,
    or_of_ands,
    settle_outcomes,
    settle_sexes,
    share_status,
    strip_joints,
    stronger_joint,
)
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
    speaks_of_others,
)
from trialist.criteria.nodes import (
    Alternatives,
    Biomarker,
    Concept,
    Demographic,
    Exposure,
    Expr,
    Judgement,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    atoms,
    join_all,
    join_any,
)
from trialist.criteria.open_words import exposure_heads, heads, recognise
from trialist.criteria.piece import Piece
from trialist.criteria.qualify import MODIFIERS, Modifiers, idle_course, qualify, without_allergy

_RESTART = word_set("new_verbs")


_DEEPEST = 40
_LONGEST_PREFIX = 3  # unknown words before a known name that can be part of it
_LIMITING = frozenset({"status", "severity", "route"})
_NEEDED = word_set("needed")
_GENERAL_NOUNS = word_set("general_nouns")
# Words before a known name that make something else of it.
_NOT_OF_A_NAME = word_set("not_of_a_name")


@dataclass(slots=True)
class Reader:
    """Reads the pieces of one clause; `lists_any` says that its lists name alternatives (exclusion, or below a negation)."""

    clause: Clause
    lists_any: bool

    def read(self, pieces: Sequence[Piece]) -> Expr | None:
        """The expression of the pieces; None when they say nothing."""
        grouped = complete_elided(self.clause, self._without_parentheses(list(pieces)))
        parts = [part for part in cut_pieces(grouped, {"stop"}) if part]
        found = [expr for part in parts if (expr := self._semicolons(part)) is not None]
        if not found:
            return None
        return join_any(found) if self.lists_any else join_all(found)

    def _semicolons(self, pieces: list[Piece]) -> Expr | None:
        parts = cut_pieces(pieces, {"joint"}, {";"})
        found = [expr for part in parts if (expr := self._sentence(part)) is not None]
        if not found:
            return None
        if not self.lists_any and len(found) > 1 and begins_with_or(parts[-1]):
            return join_any([as_choice(one) for one in found])
        return join_any(found) if self.lists_any else loosened(join_all(found))

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
            end = closing_place(pieces, place)
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
        is_named = not any(one.kind == "measure" for one in inside)
        if is_named and all(one.kind == "word" for one in said) and is_abbreviation(self.clause, said):
            return []
        if len(said) == 1 and before and abbreviates(self.clause, said[0], before):
            return []
        if said[0].kind == "exception":
            return self._exception_inside(before, inside)
        first, last = inside[0].first, inside[-1].last
        if said[0].kind == "examples":
            end = Piece("close_examples", last, last)
            return [] if self._exemplifies(before, inside) else [*inside, end]
        if all(one.kind in {"certainty", "glue", "sex", "test_words", "joint"} for one in inside):
            return []
        if all(one.kind in MODIFIERS | {"joint", "window"} for one in inside):
            if inside[0].kind == "joint":  # `diagnosis of (or treatment for)`: another choice
                return [Piece("atom", first, last, expr=self._opaque(inside), entry_id="parenthesis")]
            return [one for one in inside if one.kind != "joint"]
        expr = Reader(self.clause, self.lists_any).read(inside)
        if expr is None:
            return []
        return self._beside_parenthesis(before, inside, expr)

    def _beside_parenthesis(self, before: list[Piece], inside: list[Piece], expr: Expr) -> list[Piece]:
        """What a parenthesis says of what stands before it: a list of names are its instances, all else is asked besides."""
        first, last = inside[0].first, inside[-1].last
        is_list = self.lists_any and bool(before) and is_a_list_of_names(expr)
        if is_list and before[-1].kind == "word":
            return [Piece("examples", first, first), *inside, Piece("close_examples", last, last)]
        named = next((one for one in reversed(before) if one.kind != "window"), None)
        main = named.expr if named is not None else None
        if is_list and any(one.kind == "allergy" for one in before):
            return [Piece("examples", first, first), *inside, Piece("close_examples", last, last)]
        if is_list and named is not None and isinstance(main, Concept | Exposure):
            # `cardiac disease (angina, stroke)`: instances, or all that is meant; only what both say is decided
            named.expr = Alternatives((join_any([main, expr]), expr))
            return []
        said = self.clause.said(first, last)
        return [Piece("atom", first, last, said, expr=expr, entry_id="parenthesis")]

    def _exemplifies(self, before: list[Piece], inside: list[Piece]) -> bool:
        """`symptoms of heart failure (NYHA II) (e.g. dyspnoea)`: examples of the last thing named, where other pieces stand between."""
        if not before or isinstance(before[-1].expr, Concept | Exposure) or before[-1].kind == "word":
            return False
        named = next((one for one in reversed(before) if isinstance(one.expr, Concept)), None)
        if named is None or not isinstance(named.expr, Concept):
            return False
        examples = Reader(self.clause, lists_any=True)._sentence(
            [one for one in inside if one.kind not in {"examples", "close_examples"}]
        )
        words = (
            tuple(one.surface for one in atoms(examples) if isinstance(one, Concept | Exposure))
            if examples
            else ()
        )
        named.expr = replace(named.expr, examples=words)
        return True

    def _exception_inside(self, before: list[Piece], inside: list[Piece]) -> list[Piece]:
        """`malignancy (except skin cancer) within 5 years`: the exception is one of what stands before it."""
        place = next(at for at, piece in enumerate(inside) if piece.kind == "exception")
        exception = Reader(self.clause, lists_any=True)._sentence(inside[place + 1 :])
        main = before[-1].expr if before else None
        if exception is not None and isinstance(main, Concept | Exposure | Quantity | Alternatives | Or):
            before[-1].expr = excepted(main, exception, inside[place].text, self.lists_any)
            return []
        end = inside[-1].last
        return [*inside, Piece("close_examples", end, end)]

    def _sentence(self, pieces: list[Piece]) -> Expr | None:
        """Negation, exception and condition, whichever comes first; else a list. What is nested too deep stays opaque."""
        pieces = strip_joints(pieces)
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
            if (piece.kind == "defined" or is_that(pieces, place)) and 0 < place < len(pieces) - 1:
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
        if end < len(pieces) and pieces[end].text == ",":
            open_too = self._opaque(pieces[end + 1 :]) if end + 1 < len(pieces) else None
            before = self._sentence(pieces[:place])
            return (
                before if open_too is None else open_too if before is None else join_all([before, open_too])
            )
        return self._sentence(pieces[:place] + pieces[end:])

    def _negated(self, pieces: list[Piece], place: int) -> Expr | None:
        behind_it = pieces[place].last
        if behind_it < len(self.clause.tokens) and self.clause.tokens[behind_it].text in _NEEDED:
            first = self._list(strip_joints(pieces[:place])) if place else None
            unread = self._opaque(
                pieces[place:]
            )  # `not required for …`: what is open, and not what is denied
            return unread if first is None else join_all([first, unread])
        pieces = with_nor(pieces, place)
        end = self._end_of_negation(pieces, place)
        inner = Reader(self.clause, lists_any=True)._sentence(pieces[place + 1 : end])
        negated: Expr | None = None
        if inner is not None:
            negated = Not(inner)
        before = self._list(strip_joints(pieces[:place])) if place else None
        behind = self._sentence(pieces[end:]) if end < len(pieces) else None
        if before is not None and negated is not None and behind is None:
            of_last = self._of_the_last(pieces[:place], negated)
            if of_last is not None:
                return Alternatives((join_all([before, negated]), of_last))
        parts = [part for part in (before, negated, behind) if part is not None]
        if not parts:
            return None
        joint = pieces[place - 1].text if place and pieces[place - 1].kind == "joint" else "and"
        if (
            before is not None
            and len(parts) > 1
            and self.lists_any
            and speaks_of_others(self.clause, pieces[place])
        ):
            return join_any([before, join_all(parts[1:])])
        if len(parts) > 1 and joint == "or":
            return join_any(parts)
        return join_all(parts)

    def _of_the_last(self, before: list[Piece], negated: Expr) -> Expr | None:
        """`angina, or block without pacemaker`: what is denied of the last member alone; None where there is no list of choices."""
        cut = next((at for at in range(len(before) - 1, -1, -1) if before[at].kind == "joint"), None)
        if cut is None or cut == len(before) - 1:
            return None
        joint = before[cut].text
        if joint != "or" and not (self.lists_any and joint in {",", "/", "and"}):
            return None
        first, last = self._list(strip_joints(before[:cut])), self._list(before[cut + 1 :])
        return None if first is None or last is None else join_any([first, join_all([last, negated])])

    def _end_of_negation(self, pieces: list[Piece], place: int) -> int:
        """A negation reaches to the end of its sentence, or to a `but`, or to a joint behind which a new verb stands."""
        tokens = self.clause.tokens
        for at in range(place + 1, len(pieces)):
            piece = pieces[at]
            if piece.kind == "joint" and (piece.text == "but" or promises(pieces, at)):
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
        end = min(end, next_threshold(pieces, place))
        if end == len(pieces) and (late := late_windows(pieces, place)):
            early = self._except(pieces[: -len(late) - 1], place)  # `…, except X, within 2 weeks`: of all
            return early if early is None else timed(early, late)
        main = self._sentence(pieces[:place])
        opinion = (
            pieces[end - 1].expr
            if end == len(pieces) and end - place > 2 and is_of_all(pieces[end - 1])
            else None
        )
        if isinstance(opinion, Judgement) and main is not None:
            whole = self._except(
                pieces[: end - 1], place
            )  # `… other than X, judged by the investigator …`: of all
            return opinion if whole is None else join_all([whole, opinion])
        exception = Reader(self.clause, lists_any=True)._sentence(pieces[place + 1 : end])
        if main is None or exception is None:
            opaque = self._opaque(pieces)
            return opaque if main is None else join_all([main, opaque]) if exception is None else opaque
        rest = strip_joints(pieces[end + 1 :]) if end + 1 < len(pieces) else []
        whole = excepted(main, exception, pieces[place].text, self.lists_any)
        if not rest:
            return whole
        if all(one.kind == "window" for one in rest):
            return timed(whole, rest)
        behind = self._sentence(rest)
        if behind is None:
            return whole
        joined = pieces[end] if pieces[end].kind == "joint" else pieces[end + 1]
        joint = joined.text if joined.kind == "joint" else "and"
        is_any = joint == "or" or (joint in {",", "and", ";"} and self.lists_any and joined.kind == "joint")
        return join_any([whole, behind]) if is_any else join_all([whole, behind])

    def _if(self, pieces: list[Piece], place: int) -> Expr | None:
        """`A, or B if C` limits B alone; `A if C` asks for A only where C holds."""
        either = [at for at in range(place) if pieces[at].kind == "joint" and pieces[at].text == "or"]
        condition = Reader(self.clause, lists_any=False)._sentence(pieces[place + 1 :])
        if either and condition is not None:
            first, last = self._sentence(pieces[: either[-1]]), self._sentence(pieces[either[-1] + 1 : place])
            if first is not None and last is not None:
                return of_last_or_all(first, last, condition)
        main = self._sentence(pieces[:place])
        if main is None or condition is None:
            if (
                main is not None and pieces[place].text == "if"
            ):  # `if any`, `if applicable`: of whom is not said
                rest = self._opaque(pieces[place:])
                return join_all([main, rest]) if self.lists_any else join_any([main, rest])
            return main if condition is None else condition
        if self.lists_any:
            return join_all([main, condition])
        return join_any([condition.of if isinstance(condition, Not) else Not(condition), main])

    def _defined(self, pieces: list[Piece], place: int) -> Expr | None:
        """`renal failure, defined as creatinine > 2 mg/dL`: the definition decides."""
        cut = next((at for at in range(place - 1, 0, -1) if pieces[at].kind == "joint"), None)
        end = end_of_definition(pieces, place)
        if end < len(pieces):
            first = self._defined(pieces[:end], place)
            rest = self._sentence(pieces[end:])
            parts = [one for one in (first, rest) if one is not None]
            is_any = self.lists_any or pieces[end].text == "or"
            return None if not parts else join_any(parts) if is_any else join_all(parts)
        if cut is not None:
            head, tail = self._sentence(pieces[:cut]), self._defined(pieces[cut + 1 :], place - cut - 1)
            if head is not None and tail is not None:
                is_any = pieces[cut].text == "or" or (
                    self.lists_any and pieces[cut].text in {",", "and", "/"}
                )
                narrow = join_any([head, tail]) if is_any else join_all([head, tail])
                return narrow if not is_any else Alternatives((narrow, tail))
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
        inner = [one for one in pieces[place + 1 : end] if one.kind != "close_examples"]
        after: list[Piece] = []
        opinions: list[Piece] = []
        while end == len(pieces) and len(inner) > 1 and is_of_all(inner[-1]):
            last = inner.pop()  # `cancer including melanoma within one year`: of both
            (after if last.timed is not None else opinions).append(last)
        named = Reader(self.clause, lists_any=True)._sentence(inner)
        behind = list(pieces[end + 1 :])
        times = list(takewhile(lambda one: one.kind == "window", behind))
        rest = self._sentence(behind[len(times) :]) if len(behind) > len(times) else None
        if main is not None and self.lists_any:
            rest = rest if rest is None else with_role(main, rest)
            named = named if named is None else with_role(main, named, with_time=True)
        if main is None:
            main = named
        elif named is not None:
            main = with_examples(main, named)
        if main is not None:
            main = timed(main, [*times, *after])  # `major surgery (e.g. …) within 30 days`
        if main is not None and opinions:
            main = join_all([main, *(one.expr for one in opinions if one.expr is not None)])
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
        for segment, follows in cut_members(pieces):
            windows = [one for one in segment if one.kind == "window"]
            expr, waiting, unread = self._segment([one for one in segment if one.kind != "window"], waiting)
            if expr is None:
                waiting.part(follows, self.lists_any)
                lost.extend(unread)
                if windows and members:
                    members = timed_alone(members, windows, joint, self._opaque(windows))
                else:
                    leading.extend(windows)
                joint = stronger_joint(joint, follows)
                continue
            windows, leading, first = led_by(segment, windows, leading, bool(members))
            if first:
                expr = self._timed_or_said(expr, first)
            if windows:
                expr = self._timed_or_said(expr, windows)
                if windows[-1].first > last_token(segment) or windows[-1] is segment[-1]:
                    own_cue = any(is_cue(one) for one in segment)
                    since = len(members) if own_cue else max(cued[-1:], default=0)
                    members = timed_since(members, windows, since, joint)
            elif leading and members:
                expr = timed(expr, leading)
            if any(is_cue(one) for one in segment):
                cued.append(len(members))
            own = any(one.kind in MODIFIERS for one in segment)
            if members and not own:
                expr = share_status(members[-1][1], expr)
            members.append((joint, expr))
            joint = follows
            lost = [] if waiting.used else lost
        if waiting and not waiting.used and lost:
            members.append((joint or "and", self._opaque(lost)))
        if leading and not members:
            return self._opaque(leading)
        return self._joined(settle_members(members, self.clause, self.lists_any), pieces)

    def _timed_or_said(self, expr: Expr, windows: Sequence[Piece]) -> Expr:
        """The expression with its times; where nothing in it can have one, the time stays beside it, unread."""
        if any(isinstance(one, Demographic) for one in atoms(expr)) and all(
            one.timed is not None and one.timed.window.length is None for one in windows
        ):
            return timed(expr, windows)  # `aged 18 or older at screening`
        said = timed(expr, windows)
        has_one = any(
            getattr(one, "time", None) is not None or isinstance(one, ReproState) for one in atoms(said)
        )
        long = [one for one in windows if one.timed is not None and one.timed.window.length is not None]
        if has_one and len(long) > 1:
            return join_all([said, self._opaque(long[1:])])  # how long, and when: only one of them was read
        return said if has_one else join_all([said, self._opaque(windows)])

    def _segment(self, pieces: list[Piece], waiting: Modifiers) -> tuple[Expr | None, Modifiers, list[Piece]]:
        """One member of a list: its atoms with their modifiers; what was not read becomes opaque beside them."""
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
                said = self.clause.said(piece.last, pieces[-1].last)
                parts[-1] = with_cause(parts[-1], said, piece.kind == "cause")
                break
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
        unread = [one for one in pieces if one.kind in MODIFIERS or one.kind in {"word"}]
        if not parts:
            return None, modifiers, unread
        trailing = self._trailing(pieces)
        if trailing and not modifiers.used:
            parts = self._with_trailing(parts, trailing)
            modifiers = Modifiers()
        elif (
            not trailing and not modifiers.used and (idle := [one for one in pieces if one.kind in _LIMITING])
        ):
            parts.append(self._opaque(idle))  # `stable clinical condition (NYHA II)`: of what was not read
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
        if parts and piece.entry_id == "trialwise" and is_about_the_product(parts[-1], before, piece):
            return modifiers
        if isinstance(piece.expr, Quantity) and not parts and any(one.kind == "history" for one in before):
            parts.append(replace(piece.expr, aggregate="ever"))  # of any time, and not of now
            modifiers.used = True
            return modifiers.carried()
        if parts and is_compound(piece, before, parts[-1]):
            parts[-1] = compound(parts[-1], piece, modifiers)
            return modifiers.carried() if modifiers.used else modifiers
        if parts and not is_linked(self.clause, piece, before, parts[-1]):
            parts.append(self._opaque([piece]))
            return modifiers.carried() if modifiers.used else modifiers
        if is_method(self.clause, piece, parts):
            last = parts[-1]
            if isinstance(last, Quantity | Concept) and isinstance(piece.expr, Exposure):
                parts[-1] = replace(last, method=piece.expr.surface)
            return modifiers
        return self._take(piece, parts, modifiers)

    def _trailing(self, pieces: list[Piece]) -> list[Piece]:
        """The modifiers behind the last atom of a member."""
        at = len(pieces)
        while at and pieces[at - 1].kind in MODIFIERS - {"positive", "negative", "allergy"}:
            at -= 1
        return pieces[at:] if at and pieces[at - 1].expr is not None else []

    def _with_trailing(self, parts: list[Expr], trailing: list[Piece]) -> list[Expr]:
        """`renal failure, severe`: what stands behind a thing qualifies it; other words behind it stay opaque."""
        last = parts[-1]
        if isinstance(last, Concept | Exposure) and all(
            one.kind in {"status", "severity", "certainty"} for one in trailing
        ):
            behind = Modifiers()
            for one in trailing:
                behind.add(one.kind, one.text or one.kind)
            return [*parts[:-1], qualify(last, behind)]
        return [*parts, self._opaque(trailing)]

    def _beside(
        self, parts: list[Expr], named: list[Expr], before: Sequence[Piece], run: Sequence[Piece]
    ) -> list[Expr]:
        """The member with a name of unknown words: part of the name right before it, linked with it, or opaque."""
        if not parts or not named or isinstance(named[0], Opaque):
            return [*parts, *named]
        last, new = parts[-1], named[0]
        if (
            before
            and before[-1].expr is not None
            and before[-1].last == run[0].first
            and isinstance(last, Concept | Exposure)
            and isinstance(new, Concept | Exposure)
            and not begins_a_line(last, new.surface)
        ):
            # `tumor lysis syndrome`, `iodinated contrast agents`: one name, of which the known words are a part
            whole = f"{last.surface} {new.surface}"
            return [
                *parts[:-1],
                replace(last, surface=whole, concept_id="", broader=getattr(last, "broader", "") and ""),
            ]
        if isinstance(last, Exposure) and isinstance(new, Exposure) and new.surface.lower() in _GENERAL_NOUNS:
            return parts  # `cardiac resynchronisation therapy (CRT) device`
        if isinstance(new, Exposure) and is_named_by(last, before, run[0].first):
            said = self.clause.said(before[-1].first, run[-1].last)
            return [*parts[:-1], replace(new, surface=said, concept_id="")]
        piece = Piece("atom", run[0].first, run[-1].last, expr=new)
        return [*parts, new if is_linked(self.clause, piece, before, last) else self._opaque(list(run))]

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
            parts.append(self._opaque([piece]))
            return modifiers
        if piece.expr is None:
            return modifiers
        expr = piece.expr
        parts.extend(idle_course(modifiers, expr))
        if piece.kind == "widened":
            expr = widen(expr, piece.text, self.clause, piece)
        if modifiers.has("allergy") and isinstance(expr, Exposure | Concept):
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
            and last - first <= _LONGEST_PREFIX
            and not any(one.text in _NOT_OF_A_NAME for one in run)
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
        if tokens[first].kind == "num":
            words = []
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
        cue = next(
            (
                modifiers.words[kind][-1]
                for kind in ("history", "given", "current", "planned")
                if modifiers.has(kind)
            ),
            "",
        )
        known = None if set(words) & _NOT_OF_A_NAME else recognise(words, surface, span, cue)
        if known is not None:
            known = qualify(known, modifiers) if modifiers else known
            return [known], False
        return [Opaque(surface, span)], False

    def _joined(self, members: list[tuple[str, Expr]], pieces: Sequence[Piece]) -> Expr | None:
        """Members with their joints → one expression."""
        members = gather_choices(settle_sexes(members))
        if not members:
            return None
        opinions = [expr for joint, expr in members if is_an_opinion(expr, joint)]
        if opinions and len(opinions) < len(members):
            rest = self._joined([(joint, expr) for joint, expr in members if expr not in opinions], pieces)
            return rest if rest is None else join_all([rest, *opinions])
        members = share_objects(members, self.clause, self.lists_any)
        exprs = settle_outcomes([expr for _, expr in members])
        if len(exprs) == 1:
            return exprs[0]
        joints = fill_joints([joint for joint, _ in members][1:], "or" if self.lists_any else "and")
        if set(joints) == {"or"}:
            return join_any(exprs)
        if set(joints) == {"and"}:
            return self._all_of(exprs, pieces)
        if self.lists_any and not is_conjunctive(self.clause, pieces):
            if any(isinstance(one, Quantity | Ordinal) for one in exprs):
                return Alternatives((join_any(exprs), or_of_ands(exprs, joints)))
            return join_any(exprs)
        return Alternatives((or_of_ands(exprs, joints), and_of_ors(exprs, joints)))

    def _all_of(self, exprs: list[Expr], pieces: Sequence[Piece]) -> Expr:
        """Members joined by `and` alone: in what excludes, nouns joined so are alternatives as a rule."""
        if not self.lists_any:
            # Of several diseases nobody has to have all.
            return Alternatives((join_all(exprs), join_any(exprs))) if are_names(exprs) else join_all(exprs)
        if are_apart(exprs):
            return join_any(exprs)  # `below 18 and above 70`: nobody is both
        if any(isinstance(one, Demographic) for one in exprs) or is_conjunctive(self.clause, pieces):
            return join_all(exprs)
        if all(isinstance(one, ReproState) for one in exprs):
            return join_any(exprs)  # "pregnancy and breast-feeding": nobody means both at once
        return join_any(exprs) if len(exprs) > 2 else Alternatives((join_any(exprs), join_all(exprs)))

    def _opaque(self, pieces: Sequence[Piece]) -> Expr:
        first, last = pieces[0].first, max(pieces[-1].last, pieces[0].first + 1)
        return Opaque(self.clause.said(first, last), self.clause.span(first, last))
