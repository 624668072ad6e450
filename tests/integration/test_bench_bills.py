"""The benchmark of bills, run small: what it reports is whole, every payment ended as paid (else it stops), and the audit holds."""

import json
from io import StringIO

from tapwealth.bench import bills


def test_a_small_round_of_payments_and_a_small_storm_report_rates_and_waits() -> None:
    out = StringIO()
    bills.main(1, as_json=True, out=out, people=64, callers=(4, 8), rounds=1, unknown=300, answers_after_ms=20)
    told = json.loads(out.getvalue())
    names = [one["name"] for one in told["results"]]
    assert names == [
        "4 in flight, a biller that answers in 20 ms",
        "8 in flight, a biller that answers in 20 ms",
        "64 customers of another biller, before",
        "64 customers of another biller, meanwhile",
        "300 payments in doubt, until none is",
    ]
    (yardstick,) = told["yardsticks"]
    assert yardstick["name"] == "8 in flight, the biller asked and nothing else"
    for one in (*told["results"][:4], yardstick):
        assert one["per_second"] > 0
        assert 20 <= one["p50_ms"] <= one["p99_ms"], "no payment is over before its biller has answered"
    for one in (*told["results"][:2], yardstick):
        assert one["processor_us"].keys() == {"platform", "database", "biller"}
    assert told["results"][4]["per_second"] > 0
    assert told["ended"].keys() == {"paid"}
    assert told["ended"]["paid"] > 300
    assert told["audit_holds"] is True
