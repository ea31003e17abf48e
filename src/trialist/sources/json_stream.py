"""A stream of JSON text → the bytes of each study in it, in constant memory and without parsing.

Two ways lead there. Where every study stands on a line of its own (NDJSON, the registry's own page layout, most array
files) lines are cut: fast, and a damaged study damages nothing else. Any other layout is scanned for its brackets. Both
only have to find the ends; whether a piece is good JSON is found out when it is parsed, and what does not parse is
searched for intact studies there (`salvage`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson

from trialist.errors import Level, Problem, Where
from trialist.record.nct_id import parse_nct_id
from trialist.sources.found import Found, Limits, at, excerpt
from trialist.sources.streams import Stream

CHUNK = 1 << 20
_HEAD = 1 << 18
_SPACE = b" \t\r\n"
_SCALAR = rb'(?:"[^"\\]*+"|-?[0-9.eE+-]+|true|false|null)'

PAGE_HEAD = re.compile(
    rb'\s*\{\s*(?:"\w+"\s*:\s*' + _SCALAR + rb"\s*,\s*)*+"
    rb'(?:"FullStudiesResponse"\s*:\s*\{\s*(?:"\w+"\s*:\s*' + _SCALAR + rb"\s*,\s*)*+)?"
    rb'"(?:studies|FullStudies)"\s*:\s*\['
)
"""The start of an API page up to the bracket that opens its studies (v2, and v1's "full studies")."""

PAGE_TAIL = re.compile(
    rb'[\]}\s,]*(?:"(?:nextPageToken|totalCount|NStudies\w+|M(?:in|ax)Rank|APIVrs|DataVrs|Expression)"\s*:\s*'
    + _SCALAR
    + rb"[\]}\s,]*)*+"
)
"""What may follow the last study of a page: brackets, a token, a count."""

STUDY_START = re.compile(
    rb'\{\s*"(?:protocolSection|resultsSection|annotationSection|documentSection|derivedSection|hasResults'
    rb'|study|nctId|Rank|Study|FullStudy)"\s*:'
)
"""An object that opens like a study: where reading can take up again behind damage."""

# Everything up to the next bracket, strings with the brackets inside them included.
_TO_BRACKET = re.compile(rb'[^"{}\[\]]*+(?:"(?:[^"\\]++|\\.)*+"[^"{}\[\]]*+)*+', re.DOTALL)
_REST_OF_STRING = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)


def split_json(stream: Stream, where: Where, limits: Limits) -> Iterator[Found | Problem]:
    """Each study of a JSON text, whatever its layout; text that belongs to none gives a `Problem`."""
    head = stream.peek(_HEAD)
    if _is_a_study_a_line(head):
        return _split_lines(stream, where, limits)
    return _Scan(stream, where, limits).run()


def _is_a_study_a_line(head: bytes) -> bool:
    """Whether some line of the head is a whole object, or its first line is too long to tell and opens like a study."""
    lines = head.split(b"\n")
    for line in lines[:-1]:
        text = line.strip(_SPACE).removesuffix(b",")
        if text.startswith(b"{") and text.endswith(b"}") and len(text) > 2:
            try:
                orjson.loads(text)
            except orjson.JSONDecodeError:
                continue
            return not line.startswith((b" ", b"\t")) or STUDY_START.match(text) is not None
    if len(lines) > 1 and (_only_opens(lines[0]) and not lines[-1].startswith(b'{"')):
        return False
    first = lines[0].lstrip(_SPACE) if len(lines) == 1 else lines[-1]
    return len(head) >= _HEAD and STUDY_START.match(first) is not None and not PAGE_HEAD.match(first)


def _only_opens(line: bytes) -> bool:
    return line.strip(_SPACE) in (b"[", b"{") or PAGE_HEAD.match(line) is not None


def _split_lines(stream: Stream, where: Where, limits: Limits) -> Iterator[Found | Problem]:
    offset = where.position or 0
    rest = b""
    skipping = False
    while chunk := stream.read(CHUNK):
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        for line in lines:
            if skipping:
                skipping = False
            else:
                yield from _read_line(line, at(where, offset), limits)
            offset += len(line) + 1
        if len(rest) > limits.study_bytes:
            if not skipping:
                yield too_large(rest, at(where, offset), limits)
            offset += len(rest)
            skipping, rest = True, b""
    if rest and not skipping:
        yield from _read_line(rest, at(where, offset), limits)


