"""Invented patients as files: FHIR bundles or forms, by their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from trialist.demo.patients import course_fhir, course_form, invent_course
from trialist.errors import InvalidParameterError

FORMATS = ("fhir", "yaml")


def invented_patients(
    count: int, kind: str, shape: str, as_of: date, seed: int = 0
) -> Iterator[tuple[str, bytes]]:
    """The file name and the bytes of each invented patient; the same arguments, the same bytes.

    Raises `InvalidParameterError` for a kind or format there is not, or less than one patient.
    """
    if shape not in FORMATS:
        raise InvalidParameterError(
            f"patients are not written as {shape[:40]!r}", hint=f"There is: {', '.join(FORMATS)}."
        )
    if count < 1:
        raise InvalidParameterError(f"{count} patients cannot be invented", hint="Ask for one or more.")
    write, ending = (course_fhir, "json") if shape == "fhir" else (course_form, "yaml")
    width = len(str(count))
    for number in range(1, count + 1):
        yield f"{kind}-{number:0{width}d}.{ending}", write(invent_course(number, kind, as_of, seed))
