"""The registry over HTTP: the paths, parameters, answers and errors of ClinicalTrials.gov's API v2, and the project's own."""
