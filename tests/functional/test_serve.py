"""`trialist serve` as a process: beginning, answering, taking up what is new, ending, and clients that misbehave."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.command import run
from support.records import raw, updated
from support.serving import Running, make_registry, running


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_registry(tmp_path_factory.mktemp("served") / "registry", *map(raw, range(1, 41)))


@pytest.fixture(scope="module")
def server(registry: Path) -> Iterator[Running]:
    with running(registry, environment={"TRIALIST_PATIENCE_SECONDS": "2"}) as found:
        yield found


def say(server: Running, text: bytes, *, wait: float = 10) -> bytes:
    """What comes back for raw bytes until the connection is closed or nothing comes any more."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=wait) as connection:
        connection.sendall(text)
        found = b""
        try:
            while part := connection.recv(65536):
                found += part
        except (TimeoutError, ConnectionError):
            pass
        return found


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


# Beginning


def test_one_line_says_where(server):
    assert server.line.startswith(
        f"Serving 40 studies with 1 worker: the site is http://127.0.0.1:{server.port}/ and the API"
    )


def test_it_listens_on_this_machine_alone_unless_told(server):
    listening = {
        line.split()[1]
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
        if line.split()[1].endswith(f":{server.port:04X}") and line.split()[3] == "0A"
    }
    assert listening == {f"0100007F:{server.port:04X}"}


def test_a_registry_that_is_not_built_says_what_to_run(tmp_path: Path):
    nothing = run("serve", "--port", 0, registry=tmp_path / "none")
    assert nothing.returncode == 4
    assert b"trialist load" in nothing.stderr
    run("demo", "--studies", 5, "--no-index", registry=tmp_path / "registry")
    unindexed = run("serve", "--port", 0, registry=tmp_path / "registry")
    assert unindexed.returncode == 4
    assert b"trialist index" in unindexed.stderr


def test_an_address_that_is_taken_or_none_is_told(server, registry):
    taken = run("serve", "--port", server.port, registry=registry)
    assert taken.returncode == 2
    assert str(server.port).encode() in taken.stderr
    for more in (("--host", "no.such.host.invalid"), ("--port", 70_000), ("--workers", 0), ("--port", "x")):
        refused = run("serve", *more, registry=registry)
        assert refused.returncode == 2
        assert b"Traceback" not in refused.stderr


# Answering


def test_it_answers_as_the_application_does(server):
    assert server.get("/api/v2/studies/NCT99000007").body == raw(7)
    assert server.get("/api/v2/studies?pageSize=40&countTotal=true").json["totalCount"] == 40
    assert server.get("//api/v2//version").json["apiVersion"]
    assert server.get("/api/v2/studies", method="POST").status == 405
    head = server.get("/api/v2/studies/NCT99000007", method="HEAD")
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(raw(7))), b"")


@pytest.mark.parametrize(
    "target",
    [
        b'/api/v2/studies?query.term="graft versus"&pageSize=1'.replace(b" ", b"+"),
        b"/api/v2/studies?fields=NCTId|BriefTitle&pageSize=1",
        b"/api/v2/studies?filter.advanced=AREA[NCTId]NCT99000001&pageSize=1",
        b"/api/v2/studies?query.term=NOT+<x>^`{}\\&pageSize=1",
        "/api/v2/studies?query.term=NOT+ü&pageSize=1".encode(),
    ],
)
def test_addresses_that_clients_do_not_escape_are_understood(server, target):
    found = say(server, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert status_of(found) == 200
    assert b'"nctId":"NCT99' in found


def test_the_log_tells_what_happened_and_not_what_was_asked(registry):
    with running(registry) as quiet:
        quiet.get("/api/v2/studies?query.cond=secretdisease")
        quiet.get("/api/v2/studies/NCT99000001")
        quiet.get("/nowhere/secretpath")
        _, _, log = quiet.stop()
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line["route"] for line in lines if line["event"] == "request"] == [
        "/api/v2/studies",
        "/api/v2/studies/{nct_id}",
        "",
    ]
    assert b"secret" not in log
    assert b"NCT99" not in log
    with running(registry, environment={"TRIALIST_LOG_QUERIES": "yes"}) as talking:
        talking.get("/api/v2/studies?query.cond=secretdisease")
        _, _, log = talking.stop()
    assert b"query.cond=secretdisease" in log


