"""The page that says what this is, of when the data are, and how to cite them."""

from __future__ import annotations

from trialist import __version__
from trialist.pages.asked import Asked
from trialist.pages.contexts import AboutPage
from trialist.pages.shown import Shown


def about_page(asked: Asked) -> Shown:
    """`/about`."""
    finder = asked.served.finder
    selection = finder.select({}, check=asked.check)
    counts = finder.facets(selection, ["type", "status"], most=20)
    by_type, by_status = (
        tuple((one.value, one.label, one.count) for one in counts[name].counts) for name in ("type", "status")
    )
    return Shown(
        "about.html",
        AboutPage(
            "About this site",
            asked.served.studies,
            asked.served.timestamp[:10],
            __version__,
            by_type,
            by_status,
        ),
    )
