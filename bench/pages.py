"""The site: server time of its pages, bytes of a study page, and when the largest thing is painted; Datasette beside it.

    python bench/pages.py --registry DIR [--asked 300] [--painted 12] [--peer-studies 0] [--peer-asked 60]
        [--no-peer]

`trialist serve` runs over the registry with one worker; pages are asked for one after another. Server time is what its own log says of
a request; the time around it is measured here. Searches are those of search_queries.toml, with facets, filters and pages as
people choose them. Bytes are those of the page with its style sheets and scripts, compressed as the browser asks for it.
Painted means the largest contentful paint in the system's Chromium, every page in a browser context of its own, so with a
cold cache.

The peer is Datasette over the same studies (`--peer-studies` of them, 0 for all), asked the first `--peer-asked` searches: one
SQLite table of what results pages show, with full-text search, an index a facet, and the same facets asked for. It is installed into a virtual environment of
its own in a temporary folder. Both are asked in the same run from the same process.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measure import describe_machine, print_rows

HERE = Path(__file__).resolve().parent
OWN_NAMES = {
    "query.cond": "cond",
    "query.intr": "intr",
    "query.term": "q",
    "query.titles": "title",
    "query.spons": "sponsor",
    "query.outc": "outcome",
}
FACETS = ("status", "phase", "type", "sponsor_class", "start_year")
PROMISES = {
    "search pages, server time p95": "60 ms",
    "study pages, server time p95": "25 ms",
    "study page with sheets and scripts, largest": "100 kB",
    "study page, largest paint p95": "1,200 ms",
    "search page, largest paint p95": "1,200 ms",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--registry", type=Path, required=True)
    parser.add_argument("--asked", type=int, default=300)
    parser.add_argument("--painted", type=int, default=12)
    parser.add_argument("--peer-studies", type=int, default=0)
    parser.add_argument("--peer-asked", type=int, default=60)
    parser.add_argument("--no-peer", action="store_true")
    asked = parser.parse_args()
    print(describe_machine(), flush=True)
    chance = random.Random(11)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ids = study_ids(asked.registry)
        chosen = [chance.choice(ids) for _ in range(asked.asked)]
        known = ids_with_results(asked.registry)
        reported = chance.sample(known, k=min(len(known), asked.asked // 3))
        searches = [search_path(chance) for _ in range(asked.asked)]
        with served(asked.registry, folder) as (url, log, server):
            print(f"{len(ids):,} studies; {asked.asked} pages of each kind", flush=True)
            print_rows(ours(url, log, server, chosen, reported, searches, asked.painted))
        if not asked.no_peer:
            some = searches[: asked.peer_asked]
            print_rows(peer(asked.registry, folder, some, asked.peer_studies, asked.painted))


def ours(
    url: str,
    log: Path,
    server: int,
    ids: Sequence[str],
    with_results: Sequence[str],
    searches: Sequence[str],
    painted: int,
) -> list[tuple[str, str, str]]:
    studies = [f"/study/{nct_id}" for nct_id in ids]
    kinds = {
        "search pages": searches,
        "study pages": studies,
        "criteria pages": [f"{path}/criteria" for path in studies[: len(studies) // 3]],
        "history pages": [f"{path}/history" for path in studies[: len(studies) // 3]],
        "results pages": [f"/study/{nct_id}/results/outcomes" for nct_id in with_results],
        "event pages": [f"/study/{nct_id}/results/events" for nct_id in with_results],
        "landscapes": [path.replace("/find", "/landscape") for path in searches[: len(searches) // 5]],
        "feeds of searches": [path.replace("/find", "/feed") for path in searches[: len(searches) // 5]],
    }
    first = ("/", "/about", studies[0], searches[0])
    for path in first:
        fetch(url + path)
    rows = []
    sent = len(first)
    for kind, paths in kinds.items():
        before = processor_seconds(server)
        walls = [wall(url + path) for path in paths]
        spent = (processor_seconds(server) - before) / max(1, len(paths))
        sent += len(paths)
        times = logged(log, sent)[-len(paths) :]
        rows.append(row(f"{kind}, server time", times))
        rows.append((f"{kind}, processor time", f"mean {1e3 * spent:,.1f} ms", ""))
        if kind in ("search pages", "study pages"):
            rows.append(row(f"{kind}, with the way there", walls))
    weights = sorted(weight(url, path) for path in studies[:100])
    promise = PROMISES["study page with sheets and scripts, largest"]
    rows.append(
        (
            "study page with sheets and scripts",
            f"median {weights[len(weights) // 2] / 1e3:.0f} kB, p95 {at(weights, 0.95) / 1e3:.0f} kB, largest {weights[-1] / 1e3:.0f} kB",
            f"promised {promise}",
        )
    )
    for kind, paths in (("study page", studies), ("search page", searches), ("first page", ["/"] * painted)):
        rows.append(paint_row(kind, [url + path for path in paths[:painted]]))
    return rows


def peer(
    registry: Path, folder: Path, searches: Sequence[str], most: int, painted: int
) -> list[tuple[str, str, str]]:
    """Datasette over the same studies: its results pages with facets, and its pages of a row."""
    tools = folder / "peer"
    subprocess.run([sys.executable, "-m", "venv", str(tools)], check=True)
    subprocess.run(
        [tools / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "datasette"], check=True
    )
    version = subprocess.run(
        [tools / "bin" / "datasette", "--version"], check=True, capture_output=True, text=True
    )
    print(version.stdout.strip(), flush=True)
    database = folder / "studies.db"
    count = write_database(registry, database, most)
    print(f"peer: {count:,} studies in {database.stat().st_size / 1e6:,.0f} MB", flush=True)
    port = 8043
    command = [
        str(tools / "bin" / "datasette"), "serve", str(database), "--port", str(port), "--setting", "num_sql_threads", "1",
        "--setting", "facet_time_limit_ms", "5000", "--setting", "sql_time_limit_ms", "20000",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(url)
            facets = "&".join(f"_facet={name}" for name in FACETS)
            found = []
            for path in searches:
                given = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
                words = " ".join(
                    re.findall(
                        r"\w+", " ".join(given.get("cond", []) + given.get("q", []) + given.get("intr", []))
                    )
                )
                found.append(f"{url}/studies/studies?_search={urllib.parse.quote(words)}&{facets}&_size=20")
            ids = [
                row[0] for row in sqlite3.connect(database).execute("SELECT nct_id FROM studies LIMIT 300")
            ]
            pages = [f"{url}/studies/studies/{nct_id}" for nct_id in ids]
            wall(found[0])
            rows = []
            for kind, asked in (("search pages", found), ("pages of a study", pages)):
                before = processor_seconds(process.pid)
                rows.append(row(f"Datasette: {kind}, with the way there", [wall(one) for one in asked]))
                spent = (processor_seconds(process.pid) - before) / len(asked)
                rows.append((f"Datasette: {kind}, processor time", f"mean {1e3 * spent:,.1f} ms", ""))
            return [
                *rows,
                paint_row("Datasette: page of a study", pages[:painted]),
                paint_row("Datasette: search page", found[:painted]),
            ]
        finally:
            process.terminate()


def write_database(registry: Path, database: Path, most: int) -> int:
    """The peer's table: what a results page shows and searches, of the studies of a registry."""
    from trialist.registry.registry import Registry
    from trialist.views.reading import objects_at, reach, text_at, texts_at

    connection = sqlite3.connect(database)
    connection.execute(
        "CREATE TABLE studies (nct_id TEXT PRIMARY KEY, title TEXT, status TEXT, phase TEXT, type TEXT, sponsor TEXT,"
        " sponsor_class TEXT, start_year TEXT, conditions TEXT, interventions TEXT, summary TEXT, criteria TEXT, record TEXT)"
    )
    count = 0
    with Registry(registry) as opened:
        for stored in opened.scan(with_missing=False):
            record = stored.study.record
            protocol: Any = reach(record, "protocolSection")
            connection.execute(
                "INSERT INTO studies VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (
                    stored.nct_id,
                    text_at(protocol, "identificationModule.briefTitle"),
                    text_at(protocol, "statusModule.overallStatus"),
                    " ".join(texts_at(protocol, "designModule.phases")),
                    text_at(protocol, "designModule.studyType"),
                    text_at(protocol, "sponsorCollaboratorsModule.leadSponsor.name"),
                    text_at(protocol, "sponsorCollaboratorsModule.leadSponsor.class"),
                    text_at(protocol, "statusModule.startDateStruct.date")[:4],
                    "; ".join(texts_at(protocol, "conditionsModule.conditions")),
                    "; ".join(
                        text_at(one, "name")
                        for one in objects_at(protocol, "armsInterventionsModule.interventions")
                    ),
                    text_at(protocol, "descriptionModule.briefSummary"),
                    text_at(protocol, "eligibilityModule.eligibilityCriteria"),
                    stored.raw.decode(),
                ),
            )
            count += 1
            if most and count >= most:
                break
    for name in FACETS:
        connection.execute(f"CREATE INDEX by_{name} ON studies ({name})")
    texts = "title, conditions, interventions, summary, criteria, sponsor"
    connection.execute(f"CREATE VIRTUAL TABLE studies_fts USING fts5({texts}, content='studies')")
    connection.execute(f"INSERT INTO studies_fts (rowid, {texts}) SELECT rowid, {texts} FROM studies")
    connection.commit()
    connection.close()
    return count


