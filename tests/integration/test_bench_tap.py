"""The benchmark of taps, run small: what it reports is whole, and every answer was the right one (else it stops)."""

import json
from io import StringIO

from tapwealth.bench import tap

EVERY_FIGURE = {
    *("name", "per_second", "slowest_round", "fastest_round", "p50_ms", "p99_ms", "seconds", "callers", "batch", "books", "holds", "chain"),
    *("history", "mix", "cards", "processor_us"),
}


def test_a_small_round_of_taps_reports_rates_waits_shares_and_processor() -> None:
    out = StringIO()
    tap.main(1, as_json=True, out=out, people=(64,), rounds=1)
    told = json.loads(out.getvalue())
    assert [(one["mix"], one["callers"]) for one in told["results"]] == [
        ("wallet", 1),
        ("wallet and fund", 8),
        ("wrong cryptogram", 8),
        ("no money", 8),
    ]
    for one in (*told["results"], *told["yardsticks"]):
        assert one.keys() == EVERY_FIGURE
        assert one["per_second"] > 0
        assert 0 < one["p50_ms"] <= one["p99_ms"]
        assert one["processor_us"].keys() == {"host", "database", "load"}
    (yardstick,) = told["yardsticks"]
    assert yardstick["name"] == "8 in flight, read, code checked, answered at once"
    assert all(microseconds > 0 for microseconds in told["parts_us"].values())
