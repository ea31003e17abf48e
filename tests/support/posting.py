"""Posting forms of the Match pages to the application in this process, the way browsers do it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from urllib.parse import urlencode

from trialist.serving.application import Application

from support.serving import Answer, ask

BOUNDARY = "----WebKitFormBoundaryOfATest"
OWN = {"host": "127.0.0.1", "sec-fetch-site": "same-origin", "origin": "http://127.0.0.1"}
_KEPT = re.compile(r'name="kept" value="([^"]*)"')

Pairs = Iterable[tuple[str, str]]


def as_multipart(fields: Pairs, files: Iterable[tuple[str, str, bytes]] = ()) -> bytes:
    """A body with fields and files: name, the file's name, its bytes."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{said}\r\n'.encode()
        for name, said in fields
    ]
    parts += [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'.encode()
        + b"Content-Type: application/octet-stream\r\n\r\n"
        + content
        + b"\r\n"
        for name, file, content in files
    ]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def post_fields(
    app: Application,
    path: str,
    fields: Pairs,
    files: Iterable[tuple[str, str, bytes]] = (),
    **headers: str,
) -> Answer:
    """The form with its fields and files."""
    said = {**OWN, "content-type": f"multipart/form-data; boundary={BOUNDARY}", **headers}
    return ask(app, path, method="POST", headers=said, body=as_multipart([("fields", "1"), *fields], files))


def post_again(app: Application, path: str, answer: Answer, *more: tuple[str, str]) -> Answer:
    """A button of a page that shows an answer: what was told goes along as the page holds it."""
    said = {**OWN, "content-type": "application/x-www-form-urlencoded"}
    body = urlencode([("kept", kept_in(answer)), *more]).encode()
    return ask(app, path, method="POST", headers=said, body=body)


def kept_in(answer: Answer) -> str:
    """The text that stands for what was told."""
    found = _KEPT.search(answer.text)
    assert found is not None, answer.text[:2000]
    return unescape(found[1])
