"""The benchmark of income, run small: what it reports is whole, every balance showed the day's income (else it stops), the audit holds."""

import json
from io import StringIO
from typing import Any

import pytest

from tapwealth.bench import income

EVERY_FIGURE = {
    *("name", "per_second", "slowest_round", "fastest_round", "p50_ms", "p99_ms", "seconds", "callers", "batch", "books", "holds", "chain"),
    *("history", "holders", "days", "processor_us"),
}


def test_a_small_round_of_income_reports_rates_floors_and_what_it_costs() -> None:
    out = StringIO()
    income.main(0, as_json=True, out=out, holders=(48,), rounds=2)
    told = json.loads(out.getvalue())
    assert [(one["holders"], one["days"]) for one in told["results"]] == [(48, 2)]
    assert [one["name"].partition(",")[0] for one in told["yardsticks"]] == [
        "floor: UPDATE in place",
        "floor: INSERT … SELECT into a table with its key",
    ]
    for one in (*told["results"], *told["yardsticks"]):
        assert one.keys() == EVERY_FIGURE
        assert one["per_second"] > 0
        assert 0 < one["p50_ms"] <= one["p99_ms"]
        assert one["processor_us"].keys() == {"platform", "database"}
    town = told["towns"]["48 holders"]
    assert town["audit_holds"] is True
    assert town["closing_a_date_us_per_holder"] > 0


def test_a_day_that_the_balances_do_not_show_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read_and_forgotten(*_: Any) -> tuple[int, list[Any]]:
        return 0, []

    monkeypatch.setitem(income.TAKERS, "06", read_and_forgotten)
    with pytest.raises(AssertionError, match="the balance of holder 0 does not show its income"):
        income.main(0, as_json=True, out=StringIO(), holders=(16,), rounds=1)
