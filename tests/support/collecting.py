"""The judge of `index/documents.py`: the same walk over parsed records, value by value in plain Python.

A `Collector` puts every value of a record where its kind keeps it, and `Written` takes dates and lengths of time as they
are written. Nothing of the compiled walk is used.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from typing import Any

from trialist.index.digests import DigestKind, digested
from trialist.index.layout import EPOCH, LOCATIONS, FieldKind, kinds
from trialist.record.ages import parse_age
from trialist.record.catalogue import Field, children
from trialist.record.dates import parse_minutes, parse_partial_date
from trialist.record.derived import counts_at
from trialist.record.enums import enum_values
from trialist.record.unparsed import Unparsed

Sink = Callable[[Any], None]
Tree = dict[str, Sink]


class At:
    """Where the walk stands: the study's and the site's number."""

    __slots__ = ("doc", "site")

    def __init__(self) -> None:
        self.doc = 0
        self.site = 0


class TextSink:
    """The values of one field, study after study: `docs` have values, the first of each being number `first`."""

    def __init__(self, at: At) -> None:
        self.at = at
        self.values: list[str] = []
        self.docs, self.first = array("I"), array("I")

    def sink(self) -> Sink:
        """What takes the values of the current study."""
        at, values, docs, first = self.at, self.values, self.docs, self.first
        last = -1

        def take(value: Any) -> None:
            nonlocal last
            if type(value) is str:
                if at.doc != last:
                    last = at.doc
                    docs.append(last)
                    first.append(len(values))
                values.append(value)
            elif type(value) is list:
                for item in value:
                    if type(item) is str:
                        take(item)

        return take


class ValueSink:
    """The values of one field: each distinct one once, and who has it (`had[n]` is had by `by[n]`)."""

    def __init__(self, at: At, *, of_sites: bool) -> None:
        self.at, self.of_sites = at, of_sites
        self.numbers: dict[str, int] = {}
        self.had, self.by = array("I"), array("I")

    def sink(self) -> Sink:
        """What takes the values of the current study or site."""
        at, of_sites, numbers, had, by = self.at, self.of_sites, self.numbers, self.had.append, self.by.append

        def take(value: Any) -> None:
            if type(value) is str:
                had(numbers.setdefault(value, len(numbers)))
                by(at.site if of_sites else at.doc)
            elif type(value) is list:
                for item in value:
                    if type(item) is str:
                        take(item)

        return take


class NumberSink:
    """The numbers of one field, with the study that has them."""

    def __init__(self, at: At) -> None:
        self.at = at
        self.docs, self.values = array("I"), array("d")

    def sink(self, read: Callable[[Any], float | None]) -> Sink:
        """What takes the values of the current study; `read` gives None for what is no value of the field's type."""
        at, docs, values = self.at, self.docs.append, self.values.append

        def take(value: Any) -> None:
            if type(value) is list:
                for item in value:
                    if type(item) is not list:
                        take(item)
                return
            found = read(value)
            if found is not None:
                docs(at.doc)
                values(found)

        return take


class CodeSink:
    """The values of one enumeration or boolean: bit n for its n-th value, the last bit for an unknown one."""

    def __init__(self, at: At, codes: Mapping[Any, int]) -> None:
        self.at, self.codes = at, codes
        self.docs, self.found = array("I"), array("B")

    def sink(self, kind: type) -> Sink:
        """What takes the values of the current study, if they are of this type."""
        at, codes, docs, found = self.at, self.codes.get, self.docs.append, self.found.append
        unknown = len(self.codes)

        def take(value: Any) -> None:
            if type(value) is kind:
                docs(at.doc)
                found(codes(value, unknown))
            elif type(value) is list:
                for item in value:
                    if type(item) is kind:
                        take(item)

        return take


class PointSink:
    """The places of sites."""

    def __init__(self, at: At) -> None:
        self.at = at
        self.sites, self.lat, self.lon = array("I"), array("d"), array("d")

    def add(self, value: Any) -> None:
        """Take the place of the current site; what is no place on the sphere is passed over."""
        if not isinstance(value, dict):
            return
        lat, lon = value.get("lat"), value.get("lon")
        if (
            isinstance(lat, int | float)
            and isinstance(lon, int | float)
            and abs(lat) <= 90
            and abs(lon) <= 180
        ):
            self.sites.append(self.at.site)
            self.lat.append(lat)
            self.lon.append(lon)


