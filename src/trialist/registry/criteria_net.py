"""The net of criteria that matching asks: where a registry keeps it, and whether this version can use it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from trialist.criteria.stamp import rules_stamp
from trialist.errors import NotBuiltError
from trialist.evaluation.many import Many
from trialist.index.net_file import NetFile, read_net_generation
from trialist.record.nct_id import nct_number

VersionsOf = Callable[[Sequence[int]], Sequence[int]]
"""The versions of studies, by NCT number."""


def net_directory(registry: Path) -> Path:
    """Where a registry keeps its net of criteria."""
    return registry / "net"


@cache
def net_stamp() -> str:
    """A text that is another one whenever the same criteria may come to something else, whichever patient is asked about."""
    digest = hashlib.sha256(rules_stamp().encode())
    for package in ("trialist.evaluation", "trialist.criteria"):
        for name, file in _files(resources.files(package), ""):
            digest.update(name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:24]


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        if one.is_dir():
            yield from _files(one, f"{path}{one.name}/")
        elif one.name.endswith((".py", ".toml")):
            yield f"{path}{one.name}", one


class CriteriaNet:
    """The net of a registry, open for questions."""

    def __init__(self, registry: Path) -> None:
        """`NotBuiltError` when there is none that this version can use."""
        self.file = NetFile(net_directory(registry), net_stamp())

    @cached_property
    def many(self) -> Many:
        """The trials, ready for questions about patients."""
        return Many(self.file.columns)

    def known(self, nct_ids: Sequence[str], versions: VersionsOf) -> list[str]:
        """Those of some studies that the net has in the version in force."""
        numbers = [nct_number(one) for one in nct_ids]
        is_known = self.file.is_known(numbers, versions(numbers))
        return [one for one, known in zip(nct_ids, is_known, strict=True) if known]


def open_net(registry: Path) -> CriteriaNet | None:
    """The net of a registry; None where there is none that can be used."""
    try:
        return CriteriaNet(registry)
    except (NotBuiltError, OSError):
        return None


def is_net_current(registry: Path, net: CriteriaNet | None) -> bool:
    """Whether nothing else is in force than what was opened."""
    found = read_net_generation(net_directory(registry))
    return not found if net is None else found == net.file.generation
