"""What the diagrams, the timeline and the map of a study page are made of: one function a part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trialist.pages.asked import Asked
from trialist.pages.study_map import site_map
from trialist.record.study import Study
from trialist.views.design import Design, describe, design_of
from trialist.views.timeline import timeline_of


@dataclass(frozen=True, slots=True)
class DesignPart:
    """The diagram of the design, and the same in one sentence."""

    design: Design
    told: str


def _design(study: Study, _asked: Asked) -> DesignPart | None:
    found = design_of(study.record)
    return DesignPart(found, describe(found)) if found is not None and found.arms else None


PARTS: Mapping[str, Callable[[Study, Asked], Any]] = {
    "design": _design,
    "timeline": lambda study, asked: timeline_of(study.record, asked.today),
    "map": site_map,
}
"""Name in `page.parts` → what makes it. The templates `parts/design_diagram.html`, `parts/timeline.html` and
`parts/site_map.html` are taken in at their places of the page, and show nothing for a part that is None."""
