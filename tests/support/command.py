"""Running the command line as a user does: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.prepared import run_prepared


def _environment(registry: Path | None, options: dict[str, Any]) -> dict[str, str]:
    own = ("TRIALIST_",) if options.pop("measured", True) else ("TRIALIST_", "COVERAGE_", "COV_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(own)}
    environment |= options.pop("environment", {})
    if registry is not None:
        environment["TRIALIST_REGISTRY"] = str(registry)
    return environment


def start(*arguments: object, registry: Path | None = None, **options: Any) -> subprocess.Popen[bytes]:
    """Start `trialist` with these arguments; output is piped. One that is not `measured` runs without coverage."""
    environment = _environment(registry, options)
    command = [sys.executable, "-m", "trialist", *map(str, arguments)]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=options.pop("stderr", subprocess.PIPE),
        stdin=subprocess.DEVNULL,
        env=environment,
        **options,
    )


def run(
    *arguments: object, registry: Path | None = None, is_fresh: bool = False, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run `trialist` to its end; in a process whose imports have been done, unless it shall be a fresh one or an unusual one."""
    told = [str(one) for one in arguments]
    if not is_fresh and options.keys() <= {"environment", "measured"} and hasattr(os, "fork"):
        code, out, beside = run_prepared(told, _environment(registry, options), seconds=300)
        return subprocess.CompletedProcess(told, code, out, beside)
    with start(*told, registry=registry, **options) as process:
        out, beside = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, out, beside)


def run_json(*arguments: object, registry: Path | None = None) -> Any:
    """The one JSON document that a command prints; anything else beside it fails."""
    done = run(*arguments, "--format", "json", registry=registry)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)
