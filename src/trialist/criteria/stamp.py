"""What the parse of a text depends on beside the text: the parser's version and the tables it reads."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from trialist.criteria.criterion import PARSER_VERSION

_STANCE_VERSION = "1"
"""Changes when the same criteria may tell other stances."""


@cache
def rules_stamp() -> str:
    """A text that is another one whenever the same study may be parsed, or understood, in another way."""
    digest = hashlib.sha256()
    for package, folder in (("trialist.criteria", "rules"), ("trialist.vocabulary", "tables")):
        for file in sorted((resources.files(package) / folder).iterdir(), key=lambda one: one.name):
            if file.name.endswith(".toml"):
                digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return f"{PARSER_VERSION}.{_STANCE_VERSION}-{digest.hexdigest()[:16]}"
