"""A load is killed, or runs out of disk, at moments nobody chose; the same command again mends it."""

import os
import random
import resource
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from support.command import run, start
from support.layouts import write
from support.loading import logical_content
from support.records import raw

pytestmark = pytest.mark.alone
KILLS = 50
"""In each of two tests, which two processes share."""
STUDIES = 5000


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Studies whose load takes a second or two, with odd and broken ones among them; what it gives, and how long it takes now."""
    directory = tmp_path_factory.mktemp("source")
    lines = [
        raw(number, text="x" * (number % 3000), **({"moon": 1} if number % 7 == 0 else {}))
        for number in range(STUDIES)
    ]
    lines[1234] = lines[1234][:-30]
    file = write(directory / "studies.ndjson", b"\n".join(lines))
    began = time.monotonic()
    with start(
        "load", file, registry=directory / "undisturbed", environment={"TRIALIST_LOAD_WORKERS": "2"}
    ) as process:
        process.communicate()
    assert process.returncode == 0
    return file, logical_content(directory / "undisturbed"), time.monotonic() - began


def test_killed_at_fifty_moments(tmp_path, source):
    kill(tmp_path, source, random.Random(20260504))


def kill(tmp_path, source, moments):
    """Kills from the beginning of a load to its end, however fast the machine is at the time."""
    file, expected, seconds = source
    kills = rounds = 0
    while kills < KILLS:
        registry = tmp_path / f"round-{rounds}"
        rounds += 1
        environment = {"TRIALIST_LOAD_WORKERS": str(1 + rounds % 2)}
        finished = False
        while not finished:
            with start("load", file, registry=registry, environment=environment) as process:
                try:
                    process.wait(seconds * moments.uniform(0.05, 1.1) if kills < KILLS else None)
                except subprocess.TimeoutExpired:
                    process.kill()
            # It may have ended by itself in the moment before the kill.
            assert process.returncode in (0, -signal.SIGKILL)
            finished = process.returncode == 0
            kills += not finished
        # A kill behind the last batch leaves a finished load, and the next one finds everything known.
        assert first_load(logical_content(registry)) == first_load(expected)
        assert run("verify", registry=registry).returncode == 0
    assert rounds > 1, "every load must also have been finished"


def first_load(content):
    """What a store says, without that later loads met the same again."""
    return {
        "versions": [(*row[:7], row[9]) for row in content["versions"]],
        "studies": [(number, digest, missing) for number, digest, _, missing in content["studies"]],
        "aliases": content["aliases"],
        "problems": [row for row in content["problems"] if row[0] == 1],
        "loads": content["loads"][:1],
    }


def test_workers_die_with_a_killed_load(tmp_path, source):
    file, *_ = source
    big = tmp_path / "big.ndjson"
    big.write_bytes(file.read_bytes() * 3)
    process = start("load", big, registry=tmp_path / "r", environment={"TRIALIST_LOAD_WORKERS": "2"})
    children: list[int] = []
    for _ in range(200):
        time.sleep(0.02)
        children = [
            int(one.name) for one in Path("/proc").glob("[0-9]*") if _status(one.name)[1] == str(process.pid)
        ]
        if len(children) >= 3:  # two workers and the resource tracker
            break
    process.kill()
    process.communicate()
    assert children
    for _ in range(100):
        if not any(_status(child)[0] != "Z" for child in children):
            return
        time.sleep(0.05)
    pytest.fail("worker processes outlived the load")


@pytest.mark.parametrize("moment", [0.5, 0.8, 1.1, 1.6])
def test_an_interrupt_ends_a_load_with_a_word(tmp_path, source, moment):
    """Ctrl-C reaches all processes of a terminal at once, also workers that are just starting."""
    file, expected, _ = source
    process = start(
        "load", file, registry=tmp_path / "r", start_new_session=True, preexec_fn=_as_at_a_terminal
    )
    time.sleep(moment)
    os.killpg(process.pid, signal.SIGINT)
    _, beside = process.communicate(timeout=60)
    # Interrupted while it still imports, Python ends itself by the signal, whatever code is returned; a shell sees 130 too.
    assert process.returncode in (0, 130, -signal.SIGINT)
    if process.returncode == 130:
        assert beside.strip().startswith(b"Stopped.")
    assert run("load", file, registry=tmp_path / "r").returncode == 0
    assert first_load(logical_content(tmp_path / "r")) == first_load(expected)


def _as_at_a_terminal() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _status(pid: object) -> list[str]:
    """State and parent of a process, as the system tells them; a dead one is a zombie without a parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return ["Z", ""]


@pytest.mark.parametrize("room", [40_000, 200_000, 700_000, 1_500_000])
def test_the_disk_is_full(tmp_path, source, room):
    file, expected, _ = source

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    registry = tmp_path / "registry"
    done = run(
        "load", file, registry=registry, preexec_fn=little_room, environment={"TRIALIST_LOAD_WORKERS": "1"}
    )
    assert done.returncode == 6, (done.returncode, done.stderr.decode())
    assert b"Traceback" not in done.stderr
    assert b"Make room" in done.stderr or b"permissions" in done.stderr
    assert run("load", file, registry=registry, environment={"TRIALIST_LOAD_WORKERS": "1"}).returncode == 0
    assert logical_content(registry) == expected
    assert run("verify", registry=registry).returncode == 0


def test_a_reader_never_sees_half_a_batch(tmp_path, source):
    file, *_ = source
    registry = tmp_path / "registry"
    process = start("load", file, registry=registry, environment={"TRIALIST_LOAD_WORKERS": "2"})
    seen = set()
    while process.poll() is None:
        if not (registry / "studies.sqlite").exists():
            continue
        connection = sqlite3.connect(f"file:{registry}/studies.sqlite?mode=ro", uri=True)
        try:
            connection.execute("BEGIN")
            counts = connection.execute("SELECT taken - rejected FROM load").fetchone()
            studies = connection.execute("SELECT count(*) FROM study").fetchone()
            contents = connection.execute("SELECT count(*) FROM content").fetchone()
            if counts:
                assert counts == studies == contents
                seen.add(counts[0])
        except sqlite3.OperationalError:
            pass  # its tables are not there yet
        finally:
            connection.close()
    process.communicate()
    assert len(seen) > 2


def test_killed_at_fifty_other_moments(tmp_path, source):
    kill(tmp_path, source, random.Random(20260505))
