"""Typed reads of one JSON element: a value of another type than the standard's is noted, and read as absent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Element:
    """An object of a resource, where it stands (`path`), and whom to tell of a wrong type."""

    value: dict[str, Any]
    path: str
    tell: Callable[[str, str], None]

    def _typed(self, name: str, kind: type | tuple[type, ...], said: str) -> Any:
        found = self.value.get(name)
        if found is None or (isinstance(found, kind) and not (kind is Decimal and isinstance(found, bool))):
            return found
        self.tell(self.at(name), f"{said} was expected")
        return None

    def at(self, name: str) -> str:
        """The path of a member."""
        return f"{self.path}.{name}" if self.path else name

    def has(self, name: str) -> bool:
        """Whether a member is there, of whatever type."""
        return self.value.get(name) is not None

    def text(self, name: str) -> str:
        """A text without blanks around it; "" when absent."""
        found = self.value.get(name)
        if found is None:
            return ""
        if isinstance(found, str):
            return found.strip()
        self.tell(self.at(name), "a text was expected")
        return ""

    def number(self, name: str) -> Decimal | None:
        """A number; None when absent."""
        found: Decimal | None = self._typed(name, Decimal, "a number")
        return found

    def flag(self, name: str) -> bool | None:
        """True or false; None when absent."""
        found: bool | None = self._typed(name, bool, "true or false")
        return found

    def child(self, name: str) -> Element | None:
        """An object; None when absent."""
        found = self.value.get(name)
        if isinstance(found, dict):
            return Element(found, f"{self.path}.{name}" if self.path else name, self.tell)
        if found is not None:
            self.tell(self.at(name), "an object was expected")
        return None

    def children(self, name: str) -> Iterator[Element]:
        """The objects of a list, in order; nothing when absent."""
        if name not in self.value:
            return
        for place, one in enumerate(self._typed(name, list, "a list") or ()):
            if isinstance(one, dict):
                yield Element(one, f"{self.at(name)}[{place}]", self.tell)
            else:
                self.tell(f"{self.at(name)}[{place}]", "an object was expected")
