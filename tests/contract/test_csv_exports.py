"""The CSV against two exports of the registry's site, cell by cell where the record is the same."""

import csv
import io
import re
import sys
import zipfile
from collections import Counter

import orjson

from trialist.views.csv import COLUMNS, CsvColumns, _line

from support.shared import REGISTRY, SHARED, iter_lines, needs_shared

pytestmark = needs_shared
SPEC = SHARED / "spec" / "api-v2"
OF_2024 = SPEC / "relevance-order" / "ctg-studies.csv"
OF_2026 = SPEC / "csv-2026.csv"

# What that export wrote for every observational study, whatever its model and perspective are.
FAULTY = "Observational Model: |Time Perspective: p"
PART = re.compile(
    r"(Allocation|Intervention Model|Masking|Primary Purpose|Observational Model|Time Perspective): ([^|]*)"
)


def exported(file):
    return list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8"), newline="")))


def as_of_2025(design):
    """The design as exports write it since 2025, from the older form: other bars, and no part without a value."""
    parts = [(label, value.strip()) for label, value in PART.findall(design)]
    assert "|".join(f"{label}: {value}" for label, value in parts) == design
    return " | ".join(f"{label}: {value}" for label, value in parts if value)


def compare(rows, records, explained):
    """How many cells are equal, of how many, and those that are not: (column, id, theirs, ours)."""
    equal, different = Counter(), []
    for row in rows:
        ours = dict(zip(COLUMNS, CsvColumns(COLUMNS).cells(records[row["NCT Number"]]), strict=True))
        for name, text in row.items():
            if explained(name, text) == ours[name]:
                equal[name] += 1
            else:
                different.append((name, row["NCT Number"], text, ours[name]))
    return equal, different


def test_the_export_of_2024_with_all_its_records():
    rows = exported(OF_2024)
    with zipfile.ZipFile(SPEC / "relevance-order" / "ctg-studies.json.zip") as packed:
        records = {name[-16:-5]: orjson.loads(packed.read(name)) for name in packed.namelist()}
    # The one difference: the form of the design has changed since, and 105 were written wrongly then.
    equal, different = compare(
        rows, records, lambda name, text: as_of_2025(text) if name == "Study Design" else text
    )
    sys.stdout.write(
        f"{equal.total()} cells of {len(rows) * len(rows[0])} equal, {len(different)} explained\n"
    )
    assert {(name, theirs) for name, _, theirs, _ in different} == {("Study Design", FAULTY)}
    assert all(
        records[nct_id]["protocolSection"]["designModule"]["studyType"] == "OBSERVATIONAL"
        for _, nct_id, *_ in different
    )
    # That export has no column for the brief summary: 29 columns.
    assert (len(rows), equal.total(), len(different)) == (635, 635 * 29 - 105, 105)


def test_the_export_of_2026_where_the_record_is_the_same():
    rows = exported(OF_2026)
    assert tuple(rows[0]) == COLUMNS
    records, by_update = {}, {}
    for line in iter_lines(REGISTRY / "studies.v2.ndjson.zst"):
        found = orjson.loads(line)
        records[found["protocolSection"]["identificationModule"]["nctId"]] = found
    for line in iter_lines(REGISTRY / "versions.ndjson.zst"):
        found = orjson.loads(line)["study"]
        by_update[_key(found)] = found
    by_update.update((_key(found), found) for found in records.values())
    same = [row for row in rows if (row["NCT Number"], row["Last Update Posted"]) in by_update]
    of_row = {row["NCT Number"]: by_update[row["NCT Number"], row["Last Update Posted"]] for row in same}
    equal, different = compare(same, of_row, lambda _, text: text)
    sys.stdout.write(
        f"{equal.total()} cells of {len(same) * 30} equal, {len(same)} rows of {len(rows)}" + "\n"
    )
    assert different == []
    assert len(same) >= 2


def _key(found):
    protocol = found["protocolSection"]
    posted = protocol["statusModule"].get("lastUpdatePostDateStruct", {}).get("date")
    return protocol["identificationModule"]["nctId"], posted


def test_every_design_of_2026_has_the_form_that_is_written():
    """Also of the studies of which there is no record here: known parts, in this order, none of them empty."""
    orders = {
        "INTERVENTIONAL": ["Allocation", "Intervention Model", "Masking", "Primary Purpose"],
        "OBSERVATIONAL": ["Observational Model", "Time Perspective"],
        "EXPANDED_ACCESS": [],
    }
    for row in exported(OF_2026):
        design = row["Study Design"]
        assert as_of_2025(design.replace(" | ", "|")) == design
        labels = [label for label, _ in PART.findall(design)]
        order = orders[row["Study Type"]]
        assert labels == [label for label in order if label in labels]


def test_both_exports_quote_as_we_do():
    """Every line of both, read and written again, byte for byte; only the line ends of 2024 were others."""
    for file, ends in ((OF_2024, b"\n"), (OF_2026, b"\r\n")):
        raw = file.read_bytes()
        rows = csv.reader(io.StringIO(raw.decode("utf-8"), newline=""))
        again = b"".join(_line(row).removesuffix(b"\r\n") + ends for row in rows)
        assert again == raw
        assert not raw.startswith(b"\xef\xbb\xbf")
