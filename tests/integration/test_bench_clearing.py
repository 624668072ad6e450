"""The benchmark of clearing, run small: what it reports is whole, every balance showed the day's order (else it stops), the audit holds."""

import json
from io import StringIO
from typing import Any

import pytest

from tapwealth.bench import clearing

EVERY_FIGURE = {
    *("name", "per_second", "slowest_round", "fastest_round", "p50_ms", "p99_ms", "seconds", "callers", "batch", "books", "holds", "chain"),
    *("history", "orders", "days", "processor_us", "memory_mb"),
}


def test_a_small_round_of_clearing_reports_rates_and_what_each_part_costs() -> None:
    out = StringIO()
    clearing.main(0, as_json=True, out=out, orders=(48,), rounds=2)
    told = json.loads(out.getvalue())
    (one,) = told["results"]
    assert one.keys() == EVERY_FIGURE
    assert (one["orders"], one["days"]) == (48, 2)
    assert one["per_second"] > 0
    assert 0 < one["p50_ms"] <= one["p99_ms"]
    assert {part: used.keys() for part, used in one["processor_us"].items()} == {name: {"platform", "database"} for name in clearing.PARTS}
    assert told["audit_holds"] is True


def test_a_day_that_the_balances_do_not_show_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read_and_forgotten(*_: Any) -> tuple[int, list[Any]]:
        return 0, []

    monkeypatch.setitem(clearing.TAKERS, "04", read_and_forgotten)
    with pytest.raises(AssertionError, match="the balance of holder 0 does not show its order"):
        clearing.main(0, as_json=True, out=StringIO(), orders=(16,), rounds=1)
