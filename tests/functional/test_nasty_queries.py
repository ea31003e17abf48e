"""Queries nobody should ask: each gets an answer or an error that says what is wrong, never a crash."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from trialist.demo import generate_study
from trialist.errors import InvalidParameterError, LimitExceededError, QuerySyntaxError
from trialist.index.live import LiveIndex

from support.searching import ids, select, write

PIECES = [
    "cancer", "gvhd", "study", "the", "of", "", " ", "*", "?", "~", "-", "--", '"', '""', "\\", "(", ")", "[", "]", ",", "AND",
    "OR", "NOT", "AREA", "AREA[Phase]", "AREA[", "RANGE[1,2]", "RANGE[MIN,MAX]", "MISSING", "ALL", "TILT[StartDate]",
    "SEARCH[Location]", "COVERAGE[FullMatch]", "EXPANSION[Lossy]", "EXPANSION[None]", "DISTANCE[1,2,3km]", "NCT99000001",
    "AREA[LocationGeoPoint]DISTANCE[48,11,50km]", "AREA[Phase:size]2", "\x00", "\u200b", "\ud7ff", "😀", "日本語", "é", "'s", "μ",
    "DROP TABLE study;", "<script>", "%00", "../../etc/passwd", "{{7*7}}", "a" * 500, "1e400", "-0", "NaN",
]  # fmt: skip


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LiveIndex:
    records = [generate_study(number, seed=5) for number in range(60)]
    directory = tmp_path_factory.mktemp("index")
    write(
        directory,
        records,
        {int(record["protocolSection"]["identificationModule"]["nctId"][3:]): 1 for record in records},
    )
    return LiveIndex(directory)


def ask(index: LiveIndex, text: str) -> int | None:
    """How many studies are found; None when the query is refused, with a place in it or a limit."""
    try:
        return len(ids(select(index, query__term=text)))
    except QuerySyntaxError as error:
        assert 0 <= error.start <= error.end <= len(text) + 1, text[:200]
        assert error.message
        return None
    except (LimitExceededError, InvalidParameterError) as error:
        assert error.message
        return None


def generated(count: int) -> Iterator[str]:
    rng = Random(17)
    for number in range(count):
        if number % 3:
            yield rng.choice(["", " "]).join(rng.choices(PIECES, k=rng.randint(1, 8)))
        else:
            planes = rng.choice([0x7F, 0x2FF, 0xD7FF, 0x10FFFF])
            points = [rng.randint(1, planes) for _ in range(rng.randint(1, 30))]
            yield "".join(chr(point) for point in points if not 0xD800 <= point <= 0xDFFF)


@pytest.mark.heavy
def test_ten_thousand_generated_queries(index: LiveIndex) -> None:
    answers = [ask(index, text) for text in generated(10_000)]
    assert len(answers) == 10_000
    assert any(answer for answer in answers)
    assert any(answer is None for answer in answers)


@pytest.mark.parametrize(
    ("text", "is_answered"),
    [
        ("*", True),
        ("the of and", True),
        ("(" * 1_000 + "gvhd" + ")" * 1_000, True),
        ("(" * 2_000, False),
        (" OR ".join(f"word{number}" for number in range(10_000)), False),
        (" OR ".join(f"NCT99{number:06d}" for number in range(50)), True),
        ("gvhd " * 20_000, True),
        ("NOT " * 90 + "gvhd", True),
        ("NOT " * 5_000 + "gvhd", False),
        ('"' + "a" * 100_000 + '"', True),
        ("\\" * 1_001 + '"', None),
    ],
    ids=[
        "star",
        "stop words",
        "nested",
        "unclosed",
        "10,000 OR",
        "ids",
        "100 kB",
        "NOT",
        "many NOT",
        "one word",
        "escapes",
    ],
)
def test_what_is_long_or_deep_is_answered_or_refused(
    index: LiveIndex, text: str, is_answered: bool | None
) -> None:
    found = ask(index, text)
    if is_answered is not None:
        assert (found is not None) == is_answered