def study_ids(registry: Path) -> list[str]:
    from trialist.registry.records import Records

    return [f"NCT{number:08d}" for number in Records(registry).numbers()]


def ids_with_results(registry: Path) -> list[str]:
    from trialist.registry.searching import Finder

    return list(Finder(registry).ids({"query.term": "AREA[HasResults]true"}))


def search_path(chance: random.Random) -> str:
    """A search as people make one on the site: words, often a filter or two, sometimes a later page."""
    rows = tomllib.loads((HERE / "search_queries.toml").read_text())["queries"]
    while True:
        params = chance.choice(rows)["params"]
        found = [(OWN_NAMES[name], text) for name, text in params.items() if name in OWN_NAMES]
        if found:
            break
    if chance.random() < 0.4:
        found.append(("status", "RECRUITING"))
    if chance.random() < 0.3:
        found.append(("phase", chance.choice(("PHASE1", "PHASE2", "PHASE3"))))
    if chance.random() < 0.2:
        found.append(("country", chance.choice(("United States", "Germany", "China"))))
    if chance.random() < 0.2:
        found.append(("page", "2"))
    return f"/find?{urllib.parse.urlencode(found)}"


@contextlib.contextmanager
def served(registry: Path, folder: Path) -> Iterator[tuple[str, Path, int]]:
    log = folder / "log.ndjson"
    command = [
        sys.executable,
        "-m",
        "trialist",
        "serve",
        "--registry",
        str(registry),
        "--port",
        "0",
        "--workers",
        "1",
    ]
    with (
        log.open("wb") as out,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=out, text=True) as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://[^/ ]+", line)
        if found is None:
            raise SystemExit(f"the server did not start: {line}{log.read_text()}")
        try:
            yield found[0], log, process.pid
        finally:
            process.terminate()
            process.wait()


