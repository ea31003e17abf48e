"""Serving under load: one study, a mix of searches, pages of a thousand; beside the bare server's own speed.

    python bench/serve.py --registry DIR [--workers 2] [--connections 32] [--seconds 10] [--swap-minutes 0]
                          [--only study,search,page,idle] [--idle 10000]

Needs wrk (Debian has it). `trialist serve` runs over the registry; the floor is a static answer of the same size from the
same server with no application behind it, in the same minute, asked in the same way. wrk shares the machine's processors
with what it measures. The searches are those of search_queries.toml with other page sizes, statuses and years, in random
order: more of them than a worker remembers pages. They are asked for some seconds before the clock starts, so that the figures
are those of a server that has been running; a new one's first seconds are slower.

`idle` opens connections that ask for one study and then for nothing, and asks for studies beside them.

With `--swap-minutes` the mix is asked for so long while the registry's own studies are loaded again with a later date and
the index is brought up to date beside it, over and over; answers other than 200 and broken connections are counted, and
memory is taken at every tenth. It changes the registry.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from measure import describe_machine, print_rows, tree_memory

HERE = Path(__file__).resolve().parent
STATUSES = ("", "RECRUITING", "COMPLETED", "ACTIVE_NOT_RECRUITING|RECRUITING")
FIELDS = ("", "NCTId,BriefTitle,OverallStatus,Phase,Condition,LocationCity")
MIXED = 4_000
IDS = 5_000


@dataclass(frozen=True)
class Load:
    """What wrk measured: requests and bytes a second, latencies in ms, and how many answers were no 200."""

    rate: float
    megabytes: float
    median: float
    p99: float
    slowest: float
    bad: int
    broken: int


SCRIPT = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
local counter = 0
function setup(thread) thread:set("number", counter); counter = counter + 1 end
function init(args) math.randomseed(number + os.time()); request = function()
  return wrk.format("GET", paths[math.random(#paths)]) end end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.bytes,
    summary.duration, latency:percentile(50), latency:percentile(99), latency.max, e.status,
    e.connect + e.read + e.write + e.timeout))
end
"""


def wrk(url: str, paths: list[str], connections: int, seconds: float, folder: Path) -> Load:
    listed, script = folder / "paths.txt", folder / "paths.lua"
    listed.write_text("\n".join(paths))
    script.write_text(SCRIPT % listed)
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{seconds:.0f}s",
        "--timeout",
        "30s",
        "-s",
        str(script),
        url,
    ]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    said = re.search(r"RESULT (.*)", out)
    if said is None:
        raise SystemExit(out)
    requests, sent, lasted, median, p99, slowest, bad, broken = map(int, said[1].split())
    took = lasted / 1e6
    return Load(requests / took, sent / took / 1e6, median / 1e3, p99 / 1e3, slowest / 1e3, bad, broken)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(registry: Path, workers: int) -> Iterator[tuple[str, int]]:
    """The address of `trialist serve`, and its process."""
    command = [sys.executable, "-m", "trialist", "serve", "--registry", str(registry), "--port", "0"]
    with (
        Path(os.devnull).open("wb") as nowhere,
        subprocess.Popen(
            [*command, "--workers", str(workers)], stdout=subprocess.PIPE, stderr=nowhere, text=True
        ) as process,
    ):
        began = time.perf_counter()
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://[^/ ]+", line)
        if found is None:
            raise SystemExit(f"the server did not start: {line}")
        print(f"{line.strip()} (after {time.perf_counter() - began:.1f} s)", flush=True)
        try:
            yield found[0], process.pid
        finally:
            process.terminate()
            process.wait()


@contextlib.contextmanager
def floor(workers: int, small: int, page: int) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, str(HERE / "serve_floor.py"), str(port), str(workers), str(small), str(page)]
    with subprocess.Popen(command) as process:
        for _ in range(1200):
            time.sleep(0.1)
            # An answer, not only a connection: the sockets listen before the workers are there.
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60),
            ):
                break
        else:
            raise SystemExit("the floor did not start")
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def fetch(url: str) -> tuple[bytes, float, float]:
    """A body, the seconds to its first byte and to its last."""
    began = time.perf_counter()
    with urllib.request.urlopen(url) as answer:
        first = answer.read(1)
        after = time.perf_counter() - began
        return first + answer.read(), after, time.perf_counter() - began


def some_ids(base: str) -> list[str]:
    """Ids of all parts of the registry."""
    found: list[str] = []
    token = ""
    while len(found) < IDS:
        body, _, _ = fetch(f"{base}/api/v2/studies?fields=NCTId&pageSize=1000{token}")
        page = json.loads(body)
        found += [one["protocolSection"]["identificationModule"]["nctId"] for one in page["studies"]]
        if "nextPageToken" not in page:
            break
        token = f"&pageToken={page['nextPageToken']}"
    return found


