"""`trialist show` and `trialist raw`: one study, to read or as it is stored."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import TYPE_CHECKING, Any

from trialist.cli.output import Subparsers, print_beside, print_json, print_text, width
from trialist.errors import InvalidParameterError, StudyNotFoundError

if TYPE_CHECKING:
    from trialist.record import GeoPoint
    from trialist.registry.registry import Registry, StoredStudy


def add_commands(commands: Subparsers, common: argparse.ArgumentParser) -> None:
    """Add `show` and `raw`."""
    parser = commands.add_parser(
        "show", parents=[common], help="show studies", description="Show studies by NCT id or alias."
    )
    parser.add_argument("ids", nargs="+", metavar="NCT", help="an NCT id")
    parser.add_argument(
        "--view",
        choices=("public", "record"),
        default="public",
        help="public: for patients (default); record: everything, module by module",
    )
    parser.add_argument("--format", choices=("text", "md", "json"), default="text", help="how to print it")
    parser.add_argument("--as-of", type=_date, metavar="DATE", help="the day to count from (default: today)")
    parser.add_argument("--near", metavar="LAT,LON", help="a place, to find the nearest open site")
    parser.add_argument(
        "--version", type=int, metavar="N", help="an older version, as `trialist versions` numbers them"
    )
    parser.set_defaults(run=run_show)

    parser = commands.add_parser(
        "raw",
        parents=[common],
        help="print a study's JSON, byte for byte",
        description="Print a study's JSON, byte for byte as it was loaded.",
    )
    parser.add_argument("id", metavar="NCT", help="an NCT id")
    parser.add_argument("--version", type=int, metavar="N", help="an older version")
    parser.add_argument(
        "--format", choices=("json",), default="json", help="a study's JSON is the one format there is"
    )
    parser.set_defaults(run=run_raw)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date of the form yyyy-MM-dd") from error


def run_show(arguments: argparse.Namespace) -> int:
    """Show every study that is known; 3 when one is not."""
    from trialist.registry.registry import Registry
    from trialist.settings import now, read_settings

    near = _place(arguments.near)
    as_of = arguments.as_of or now().date()
    documents: list[Any] = []
    missing: StudyNotFoundError | None = None
    with Registry(read_settings(registry=arguments.registry).registry) as registry:
        for nct_id in arguments.ids:
            try:
                stored = _find(registry, nct_id, arguments.version)
            except StudyNotFoundError as error:
                missing = error
                documents.append(
                    {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
                )
                print_beside(f"trialist: {error.message}" + (f"\n{error.hint}" if error.hint else ""))
                continue
            documents.append(_render(stored, arguments, as_of, near))
    if arguments.format == "json":
        print_json(documents[0] if len(documents) == 1 else documents)
    else:
        print_text("\n\n".join(document for document in documents if isinstance(document, str)))
    return 0 if missing is None else 3


def _find(registry: Registry, nct_id: str, version: int | None) -> StoredStudy:
    return registry.get(nct_id) if version is None else registry.get_version(nct_id, version)


def _render(stored: StoredStudy, arguments: argparse.Namespace, as_of: date, near: GeoPoint | None) -> Any:
    """The view in the format asked for, headed by a word where the registry itself no longer has the study."""
    from trialist import views

    study, gone = stored.study, stored.missing_since is not None
    view = (
        views.record_view(study)
        if arguments.view == "record"
        else views.public_view(study, as_of=as_of, near=near)
    )
    if arguments.format == "json":
        return {"no_longer_in_the_registry": gone, **views.render_json(view)}
    if arguments.format == "md":
        return (f"> {_GONE}\n\n" if gone else "") + views.render_markdown(view)
    return (f"! {_GONE}\n\n" if gone else "") + views.render_text(view, width=width())


_GONE = "The last full load did not contain this study: the registry may have withdrawn it."


def _place(text: str | None) -> GeoPoint | None:
    from trialist.record import GeoPoint

    if text is None:
        return None
    try:
        lat, lon = (float(part) for part in text.split(","))
        return GeoPoint(lat, lon)
    except ValueError as error:
        raise InvalidParameterError(
            f"--near is {text!r}, which is not a place", hint="Write degrees north and east: --near 48.1,11.6"
        ) from error


def run_raw(arguments: argparse.Namespace) -> int:
    """Print the stored bytes; a line end only for a person at a terminal."""
    from trialist.registry.registry import Registry
    from trialist.settings import read_settings

    with Registry(read_settings(registry=arguments.registry).registry) as registry:
        raw = _find(registry, arguments.id, arguments.version).raw
    sys.stdout.buffer.write(raw + (b"\n" if sys.stdout.isatty() else b""))
    sys.stdout.buffer.flush()
    return 0
