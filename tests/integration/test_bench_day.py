"""The benchmark of a date's end, run small: what was due moved and nothing else (else it stops), and the audit holds."""

import json
from io import StringIO

import pytest

from tapwealth.bench import day
from tapwealth.flows.end_of_day import Step, StepReport

EVERY_FIGURE = {
    *("name", "per_second", "slowest_round", "fastest_round", "p50_ms", "p99_ms", "seconds", "callers", "batch", "books", "holds", "chain"),
    *("history", "people", "products", "dates", "entries", "postings", "processor_us"),
}


def test_a_small_day_reports_products_at_rest_and_postings_where_money_moves() -> None:
    out = StringIO()
    day.main(0, as_json=True, out=out, people=(100,), rounds=1)
    told = json.loads(out.getvalue())
    rest, moving = told["results"]
    assert (rest["products"], rest["dates"], rest["entries"], rest["postings"]) == (300, 1, 0, 0)
    assert moving["products"] == 300
    assert moving["entries"] >= 6, "three premiums and three deposits, and what carries them over"
    assert moving["postings"] > moving["entries"]
    for one in told["results"]:
        assert one.keys() == EVERY_FIGURE
        assert one["per_second"] > 0
    assert [one["name"].partition(":")[0] for one in told["yardsticks"]] == ["the ledger alone"]
    assert told["towns"]["100 people"]["audit_holds"] is True


def test_a_day_that_leaves_what_is_due_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def looked_away(*_: object) -> StepReport:
        return StepReport("nothing")

    monkeypatch.setattr(day, "STEPS", tuple(Step(one.name, looked_away if "mature" in one.name else one.run) for one in day.STEPS))
    with pytest.raises(AssertionError, match="3 entries on 2014-02-28 where 6 were due"):
        day.main(0, as_json=True, out=StringIO(), people=(100,), rounds=1)
