"""Is a record read from the old XML the record that the API v2 gives? The table of what differs, and why.

Reads the real records beside the checkout (`../shared`): every study that is there both as XML and in the v2 shape
with the same date of last update. A leaf is (path with the places in lists, value); those of the v2 record that the
XML has no means to carry are counted apart, with the reason.

    python bench/xml_equivalence.py [--speed] [--show PATH] [--examples N]
"""

from __future__ import annotations

import argparse
import io
import json
import re
import sys
import tarfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard

from trialist.errors import Level, Where
from trialist.record.catalogue import fields_by_path, walk_leaves
from trialist.sources.ctgov_xml import convert_xml

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
REGISTRY = SHARED / "data" / "registry"

# Path prefix -> why the XML cannot carry it (or why an equal date does not make it equal).
NOT_IN_XML = {
    "protocolSection.contactsLocationsModule.locations.geoPoint": "the XML has no coordinates",
    "protocolSection.contactsLocationsModule.locations_nested": "not the registry's: added to some of the copies",
    "protocolSection.contactsLocationsModule.locations.countryCode": "v2 adds the code later",
    "protocolSection.identificationModule.orgStudyIdInfo.type": "the XML has ids without their types",
    "protocolSection.identificationModule.orgStudyIdInfo.link": "the XML has ids without their links",
    "protocolSection.identificationModule.secondaryIdInfos.type": "the XML has ids without their types",
    "protocolSection.identificationModule.secondaryIdInfos.domain": "the XML has ids without their domains",
    "protocolSection.identificationModule.secondaryIdInfos.link": "the XML has ids without their links",
    "protocolSection.identificationModule.organization.class": "the XML has the source's name only",
    "protocolSection.referencesModule.references.retractions": "found by the registry later",
    "derivedSection.miscInfoModule.versionHolder": "the day of the data, not of the study",
    "derivedSection.miscInfoModule.submissionTracking": "not published in XML",
    "derivedSection.miscInfoModule.modelPredictions": "not the registry's: added to some of the copies",
    "derivedSection.conditionBrowseModule.ancestors": "derived from MeSH by v2",
    "derivedSection.conditionBrowseModule.browseLeaves": "derived from MeSH by v2",
    "derivedSection.conditionBrowseModule.browseBranches": "derived from MeSH by v2",
    "derivedSection.conditionBrowseModule.meshes": "v2 adds ids and derives the terms anew each year",
    "derivedSection.interventionBrowseModule": "derived from MeSH by v2, anew each year",
    "resultsSection.moreInfoModule.pointOfContact.phoneExt": "lost with the numbers replaced in these copies",
    "resultsSection.adverseEventsModule.eventGroups.deathsNumAffected": "not in the XML of results",
    "resultsSection.adverseEventsModule.eventGroups.deathsNumAtRisk": "not in the XML of results",
    "documentSection.largeDocumentModule.largeDocs.size": "the XML has no size",
    "documentSection.largeDocumentModule.largeDocs.uploadDate": "the XML has no time of upload",
}
# In older XML only: not printed at all before 2017.
NOT_IN_OLD_XML = {
    "protocolSection.statusModule.studyFirstSubmitQcDate": "not published before 2017",
    "protocolSection.statusModule.studyFirstPostDateStruct": "not published before 2017",
    "protocolSection.statusModule.resultsFirstSubmitQcDate": "not published before 2017",
    "protocolSection.statusModule.resultsFirstPostDateStruct": "not published before 2017",
    "protocolSection.statusModule.dispFirstSubmitDate": "not published before 2017 once there were results",
    "protocolSection.statusModule.dispFirstSubmitQcDate": "not published before 2017",
    "protocolSection.statusModule.dispFirstPostDateStruct": "not published before 2017",
    "protocolSection.statusModule.lastUpdatePostDateStruct": "not published before 2017",
}
# Lists whose order is not in the XML: path -> (what tells their items apart, why).
ALIGNED = {
    "resultsSection.adverseEventsModule.seriousEvents": (
        ("term", "organSystem", "stats"), "the XML prints events by organ system, v2 in the order entered"),
    "resultsSection.adverseEventsModule.otherEvents": (
        ("term", "organSystem", "stats"), "the XML prints events by organ system, v2 in the order entered"),
    "protocolSection.contactsLocationsModule.locations": (
        ("facility", "zip", "country", "city", "state"), "v2 sorts by names of places, some of them changed since"),
    "protocolSection.referencesModule.references": (
        ("pmid", "citation", "type"), "v2 puts references found in PubMed between the others"),
    "protocolSection.referencesModule.seeAlsoLinks": (("url", "label"), "v2 has another order"),
}  # fmt: skip
# Path -> why a leaf that the XML carries may be another in v2 although the date of last update is the same.
ALTERED = {
    "protocolSection.contactsLocationsModule.locations": "the registry has harmonised names of places since",
    "derivedSection.miscInfoModule.removedCountries": "the registry has harmonised names of places since",
    "protocolSection.referencesModule.references.citation": "v2 prints the citations of PubMed anew",
    "protocolSection.sponsorCollaboratorsModule.leadSponsor": "organizations are renamed and classed anew",
    "protocolSection.sponsorCollaboratorsModule.collaborators": "organizations are renamed and classed anew",
    "protocolSection.identificationModule.organization": "organizations are renamed and classed anew",
    "protocolSection.statusModule.overallStatus": "a status turns UNKNOWN without a new date",
    "protocolSection.statusModule.lastKnownStatus": "a status turns UNKNOWN without a new date",
    "protocolSection.statusModule.studyFirstPostDateStruct.type": "changed since without a new date",
    "protocolSection.statusModule.lastUpdatePostDateStruct.type": "changed since without a new date",
    "resultsSection.baselineCharacteristicsModule.measures.title": (
        "older 'Age' became 'Age, Continuous' or 'Age Continuous'; the XML does not tell which"),
    "resultsSection.outcomeMeasuresModule.outcomeMeasures.reportingStatus": "left out of some of the copies",
    "resultsSection.moreInfoModule.certainAgreement.restrictiveAgreement": (
        "the XML has the same sentence for 'no' and for 'not asked' of the sponsor's own employees"),
    "resultsSection.baselineCharacteristicsModule.measures.classes": "counts that do not add up kept another form",
}  # fmt: skip
_DATE = re.compile(r"<(last_update_posted|lastchanged_date)[^>]*>([^<]+)<")
_ESCAPE = re.compile(r"\\(.)")


