"""Every setting of trialist, and the only reader of the environment and the clock.

A setting comes from, in this order: the command line, the environment variable, the default.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trialist.errors import InvalidParameterError


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `name` is the attribute of `Settings`, `variable` its environment variable."""

    name: str
    variable: str
    kind: type
    default: str
    help: str


SETTINGS = (
    Setting(
        "registry",
        "TRIALIST_REGISTRY",
        Path,
        "the platform's user data directory",
        "The directory that holds the registry's files.",
    ),
    Setting(
        "load_workers",
        "TRIALIST_LOAD_WORKERS",
        int,
        "the number of processors, at most 4",
        "Processes that parse, check and compress during a load; each takes about 80 MB.",
    ),
    Setting(
        "max_study_bytes",
        "TRIALIST_MAX_STUDY_BYTES",
        int,
        "33554432",
        "The largest study that is read, in bytes; larger ones become a problem of the load.",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force."""

    registry: Path
    load_workers: int
    max_study_bytes: int

    def __post_init__(self) -> None:
        if self.load_workers < 1 or self.max_study_bytes < 1:
            raise InvalidParameterError("a number of workers or bytes must be at least 1")


def read_settings(*, registry: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in force; `registry` is the directory given on the command line, if any.

    `InvalidParameterError` names a variable whose value is not of its kind.
    """
    found = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = found.get(setting.variable, "").strip()
        if text:
            try:
                values[setting.name] = setting.kind(text)
            except ValueError as error:
                raise InvalidParameterError(
                    f"{setting.variable} is {text!r}, which is not a number", hint=setting.help
                ) from error
    if registry is not None:
        values["registry"] = registry
    if "registry" not in values:
        # Imported here: most calls name the directory, and start-up time counts.
        from platformdirs import user_data_path

        values["registry"] = user_data_path("trialist", appauthor=False)
    values.setdefault("load_workers", min(4, os.cpu_count() or 1))
    values.setdefault("max_study_bytes", 32 * 1024 * 1024)
    assert set(values) == {field.name for field in fields(Settings)}
    return Settings(**values)


def now() -> datetime:
    """The moment of the call in UTC. Called by surfaces only; everything below takes the time as an argument."""
    return datetime.now(UTC)
