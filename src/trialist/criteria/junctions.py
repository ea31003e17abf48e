"""Members and joints: how the parts of a list are cut, and what joins them."""

from __future__ import annotations

from collections.abc import Sequence

from trialist.criteria.clause import Clause
from trialist.criteria.lexicon import things, word_set
from trialist.criteria.nodes import (
    Alternatives,
    And,
    Attestation,
    Biomarker,
    Concept,
    Count,
    Demographic,
    Exposure,
    Expr,
    Not,
    Opaque,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    atoms,
    conjuncts,
    join_all,
    join_any,
)
from trialist.criteria.open_words import exposure_heads, heads
from trialist.criteria.piece import Piece
from trialist.criteria.pieces_words import STATE_OF_DISEASE, is_a_state_of_disease
from trialist.criteria.quick import replace
from trialist.criteria.tokens import tokenise

_KINDS_OF_INFECTION = frozenset({"bacterial", "viral", "fungal", "parasitic", "local", "systemic"})
_ADJECTIVE_ENDS = ("al", "ic", "ac", "ar", "ous", "ary", "ory", "ive", "eal", "ine")


def cut_pieces(pieces: Sequence[Piece], kinds: set[str], texts: set[str] | None = None) -> list[list[Piece]]:
    """The stretches between the pieces of some kinds (with some texts)."""
    parts: list[list[Piece]] = [[]]
    if kinds.isdisjoint([piece.kind for piece in pieces]):
        return [list(pieces)]
    for piece in pieces:
        if piece.kind in kinds and (texts is None or piece.text in texts):
            parts.append([])
        else:
            parts[-1].append(piece)
    return parts


def closing_place(pieces: Sequence[Piece], place: int) -> int:
    """Where the parenthesis that opens at a place is closed; the end when it is not."""
    depth = 0
    for at in range(place, len(pieces)):
        depth += (pieces[at].kind == "open") - (pieces[at].kind == "close")
        if depth == 0:
            return at
    return len(pieces)


def strip_joints(pieces: list[Piece]) -> list[Piece]:
    """The pieces without joints at either end."""
    while pieces and pieces[0].kind == "joint":
        pieces = pieces[1:]
    while pieces and pieces[-1].kind == "joint":
        pieces = pieces[:-1]
    return pieces


def cut_members(pieces: Sequence[Piece]) -> list[tuple[list[Piece], str]]:
    """The stretches between joints, each with the joint behind it ("" for the last)."""
    found: list[tuple[list[Piece], str]] = []
    current: list[Piece] = []
    place = 0
    if "joint" not in [piece.kind for piece in pieces]:
        return [(list(pieces), "")] if pieces else []
    while place < len(pieces):
        if pieces[place].kind != "joint":
            current.append(pieces[place])
            place += 1
            continue
        joint = pieces[place].text
        while place + 1 < len(pieces) and pieces[place + 1].kind == "joint":
            place += 1
            joint = stronger_joint(joint, pieces[place].text)
        if current:
            found.append((current, joint))
        current = []
        place += 1
    if current:
        found.append((current, ""))
    return found


def stronger_joint(one: str, other: str) -> str:
    """Of two joints the one that says more: `and/or` is an or."""
    for joint in ("or", "and", "but", "/", ","):
        if joint in {one, other}:
            return joint
    return one or other


def fill_joints(joints: list[str], default: str) -> list[str]:
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


def share_status(before: Expr, expr: Expr) -> Expr:
    """`active hepatitis B or hepatitis C`: the adjective holds for both where they are of one family, else perhaps."""
    if isinstance(before, Alternatives):
        before = before.readings[0]
    if isinstance(expr, And) and isinstance(expr.of[0], Concept) and isinstance(before, Concept):
        return join_all([share_status(before, expr.of[0]), *expr.of[1:]])
    if (kind := _kind_of(before, expr)) is not None:
        return Alternatives((kind, expr))
    if (
        isinstance(before, (Concept, Exposure))
        and isinstance(expr, Exposure if isinstance(before, Concept) else (Concept, Exposure))
        and "recent" in before.status
    ):
        return expr if expr.status else Alternatives((replace(expr, status=("recent",)), expr))
    if not (isinstance(before, Concept) and isinstance(expr, Concept)) or not (
        before.status or before.severity
    ):
        return expr
    shared = replace(expr, status=before.status, severity=before.severity)
    if before.concept_id and before.concept_id.split("_")[0] == expr.concept_id.split("_")[0]:
        return shared
    return Alternatives((shared, expr))


