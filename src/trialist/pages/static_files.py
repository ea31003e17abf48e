"""The files of `static/`: read once, served under an address that changes when any of them does."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

ROOT = "/static/"
_MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "txt": "text/plain; charset=utf-8",
    "webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file: its bytes and media type."""

    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """All files by their path below `static/`, and the mark of all of them together."""

    found: dict[str, StaticFile]
    mark: str

    def url(self, name: str) -> str:
        """The address of a file; `KeyError` when there is none of this name: a template names it wrongly."""
        if name not in self.found:
            raise KeyError(f"there is no static file {name!r}")
        return f"{ROOT}{self.mark}/{name}"


@cache
def static_files() -> StaticFiles:
    """The files of the package; one mark for all, so that modules find each other by names relative to their own."""
    found = dict(sorted(_files_in(files("trialist.pages").joinpath("static"), "")))
    digest = hashlib.sha256()
    for name, file in found.items():
        digest.update(f"{name} {len(file.body)} ".encode() + file.body)
    return StaticFiles(found, digest.hexdigest()[:12])


def _files_in(folder: Traversable, before: str) -> list[tuple[str, StaticFile]]:
    found = []
    for one in folder.iterdir():
        name = f"{before}{one.name}"
        if one.is_dir():
            found += _files_in(one, f"{name}/")
        elif (ending := one.name.rpartition(".")[2]) in _MEDIA_TYPES:
            found.append((name, StaticFile(one.read_bytes(), _MEDIA_TYPES[ending])))
    return found