class Collector:
    """What a chunk of studies gives; `collect` takes one study, the sinks hold what came.

    Studies are numbered from `first_doc` on; sites from 0 on within the chunk.
    """

    def __init__(self, first_doc: int) -> None:
        self.at = At()
        self.next_doc = first_doc
        self.site_study = array("I")
        self.present: dict[str, array[int]] = {}
        self.present_sites: dict[str, array[int]] = {}
        self.texts: dict[str, TextSink] = {}
        self.values: dict[str, ValueSink] = {}
        self.sites: dict[str, ValueSink] = {}
        self.numbers: dict[str, NumberSink] = {}
        self.codes: dict[str, CodeSink] = {}
        self.points: dict[str, PointSink] = {}
        self._tree = self._branch("")

    def collect(self, record: Mapping[str, Any]) -> None:
        """Take the next study."""
        self.at.doc = self.next_doc
        self.next_doc += 1
        _walk(self._tree, record)

    def _branch(self, path: str) -> Tree:
        return {field.name: self._sink(field) for field in children().get(path, ())}

    def _sink(self, field: Field) -> Sink:
        kind = kinds()[field.piece]
        if kind is FieldKind.PRESENT:
            return self._struct_sink(field)
        if kind is FieldKind.POINTS:
            return _each(self.points.setdefault(field.piece, PointSink(self.at)).add)
        if kind is FieldKind.NUMBERS:
            return self.numbers.setdefault(field.piece, NumberSink(self.at)).sink(_number_reader(field))
        if kind is FieldKind.CODES:
            values: tuple[Any, ...] = enum_values(field.type) if field.is_enum else (False, True)
            codes = {value: code for code, value in enumerate(values)}
            return self.codes.setdefault(field.piece, CodeSink(self.at, codes)).sink(
                str if field.is_enum else bool
            )
        if kind is FieldKind.TEXT:
            return self.texts.setdefault(field.piece, TextSink(self.at)).sink()
        if kind is FieldKind.SITES:
            return self.sites.setdefault(field.piece, ValueSink(self.at, of_sites=True)).sink()
        return self.values.setdefault(field.piece, ValueSink(self.at, of_sites=False)).sink()

    def _struct_sink(self, field: Field) -> Sink:  # noqa: C901  # inlined: it runs two hundred times a study
        get = self._branch(field.path).get
        counts = [
            (count, sink.docs.append, sink.values.append)
            for name, count in counts_at(field.path)
            for sink in (self.numbers.setdefault(name, NumberSink(self.at)),)
        ]
        at, found, site_study = self.at, self.present.setdefault(field.piece, array("I")), self.site_study
        is_site = field.path == LOCATIONS
        of_sites = array("I")
        if field.path.startswith(LOCATIONS + "."):
            self.present_sites[field.piece] = of_sites
        below_site = field.piece in self.present_sites
        last = -1

        def take(value: Any) -> None:
            nonlocal last
            if type(value) is dict:
                if at.doc != last:
                    last = at.doc
                    found.append(last)
                if is_site:
                    at.site = len(site_study)
                    site_study.append(last)
                elif below_site and (not of_sites or of_sites[-1] != at.site):
                    of_sites.append(at.site)
                for key, item in value.items():
                    sink = get(key)
                    if sink is not None:
                        sink(item)
                for count, add_doc, add_value in counts:
                    number = count(value)
                    if number is not None:
                        add_doc(at.doc)
                        add_value(number)
            elif type(value) is list:
                for item in value:
                    if type(item) is dict:
                        take(item)

        return take


def _walk(tree: Tree, record: Mapping[str, Any]) -> None:
    for key, value in record.items():
        sink = tree.get(key)
        if sink is not None:
            sink(value)


def _each(take: Sink) -> Sink:
    def sink(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                take(item)
        else:
            take(value)

    return sink


class Written:
    """Takes of studies what the index reads but does not keep as it is written: dates and lengths of time."""

    def __init__(self, first_doc: int) -> None:
        self.doc = first_doc
        self.sizes = array("I")
        self.found: dict[str, list[tuple[int, str]]] = {}
        self._tree = self._branch("")

    def collect(self, record: dict[str, Any], size: int) -> None:
        """Take the next study; `size` is that of its JSON in bytes."""
        self.sizes.append(size)
        _walk_written(self._tree, record)
        self.doc += 1

    def _branch(self, path: str) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for one in children().get(path, ()):
            below = self._branch(one.path) if one.is_struct else self._sink(one)
            if below:
                tree[one.name] = below
        return tree

    def _sink(self, one: Field) -> Callable[[Any], None] | None:
        if one.type != "NormalizedTime" and digested().get(one.piece) != DigestKind.DATE:
            return None
        values = self.found[one.piece] = []

        def take(value: Any) -> None:
            if type(value) is str:
                values.append((self.doc, value))
            elif type(value) is list:
                for item in value:
                    if type(item) is str:
                        take(item)

        return take


def _walk_written(tree: dict[str, Any], record: dict[str, Any]) -> None:
    for key, below in tree.items():
        value = record.get(key)
        if value is None:
            continue
        if type(below) is not dict:
            below(value)
        elif type(value) is dict:
            _walk_written(below, value)
        elif type(value) is list:
            for item in value:
                if type(item) is dict:
                    _walk_written(below, item)


def _number_reader(field: Field) -> Callable[[Any], float | None]:
    """A reader of one value: a number as it is, a date as days since 1970 (its first day), an age in days."""
    if field.type in ("short", "integer", "long"):
        return lambda value: value if type(value) is int else None
    if field.type == "number":
        return lambda value: value if type(value) is int or type(value) is float else None
    known = (
        Lengths() if field.type == "NormalizedTime" else Days(with_minutes=field.type == "DateTimeMinutes")
    )
    return lambda value: known[value] if type(value) is str else None


class Days(dict[str, "float | None"]):
    """Texts of dates → days since 1970 of the first day (or the minute) they mean; None for what is no date."""

    def __init__(self, *, with_minutes: bool) -> None:
        super().__init__()
        self.with_minutes = with_minutes

    def __missing__(self, text: str) -> float | None:
        number = None
        if self.with_minutes:
            minute = parse_minutes(text)
            if not isinstance(minute, Unparsed):
                number = minute.toordinal() - EPOCH + (minute.hour * 60 + minute.minute) / 1440
        else:
            date = parse_partial_date(text)
            if not isinstance(date, Unparsed):
                number = float(date.earliest.toordinal() - EPOCH)
        if len(self) < 100_000:
            self[text] = number
        return number


class Lengths(dict[str, "float | None"]):
    """Texts of ages → days; None for what is no age."""

    def __missing__(self, text: str) -> float | None:
        age = parse_age(text)
        number = None if isinstance(age, Unparsed) else float(age.days)
        if len(self) < 100_000:
            self[text] = number
        return number
