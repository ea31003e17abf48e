"""What a study is: the registry's own JSON, a field catalogue held as data, and typed reads of what code touches."""

from trialist.record.ages import Age, AgeUnit, parse_age
from trialist.record.check import check
from trialist.record.dates import PartialDate, parse_partial_date
from trialist.record.nct_id import parse_nct_id
from trialist.record.study import GeoPoint, Study
from trialist.record.unparsed import Unparsed

__all__ = [
    "Age",
    "AgeUnit",
    "GeoPoint",
    "PartialDate",
    "Study",
    "Unparsed",
    "check",
    "parse_age",
    "parse_nct_id",
    "parse_partial_date",
]
