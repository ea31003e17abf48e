"""Run in the environment of biomcp-python: searches and studies as its tools ask for them; prints JSON."""

import asyncio
import json
import sys

from biomcp import constants
from biomcp.trials import getter, search

base = sys.argv[1] + "/api/v2/studies"
constants.CLINICAL_TRIALS_BASE_URL = search.CLINICAL_TRIALS_BASE_URL = getter.CLINICAL_TRIALS_BASE_URL = base


async def ask():
    """Every way in which the client asks."""
    queries = {
        "conditions": search.TrialQuery(conditions=["gvhd"]),
        "recruiting": search.TrialQuery(
            conditions=["gvhd"], recruiting_status=search.RecruitingStatus.OPEN, study_type="INTERVENTIONAL"
        ),
        "phase": search.TrialQuery(conditions=["gvhd"], phase=search.TrialPhase.PHASE2),
        "place": search.TrialQuery(conditions=["gvhd"], lat=48.1, long=11.6, distance=300),
        "ids": search.TrialQuery(nct_ids=[sys.argv[2]]),
    }
    found = {
        name: json.loads(await search.search_trials(query, output_json=True))
        for name, query in queries.items()
    }
    for module in getter.Module:
        found[module.value] = json.loads(await getter.get_trial(sys.argv[2], module, output_json=True))
    found["unknown"] = json.loads(await getter.get_trial("NCT00000001", getter.Module.ALL, output_json=True))
    return found


sys.stdout.write(json.dumps(asyncio.run(ask())))
