"""Settings for all tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("trialist", deadline=None, print_blob=True)
settings.load_profile("trialist")


@pytest.fixture
def registry_dir(tmp_path: Path) -> Path:
    """A directory for a registry of this test's own."""
    return tmp_path / "registry"
