"""What several benches use: peak memory of a process with its children, and tables on the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path


def describe_machine() -> str:
    """Processors, memory and Python, for the head of a report."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        "unknown processor",
    )
    return f"{os.cpu_count()} × {model}, {pages / 2**30:.0f} GB, Python {sys.version.split()[0]}"


def _resident(pid: int) -> tuple[int, int]:
    """Parent and resident bytes of a process; (0, 0) when it has gone."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    except (OSError, IndexError):
        return 0, 0
    return int(status[1]), int(pages) * os.sysconf("SC_PAGE_SIZE")


def tree_memory(root: int) -> int:
    """Resident bytes of a process and everything below it, added up (shared pages count in each)."""
    found = {int(entry.name): _resident(int(entry.name)) for entry in Path("/proc").glob("[0-9]*")}
    wanted, total = {root}, 0
    for pid in sorted(found):
        parent, resident = found[pid]
        if pid in wanted or parent in wanted:
            wanted.add(pid)
            total += resident
    return total


def run_measured(command: Sequence[str], environment: dict[str, str]) -> tuple[float, int]:
    """Wall seconds and peak memory in bytes of a command with its children; stops the bench when it fails."""
    peak = 0
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    stop = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not stop.wait(0.05):
            peak = max(peak, tree_memory(process.pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    _, beside = process.communicate()
    seconds = time.perf_counter() - began
    stop.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {beside.decode()}")
    return seconds, peak


def print_rows(rows: Sequence[tuple[str, str, str]]) -> None:
    """What, measured, promised."""
    for name, measured, promised in rows:
        print(f"{name:<52} {measured:>16}   {promised}")
