"""The floor of bench/serve.py: bare static answers from the same server, sockets and protocol, with no application.

    python bench/serve_floor.py PORT WORKERS SMALL_BYTES PAGE_BYTES

`/page` is PAGE_BYTES in the pieces that pages come in, anything else SMALL_BYTES at once.
"""

from __future__ import annotations

import multiprocessing
import signal
import socket
import sys
from typing import Any

import uvicorn

from trialist.serving.connection import limited
from trialist.serving.paging import PIECE_BYTES
from trialist.serving.server import listen


def static_app(small: int, page: int) -> Any:
    small_body, piece = b"x" * small, b"x" * PIECE_BYTES
    small_headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % small)]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/page":
            await send({"type": "http.response.start", "status": 200, "headers": small_headers})
            await send({"type": "http.response.body", "body": small_body})
            return
        await send({"type": "http.response.start", "status": 200, "headers": small_headers[:1]})
        for _ in range(page // PIECE_BYTES):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": piece[: page % PIECE_BYTES]})

    return app


def run(listening: socket.socket, small: int, page: int) -> None:
    config = uvicorn.Config(
        static_app(small, page),
        http=limited(20.0, 65_536, 20_000),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    uvicorn.Server(config).run([listening])


def main() -> int:
    port, workers, small, page = map(int, sys.argv[1:5])
    sockets = listen("127.0.0.1", port, workers)
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=run, args=(one, small, page)) for one in sockets]
    for worker in running:
        worker.start()
    signal.signal(signal.SIGTERM, lambda *_: [worker.terminate() for worker in running] and None)
    for worker in running:
        worker.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
