"""Modifiers and times onto atoms: history, current, planned, family, status, severity, certainty, route, outcome, windows."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from trialist.criteria.nodes import (
    KNOWN_OR_SUSPECTED,
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
    Opaque,
    Or,
    Ordinal,
    Quantity,
    ReproState,
    Result,
    Trialwise,
    Window,
    join_any,
    rebuilt,
)
from trialist.criteria.quick import replace

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
_COURSE = frozenset(
    {
        "stable",
        "unstable",
        "recurrent",
        "refractory",
        "progressive",
        "clinically stable",
        "untreated",
        "treated",
    }
)
# What a test finds, so that `positive` behind or before its name is a result.
_TESTED = frozenset(
    [
        "hiv",
        "hepatitis",
        "hepatitis_a",
        "hepatitis_b",
        "hepatitis_c",
        "hepatitis_d",
        "hepatitis_b_or_c",
        "syphilis",
        "tuberculosis",
        "covid19",
        "cmv",
        "ebv",
        "htlv",
        "hsv",
        "vzv",
        "influenza",
        "malaria",
        "toxoplasmosis",
        "chagas",
        "c_difficile",
        "h_pylori",
        "hpv",
        "std",
        "infection",
        "bk_virus",
        "adenovirus",
        "hhv6",
        "substance_abuse",
        "alcohol_or_drug_abuse",
        "parasitic_infection",
        "fungal_infection",
        "viral_infection",
        "parvovirus",
        "sickle_cell",
        "g6pd",
        "celiac",
    ]
)
_PLACES = frozenset(
    {"oral", "topical", "intrathecal", "intra-articular", "intranasal", "subcutaneous", "intramuscular"}
)
_NOW = frozenset({"current", "currently", "ongoing", "concurrent", "concomitant", "present", "current use of", "concurrent use of", "currently taking", "currently receiving", "currently using"})  # fmt: skip
_UNSURE = ("suspected", "possible", "probable")


@dataclass(slots=True)
class Modifiers:
    """The modifiers that wait for an atom: kind → the words, in order; `used` says that an atom took them."""

    words: dict[str, list[str]] = field(default_factory=dict)
    used: bool = False
    options: list[dict[str, list[str]]] = field(default_factory=list)
    either: bool = False

    def add(self, kind: str, word: str) -> None:
        """Remember a modifier."""
        self.words.setdefault(kind, []).append(word.lower())
        self.used = False

    def part(self, joint: str, lists_any: bool) -> None:
        """Take the words so far as one choice of several: `active, known or suspected` names three."""
        cues = {"current", "history", "given", "allergy"} & set(self.words)
        self.either = self.either or (joint in {"or", "/"} and bool(cues) and not self.used)
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

    def cue(self) -> str:
        """The last word that says when or how something was had or given; "" where none does."""
        kind = next((one for one in ("history", "given", "current", "planned") if one in self.words), "")
        return self.words[kind][-1] if kind else ""

    def carried(self) -> Modifiers:
        """What holds for the next member of a list as well."""
        return Modifiers(
            {kind: list(self.words[kind]) for kind in _CARRIED if kind in self.words},
            used=True,
            either=self.either,
        )

    def behind(self, named: list[Expr]) -> Modifiers:
        """What holds behind a name that took the modifiers."""
        return self.carried() if self.used and named else self

    def __bool__(self) -> bool:
        return bool(self.words) or bool(self.options)


def idle_course(modifiers: Modifiers, expr: Expr) -> list[Expr]:
    """`stable NYHA class II`: how something goes on, which a threshold cannot take; it stays beside it, not understood."""
    said = [word for word in modifiers.words.get("status", ()) if word in _COURSE]
    if modifiers.used or not said or not isinstance(expr, (Ordinal, Quantity)):
        return []
    return [Opaque(said[0], expr.span)]


def without_allergy(atom: Expr, modifiers: Modifiers) -> Expr | None:
    """`prior use of or allergy to X`: the use, beside the allergy; None where only the allergy is named."""
    words = {kind: said for kind, said in modifiers.words.items() if kind != "allergy"}
    cues = " ".join(word for kind in ("history", "current", "given") for word in words.get(kind, ()))
    is_given = any(word in cues for word in ("use", "treat", "exposure", "taking", "receipt", "therapy"))
    return _qualified(atom, words) if modifiers.either and is_given and isinstance(atom, Exposure) else None


def qualify(atom: Expr, modifiers: Modifiers) -> Expr:
    """The atom with its modifiers; where they were given as a choice, one of the atoms that it makes."""
    modifiers.used = True
    if modifiers.either and isinstance(atom, Exposure) and {"current", "planned"} <= set(modifiers.words):
        # `current or expected use of X`: either
        now = {kind: words for kind, words in modifiers.words.items() if kind != "planned"}
        ahead = {kind: words for kind, words in modifiers.words.items() if kind not in {"current", "history"}}
        return join_any([_qualified(atom, now), _qualified(atom, ahead)])
    if not modifiers.options or not isinstance(atom, (Concept, Exposure)):
        return _qualified(atom, modifiers.words)
    own = modifiers.words if any(kind in _LIMITING for kind in modifiers.words) else None
    bare_noun = atom
    if own is None and atom.surface.count(" ") == 1 and not atom.concept_id:
        bare_noun = replace(atom, surface=atom.surface.split(" ")[1])  # `oral or injectable antiandrogen`
    choices = [
        _qualified(bare_noun if own is None else atom, words)
        for words in (*modifiers.options, *(() if own is None else (own,)))
    ]
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
            if outcome and atom.concept_id and (outcome == "negative" or atom.concept_id in _TESTED):
                return Result(atom.concept_id, _outcome(words, outcome), atom.span)
            if (
                where := [one for one in words.get("route", ()) if one in _PLACES]
            ) and atom.domain == "condition":
                surface = f"{' '.join(where)} {atom.surface}"  # `oral chronic GVHD`: where it is
                atom = replace(atom, surface=surface, concept_id="", broader=atom.concept_id or atom.broader)
            return replace(
                atom,
                method=atom.method or _method(words),
                status=(*atom.status, *_shown_by(words), *words.get("status", ())),
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
        case Or() | Alternatives():
            return rebuilt(atom, lambda one: _qualified(one, words))
        case ExceptWhen(main, exception):
            return ExceptWhen(_qualified(main, words), exception)
        case ReproState() if outcome == "negative" and atom.state == "pregnant":
            return Result("pregnancy_test", outcome, atom.span)
        case Biomarker():
            return replace(atom, variant=outcome) if outcome and not atom.variant else atom
        case _:
            return atom


def _outcome(words: dict[str, list[str]], outcome: str) -> str:
    said = " ".join(words.get(outcome, ()))
    if "undetectable" in said or "not detectable" in said:
        return "undetectable"
    return "detectable" if "detectable" in said else outcome


_SEEN = re.compile(r"(?P<how>\w+(?: or \w+)?) (?:evidence|signs|findings) of")
_SEEN_IN_GENERAL = frozenset(
    {"any", "clinical", "documented", "objective", "presence", "clinical or radiological"}
)


def _method(words: dict[str, list[str]]) -> str:
    """`MRI evidence of stroke`: how it is seen."""
    found = (_SEEN.fullmatch(one) for one in words.get("certainty", ()))
    how = next((one["how"] for one in found if one is not None and one["how"] not in _SEEN_IN_GENERAL), "")
    return how.upper() if how in {"mri", "ct", "ecg"} else how


def _shown_by(words: dict[str, list[str]]) -> tuple[str, ...]:
    """`symptoms of heart failure`, `self-reported asthma`: less than the disease."""
    said = words.get("certainty", ())
    return tuple(
        one for one in said if (one.startswith(_LESS) and not _SEEN.fullmatch(one)) or one in _CLINICAL
    )


_LESS = ("sign", "symptom", "self-reported", "clinical signs and", "clinical signs or")
_CLINICAL = frozenset({"clinical signs of"})


def _certainty(words: dict[str, list[str]]) -> str:
    said = words.get("certainty", [])
    if any("suspected" in one and one != "suspected" for one in said):
        return KNOWN_OR_SUSPECTED
    if any(one.startswith(_UNSURE) for one in said):
        return "suspected"
    return "confirmed" if any(word in one for one in said for word in _SURE) else ""


_SURE = ("confirmed", "proven", "verified", "histolog", "cytolog", "patholog")


def _temporality(words: dict[str, list[str]]) -> str:
    if "history" in words and "current" in words:
        return "any"
    if any("history" in one for one in words.get("certainty", ())):
        return "any"  # `history or evidence of`: either suffices
    if "history" in words:
        return "history"
    return "current" if "current" in words else ""


def _role(words: dict[str, list[str]]) -> str:
    if "planned" in words:
        return "planned"
    if {"history", "current"} <= set(words) and _NOW.intersection(words["current"]):
        return ""  # `prior and/or current treatment`: at any time
    if "history" in words:
        return "prior"
    if "current" in words and _REQUIRED.issuperset(words["current"]):
        return "required"
    return "current" if "current" in words else ""


_REQUIRED = frozenset(
    {"requiring", "requires", "need for", "who require", "requirement for", "requirement of"}
)


def _is_planned(role: str, window: Window) -> bool:
    """Whether a window without an anchor lies ahead: `surgery planned within 6 months`."""
    return role == "planned" and window.anchor_assumed and window.direction is Direction.BEFORE


def with_time(expr: Expr, window: Window, is_shared: bool = False) -> Expr:
    """The expression with a window on every atom that can have one and has none yet; `is_shared` where it stands at another member."""
    match expr:
        case And(of):
            ahead = [
                one for one in of if isinstance(one, Exposure) and one.role == "planned" and one.time is None
            ]
            if ahead and window.anchor_assumed:  # `heart disease with surgery planned within 6 months`
                return rebuilt(expr, lambda one: with_time(one, window, is_shared) if one in ahead else one)
            return rebuilt(expr, lambda one: with_time(one, window, is_shared))
        case Or() | AtLeast() | Alternatives() | Not():
            return rebuilt(expr, lambda one: with_time(one, window, is_shared))
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