WARM_SECONDS = 15


def mixed_searches() -> list[str]:
    rows = tomllib.loads((HERE / "search_queries.toml").read_text())["queries"]
    chance = random.Random(7)
    found = []
    for _ in range(MIXED):
        params = dict(chance.choice(rows)["params"])
        params["pageSize"] = str(chance.choice((10, 10, 10, 20, 5)))
        params["countTotal"] = chance.choice(("true", "false"))
        if status := chance.choice(STATUSES):
            params.setdefault("filter.overallStatus", status)
        if chance.random() < 0.5:
            year = f"AREA[StartDate]RANGE[{chance.randint(2000, 2024)}-01-01,MAX]"
            params.setdefault("filter.advanced", year)
        if fields := chance.choice(FIELDS):
            params["fields"] = fields
        found.append("/api/v2/studies?" + urllib.parse.urlencode(params))
    return found


class Memory:
    """The memory of a process and its children, taken again and again."""

    def __init__(self, pid: int, every: float) -> None:
        self.taken: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(pid, every), daemon=True)
        self._thread.start()

    def _watch(self, pid: int, every: float) -> None:
        while True:
            self.taken.append(tree_memory(pid) / 1e6)
            if self._stop.wait(every):
                return

    def end(self) -> list[float]:
        """Stop; what was taken."""
        self._stop.set()
        self._thread.join()
        return self.taken


def compare(name: str, ours: Load, bare: Load, promise: str) -> None:
    print_rows(
        [
            (f"{name}: requests/s", f"{ours.rate:,.0f}", promise),
            ("  median / p99 / slowest, ms", f"{ours.median:.1f} / {ours.p99:.1f} / {ours.slowest:.0f}", ""),
            ("  answers other than 200, broken connections", f"{ours.bad}, {ours.broken}", "0, 0"),
            ("  floor: the bare server, requests/s", f"{bare.rate:,.0f}", ""),
            ("  ratio to the floor", f"{ours.rate / bare.rate:.3f}", ""),
        ]
    )


