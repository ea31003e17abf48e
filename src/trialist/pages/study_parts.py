"""What the diagrams, the timeline and the map of a study page are made of: one function a part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trialist.pages.asked import Asked
from trialist.record.study import Study

PARTS: Mapping[str, Callable[[Study, Asked], Any]] = {}
"""Name in `page.parts` → what makes it. The templates `parts/design_diagram.html`, `parts/timeline.html` and
`parts/site_map.html` are taken in at their places of the page, and show nothing for a part that is not there."""
