"""Criteria in other people's forms: FHIR R5, CQL, OHDSI Circe. Each export says what it could not represent."""

from trialist.criteria.exports.circe import export_circe
from trialist.criteria.exports.cql import export_cql
from trialist.criteria.exports.exported import Exported, LeftOut
from trialist.criteria.exports.fhir import export_fhir

__all__ = ["Exported", "LeftOut", "export_circe", "export_cql", "export_fhir"]
