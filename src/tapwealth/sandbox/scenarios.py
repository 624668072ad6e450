"""Named plans of faults: which message of which partner goes wrong.

`python -m tapwealth.sandbox.scenarios NAME [FIRST_DAY]` prints one as JSON.

`week` is what goes wrong in the ordinary played week: one payment at the biller whose answer never comes (it is found by inquiry), and one
that is said to have failed and turns out to have succeeded after the money was given back. The others are for a demonstration of what
happens then; each adds to the week's own.
"""

import json
import sys
from datetime import date, timedelta
from typing import Any

from tapwealth.kernel.clock import iso, shanghai

FIRST_DAY = date(2014, 2, 24)
_FOUND_PAID_AFTER = timedelta(days=5)


def week(first_day: date) -> dict[str, list[dict[str, Any]]]:
    """What goes wrong in any week; the failed payment is found to have succeeded on the sixth day."""
    found = iso(shanghai(first_day + _FOUND_PAID_AFTER, 10))
    return {
        "biller": [
            {"message": "pay", "nth": 2, "fault": "silent"},
            {"message": "pay", "nth": 3, "fault": "late_success", "until": found},
        ],
    }


def _first_item(fault: str) -> dict[str, list[dict[str, Any]]]:
    """The network errs in the first sale that it is presented."""
    return {"network": [{"message": "item", "nth": 1, "fault": fault}]}


SCENARIOS: dict[str, dict[str, list[dict[str, Any]]]] = {
    "week": {},
    "bank-loses-one": {"bank": [{"message": "pain.001 CUS-996-", "nth": 1, "fault": "lose"}]},
    "registrar-short-file": {"registrar": [{"message": "05", "nth": 5, "fault": "short_file"}]},
    "biller-silent": {"biller": [{"message": "pay", "nth": 0, "fault": "silent_unprocessed"}]},
    "network-lower": _first_item("lower"),
    "network-higher": _first_item("higher"),
    "network-too-high": _first_item("too_high"),
    "network-doubled": _first_item("double"),
    "network-missing": _first_item("lose"),
    "network-late": _first_item("delay"),
    "network-never-authorised": _first_item("never_authorised"),
    "network-unasked-refund": _first_item("unasked_refund"),
    "network-torn-file": {"network": [{"message": "clearing", "nth": 1, "fault": "torn_file"}]},
    "network-wrong-total": {"network": [{"message": "clearing", "nth": 1, "fault": "wrong_total"}]},
    "network-silent": {"network": [{"message": "clearing_request", "nth": 0, "fault": "silent"}]},
}


def plan(name: str, first_day: date = FIRST_DAY) -> dict[str, dict[str, Any]]:
    """By partner: the body of `POST /admin/faults`. A scenario's plan for a partner takes the place of the week's. KeyError if unknown."""
    return {partner: {"faults": faults} for partner, faults in {**week(first_day), **SCENARIOS[name]}.items()}


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in SCENARIOS:
        sys.stderr.write(f"{' '.join(sys.argv[1:2])}: there is no such fault; there are {', '.join(sorted(SCENARIOS))}\n")
        raise SystemExit(2)
    sys.stdout.write(json.dumps(plan(sys.argv[1], date.fromisoformat(sys.argv[2]) if len(sys.argv) == 3 else FIRST_DAY)))
