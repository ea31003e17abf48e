"""YAML or JSON that a person typed → plain values in which every leaf is the text that was typed.

`no`, `2025-06` and `1.10` stay what they are: nothing is turned into a truth, a date or a float on the way. Anchors, tags and
keys that stand twice are refused.
"""

from __future__ import annotations

from typing import Any

import yaml

from trialist.errors import LimitExceededError, SourceUnreadableError

LARGEST_FORM = 1_000_000
"""Characters of a form; nobody types more."""

_HINT = "The form is described in docs/reference/patient-form.md."


class _Loader(yaml.BaseLoader):
    """YAML's structure with texts as leaves."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A node; references to another node are refused (they could multiply without end)."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "references (*name) are not read", None)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping; a key that stands twice is refused."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key is a word", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


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
        return yaml.load(text, Loader=_Loader)  # a loader without any types
    except UnicodeDecodeError as error:
        raise SourceUnreadableError(
            f"not UTF-8: byte {error.start} is none", hint="Save the file as UTF-8."
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark is not None else ""
        raise SourceUnreadableError(f"not a form: {error.problem}{place}", hint=_HINT) from None
    except yaml.YAMLError as error:
        raise SourceUnreadableError(f"not a form: {str(error).splitlines()[0][:200]}", hint=_HINT) from None
    except RecursionError:
        raise LimitExceededError("nested too deeply", hint=_HINT) from None
