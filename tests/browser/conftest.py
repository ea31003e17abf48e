"""One server for all tests of a process, and one browser for those of a file.

The browser's driver keeps an event loop running in its thread, in which no other test could run one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from support.browser import PATIENT, open_browser, registry_of_demo
from support.serving import Running, running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as found:
        yield found


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = registry_of_demo(tmp_path_factory.mktemp("site") / "registry")
    with running(directory, workers=2, environment=PATIENT, measured=False) as found:
        yield found
