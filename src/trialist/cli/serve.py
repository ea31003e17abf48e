"""`trialist serve`: the registry over HTTP."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from trialist.cli.output import Subparsers, print_beside, print_text

if TYPE_CHECKING:
    from trialist.serving.server import Address


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add `serve`."""
    parser = commands.add_parser(
        "serve",
        parents=[common],
        help="serve the registry over HTTP",
        description="Serve the registry over HTTP: the site for people, and ClinicalTrials.gov's API v2 for programs. A load and `trialist index` may run "
        "meanwhile: what they bring is taken up. The log, one JSON object a line on standard error, does not say what was "
        "asked unless TRIALIST_LOG_QUERIES is yes.",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on (default: 127.0.0.1, this machine alone)",
    )
    parser.add_argument("--port", type=int, default=8000, help="the port (default: 8000; 0 is any free one)")
    parser.add_argument("--workers", type=int, default=2, help="processes that answer (default: 2)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from trialist.api.app import api_surface
    from trialist.pages.site import site_surface
    from trialist.registry.indexing import read_index_state
    from trialist.serving.access_log import AccessLog
    from trialist.serving.server import Server
    from trialist.settings import read_settings

    settings = read_settings(registry=arguments.registry)
    log = AccessLog(sys.stderr.buffer, log_queries=settings.log_queries)
    server = Server(
        settings, (api_surface, site_surface), arguments.host, arguments.port, arguments.workers, log
    )

    def announce(address: Address) -> None:
        state = read_index_state(settings.registry)
        workers = f"{arguments.workers} workers" if arguments.workers > 1 else "1 worker"
        print_text(
            f"Serving {state.studies:,} studies with {workers}: the site is {address.url}/ and the API "
            f"{address.url}/api/v2; Ctrl-C stops."
        )
        if not state.is_current:
            print_beside(state.sentence())

    try:
        return server.run(announce)
    finally:
        log.close()
