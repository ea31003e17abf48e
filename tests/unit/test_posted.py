"""Posted bodies: read in memory alone, whole or not at all, and only from pages of this site."""

from __future__ import annotations

import os
import tempfile

import pytest

from trialist.errors import InvalidParameterError, LimitExceededError
from trialist.pages.posted import FILE_KIND, MOST_FIELDS, is_own, read_pairs_of

from support.posting import BOUNDARY, as_multipart

TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def test_fields_and_a_file_come_in_their_order():
    body = as_multipart(
        [("a", "1"), ("b", "é\nü"), ("a", "2")], [("file", "Frau Muster.YAML", "ä: 1\r\n".encode())]
    )
    assert read_pairs_of(body, TYPE) == [
        ("a", "1"), ("b", "é\nü"), ("a", "2"), ("file", "ä: 1\r\n"), (f"file{FILE_KIND}", ".yaml"),
    ]  # fmt: skip


def test_the_name_of_a_file_is_not_taken_in():
    pairs = read_pairs_of(as_multipart([], [("file", "Muster, Erika 1980-06-01.pdf.json", b"{}")]), TYPE)
    assert pairs == [("file", "{}"), (f"file{FILE_KIND}", ".json")]


def test_a_field_of_a_file_that_nobody_chose_is_none():
    assert read_pairs_of(as_multipart([("a", "")], [("file", "", b"")]), TYPE) == [("a", "")]


def test_a_large_file_opens_no_file(monkeypatch):
    """Starlette's reader would put it into a temporary file."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp", "mkdtemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    content = b'{"x": "' + b"a\r\n--" * 1_000_000 + b'"}'
    assert read_pairs_of(as_multipart([], [("file", "p.json", content)]), TYPE)[0] == (
        "file",
        content.decode(),
    )


@pytest.mark.parametrize("cut", [1, 10, 60, 200])
def test_what_breaks_off_is_refused(cut):
    body = as_multipart([("a", "x" * 100)], [("file", "p.json", b"{}" * 50)])
    with pytest.raises(InvalidParameterError):
        read_pairs_of(body[: len(body) - cut - 2], TYPE)


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=other", "multipart/form-data; boundary=\n"]
)
def test_a_body_that_is_not_what_it_says_is_refused(kind):
    with pytest.raises(InvalidParameterError):
        read_pairs_of(as_multipart([("a", "1")]), kind)


def test_a_file_that_is_no_text_is_refused():
    with pytest.raises(InvalidParameterError, match="not text"):
        read_pairs_of(as_multipart([], [("file", "scan.pdf", b"%PDF-1.7 \xff\xfe")]), TYPE)


def test_too_many_fields_are_refused():
    many = [(f"a{place}", "") for place in range(MOST_FIELDS + 1)]
    with pytest.raises((LimitExceededError, InvalidParameterError)):
        read_pairs_of(as_multipart(many), TYPE)
    with pytest.raises(LimitExceededError):
        read_pairs_of("&".join(f"{name}=" for name, _ in many).encode(), "application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://h:1", "host": "h:1"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"origin": "http://h:1", "host": "h:1"}, True),
        ({"origin": "https://H:1", "host": "h:1"}, True),
        ({"origin": "http://h:2", "host": "h:1"}, False),
        ({"origin": "http://evil.example", "host": "h:1"}, False),
        ({"origin": "null", "host": "h:1"}, False),
        ({"origin": "http://[", "host": "h:1"}, False),
        ({"origin": "http://h:1"}, False),
    ],
)
def test_only_posts_of_own_pages_are_taken(headers, own):
    assert is_own({"headers": [(name.encode(), said.encode()) for name, said in headers.items()]}) is own
