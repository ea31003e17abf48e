"""Errors → answers in the words of the API v2."""

from __future__ import annotations

from starlette.responses import Response

from trialist import errors
from trialist.query.live import live_message
from trialist.serving.statuses import RETRY_SECONDS, STATUSES

_NOT_FOUND_PAGE = (
    "<html>\n<head><title>404 Not Found</title></head>\n<body>\n<center><h1>404 Not Found</h1></center>\n"
    "<hr><center>trialist</center>\n</body>\n</html>\n"
)


def plain_text(text: str, status: int) -> Response:
    """An answer in the API's manner of refusing: the sentence alone, without a line end."""
    headers = {"content-type": "text/plain; charset=UTF-8", "x-content-type-options": "nosniff"}
    if status == 503:
        headers["retry-after"] = str(RETRY_SECONDS)
    return Response(text.encode("utf-8", "backslashreplace"), status, headers)


def refusal(error: errors.TrialistError) -> Response:
    """The answer to a request that failed with this error, as the live API words it where that is known."""
    if isinstance(error, errors.StudyNotFoundError):
        return plain_text(f"NCT number {error.nct_id} not found", 404)
    status = STATUSES[type(error)]
    text = live_message(error)
    if status != 400 and error.hint:
        text = f"{text}. {error.hint}"
    return plain_text(text, status)


def no_such_path() -> Response:
    """The answer to a path that there is not: a page, as the live API's front gives it."""
    return Response(_NOT_FOUND_PAGE, 404, {"content-type": "text/html"})


def no_such_method() -> Response:
    """The answer to a method that no path takes."""
    found = plain_text("Method Not Allowed", 405)
    found.headers["allow"] = "GET, HEAD, OPTIONS"
    return found
