"""The page of what a reader watches. All of it is kept in the reader's own browser; the server never learns of it."""

from __future__ import annotations

from dataclasses import dataclass

from trialist.pages.asked import Asked
from trialist.pages.shown import Shown


@dataclass(frozen=True, slots=True)
class WatchPage:
    """`watch.html`: the page is the same for everybody."""

    title: str


def watch_page(_asked: Asked) -> Shown:
    """`/watch`."""
    return Shown("watch.html", WatchPage("What you watch"))
