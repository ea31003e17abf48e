"""Requests made up from the documents that say what is answered: no bug, and no answer that the documents do not tell.

    TRIALIST_EXAMPLES=3000 .venv/bin/python -m pytest tests/contract/test_schemathesis.py -s

makes so many for each path, more than 20,000 in all.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from trialist.demo import generate_study
from trialist.registry.criteria_index import build_criteria

from support.clients import python_environment, run_client
from support.loading import settings
from support.serving import Running, make_registry, running

pytestmark = pytest.mark.heavy

HOOKS = Path(__file__).parent / "clients" / "schemathesis_hooks.py"
EXAMPLES = int(os.environ.get("TRIALIST_EXAMPLES", "30"))
DOCUMENTS = {"own": ("/api/trialist/v1/openapi.json", ""), "v2": ("/api/oas/v2", "/api/v2")}
"""Where each document stands, and the path that its own paths begin at."""
ANSWERS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance"
)
ALL_THAT_APPLY = f"{ANSWERS},negative_data_rejection,unsupported_method,allow_header_conformance"
"""Not among them: that what fits the schema is accepted. Expressions are texts to a schema, and most texts are none."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    records = [orjson.dumps(generate_study(number, seed=7)) for number in range(250)]
    directory = make_registry(tmp_path_factory.mktemp("schemathesis") / "registry", *records)
    build_criteria(settings(directory))
    with running(directory, workers=2) as found:
        yield found


def answered(server: Running) -> dict[str, int]:
    """How many requests have been answered so far, by status."""
    found: dict[str, int] = {}
    for line in server.get("/api/trialist/v1/metrics").text.splitlines():
        sample = re.match(r'trialist_requests_total\{.*status="(\w+)"\} (\d+)', line)
        if sample:
            found[sample[1]] = found.get(sample[1], 0) + int(sample[2])
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
@pytest.mark.parametrize("with_meaning", [False, True], ids=["made up", "with words that mean something"])
def test_no_bug_and_no_answer_that_is_not_told(server, tmp_path, document, with_meaning):
    bin_ = python_environment("schemathesis==4.32.5")
    address, base = DOCUMENTS[document]
    assert server.get(address).status == 200
    before = answered(server)
    checks = ANSWERS if with_meaning else ALL_THAT_APPLY
    command: list[str | Path] = [
        bin_ / "st", "run", server.url + address, "--url", server.url + base, "--max-examples", str(EXAMPLES),
        "--checks", checks, "--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-shrink", "--seed", "1",
        "--request-timeout", "60", "--suppress-health-check", "all",
    ]  # fmt: skip
    environment = {"SCHEMATHESIS_HOOKS": str(HOOKS)} if with_meaning else {}
    done = run_client(command, tmp_path, environment, seconds=7200)
    after = answered(server)
    made = sum(after.values()) - sum(before.values())
    sys.stdout.write(f"\n{document}: {made:,} requests, answered in all {after}\n")
    assert done.returncode == 0, done.stdout[-20_000:]
    assert made > EXAMPLES
    assert not any(after.get(status) for status in ("500", "other"))
