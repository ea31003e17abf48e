"""The criteria of a stored study, of a study in a file, or of a text."""

from __future__ import annotations

from trialist.criteria import CriterionSet, parse_criteria
from trialist.criteria.parse import criteria_in_steps
from trialist.criteria.steps import Steps, alone
from trialist.record import Study
from trialist.registry.registry import Registry

PIECE = "EligibilityCriteria"


def criteria_of_study(study: Study) -> CriterionSet:
    """The criteria of a study; its own fields are witnesses."""
    return alone(criteria_of_study_in_steps(study))


def criteria_of_study_in_steps(study: Study) -> Steps[CriterionSet]:
    """What `criteria_of_study` gives, in steps that several studies can take together."""
    text = study[PIECE]
    return criteria_in_steps(text if isinstance(text, str) else None, study)


def criteria_of_stored(registry: Registry, nct_id: str) -> CriterionSet:
    """The criteria of the current version of a stored study; `StudyNotFoundError` when there is none."""
    return criteria_of_study(registry.get(nct_id).study)


def criteria_of_source(raw: bytes) -> CriterionSet:
    """The criteria of a file's bytes: one study as JSON, else the bytes are the text itself (UTF-8; what is not is replaced)."""
    stripped = raw.lstrip(b"\xef\xbb\xbf \t\r\n")
    if stripped.startswith(b"{"):
        try:
            study = Study.from_json(stripped)
        except ValueError:
            study = None
        if study is not None and "protocolSection" in study.record:
            return criteria_of_study(study)
    return parse_criteria(raw.decode("utf-8-sig", "replace"))
