"""Asking the application, in this process or as a server of its own."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import http.client
import json
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trialist.api.app import api_surface, create_app
from trialist.pages.site import site_surface
from trialist.registry.indexing import build_search_index
from trialist.serving.application import Application

from support.command import start
from support.loading import load, settings


@dataclass(frozen=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes
    pieces: int = 1

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def make_registry(directory: Path, *records: bytes, is_full: bool = False) -> Path:
    """Load records into a registry and bring its index up to date."""
    file = directory.parent / f"{directory.name}.ndjson"
    file.write_bytes(b"".join(record + b"\n" for record in records))
    load(directory, file, is_full=is_full)
    build_search_index(settings(directory))
    return directory


def application(directory: Path, **limits: Any) -> Application:
    """The application over a registry, with other limits than the usual ones where they are given."""
    from dataclasses import replace

    return create_app(replace(settings(directory), **limits))


def site_application(directory: Path, **limits: Any) -> Application:
    """The site and the API over a registry, as `trialist serve` composes them."""
    from dataclasses import replace

    return Application(replace(settings(directory), **limits), (api_surface, site_surface))


def ask(
    app: Application,
    target: str | bytes,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """The application's answer to one request. The target is path and query as they stand in a request line."""
    return asyncio.run(asked(app, target, method=method, headers=headers, body=body))


async def asked(
    app: Application,
    target: str | bytes,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> Answer:
    """See `ask`."""
    raw = target.encode() if isinstance(target, str) else target
    path, _, query = raw.partition(b"?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    sent: list[dict[str, Any]] = []
    is_first = True

    async def receive() -> dict[str, Any]:
        nonlocal is_first
        if is_first:
            is_first = False
            return {"type": "http.request", "body": body, "more_body": False}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    (begin,) = (message for message in sent if message["type"] == "http.response.start")
    bodies = [message.get("body", b"") for message in sent if message["type"] == "http.response.body"]
    found = {name.decode(): value.decode("latin-1") for name, value in begin["headers"]}
    return Answer(begin["status"], found, b"".join(bodies), len(bodies))


class Running:
    """`trialist serve` as a process; its log goes to a file, which takes any amount of it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, line: str, log: Path) -> None:
        self.process = process
        self.port = port
        self.line = line
        self.log = log

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, target: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> Answer:
        """Ask over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, target, headers=headers or {})
            response = connection.getresponse()
            body = response.read()
            found = {name.lower(): value for name, value in response.getheaders()}
            if found.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            return Answer(response.status, found, body)
        finally:
            connection.close()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, bytes, bytes]:
        """Tell it to stop; the exit code, what else it wrote, and its log."""
        self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=200)
        return self.process.returncode, out, self.log.read_bytes()


@contextlib.contextmanager
def running(
    directory: Path,
    *arguments: object,
    workers: int = 1,
    environment: dict[str, str] | None = None,
    measured: bool = True,
) -> Iterator[Running]:
    """A server over a registry, on a free port; one that is not `measured` is fast, and adds nothing to coverage."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("wb") as beside:
            process = start(
                "serve",
                "--port",
                0,
                "--workers",
                workers,
                *arguments,
                registry=directory,
                environment=environment or {},
                stderr=beside,
                measured=measured,
            )
        with process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline().decode()
                found = re.search(r":([0-9]+)/api/v2", line)
                assert found is not None, line + log.read_text()
                yield Running(process, int(found[1]), line, log)
            finally:
                if process.poll() is None:
                    process.terminate()
                    try:
                        process.wait(60)
                    except subprocess.TimeoutExpired:
                        process.kill()


__all__ = ["Answer", "Running", "application", "ask", "asked", "make_registry", "running", "site_application"]
