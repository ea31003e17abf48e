"""Criteria set one after another as registrants do, and where each came to stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

INCLUSION = "INCLUSION"
EXCLUSION = "EXCLUSION"
_FULLWIDTH = str.maketrans({",": "，", ";": "；", ":": "：", "(": "（", ")": "）"})


class Statement(NamedTuple):
    """One criterion of a composed text: `text[start:end]`."""

    kind: str
    polarity: str
    start: int
    end: int
    phenomena: tuple[str, ...] = ()


class CriteriaText(NamedTuple):
    """A composed text and the truth about it."""

    text: str
    statements: tuple[Statement, ...]


class Draft(NamedTuple):
    """A criterion before it has a place."""

    kind: str
    polarity: str
    text: str
    phenomena: tuple[str, ...] = ()
    depth: int = 0


def _degrade(text: str) -> str:
    return text.replace("≥", "=").replace("⩾", "=").replace("\\>=", "=")


def _delete(text: str) -> str:
    return text.replace("≥", " ").replace("≤", " ")


def _lose_exponent(text: str) -> str:
    return text.replace("10\\^9", "109").replace("10⁹", "109").replace("m\\^2", "m2").replace("mm\\^3", "mm3")


def _entities(text: str) -> str:
    return text.replace("\\>", "&gt;").replace("\\<", "&amp;lt;").replace("≥", "&ge;").replace("≤", "&#8804;")


# What a defect does to a criterion's text; "fullwidth" keeps the length and is done on the finished text.
_DEFECTS: dict[str, Callable[[str], str]] = {
    "unescaped": lambda text: text.replace("\\", ""),
    "degraded": _degrade,
    "deleted": _delete,
    "lost_exponent": _lose_exponent,
    "entities": _entities,
}


# What stands between two criteria of a layout without numbers.
_BETWEEN = {"bullets": "\n* ", "lines": "\n\n", "prose": " "}


def place_drafts(
    sections: Sequence[tuple[str, Sequence[Draft]]],
    layout: str,
    *,
    ending: str = "",
    defect: str = "none",
    glued: bool = False,
    truth: bool = True,
) -> CriteriaText:
    """The sections' criteria set one after another in the layout, and where each came to stand."""
    spoil = _DEFECTS.get(defect)
    if not truth:
        body = "\n\n".join(
            [_section(header, drafts, layout, ending, glued, spoil) for header, drafts in sections]
        )
        return CriteriaText(body.translate(_FULLWIDTH) if defect == "fullwidth" else body, ())
    out: list[str] = []
    for header, drafts in sections:
        out.append(("\n\n" if out else "") + header + ("\n\n" if header else ""))
        texts = [draft.text for draft in drafts]
        if spoil:
            texts = [spoil(text) for text in texts]
        befores = _befores(layout, drafts, glued)
        for trio in zip(befores, texts, _afters(layout, texts, ending), strict=True):
            out += trio
    full = "".join(out)
    if defect == "fullwidth":
        full = full.translate(_FULLWIDTH)
    said = (("run_in", layout == "run_in"), ("glued", glued), ("fullwidth", defect == "fullwidth"))
    marks = tuple(mark for mark, shown in said if shown)
    return CriteriaText(full, tuple(_statements(sections, out, defect, marks)))


def _section(
    header: str,
    drafts: Sequence[Draft],
    layout: str,
    ending: str,
    glued: bool,
    spoil: Callable[[str], str] | None,
) -> str:
    """What `place_drafts` makes of one section; no defect touches what stands between criteria."""
    texts = [draft.text for draft in drafts]
    if layout in ("run_in", "prose"):
        texts = [text + ";" for text in texts]
        texts[-1:] = [text[:-1] + "." for text in texts[-1:]]
    elif ending:
        texts = [text if text[-1:] in ":." else text + ending for text in texts]
    between = _BETWEEN.get(layout)
    if between:
        body = between.lstrip(" \n") + between.join(texts) if texts else ""
    else:
        befores = _befores(layout, drafts, glued)
        body = "".join([before + text for before, text in zip(befores, texts, strict=True)])
    if spoil:
        body = spoil(body)
    return f"{header}\n\n{body}" if header else body


def _afters(layout: str, texts: list[str], ending: str) -> list[str]:
    """What stands after each criterion."""
    if layout in ("run_in", "prose"):
        return [*[";"] * (len(texts) - 1), "."]
    return ["" if text[-1:] in ":." else ending for text in texts] if ending else [""] * len(texts)


def _statements(
    sections: Sequence[tuple[str, Sequence[Draft]]], out: list[str], defect: str, marks: tuple[str, ...]
) -> Iterator[Statement]:
    """The truth about the pieces: each section is its header, then before, text and after of every criterion."""
    piece = 0
    at = 0
    for _, drafts in sections:
        at += len(out[piece])
        piece += 1
        for draft in drafts:
            before, text, after = out[piece : piece + 3]
            piece += 3
            start = at + len(before)
            changed = (defect,) if text != draft.text and defect != "unescaped" else ()
            phenomena = (*draft.phenomena, *marks, *changed)
            yield Statement(draft.kind, draft.polarity, start, start + len(text), phenomena)
            at = start + len(text) + len(after)


def _befores(layout: str, drafts: Sequence[Draft], glued: bool) -> list[str]:
    """What stands before each criterion: a line break, the enumerator or bullet."""
    if layout == "bullets":
        befores = ["\n* "] * len(drafts)
    elif layout == "run_in":
        befores = [f" {number}.{'' if glued or number % 2 else ' '}" for number in range(1, len(drafts) + 1)]
    elif layout == "prose":
        befores = [" "] * len(drafts)
    elif layout == "lines":
        befores = ["\n\n"] * len(drafts)
    elif layout == "numbered":
        blank = "" if glued else " "
        befores = [f"\n{number}.{blank}" for number in range(1, len(drafts) + 1)]
    else:
        befores = ["\n  * " if draft.depth else "\n* " for draft in drafts]
    if befores:
        befores[0] = befores[0].lstrip(" \n")
    return befores