# Ending


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_told_and_leaves_nothing_behind(registry, number):
    with running(registry, workers=2) as server:
        children = children_of(server.process.pid)
        assert len(children) >= 2
        assert server.get("/api/v2/version").status == 200
        code, out, log = server.stop(number)
    assert (code, out) == (0, b"")
    assert b"Traceback" not in log
    wait_for(lambda: not any(is_running(pid) for pid in children))
    with pytest.raises(ConnectionError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_an_answer_that_is_under_way_is_ended_before_it_stops(tmp_path: Path):
    # More than the buffers between the two hold, so that most of it is still to be sent when it is told to stop.
    records = [raw(number, long="x" * 1_000_000) for number in range(1, 31)]
    with running(make_registry(tmp_path / "registry", *records)) as server:
        whole = len(server.get("/api/v2/studies?pageSize=30").body)
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as slow:
            slow.sendall(b"GET /api/v2/studies?pageSize=30 HTTP/1.0\r\n\r\n")
            first = slow.recv(1000)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            rest = b""
            while part := slow.recv(1 << 20):
                rest += part
        body = (first + rest).partition(b"\r\n\r\n")[2]
        assert len(body) >= whole
        assert body.rstrip().endswith((b"]}", b"0"))
        assert server.process.wait(120) == 0


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_a_worker_that_dies_is_replaced_and_workers_do_not_outlive_their_parent(registry):
    with running(registry, workers=2) as server:
        for pid in children_of(server.process.pid):
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
                break
        ends = time.monotonic() + 120
        answered = 0
        while time.monotonic() < ends and answered < 20:
            try:
                answered = answered + 1 if server.get("/api/v2/version").status == 200 else 0
            except OSError:
                answered = 0
        assert answered == 20
        children = children_of(server.process.pid)
        server.process.kill()
        server.process.communicate()
        ends = time.monotonic() + 120
        while any(is_running(pid) for pid in children) and time.monotonic() < ends:
            time.sleep(0.1)
        assert not any(is_running(pid) for pid in children)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# Taking up


def test_a_load_and_an_index_are_taken_up_without_a_request_lost(tmp_path: Path):
    registry = make_registry(tmp_path / "registry", *map(raw, range(1, 31)))
    statuses: list[int] = []
    stop = threading.Event()
    with running(registry, workers=2) as server:
        before = server.get("/api/v2/version").headers["etag"]

        def keep_asking() -> None:
            targets = ("/api/v2/studies?query.cond=graft&pageSize=5", "/api/v2/studies/NCT99000001")
            while not stop.is_set():
                statuses.extend(server.get(target).status for target in targets)

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(keep_asking) for _ in range(4)]
            for step in range(3):
                file = tmp_path / f"{step}.ndjson"
                file.write_bytes(
                    b"\n".join(
                        updated(number, f"2027-01-0{step + 1}", f"Step {step}") for number in range(50)
                    )
                )
                done = run("load", "--index", file, registry=registry)
                assert done.returncode == 0, done.stderr
            assert run("index", "--full", registry=registry).returncode == 0
            wait_for(lambda: server.get("/api/v2/studies?countTotal=true").json["totalCount"] == 50)
            time.sleep(1.5)  # both workers have looked by now
            stop.set()
            for one in asking:
                one.result()
        assert set(statuses) == {200}
        assert len(statuses) > 50
        found = server.get("/api/v2/studies?query.titles=Step&countTotal=true&pageSize=1")
        assert found.json["totalCount"] == 50
        assert found.headers["etag"] != before
        _, _, log = server.stop()
    assert b"index_taken_up" in log
    assert b'"event":"bug"' not in log


def wait_for(is_so: Callable[[], object], seconds: float = 120) -> None:
    ends = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.2)


# Misbehaving clients


def test_heads_that_are_too_long_are_refused(server):
    begin = b"GET /api/v2/version HTTP/1.1\r\nHost: x\r\n"
    assert status_of(say(server, begin + b"X: " + b"a" * 200_000 + b"\r\n\r\n")) == 431
    assert status_of(say(server, begin + b"X: a\r\n" * 30_000 + b"\r\n")) == 431
    assert (
        status_of(say(server, b"GET /api/v2/studies?query.term=" + b"a" * 40_000 + b" HTTP/1.1\r\n\r\n"))
        == 414
    )
    long = b"GET /api/v2/studies?query.term=" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n"
    assert status_of(say(server, long)) in (400, 414, 431)
    assert server.get("/api/v2/version").status == 200


