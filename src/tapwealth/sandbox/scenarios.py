"""Named plans of faults: which message of which partner goes wrong. `python -m tapwealth.sandbox.scenarios NAME` prints one as JSON.

`week` is what goes wrong in the ordinary played week: one payment at the biller whose answer never comes (it is found by inquiry), and one
that is said to have failed and turns out to have succeeded after the money was given back. The others are for a demonstration of what
happens then; each adds to the week's own.
"""

import json
import sys
from typing import Any

WEEK: dict[str, list[dict[str, Any]]] = {
    "biller": [
        {"message": "pay", "nth": 2, "fault": "silent"},
        {"message": "pay", "nth": 3, "fault": "late_success", "until": "2014-03-01T02:00:00Z"},
    ],
}

SCENARIOS: dict[str, dict[str, list[dict[str, Any]]]] = {
    "week": {},
    "bank-loses-one": {"bank": [{"message": "pain.001", "nth": 6, "fault": "lose"}]},
    "registrar-short-file": {"registrar": [{"message": "05", "nth": 5, "fault": "short_file"}]},
    "biller-silent": {"biller": [{"message": "pay", "nth": 0, "fault": "silent"}]},
}


def plan(name: str) -> dict[str, dict[str, Any]]:
    """By partner: the body of `POST /admin/faults`. A scenario's plan for a partner takes the place of the week's. KeyError if unknown."""
    return {partner: {"faults": faults} for partner, faults in {**WEEK, **SCENARIOS[name]}.items()}


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in SCENARIOS:
        sys.stderr.write(f"there is no such fault; there are {', '.join(sorted(SCENARIOS))}\n")
        raise SystemExit(2)
    sys.stdout.write(json.dumps(plan(sys.argv[1])))
