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
    Direction,
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
    join_any,
)

MODIFIERS = frozenset(
    {
        "history",
        "given",
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
_CARRIED = ("history", "given", "current", "planned", "family", "allergy", "positive", "negative")
_LIMITING = frozenset({"status", "severity", "certainty", "route"})
_UNSURE = ("suspected", "possible", "probable")


@dataclass(slots=True)
class Modifiers:
    """The modifiers that wait for an atom: kind → the words, in order; `used` says that an atom took them."""

    words: dict[str, list[str]] = field(default_factory=dict)
    used: bool = False
    options: list[dict[str, list[str]]] = field(default_factory=list)

    def add(self, kind: str, word: str) -> None:
        """Remember a modifier."""
        self.words.setdefault(kind, []).append(word.lower())
        self.used = False

    def part(self, joint: str, lists_any: bool) -> None:
        """Take the words so far as one choice of several: `active, known or suspected` names three."""
        limiting = {kind: words for kind, words in self.words.items() if kind in _LIMITING}
        if (
            self.used
            or not limiting
            or set(limiting) == {"certainty"}
            or not (joint in {"or", ",", "/"} or (joint == "and" and lists_any))
        ):
            return
        self.options.append(dict(self.words))
        self.words = {kind: words for kind, words in self.words.items() if kind not in _LIMITING}

    def has(self, kind: str) -> bool:
        """Whether a modifier of the kind waits."""
        return kind in self.words

    def carried(self) -> Modifiers:
        """What holds for the next member of a list as well."""
        return Modifiers({kind: list(self.words[kind]) for kind in _CARRIED if kind in self.words}, used=True)

    def __bool__(self) -> bool:
        return bool(self.words) or bool(self.options)


def qualify(atom: Expr, modifiers: Modifiers) -> Expr:
    """The atom with its modifiers; where they were given as a choice, one of the atoms that it makes."""
    modifiers.used = True
    if not modifiers.options or not isinstance(atom, (Concept, Exposure)):
        return _qualified(atom, modifiers.words)
    own = modifiers.words if any(kind in _LIMITING for kind in modifiers.words) else None
    choices = [_qualified(atom, words) for words in (*modifiers.options, *(() if own is None else (own,)))]
    if own is None:  # `idiopathic or heritable X`: what stands for the other choice is part of the name
        bare = _qualified(atom, modifiers.words)
        return Alternatives((join_any([*dict.fromkeys(choices), bare]), bare))
    plain = [one for one in choices if not getattr(one, "status", ()) and not getattr(one, "severity", ())]
    if plain:  # `known or active`: whoever has it at all
        return plain[0] if len({getattr(one, "certainty", "") for one in plain}) == 1 else join_any(plain)
    return join_any(list(dict.fromkeys(choices)))


def _qualified(atom: Expr, words: dict[str, list[str]]) -> Expr:
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
        case Exposure() if "planned" in words and "history" in words:
            # `prior or planned surgery`: either
            rest = {kind: said for kind, said in words.items() if kind != "planned"}
            ahead = {kind: said for kind, said in words.items() if kind != "history"}
            return join_any([_qualified(atom, rest), _qualified(atom, ahead)])
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
            return Or(tuple(_qualified(one, words) for one in of))
        case Alternatives(readings):
            return Alternatives(tuple(_qualified(one, words) for one in readings))
        case ExceptWhen(main, exception):
            return ExceptWhen(_qualified(main, words), exception)
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


def _is_planned(role: str, window: Window) -> bool:
    """Whether a window without an anchor lies ahead: `surgery planned within 6 months`."""
    return role == "planned" and window.anchor_assumed and window.direction is Direction.BEFORE


def with_time(expr: Expr, window: Window, is_shared: bool = False) -> Expr:
    """The expression with a window on every atom that can have one and has none yet; `is_shared` where it stands at another member."""
    match expr:
        case And(of):
            return And(tuple(with_time(one, window, is_shared) for one in of))
        case Or(of):
            return Or(tuple(with_time(one, window, is_shared) for one in of))
        case AtLeast(count, of):
            return AtLeast(count, tuple(with_time(one, window, is_shared) for one in of))
        case Alternatives(readings):
            return Alternatives(tuple(with_time(one, window, is_shared) for one in readings))
        case Not(of):
            return Not(with_time(of, window, is_shared))
        case ExceptWhen(main, exception):
            return ExceptWhen(with_time(main, window, is_shared), exception)
        case Exposure() if expr.time is None and _is_planned(expr.role, window):
            return replace(expr, time=replace(window, direction=Direction.AFTER))
        case ReproState() if (
            expr.time is None and expr.state == "planning_pregnancy" and window.anchor_assumed
        ):
            return replace(expr, time=replace(window, direction=Direction.AFTER))
        case ReproState() if is_shared and window.anchor_assumed and window.length is not None:
            return expr  # `pregnant, or planning pregnancy within 6 months`: the months are those of the plan
        case (
            Quantity() | Ordinal() | Concept() | Exposure() | Result() | ReproState() | Trialwise() | Count()
        ):
            return expr if expr.time is not None else replace(expr, time=window)
        case _:
            return expr