def measure(arguments: argparse.Namespace, folder: Path) -> None:
    seconds, connections = arguments.seconds, arguments.connections
    with served(arguments.registry, arguments.workers) as (base, pid):
        ids = some_ids(base)
        one = [f"/api/v2/studies/{nct_id}" for nct_id in ids]
        sizes = [len(fetch(base + path)[0]) for path in one[:: max(1, len(one) // 200)]]
        found: dict[str, Load] = {}
        first_bytes, speeds, memory = [], [], []
        page_bytes = 1
        if "study" in arguments.only:
            found["study"] = wrk(base, one, connections, seconds, folder)
        if "search" in arguments.only:
            mixed = mixed_searches()
            # Each once: what is opened once is open, and words have been asked for, as they have been on any other day.
            wrk(base, mixed, connections, WARM_SECONDS, folder)
            found["search"] = wrk(base, mixed, connections, seconds, folder)
        if "page" in arguments.only:
            watch = Memory(pid, 0.1)
            before = watch.taken[0] if watch.taken else tree_memory(pid) / 1e6
            for at in range(min(20, len(ids) // 1000 + 4)):
                body, first, whole = fetch(
                    f"{base}/api/v2/studies?pageSize=1000&query.term=AREA[NCTId]NOT+{ids[at]}"
                )
                page_bytes = len(body)
                first_bytes.append(first * 1e3)
                speeds.append(page_bytes / whole / 1e6)
            found["page"] = wrk(base, ["/api/v2/studies?pageSize=1000"], 4, seconds, folder)
            memory = [before, max(watch.end())]
    with floor(arguments.workers, int(statistics.mean(sizes)), page_bytes) as base:
        bare = wrk(base, ["/small"], connections, seconds, folder)
        bare_page = wrk(base, ["/page"], 4, seconds, folder) if "page" in found else bare
    if "study" in found:
        compare(f"/studies/{{id}}, {statistics.mean(sizes):,.0f} bytes", found["study"], bare, "≥ 2,000")
    if "search" in found:
        compare(f"mixed search ({MIXED:,} requests)", found["search"], bare, "≥ 300, p99 ≤ 150 ms")
    if "page" in found:
        compare(f"pageSize=1000, {page_bytes / 1e6:.1f} MB, 4 at once", found["page"], bare_page, "")
        print_rows(
            [
                (
                    "  first byte, median / slowest, ms",
                    f"{statistics.median(first_bytes):.0f} / {max(first_bytes):.0f}",
                    "≤ 150",
                ),
                ("  one reader alone, MB/s", f"{statistics.median(speeds):.0f}", "≥ 100"),
                ("  four readers together, MB/s", f"{found['page'].megabytes:.0f}", "≥ 100"),
                ("  memory before / highest, MB", f"{memory[0]:.0f} / {memory[1]:.0f}", "bounded"),
            ]
        )


def changed_studies(base: str, folder: Path, step: int) -> Path:
    """Some of the registry's studies as of a later day."""
    body, _, _ = fetch(f"{base}/api/v2/studies?pageSize=200")
    file = folder / f"changed-{step}.ndjson"
    with file.open("w", encoding="utf-8") as out:
        for study in json.loads(body)["studies"]:
            status = study["protocolSection"]["statusModule"]
            status["lastUpdatePostDateStruct"] = {
                "date": f"{2030 + step // 300}-01-{step % 28 + 1:02d}",
                "type": "ACTUAL",
            }
            study["protocolSection"]["identificationModule"]["briefTitle"] += f" ({step})"
            out.write(json.dumps(study, ensure_ascii=False) + "\n")
    return file


def swap(arguments: argparse.Namespace, folder: Path) -> None:
    """Loads and index swaps beside the mix of searches and studies."""
    minutes = arguments.swap_minutes
    command = [sys.executable, "-m", "trialist", "load", "--index", "--registry", str(arguments.registry)]
    with served(arguments.registry, arguments.workers) as (base, pid):
        paths = mixed_searches() + [f"/api/v2/studies/{nct_id}" for nct_id in some_ids(base)]
        wrk(base, paths, arguments.connections, 5, folder)
        watch = Memory(pid, max(1.0, minutes * 6))
        ends = time.monotonic() + minutes * 60
        loads = 0

        def load() -> None:
            nonlocal loads
            while time.monotonic() < ends - 5:
                file = changed_studies(base, folder, loads)
                done = subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)
                if done.returncode:
                    print(f"a load failed: {done.stderr}")
                    return
                loads += 1
                time.sleep(2)

        loader = threading.Thread(target=load)
        loader.start()
        found = wrk(base, paths, arguments.connections, minutes * 60, folder)
        loader.join()
        memory = watch.end()
    print_rows(
        [
            (
                f"{minutes:g} minutes beside {loads} loads and index swaps: requests/s",
                f"{found.rate:,.0f}",
                "",
            ),
            ("  answers other than 200, broken connections", f"{found.bad}, {found.broken}", "0, 0"),
            ("  p99 / slowest, ms", f"{found.p99:.0f} / {found.slowest:.0f}", ""),
        ]
    )
    print("  memory in tenths, MB: " + " ".join(f"{one:.0f}" for one in memory))


def idle(arguments: argparse.Namespace, folder: Path) -> None:
    """Studies asked for with and without thousands of connections that are open and say nothing."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with served(arguments.registry, arguments.workers) as (base, pid):
        paths = [f"/api/v2/studies/{nct_id}" for nct_id in some_ids(base)]
        wrk(base, paths, arguments.connections, 3, folder)
        before, memory = wrk(base, paths, arguments.connections, arguments.seconds, folder), tree_memory(pid)
        host, port = base.removeprefix("http://").split(":")
        waiting: list[socket.socket] = []
        refused = 0
        for _ in range(arguments.idle):
            try:
                one = socket.create_connection((host, int(port)), timeout=10)
                one.sendall(f"GET {paths[0]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                refused += not one.recv(1 << 20).startswith(b"HTTP/1.1 200")
                waiting.append(one)
            except OSError:
                refused += 1
        beside, grown = wrk(base, paths, arguments.connections, arguments.seconds, folder), tree_memory(pid)
        still = sum(is_open(one) for one in waiting)
        for one in waiting:
            one.close()
    print_rows(
        [
            (f"studies beside {len(waiting):,} idle connections: requests/s", f"{beside.rate:,.0f}", f"alone {before.rate:,.0f}"),
            ("  p99, ms", f"{beside.p99:.1f}", f"alone {before.p99:.1f}"),
            ("  answers other than 200, broken connections", f"{beside.bad}, {beside.broken}", "0, 0"),
            ("  idle ones refused, still open at the end", f"{refused:,}, {still:,}", ""),
            ("  memory, MB", f"{grown / 1e6:.0f}", f"before {memory / 1e6:.0f}"),
        ]
    )  # fmt: skip


def is_open(connection: socket.socket) -> bool:
    """Whether the server has not closed a connection on which nothing more is to come."""
    connection.setblocking(False)
    try:
        while connection.recv(1 << 20):
            pass
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--registry", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--swap-minutes", type=float, default=0)
    parser.add_argument("--only", default="study,search,page", type=lambda text: text.split(","))
    parser.add_argument("--idle", type=int, default=10_000)
    arguments = parser.parse_args()
    print(describe_machine(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        if set(arguments.only) & {"study", "search", "page"}:
            measure(arguments, Path(folder))
        if "idle" in arguments.only:
            idle(arguments, Path(folder))
        if arguments.swap_minutes:
            swap(arguments, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
