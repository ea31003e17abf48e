"""Studies on disk, every version kept."""

from trialist.store.sqlite import SqliteReader
from trialist.store.store import (
    Batch,
    Load,
    LoadCounts,
    PackedStudy,
    StoredProblem,
    StoredStudy,
    StoreState,
    StoreStats,
    VerifyReport,
    Version,
)
from trialist.store.verify import verify_store
from trialist.store.writer import SqliteWriter

__all__ = [
    "Batch",
    "Load",
    "LoadCounts",
    "PackedStudy",
    "SqliteReader",
    "SqliteWriter",
    "StoreState",
    "StoreStats",
    "StoredProblem",
    "StoredStudy",
    "VerifyReport",
    "Version",
    "verify_store",
]
