"""Modifiers and times onto atoms: history, current, planned, family, status, severity, certainty, route, outcome, windows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from trialist.criteria.nodes import (
    Alternatives,
    And,
    AtLeast,
    Biomarker,
    Concept,
    Count,
    ExceptWhen,
    Exposure,
    Expr,
    Not,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Trialwise,
    Window,
)

MODIFIERS = frozenset(
    {
        "history",
        "current",
        "planned",
        "family",
        "certainty",
        "status",
        "severity",
        "route",
        "allergy",
        "positive",
        "negative",
    }
)
_CARRIED = ("history", "current", "planned", "family", "allergy", "positive", "negative")
_UNSURE = ("suspected", "possible", "probable")


@dataclass(slots=True)
class Modifiers:
    """The modifiers that wait for an atom: kind → the words, in order; `used` says that an atom took them."""

    words: dict[str, list[str]] = field(default_factory=dict)
    used: bool = False

    def add(self, kind: str, word: str) -> None:
        """Remember a modifier."""
        self.words.setdefault(kind, []).append(word.lower())
        self.used = False

    def has(self, kind: str) -> bool:
        """Whether a modifier of the kind waits."""
        return kind in self.words

    def carried(self) -> Modifiers:
        """What holds for the next member of a list as well."""
        return Modifiers({kind: list(self.words[kind]) for kind in _CARRIED if kind in self.words}, used=True)

    def __bool__(self) -> bool:
        return bool(self.words)


def qualify(atom: Expr, modifiers: Modifiers) -> Expr:
    """The atom with its modifiers."""
    words = modifiers.words
    modifiers.used = True
    outcome = "positive" if "positive" in words else "negative" if "negative" in words else ""
    match atom:
        case Concept():
            if outcome and atom.concept_id:
                return Result(atom.concept_id, _outcome(words, outcome), atom.span)
            return replace(
                atom,
                status=(*atom.status, *words.get("status", ())),
                severity=(*atom.severity, *words.get("severity", ())),
                certainty=_certainty(words) or atom.certainty,
                subject="family" if "family" in words else atom.subject,
                temporality=_temporality(words) or atom.temporality,
            )
        case Exposure():
            return replace(
                atom,
                role=_role(words) or atom.role,
                route=(*atom.route, *words.get("route", ())),
                status=(*atom.status, *words.get("status", ()), *words.get("severity", ())),
            )
        case Result():
            return replace(atom, outcome=_outcome(words, outcome)) if outcome and not atom.outcome else atom
        case Or(of):
            return Or(tuple(qualify(one, modifiers) for one in of))
        case Alternatives(readings):
            return Alternatives(tuple(qualify(one, modifiers) for one in readings))
        case Biomarker():
            return replace(atom, variant=outcome) if outcome and not atom.variant else atom
        case _:
            return atom


def _outcome(words: dict[str, list[str]], outcome: str) -> str:
    said = " ".join(words.get(outcome, ()))
    if "undetectable" in said or "not detectable" in said:
        return "undetectable"
    return "detectable" if "detectable" in said else outcome


def _certainty(words: dict[str, list[str]]) -> str:
    said = words.get("certainty", [])
    if any(one.startswith(_UNSURE) for one in said):
        return "suspected"
    return "confirmed" if any("confirmed" in one or "proven" in one for one in said) else ""


def _temporality(words: dict[str, list[str]]) -> str:
    if "history" in words and "current" in words:
        return "any"
    if "history" in words:
        return "history"
    return "current" if "current" in words else ""


def _role(words: dict[str, list[str]]) -> str:
    if "planned" in words:
        return "planned"
    if "history" in words:
        return "prior"
    return "current" if "current" in words else ""


def with_time(expr: Expr, window: Window) -> Expr:
    """The expression with a window on every atom that can have one and has none yet."""
    match expr:
        case And(of):
            return And(tuple(with_time(one, window) for one in of))
        case Or(of):
            return Or(tuple(with_time(one, window) for one in of))
        case AtLeast(count, of):
            return AtLeast(count, tuple(with_time(one, window) for one in of))
        case Alternatives(readings):
            return Alternatives(tuple(with_time(one, window) for one in readings))
        case Not(of):
            return Not(with_time(of, window))
        case ExceptWhen(main, exception):
            return ExceptWhen(with_time(main, window), exception)
        case (
            Quantity() | Ordinal() | Concept() | Exposure() | Result() | ReproState() | Trialwise() | Count()
        ):
            return expr if expr.time is not None else replace(expr, time=window)
        case _:
            return expr
