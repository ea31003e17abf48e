"""Distances on the earth, in metres."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_METRES = 6_371_008.8
"""The mean radius of the earth, (2a + b) / 3 of the ellipsoid GRS 80 (Moritz, Journal of Geodesy 74, 2000)."""


def distance_metres(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """The great-circle distance in metres between two points in degrees, north and east positive.

    The haversine formula on a sphere of `EARTH_RADIUS_METRES`, in double precision, exact to a millimetre for near
    points too (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984). Against the ellipsoid it errs by
    up to half a per cent.
    """
    phi1, phi2 = radians(lat1), radians(lat2)
    across = sin((phi2 - phi1) / 2) ** 2 + cos(phi1) * cos(phi2) * sin(radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_METRES * asin(min(1.0, sqrt(across)))
