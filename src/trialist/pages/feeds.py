"""Feeds: what changed in the studies of a search, or in one study, in words, as Atom (RFC 4287)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from starlette.responses import Response

from trialist.errors import LimitExceededError
from trialist.pages.addresses import changed, written
from trialist.pages.asked import Asked
from trialist.pages.find import PATH as FIND
from trialist.pages.find import given_of
from trialist.pages.find_asked import read_search
from trialist.pages.shown import Shown
from trialist.pages.study_head import id_in_path
from trialist.query.params import read_params
from trialist.record.dates import PartialDate, parse_partial_date
from trialist.record.study import Study
from trialist.registry.records import Version
from trialist.registry.searching import sort_named
from trialist.views.changes import story_of
from trialist.views.summary import summary_of

MOST_ENTRIES = 40
_MEDIA_TYPE = "application/atom+xml; charset=utf-8"
_FEED_YEAR = "2026"


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """A version of a study: `words` say what it changed."""

    id: str
    title: str
    url: str
    updated: str
    words: str


@dataclass(frozen=True, slots=True)
class FeedPage:
    """`feed.xml`."""

    id: str
    title: str
    about: str
    url: str
    self_url: str
    updated: str
    entries: tuple[FeedEntry, ...]


def search_feed(asked: Asked) -> Shown:
    """`/feed`, with the parameters of a search: the studies that changed last."""
    given = changed(given_of(asked), {}, but=("page", "view", "size", "col", "sort"))
    search = read_search(asked)
    asked.weigh(asked.served.finder, search.query)
    newest = read_params({"sort": sort_named("updated:desc")}).sort
    query = replace(search.query, sort=newest, page_size=MOST_ENTRIES, page_token=None)
    selection = asked.served.finder.select(query, most_cost=asked.settings.max_query_cost, check=asked.check)
    entries = []
    for hit in selection.page().hits:
        asked.check()
        raw = next(asked.served.records.read([hit.number]), None)
        if raw is not None:  # the store may have lost it since the index was built
            entries.append(_newest(asked, f"NCT{hit.number:08d}", Study.from_json(raw)))
    page = FeedPage(
        f"tag:trialist,{_FEED_YEAR}:{written('/feed', given)}",
        search.sentence or "All studies",
        f"{selection.total:,} studies; the {min(selection.total, MOST_ENTRIES)} that changed last.",
        written(FIND, given),
        written("/feed", given),
        max((entry.updated for entry in entries), default=f"{asked.served.timestamp[:10]}T00:00:00Z"),
        tuple(entries),
    )
    return Shown("feed.xml", page, media_type=_MEDIA_TYPE)


def study_feed(asked: Asked) -> Shown | Response:
    """`/study/{nct}/feed`: the versions of one study, newest first."""
    stored = asked.served.records.get_known(id_in_path(asked.path["nct"]))
    versions = asked.served.records.versions(stored.nct_id)[-MOST_ENTRIES - 1 :]
    records = [_record(asked, one) for one in versions]
    title = summary_of(stored.study, asked.today).title
    own = f"/study/{stored.nct_id}"
    entries = [
        FeedEntry(
            _tag(version),
            f"Version {version.number}: {title}",
            f"{own}/history#version-{version.number}",
            _moment(version),
            story.summary,
        )
        for version, story in zip(versions, story_of(records, versions[0].number), strict=True)
    ]
    entries.reverse()
    page = FeedPage(
        f"tag:trialist,{_FEED_YEAR}:{own}",
        f"{stored.nct_id}: {title}",
        "What each version of this record changed.",
        own,
        f"{own}/feed",
        entries[0].updated,
        tuple(entries[:MOST_ENTRIES]),
    )
    return Shown("feed.xml", page, media_type=_MEDIA_TYPE)


def _newest(asked: Asked, nct_id: str, study: Study) -> FeedEntry:
    """The last version of a study and what it changed."""
    versions = asked.served.records.versions(nct_id)[-2:]
    if not versions:
        raise LimitExceededError("the registry changed meanwhile; please ask again")
    records = [*(_record(asked, one) for one in versions[:-1]), study.record]
    story = story_of(records, versions[0].number)[-1]
    summary = summary_of(study, asked.today)
    status = f" Status: {summary.status}." if summary.status and not story.callouts else ""
    return FeedEntry(
        _tag(versions[-1]),
        summary.title,
        f"/study/{nct_id}/history",
        _moment(versions[-1]),
        story.summary + status,
    )


def _record(asked: Asked, version: Version) -> Mapping[str, Any]:
    return Study.from_json(asked.served.records.get_version(version.nct_id, version.number).raw).record


def _tag(version: Version) -> str:
    return f"tag:trialist,{_FEED_YEAR}:/study/{version.nct_id}/{version.text_hash}"


def _moment(version: Version) -> str:
    """When a version was posted, or seen here first where it does not say, as Atom writes moments."""
    day = parse_partial_date(version.last_update_post_date)
    if isinstance(day, PartialDate):
        return f"{day.earliest.isoformat()}T00:00:00Z"
    seen: datetime = version.first_seen_at
    return seen.strftime("%Y-%m-%dT%H:%M:%SZ")
