from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from trialist.errors import Problem, SourceUnreadableError
from trialist.vocabulary.combine import combine
from trialist.vocabulary.mesh import MeshConcept, mesh_concepts, read_mesh

DESCRIPTORS = """<?xml version="1.0"?>
<!DOCTYPE DescriptorRecordSet SYSTEM "https://www.nlm.nih.gov/databases/dtd/nlmdescriptorrecordset_20260101.dtd">
<DescriptorRecordSet LanguageCode = "eng">
<DescriptorRecord DescriptorClass = "1">
 <DescriptorUI>D990001</DescriptorUI>
 <DescriptorName><String>Invented Diseases</String></DescriptorName>
 <TreeNumberList><TreeNumber>C99.100</TreeNumber></TreeNumberList>
 <ConceptList><Concept PreferredConceptYN="Y"><ConceptUI>M1</ConceptUI><ConceptName><String>Invented Diseases</String></ConceptName>
  <TermList><Term ConceptPreferredTermYN="Y"><String>Invented Diseases</String></Term><Term><String>Disease, Invented</String></Term></TermList>
 </Concept></ConceptList>
</DescriptorRecord>
<DescriptorRecord DescriptorClass = "1">
 <DescriptorUI>D990002</DescriptorUI>
 <DescriptorName><String>Quiet Syndrome</String></DescriptorName>
 <TreeNumberList><TreeNumber>C99.100.200</TreeNumber><TreeNumber>C98.7</TreeNumber></TreeNumberList>
 <ConceptList>
  <Concept PreferredConceptYN="Y"><TermList><Term><String>Quiet Syndrome</String></Term><Term><String>Silent Syndrome</String></Term></TermList></Concept>
  <Concept PreferredConceptYN="N"><ConceptRelationList><ConceptRelation RelationName="NRW"/></ConceptRelationList>
   <TermList><Term><String>Quiet Syndrome of Childhood</String></Term></TermList></Concept>
 </ConceptList>
</DescriptorRecord>
<DescriptorRecord><DescriptorName><String>Without an Id</String></DescriptorName></DescriptorRecord>
</DescriptorRecordSet>
"""

SUPPLEMENTARY = """<?xml version="1.0"?>
<SupplementalRecordSet>
<SupplementalRecord SCRClass = "1">
 <SupplementalRecordUI>C990003</SupplementalRecordUI>
 <SupplementalRecordName><String>inventomab</String></SupplementalRecordName>
 <HeadingMappedToList><HeadingMappedTo><DescriptorReferredTo><DescriptorUI>*D990009</DescriptorUI></DescriptorReferredTo></HeadingMappedTo></HeadingMappedToList>
 <ConceptList><Concept PreferredConceptYN="Y"><TermList><Term><String>inventomab</String></Term><Term><String>INV-101</String></Term></TermList></Concept></ConceptList>
</SupplementalRecord>
</SupplementalRecordSet>
"""

ASCII = """*NEWRECORD
RECTYPE = D
MH = Quiet Syndrome
ENTRY = Silent Syndrome|T047|EQV|NRW|NLM (2026)|260101|abbbcdef
ENTRY = Quiet Syndrome of Childhood|T047|NON|NRW|NLM (2026)|260101|abbcdef
PRINT ENTRY = Hushed Syndrome|T047|NON|EQV|UNK (19XX)|260101|abbcdef
MN = C99.100.200
MN = C98.7
UI = D990002

*NEWRECORD
RECTYPE = D
MH = Without an Id
"""


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("is_packed", [False, True])
def test_descriptors(tmp_path: Path, is_packed: bool) -> None:
    content = DESCRIPTORS.encode()
    problems: list[Problem] = []
    path = write(tmp_path / "desc.xml", gzip.compress(content) if is_packed else content)
    assert list(read_mesh(path, problems.append)) == [
        MeshConcept("D990001", "Invented Diseases", ("Disease, Invented",), (), ("C99.100",)),
        MeshConcept(
            "D990002",
            "Quiet Syndrome",
            ("Silent Syndrome",),
            ("Quiet Syndrome of Childhood",),
            ("C99.100.200", "C98.7"),
        ),
    ]
    assert [problem.code for problem in problems] == ["unreadable-value"]


def test_supplementary_records(tmp_path: Path) -> None:
    assert list(read_mesh(write(tmp_path / "supp.xml", SUPPLEMENTARY))) == [
        MeshConcept("C990003", "inventomab", ("INV-101",), mapped_to=("D990009",))
    ]


def test_ascii_descriptors(tmp_path: Path) -> None:
    problems: list[Problem] = []
    assert list(read_mesh(write(tmp_path / "d.bin", ASCII), problems.append)) == [
        MeshConcept(
            "D990002",
            "Quiet Syndrome",
            ("Silent Syndrome", "Hushed Syndrome"),
            ("Quiet Syndrome of Childhood",),
            ("C99.100.200", "C98.7"),
        )
    ]
    assert len(problems) == 1


def test_concepts_tell_their_source_and_what_is_above(tmp_path: Path) -> None:
    thesaurus = combine([], mesh_concepts(read_mesh(write(tmp_path / "desc.xml", DESCRIPTORS))))
    (found,) = thesaurus.concepts_of(["silent", "syndrome"])
    assert (found.concept_id, found.preferred, found.broader) == (
        "mesh:D990002",
        "Quiet Syndrome",
        ("mesh:D990001",),
    )
    assert {item.source for item in found.synonyms} == {"mesh"}
    assert thesaurus.concepts_of(["quiet", "syndrome", "childhood"]) == (), "a narrower term is no synonym"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nothing",
        b"<other/>",
        DESCRIPTORS.encode()[:900],
        gzip.compress(DESCRIPTORS.encode())[:300],
        b"\x1f\x8bxx",
    ],
)
def test_what_is_no_mesh_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SourceUnreadableError):
        list(read_mesh(write(tmp_path / "file", content)))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadableError):
        list(read_mesh(tmp_path / "absent"))
