"""`make start`: it invents a registry, shows a search and a study, serves, says where, and ends when it is told to."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STUDIES = 1_000
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here"),
]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The job over an empty folder, at a free port; what is installed already is left as it is."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("TRIALIST_", "COV", "MAKE"))
    }
    told = [f"BIN={Path(sys.executable).parent}", f"DEMO={tmp_path / 'demo'}", "PORT=0"]
    with subprocess.Popen(
        ["make", "start", "--old-file=.venv/.installed", *told],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def test_make_start_ends_at_a_site_that_answers(started: subprocess.Popen[str]) -> None:
    assert started.stdout is not None
    said = []
    for line in started.stdout:
        said.append(line)
        if line.startswith("Serving"):
            break
    text = "".join(said)
    shown = re.search(rf"Serving {STUDIES:,} studies .*: the site is (http://127\.0\.0\.1:[0-9]+)/", said[-1])
    assert shown is not None, text
    assert "$ trialist search gvhd" in text
    assert "NCT99000000" in text
    with urllib.request.urlopen(f"{shown[1]}/find?cond=gvhd", timeout=60) as answer:
        page = answer.read().decode()
    assert "These studies are invented" in page
    assert re.search(r'href="/study/NCT99[0-9]{6}"', page)
    with urllib.request.urlopen(f"{shown[1]}/api/v2/stats/size", timeout=60) as answer:
        assert f'"totalStudies":{STUDIES}' in answer.read().decode().replace(" ", "")
    os.killpg(started.pid, signal.SIGINT)
    rest = started.communicate(timeout=60)[0]
    assert "Traceback" not in rest
