"""`tapwealth deposit`: what it asks the platform, and what it prints."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from tapwealth.cli import deposit_app
from tapwealth.cli.deposit_app import deposit

VIEWS: dict[str, Any] = {
    "deposits": [{"deposit": "d1", "name_en": "Fixed term", "amount": 1_000_00, "interest_today": 35, "due": "2014-05-24"}],
    "deposit/d1": {
        "happened": [{"day": "2014-02-24", "event_en": "opened", "amount": 1_000_00, "interest": 0, "balance": 1_000_00}],
        "notices": [{"notice": "n1", "amount": 500_00, "day": "2014-03-03"}],
    },
    "deposit_insurance": [
        {
            "bank": "313100000013",
            "principal": 600_000_00,
            "interest": 1_00,
            "limit": 500_000_00,
            "insured": 500_000_00,
            "beyond": 100_001_00,
        }
    ],
}
ANSWERS: dict[str, Any] = {
    "open_deposit": {"deposit": "d2", "amount": 1_000_00, "rate": 28_500, "first": "2014-02-24", "due": "2014-05-24"},
    "instruct_deposit": {"deposit": "d1", "at_maturity": "renew", "due": "2014-05-24"},
    "pay_into_deposit": {"amount": 1_00, "balance": 3_00},
    "give_deposit_notice": {"notice": "n1", "amount": 50_000_00, "day": "2014-03-03"},
    "cancel_deposit_notice": {"notice": "n1"},
    "withdraw_deposit": {"principal": 1_00, "interest": 2, "left": 0},
}
PRINTED = {
    ("list",): "d1  Fixed term  1,000.00, today 0.35 of interest, due 2014-05-24\n",
    ("show", "d1"): "2014-02-24  opened  1,000.00, interest 0.00, then 1,000.00\nnotice n1: 500.00 on 2014-03-03\n",
    ("insurance",): ("bank 313100000013: 600,000.00 and 1.00 of interest; insured 500,000.00 of at most 500,000.00, beyond 100,001.00\n"),
    ("open", "FIXED", "1000", "--term", "3m", "--agree"): "deposit d2: 1,000.00 at 2.85% a year from 2014-02-24 to 2014-05-24\n",
    ("when-due", "d1", "renew"): "when it is due, on 2014-05-24: renew\n",
    ("pay-in", "d1", "1.00"): "1.00 paid in; 3.00 is in it\n",
    ("give-notice", "d1", "50000"): "notice n1: take 50,000.00 out on 2014-03-03\n",
    ("cancel-notice", "n1"): "notice n1 is cancelled\n",
    ("withdraw", "d1"): "1.00 and 0.02 of interest are in the wallet; 0.00 is left\n",
}
GIVEN = {
    "open_deposit": {"product": "FIXED", "amount": 1_000_00, "confirmed": ["terms"], "term": "3m", "at_maturity": "pay"},
    "instruct_deposit": {"deposit": "d1", "at_maturity": "renew"},
    "pay_into_deposit": {"deposit": "d1", "amount": 1_00},
    "give_deposit_notice": {"deposit": "d1", "amount": 50_000_00},
    "cancel_deposit_notice": {"notice": "n1"},
    "withdraw_deposit": {"deposit": "d1", "amount": None},
}


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    asked: dict[str, Any] = {}

    def give(_data: object, _token: str, name: str, body: Any) -> Any:
        asked[name] = body
        return ANSWERS[name]

    monkeypatch.setattr(deposit_app, "give", give)
    monkeypatch.setattr(deposit_app, "see", lambda _data, _token, path: VIEWS[path])
    return asked


@pytest.mark.parametrize("words", PRINTED)
def test_a_line_for_people_and_data_for_programs(words: tuple[str, ...], given: dict[str, Any]) -> None:
    said = CliRunner().invoke(deposit, [*words, "--token", "t"])
    assert (said.exit_code, said.output) == (0, PRINTED[words])
    assert all(GIVEN[name] == body for name, body in given.items())
    as_data = CliRunner().invoke(deposit, [*words, "--token", "t", "--json"])
    assert json.loads(as_data.output) in [*VIEWS.values(), *ANSWERS.values()]
