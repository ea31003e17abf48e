"""Reading a whole store and checking every promise that can be checked."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

import zstandard

from trialist.record.nct_id import nct_id_of, nct_number
from trialist.record.study import Study
from trialist.store.packing import text_hash
from trialist.store.sqlite import CURRENT_FIRST, SqliteReader
from trialist.store.store import VerifyReport

_MOST_FINDINGS = 1_000


def verify_store(reader: SqliteReader) -> VerifyReport:
    """Check the file, every record against its hash and id, the current versions, the aliases and the counts."""
    connection = reader.connection
    findings: list[str] = []
    connection.execute("BEGIN")  # one moment for all that follows, also while somebody writes
    try:
        findings += [
            f"file: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"
        ]
        versions = 0
        for finding in _check_records(connection, reader.unpack):
            versions += finding is None
            if finding is not None and len(findings) < _MOST_FINDINGS:
                findings.append(finding)
        findings += _check_links(connection)
        studies = connection.execute("SELECT count(*) FROM study").fetchone()[0]
    finally:
        connection.execute("ROLLBACK")
    return VerifyReport(versions, studies, tuple(findings[:_MOST_FINDINGS]))


def _check_records(
    connection: sqlite3.Connection, unpack: Callable[[int, bytes], bytes]
) -> Iterator[str | None]:
    """None for every version that was looked at, and a finding for each thing wrong."""
    aliases: dict[int, set[int]] = {}
    for alias, number in connection.execute("SELECT alias_number, nct_number FROM alias"):
        aliases.setdefault(number, set()).add(alias)
    rows = connection.execute(
        "SELECT v.version_id, v.nct_number, v.text_hash, v.size, v.last_update_post_date, v.data_date, c.dictionary_id, c.packed,"
        " s.version_id FROM version v LEFT JOIN content c USING (version_id) LEFT JOIN study s USING (nct_number)"
    )
    for version, number, digest, size, date, data_date, dictionary, packed, current in rows:
        yield None
        name = f"{nct_id_of(number)} version {version}"
        if packed is None:
            yield f"{name}: its record is missing"
            continue
        try:
            raw = unpack(dictionary, packed)
            study = Study.from_json(raw)
        except (zstandard.ZstdError, ValueError) as error:
            yield f"{name}: its record cannot be read: {error}"
            continue
        if len(raw) != size or text_hash(raw, data_date) != digest:
            yield f"{name}: its record is not what was stored"
        if study.nct_id != nct_id_of(number):
            yield f"{name}: its record is that of {study.nct_id}"
        if str(study.last_update_post_date or "") != date:
            yield f"{name}: its date is {study.last_update_post_date}, not {date}"
        if version == current:
            expected = {nct_number(alias) for alias in study.aliases} - {number}
            if expected != aliases.pop(number, set()):
                yield f"{name}: its aliases are not those of its record"
    for number in aliases:
        yield f"{nct_id_of(number)}: has aliases, but is not a current study"


def _check_links(connection: sqlite3.Connection) -> list[str]:
    queries = {
        "a study's current version is not its latest": (
            "SELECT nct_number FROM study s WHERE version_id IS NOT (SELECT version_id FROM version v"
            f" WHERE v.nct_number = s.nct_number ORDER BY {CURRENT_FIRST} LIMIT 1)"
        ),
        "a version belongs to no study": "SELECT nct_number FROM version WHERE nct_number NOT IN (SELECT nct_number FROM study)",
    }
    findings = []
    for meaning, query in queries.items():
        findings += [f"{nct_id_of(row[0])}: {meaning}" for row in connection.execute(query)]
    orphans = connection.execute(
        "SELECT count(*) FROM content WHERE version_id NOT IN (SELECT version_id FROM version)"
    ).fetchone()[0]
    if orphans:
        findings.append(f"{orphans} records belong to no version")
    return findings
