"""NLM's own MeSH files as concepts: descriptors and supplementary records in XML, descriptors in ASCII.

Files are read as streams, packed (.gz) or not, with memory that does not grow. A record that cannot be read is reported
and left out; a file that is none of MeSH's is refused.
"""

from __future__ import annotations

import gzip
import io
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from trialist.errors import Level, Problem, SourceUnreadableError, Where
from trialist.vocabulary.thesaurus import Concept, synonym_of

SOURCE = "mesh"

Report = Callable[[Problem], None]

_RECORDS = {"DescriptorRecord": "Descriptor", "SupplementalRecord": "SupplementalRecord"}
_HINT = "Give desc20XX.xml, supp20XX.xml or d20XX.bin as NLM distributes them."
_ENTRY_RELATION = {"EQV": True, "NRW": False, "BRD": False, "REL": False}


@dataclass(frozen=True, slots=True)
class MeshConcept:
    """A descriptor or supplementary record of MeSH.

    `entry_terms` mean the same as `name`; `related_terms` are terms that MeSH files under it and that are narrower,
    broader or near. `tree_numbers` are the places in the hierarchy, `mapped_to` the descriptors that a supplementary
    record stands for.
    """

    mesh_id: str
    name: str
    entry_terms: tuple[str, ...] = ()
    related_terms: tuple[str, ...] = ()
    tree_numbers: tuple[str, ...] = ()
    mapped_to: tuple[str, ...] = ()


def read_mesh(path: Path, report: Report | None = None) -> Iterator[MeshConcept]:
    """The concepts of one of NLM's files, in its order; `report` is told of each record that cannot be read.

    `SourceUnreadableError` when the file cannot be opened, breaks off, or is no MeSH file.
    """
    tell = report or (lambda problem: None)
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream = io.BufferedReader(gzip.GzipFile(fileobj=file)) if is_packed else file
            beginning = stream.peek(4096).lstrip(b"\xef\xbb\xbf \r\n\t")
            if beginning.startswith(b"*NEWRECORD"):
                yield from _read_ascii(stream, path, tell)
            elif beginning.startswith(b"<"):
                yield from _read_xml(stream, path, tell)
            else:
                raise SourceUnreadableError(f"{path} is no MeSH file", hint=_HINT)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceUnreadableError(f"{path} cannot be read: {error}", hint=_HINT) from error


def mesh_concepts(found: Iterable[MeshConcept]) -> Iterator[Concept]:
    """MeSH's concepts with their entry terms as synonyms, and the concepts directly above them in its trees."""
    kept = list(found)
    by_tree = {number: concept.mesh_id for concept in kept for number in concept.tree_numbers}
    for concept in kept:
        texts = dict.fromkeys((concept.name, *concept.entry_terms))
        above = dict.fromkeys(
            by_tree[parent]
            for number in concept.tree_numbers
            if (parent := number.rpartition(".")[0]) in by_tree
        )
        yield Concept(
            f"mesh:{concept.mesh_id}",
            concept.name,
            tuple(synonym_of(text, SOURCE) for text in texts if text),
            broader=tuple(f"mesh:{mesh_id}" for mesh_id in above),
        )


def _problem(path: Path, mesh_id: str, message: str) -> Problem:
    return Problem(Level.ERROR, "unreadable-value", Where(source=str(path), path=mesh_id), message)


def _read_xml(stream: BinaryIO, path: Path, tell: Report) -> Iterator[MeshConcept]:
    try:
        events = ET.iterparse(stream, events=("start", "end"))
        _, root = next(events)
        if root.tag not in ("DescriptorRecordSet", "SupplementalRecordSet"):
            raise SourceUnreadableError(f"{path} is no MeSH file: it begins with {root.tag}", hint=_HINT)
        for event, element in events:
            if event == "end" and element.tag in _RECORDS:
                found = _record(element, _RECORDS[element.tag])
                root.clear()
                if found is None:
                    tell(_problem(path, "", "a MeSH record without an id or a name"))
                else:
                    yield found
    except ET.ParseError as error:
        raise SourceUnreadableError(f"{path} is no whole XML: {error}", hint=_HINT) from error


def _record(element: ET.Element, kind: str) -> MeshConcept | None:
    mesh_id = (element.findtext(f"{kind}UI") or "").strip()
    name = (element.findtext(f"{kind}Name/String") or "").strip()
    if not mesh_id or not name:
        return None
    same: dict[str, None] = {}
    related: dict[str, None] = {}
    for concept in element.iterfind("ConceptList/Concept"):
        into = same if concept.get("PreferredConceptYN") == "Y" else related
        for term in concept.iterfind("TermList/Term/String"):
            if term.text and term.text.strip() != name:
                into[term.text.strip()] = None
    mapped = element.iterfind("HeadingMappedToList/HeadingMappedTo/DescriptorReferredTo/DescriptorUI")
    return MeshConcept(
        mesh_id,
        name,
        tuple(same),
        tuple(related),
        tuple(number.text.strip() for number in element.iterfind("TreeNumberList/TreeNumber") if number.text),
        tuple(item.text.strip().lstrip("*") for item in mapped if item.text),
    )


def _read_ascii(stream: BinaryIO, path: Path, tell: Report) -> Iterator[MeshConcept]:
    fields: dict[str, list[str]] = {}
    for line in _lines(stream):
        if line.startswith("*NEWRECORD"):
            if fields:
                yield from _ascii_record(fields, path, tell)
            fields = {}
        elif " = " in line:
            name, _, value = line.partition(" = ")
            fields.setdefault(name.strip(), []).append(value.strip())
    if fields:
        yield from _ascii_record(fields, path, tell)


def _lines(stream: BinaryIO) -> Iterator[str]:
    return (line.decode("utf-8", "replace").rstrip("\r\n") for line in stream)


def _ascii_record(fields: dict[str, list[str]], path: Path, tell: Report) -> Iterator[MeshConcept]:
    mesh_id, name = fields.get("UI", [""])[0], fields.get("MH", [""])[0]
    if not mesh_id or not name:
        tell(_problem(path, mesh_id, "a MeSH record without an id or a heading"))
        return
    same: dict[str, None] = {}
    related: dict[str, None] = {}
    for entry in (*fields.get("ENTRY", ()), *fields.get("PRINT ENTRY", ())):
        term, *codes = entry.split("|")
        relation = next((code for code in codes if code in _ENTRY_RELATION), "EQV")
        (same if _ENTRY_RELATION[relation] else related)[term.strip()] = None
    yield MeshConcept(mesh_id, name, tuple(same), tuple(related), tuple(fields.get("MN", ())))
