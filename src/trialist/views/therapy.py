"""Whether a study gives a gene or a cell therapy, from what its record says, with the places that say it.

*Cell therapy* is taken as living cells given as treatment, transplants of blood stem cells included; transfusions of
blood and its parts, and what cells only release (exosomes, conditioned medium), are not. *Gene therapy* is genetic
material given to work in the patient's cells, cells changed by it before they are given (CAR-T), and viruses made to
destroy tumours; vaccines, antisense and interfering RNA are not.

**Yes**: a product term of `tables/therapy_terms.json` in an intervention's name, in a MeSH term of the interventions, or
in a title where it is not merely what happened before (`after stem cell transplantation`).
**No**: interventions are listed; those of the types BIOLOGICAL, COMBINATION_PRODUCT and GENETIC bear names that are
recognised as something else; and nothing in titles, keywords, summary and descriptions speaks of such a therapy.
**Unknown**: all the rest. The type GENETIC alone decides nothing: sponsors use it for laboratory tests and for plain
cells as well as for genes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from trialist.views.nodes import Evidence, Flag, State
from trialist.views.reads import Reader, text_in, texts_in
from trialist.views.tables import read_table

_ARMS = "protocolSection.armsInterventionsModule"
_IDS = "protocolSection.identificationModule"
_MESHES = "derivedSection.interventionBrowseModule.meshes"
_LABELS = {"gene": "Is gene therapy", "cell": "Is cell therapy"}
_TELLING_TYPES = {"BIOLOGICAL", "COMBINATION_PRODUCT", "GENETIC"}
_KNOWN_TYPES = _TELLING_TYPES | {
    "BEHAVIORAL", "DEVICE", "DIAGNOSTIC_TEST", "DIETARY_SUPPLEMENT", "DRUG", "OTHER", "PROCEDURE", "RADIATION",
}  # fmt: skip
_BEFORE = re.compile(
    r"(?:\b(?:after|following|follow|post|undergo\w*|recipients? of|receiv\w+|had|before|prior(?: to)?|pre|previous\w*|treated with|relapse\w*"
    r"|candidates? for|scheduled for|eligible for|history of|conditioning\w* for|preparative \w+ for|in|with|on|during|failed|due to|mobili\w+|collect\w+|harvest\w*|for)\b)[^.;:]{0,60}$|post-?$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"^\W{0,2}(?:\w+\W){0,2}(?:recipients?|patients?|survivors?|donors?|mobili\w+|collection|harvest\w*|transplanted)\b",
    re.IGNORECASE,
)


@cache
def _table() -> Mapping[str, Mapping[str, list[str]]]:
    """The table of terms: what they are of (gene, cell …) → kind of list → expressions."""
    read: Mapping[str, Mapping[str, list[str]]] = read_table("therapy_terms.json")
    return read


@cache
def _terms(name: str, which: str) -> re.Pattern[str]:
    """One list of the table as one pattern. Each is compiled when first needed: most studies need few of them."""
    return re.compile(rf"(?<!\w)(?:{'|'.join(_table()[name][which])})(?!\w)", re.IGNORECASE)


def therapy_flag(reader: Reader, kind: str) -> Flag:
    """The flag for `kind`, "gene" or "cell"."""
    label, name = _LABELS[kind], f"{kind}_therapy"
    found = tuple(_products(reader, kind))
    if found:
        return Flag(name, label, State.YES, f"The record names a {kind} therapy as what is given.", found[:5])
    interventions = reader.objects(f"{_ARMS}.interventions")
    if not interventions:
        return Flag(name, label, State.UNKNOWN, "The record lists no intervention.")
    mentions = tuple(_mentions(reader, kind))
    if mentions:
        because = f"No intervention is named as a {kind} therapy, but the record speaks of one."
        return Flag(name, label, State.UNKNOWN, because, mentions[:5])
    unclear = tuple(_unclear(interventions, kind))
    if unclear:
        because = f"The names of the interventions do not tell whether they are a {kind} therapy."
        return Flag(name, label, State.UNKNOWN, because, unclear[:5])
    evidence = tuple(
        Evidence(f"{pointer}/name", f"{text_in(item, 'type')}: {text_in(item, 'name')}")
        for item, pointer in interventions
    )
    because = f"Every intervention is something else, and nothing in the record speaks of a {kind} therapy."
    return Flag(name, label, State.NO, because, evidence[:5])


def _names(reader: Reader) -> Iterator[tuple[str, str]]:
    """The texts that name what is given, with their pointers."""
    for item, pointer in reader.objects(f"{_ARMS}.interventions"):
        yield from texts_in(item.get("name"), f"{pointer}/name")
        yield from texts_in(item.get("otherNames"), f"{pointer}/otherNames")
    for item, pointer in reader.objects(_MESHES):
        yield from texts_in(item.get("term"), f"{pointer}/term")


def _titles(reader: Reader) -> Iterator[tuple[str, str]]:
    for key in ("briefTitle", "officialTitle"):
        yield from reader.texts(f"{_IDS}.{key}")


def _products(reader: Reader, kind: str) -> Iterator[Evidence]:
    """Where the record names such a therapy as what is given."""
    product = _terms(kind, "product")
    for text, pointer in _names(reader):
        if product.search(text) and not _terms(kind, "veto").search(text):
            yield Evidence(pointer, text)
    types = {text_in(item, "type") for item, _ in reader.objects(f"{_ARMS}.interventions")}
    if not types or (kind == "cell" and types <= {"BEHAVIORAL", "DEVICE", "DRUG", "RADIATION"}):
        return  # a drug's title may speak of cells that are only measured
    mention = _terms(kind, "mention")
    for text, pointer in _titles(reader):
        found = [hit for hit in mention.finditer(text) if not _is_past(text, hit)]
        if found and not _terms(kind, "veto").search(text):
            yield Evidence(pointer, text)


def _is_past(text: str, hit: re.Match[str]) -> bool:
    """Whether a therapy in a title is what happened before, or whom the study is about, and not what it gives."""
    return bool(_BEFORE.search(text[: hit.start()]) or _AFTER.search(text[hit.end() :]))


def _mentions(reader: Reader, kind: str) -> Iterator[Evidence]:
    """Where the description of a study speaks of such a therapy, other than as the past of its participants."""
    pattern = _terms(kind, "mention")
    for text, pointer in _descriptions(reader):
        for hit in pattern.finditer(text):
            if not _is_past(text, hit):
                yield Evidence(pointer, _around(text, hit))
                break


def _descriptions(reader: Reader) -> Iterator[tuple[str, str]]:
    yield from _titles(reader)
    yield from reader.texts("protocolSection.conditionsModule.keywords")
    yield from reader.texts("protocolSection.descriptionModule.briefSummary")
    yield from reader.texts("protocolSection.descriptionModule.detailedDescription")
    for key in ("interventions", "armGroups"):
        for item, pointer in reader.objects(f"{_ARMS}.{key}"):
            yield from texts_in(item.get("description"), f"{pointer}/description")


def _around(text: str, hit: re.Match[str], margin: int = 40) -> str:
    start, end = max(0, hit.start() - margin), min(len(text), hit.end() + margin)
    cut = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{cut}{'…' if end < len(text) else ''}"


def _unclear(interventions: list[tuple[Mapping[str, object], str]], kind: str) -> Iterator[Evidence]:
    """The interventions that may be such a therapy for all their type and name say."""
    known = ["ordinary", "biologic"]
    if kind == "gene":
        known.append("cell")  # cells without a word of genes are cells
    for item, pointer in interventions:
        type_, name = text_in(item, "type"), text_in(item, "name")
        if type_ not in _KNOWN_TYPES or not name:
            yield Evidence(pointer, f"{type_ or 'no type'}: {name or 'no name'}")
        elif type_ in _TELLING_TYPES:
            is_called_genetic = kind == "gene" and type_ == "GENETIC"
            lists = known[:1] if is_called_genetic else known
            if not any(_terms(each, "product").search(name) for each in lists):
                yield Evidence(f"{pointer}/name", f"{type_}: {name}")
