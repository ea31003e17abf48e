"""The answers of the project's own API as JSON Schema: name → schema, for the OpenAPI document and the tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialist.api.own_match_schemas import MATCH_SCHEMAS
from trialist.criteria.schema import criteria_schemas
from trialist.query.evidence import How
from trialist.registry.completing import KINDS
from trialist.views.nodes import Availability, State, Weight

Schema = dict[str, Any]


def _object(about: str, properties: Mapping[str, Schema], optional: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "description": about,
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _text(about: str = "") -> Schema:
    return {"type": "string", "description": about} if about else {"type": "string"}


def _text_or_null(about: str) -> Schema:
    return {"type": ["string", "null"], "description": about}


def _count(about: str) -> Schema:
    return {"type": "integer", "minimum": 0, "description": about}


def _number(about: str) -> Schema:
    return {"type": "number", "description": about}


def _list(items: Schema, about: str = "") -> Schema:
    return {"type": "array", "items": items, **({"description": about} if about else {})}


def _choice(values: object, about: str) -> Schema:
    return {"type": "string", "enum": [str(value) for value in values], "description": about}  # type: ignore[attr-defined]  # any iterable


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(schema: Schema, about: str) -> Schema:
    return {"anyOf": [schema, {"type": "null"}], "description": about}


_TEXTS = _list(_text())
_NCT_ID: Schema = {"type": "string", "pattern": "^NCT[0-9]{8}$", "description": "The NCT id."}
_METRES: Schema = {
    "type": ["integer", "null"],
    "minimum": 0,
    "description": "Metres from the place asked; null where one of both is not known.",
}
_ANYTHING: Schema = {"description": "The value as the record has it."}

_HIT: dict[str, Schema] = {
    "nct_id": _NCT_ID,
    "title": _text("The brief title with the acronym."),
    "overall_status": _text_or_null("The registry's value."),
    "status": _text_or_null("The words of the public view."),
    "phases": _TEXTS,
    "conditions": _TEXTS,
    "interventions": _TEXTS,
    "score": _number("The relevance; of similar studies how alike, 0 to 1."),
    "open_sites": _count("Sites that take people now."),
    "open_countries": _list(_text(), "Where they are, those with most first."),
    "nearest_open_site": _or_null(_ref("Site"), "The nearest of them; null without `near`."),
    "shared": _list(_ref("Shared"), "What a similar study has in common."),
    "highlights": _list(_ref("Highlight"), "Texts that say what was asked."),
    "why": _list(_ref("Why"), "Why it was found, part by part of what was asked."),
    "explanation": _ref("Explanation"),
}

_SEARCHED: dict[str, Schema] = {
    "total": _count("Studies found."),
    "query": _text("What was asked, as an English sentence."),
    "near": _or_null(_ref("Near"), "The place that distances are from."),
    "notes": _list(_text(), "What was legal but cannot have been meant."),
}

SCHEMAS: dict[str, Schema] = {
    "Error": _object(
        "What went wrong, and the way out.",
        {
            "error": _object(
                "The error.",
                {
                    "code": _text("Stable; programs may rely on it."),
                    "message": _text("One sentence."),
                    "hint": _text("How to get further; empty where nobody knows."),
                    "where": _ref("Where"),
                },
                optional=("where",),
            )
        },
    ),
    "Where": _object(
        "The place in an expression that cannot be read; `start` and `end` count characters of `text`.",
        {"parameter": _text(), "text": _text(), "start": _count(""), "end": _count("")},
    ),
    "Near": _object(
        "A place.",
        {
            "lat": _number("Degrees north."),
            "lon": _number("Degrees east."),
            "place": _text_or_null("The town that was taken for a name."),
            "others": _list(_text(), "Other towns of this name."),
        },
    ),
    "Site": _object(
        "A site that takes people now.",
        {
            "facility": _text_or_null("Its name."),
            "city": _text_or_null("Its town."),
            "state": _text_or_null("Its state."),
            "country": _text_or_null("Its country."),
            "metres": _METRES,
            "pointer": _text("Where it stands in the record (JSON pointer)."),
        },
    ),
    "Shared": _object(
        "What two studies have in common.", {"what": _text("A group, such as conditions."), "values": _TEXTS}
    ),
    "Highlight": _object(
        "A text of a study, long ones cut, and where the words that were asked stand in it.",
        {
            "piece": _text("The field."),
            "text": _text(),
            "spans": _list(
                {"type": "array", "items": _count(""), "minItems": 2, "maxItems": 2},
                "Start and end of each place, in characters (Unicode code points).",
            ),
        },
    ),
    "Why": _object(
        "One part of a request, and what says that it holds.",
        {
            "param": _text("The parameter that asks it, or `filter`."),
            "asked": _text("What it asks, behind the word studies."),
            "because": _list(_text(), "Sentences, the surest first."),
        },
    ),
    "Hit": _object("One study.", _HIT, optional=("shared", "highlights", "why", "explanation")),
    "Suggestion": _object(
        "A word that no study has.",
        {"word": _text(), "nearest": _list(_text(), "Known words that look like it.")},
    ),
    "Cost": _object(
        "One part of a request that found nothing.",
        {
            "part": _text("The parameter."),
            "asked": _text("What it asks."),
            "alone": _count("Studies that it finds alone."),
            "without": _count("Studies that the rest finds without it."),
        },
    ),
    "FacetValue": _object(
        "One value.",
        {
            "value": _text("As the record has it; a year of a date."),
            "label": _text("For people."),
            "count": _count("Studies that have it."),
            "chosen": {"type": "boolean", "description": "Whether a filter of the request asks for it."},
            "filter": _text_or_null("What finds these studies, for `filter.advanced`."),
        },
    ),
    "Facet": _object(
        "The values of a field among the studies found.",
        {
            "name": _text("As it was asked."),
            "piece": _text("The field, or the area over criteria."),
            "path": _text("Its path in the record; empty for an area over criteria."),
            "studies": _count("Studies counted."),
            "missing": _count("Those without a value."),
            "missing_filter": _text_or_null("What finds those, for `filter.advanced`."),
            "distinct": _count("Values that there are in all."),
            "left_out": _list(
                _text(),
                "Filters on this field, which its own counts leave out, so that the other choices show.",
            ),
            "values": _list(_ref("FacetValue"), "Most first; years newest first."),
        },
    ),
    "Held": _object(
        "A study's own values in a field.",
        {"piece": _text(), "field": _text(), "values": _TEXTS, "count": _count("All of them.")},
    ),
    "Evidence": _object(
        "A place where a study says what was asked.",
        {
            "piece": _text("The field."),
            "field": _text("Its name for people."),
            "how": _choice(How, "How far it is from what was asked."),
            "words": _text("The words that stand there."),
            "stands_for": _text("What was asked."),
            "source": _text_or_null("Where a synonym comes from."),
            "excerpt": _text("The words with some text around them."),
        },
    ),
    "Reason": _object(
        "One part of a request: whether it holds, and what the study says.",
        {
            "param": _text(),
            "asked": _text(),
            "query": _text(),
            "holds": {"type": "boolean"},
            "joined": {"enum": ["and", "or", "not", None], "description": "How it is made of its operands."},
            "operands": _list(_ref("Reason")),
            "evidence": _list(_ref("Evidence")),
            "parts": _list(_object("A part of a term.", {"words": _text(), "found": {"type": "boolean"}})),
            "values": _list(_ref("Held")),
            "sites": _TEXTS,
            "site_count": {"type": ["integer", "null"], "minimum": 0},
            "nearest_metres": _METRES,
        },
        optional=("param",),
    ),
    "Explanation": _object(
        "Why a study is or is not found.",
        {
            "nct_id": _text(),
            "found": {"type": "boolean"},
            "total": {"type": ["integer", "null"], "minimum": 0},
            "rank": {"type": ["integer", "null"], "minimum": 1},
            "score": {"type": ["number", "null"]},
            "reasons": _list(_ref("Reason")),
        },
    ),
    "SearchAnswer": _object(
        "A page of studies.",
        {
            **_SEARCHED,
            "suggestions": _list(_ref("Suggestion"), "Did you mean."),
            "costs": _list(_ref("Cost"), "Where nothing was found, what each part of the request costs."),
            "hits": _list(_ref("Hit")),
            "facets": _list(_ref("Facet"), "Those asked for."),
            "next_page": _text_or_null("The `pageToken` of the next page; null at the end."),
        },
    ),
    "FacetsAnswer": _object("Counts.", {**_SEARCHED, "facets": _list(_ref("Facet"))}),
    "SimilarAnswer": _object(
        "The studies most like one.",
        {"similar_to": _NCT_ID, "near": _SEARCHED["near"], "hits": _list(_ref("Hit"), "The likest first.")},
    ),
    "Completion": _object(
        "A name that studies have.",
        {
            "kind": _choice(KINDS, "What it names."),
            "text": _text("The name, as most studies write it, or as MeSH does."),
            "studies": _count("Studies that name it so."),
            "pieces": _list(_text(), "The fields it stands in."),
            "synonym": _text_or_null("What begins as typed, where the name itself does not."),
            "parameter": _text("The parameter to ask for it with."),
        },
    ),
    "SuggestAnswer": _object(
        "Names that begin as typed.",
        {
            "q": _text("What was typed."),
            "suggestions": _list(_ref("Completion"), "By kind, those of most studies first."),
        },
    ),
    "Health": _object(
        "That requests are answered, and from what.",
        {
            "status": {"const": "ok"},
            "version": _text("Of trialist."),
            "studies": _count("Studies that can be searched."),
            "generation": _text("Of the search index."),
            "data_timestamp": _text("The day of the registry's data."),
        },
    ),
    "View": _object(
        "A study as a reader sees it.",
        {
            "view": _choice(("public", "record"), "Which view."),
            "nctId": _text("The NCT id."),
            "title": _text(),
            "flags": {
                "type": "object",
                "description": "Questions about the study, each answered yes, no or unknown.",
                "additionalProperties": _ref("Flag"),
            },
            "sections": _list(_ref("Section")),
            "no_longer_in_the_registry": {
                "type": "boolean",
                "description": "Whether the last full load did not contain the study.",
            },
            "near": _SEARCHED["near"],
        },
    ),
    "Flag": _object(
        "A question about the study.",
        {
            "label": _text(),
            "state": _choice(State, "The answer."),
            "because": _text("How it was reached."),
            "evidence": _list(_object("A place in the record.", {"pointer": _text(), "text": _text()})),
        },
    ),
    "Section": _object(
        "A titled part.",
        {
            "kind": {"const": "section"},
            "id": _text(),
            "title": _text(),
            "path": _TEXTS,
            "place": _text(),
            "about": _text(),
            "content": _list({"anyOf": [_ref("Section"), _ref("Field"), _ref("Table"), _ref("Notice")]}),
        },
        optional=("path", "place", "about"),
    ),
    "Field": _object(
        "A label and its values.",
        {"kind": {"const": "field"}, "id": _text(), "label": _text(), "values": _list(_ref("Value"))},
    ),
    "Table": _object(
        "Rows of cells; a cell holds any number of values.",
        {
            "kind": {"const": "table"},
            "id": _text(),
            "caption": _text(),
            "columns": _list(_object("A column.", {"id": _text(), "label": _text()})),
            "rows": _list(_list(_list(_ref("Value")))),
        },
    ),
    "Notice": _object(
        "A sentence that a reader should not miss.",
        {
            "kind": {"const": "notice"},
            "id": _text(),
            "weight": _choice(Weight, "How much it matters."),
            "text": _text(),
        },
    ),
    "Value": _object(
        "One thing shown. What the record does not say is told so, never left out.",
        {
            "text": _text("For people."),
            "value": _ANYTHING,
            "availability": _choice(Availability, "Whether the record says it."),
            "label": _text(),
            "note": _text("An explanation of ours, never of the record."),
            "blocks": _list(_ref("Block"), "The structure of a prose text."),
            "pointers": _list(_text(), "Where it stands in the record (JSON pointers)."),
        },
        optional=("label", "note", "blocks", "pointers"),
    ),
    "Block": _object(
        "A paragraph, or an item of a list.",
        {
            "kind": _choice(("paragraph", "item"), ""),
            "text": _text(),
            "marker": _text(),
            "depth": _count("From 0."),
        },
        optional=("marker",),
    ),
    **criteria_schemas(),
    **MATCH_SCHEMAS,
}
