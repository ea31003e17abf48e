"""What stands in parentheses: an exception, examples, a qualification, or an abbreviation that says nothing."""

from __future__ import annotations

from dataclasses import replace

from trialist.criteria.exempt import as_choice, excepted
from trialist.criteria.gather import abbreviates, is_abbreviation
from trialist.criteria.junctions import closing_place, is_a_list_of_names, is_a_loose_list
from trialist.criteria.member import opaque
from trialist.criteria.nodes import (
    Alternatives,
    Concept,
    Exposure,
    Expr,
    Not,
    Opaque,
    Or,
    Quantity,
    atoms,
    join_any,
)
from trialist.criteria.piece import Piece
from trialist.criteria.qualify import MODIFIERS
from trialist.criteria.sentences import Sentences


def without_parentheses(reader: Sentences, pieces: list[Piece]) -> list[Piece]:
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
        out.extend(_inside(reader, out, inside))
        place = end + 1
    return out


_EXCLUDED = frozenset({"excluded", "ineligible"})
_ALLOWED = frozenset({"acceptable", "allowed", "permitted", "allowable"})


def _is_allowed(said: list[Piece]) -> bool:
    """`corticosteroids (inhaled ones are allowed)`: whether a parenthesis permits what it names."""
    is_denied = any(one.kind == "negation" for one in said)
    return len(said) > 1 and said[-1].kind == "word" and said[-1].text in _ALLOWED and not is_denied


def _is_excluded(reader: Sentences, inside: list[Piece]) -> bool:
    """`lymphoma (Burkitt lymphoma is excluded)`: whether a parenthesis ends by taking out what it names."""
    tokens = reader.clause.tokens
    behind = [token.text for token in tokens[inside[-1].last : inside[-1].last + 4]]
    said = behind[: behind.index(")")] if ")" in behind else []
    return not reader.lists_any and any(word in _EXCLUDED for word in said) and "not" not in said


def _from_exception(inside: list[Piece], said: list[Piece]) -> list[Piece]:
    """The pieces of a parenthesis from the word that excepts; one is put before what is allowed, or excluded."""
    if said[0].kind == "exception":
        return inside
    start = inside[0].first
    kept = [one for one in inside if one is not said[-1]] if _is_allowed(said) else inside
    return [Piece("exception", start, start), *kept]


def _inside(reader: Sentences, before: list[Piece], inside: list[Piece]) -> list[Piece]:
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
    if is_named and all(one.kind == "word" for one in said) and is_abbreviation(reader.clause, said):
        return []
    if len(said) == 1 and before and abbreviates(reader.clause, said[0], before):
        return []
    if (
        said[0].kind == "exception"
        or (reader.lists_any and _is_allowed(said))
        or _is_excluded(reader, inside)
    ):
        return _exception_inside(reader, before, _from_exception(inside, said))
    first, last = inside[0].first, inside[-1].last
    if before and before[-1].expr is not None and not any(one.kind == "allergy" for one in before):
        inside = as_drugs(reader, before[-1].expr, inside) or inside
    if said[0].kind == "examples":
        end = Piece("close_examples", last, last)
        return [] if _exemplifies(reader, before, inside) else [*inside, end]
    if all(one.kind in {"certainty", "glue", "sex", "test_words", "joint"} for one in inside):
        return []
    if all(one.kind in MODIFIERS | {"joint", "window"} or one.text == "lasting" for one in inside):
        if inside[0].kind == "joint":  # `diagnosis of (or treatment for)`: another choice
            return [Piece("atom", first, last, expr=opaque(reader.clause, inside), entry_id="parenthesis")]
        return [one for one in inside if one.kind != "joint"]
    expr = reader.read(inside)
    if expr is None:
        return []
    return _beside_parenthesis(reader, before, inside, expr)


def _beside_parenthesis(
    reader: Sentences, before: list[Piece], inside: list[Piece], expr: Expr
) -> list[Piece]:
    """What a parenthesis says of what stands before it: a list of names are its instances, all else is asked besides."""
    first, last = inside[0].first, inside[-1].last
    choice = as_choice(expr)
    is_limited = choice is expr and isinstance(expr, Or) and any(isinstance(one, Not) for one in expr.of)
    if before and _is_another_choice(inside) and not is_limited:
        if before[-1].expr is None:
            return [inside[0], Piece("atom", first, last, expr=choice, entry_id="parenthesis")]
        before[-1].expr = join_any([before[-1].expr, choice])  # `creatinine < 1.5 (or clearance > 60)`
        return []
    if not reader.lists_any and before and before[-1].kind == "word":
        expr = _one_of_them(reader, inside, expr)
    if not reader.lists_any and before and isinstance(before[-1].expr, (Concept, Exposure)):
        instances = reader.below(True).read(inside) if _names_several(inside) else None
        if instances is not None and (is_a_list_of_names(instances) or is_a_loose_list(instances)):
            if _goes_on_before(before):
                return [Piece("examples", first, first), *inside, Piece("close_examples", last, last)]
            # `an alpha blocker (A, B, C)`: nobody has to take all of them
            before[-1].expr = Alternatives((join_any([before[-1].expr, instances]), instances))
            return []
    of_causes = any(one.kind in {"cause", "not_cause"} for one in inside)
    is_list = (
        reader.lists_any
        and bool(before)
        and (is_a_list_of_names(expr) or is_a_loose_list(expr))
        and not of_causes
    )
    if is_list and _among_examples(before):
        return [Piece("joint", first, first, ","), *inside]  # `such as A (B, C), D (E)`: one list
    if is_list and before[-1].kind == "word":
        return [Piece("examples", first, first), *inside, Piece("close_examples", last, last)]
    named = next((one for one in reversed(before) if one.kind != "window"), None)
    main = named.expr if named is not None else None
    if is_list and any(one.kind == "allergy" for one in before):
        return [Piece("examples", first, first), *inside, Piece("close_examples", last, last)]
    if is_list and _goes_on_before(before):
        return [Piece("examples", first, first), *inside, Piece("close_examples", last, last)]
    if is_list and named is not None and isinstance(main, (Concept, Exposure)):
        # `cardiac disease (angina, stroke)`: instances, or all that is meant; only what both say is decided
        named.expr = Alternatives((join_any([main, expr]), expr))
        return []
    said = reader.clause.said(first, last)
    return [Piece("atom", first, last, said, expr=expr, entry_id="parenthesis")]


