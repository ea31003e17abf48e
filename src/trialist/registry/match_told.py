"""What a match, a screening or an explanation came to, as JSON, Markdown and a page to print: one shape for all surfaces."""

from __future__ import annotations

from datetime import date
from html import escape
from typing import Any

from trialist.evaluation.encode import NOTICE, encode_need, encode_verdict
from trialist.evaluation.verdict import Assessment, Effect, Verdict
from trialist.patient.facts import Patient
from trialist.registry.found import site_json
from trialist.registry.judging import Match
from trialist.registry.match import Matched
from trialist.registry.screen import Funnel
from trialist.views.summary import summary_of

_MARKS = {Effect.ALLOWS: "✓", Effect.EXCLUDES: "✗", Effect.OPEN: "?", Effect.NONE: "–"}


def match_json(one: Match, as_of: date) -> dict[str, Any]:
    """One trial in its place, without the criteria one by one."""
    summary = summary_of(one.study, as_of)
    verdict = one.verdict
    return {
        "nct_id": verdict.nct_id,
        "title": summary.title,
        "overall_status": summary.overall_status or None,
        "phases": list(summary.phases),
        "conditions": list(summary.conditions),
        "verdict": str(verdict.verdict),
        "open_for_persons_only": verdict.is_open_for_persons_only,
        "on_topic": one.on_topic,
        "share_decided": round(one.share_decided, 4),
        "nearest_open_site": None if one.site is None else site_json(one.site),
        "updated": None if one.updated is None else str(one.updated),
        "because": list(one.because),
        "excluded_by": [_short(a) for a in verdict.assessments if a.criterion_id in verdict.excluded_by],
        "missing": [encode_need(need) for need in verdict.missing],
        "confirmations": [encode_need(need) for need in verdict.confirmations],
        "near_miss": None
        if one.near_miss is None
        else {
            "criterion_id": one.near_miss.criterion_id,
            "sentence": one.near_miss.sentence,
            "day": None if one.near_miss.day is None else str(one.near_miss.day),
        },
    }


def _short(one: Assessment) -> dict[str, str]:
    return {"id": one.criterion_id, "text": one.text, "sentence": one.sentence}


def matched_json(found: Matched, as_of: date, policy: str, patient: Patient) -> dict[str, Any]:
    """A whole match."""
    return {
        "as_of": str(as_of),
        "policy": policy,
        "searched_by": list(found.asked),
        "found": found.found,
        "looked_at": found.looked,
        "counts": {str(one): count for one, count in found.counts},
        "matches": [match_json(one, as_of) for one in found.matches],
        "near_misses": [match_json(one, as_of) for one in found.near_misses],
        "most_telling": [
            {
                "what": one.what,
                "code": one.code,
                "unit": one.unit,
                "key": one.key,
                "settles": one.settles,
                "missing_in": one.missing_in,
            }
            for one in found.telling
        ],
        "unresolved": len(patient.unresolved),
        "notes": list(found.notes),
        "notice": NOTICE,
    }


def explained_json(one: Match, as_of: date) -> dict[str, Any]:
    """One trial with every criterion, its evidence and what is missing."""
    return {**match_json(one, as_of), "explanation": encode_verdict(one.verdict)}


def funnel_json(funnel: Funnel) -> dict[str, Any]:
    """A screening: each patient, and the funnel."""
    return {
        "nct_id": funnel.nct_id,
        "as_of": str(funnel.as_of),
        "policy": funnel.policy,
        "patients": [
            {
                "label": one.label,
                "verdict": str(one.verdict),
                "open_for_persons_only": one.for_persons_only,
                "excluded_by": list(one.excluded_by),
                "results": {criterion: str(result) for criterion, result in one.results},
            }
            for one in funnel.patients
        ],
        "funnel": [
            {
                "criterion_id": one.criterion_id,
                "plain": one.plain,
                "before": one.before,
                "excluded": one.excluded,
                "open": one.open,
                "after": one.after,
            }
            for one in funnel.steps
        ],
        "notice": NOTICE,
    }


def class_words(verdict: Verdict) -> str:
    """A verdict in a few words."""
    if verdict.is_open_for_persons_only:
        return f"eligible on the data; {len(verdict.confirmations)} confirmations needed"
    if verdict.missing:
        return (
            f"undetermined: {len(verdict.missing)} data missing, {len(verdict.confirmations)} confirmations"
        )
    return str(verdict.verdict).lower()


