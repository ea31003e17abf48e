"""For schemathesis, in its own environment: among the values it makes up, words that mean something.

What it makes up alone seldom gets past the first reading; with these the language, places, choices and tokens are met.
"""

import hashlib
import json
import os

import schemathesis

WORDS = (
    "gvhd", "graft versus host disease", "*", "cancer AND NOT children", '"acute gvhd"', "(a OR b) c", "AREA[Phase]PHASE2",
    "AREA[StartDate]RANGE[2020,MAX]", "SEARCH[Location](AREA[LocationCountry]Germany AND AREA[LocationStatus]RECRUITING)",
    "AREA[LocationGeoPoint]DISTANCE[48.1,11.6,300km]", "COVERAGE[FullMatch]EXPANSION[None]asthma", "TILT[StartDate]gvhd",
    "AREA[Phase:size]2", "AREA[Condition]MISSING", "ALL", "NCT99000001,NCT99000003", "AREA[Frob]x", "(a", "RANGE[1,2]", "a\x00b",
    "heart\u200battack", "μ-opioid", "日本語", "AREA[MinimumAge]RANGE[18 years, MAX]", "\\", '"', "AND", "NOT", "🧬", "OR OR",
)  # fmt: skip
VALUES = {
    "status": ("recruiting", "not-yet,completed", "frob", "Recruiting", "a"),
    "phase": ("2", "2,3", "2/3", "early1", "none", "n/a", "9"),
    "type": ("interventional", "obs", "expanded", "x"),
    "sex": ("female", "all", "male-only", "none"),
    "age": ("child", "17", "6 months", "adult,older", "-1", "1e9"),
    "results": ("with", "without", "maybe"),
    "near": ("48.1,11.6", "Munich", "Hefei, China", "Boston, MA", "91,181", "Frobville", "0,0", "-90,180"),
    "within": ("50km", "30mi", "0km", "999999km", "far"),
    "veto": ("gvhd=graft vs host disease", "a=b|c=d", "a", "="),
    "sort": ("start", "enrollment:desc", "@relevance,StartDate:asc", "LastUpdatePostDate", "BriefTitle", "a:b:c"),
    "geoDecay": ("func:linear,scale:100km,offset:0km,decay:0.1", "func:gauss,scale:1mi,offset:5mi,decay:0.9", "func:exp"),
    "facets": ("status,phase", "open-country,open-city", "EnrollmentCount,MinimumAge", "Condition", "frob", "BriefSummary"),
    "kinds": ("condition", "place,sponsor", "frob"),
    "q": ("g", "graft v", "münchen", "a b c d e f g h i j", "leukaemia", " ", "zzzz", "%"),
    "pageToken": ("frob", "WyIiLDAsW11d", "WyJhIiwxMCxbIjEuMCJdXQ"),
    "asOf": ("2026-01-01", "0001-01-01", "9999-12-31", "2026-02-30"),
    "fields": ("NCTId", "NCTId|BriefTitle", "protocolSection.statusModule", "Frob", "@query", "ConditionSearch", "IdentificationModule"),
    "aggFilters": ("status:rec not,phase:3", "sex:f", "results:with,frob:x", "docs:prot"),
    "filter.geo": ("distance(48.1,11.6,50km)", "distance(0,0,50)", "distance(91,0,1km)"),
    "filter.ids": ("NCT99000001", "nct99000001|NCT0099", "frob"),
    "filter.overallStatus": ("RECRUITING", "RECRUITING,COMPLETED", "recruiting"),
    "filter.synonyms": ("ConditionSearch:1651367", "x:1"),
    "types": ("ENUM", "STRING", "ENUM,BOOLEAN", "FROB"),
    "nct": ("NCT99000001", "nct99000003", "NCT99999999"),
}  # fmt: skip
SHARE = int(os.environ.get("TRIALIST_MEANT_SHARE", "60"))


def chosen(name, value):
    """A value that means something instead of this one, in so many of a hundred cases; by what is there, not by chance."""
    known = VALUES.get(name.removeprefix("post").replace("Filter.", "filter."), WORDS if "." in name else ())
    told = hashlib.sha256(json.dumps([name, value], default=str, sort_keys=True).encode()).digest()
    return known[told[1] % len(known)] if known and told[0] % 100 < SHARE else value


@schemathesis.hook
def map_query(context, query):
    """Put such values among the parameters."""
    return {name: chosen(name, value) for name, value in query.items()} if isinstance(query, dict) else query


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """And into paths."""
    if not isinstance(path_parameters, dict):
        return path_parameters
    return {
        name: chosen("nct", value) if name.lower().startswith("nct") else value
        for name, value in path_parameters.items()
    }