def _one_of_them(reader: Sentences, inside: list[Piece], expr: Expr) -> Expr:
    """`cognitive enhancers (A, B, C)`: of names parted by commas alone behind words for all of them, nobody has to have each."""
    joints = {one.text for one in inside if one.kind == "joint"}
    if joints != {","} or not _names_several(inside):
        return expr
    instances = reader.below(True).read(inside)
    if not isinstance(instances, Or) or not (is_a_list_of_names(instances) or is_a_loose_list(instances)):
        return expr
    if all(isinstance(one, (Exposure, Opaque)) for one in instances.of):
        return instances
    return Alternatives((instances, expr.readings[0] if isinstance(expr, Alternatives) else expr))


def _is_another_choice(inside: list[Piece]) -> bool:
    """Whether a parenthesis begins with `or`."""
    return inside[0].kind == "joint" and inside[0].text.lower() in {"or", "and/or"}


def as_drugs(reader: Sentences, main: Expr, inside: list[Piece]) -> list[Piece]:
    """`alpha blocker (tamsulosin, …)`: unknown names listed behind a class of drugs are drugs; none where anything else is said."""
    if not isinstance(main, Exposure) or main.kind != "class":
        return []
    found: list[Piece] = []
    for piece in inside:
        if piece.kind in {"examples", "joint"} or isinstance(piece.expr, Exposure):
            found.append(piece)
            continue
        is_named = piece.kind == "word" and found[-1:] != [] and found[-1].kind in {"examples", "joint"}
        if not (is_named or (piece.kind == "word" and not found)) or not _is_a_name(reader, piece):
            return []
        said = reader.clause.said(piece.first, piece.last)
        drug = Exposure("drug", said, reader.clause.span(piece.first, piece.last))
        found.append(Piece("atom", piece.first, piece.last, expr=drug))
    return found


def _is_a_name(reader: Sentences, piece: Piece) -> bool:
    """Whether a piece is one word that can be a name."""
    words = reader.clause.tokens[piece.first : piece.last]
    return len(words) == 1 and words[0].kind == "word" and len(words[0].text) > 4 and words[0].text.isalpha()


def _among_examples(before: list[Piece]) -> bool:
    """Whether examples have begun and not ended."""
    turn = next((one.kind for one in reversed(before) if one.kind in {"examples", "close_examples"}), "")
    return turn == "examples"


def _goes_on_before(before: list[Piece]) -> bool:
    """Whether unknown words stand right before the last thing, which are part of its name."""
    return len(before) > 1 and before[-2].kind == "word" and before[-2].last == before[-1].first


def _names_several(inside: list[Piece]) -> bool:
    """Whether a parenthesis is a list of names: more than two, or two parted by `or` or a slash."""
    if any(one.kind not in {"joint", "atom", "word"} for one in inside if one.expr is None):
        return False
    joints = [one.text for one in inside if one.kind == "joint"]
    return bool(set(joints) & {"or", "/"}) or len(joints) > 1


def _exemplifies(reader: Sentences, before: list[Piece], inside: list[Piece]) -> bool:
    """`symptoms of heart failure (NYHA II) (e.g. dyspnoea)`: examples of the last thing named, where other pieces stand between."""
    if not before or isinstance(before[-1].expr, (Concept, Exposure)) or before[-1].kind == "word":
        return False
    named = next((one for one in reversed(before) if isinstance(one.expr, Concept)), None)
    if named is None or not isinstance(named.expr, Concept):
        return False
    examples = reader.below(True).sentence(
        [one for one in inside if one.kind not in {"examples", "close_examples"}]
    )
    words = (
        tuple(one.surface for one in atoms(examples) if isinstance(one, (Concept, Exposure)))
        if examples
        else ()
    )
    named.expr = replace(named.expr, examples=words)
    return True


def _exception_inside(reader: Sentences, before: list[Piece], inside: list[Piece]) -> list[Piece]:
    """`malignancy (except skin cancer) within 5 years`: the exception is one of what stands before it."""
    place = next(at for at, piece in enumerate(inside) if piece.kind == "exception")
    exception = reader.below(True).sentence(inside[place + 1 :])
    main = before[-1].expr if before else None
    if exception is not None and isinstance(main, (Concept, Exposure, Quantity, Alternatives, Or)):
        before[-1].expr = excepted(main, exception, inside[place].text, reader.lists_any)
        return []
    end = inside[-1].last
    return [*inside, Piece("close_examples", end, end)]
