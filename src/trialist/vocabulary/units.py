"""Units of measure: UCUM codes and how people write them, their dimension, and exact conversion.

The tables `units.toml` and `molar.toml` say which units there are. Numbers are exact: factors are fractions, and a
converted value is rounded (to 34 digits) only where no finite decimal is equal to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from trialist.errors import InvalidParameterError
from trialist.vocabulary.text import read_table

Dimension = tuple[tuple[str, int], ...]
"""Base dimensions and their powers, sorted: `(("length", -3), ("mass", 1))`; `()` for a pure number."""

EXACT = Context(prec=34, rounding=ROUND_HALF_EVEN)
"""The arithmetic of values: 34 digits, as IEEE 754 decimal128 has them."""

LONGEST_UNIT = 80
_LARGEST_POWER = 24
_TOKEN = re.compile(r"(?:10[*^]|\[[^\[\]{}]{1,12}\]|[A-Za-z%_'])+|\{[^{}]{0,40}\}|[+-]?[0-9]{1,9}|[./()]")
_FOLDED = str.maketrans(
    {
        "µ": "u",
        "μ": "u",
        "²": "2",
        "³": "3",
        "⁹": "9",
        "⁶": "6",
        "⁻": "-",
        "×": "x",
        "·": ".",
        "⋅": ".",
        "∙": ".",
    }
)
_INDEXED = re.compile(r"/1[.,]73\.?m(?:\^|\*\*)?2", re.IGNORECASE)
_POWER_OF_TEN = re.compile(r"^(?:x\.?)?10(?:\^|\*\*?|e|\()([0-9]{1,2})\)?(?=/|$)", re.IGNORECASE)
_CARET = re.compile(r"(?<=[A-Za-z])(?:\^|\*\*)(?=[0-9])")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: its UCUM code, how many base units it is (`scale`, then `offset` for temperatures), and its dimension.

    Two units are equal when their codes are; whether one can become the other is a matter of `dimension`.
    """

    code: str
    scale: Fraction
    dimension: Dimension
    offset: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        if self.scale <= 0 or not self.code:
            raise ValueError("a unit has a code and a positive scale")

    def __str__(self) -> str:
        return "" if self.code == "1" else self.code


@dataclass(frozen=True, slots=True)
class Substance:
    """What one substance weighs: `per` times the unit `amount` is one of the unit `mass`."""

    name: str
    per: Decimal
    mass: Unit
    amount: Unit
    molar_mass: Decimal
    note: str

    @property
    def grams_per_mole(self) -> Fraction:
        """Grams (base units of mass) in a mole, as the laboratories' factor has it."""
        return self.mass.scale / (Fraction(self.per) * self.amount.scale)


@dataclass(frozen=True, slots=True)
class _Atom:
    scale: Fraction
    dimension: Dimension
    is_metric: bool
    offset: Fraction = Fraction(0)


def parse_unit(text: str) -> Unit:
    """A UCUM code (`mg/dL`, `10*9/L`) or how people write it (`mg/dl`, `x10^9/L`) → the unit.

    Raises `InvalidParameterError` for anything that is not in the table.
    """
    unit = find_unit(text)
    if unit is None:
        raise InvalidParameterError(
            f"not a known unit: {text[:LONGEST_UNIT]!r}",
            hint="Units are written in UCUM, such as mg/dL or 10*9/L.",
        )
    return unit


@lru_cache(maxsize=4096)
def find_unit(text: str) -> Unit | None:
    """As `parse_unit`, with None for what is no known unit. The empty text and `1` are the pure number."""
    if len(text) > LONGEST_UNIT:
        return None
    plain = "".join(text.split()).translate(_FOLDED)
    if not plain:
        return _read("1")
    whole: Mapping[str, str] = read_units()["spellings"]["whole"]
    if plain in whole:
        return _read(whole[plain])
    return _read(plain) or _read(_respelled(plain))


def convert(value: Decimal, unit: Unit, target: Unit, substance: str = "") -> Decimal:
    """A value in another unit; with a `substance` of `molar.toml` also from amount to mass and back.

    Raises `InvalidParameterError` when no conversion exists.
    """
    if unit == target:
        return value
    return to_decimal(convert_exactly(Fraction(value), unit, target, substance))


def convert_exactly(value: Fraction, unit: Unit, target: Unit, substance: str = "") -> Fraction:
    """As `convert`, never rounded."""
    scale, offset = _conversion(unit, target, substance)
    return value * scale + offset


def can_convert(unit: Unit, target: Unit, substance: str = "") -> bool:
    """Whether `convert` would answer."""
    return unit.dimension == target.dimension or _molar_factor(unit, target, substance) is not None


def to_decimal(exact: Fraction) -> Decimal:
    """The decimal equal to a fraction; the nearest of 34 digits where there is none."""
    return EXACT.divide(Decimal(exact.numerator), Decimal(exact.denominator))


@cache
def read_substances() -> Mapping[str, Substance]:
    """The substances of `molar.toml` by name."""
    return {
        name: Substance(
            name,
            Decimal(row["per"]),
            parse_unit(row["mass"]),
            parse_unit(row["amount"]),
            Decimal(row["molar_mass"]),
            row["note"],
        )
        for name, row in read_table("molar.toml").items()
    }


@cache
def read_units() -> Mapping[str, Any]:
    """`units.toml` as it is."""
    return read_table("units.toml")


@lru_cache(maxsize=4096)
def _conversion(unit: Unit, target: Unit, substance: str) -> tuple[Fraction, Fraction]:
    """Scale and offset that turn values of one unit into values of the other."""
    molar = Fraction(1)
    if unit.dimension != target.dimension:
        found = _molar_factor(unit, target, substance)
        if found is None:
            of = f" of {substance}" if substance else ""
            raise InvalidParameterError(f"{unit.code!r}{of} cannot be expressed in {target.code!r}")
        molar = found
    scale = unit.scale * molar / target.scale
    return scale, (unit.offset - target.offset) / target.scale


