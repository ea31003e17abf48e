"""A study as a reader sees it: frozen values, and their writing as text, Markdown and JSON."""

from trialist.views.markdown import render_markdown
from trialist.views.nodes import View, leaves
from trialist.views.plain import render_json
from trialist.views.public import public_view
from trialist.views.record import record_view
from trialist.views.text import render_text
from trialist.views.titles import slug

__all__ = [
    "View",
    "leaves",
    "public_view",
    "record_view",
    "render_json",
    "render_markdown",
    "render_text",
    "slug",
]