def matched_markdown(found: Matched, as_of: date, policy: str) -> str:
    """A match to read and to hand on."""
    lines = [
        f"# Trials as of {as_of} ({policy})",
        "",
        f"_{NOTICE}_",
        "",
        f"Searched by: {', '.join(found.asked)}. {found.found} studies found, {found.looked} looked at: "
        + ", ".join(f"{count} {str(one).lower()}" for one, count in found.counts)
        + ".",
        *found.notes,
    ]
    for place, one in enumerate(found.matches, 1):
        lines += ["", f"## {place}. {one.verdict.nct_id}: {_plain(summary_of(one.study, as_of).title)}", ""]
        lines += [f"**{class_words(one.verdict)}** — {'; '.join(one.because)}.", ""]
        lines += [f"- ✗ {a.criterion_id} {_plain(a.sentence)}" for a in _excluding(one.verdict)]
        lines += [
            f"- ? {_plain(need.what)}: {_plain(need.why)}{_coded(need.code)}" for need in one.verdict.missing
        ]
        lines += [f"- confirm: {_plain(need.what)}" for need in one.verdict.confirmations]
    if found.near_misses:
        lines += ["", "## Near misses", ""]
        lines += [
            f"- {one.verdict.nct_id}: {_plain(one.near_miss.sentence)}"
            for one in found.near_misses
            if one.near_miss
        ]
    if found.telling:
        lines += ["", "## What to ask for first", ""]
        lines += [
            f"- {_plain(one.what)}{_coded(one.code)}: settles the data of {one.settles} trials, missing in {one.missing_in}"
            for one in found.telling
        ]
    return "\n".join(lines)


def explained_markdown(one: Match, as_of: date) -> str:
    """One trial, criterion by criterion."""
    verdict = one.verdict
    lines = [
        f"# {verdict.nct_id}: {_plain(summary_of(one.study, as_of).title)}",
        "",
        f"**{class_words(verdict)}** as of {as_of} ({verdict.policy}). _{NOTICE}_",
        *verdict.notes,
    ]
    for criterion in verdict.assessments:
        lines += ["", f"{_MARKS[criterion.effect]} **{criterion.criterion_id}** {_plain(criterion.text)}", ""]
        lines.append(f"  {criterion.result}: {_plain(criterion.sentence)}")
        lines += [f"  - from {_plain(item.origin)}: {_plain(item.words)}" for item in criterion.evidence]
        lines += [
            f"  - worked out: {item.what}: {item.how} = {item.result}" for item in criterion.calculations
        ]
        lines += [f"  - assumed: {_plain(item.words)}" for item in criterion.assumptions]
        lines += [
            f"  - needed: {_plain(need.what)}: {_plain(need.why)}{_coded(need.code)}"
            for need in criterion.missing
        ]
    return "\n".join(lines)


def as_page(markdown: str, title: str) -> str:
    """A page to print, made of the lines of a Markdown text; it loads nothing from anywhere."""
    body = []
    for line in markdown.splitlines():
        said = escape(line.strip()).replace("**", "").replace("_", " ").strip()
        if line.startswith("## "):
            body.append(f"<h2>{said[3:]}</h2>")
        elif line.startswith("# "):
            body.append(f"<h1>{said[2:]}</h1>")
        elif said.startswith("- "):
            body.append(f"<p class=item>{said[2:]}</p>")
        elif said:
            body.append(f"<p>{said}</p>")
    style = "body{font:11pt/1.4 sans-serif;max-width:48em;margin:2em auto}h2{margin-top:1.5em}.item{margin:.1em 0 .1em 1.5em}"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{style}</style><body>\n" + "\n".join(body) + "\n</body></html>"
    )


def _excluding(verdict: Verdict) -> list[Assessment]:
    return [one for one in verdict.assessments if one.criterion_id in verdict.excluded_by]


def _coded(code: str) -> str:
    return f" ({code})" if code else ""


def _plain(text: str) -> str:
    """Text on one line, without what Markdown or a page would read as marks."""
    return " ".join(text.split()).replace("<", "‹").replace(">", "›").replace("*", "×").replace("|", "/")
