"""YAML or JSON that a person typed → plain values in which every leaf is the text that was typed.

`no`, `2025-06` and `1.10` stay what they are: nothing is turned into a truth, a date or a float on the way. Anchors, tags and
keys that stand twice are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from trialist.errors import LimitExceededError, SourceUnreadableError

LARGEST_FORM = 1_000_000
"""Characters of a form; nobody types more."""

_DEEPEST = 20
_HINT = "The form is described in docs/reference/patient-form.md."


# libyaml's parser is forty times as fast as the one in Python; both give the same events.
_PARSER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class _RefusedError(ValueError):
    """Something that YAML allows and no form means."""


def _build(events: Iterator[yaml.Event]) -> Any:
    """The value of a stream of events: dicts, lists and texts."""
    stack: list[_Open] = []
    whole: list[Any] = []
    for event in events:
        match event:
            case yaml.AliasEvent():
                raise _RefusedError(f"references (*name) are not read{_place(event)}")
            case yaml.ScalarEvent(value=value):
                _put(stack, whole, value, event)
            case yaml.MappingStartEvent():
                stack.append(_Open({}))
            case yaml.SequenceStartEvent():
                stack.append(_Open([]))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                _put(stack, whole, stack.pop().value, event)
            case yaml.DocumentStartEvent() if whole:
                raise _RefusedError(f"one form a file; another one begins{_place(event)}")
        if len(stack) > _DEEPEST:
            raise LimitExceededError("nested too deeply", hint=_HINT)
    return whole[0] if whole else None


@dataclass(slots=True)
class _Open:
    """A mapping or list that is not closed yet; `key` is the one whose value comes next."""

    value: dict[str, Any] | list[Any]
    key: str | None = None


def _put(stack: list[_Open], whole: list[Any], value: Any, event: yaml.Event) -> None:
    """A finished value into what holds it."""
    if not stack:
        whole.append(value)
        return
    holder = stack[-1]
    if isinstance(holder.value, list):
        holder.value.append(value)
    elif holder.key is not None:
        holder.value[holder.key] = value
        holder.key = None
    elif not isinstance(value, str):
        raise _RefusedError(f"a key is a word{_place(event)}")
    elif value in holder.value:
        raise _RefusedError(f"the key {value[:40]!r} stands twice{_place(event)}")
    else:
        holder.key = value


def _place(event: yaml.Event) -> str:
    mark = event.start_mark
    return "" if mark is None else f" at line {mark.line + 1}, column {mark.column + 1}"


def read_form_text(content: bytes | str) -> Any:
    """The values of a form: dicts, lists and texts. JSON is read as the YAML that it is.

    Raises `SourceUnreadableError` for what is neither, `LimitExceededError` for what is too large.
    """
    if len(content) > LARGEST_FORM:
        raise LimitExceededError(
            f"a form of {len(content):,} characters is beyond {LARGEST_FORM:,}", hint=_HINT
        )
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content.removeprefix("\ufeff")
        return _build(yaml.parse(text, Loader=_PARSER))
    except UnicodeDecodeError as error:
        raise SourceUnreadableError(
            f"not UTF-8: byte {error.start} is none", hint="Save the file as UTF-8."
        ) from None
    except _RefusedError as error:
        raise SourceUnreadableError(f"not a form: {error}", hint=_HINT) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise SourceUnreadableError(f"not a form: {error.problem}{place}", hint=_HINT) from None
    except yaml.YAMLError as error:
        raise SourceUnreadableError(f"not a form: {str(error).splitlines()[0][:200]}", hint=_HINT) from None
    except RecursionError:
        raise LimitExceededError("nested too deeply", hint=_HINT) from None