def processor_seconds(root: int) -> float:
    """What a process and everything below it has spent so far: on a busy machine it tells more than a clock."""
    total, family = 0, {root}
    for entry in sorted(Path("/proc").glob("[0-9]*"), key=lambda one: int(one.name)):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(entry.name) in family or int(fields[1]) in family:
            family.add(int(entry.name))
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def logged(log: Path, count: int) -> list[float]:
    """The server's own times of all requests so far, in ms, as soon as its log has so many."""
    for _ in range(50):
        lines = [json.loads(line) for line in log.read_text().splitlines() if '"event":"request"' in line]
        asked = [line for line in lines if not line["route"].startswith("/static")]
        if len(asked) >= count:
            bad = [line for line in asked if line["status"] >= 500]
            if bad:
                print(f"  {len(bad)} answers were errors: {bad[0]}", flush=True)
            return [float(line["ms"]) for line in asked]
        time.sleep(0.1)
    raise SystemExit("the server's log does not have the requests")


def fetch(url: str) -> bytes:
    """The body as it is sent, compressed."""
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            found: bytes = answer.read()
            return found
    except urllib.error.HTTPError as error:
        return bytes(error.read())


def wall(url: str) -> float:
    began = time.perf_counter()
    fetch(url)
    return (time.perf_counter() - began) * 1e3


def weight(url: str, path: str) -> int:
    """The bytes of a page with its style sheets and scripts, and what these import, compressed."""
    body = fetch(url + path)
    text = (gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body).decode()
    names = set(re.findall(r'(?:href|src)="(/static/[^"#]+\.(?:css|js))"', text))
    total, seen = len(body), set()
    while names - seen:
        name = (names - seen).pop()
        seen.add(name)
        sent = fetch(url + name)
        total += len(sent)
        code = (gzip.decompress(sent) if sent[:2] == b"\x1f\x8b" else sent).decode()
        names |= {
            urllib.parse.urljoin(name, found)
            for found in re.findall(r"""(?:import|from)\s*\(?["'](\./[^"']+)""", code)
        }
    return total


def paints(urls: Sequence[str]) -> list[float]:
    """The largest contentful paint of each page with a cold cache, in ms; none where there is no browser."""
    browser_path = (
        shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )
    if browser_path is None:
        return []
    from playwright.sync_api import sync_playwright

    script = (
        "() => new Promise(done => { let last = 0; new PerformanceObserver(list => {"
        " for (const one of list.getEntries()) last = one.startTime; }).observe({type: 'largest-contentful-paint', buffered: true});"
        " setTimeout(() => done(last), 300); })"
    )
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for url in urls:
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page = context.new_page()
            page.set_default_timeout(120_000)
            page.goto(url)
            found.append(float(page.evaluate(script)))
            context.close()
        browser.close()
    return found


def paint_row(name: str, urls: Sequence[str]) -> tuple[str, str, str]:
    times = paints(urls)
    if not times:
        return (f"{name}, largest paint", "no browser is here", "")
    return row(f"{name}, largest paint", times)


def row(name: str, times: Sequence[float]) -> tuple[str, str, str]:
    ordered = sorted(times)
    figures = f"median {statistics.median(ordered):,.1f} ms, p95 {at(ordered, 0.95):,.1f} ms, slowest {ordered[-1]:,.0f} ms"
    promise = PROMISES.get(f"{name} p95", "")
    return (name, figures, f"promised {promise}" if promise else "")


def at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def wait_for(url: str) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=30).close()
            return
        time.sleep(0.1)
    raise SystemExit(f"nothing answers at {url}")


if __name__ == "__main__":
    main()
