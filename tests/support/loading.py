"""Loading small sources into a registry, and saying all that a store holds in one value."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trialist.registry.load import Report, load_sources
from trialist.registry.registry import Load
from trialist.settings import Settings

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def settings(registry: Path, workers: int = 1) -> Settings:
    """Settings for a registry in this directory."""
    return Settings(registry=registry, load_workers=workers, max_study_bytes=32 << 20)


def load(
    registry: Path, *paths: Path, is_full: bool = False, workers: int = 1, report: Report | None = None
) -> Load:
    """Load with a clock that stands still."""
    return load_sources(paths, settings(registry, workers), lambda: NOON, is_full=is_full, report=report)


def logical_content(registry: Path) -> dict[str, Any]:
    """Everything a store says, without times and without how it is packed: equal for equal stores."""
    from trialist.store import SqliteReader

    reader = SqliteReader(registry)
    connection = sqlite3.connect(registry / "studies.sqlite")
    try:
        versions = connection.execute(
            "SELECT nct_number, text_hash, last_update_post_date, data_date, shape, size, first_load, seen_load,"
            " seen_order, dictionary_id, packed FROM version JOIN content USING (version_id) ORDER BY nct_number, text_hash"
        )
        return {
            "versions": [(*row[:9], reader.unpack(row[9], row[10])) for row in versions],
            "studies": connection.execute(
                "SELECT nct_number, (SELECT text_hash FROM version v WHERE v.version_id = s.version_id), seen_load,"
                " missing_since FROM study s ORDER BY nct_number"
            ).fetchall(),
            "aliases": connection.execute("SELECT * FROM alias ORDER BY 1, 2").fetchall(),
            "problems": connection.execute(
                "SELECT load_id, level, code, source, member, position, nct_id, path, message, excerpt, count FROM problem"
                " ORDER BY load_id, level, code, member, position, path"
            ).fetchall(),
            "loads": connection.execute(
                "SELECT load_id, sources, is_full, state, taken, added, updated, older, unchanged, rejected, missing"
                " FROM load ORDER BY load_id"
            ).fetchall(),
        }
    finally:
        connection.close()
        reader.close()
