"""The benchmark of raises, run small: what it reports is whole; a raise that was not sold by arrival is not counted."""

import json
from collections.abc import Sequence
from io import StringIO
from typing import Any

import pytest

from tapwealth.bench import raising
from tapwealth.funds import raising as rules


def test_a_small_raise_reports_how_long_it_took_and_that_it_was_sold_by_arrival() -> None:
    out = StringIO()
    raising.main(0, as_json=True, out=out, buyers=(64,), rounds=2)
    told = json.loads(out.getvalue())
    one, back = told["results"]
    assert one["buyers"] == 64
    assert 0 < one["sold_out_after_s"] <= one["all_answered_after_s"]
    assert one["processor_us"].keys() == {"platform", "database"}
    assert one["slowest_round"] <= one["per_second"] <= one["fastest_round"]
    assert (back["given_back_to"], back["p50_ms"]) == (59, back["seconds"] * 1_000)
    assert back["parts"].keys() == {"020 sent", "120 taken", "149 taken", "money back", "interest came", "interest back"}
    assert 0 < back["parts"]["149 taken"]["longest_transaction_s"] <= back["parts"]["149 taken"]["seconds"]
    assert (told["audit_holds"], told["sold_by_arrival"], told["yardsticks"]) == (True, True, [])


def test_a_raise_in_which_the_smaller_passes_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    sell = rules.sell

    def smallest_first(offering: Any, before: Any, arrivals: Sequence[Any]) -> list[Any]:
        order = sorted(range(len(arrivals)), key=lambda place: arrivals[place].amount)
        answers = dict(zip(order, sell(offering, before, [arrivals[place] for place in order]), strict=True))
        return [answers[place] for place in range(len(arrivals))]

    monkeypatch.setattr(rules, "sell", smallest_first)
    with pytest.raises(AssertionError, match="in the order of arrival"):
        raising.main(0, as_json=True, out=StringIO(), buyers=(16,), rounds=1)
