"""Whole processes: `import trialist`, `trialist show`, beside Python alone.

python bench/start.py [--runs 15]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import describe_machine, print_rows


def time_command(command: list[str], runs: int) -> list[float]:
    times = []
    for _ in range(runs + 2):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return times[2:]  # the first two warm the disk's cache


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        registry = str(Path(folder) / "registry")
        python = sys.executable
        demo = [python, "-m", "trialist", "demo", "--studies", "2000", "--registry", registry]
        subprocess.run(demo, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        show = [python, "-m", "trialist", "show", "--registry", registry, "NCT99000000"]
        alone = time_command([python, "-c", "pass"], runs)
        imported = time_command([python, "-c", "import trialist"], runs)
        shown = time_command(show, runs)
        record = time_command([*show, "--view", "record"], runs)
        large = time_command([*show[:-1], "NCT99000002", "--view", "record"], runs)
    base = statistics.median(alone)
    print(f"{describe_machine()}; medians of {runs} runs, in brackets the slowest\n")
    print_rows(
        [
            ("python alone", _words(alone), ""),
            (
                "import trialist, beyond python alone",
                f"{(statistics.median(imported) - base) * 1e3:.0f} ms",
                "promised: ≤ 60 ms",
            ),
            ("trialist show, whole process", _words(shown), "promised: ≤ 350 ms"),
            ("trialist show --view record", _words(record), "promised: ≤ 350 ms"),
            ("the same of a study with results", _words(large), ""),
        ]
    )


def _words(times: list[float]) -> str:
    return f"{statistics.median(times) * 1e3:.0f} ms ({max(times) * 1e3:.0f})"


if __name__ == "__main__":
    main()
