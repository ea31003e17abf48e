"""Questions about a study answered yes, no or unknown, each with the places in the record that answer it."""

from __future__ import annotations

from trialist.views.nodes import Evidence, Flag, State
from trialist.views.reads import Reader, pointer_of
from trialist.views.therapy import therapy_flag
from trialist.views.values import text_of

_FDA_DRUG = "protocolSection.oversightModule.isFdaRegulatedDrug"
_FDA_DEVICE = "protocolSection.oversightModule.isFdaRegulatedDevice"
_EVENTS = "resultsSection.adverseEventsModule"


def flags_of(reader: Reader) -> tuple[Flag, ...]:
    """The flags of a study."""
    return (
        therapy_flag(reader, "gene"),
        therapy_flag(reader, "cell"),
        _adverse_events(reader),
        has_results(reader),
        _stated(reader, "fda_regulated_drug", "Is an FDA-regulated drug studied", _FDA_DRUG),
        _stated(reader, "fda_regulated_device", "Is an FDA-regulated device studied", _FDA_DEVICE),
    )


def has_results(reader: Reader) -> Flag:
    """Whether results are posted in the registry: what the record says of itself, or a results section in it."""
    label = "Has results in the registry"
    section = reader.get("resultsSection")
    if isinstance(section, dict) and section:
        evidence = Evidence("/resultsSection", f"{len(section)} modules of results")
        return Flag("has_results", label, State.YES, "The record holds results.", (evidence,))
    said = reader.flag("hasResults")
    if said is None:
        return Flag("has_results", label, State.UNKNOWN, "The record does not say.")
    evidence = Evidence("/hasResults", text_of(said))
    because = "The record says so." if said else "The record says it has no results."
    return Flag("has_results", label, State.YES if said else State.NO, because, (evidence,))


def _adverse_events(reader: Reader) -> Flag:
    """Whether adverse events are reported. Not to be read as whether any happened."""
    label = "Has adverse events reported"
    module = reader.get(_EVENTS)
    if isinstance(module, dict) and module:
        counts = [
            f"{len(module[key])} {name}"
            for key, name in (
                ("seriousEvents", "kinds of serious events"),
                ("otherEvents", "kinds of other events"),
            )
            if isinstance(module.get(key), list)
        ]
        evidence = Evidence(pointer_of(_EVENTS), ", ".join(counts) or "the module without a list of events")
        return Flag("has_adverse_events", label, State.YES, "The results hold adverse events.", (evidence,))
    results = has_results(reader)
    if results.state is State.NO:
        because = "No results are posted, so no adverse events are reported yet. This does not say that none happened."
        return Flag("has_adverse_events", label, State.NO, because, results.evidence)
    if isinstance(reader.get("resultsSection"), dict) and reader.get("resultsSection"):
        because = "Results are posted without a module of adverse events."
        return Flag("has_adverse_events", label, State.NO, because, results.evidence)
    because = "The record holds no results, and does not say that there are none."
    return Flag("has_adverse_events", label, State.UNKNOWN, because)


def _stated(reader: Reader, name: str, label: str, path: str) -> Flag:
    """A question the sponsor answers in the record, or leaves open."""
    said = reader.flag(path)
    if said is None:
        return Flag(name, label, State.UNKNOWN, "The sponsor has not answered this.")
    evidence = Evidence(pointer_of(path), text_of(said))
    return Flag(name, label, State.YES if said else State.NO, "As the sponsor states.", (evidence,))
