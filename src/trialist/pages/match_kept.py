"""What was told of a patient as one text, for the form of the next post, and back. It stands in that form and nowhere else."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from trialist.errors import InvalidParameterError, LimitExceededError
from trialist.patient.form_schema import parts, top
from trialist.registry.intake import Told

_EXPANDS = 8
"""A kept text stands for at most so many times the bytes that a post may have."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked beside the patient, as it was typed. `day` "" is today; `condition` "" the patient's own."""

    trial: str = ""
    day: str = ""
    policy: str = "strict"
    condition: str = ""
    near: str = ""
    within: str = ""


def pack(told: Told, question: Question) -> str:
    """Both as one text of letters, digits, - and _."""
    said = {"told": {**asdict(told), "form": dict(told.form)}, "question": asdict(question)}
    return base64.urlsafe_b64encode(zlib.compress(orjson.dumps(said))).decode()


def unpack(text: str, most_bytes: int) -> tuple[Told, Question]:
    """Both again; `InvalidParameterError` for a text that is none, `LimitExceededError` for one that stands for too much."""
    try:
        packed = zlib.decompressobj()
        raw = packed.decompress(base64.urlsafe_b64decode(text), most_bytes * _EXPANDS)
        if packed.unconsumed_tail:
            raise LimitExceededError("this form is too long")
        if not packed.eof:
            raise ValueError("it breaks off")
        return _read(orjson.loads(raw))
    except (binascii.Error, zlib.error, ValueError, KeyError, TypeError):
        raise InvalidParameterError(
            "this form arrived damaged", hint="Go back to the page before, and try again."
        ) from None


def _read(said: Any) -> tuple[Told, Question]:
    told, question = said["told"], said["question"]
    texts = {**{name: one for name, one in told.items() if name != "form"}, **question}
    if not all(isinstance(one, str) for one in texts.values()):
        raise TypeError
    return Told(**{**told, "form": _form(told["form"])}), Question(**question)


def _form(form: Mapping[str, Any]) -> dict[str, Any]:
    """A form of nothing but its own keys, items and texts."""
    found: dict[str, Any] = {}
    for name, said in form.items():
        if name in top() and isinstance(said, str):
            found[name] = said
        elif name in parts() and isinstance(said, list):
            known = parts()[name].keys
            for item in said:
                if not isinstance(item, dict) or not all(
                    key in known and isinstance(one, str) for key, one in item.items()
                ):
                    raise TypeError
            found[name] = said
        elif name == "allergies" and said == "none":
            found[name] = said
        else:
            raise KeyError(name)
    return found
