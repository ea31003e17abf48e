"""A study in a few lines, as a list of studies shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from trialist.record.study import Study
from trialist.views.public_top import phase_words, status_words
from trialist.views.reads import Reader, text_in
from trialist.views.titles import title_of

_STATUS = "protocolSection.statusModule.overallStatus"
_CONDITIONS = "protocolSection.conditionsModule.conditions"
_INTERVENTIONS = "protocolSection.armsInterventionsModule.interventions"
_PHASES = "protocolSection.designModule.phases"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list says of a study; `status` and `phase` are the words of the public view, "" where there is none."""

    nct_id: str
    title: str
    overall_status: str
    status: str
    phases: tuple[str, ...]
    phase: str
    conditions: tuple[str, ...]
    interventions: tuple[str, ...]


def summary_of(study: Study, as_of: date) -> Summary:
    """A study in a few lines, as of a day."""
    reader = Reader(study.record)
    return Summary(
        study.nct_id or "",
        title_of(reader),
        reader.text(_STATUS),
        status_words(reader, as_of),
        tuple(text for text, _ in reader.texts(_PHASES)),
        phase_words(reader),
        tuple(dict.fromkeys(text for text, _ in reader.texts(_CONDITIONS))),
        tuple(
            dict.fromkeys(
                name for item, _ in reader.objects(_INTERVENTIONS) if (name := text_in(item, "name"))
            )
        ),
    )
