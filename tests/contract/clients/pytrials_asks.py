"""Run in the environment of pytrials: asks what its own tests ask, and prints what came back as JSON."""

import json
import sys

from pytrials.client import ClinicalTrials

ClinicalTrials._BASE_URL = sys.argv[1] + "/api/v2/"
client = ClinicalTrials()
asked = {"search_expr": "Coronavirus+COVID"}
full = client.get_full_studies(max_studies=50, fmt="json", **asked)
columns = ["NCT Number", "Conditions", "Study Title"]
pieces = ["NCTId", "Condition", "BriefTitle"]


def refusal(**more):
    """The kind of the exception that the client itself raises."""
    try:
        client.get_study_fields(max_studies=50, **asked, **more)
    except ValueError:
        return "ValueError"
    return None


sys.stdout.write(
    json.dumps(
        {
            "info": client.api_info,
            "said": repr(client),
            "first_keys": list(full["studies"][0]),
            "full": len(full["studies"]),
            "table": client.get_full_studies(max_studies=50, **asked),
            "hundred": len(client.get_full_studies(max_studies=100, **asked)),
            "columns": client.get_study_fields(fields=columns, max_studies=50, **asked),
            "pieces": client.get_study_fields(fields=pieces, max_studies=50, fmt="json", **asked),
            "every_column": client.get_study_fields(
                fields=client.study_fields["csv"], max_studies=3, **asked
            ),
            "every_piece": client.get_study_fields(
                fields=client.study_fields["json"], max_studies=3, fmt="json", **asked
            ),
            "unknown_field": refusal(fields=["NCTId", "No such field"], fmt="json"),
            "unknown_format": refusal(fields=pieces, fmt="xml"),
        }
    )
)
