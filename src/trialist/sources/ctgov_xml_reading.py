"""What is gathered while one document of the ClinicalTrials.gov XML is read."""

from __future__ import annotations

import dataclasses

from trialist.errors import Level, Problem, Where


@dataclasses.dataclass(slots=True)
class Inherited:
    """A text that the items below it take over, the XML path it stands at, and whether any has."""

    text: str
    path: str
    used: bool = False


class Reading:
    """What is gathered while one document is read: the problems, and the texts that v2 has no field for."""

    def __init__(self, where: Where) -> None:
        self.where = where
        self.problems: list[Problem] = []
        self.inherit: dict[str, Inherited] = {}
        self.unplaced: dict[tuple[str, str, str], list[str]] = {}

    def report(self, level: Level, code: str, path: str, message: str, excerpt: str = "") -> None:
        """Add a problem about an XML path."""
        self.problems.append(
            Problem(level, code, dataclasses.replace(self.where, path=path), message, excerpt)
        )

    def unplace(self, code: str, path: str, message: str, text: str) -> None:
        """Keep a text that has no place; the texts of one path become one problem."""
        self.unplaced.setdefault((code, path, message), []).append(text)

    def give(self, name: str, text: str, path: str) -> None:
        """Let the items below inherit a text; one given before that no item has taken is kept in a problem."""
        before = self.inherit.get(name)
        if before is not None and before.path == path:
            self._keep_unused(before)
        self.inherit[name] = Inherited(text, path)

    def _keep_unused(self, found: Inherited) -> None:
        if not found.used:
            message = "there is nothing below that it could be said of"
            self.unplace("unmapped-element", found.path, message, found.text)

    def end_scope(self, before: dict[str, Inherited]) -> None:
        """Go back to what was to be inherited before; what no item has taken is kept in a problem."""
        for name, found in self.inherit.items():
            if found is not before.get(name):
                self._keep_unused(found)
        self.inherit = before

    def finish(self, nct_id: str) -> list[Problem]:
        """All problems, with the study's id."""
        for (code, path, message), texts in self.unplaced.items():
            level = Level.INFO if code == "unmapped-element" else Level.WARNING
            self.report(level, code, path, message, " | ".join(texts))
        return [
            dataclasses.replace(found, where=dataclasses.replace(found.where, nct_id=nct_id))
            for found in self.problems
        ]
