"""One serving process: the application, uvicorn around it, and one socket."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn

from trialist.errors import TrialistError
from trialist.serving.access_log import AccessLog
from trialist.serving.application import Application
from trialist.serving.connection import limited
from trialist.serving.surface import MakeSurface
from trialist.settings import Settings

_SWITCH_SECONDS = 0.001
"""How long a searching thread may keep the interpreter from the loop that answers; Python's own is five times as long."""


class _Server(uvicorn.Server):
    """A uvicorn server that says when it listens."""

    def __init__(self, config: uvicorn.Config, parent: Connection) -> None:
        super().__init__(config)
        self._parent = parent

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        if self.started:
            self._parent.send(("ready", "", ""))


def run_worker(
    settings: Settings,
    surfaces: Sequence[MakeSurface],
    listening: socket.socket,
    parent: Connection,
    meters: Path,
) -> None:
    """Serve until told to stop by SIGTERM or SIGINT, or until the parent is gone.

    The parent is sent ("ready", "", "") or ("failed", why, hint).
    """
    # Until uvicorn takes them over, and once it is done: the parent says when to stop.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.setswitchinterval(_SWITCH_SECONDS)
    raise_file_limit()
    log = AccessLog(sys.stderr.buffer, log_queries=settings.log_queries)
    try:
        app = Application(settings, surfaces, log, meters)
    except TrialistError as error:
        parent.send(("failed", error.message, error.hint))
        return
    # What is open now stays open: looking through it for garbage again and again would take a moment of some answers.
    gc.collect()
    gc.freeze()
    config = uvicorn.Config(
        app,
        http=limited(settings.patience_seconds, 2 * settings.max_request_bytes, settings.max_connections),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=max(1, int(settings.patience_seconds)),
        timeout_graceful_shutdown=max(1, int(settings.stop_seconds)),
    )
    logging.getLogger(
        "uvicorn.error"
    ).disabled = True  # it would write what was asked; the application's log does not
    server = _Server(config, parent)
    threading.Thread(target=_end_with_parent, args=(server, parent), daemon=True).start()
    server.run([listening])
    # Threads may still be in a search that nobody waits for; nothing they do outlives them.
    log.close()
    os._exit(0)


def _end_with_parent(server: uvicorn.Server, parent: Connection) -> None:
    """Stop when the parent says so or is gone."""
    with contextlib.suppress(EOFError, OSError):
        parent.recv()
    server.should_exit = True


def raise_file_limit() -> int:
    """Allow as many open files as the system lets a process have; how many. The index alone has hundreds."""
    if sys.platform == "win32":
        return 0
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
