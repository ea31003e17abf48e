"""Every setting of trialist, and the only reader of the environment and the clock.

A setting comes from, in this order: the command line, the environment variable, the default.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
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
    Setting(
        "max_request_bytes",
        "TRIALIST_MAX_REQUEST_BYTES",
        int,
        "32768",
        "Serving: the longest address (path and query), and as long again the headers; longer ones are refused.",
    ),
    Setting(
        "max_query_cost",
        "TRIALIST_MAX_QUERY_COST",
        int,
        "60000",
        "Serving: the dearest query that is answered; one unit is about ten microseconds.",
    ),
    Setting(
        "max_page_size",
        "TRIALIST_MAX_PAGE_SIZE",
        int,
        "1000",
        "Serving: the most studies on a page, up to 1000; a larger pageSize is cut to it without a word.",
    ),
    Setting(
        "max_query_seconds",
        "TRIALIST_MAX_QUERY_SECONDS",
        float,
        "10",
        "Serving: how long one search may take, waiting included; after it the answer is 503.",
    ),
    Setting(
        "parallel_searches",
        "TRIALIST_PARALLEL_SEARCHES",
        int,
        "1",
        "Serving: searches that one worker runs at a time; costly ones have one more place of their own. "
        "More than one is for a worker that has several processors to itself.",
    ),
    Setting(
        "waiting_searches",
        "TRIALIST_WAITING_SEARCHES",
        int,
        "64",
        "Serving: searches that may wait in one worker for their turn; beyond it the answer is 503.",
    ),
    Setting(
        "max_connections",
        "TRIALIST_MAX_CONNECTIONS",
        int,
        "20000",
        "Serving: connections that one worker holds at a time; beyond it the answer is 503.",
    ),
    Setting(
        "patience_seconds",
        "TRIALIST_PATIENCE_SECONDS",
        float,
        "20",
        "Serving: how long a client may take to send a request, to take up what it was sent, or to say something more.",
    ),
    Setting(
        "stop_seconds",
        "TRIALIST_STOP_SECONDS",
        float,
        "30",
        "Serving: how long a server that was told to stop goes on with the answers it has begun.",
    ),
    Setting(
        "max_patient_bytes",
        "TRIALIST_MAX_PATIENT_BYTES",
        int,
        "16777216",
        "Serving: the largest posted form or file about a patient, in bytes; it is held in memory and nowhere else.",
    ),
    Setting(
        "map_tiles",
        "TRIALIST_MAP_TILES",
        str,
        "",
        "Serving: the addresses of a tile server's pictures, with {z}, {x} and {y} in them; maps are then drawn over them, and "
        "readers' browsers ask that server. Without it maps need no other server.",
    ),
    Setting(
        "map_credit",
        "TRIALIST_MAP_CREDIT",
        str,
        "",
        "Serving: a sentence below every map that says whose its tiles are, as most tile servers ask for.",
    ),
    Setting(
        "log_queries",
        "TRIALIST_LOG_QUERIES",
        bool,
        "no",
        "Serving: whether the access log tells addresses whole (yes); they can tell a patient's disease.",
    ),
)


# Nothing of it may end the list of hosts in the header that allows this one.
_TILES = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/(?=[^ ]*\{z\})(?=[^ ]*\{x\})(?=[^ ]*\{y\})[A-Za-z0-9._~/?&=%@:+{}-]+"
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The values in force."""

    registry: Path
    load_workers: int
    max_study_bytes: int
    max_request_bytes: int = 32_768
    max_query_cost: int = 60_000
    max_page_size: int = 1_000
    max_query_seconds: float = 10.0
    parallel_searches: int = 1
    waiting_searches: int = 64
    max_connections: int = 20_000
    patience_seconds: float = 20.0
    stop_seconds: float = 30.0
    log_queries: bool = False
    max_patient_bytes: int = 16_777_216
    map_tiles: str = ""
    map_credit: str = ""

    def __post_init__(self) -> None:
        for setting in SETTINGS:
            value = getattr(self, setting.name)
            least = 0 if setting.name == "waiting_searches" else 1
            if setting.kind is int and value < least:
                raise InvalidParameterError(
                    f"{setting.variable} is {value}, and must be at least {least}", hint=setting.help
                )
            if setting.kind is float and not 0 < value < float("inf"):
                raise InvalidParameterError(
                    f"{setting.variable} is {value}, and must be above 0", hint=setting.help
                )
        if self.max_page_size > 1_000:
            raise InvalidParameterError("TRIALIST_MAX_PAGE_SIZE cannot be above 1000")
        if self.map_tiles and not _TILES.fullmatch(self.map_tiles):
            raise InvalidParameterError(
                f"TRIALIST_MAP_TILES is {self.map_tiles!r}, which is no address of tiles",
                hint="For example https://tiles.example.org/{z}/{x}/{y}.png",
            )


def read_settings(*, registry: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in force; `registry` is the directory given on the command line, if any.

    `InvalidParameterError` names a variable whose value is not of its kind.
    """
    found = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = found.get(setting.variable, "").strip()
        if text:
            values[setting.name] = _read_value(setting, text)
    if registry is not None:
        values["registry"] = registry
    if "registry" not in values:
        # Imported here: most calls name the directory, and start-up time counts.
        from platformdirs import user_data_path

        values["registry"] = user_data_path("trialist", appauthor=False)
    values.setdefault("load_workers", min(4, os.cpu_count() or 1))
    values.setdefault("max_study_bytes", 32 * 1024 * 1024)
    return Settings(**values)


_TRUTH = {
    "yes": True,
    "true": True,
    "1": True,
    "on": True,
    "no": False,
    "false": False,
    "0": False,
    "off": False,
}


def _read_value(setting: Setting, text: str) -> object:
    if setting.kind is bool:
        if text.lower() not in _TRUTH:
            raise InvalidParameterError(f"{setting.variable} is {text!r}, not yes or no", hint=setting.help)
        return _TRUTH[text.lower()]
    try:
        return setting.kind(text)
    except ValueError as error:
        raise InvalidParameterError(
            f"{setting.variable} is {text!r}, which is not a number", hint=setting.help
        ) from error


def now() -> datetime:
    """The moment of the call in UTC. Called by surfaces only; everything below takes the time as an argument."""
    return datetime.now(UTC)
