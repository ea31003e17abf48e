"""The paths of the project's own API: one table, which requests are answered by and the documents are written from."""

from __future__ import annotations

from dataclasses import dataclass

from trialist import errors
from trialist.api.own_parameters import (
    AS_OF,
    CHOICES,
    FACET_NAMES,
    FACET_SIZE,
    GEO_DECAY,
    MOST_SIMILAR,
    NCT_ID,
    NEAR_VIEW,
    PAGE,
    QUERY,
    SHOWN,
    SORT,
    SUGGEST,
    Parameter,
)
from trialist.api.own_refusals import DOCUMENT, PREFIX
from trialist.api.own_refusals import PAGE as PAGE_PATH

_ASKED = (errors.InvalidParameterError, errors.QuerySyntaxError, errors.UnknownFieldError)
_SEARCHED = (
    *_ASKED,
    errors.LimitExceededError,
    errors.NotBuiltError,
    errors.RegistryBusyError,
    errors.ServerBusyError,
)
_ONE = (errors.InvalidParameterError, errors.StudyNotFoundError, errors.RegistryBusyError)
_ErrorKinds = tuple[type[errors.TrialistError], ...]


@dataclass(frozen=True, slots=True)
class OwnRoute:
    """One path: what it is called, what it answers and takes, which errors it may give.

    `schema` is the name of the answer's schema, "" for an answer that is no JSON; `example` a query string to try. What
    takes a body has the method `post`, and `body` is the name of its schema.
    """

    name: str
    path: str
    summary: str
    about: str
    parameters: tuple[Parameter, ...] = ()
    schema: str = ""
    media_type: str = "application/json"
    errors: _ErrorKinds = (errors.InvalidParameterError,)
    example: str = ""
    method: str = "get"
    body: str = ""

    @property
    def full_path(self) -> str:
        """The path with the prefix."""
        return PREFIX + self.path


ROUTES: tuple[OwnRoute, ...] = (
    OwnRoute(
        "search",
        "/search",
        "Studies, best first, with highlights, distances and reasons",
        "A page of studies. The registry's parameters mean what they mean in the API v2; choices, a place and more can be "
        "added. Where nothing is found the answer says which words no study has, and what each part of the request costs.",
        (*QUERY, *CHOICES, *PAGE, *SHOWN, FACET_NAMES, FACET_SIZE),
        "SearchAnswer",
        errors=_SEARCHED,
        example="query.cond=graft versus host disease&status=recruiting&near=Munich&pageSize=3",
    ),
    OwnRoute(
        "facets",
        "/facets",
        "How many of the studies found have each value",
        "Counts over whatever the request finds: enumerations, countries, conditions, sponsors, years and more. A filter "
        "that speaks of nothing but a facet's own field is left out of that facet's counts, so that the other choices show "
        "what they would give; `left_out` says so. Each value comes with the filter that finds its studies.",
        (*QUERY, *CHOICES, FACET_NAMES, FACET_SIZE),
        "FacetsAnswer",
        errors=_SEARCHED,
        example="query.cond=graft versus host disease&facets=phase,open-country&facetSize=5",
    ),
    OwnRoute(
        "public_view",
        "/studies/{nct}/views/public",
        "A study for patients and those who help them",
        "The public view: plain words, flags answered yes, no or unknown with their evidence, sites by distance. Nothing "
        "is left out silently: what the record does not say is told as not available.",
        (NCT_ID, AS_OF, NEAR_VIEW),
        "View",
        errors=_ONE,
    ),
    OwnRoute(
        "record_view",
        "/studies/{nct}/views/record",
        "The whole record of a study, module by module",
        "Every field of the record with its label, and where it stands.",
        (NCT_ID,),
        "View",
        errors=_ONE,
    ),
    OwnRoute(
        "similar",
        "/studies/{nct}/similar",
        "The studies most like one",
        "The likest first, with what they share; among all studies, or among those that the other parameters ask for.",
        (NCT_ID, MOST_SIMILAR, AS_OF, *QUERY, *CHOICES, SORT, GEO_DECAY),
        "SimilarAnswer",
        errors=(*_SEARCHED, errors.StudyNotFoundError),
    ),
    OwnRoute(
        "criteria",
        "/studies/{nct}/criteria",
        "A study's eligibility criteria as they were understood",
        "Each criterion with its polarity, what it says as an expression and in plain words, its place in the raw text, who "
        "can answer it and what was wrong with the text; what was not understood stands in it as such. `residue` are the "
        "characters in no criterion, `findings` what a reader of the whole should know. `available` false says that the "
        "study has no eligibility text, never that anybody may take part.",
        (NCT_ID,),
        "CriterionSet",
        errors=_ONE,
    ),
    OwnRoute(
        "match",
        "/match",
        "The trials that a patient may join",
        "Trials that take people now and are about the patient's conditions, ordered by what their criteria come to, each "
        "place explained; what is missing, what only a person can confirm, near misses, and the missing fact that would "
        "settle most. The patient is in the body alone and is not kept. Decision support, not a medical device: check "
        "against the protocol.",
        schema="MatchAnswer",
        errors=_SEARCHED,
        method="post",
        body="MatchRequest",
    ),
    OwnRoute(
        "explain",
        "/explain",
        "One trial for one patient, criterion by criterion",
        "Each criterion with its result, what that does, the evidence, what was worked out and assumed, and what is "
        "missing. The patient is in the body alone and is not kept. Decision support, not a medical device: check against "
        "the protocol.",
        schema="ExplainAnswer",
        errors=(*_ONE, errors.LimitExceededError),
        method="post",
        body="ExplainRequest",
    ),
    OwnRoute(
        "suggest",
        "/suggest",
        "Names that begin as typed: conditions, interventions, places, sponsors",
        "For typing ahead. A name is found by the beginning of any of its words, by other spellings and by synonyms; names "
        "that begin so come before those of which a later word does. `studies` name it so; a search also finds synonyms, so "
        "it may find more.",
        SUGGEST,
        "SuggestAnswer",
        errors=(errors.InvalidParameterError, errors.NotBuiltError),
        example="q=graft v&most=3",
    ),
    OwnRoute(
        "health",
        "/health",
        "Whether the server is well",
        "200 when studies can be searched and read, else 503.",
        (),
        "Health",
        errors=(errors.InvalidParameterError, errors.NotBuiltError, errors.RegistryBusyError),
    ),
    OwnRoute(
        "metrics",
        "/metrics",
        "Figures for Prometheus",
        "Requests by route and status, times, bytes, memory, of all workers together. Nothing in it tells what was asked.",
        media_type="text/plain",
    ),
    OwnRoute(
        "document",
        DOCUMENT.removeprefix(PREFIX),
        "This API as an OpenAPI 3.1 document",
        "The document that this page is made of.",
    ),
    OwnRoute(
        "page",
        PAGE_PATH.removeprefix(PREFIX),
        "This API as a page to read and to try",
        "Made of the OpenAPI document; it loads nothing from anywhere.",
        media_type="text/html",
    ),
)
"""Every path, in the order of the documents."""
