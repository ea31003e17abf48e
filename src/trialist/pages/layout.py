"""What stands around every page: where one is, the ways through the site, and what the data are."""

from __future__ import annotations

from dataclasses import dataclass

from trialist.record.nct_id import FIRST_INVENTED_NUMBER
from trialist.serving.served import Served


@dataclass(frozen=True, slots=True)
class Way:
    """A link in the head of every page."""

    label: str
    url: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """What every template knows beside its own page.

    `data_date` is the day of the registry's data; `is_invented` when no study is a real one; `address` is the path that was
    asked, "" on pages that stand for none.
    """

    ways: tuple[Way, ...]
    data_date: str
    studies: int
    is_invented: bool
    address: str


def layout_of(served: Served, ways: tuple[tuple[str, str], ...], address: str) -> Layout:
    """The layout around the page at an address; `ways` are labels and addresses."""
    first = served.records.first_number()
    return Layout(
        tuple(
            Way(label, url, address == url or (url != "/" and address.startswith(f"{url}/")))
            for label, url in ways
        ),
        served.timestamp[:10],
        served.studies,
        first is not None and first >= FIRST_INVENTED_NUMBER,
        address,
    )