# Words so general that an adjective before the member in front may be theirs as well.
_GENERAL = frozenset(
    {
        "surgery",
        "infection",
        "trauma",
        "bleeding",
        "fracture",
        "radiotherapy",
        "thrombosis",
        "transplantation",
    }
)


def _kind_of(before: Expr, expr: Expr) -> Expr | None:
    """`pelvic trauma or surgery`: perhaps a pelvic one."""
    if not isinstance(before, (Concept, Exposure)) or not isinstance(expr, (Concept, Exposure)):
        return None
    adjective, _, rest = before.surface.partition(" ")
    if before.concept_id or not rest or " " in expr.surface or expr.concept_id not in _GENERAL:
        return None
    if not _is_adjective(adjective.lower()):
        return None
    return replace(expr, surface=f"{adjective} {expr.surface}", concept_id="", broader=expr.concept_id)


def or_of_ands(exprs: list[Expr], joints: list[str]) -> Expr:
    """Joints read so that `and` binds closer."""
    groups: list[list[Expr]] = [[exprs[0]]]
    for joint, expr in zip(joints, exprs[1:], strict=True):
        if joint == "or":
            groups.append([expr])
        else:
            groups[-1].append(expr)
    return join_any([join_all(group) for group in groups])


def and_of_ors(exprs: list[Expr], joints: list[str]) -> Expr:
    """Joints read so that `or` binds closer."""
    groups: list[list[Expr]] = [[exprs[0]]]
    for joint, expr in zip(joints, exprs[1:], strict=True):
        if joint == "and":
            groups.append([expr])
        else:
            groups[-1].append(expr)
    return join_all([join_any(group) for group in groups])


def are_names(exprs: Sequence[Expr]) -> bool:
    """Whether three or more members are all conditions without anything else."""
    names = [one.readings[0] if isinstance(one, Alternatives) else one for one in exprs]
    return len(exprs) > 2 and all(isinstance(one, Concept) and one.domain == "condition" for one in names)


def are_apart(exprs: Sequence[Expr]) -> bool:
    """Whether two ages or two values of one measure exclude each other."""
    if len(exprs) != 2:
        return False
    first, second = exprs
    if isinstance(first, Demographic) and isinstance(second, Demographic):
        same = first.kind == second.kind and first.unit == second.unit
    elif isinstance(first, Quantity) and isinstance(second, Quantity):
        same = (first.variable, first.unit, first.basis) == (second.variable, second.unit, second.basis)
    else:
        return False
    one, other = first.interval, second.interval
    if not same or one is None or other is None:
        return False
    pairs = ((one, other), (other, one))
    return any(
        low.upper is not None and high.lower is not None and low.upper < high.lower for low, high in pairs
    )


def settle_sexes(members: list[tuple[str, Expr]]) -> list[tuple[str, Expr]]:
    """`male or female` limits nothing beside other words; `pregnant women` are women already."""
    every = [one for _, expr in members for one in atoms(expr)]
    if Demographic not in map(type, every):
        return members
    sexes = {one.values for one in every if isinstance(one, Demographic) and one.kind == "sex"}
    if not sexes:
        return members
    others = [one for one in every if not (isinstance(one, Demographic) and one.kind == "sex")]
    implied = any(
        isinstance(one, ReproState) or (isinstance(one, Attestation) and one.topic == "contraception")
        for one in others
    )
    pure = [one for _, one in members if isinstance(one, Demographic) and one.kind == "sex"]
    if pure and implied and {one.values for one in pure} == {("male",)}:
        women = [_without_sex(expr) for _, expr in members if expr not in pure]
        ages = [one for expr in women for one in conjuncts(expr) if _is_age(one)]
        besides = [[one for one in conjuncts(expr) if not _is_age(one)] for expr in women]
        besides = [one for one in besides if one]
        if besides and all(isinstance(one, Not) for rest in besides for one in rest):
            besides = [[one for rest in besides for one in rest]]  # `non-pregnant, non-lactating females`
        either = join_any([pure[0], *(join_all(rest) for rest in besides)])
        return [("", join_all([either, *ages]))] if women else members  # `males or … females aged 16 to 65`
    if len(sexes) > 1 and others and all(_is_of_one_sex(expr) for _, expr in members):
        # `< 13 in men and < 12 in women`: each has its own
        return [("", join_any([expr for _, expr in members]))]
    if not others:
        if len(sexes) > 1:
            first = next(one for _, expr in members for one in atoms(expr) if isinstance(one, Demographic))
            return [("", replace(first, values=("male", "female")))]
        return members
    if (len(sexes) == 1 and not implied) or any(_is_of_one_sex(expr) for _, expr in members):
        return members
    remaining: list[tuple[str, Expr]] = []
    for joint, expr in members:
        left = [one for one in conjuncts(expr) if not (isinstance(one, Demographic) and one.kind == "sex")]
        if left:
            remaining.append((joint, join_all(list(left))))
    return remaining


