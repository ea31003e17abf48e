"""Errors → pages in plain words, with a way out."""

from __future__ import annotations

from trialist import errors
from trialist.pages.contexts import ErrorPage
from trialist.pages.shown import Shown
from trialist.serving.statuses import RETRY_SECONDS, STATUSES

_HOME = ("Search for studies", "/")

_REFUSED: dict[int, tuple[str, str]] = {
    403: ("This form came from another site", "Please fill in the form on our own page."),
    404: ("This page does not exist", "The address may be old, or a letter in it may be wrong."),
    405: ("This cannot be done here", "This address only shows a page."),
    413: ("This form is too long", "Please ask for less at once."),
    414: ("This address is too long", "Please ask for less at once."),
    500: ("Something went wrong on our side", "This is a fault in the program, not in what you did."),
}
_TITLES = {
    400: "We could not read this",
    404: "We do not have this study",
    413: "This asks for too much at once",
    500: "Something went wrong on our side",
    503: "We are busy right now",
}


def refused_page(status: int, detail: str) -> Shown:
    """The page for what no route answers; the detail of a fault is the number under which it is logged."""
    title, message = _REFUSED[status]
    hint = f"If you tell someone about it, give this number: {detail}" if status == 500 and detail else ""
    return Shown("error.html", ErrorPage(status, title, message, hint, (_HOME,)), status)


def error_page(error: errors.TrialistError) -> Shown:
    """The page for an error of the tree."""
    status = STATUSES[type(error)]
    ways = [_HOME]
    message, hint = _sentence(error.message), _sentence(error.hint)
    if isinstance(error, errors.StudyNotFoundError):
        message = f"There is no study {error.nct_id[:20]} in this registry."
        hint = "Check the number: NCT and eight digits."
        ways = [(f"Study {nct_id}", f"/study/{nct_id}") for nct_id in error.nearest] + ways
    headers = {"retry-after": str(RETRY_SECONDS)} if status == 503 else {}
    page = ErrorPage(status, _TITLES[status], message, hint, tuple(ways))
    return Shown("error.html", page, status, headers=headers)


_PRIVATE = {
    400: ("Something in the form could not be read.", "Go back, and check what you typed."),
    404: ("This registry does not have this study.", "Search for it first."),
    413: ("This form or file is too long, or it came too slowly.", "Send a shorter one."),
    503: ("We are busy right now.", "Go back, and try again in a moment."),
}


def private_page(error: errors.TrialistError) -> Shown:
    """The page for an error of the tree in a request about a patient: nothing of the error's own words."""
    status = STATUSES[type(error)] if not isinstance(error, errors.SourceUnreadableError) else 400
    message, hint = _PRIVATE.get(status, (_REFUSED[500][1], ""))
    headers = {"retry-after": str(RETRY_SECONDS)} if status == 503 else {}
    page = ErrorPage(status, _TITLES[status], message, hint, (("The form", "/match"), _HOME))
    return Shown("error.html", page, status, headers=headers)


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")
