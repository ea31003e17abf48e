"""What a page is asked: the state served, the gaps of its path, its parameters, the day, and where work may go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from trialist.query.study_query import StudyQuery
from trialist.registry.searching import Finder
from trialist.serving.lanes import COSTLY, Check, Lanes
from trialist.serving.served import Served
from trialist.settings import Settings


class DearError(Exception):
    """A search that belongs into the lane for costly ones; the page is asked again there."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for a page.

    `path` fills the gaps of the route's path; `given` are the parameters of the address, or of a form that was posted, in
    their order; `check` is to be called where work takes long, and what it raises ends the request.
    """

    served: Served
    settings: Settings
    lanes: Lanes
    path: Mapping[str, str]
    given: tuple[tuple[str, str], ...]
    today: date
    check: Check
    in_costly_lane: bool = False

    def text(self, name: str, default: str = "") -> str:
        """A parameter without blanks around it, the last one counting; the default where it is not given or empty."""
        found = [value.strip() for given, value in self.given if given == name]
        return found[-1] if found and found[-1] else default

    def texts(self, name: str) -> tuple[str, ...]:
        """All that was given for a parameter, each once, without empty ones."""
        found = (value.strip() for given, value in self.given if given == name)
        return tuple(dict.fromkeys(value for value in found if value))

    def weigh(self, finder: Finder, query: StudyQuery) -> None:
        """Say that a search is about to run; it goes on in another lane where it will cost much.

        `LimitExceededError` for one that costs too much.
        """
        if not self.in_costly_lane and finder.cost(query, self.settings.max_query_cost) > COSTLY:
            raise DearError
