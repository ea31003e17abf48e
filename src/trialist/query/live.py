"""How the registry's own API words its refusals, so that programs written for it find what they look for.

The wordings are facts of that API, as its answers show them; the set of expected tokens is that of its grammar.
"""

from __future__ import annotations

from trialist.errors import InvalidParameterError, QuerySyntaxError, TrialistError
from trialist.query.areas import AreaTarget

_EXPECTED = (
    "',', 'NOT', 'AND', 'OR', 'SEARCH', 'AREA', 'RANGE', 'DISTANCE', Coverage, Expansion, 'TILT', 'ALL', 'MISSING', "
    "'MIN', 'MAX', EscapedKeyword, BooleanLiteral, DecimalLiteral, DateLiteral, TimeLiteral, RadiusLiteral, "
    "StringLiteral, Term}"
)
NO_PARENTHESIS = "missing ')' at '<EOF>'"


def mismatched(found: str, *, in_parentheses: bool) -> str:
    """A token that cannot stand behind an operand."""
    expected = "{'(', ')', " if in_parentheses else "{<EOF>, '(', "
    return f"mismatched input '{found or '<EOF>'}' expecting {expected}{_EXPECTED}"


def expecting(found: str, expected: str) -> str:
    """A token where only one other is legal."""
    return f"mismatched input '{found or '<EOF>'}' expecting '{expected}'"


def not_closed(words: list[str]) -> str:
    """A parenthesis that is not closed; `words` is the run of words that the text ends with.

    The API also complains of the run from its second word on, as its parser joins it without blanks.
    """
    if len(words) < 2:
        return NO_PARENTHESIS
    return f"no viable alternative at input '{''.join(words[1:])}'\n{NO_PARENTHESIS}"


def unknown_area(name: str) -> str:
    """A name that is no area."""
    return f"Unknown area name: `{name}`"


def allowed_values(target: AreaTarget) -> str:
    """A word that an enumeration does not have; the API names the first field's path."""
    values = ", ".join(f"`{value}`" for value in target.enum_values)
    return f"Allowed values for enum field `{target.fields[0].path}` are {values}"


def unknown_unit(word: str) -> str:
    """A word that is no unit of time."""
    return f"No enum constant TimeParts.Unit.{word.upper()}"


def in_parameter(label: str, error: QuerySyntaxError) -> str:
    """A refused expression, with the label of its parameter."""
    return f"Error parsing query in {label}: {error.live_message}"


def parameter_error(message: str, live: str = "", *, hint: str = "") -> InvalidParameterError:
    """A refused parameter; `live_message` gives the registry's wording back."""
    error = InvalidParameterError(message, hint=hint)
    vars(error)["live_message"] = live or message
    return error


def live_message(error: TrialistError) -> str:
    """What the registry's own API would say where that is known, else the error's message."""
    return str(vars(error).get("live_message") or error.message)
