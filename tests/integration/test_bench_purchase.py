"""The benchmark of purchases, run small: what it reports is whole, every answer was a placed order (else it stops), and the audit holds."""

import json
from io import StringIO

from tapwealth.bench import purchase

EVERY_FIGURE = {
    *("name", "per_second", "slowest_round", "fastest_round", "p50_ms", "p99_ms", "seconds", "callers", "batch", "books", "holds", "chain"),
    *("history", "holders", "processor_us"),
}


def test_a_small_round_of_purchases_reports_rates_waits_and_processor() -> None:
    out = StringIO()
    purchase.main(1, as_json=True, out=out, people=(64, 32), callers=(4, 8), rounds=1, many=3)
    told = json.loads(out.getvalue())
    assert [(one["holders"], one["callers"]) for one in told["results"]] == [(64, 4), (64, 8), (64, 8), (32, 8)]
    assert [one["history"].partition(",")[0] for one in told["results"]] == [f"{count} orders a holder" for count in (1, 1, 3, 1)]
    (yardstick,) = told["yardsticks"]
    assert yardstick["name"] == "4 in flight, read, token looked at, answered at once"
    for one in (*told["results"], yardstick):
        assert one.keys() == EVERY_FIGURE
        assert one["per_second"] > 0
        assert 0 < one["p50_ms"] <= one["p99_ms"]
        assert one["processor_us"].keys() == {"platform", "database", "load"}
    assert {name.partition(":")[0] for name in told["parts_us"]} == {"edge", "purchase"}
    assert told["audit_holds"] == {"64 holders": True, "64 holders, 3 earlier orders each": True, "32 holders": True}