def read_json_lines(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8"):
            yield json.loads(line)


def read_xml() -> Iterator[tuple[str, bytes]]:
    with (REGISTRY / "studies.xml.tar.zst").open("rb") as file:
        stream = zstandard.ZstdDecompressor().stream_reader(file)
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                content = tar.extractfile(member)
                if content is not None:
                    yield Path(member.name).stem, content.read()


def read_v2() -> dict[str, list[dict[str, Any]]]:
    """NCT id -> every v2 copy there is."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(study: dict[str, Any]) -> None:
        found[study["protocolSection"]["identificationModule"]["nctId"]].append(study)

    for study in read_json_lines(REGISTRY / "studies.v2.ndjson.zst"):
        add(study)
    for row in read_json_lines(REGISTRY / "versions.ndjson.zst"):
        add(row["study"])
    with zipfile.ZipFile(SHARED / "spec" / "api-v2" / "relevance-order" / "ctg-studies.json.zip") as archive:
        for name in archive.namelist():
            add(json.loads(archive.read(name)))
    return found


def same_update(raw: bytes, studies: list[dict[str, Any]]) -> tuple[dict[str, Any], bool] | None:
    """The v2 copy with the XML's date of last update, and whether the XML is of before 2017."""
    found = dict(_DATE.findall(raw.decode("utf-8", "replace")))
    for tag, old in (("last_update_posted", False), ("lastchanged_date", True)):
        if tag not in found:
            continue
        day = time.strftime("%Y-%m-%d", time.strptime(found[tag].strip(), "%B %d, %Y"))
        for study in studies:
            status = study["protocolSection"]["statusModule"]
            posted = status.get("lastUpdatePostDateStruct", {}).get("date")
            if day == (status.get("lastUpdateSubmitDate") if old else posted):
                return study, old
        return None
    return None


def reason_apart(path: str, *, old: bool) -> str:
    """Why the XML cannot carry this path, "" when it can."""
    tables = (NOT_IN_XML, NOT_IN_OLD_XML) if old else (NOT_IN_XML,)
    for table in tables:
        for prefix, reason in table.items():
            if path == prefix or path.startswith(prefix + "."):
                return reason
    return ""


def reason_altered(path: str) -> str:
    """Why v2 may have another value although the XML carries the path, "" when there is no such reason."""
    return next((why for front, why in ALTERED.items() if path == front or path.startswith(front + ".")), "")


def leaves_apart(real: dict[str, Any]) -> dict[str, str]:
    """JSON pointer -> reason, of the leaves that the XML cannot carry because of the values beside them."""
    found = {}
    for place, row in enumerate(real["protocolSection"].get("referencesModule", {}).get("references", ())):
        if row.get("type") == "DERIVED":
            for key in row:
                found[f"/protocolSection/referencesModule/references/{place}/{key}"] = (
                    "found in PubMed by the registry"
                )
    outcomes = real.get("resultsSection", {}).get("outcomeMeasuresModule", {}).get("outcomeMeasures", ())
    for place, outcome in enumerate(outcomes):
        way = f"/resultsSection/outcomeMeasuresModule/outcomeMeasures/{place}"
        if "classes" in outcome:
            found[f"{way}/anticipatedPostingDate"] = "printed for outcomes without results only"
        for number, row in enumerate(outcome.get("analyses", ())):
            analysis = f"{way}/analyses/{number}"
            if not {"ciLowerLimit", "ciUpperLimit"} & set(row):
                for key in ("ciPctValue", "ciNumSides"):
                    found[f"{analysis}/{key}"] = "printed with the limits of the interval only"
            if "pValue" not in row:
                for key in ("pValueComment", "statisticalMethod", "statisticalComment"):
                    found[f"{analysis}/{key}"] = "printed with a p-value only"
    return found


def align(mine: list[Any], real: list[Any], keys: tuple[str, ...]) -> list[Any]:
    """Our items in the order of v2's: equal in all keys first, then in ever fewer; the rest fills the gaps."""
    rest = list(mine)
    found: list[Any] = [None] * len(real)
    for number in range(len(keys), 0, -1):
        waiting: dict[str, list[Any]] = defaultdict(list)
        for item in rest:
            waiting[repr([item.get(key) for key in keys[:number]])].append(item)
        for place, item in enumerate(real):
            same = waiting[repr([item.get(key) for key in keys[:number]])] if found[place] is None else []
            if same and any(key in item for key in keys[:number]):
                found[place] = same.pop(0)
        rest = [item for same in waiting.values() for item in same]
    return [item if item is not None or not rest else rest.pop(0) for item in found] + rest


def in_their_order(mine: dict[str, Any], real: dict[str, Any]) -> list[str]:
    """Put our lists of `ALIGNED` into v2's order; the paths of those that were not in it."""
    moved = []
    for path, (keys, _) in ALIGNED.items():
        *way, last = path.split(".")
        ours, theirs = mine, real
        for key in way:
            ours, theirs = ours.get(key, {}), theirs.get(key, {})
        if last in ours and last in theirs:
            ordered = [item if item is not None else {} for item in align(ours[last], theirs[last], keys)]
            if ordered != ours[last]:
                moved.append(path)
                ours[last] = ordered
    return moved


def loosen(value: Any) -> Any:
    """A text without escapes, marks of lists and differences of space."""
    return " ".join(_ESCAPE.sub(r"\1", value).replace("*", "").split()) if isinstance(value, str) else value


class Tally:
    """What the comparison of all pairs has found."""

    def __init__(self) -> None:
        self.pairs = 0
        self.strict = 0
        self.all = 0
        self.other_shape: list[str] = []
        self.moved: Counter[str] = Counter()
        self.total: Counter[str] = Counter()
        self.equal: Counter[str] = Counter()
        self.loose: Counter[str] = Counter()
        self.extra: Counter[str] = Counter()
        self.apart: Counter[tuple[str, str]] = Counter()
        self.examples: dict[str, list[tuple[str, str, Any, Any]]] = defaultdict(list)

    def compare(self, nct_id: str, mine: dict[str, Any], real: dict[str, Any], *, old: bool) -> None:
        """Count the leaves of one pair."""
        leaves = list(walk_leaves(real))
        if any(value == {} for _, _, value in leaves):
            self.other_shape.append(nct_id)
            return
        self.pairs += 1
        theirs = {pointer: value for _, pointer, value in leaves}
        self.strict += sum(theirs.get(pointer) == value for _, pointer, value in walk_leaves(mine))
        self.all += len(leaves)
        self.moved.update(in_their_order(mine, real))
        beside = leaves_apart(real)
        ours = {pointer: (path, value) for path, pointer, value in walk_leaves(mine)}
        for path, pointer, value in leaves:
            reason = reason_apart(path, old=old)
            if not reason and pointer in beside and pointer not in ours:
                reason = beside[pointer]
            if reason:
                self.apart[path, reason] += 1
                ours.pop(pointer, None)
                continue
            self.total[path] += 1
            found = ours.pop(pointer, (path, None))[1]
            if found == value and type(found) is type(value):
                self.equal[path] += 1
                self.loose[path] += 1
                continue
            if found is not None and loosen(found) == loosen(value):
                self.loose[path] += 1
            self.examples[path].append((nct_id, pointer, value, found))
        for pointer, (path, value) in ours.items():
            if value != {} and not reason_apart(
                path, old=old
            ):  # {} fills the place of an item that only v2 has
                self.extra[path] += 1
                self.examples[path].append((nct_id, pointer, None, value))

    def difference(self, path: str) -> int:
        """How many leaves of a path are not equal, or in the XML's record only."""
        return self.total[path] - self.equal[path] + self.extra[path]

    def report(self, show: str, examples: int) -> None:
        """Print the table."""
        total, equal, loose = self.total.total(), self.equal.total(), self.loose.total()
        extra = self.extra.total()
        print(f"pairs {self.pairs}  leaves {total:,}  equal {equal:,} = {equal / total:.3%}")
        changed = sum(self.difference(path) for path in {*self.total, *self.extra} if reason_altered(path))
        without = total - sum(
            self.total[path] - self.equal[path] for path in self.total if reason_altered(path)
        )
        print(f"without the leaves that v2 has changed since {equal / without:.3%} ({changed:,} of them)")
        print(f"of all {self.all:,} v2 leaves, in their places in lists: {self.strict / self.all:.3%}")
        if self.other_shape:
            print(f"not compared, not in the registry's own shape: {', '.join(self.other_shape)}")
        print(f"equal but for space and escapes {loose:,} = {loose / total:.3%}; only in ours {extra:,}")
        marked = [
            path
            for path in self.total
            if path in fields_by_path() and fields_by_path()[path].type == "markup"
        ]
        n, exact, near = (
            sum(count[path] for path in marked) for count in (self.total, self.equal, self.loose)
        )
        print(f"markup texts {n:,}  exact {exact / n:.2%}  but for space and escapes {near / n:.2%}\n")
        print(f"{'path':96} {'leaves':>7} {'equal':>8} {'loosely':>8} {'ours only':>9}")
        for path in sorted({*self.total, *self.extra}, key=self.difference, reverse=True):
            if not self.difference(path) or (show and not path.startswith(show)):
                continue
            n = self.total[path]
            shares = f"{self.equal[path] / n:8.1%} {self.loose[path] / n:8.1%}" if n else f"{'':8} {'':8}"
            print(f"{path:96} {n:7} {shares} {self.extra[path]:9}  {reason_altered(path)}")
            for nct_id, pointer, value, found in self.examples[path][:examples]:
                print(
                    f"    {nct_id} {pointer}\n        v2   {shorten(value, found)}\n        ours {shorten(found, value)}"
                )
        print("\norder that the XML does not carry (lists compared item by item)")
        for path, count in self.moved.most_common():
            print(f"{path:96} {count:7}  {ALIGNED[path][1]}")
        print("\nthe XML cannot carry")
        for (path, reason), count in self.apart.most_common():
            print(f"{path:96} {count:7}  {reason}")


def shorten(value: Any, other: Any) -> str:
    """A value, of a long text only what stands around the first difference."""
    if isinstance(value, str) and isinstance(other, str):
        first = next(
            (i for i, (a, b) in enumerate(zip(value, other, strict=False)) if a != b),
            min(len(value), len(other)),
        )
        return repr(value[max(0, first - 40) : first + 60])
    return repr(value)[:100]


def convert_all() -> None:
    """Convert every XML record, and print how many fail and how fast it goes."""
    n = size = failed = 0
    seconds = 0.0
    codes: Counter[tuple[str, str]] = Counter()
    for name, raw in read_xml():
        start = time.process_time()
        record, problems = convert_xml(raw, Where("studies.xml.tar.zst", name))
        seconds += time.process_time() - start
        n += 1
        size += len(raw)
        failed += record is None
        codes.update((found.code, found.where.path) for found in problems)
        if record is None:
            print(name, [found for found in problems if found.level is Level.ERROR])
    print(
        f"{n} records, {failed} not converted, {n / seconds:.0f} records and {size / seconds / 1e6:.1f} MB a CPU second"
    )
    for (code, path), count in codes.most_common():
        print(f"{count:8} {code:20} {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", action="store_true", help="convert every record and print the speed")
    parser.add_argument("--show", default="", help="only paths that begin with this")
    parser.add_argument("--examples", type=int, default=1)
    arguments = parser.parse_args()
    if not REGISTRY.is_dir():
        sys.exit(f"the real records are not at {REGISTRY}")
    if arguments.speed:
        convert_all()
        return
    known = read_v2()
    tally = Tally()
    for name, raw in read_xml():
        found = same_update(raw, known[name]) if name in known else None
        if found is None:
            continue
        record, _ = convert_xml(raw, Where("studies.xml.tar.zst", name))
        if record is not None:
            tally.compare(name, record, found[0], old=found[1])
    tally.report(arguments.show, arguments.examples)


if __name__ == "__main__":
    main()
