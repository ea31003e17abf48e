"""A process that has imported the command line once, and becomes a process of its own for every command.

What the imports of a command take is most of its time, and the same every time. A command that starts here has its own
process, arguments, environment, folder and files, and does what is to be done at its end; only its imports have been done before it was told
what to do. What a user starts, `python -m trialist`, is what `support.command.start` starts.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import json
import os
import pkgutil
import socket
import subprocess
import sys
import tempfile
import threading
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NoReturn

_TESTS = str(Path(__file__).parents[1])
_BEGIN = f"import sys; sys.path.insert(0, {_TESTS!r}); from support.prepared import serve; serve()"
_MOST = 1 << 20
"""The bytes that arguments and environment of a command may take."""


class _Prepared:
    """The process, and the way to it."""

    def __init__(self) -> None:
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # It measures nothing itself: what it becomes does, if it is told to.
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("COV", "TRIALIST_"))
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BEGIN],
            env=kept,
            stdin=other,
            stdout=subprocess.DEVNULL,
        )
        other.close()
        self._way = own
        atexit.register(self.close)

    def close(self) -> None:
        self._way.close()
        self.process.wait(60)

    def run(
        self, arguments: list[str], environment: dict[str, str], seconds: float
    ) -> tuple[int, bytes, bytes]:
        told = json.dumps(
            {"arguments": arguments, "environment": environment, "folder": str(Path.cwd())}
        ).encode()
        assert len(told) < _MOST
        answer, other = socket.socketpair()
        with answer, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as beside:
            with other:
                given = array.array("i", [out.fileno(), beside.fileno(), other.fileno()])
                self._way.sendmsg([told], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, given)])
            answer.settimeout(seconds)
            code = answer.recv(100)
            assert code, "the process that has imported the command line has ended"
            return int(code), *(_read(file) for file in (out, beside))


def _read(file: object) -> bytes:
    file.seek(0)
    found: bytes = file.read()
    return found


@cache
def _prepared(_: int) -> _Prepared:
    return _Prepared()


def run_prepared(
    arguments: list[str], environment: dict[str, str], *, seconds: float
) -> tuple[int, bytes, bytes]:
    """A command to its end: the exit code as `subprocess` tells it, and what it wrote."""
    return _prepared(os.getpid()).run(arguments, environment, seconds)


def serve() -> None:
    """Import everything, become the commands one is told of, and end when nobody is left to tell of any."""
    import coverage

    import trialist

    for found in pkgutil.walk_packages(trialist.__path__, "trialist."):
        if not found.name.rpartition(".")[2].startswith(
            "_"
        ):  # the entry, and the library that is no module of Python
            import_module(found.name)
    gc.collect()
    gc.freeze()  # what all share is not written to by looking for what is free
    way = socket.socket(fileno=os.dup(0))
    while True:
        told, given, _, _ = way.recvmsg(_MOST, socket.CMSG_SPACE(3 * array.array("i").itemsize))
        if not told:
            return
        files = array.array("i")
        files.frombytes(given[0][2])
        if os.fork() == 0:
            way.close()
            break
        for file in files:
            os.close(file)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    command = os.fork()
    if command:
        _, status = os.waitpid(command, 0)
        os.write(files[2], str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    _become(json.loads(told), *files)
    if "COVERAGE_PROCESS_CONFIG" in os.environ:
        coverage.process_startup()
    from trialist.cli.main import main

    try:
        code = main()
    except SystemExit as end:  # what the parser of arguments ends by
        code = int(end.code or 0)
    _end(code)


def _end(code: int) -> NoReturn:
    """End as Python does, but for taking apart all that was imported: that took longer than most commands."""
    threading._shutdown()  # what Python's own end begins with
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = 120
    os._exit(code)


def _become(told: dict[str, object], out: int, beside: int, answer: int) -> None:
    empty = os.open(os.devnull, os.O_RDONLY)
    for file, place in ((empty, 0), (out, 1), (beside, 2)):
        os.dup2(file, place)
    for file in (empty, out, beside, answer):
        os.close(file)
    os.chdir(told["folder"])
    os.environ.clear()
    os.environ.update(told["environment"])
    sys.argv = ["trialist", *told["arguments"]]
