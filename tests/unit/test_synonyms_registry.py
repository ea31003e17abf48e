import gzip

import pytest

from trialist.errors import InvalidParameterError, NotBuiltError, SourceUnreadableError
from trialist.registry import synonyms
from trialist.vocabulary.combine import combine, read_own_concepts
from trialist.vocabulary.thesaurus import Veto

DESCRIPTOR = """<?xml version="1.0"?>
<DescriptorRecordSet><DescriptorRecord><DescriptorUI>D{number}</DescriptorUI>
<DescriptorName><String>{name}</String></DescriptorName>
<ConceptList><Concept PreferredConceptYN="Y"><TermList><Term><String>{name}</String></Term>
<Term><String>{other}</String></Term></TermList></Concept></ConceptList></DescriptorRecord></DescriptorRecordSet>
"""


def mesh(path, number, name, other):
    path.write_text(DESCRIPTOR.format(number=number, name=name, other=other))
    return path


@pytest.fixture
def registry(tmp_path):
    directory = tmp_path / "registry"
    directory.mkdir()
    return directory


def test_vetoes_are_kept_once_and_taken_back(registry):
    assert synonyms.read_vetoes(registry) == []
    assert synonyms.add_veto(registry, Veto("GVHD", "graft reaction"))
    assert not synonyms.add_veto(registry, Veto("graft  Reactions", "gvhd")), (
        "the same pair, the other way round"
    )
    assert synonyms.add_veto(registry, Veto(concept_id="trialist:x"))
    assert synonyms.read_vetoes(registry) == [Veto("GVHD", "graft reaction"), Veto(concept_id="trialist:x")]
    synonyms.remove_veto(registry, Veto("Graft reaction", "GvHD"))
    assert synonyms.read_vetoes(registry) == [Veto(concept_id="trialist:x")]
    with pytest.raises(InvalidParameterError, match="no such veto"):
        synonyms.remove_veto(registry, Veto("a", "b"))
    synonyms.remove_veto(registry, Veto(concept_id="trialist:x"))
    assert synonyms.read_vetoes(registry) == []


@pytest.mark.parametrize("veto", [Veto("leukemia", "Leukaemias"), Veto("?", "x"), Veto("x", "-")])
def test_vetoes_that_say_nothing_are_refused(registry, veto):
    with pytest.raises(InvalidParameterError):
        synonyms.add_veto(registry, veto)


def test_without_a_registry_nothing_is_written(tmp_path):
    with pytest.raises(NotBuiltError):
        synonyms.add_veto(tmp_path / "no", Veto("a", "b"))
    with pytest.raises(NotBuiltError):
        synonyms.load_mesh(tmp_path / "no", tmp_path / "no" / "index", [])
    assert not (tmp_path / "no").exists()


def test_mesh_files_add_up(registry, tmp_path):
    index = registry / "index"
    first = mesh(tmp_path / "a.xml", "1", "Asthma", "Bronchial Asthma")
    loaded = synonyms.load_mesh(registry, index, [first])
    assert (loaded.read, loaded.kept, loaded.in_force) == (1, 1, False)
    packed = tmp_path / "b.gz"
    packed.write_bytes(gzip.compress(mesh(tmp_path / "b.xml", "2", "Fever", "Pyrexia").read_bytes()))
    again = mesh(tmp_path / "c.xml", "1", "Asthma", "Asthma Bronchiale")
    loaded = synonyms.load_mesh(registry, index, [packed, again])
    assert (loaded.read, loaded.kept) == (2, 2)
    kept = synonyms.read_concepts(registry / "vocabulary" / "mesh.zst")
    assert [one.text for one in kept[0].synonyms] == ["Asthma", "Asthma Bronchiale"]


def test_a_file_that_is_no_mesh_changes_nothing(registry, tmp_path):
    good = mesh(tmp_path / "a.xml", "1", "Asthma", "Bronchial Asthma")
    bad = tmp_path / "bad"
    bad.write_text("no mesh")
    with pytest.raises(SourceUnreadableError):
        synonyms.load_mesh(registry, registry / "index", [good, bad])
    assert not (registry / "vocabulary").exists()


def test_meanings_and_their_synonyms():
    thesaurus = combine(read_own_concepts())
    (meaning,) = synonyms.meanings_of(thesaurus, "GvHD")
    texts = [one.text for one in meaning.synonyms]
    assert "Graft vs Host Disease" in texts
    assert "GVHD" in texts, "the term itself has a source too"
    assert all(one.source == "trialist" for one in meaning.synonyms)
    (left,) = synonyms.meanings_of(thesaurus.without([Veto("gvhd", "Graft vs Host Disease")]), "gvhd")
    assert "Graft vs Host Disease" not in [one.text for one in left.synonyms]
    assert (
        synonyms.meanings_of(thesaurus.without([Veto(concept_id=meaning.concept.concept_id)]), "gvhd") == []
    )
    assert synonyms.meanings_of(thesaurus, "") == []