def _is_age(expr: Expr) -> bool:
    return isinstance(expr, Demographic) and expr.kind == "age"


def _without_sex(expr: Expr) -> Expr:
    """`postmenopausal women`: who is postmenopausal is a woman already."""
    if not isinstance(expr, And):
        return expr
    left = [one for one in expr.of if not (isinstance(one, Demographic) and one.kind == "sex")]
    return join_all(left) if left else expr


def _is_of_one_sex(expr: Expr) -> bool:
    """Whether an expression says something of one sex alone."""
    parts = expr.of if isinstance(expr, And) else ()
    return any(isinstance(one, (Quantity, Count)) for one in parts) and any(
        isinstance(one, Demographic) and one.kind == "sex" and len(one.values) == 1 for one in parts
    )


def settle_outcomes(exprs: list[Expr]) -> list[Expr]:
    """`HBsAg or anti-HCV positive`: an outcome at the end of a list holds for the tests before it."""
    last = exprs[-1]
    if not isinstance(last, (Result, Biomarker)) or not (
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


def complete_elided(clause: Clause, pieces: Sequence[Piece]) -> list[Piece]:
    """`cardiac, hepatic or renal disease`: an adjective alone in its member takes the noun of the member that has one."""
    out = list(pieces)
    nouns: dict[int, str] = {}  # what those behind it left out, by their first tokens
    for place in range(len(out) - 2, -1, -1):
        piece = out[place]
        if out[place + 1].kind != "joint":
            continue
        is_germ = piece.kind == "status" and piece.text.lower() in _KINDS_OF_INFECTION
        is_state = is_a_state_of_disease(piece)
        if not (is_germ or is_state or (piece.kind == "word" and _is_adjective(piece.text))):
            continue
        is_joined = is_state and clause.tokens[piece.first - 1].text in {"with", "of", "for", "has", "have"}
        if (
            place
            and not is_joined
            and out[place - 1].kind
            not in {
                "joint",
                "negation",
                "status",
                "severity",
                "history",
                "current",
                "certainty",
            }
        ):
            continue
        after = clause.tokens[piece.last].text
        if after in heads() or after in {"patients", "subjects", "participants", "individuals"}:
            continue  # an adjective with a noun of its own
        behind = [one for one in out[place + 1 :] if one.kind not in _BEFORE_A_NAME]
        noun, model = _noun_of(clause, behind)
        if model is None or (is_germ and not noun.startswith("infection")):
            continue
        if is_state and not _is_in_a_state(behind[0]):
            continue  # `unresectable or metastatic melanoma`: both are said of the melanoma
        noun = nouns[piece.first] = nouns.get(behind[0].first, noun)
        out[place] = _named(clause, piece, noun, model)
    return out


def _is_in_a_state(piece: Piece) -> bool:
    """`metastatic disease`, `unresectable disease`: no disease of its own."""
    surface = getattr(piece.expr, "surface", "").lower()
    return piece.entry_id == STATE_OF_DISEASE or (
        piece.entry_id in _STATES and surface.endswith(" disease") and " " in surface
    )


_STATES = frozenset({"metastasis", "relapse", "disease_progression"})
_BEFORE_A_NAME = frozenset({"joint", "status", "severity"})


def _noun_of(clause: Clause, behind: Sequence[Piece]) -> tuple[str, Concept | Exposure | None]:
    """The noun that the first name behind an adjective ends with, and what it names; no model where no noun can be of both."""
    if not behind:
        return "", None
    first, second = behind[0], behind[1] if len(behind) > 1 else None
    if isinstance(first.expr, (Concept, Exposure)):
        words = first.expr.surface.lower().split()
        is_pair = len(words) == 2 and _is_adjective(words[0])  # `atrial or ventricular arrhythmias`
        known = words[-1] in heads() or words[-1] in exposure_heads()
        return (
            (words[-1], first.expr) if known or (is_pair and isinstance(first.expr, Concept)) else ("", None)
        )
    if second is None or second.first != first.last or first.kind != "word" or not _is_adjective(first.text):
        return "", None
    if isinstance(second.expr, Concept) and second.expr.domain == "condition":
        return second.expr.surface.lower(), second.expr  # `ischemic or constrictive heart disease`
    if second.kind == "word" and second.text in heads():  # `renal or hematologic impairment`
        return second.text, Concept("condition", second.text, clause.span(second.first, second.last))
    return "", None


def _is_adjective(word: str) -> bool:
    return word in word_set("elided_adjectives") or (len(word) > 4 and word.endswith(_ADJECTIVE_ENDS))


def _named(clause: Clause, piece: Piece, noun: str, model: Concept | Exposure) -> Piece:
    """The atom of an adjective with the noun that it leaves out."""
    surface = f"{clause.said(piece.first, piece.last)} {noun}"
    span = clause.span(piece.first, piece.last)
    kind = "condition" if isinstance(model, Concept) else "procedure"
    tokens = tokenise(surface)
    hit = next(
        (
            one
            for one in things().at(tokens, 0, surface)
            if one.entry.kind == kind and one.last == len(tokens)
        ),
        None,
    )
    entry_id = hit.entry.id if hit is not None and not hit.entry.row.get("narrower") else ""
    expr: Expr
    if isinstance(model, Concept):
        if model.domain != "condition":
            return piece
        expr = Concept("condition", surface, span, concept_id=entry_id)
    else:
        expr = Exposure(model.kind, surface, span, concept_id=entry_id)
    return Piece("atom", piece.first, piece.last, surface, expr=expr, entry_id=entry_id)


def is_a_list_of_names(expr: Expr) -> bool:
    """Whether an expression is nothing but several conditions or treatments to choose from."""
    return isinstance(expr, Or) and all(isinstance(one, (Concept, Exposure)) for one in expr.of)


def is_a_loose_list(expr: Expr) -> bool:
    """Whether an expression is a list of three or more names, some of which nobody knows."""
    first = expr.readings[0] if isinstance(expr, Alternatives) else expr
    if not isinstance(first, Or) or len(first.of) < 3:
        return False
    named = [one for one in first.of if isinstance(one, (Concept, Exposure, Alternatives))]
    said = all(
        isinstance(one, (Concept, Exposure, Opaque)) and getattr(one, "time", None) is None
        for one in atoms(first)
    )
    return said and len(named) > 1


def next_threshold(pieces: Sequence[Piece], place: int) -> int:
    """Where an exception ends because a threshold follows behind `, or`: the list goes on, not the exception."""
    for at in range(place + 2, len(pieces) - 2):
        if (
            pieces[at].kind == pieces[at + 1].kind == "joint"
            and pieces[at].text == ","
            and isinstance(pieces[at + 2].expr, (Quantity, Ordinal, Demographic))
        ):
            return at + 1
    return len(pieces)


def end_of_definition(pieces: Sequence[Piece], place: int) -> int:
    """Where a definition ends because a second name is defined behind it."""
    second = next((at for at in range(place + 1, len(pieces)) if pieces[at].kind == "defined"), None)
    if second is None:
        return len(pieces)
    cuts = [at for at in range(place + 1, second) if pieces[at].kind == "joint"]
    return cuts[-1] if cuts else len(pieces)


_VERBS = word_set("verbs")


def is_conjunctive(clause: Clause, pieces: Sequence[Piece]) -> bool:
    """Whether `and` joins verbs ("have … and have used …") or follows `both`."""
    tokens = clause.tokens
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
