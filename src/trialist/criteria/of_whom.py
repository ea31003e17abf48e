"""Of whom alone something is asked, as the heading above it or its own first words say: a group of the study, both sexes that can have children."""

from __future__ import annotations

import re

from trialist.criteria.clause import Clause
from trialist.criteria.doubts import limited
from trialist.criteria.nodes import And, Demographic, Expr, Not, Or, ReproState, Span, Trialwise
from trialist.criteria.promises import asked_of_some
from trialist.criteria.sections import group_of, limits_of
from trialist.criteria.split import Item
from trialist.criteria.times_above import has_time_of

# `Subjects with hepatic impairment:`, an item that heads others below the heading of the group before it
_OTHERS = re.compile(
    r"\b(?:subjects?|patients?|participants?|volunteers?|groups?|controls?|cohorts?|arms?)\b.*:\W*$",
    re.IGNORECASE,
)
_ONE_SEX = re.compile(
    r"\W*(?:(?P<female>females?|women)|(?P<male>males?|men))(?: (?:subjects?|patients?|participants?|volunteers?))?(?: only)?\W*$",
    re.IGNORECASE,
)


def below_its_heading(
    clause: Clause, item: Item, topic: str, place: Span, read: tuple[Expr | None, Expr | None]
) -> tuple[Expr | None, Expr | None]:
    """The guard and the reading of what stands below a heading, with whom the heading limits it to."""
    guard, expr = read
    is_told = bool(item.scope) and topic in item.section_path  # the heading that names the scope
    heading = limits_of(() if item.scope else item.section_path, "" if is_told else topic)
    if expr is None or (heading and has_time_of(heading, expr)):
        heading = ""
    others = heading != topic and _names_others(topic, item.section_path)
    heads = clause.text[item.start : item.end].rstrip().endswith(":")
    group = "" if others or heads else group_of(heading)
    if group:
        of_them = _who_is_in(group, place)
        guard = of_them if guard is None else And((of_them, guard))
        heading = ""
    return guard, limited(clause, expr, heading or asked_of_some(topic, guard, expr), place)


def _names_others(topic: str, path: tuple[str, ...]) -> bool:
    return bool(topic) and topic not in path and _OTHERS.search(topic) is not None


def _who_is_in(group: str, place: Span) -> Expr:
    """Of whom alone a heading lets the statements below it be asked."""
    found = _ONE_SEX.match(group)
    if found is None:
        return Trialwise("study_part", place, surface=group)
    return Demographic("sex", place, values=("female" if found["female"] else "male",))


# `Fertile patients must use …`, `Women of childbearing potential and men must agree to …`: of both sexes
_FERTILE = re.compile(
    r"^\W*(?P<who>(?:all )?(?:fertile (?:patients?|subjects?|participants?|individuals|persons)(?: \((?:male (?:or|and) female|men and women)\))?"
    r"|(?:(?:fe)?male (?:and|or|and/or) (?:fe)?male|men and women|women and men|both (?:fe)?males? and (?:fe)?males?)(?: patients?| subjects?| participants?)?,? (?:who are )?(?:of|with) (?:child-?[ ]?bearing|reproductive) (?:potential|age|capacity)"
    r"|(?:(?:wom[ae]n|females?)(?: patients?| subjects?| participants?)? of (?:child-?[ ]?bearing|reproductive) (?:potential|age|capacity)(?: \(wocbp\))? and (?:all )?(?:men|males?(?: patients?| subjects?| participants?)?)))) "
    r"(?=(?:must|should|will|agree|have to|are required|need|who (?:agree|are willing|are using))\b)",
    re.IGNORECASE,
)
_EVERY_MAN = re.compile(
    r"\band (?:all )?(?:men|males?(?: patients?| subjects?| participants?)?)\W*$", re.IGNORECASE
)


def end_of_fertile(said: str) -> int:
    """Where the words for both sexes end; 0 where a statement does not begin with them."""
    found = _FERTILE.match(said)
    return 0 if found is None else found.end("who")


def who_can_bear_or_beget(said: str, place: Span) -> Expr:
    """Women who can become pregnant, and men: all of them, or those who are not sterile."""
    men = Demographic("sex", place, values=("male",))
    is_every_man = _EVERY_MAN.search(said) is not None
    return Or(
        (
            ReproState("child_bearing_potential", place),
            men if is_every_man else And((men, Not(ReproState("sterile", place)))),
        )
    )
