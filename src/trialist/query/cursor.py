"""The tokens of a query, read one after another: what stands in brackets, and errors that point into the text."""

from __future__ import annotations

import difflib
from enum import StrEnum
from typing import TypeVar

from trialist.errors import QuerySyntaxError
from trialist.query import live
from trialist.query.areas import CRITERION_AREAS, is_area, nearest_areas
from trialist.query.lexer import Kind, Token, read_tokens
from trialist.query.operands import Complaint, shown

_Choice = TypeVar("_Choice", bound=StrEnum)


class Cursor:
    """A text's tokens and the place of the next one."""

    def __init__(self, text: str, own_areas: bool = True) -> None:
        self.text = text
        self.own_areas = own_areas
        self.tokens = read_tokens(text)
        self.place = 0

    def error(
        self, message: str, start: int, end: int, *, hint: str = "", live_message: str = ""
    ) -> QuerySyntaxError:
        """An error at these offsets."""
        return QuerySyntaxError(message, start, end, text=self.text, hint=hint, live_message=live_message)

    def refuse(self, complaint: Complaint, start: int, end: int) -> QuerySyntaxError:
        """A complaint as an error at these offsets."""
        return self.error(complaint.message, start, end, hint=complaint.hint, live_message=complaint.live)

    def bracket(self, keyword: Token) -> tuple[list[Token], int, int]:
        """The tokens between the brackets after a keyword, and where they stand; the closing bracket is taken."""
        left = self.tokens[self.place]
        if left.kind is not Kind.LEFT:
            found = self.text[left.start : left.end]
            raise self.error(
                f"{keyword.text} must be followed by '['",
                keyword.start,
                left.end,
                hint=f"Write \\{keyword.text} or {keyword.text.lower()} for the word itself.",
                live_message=live.expecting(found, "["),
            )
        self.place += 1
        first = self.place
        while (token := self.tokens[self.place]).kind is not Kind.RIGHT:
            if token.kind in (Kind.END, Kind.LEFT):
                raise self.error(
                    f"the '[' after {keyword.text} is never closed",
                    left.start,
                    token.end,
                    hint="Close it with ].",
                    live_message=live.expecting(token.text, "]"),
                )
            self.place += 1
        self.place += 1
        return self.tokens[first : self.place - 1], left.end, token.start

    def area(self, name: str, start: int, end: int) -> str:
        """The name, which must be an area."""
        if is_area(name) or (self.own_areas and name in CRITERION_AREAS):
            return name
        near = nearest_areas(name, own=self.own_areas)
        raise self.error(
            f"{shown(name)!r} is not a search area, a field's piece or its path",
            start,
            end,
            hint=f"Did you mean {', '.join(near)}?" if near else "Upper and lower case count.",
            live_message=live.unknown_area(name),
        )

    def choice(self, kind: type[_Choice], what: str, name: str, start: int, end: int) -> _Choice:
        """The value of an enumeration with this name."""
        try:
            return kind(name)
        except ValueError:
            known = [str(one) for one in kind]
            near = difflib.get_close_matches(name[:40].lower(), [one.lower() for one in known], n=1)
            meant = next((one for one in known if near and one.lower() == near[0]), "")
            raise self.error(
                f"{shown(name)!r} is no {what}; legal are {', '.join(known)}",
                start,
                end,
                hint=f"Did you mean {meant}?" if meant else "",
                live_message=f"Invalid {what}: {name}",
            ) from None

    def parts(self, keyword: Token, count: int) -> tuple[list[list[Token]], int]:
        """What stands between the commas of a bracket, `count` parts, and where the bracket ends."""
        inside, start, end = self.bracket(keyword)
        parts: list[list[Token]] = [[]]
        for token in inside:
            if token.kind is Kind.COMMA:
                parts.append([])
            else:
                parts[-1].append(token)
        if len(parts) != count or not all(parts):
            legal = "RANGE[lower,upper]" if count == 2 else "DISTANCE[latitude,longitude,radius]"
            raise self.error(f"{keyword.text} takes {count} parts: {legal}", start, end)
        return parts, end + 1