@pytest.mark.parametrize(
    "text",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /api/v2/version HTTP/1.1\r\nA B: c\r\n\r\n",
        b"GET /api/v2/version HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET /api/v2/version HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"\x00" * 100 + b"\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(server, text):
    assert status_of(say(server, text)) in (400, 405)
    assert server.get("/api/v2/version").status == 200


def test_nothing_asked_gets_into_the_headers_of_an_answer(server):
    for target in (
        "/api/v2/studies/NCT99000001%0d%0aset-cookie:%20a=b",
        "/api/v2/studies?pageToken=%0d%0aset-cookie:%20a=b",
        "/api/v2/studies/NCT99000001?fields=NCTId%0d%0aset-cookie:%20a=b",
        "/api/v2/studies?format=csv%0d%0aset-cookie:%20a=b",
    ):
        found = server.get(target)
        assert found.status in (400, 404)
        assert "set-cookie" not in found.headers


def test_clients_that_do_not_come_to_the_point_are_let_go_and_others_answered(server):
    waiting = []
    try:
        for _ in range(300):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
            connection.sendall(b"GET /api/v2/version HTTP/1.1\r\nX-Slow: ")
            waiting.append(connection)
        began = time.monotonic()
        assert server.get("/api/v2/studies/NCT99000001").status == 200
        assert time.monotonic() - began < 2
        for connection in waiting:
            found = connection.recv(1000)
            assert found == b"" or status_of(found) == 408
    finally:
        for connection in waiting:
            connection.close()
    assert server.get("/api/v2/version").status == 200


def test_a_client_that_sends_a_byte_at_a_time_is_let_go(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as slow:
        began = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - began < 15:
                slow.sendall(b"G")
                time.sleep(0.1)
        assert time.monotonic() - began < 10


def test_a_client_that_does_not_read_is_let_go_and_costs_no_memory(tmp_path: Path):
    records = [raw(number, long="x" * 1_000_000) for number in range(1, 41)]
    registry = make_registry(tmp_path / "registry", *records)
    with running(registry, environment={"TRIALIST_PATIENCE_SECONDS": "2"}) as server:
        server.get("/api/v2/studies?pageSize=40")
        before = memory_of(server)
        with contextlib.ExitStack() as stuck:
            for _ in range(20):
                connection = stuck.enter_context(
                    socket.create_connection(("127.0.0.1", server.port), timeout=20)
                )
                connection.sendall(b"GET /api/v2/studies?pageSize=40 HTTP/1.1\r\nHost: x\r\n\r\n")
            time.sleep(1)
            assert server.get("/api/v2/studies/NCT99000001").status == 200
            assert memory_of(server) - before < 250e6  # 20 whole answers are 800 MB
            wait_for(lambda: open_sockets(server) < 20)


def workers_of(server: Running) -> list[int]:
    return [
        pid
        for pid in children_of(server.process.pid)
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def memory_of(server: Running) -> int:
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in workers_of(server)]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def open_sockets(server: Running) -> int:
    found = 0
    for pid in workers_of(server):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            try:
                found += "socket:" in str(entry.readlink())
            except OSError:
                continue
    return found


def test_one_connection_too_many_is_told(registry):
    with running(registry, environment={"TRIALIST_MAX_CONNECTIONS": "10"}) as server:
        held = [socket.create_connection(("127.0.0.1", server.port), timeout=10) for _ in range(10)]
        wait_for(lambda: open_sockets(server) >= 12)
        assert status_of(say(server, b"GET /api/v2/version HTTP/1.1\r\n\r\n")) == 503
        for connection in held:
            connection.close()
        wait_for(lambda: status_of(say(server, b"GET /api/v2/version HTTP/1.0\r\n\r\n")) == 200)


def test_costly_searches_do_not_stop_the_others(tmp_path: Path):
    run("demo", "--studies", 3000, registry=tmp_path / "registry")
    terms = " OR ".join(f"(graft AND disease{number} AND study AND therapy)" for number in range(60))
    costly = "/api/v2/studies?query.term=" + terms.replace(" ", "+")
    with (
        running(tmp_path / "registry", environment={"TRIALIST_WAITING_SEARCHES": "4"}) as server,
        ThreadPoolExecutor(24) as pool,
    ):
        asked = [pool.submit(server.get, f"{costly}&pageSize={size + 1}") for size in range(24)]
        time.sleep(0.3)
        took = []
        for _ in range(10):
            began = time.monotonic()
            assert server.get("/api/v2/studies/NCT99000001").status == 200
            took.append(time.monotonic() - began)
        answers = [one.result() for one in asked]
        assert sorted(took)[5] < 1
        assert {answer.status for answer in answers} <= {200, 503}
        refused = [answer for answer in answers if answer.status == 503]
        assert refused
        assert all(answer.headers["retry-after"] for answer in refused)
        assert server.get("/api/v2/studies?query.cond=gvhd").status == 200
