"""Settings for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

HERE = Path(__file__).parent
UNMEASURED = frozenset({"browser", "conformance", "contract"})
"""Folders whose tests go through what the others measure, only more of it."""

settings.register_profile("trialist", deadline=None, print_blob=True)
settings.load_profile("trialist")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole folders are run without measuring coverage."""
    for item in items:
        if item.path.relative_to(HERE).parts[0] in UNMEASURED:
            item.add_marker(pytest.mark.heavy)


@pytest.fixture
def registry_dir(tmp_path: Path) -> Path:
    """A directory for a registry of this test's own."""
    return tmp_path / "registry"
