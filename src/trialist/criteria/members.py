"""Members parted by joints → one expression, with the times and modifiers they share.

In a list below an exclusion or a negation `and` between nouns joins alternatives as a rule ("diabetes, stroke and cancer"); where
two alone are joined so, both readings are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialist.criteria.clause import Clause
from trialist.criteria.exempt import share_objects
from trialist.criteria.gather import (
    fold_since,
    gather_choices,
    is_an_opinion,
    is_cue,
    last_token,
    led_by,
    settle_members,
    timed,
    timed_alone,
    timed_since,
)
from trialist.criteria.junctions import (
    and_of_ors,
    are_apart,
    are_names,
    cut_members,
    fill_joints,
    is_conjunctive,
    or_of_ands,
    settle_outcomes,
    settle_sexes,
    share_status,
    stronger_joint,
)
from trialist.criteria.member import MemberReader, opaque
from trialist.criteria.nodes import (
    Alternatives,
    Demographic,
    Expr,
    Ordinal,
    Quantity,
    ReproState,
    atoms,
    join_all,
    join_any,
)
from trialist.criteria.piece import Piece
from trialist.criteria.qualify import MODIFIERS, Modifiers


def _rank(piece: Piece) -> int:
    """Of when, how long and a time without a number (`within 3 months …`, `for more than a week`, `before …`) the first is the time of a thing."""
    window = piece.timed.window if piece.timed is not None else None
    if window is None or window.length is None:
        return 2
    return 1 if window.anchor_assumed and window.length.upper is None else 0


@dataclass(slots=True)
class ListReader:
    """Reads a list of a clause, in which nothing turns any more; `lists_any` says that it names alternatives."""

    clause: Clause
    lists_any: bool

    def read(self, pieces: list[Piece]) -> Expr | None:
        """Members parted by joints, with the modifiers and times they share."""
        members: list[tuple[str, Expr]] = []
        waiting, joint = Modifiers(), ""
        leading: list[Piece] = []
        lost: list[Piece] = []
        cued: list[int] = []  # the members that begin with a cue of their own (`history of`, `use of`)
        for segment, follows in cut_members(pieces):
            windows = [one for one in segment if one.kind == "window"]
            rest = [one for one in segment if one.kind != "window"] if windows else segment
            waiting = self._carried(waiting, segment, members) if waiting.used else waiting
            expr, waiting, unread = MemberReader(self.clause, bool(members)).read(rest, waiting)
            if expr is None:
                waiting.part(follows, self.lists_any)
                lost.extend(unread)
                if windows and members:
                    members = timed_alone(members, windows, joint, opaque(self.clause, windows))
                else:
                    leading.extend(windows)
                joint = stronger_joint(joint, follows)
                continue
            if windows or leading:
                windows, leading, first = led_by(segment, windows, leading, bool(members))
                expr = self._timed_or_said(expr, first) if first else expr
            if windows:
                expr = self._timed_or_said(expr, windows)
                if windows[-1].first > last_token(segment) or windows[-1] is segment[-1]:
                    own_cue = any(is_cue(one) for one in segment)
                    since = len(members) if own_cue else max(cued[-1:], default=0)
                    members = timed_since(members, windows, since, joint)
            elif leading and members:
                expr = timed(expr, leading)
            if MODIFIERS.isdisjoint([one.kind for one in segment]):
                expr = share_status(members[-1][1], expr) if members else expr
            elif any(is_cue(one) for one in segment):
                cued.append(len(members))
            members.append((joint, expr))
            joint = follows
            lost = [] if waiting.used else lost
        if waiting and not waiting.used and lost:
            members.append((joint or "and", timed(opaque(self.clause, lost), leading)))
        if leading and not members:
            return opaque(self.clause, leading)
        return self._joined(settle_members(members, self.clause, self.lists_any), pieces)

    def _carried(self, waiting: Modifiers, segment: Sequence[Piece], members: Sequence[object]) -> Modifiers:
        """What waits for a member; `history of infarction or have uncontrolled angina` speaks of no history of the second."""
        at = segment[0].first if segment else 0
        is_new = (
            bool(members) and waiting.used and at > 0 and self.clause.tokens[at - 1].text in {"have", "has"}
        )
        return Modifiers() if is_new else waiting

    def _timed_or_said(self, expr: Expr, windows: Sequence[Piece]) -> Expr:
        """The expression with its times; where nothing in it can have one, the time stays beside it, unread."""
        if any(isinstance(one, Demographic) for one in atoms(expr)) and all(
            one.timed is not None and one.timed.window.length is None for one in windows
        ):
            return timed(expr, windows)  # `aged 18 or older at screening`
        windows = sorted(windows, key=_rank)
        said = timed(expr, windows)
        has_one = any(
            getattr(one, "time", None) is not None or isinstance(one, ReproState) for one in atoms(said)
        )
        long = [one for one in windows if one.timed is not None and one.timed.window.length is not None]
        if has_one and len(long) > 1:
            return join_all(
                [said, opaque(self.clause, long[1:])]
            )  # how long, and when: only one of them was read
        return said if has_one else join_all([said, opaque(self.clause, windows)])

    def _joined(self, members: list[tuple[str, Expr]], pieces: Sequence[Piece]) -> Expr | None:
        """Members with their joints → one expression."""
        if self.clause.names_a_sex():
            members = settle_sexes(members)
        if len(members) == 1:
            return members[0][1]
        members = gather_choices(members)
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
        if any(_counts_from_the_last(one) for one in pieces):
            exprs, joints = fold_since(exprs, joints)
            if len(exprs) == 1:
                return exprs[0]
        if set(joints) == {"or"}:
            return join_any(exprs)
        if set(joints) == {"and"}:
            return self._all_of(exprs, pieces)
        if self.lists_any and not is_conjunctive(self.clause, pieces):
            if any(isinstance(one, (Quantity, Ordinal)) for one in exprs):
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


def _counts_from_the_last(piece: Piece) -> bool:
    """`at least 4 weeks since`, and no other time."""
    return piece.timed is not None and piece.timed.since
