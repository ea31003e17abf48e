"""What the templates are given: one frozen value a page. Every one has a `title`, that of the browser's window."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """`error.html`: what went wrong, what to do about it, and ways on: pairs of a label and an address."""

    status: int
    title: str
    message: str
    hint: str
    ways: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AboutPage:
    """`about.html`: what is served, and how to cite it."""

    title: str
    studies: int
    data_date: str
    version: str
    by_type: tuple[tuple[str, int], ...]
    by_status: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class StudyHead:
    """`parts/study_head.html`: what stands above every page of one study. `tabs` are label, address, whether it is this page."""

    nct_id: str
    title: str
    status: str
    tone: str
    is_gone: bool
    tabs: tuple[tuple[str, str, bool], ...]
