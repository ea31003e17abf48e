"""`trialist`: the parser, the dispatch, and the one table from errors to exit codes."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from trialist import __version__, errors
from trialist.cli import (
    calc,
    criteria,
    demo,
    export,
    index,
    inspect,
    load,
    match,
    search,
    serve,
    show,
    vocabulary,
)
from trialist.cli.output import caret_lines, print_beside, print_json

EXIT_CODES: dict[type[errors.TrialistError], int] = {
    errors.InvalidParameterError: 2,
    errors.QuerySyntaxError: 2,
    errors.UnknownFieldError: 2,
    errors.LimitExceededError: 2,
    errors.StudyNotFoundError: 3,
    errors.NotBuiltError: 4,
    errors.RegistryBusyError: 4,
    errors.ServerBusyError: 4,
    errors.SourceUnreadableError: 5,
    errors.StoreWriteError: 6,
}
EXIT_BUG = 70
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141

_GROUPS = (load, index, search, serve, show, criteria, match, inspect, export, vocabulary, calc, demo)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One sentence, and where to read on."""
        print_beside(f"{self.prog}: {message}\nTry '{self.prog} --help'.")
        raise SystemExit(2)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="trialist",
        description="The clinical-trial registry that people run themselves.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"trialist {__version__}")
    parser.add_argument("--registry", type=Path, metavar="DIR", help=_REGISTRY_HELP)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    common = argparse.ArgumentParser(add_help=False)
    # Suppressed, so that a directory given before the command is not overwritten by a default after it.
    common.add_argument(
        "--registry", type=Path, metavar="DIR", help=_REGISTRY_HELP, default=argparse.SUPPRESS
    )
    for group in _GROUPS:
        group.add_commands(commands, common)
    return parser


_REGISTRY_HELP = "the registry's directory (else TRIALIST_REGISTRY, else the user data directory)"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code. 0 done · 1 `verify` found something · else see `EXIT_CODES`."""
    parsed = build_parser().parse_args(arguments)
    as_json = getattr(parsed, "format", "") == "json"
    try:
        code: int = parsed.run(parsed)
    except errors.TrialistError as error:
        return _tell(error, as_json)
    except KeyboardInterrupt:
        print_beside("\nStopped. What was finished is kept; the same command goes on where it stopped.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader has gone; nothing more can be said, also not when Python flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except Exception as error:  # noqa: BLE001  # the boundary: a bug becomes an id, not a traceback
        return _tell_bug(error)
    return code


def _tell(error: errors.TrialistError, as_json: bool) -> int:
    told: dict[str, object] = {"code": error.code, "message": error.message, "hint": error.hint}
    lines = [f"trialist: {error.message}"]
    if isinstance(error, errors.QuerySyntaxError):
        told |= {"text": error.text, "start": error.start, "end": error.end}
        lines += caret_lines(error.text, error.start, error.end)
    if as_json:
        print_json({"error": told})
    print_beside("\n".join([*lines, error.hint] if error.hint else lines))
    return EXIT_CODES[type(error)]


def _tell_bug(error: Exception) -> int:
    """A bug's place as a short id that tells nothing of the data; the traceback only where it is asked for."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    bug = f"{type(error).__name__}-{Path(frame.filename).stem}-{frame.lineno}"
    print_beside(f"trialist: this is a bug in trialist ({bug}).\nPython's -X dev shows the traceback.")
    if sys.flags.dev_mode:
        traceback.print_exception(error)
    return EXIT_BUG