def _read_line(line: bytes, where: Where, limits: Limits) -> Iterator[Found | Problem]:
    text = line.lstrip(_SPACE)
    if len(text) < len(line):
        where = at(where, (where.position or 0) + len(line) - len(text))
    text = text.rstrip(_SPACE)
    if text.startswith(b"{") and text.endswith(b"}"):
        if not PAGE_HEAD.match(text):
            yield Found(text, where)
            return
    elif text.startswith(b"{") and text.endswith(b"},"):
        yield Found(text[:-1], where)
        return
    yield from _read_odd_line(text, where, limits)


def _read_odd_line(text: bytes, where: Where, limits: Limits) -> Iterator[Found | Problem]:
    """A line that is not simply one object: the edge of a page or an array, several studies, or damage."""
    head = PAGE_HEAD.match(text)
    start = head.end() if head else 1 if text.startswith(b"[") else 0
    if PAGE_TAIL.fullmatch(text, start):
        return
    yield from _Scan(Stream.of(text[start:]), at(where, (where.position or 0) + start), limits).run()


class _Scan:
    """Cuts a text at its brackets. Depth 0 is where studies stand: the top, or inside an array or a page there."""

    def __init__(self, stream: Stream, where: Where, limits: Limits) -> None:
        self._stream = stream
        self._where = where
        self._limits = limits
        self._text = b""  # what is held; earlier bytes are gone
        self._base = where.position or 0  # the offset of the first byte held
        self._place = 0  # scanned up to here
        self._start = -1  # where the open object began, or -1
        self._between = 0  # where the text between objects began
        self._depth = 0
        self._in_string = False
        self._skipping = False
        self._last = b""  # the piece yielded last

    def run(self) -> Iterator[Found | Problem]:
        while chunk := self._stream.read(CHUNK):
            self._text += chunk
            if self._skipping:
                self._resume()
            yield from self._scan()
            yield from self._bound()
            self._forget()
        yield from self._finish()

    def _scan(self) -> Iterator[Found | Problem]:
        while not self._skipping:
            if self._in_string:
                end = self._rest_of_string()
                if end < 0:
                    return
                self._place = end
            match = _TO_BRACKET.match(self._text, self._place)
            self._place = match.end() if match else self._place
            if self._place >= len(self._text):
                return
            bracket = self._text[self._place]
            if bracket == 0x22:  # a string that is not closed in what is held
                self._in_string = True
                self._place += 1
                continue
            if bracket in b"{[":
                yield from self._open()
            else:
                yield from self._close()

    def _rest_of_string(self) -> int:
        """The place after the closing quote, or -1 when it is not held yet."""
        match = _REST_OF_STRING.match(self._text, self._place)
        end = match.end() if match else self._place
        if end < len(self._text) and self._text[end] == 0x22:
            self._in_string = False
            return end + 1
        self._place = end  # a lone backslash at the end waits for its partner
        return -1

    def _open(self) -> Iterator[Found | Problem]:
        if self._depth == 0:
            if self._text[self._place] == 0x5B:  # an array at the top: its elements are studies
                self._place += 1
                return
            while len(self._text) - self._place < 4096 and (more := self._stream.read(CHUNK)):
                self._text += more  # enough to tell a page from a study
            yield from self._report_between(self._place)
            overlooked = _study_start(self._text, self._between, self._place)
            head = PAGE_HEAD.match(self._text, self._place)
            if overlooked >= 0:  # a stray quote had hidden it
                self._take_up(overlooked)
                return
            if head:
                self._place = self._between = head.end()
                return
            self._start = self._place
        self._depth += 1
        self._place += 1

    def _close(self) -> Iterator[Found | Problem]:
        self._place += 1
        if self._depth == 0:
            return  # the end of an array or a page
        self._depth -= 1
        if self._depth == 0:
            inner = _study_start(self._text, self._start + 1, self._place)
            end = (
                inner if inner >= 0 else self._place
            )  # a lost bracket or quote made two studies look like one
            self._last = self._text[self._start : end]
            yield Found(self._last, at(self._where, self._base + self._start))
            self._take_up(end)

    def _report_between(self, end: int) -> Iterator[Problem]:
        """Text between two studies: commas, brackets and page keys are expected; anything else is told."""
        between = self._text[self._between : end]
        if PAGE_TAIL.fullmatch(between) or PAGE_HEAD.fullmatch(between):
            return
        stray = between.strip(b" \t\r\n,[]{}")
        if stray:
            nct_id = known_nct_id(stray) or known_nct_id(
                self._last
            )  # what is cut off belongs to what stands before it
            place = at(self._where, self._base + self._between, nct_id=nct_id)
            yield Problem(Level.ERROR, "not-a-study", place, "text that is not a study", excerpt(stray))

    def _bound(self) -> Iterator[Found | Problem]:
        """Give up an object that grew beyond the limit; go on at the next thing that looks like a study."""
        if self._start < 0:
            if self._place - self._between > self._limits.study_bytes:
                yield from self._report_between(self._place)
                self._between = self._place
            return
        if len(self._text) - self._start <= self._limits.study_bytes:
            return
        again = _study_start(self._text, self._start + 1, len(self._text))
        if again >= 0:
            yield Found(self._text[self._start : again], at(self._where, self._base + self._start))
            self._take_up(again)
            return
        yield too_large(self._text[self._start :], at(self._where, self._base + self._start), self._limits)
        self._skipping = True
        self._place = self._between = max(self._start, len(self._text) - 64)
        self._start = -1

    def _resume(self) -> None:
        again = _study_start(self._text, self._place, len(self._text))
        if again >= 0:
            self._skipping = False
            self._take_up(again)
        else:
            self._place = self._between = max(self._place, len(self._text) - 64)

    def _take_up(self, place: int) -> None:
        self._place = self._between = place
        self._start, self._depth, self._in_string = -1, 0, False

    def _forget(self) -> None:
        """Drop the bytes that are done with."""
        done = self._start if self._start >= 0 else min(self._place, self._between)
        if done > 0:
            self._text = self._text[done:]
            self._base += done
            self._place -= done
            self._between -= done
            self._start = 0 if self._start >= 0 else -1

    def _finish(self) -> Iterator[Found | Problem]:
        if self._skipping:
            return
        if self._start >= 0:  # cut off in the middle
            yield Found(self._text[self._start :], at(self._where, self._base + self._start))
        else:
            yield from self._report_between(len(self._text))


