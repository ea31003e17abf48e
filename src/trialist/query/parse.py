"""Query text → nodes: the registry's Essie dialect, written by hand.

    or      = and { OR and }
    and     = operator { [ AND ] operator }              operands beside each other are joined by AND
    operator = { NOT | AREA[…] | SEARCH[…] | COVERAGE[…] | EXPANSION[…] | TILT[…] } source
    source  = words | "phrase" | ( or ) | MISSING | ALL | RANGE[…,…] | DISTANCE[…,…,…]

A run of words is one term. A comma only separates: between words it is dropped, between expressions they are joined by
AND as any that stand beside each other. `MIN` and `MAX` are words outside of `RANGE`. `AREA[Sex]ALL` is the value ALL,
as the field's enumeration has it; everywhere else `ALL` is every study. The parser keeps a stack of its own, so depth
costs no recursion; `MAX_OPEN` parentheses may be open at once, and nodes nest `MAX_DEPTH` deep.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from trialist.errors import QuerySyntaxError
from trialist.query import live
from trialist.query.areas import ValueKind, resolve_area
from trialist.query.cursor import Cursor
from trialist.query.lexer import Kind, Token
from trialist.query.nodes import (
    TILTABLE,
    All,
    And,
    Area,
    Coverage,
    Covered,
    Document,
    Expanded,
    Expansion,
    Missing,
    Node,
    Not,
    Or,
    SearchIn,
    Term,
    Tilt,
)
from trialist.query.operands import (
    Complaint,
    Scope,
    check_distance,
    check_missing,
    check_range,
    check_scope,
    check_term,
)
from trialist.query.values import parse_distance

MAX_OPEN = 1_000
MAX_DEPTH = 100
_OPERATORS = frozenset({"AREA", "SEARCH", "COVERAGE", "COVER", "EXPANSION", "EXPAND", "TILT"})
_WORDS_OUTSIDE_RANGE = frozenset({"MIN", "MAX"})


@dataclass(slots=True)
class _Operator:
    """An operator that waits for its operand, and what governs the operand."""

    token: Token
    wrap: Callable[[Node], Node]
    scope: Scope


@dataclass(slots=True)
class _Operand:
    """A finished node, how deep it is, and where it begins."""

    node: Node
    depth: int
    start: int


@dataclass(slots=True)
class _Group:
    """What stands between a parenthesis, or the text's beginning, and its end, as far as it is read.

    `needs` is the token that asks for an operand on its right: the beginning, AND, OR or an operator; None after an
    operand.
    """

    opening: Token
    scope: Scope
    needs: Token | None
    before: list[_Operand] = field(default_factory=list)
    joined: list[_Operand] = field(default_factory=list)
    operators: list[_Operator] = field(default_factory=list)

    @property
    def inner(self) -> Scope:
        """What governs the next operand."""
        return self.operators[-1].scope if self.operators else self.scope


def parse_query(text: str, *, default_area: str = "BasicSearch", own_areas: bool = True) -> Node:
    """The node of a query; terms outside of `AREA[…]` are checked against the values of `default_area`.

    Without `own_areas` only the registry's areas are known, as its API has them.

    `QuerySyntaxError` points at what is wrong and says what would be legal. A blank text is refused too: who calls
    knows whether that means no query. `UnknownFieldError` when `default_area` is none.
    """
    return _Parser(text, Scope(resolve_area(default_area)), own_areas).parse()


class _Parser(Cursor):
    def __init__(self, text: str, scope: Scope, own_areas: bool) -> None:
        super().__init__(text, own_areas)
        beginning = Token(Kind.OPEN, "", 0, 0)
        self.groups = [_Group(beginning, scope, beginning)]

    def parse(self) -> Node:
        if self.tokens[0].kind is Kind.END:
            raise self.error("the query is blank", 0, len(self.text), hint="Leave the parameter out instead.")
        while True:
            token = self.tokens[self.place]
            self.place += 1
            match token.kind:
                case Kind.END:
                    return self.end(token)
                case Kind.OPEN:
                    self.open(token)
                case Kind.CLOSE:
                    self.close(token)
                case Kind.LEFT | Kind.RIGHT:
                    raise self.stray_bracket(token)
                case Kind.COMMA:
                    self.comma(token)
                case Kind.STRING:
                    self.phrase(token)
                case Kind.WORD:
                    self.words(token)
                case Kind.KEYWORD:
                    self.keyword(token)

    # -- errors

    def stray_bracket(self, token: Token) -> QuerySyntaxError:
        before = self.tokens[self.place - 2] if self.place > 1 else None
        hint = "Write \\[ for a bracket that is part of the text."
        if token.kind is Kind.LEFT and before is not None and before.kind is Kind.WORD:
            near = difflib.get_close_matches(
                before.text.upper()[:20], sorted(_OPERATORS | {"RANGE", "DISTANCE"}), n=1
            )
            if near:
                hint = f"Did you mean {near[0]}[…]? Operators are written in upper case."
        return self.error(
            f"{token.text!r} may only stand after AREA, SEARCH, COVERAGE, EXPANSION, TILT, RANGE and DISTANCE",
            token.start,
            token.end,
            hint=hint,
            live_message=live.mismatched(token.text, in_parentheses=len(self.groups) > 1),
        )

    def wants_operand(self, token: Token, needs: Token) -> QuerySyntaxError:
        found = self.text[token.start : token.end]
        here = repr(found) if found else "the end"
        after = f"after {needs.text}" if needs.text else "at the beginning"
        return self.error(
            f"something to search for must stand {after}, not {here}",
            token.start,
            token.end,
            hint=f"Write \\{found} for the word itself." if token.kind is Kind.KEYWORD else "",
            live_message=live.mismatched(found, in_parentheses=len(self.groups) > 1),
        )

    # -- groups

    def open(self, token: Token) -> None:
        if len(self.groups) > MAX_OPEN:
            raise self.error(f"at most {MAX_OPEN:,} parentheses may be open at once", token.start, token.end)
        self.groups.append(_Group(token, self.groups[-1].inner, token))

    def close(self, token: Token) -> None:
        group = self.groups[-1]
        if len(self.groups) == 1:
            raise self.error(
                "this parenthesis was never opened",
                token.start,
                token.end,
                hint="Leave it out, or write \\) for one that is part of the text.",
                live_message=live.mismatched(")", in_parentheses=False),
            )
        operand = self.finish(group, token)
        self.groups.pop()
        self.add(operand.node, operand.depth, group.opening.start)

    def end(self, token: Token) -> Node:
        group = self.groups[-1]
        if len(self.groups) == 1:
            return self.finish(group, token).node
        raise self.error(
            "this parenthesis is never closed",
            group.opening.start,
            group.opening.end,
            hint="Close it with ), or write \\( for one that is part of the text.",
            live_message=live.not_closed(self.last_words()),
        )

    def last_words(self) -> list[str]:
        """The run of words that the text ends with."""
        found: list[str] = []
        for token in reversed(self.tokens[:-1]):
            if token.kind is not Kind.WORD:
                break
            found.append(token.text)
        return found[::-1]

    def finish(self, group: _Group, token: Token) -> _Operand:
        """The one operand that a group is."""
        if group.needs is not None:
            raise self.wants_operand(token, group.needs)
        group.before.append(self.join(And, group.joined))
        return self.join(Or, group.before)

    def join(self, kind: type[And] | type[Or], operands: list[_Operand]) -> _Operand:
        """One operand as it is, several joined and flattened."""
        if len(operands) == 1:
            return operands[0]
        flat: list[Node] = []
        depth = 0
        for one in operands:
            is_same = isinstance(one.node, kind)
            flat.extend(one.node.operands if isinstance(one.node, kind) else (one.node,))
            depth = max(depth, one.depth - is_same)
        start = operands[0].start
        return _Operand(kind(tuple(flat)), self.deeper(depth, start), start)

    def deeper(self, depth: int, start: int) -> int:
        if depth >= MAX_DEPTH:
            message = f"the query is nested deeper than {MAX_DEPTH} levels"
            raise self.error(message, start, start + 1, hint="Write it with fewer parentheses and operators.")
        return depth + 1

    def add(self, node: Node, depth: int, start: int) -> None:
        """Take an operand into the current group, with the operators that wait for it."""
        group = self.groups[-1]
        for operator in reversed(group.operators):
            start = operator.token.start
            depth = self.deeper(depth, start)
            node = operator.wrap(node)
        group.operators.clear()
        group.joined.append(_Operand(node, depth, start))
        group.needs = None

    def leaf(self, node: Node | Complaint, start: int, end: int) -> None:
        """Take a node without operands, or refuse it."""
        scope = self.groups[-1].inner
        against = check_scope(scope)
        if against is not None:
            operators = self.groups[-1].operators
            raise self.refuse(against, operators[0].token.start if operators else start, end)
        if isinstance(node, Complaint):
            raise self.refuse(node, start, end)
        self.add(node, 1, start)

    # -- what stands in a group

    def comma(self, token: Token) -> None:
        group = self.groups[-1]
        if group.needs is not None and group.needs.text not in ("", "(", "OR"):
            raise self.wants_operand(token, group.needs)

    def phrase(self, token: Token) -> None:
        text = " ".join(token.text.split())
        if not text:
            raise self.error("there is nothing between these quotes", token.start, token.end)
        term = Term(text, quoted=True)
        self.leaf(check_term(term, self.groups[-1].inner), token.start, token.end)

    def words(self, first: Token) -> None:
        found, end = [first.text], first.end
        while True:
            ahead = self.place
            while self.tokens[ahead].kind is Kind.COMMA:
                ahead += 1
            token = self.tokens[ahead]
            is_word = token.kind is Kind.KEYWORD and token.text in _WORDS_OUTSIDE_RANGE
            if not is_word and token.kind is not Kind.WORD:
                break
            found.append(token.text)
            end = token.end
            self.place = ahead + 1
        self.leaf(check_term(Term(" ".join(found)), self.groups[-1].inner), first.start, end)

    def keyword(self, token: Token) -> None:
        group = self.groups[-1]
        match token.text:
            case "AND" | "OR":
                if group.needs is not None:
                    raise self.wants_operand(token, group.needs)
                if token.text == "OR":
                    group.before.append(self.join(And, group.joined))
                    group.joined = []
                group.needs = token
            case "NOT":
                self.operator(token, Not, group.inner)
            case "MISSING":
                self.leaf(check_missing(group.inner) or Missing(), token.start, token.end)
            case "ALL":
                is_value = group.inner.kind is ValueKind.ENUM and "ALL" in group.inner.target.enum_values
                self.leaf(Term("ALL") if is_value else All(), token.start, token.end)
            case "MIN" | "MAX":
                self.words(token)
            case "RANGE":
                self.range(token)
            case "DISTANCE":
                self.distance(token)
            case _:
                self.bracketed_operator(token)

    def operator(self, token: Token, wrap: Callable[[Node], Node], scope: Scope) -> None:
        group = self.groups[-1]
        if len(group.operators) >= MAX_DEPTH:
            self.deeper(MAX_DEPTH, token.start)
        group.operators.append(_Operator(token, wrap, scope))
        group.needs = token

    def bracketed_operator(self, token: Token) -> None:
        _, start, end = self.bracket(token)
        name = self.text[start:end].strip()
        start += len(self.text[start:end]) - len(self.text[start:end].lstrip())
        end = start + len(name)
        scope = self.groups[-1].inner
        match token.text:
            case "AREA":
                area, colon, size = name.rpartition(":")
                is_size = bool(colon) and size == "size"
                area = area if is_size else name
                target = resolve_area(self.area(area, start, end))
                if is_size and not target.has_sizes:
                    raise self.error(f"{area} is not a list and has no size", start, end)
                scope = replace(scope, target=target, size=is_size)
                self.operator(token, lambda node: Area(area, node, is_size), scope)
            case "TILT":
                if resolve_area(self.area(name, start, end)).kind not in TILTABLE:
                    raise self.error(f"TILT orders by a date or a number, which {name} is not", start, end)
                self.operator(token, lambda node: Tilt(name, node), scope)
            case "SEARCH":
                document = self.choice(Document, "document", name, start, end)
                self.operator(token, lambda node: SearchIn(document, node), replace(scope, document=document))
            case "COVERAGE" | "COVER":
                coverage = self.choice(Coverage, "coverage", name, start, end)
                self.operator(token, lambda node: Covered(coverage, node), replace(scope, coverage=coverage))
            case _:
                expansion = self.choice(Expansion, "expansion", name, start, end)
                self.operator(
                    token, lambda node: Expanded(expansion, node), replace(scope, expansion=expansion)
                )

    # -- ranges and distances

    def range(self, token: Token) -> None:
        parts, end = self.parts(token, 2)
        bounds: list[str | None] = []
        for part, open_end, other in zip(parts, ("MIN", "MAX"), ("MAX", "MIN"), strict=True):
            is_keyword = len(part) == 1 and part[0].kind is Kind.KEYWORD
            if is_keyword and part[0].text == other:
                raise self.error(
                    f"{other} cannot stand here; an open end of RANGE is written RANGE[MIN,MAX]",
                    part[0].start,
                    part[0].end,
                )
            is_open = is_keyword and part[0].text == open_end
            bounds.append(None if is_open else " ".join(one.text for one in part))
        found = check_range(bounds[0], bounds[1], self.groups[-1].inner)
        self.leaf(found, token.start, end)

    def distance(self, token: Token) -> None:
        parts, end = self.parts(token, 3)
        complaint = check_distance(self.groups[-1].inner)
        if complaint is not None:
            raise self.refuse(complaint, token.start, end)
        lat, lon, radius = (" ".join(one.text for one in part) for part in parts)
        found = parse_distance(lat, lon, radius)
        if isinstance(found, str):
            raise self.error(found, parts[0][0].start, end, hint="Write DISTANCE[42.36,-71.06,50mi].")
        self.leaf(found, token.start, end)
