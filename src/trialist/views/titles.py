"""A study's title as readers see it, and the words of its address."""

from __future__ import annotations

import re

from trialist.record.study import Study
from trialist.views.reads import Reader

_IDS = "protocolSection.identificationModule"
_DROPPED = re.compile(r"[^\w\s-]|_")
_GAPS = re.compile(r"[\s-]+")
_LONGEST = 100


def title_of(reader: Reader) -> str:
    """The brief title as it is, with the acronym in parentheses; the official title where there is no brief one."""
    title = reader.text(f"{_IDS}.briefTitle") or reader.text(f"{_IDS}.officialTitle")
    acronym = reader.text(f"{_IDS}.acronym").strip()
    if not title:
        return acronym or f"Study {reader.text(f'{_IDS}.nctId') or 'without a title'}"
    return f"{title} ({acronym})" if acronym else title


def slug(study: Study) -> str:
    """The words of a study's address: of the first 100 characters of its brief title, without punctuation.

    A study without a brief title gets its id. An address, once given, is kept when the title changes; that, and telling
    two equal ones apart, is for whoever stores addresses.
    """
    title = Reader(study.record).text(f"{_IDS}.briefTitle")[:_LONGEST].lower()
    words = _GAPS.sub("-", _DROPPED.sub("", title)).strip("-")
    return words or (study.nct_id or "study").lower()