def too_large(raw: bytes, where: Where, limits: Limits) -> Problem:
    """The problem of a study beyond the size limit."""
    message = f"larger than the limit of {limits.study_bytes:,} bytes for one study; skipped"
    return Problem(Level.ERROR, "too-large", where, message, excerpt(raw))


def salvage(found: Found) -> list[Found]:
    """The pieces of a damaged text, cut before everything that opens like a study; [] when there is nothing to cut."""
    starts = []
    start = _study_start(found.raw, 0, len(found.raw))
    while start >= 0:
        starts.append(start)
        start = _study_start(found.raw, start + 1, len(found.raw))
    if starts[:1] != [0]:
        starts.insert(0, 0)
    if len(starts) < 2:
        return []
    ends = [*starts[1:], len(found.raw)]
    base = found.where.position or 0
    pieces = []
    for start, end in zip(starts, ends, strict=True):
        text = found.raw[start:end].rstrip(b" \t\r\n,[]")
        if text.strip(b" \t\r\n,[]{}"):
            pieces.append(Found(text, at(found.where, base + start)))
    return pieces


def _study_start(text: bytes, start: int, end: int) -> int:
    """Where the next thing that opens like a study stands, or -1.

    It starts the text or follows a comma, a bracket, a brace or the end of a line: behind a colon it is an envelope's.
    """
    for match in STUDY_START.finditer(text, start, end):
        before = text[max(0, match.start() - 64) : match.start()].rstrip(b" \t\r")
        if match.start() == 0 or before[-1:] in (b",", b"[", b"\n", b"}"):
            return match.start()
    return -1


_NCT_ID = re.compile(rb'"(?:nctId|NCTId)"\s*:\s*"([Nn][Cc][Tt]\d{1,8})"|<nct_id>\s*(NCT\d{8})\s*</nct_id>')


def known_nct_id(raw: bytes) -> str:
    """The id that a damaged text names, or ""."""
    match = _NCT_ID.search(raw)
    if match is None:
        return ""
    return parse_nct_id((match[1] or match[2]).decode()) or ""