def _molar_factor(unit: Unit, target: Unit, substance: str) -> Fraction | None:
    """What a value in base units is multiplied with when only amount and mass differ; None when more does."""
    found = read_substances().get(substance)
    if found is None:
        return None
    for one, other, factor in (
        ("amount", "mass", found.grams_per_mole),
        ("mass", "amount", 1 / found.grams_per_mole),
    ):
        for power in (1, -1):
            if _times(unit.dimension, ((other, power),), ((one, -power),)) == target.dimension:
                return factor**power
    return None


def _times(*dimensions: Dimension) -> Dimension:
    """The dimension of a product."""
    powers: dict[str, int] = {}
    for dimension in dimensions:
        for name, power in dimension:
            powers[name] = powers.get(name, 0) + power
    return tuple(sorted((name, power) for name, power in powers.items() if power))


def _to_power(dimension: Dimension, power: int) -> Dimension:
    return tuple((name, own * power) for name, own in dimension if power)


def _respelled(plain: str) -> str:
    """A unit as people write it → UCUM, as far as the table goes."""
    parts: Mapping[str, str] = read_units()["spellings"]["parts"]
    text = _INDEXED.sub("/{1.73_m2}", plain)
    text = _POWER_OF_TEN.sub(r"10*\1", text)
    text = _CARET.sub("", text)
    pieces = re.split(r"([./])", text) if "{" not in text else re.split(r"([./](?![0-9]))", text)
    return "".join(parts.get(piece.lower(), piece) for piece in pieces)


@cache
def _atoms() -> Mapping[str, _Atom]:
    """Every unit symbol, made ready. Derived units are read in the order of the table."""
    table = read_units()
    atoms: dict[str, _Atom] = {}
    for code, row in table["base"].items():
        atoms[code] = _Atom(Fraction(1), ((row["dimension"], 1),), row.get("metric", False))
    for code, row in table["temperatures"].items():
        scale = Fraction(row["scale"])
        atoms[code] = _Atom(scale, atoms["K"].dimension, False, Fraction(row["offset"]) * scale)
    for code, row in table["derived"].items():
        unit = _Reader(row["unit"], atoms).read()
        if unit is None:
            raise ValueError(f"units.toml: {code} is made of an unknown unit")
        atoms[code] = _Atom(Fraction(row["value"]) * unit.scale, unit.dimension, row.get("metric", False))
    return atoms


@cache
def _prefixes() -> tuple[tuple[str, Fraction], ...]:
    return tuple((prefix, Fraction(value)) for prefix, value in read_units()["prefixes"].items())


@cache
def _markers() -> frozenset[str]:
    return frozenset(read_units()["markers"]["names"])


def _read(code: str) -> Unit | None:
    return _Reader(code, _atoms()).read()


class _Reader:
    """Reads one UCUM term; None wherever something is not understood."""

    def __init__(self, code: str, atoms: Mapping[str, _Atom]) -> None:
        self._code = code
        self._atoms = atoms
        self._tokens = _TOKEN.findall(code) if _TOKEN.sub("", code) == "" else []
        self._at = 0
        self._depth = 0

    def read(self) -> Unit | None:
        """The unit, when the whole code is one."""
        if not self._tokens:
            return None
        if len(self._tokens) == 1 and (alone := self._atoms.get(self._code)) is not None and alone.offset:
            return Unit(self._code, alone.scale, alone.dimension, alone.offset)
        found = self._term()
        if found is None or self._at != len(self._tokens):
            return None
        return Unit(self._code, found[0], found[1])

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _term(self) -> tuple[Fraction, Dimension] | None:
        scale, dimension = Fraction(1), Dimension()
        sign = 1
        if self._next() == "/":
            self._at += 1
            sign = -1
        while True:
            part = self._component()
            if part is None:
                return None
            scale *= part[0] ** sign
            dimension = _times(dimension, _to_power(part[1], sign))
            if self._next() not in {".", "/"}:
                return scale, dimension
            sign = -1 if self._next() == "/" else 1
            self._at += 1

    def _component(self) -> tuple[Fraction, Dimension] | None:
        token = self._next()
        self._at += 1
        if token == "(":
            self._depth += 1
            inner = self._term() if self._depth < 5 else None
            closed = self._next() == ")"
            self._at += 1
            return inner if closed else None
        if token.startswith("{"):
            return Fraction(1), self._marked(token)
        if token.isdigit():
            return (Fraction(int(token)), ()) if int(token) else None
        atom = self._atom(token)
        if atom is None or atom.offset:
            return None
        power = 1
        if re.fullmatch(r"[+-]?[0-9]+", self._next()):
            power = int(self._next())
            self._at += 1
        if not 0 < abs(power) <= _LARGEST_POWER:
            return None
        dimension = _to_power(atom.dimension, power)
        if self._next().startswith("{"):
            dimension = _times(dimension, self._marked(self._next()))
            self._at += 1
        return atom.scale**power, dimension

    def _marked(self, annotation: str) -> Dimension:
        return ((annotation, 1),) if annotation[1:-1] in _markers() else ()

    def _atom(self, symbol: str) -> _Atom | None:
        known = self._atoms.get(symbol)
        if known is not None:
            return known
        for prefix, factor in _prefixes():
            atom = self._atoms.get(symbol.removeprefix(prefix)) if symbol.startswith(prefix) else None
            if atom is not None and atom.is_metric:
                return _Atom(factor * atom.scale, atom.dimension, False)
        return None
