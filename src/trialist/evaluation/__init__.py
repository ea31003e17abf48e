"""Criteria and patients brought together: three-valued truth, and the calculators that criteria name."""
