"""Where the reader's device says it is → the name of a town. Only the name gets into an address."""

from __future__ import annotations

import orjson
from starlette.responses import Response

from trialist.errors import InvalidParameterError
from trialist.pages.asked import Asked
from trialist.record.study import GeoPoint
from trialist.vocabulary.places import nearest_place


def near_me(asked: Asked) -> Response:
    """`POST /near`: `lat` and `lon` in degrees → the nearest town that the search understands, null for none."""
    try:
        point = GeoPoint(float(asked.text("lat")), float(asked.text("lon")))
    except ValueError:
        raise InvalidParameterError("this is no place on the earth") from None
    found = nearest_place(point.lat, point.lon)
    body = orjson.dumps({"place": None if found is None else found.label})
    return Response(body, 200, {"content-type": "application/json"})
