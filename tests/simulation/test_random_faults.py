"""Any fault of a message of any partner: the date closes with its accounted break, or stays cut and says why, or nothing has come of it.

Never does a date close in silence on something that came out otherwise. Whether it did is found by comparing with the same days played
without the fault: the figures, the partners' books, the files sent.
"""

import asyncio
import random
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from played_week import Outcome, differences, play_week, theatre_folder

from tapwealth.sandbox.scenarios import plan

_HTTP = ("silent", "silent_unprocessed", "error")
_ANSWER = ("other_customer", "garbage", "slow")
_FILE = ("lose", "delay", "short_file", "double", "one_fen", "wrong_day")
KNOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "bank": {
        "pain.001": (*_HTTP, "lose", "double", "one_fen", "wrong_day", "delay"),
        "pain.008": (*_HTTP, "lose", "double", "one_fen", "wrong_day", "delay"),
        "transfer": ("lose", "double", "one_fen", "wrong_day", "delay"),
        "pain.002": ("lose", "delay", "double"),
        "camt.054": ("lose", "delay", "double", "one_fen", "wrong_day"),
        "camt.053": (*_FILE, "error", "silent"),
    },
    "registrar": {
        **dict.fromkeys(("02", "04", "05", "06", "07"), _FILE),
        "redemption_payment": ("lose", "delay", "double", "one_fen", "wrong_day"),
    },
    "biller": {
        "inquire": (*_HTTP, *_ANSWER, "double"),
        "pay": (*_HTTP, *_ANSWER, "double", "lose", "late_success", "one_fen"),
        "payment_inquiry": (*_HTTP, *_ANSWER, "no_lookup"),
        "day_end": _FILE,
        "day_end_request": _HTTP,
    },
    "insurer": {
        "issue": _HTTP,
        "cancel": _HTTP,
        "inquiry": _HTTP,
        "bordereau": _FILE,
        "bordereau_request": _HTTP,
        "refund": ("lose", "double", "delay", "one_fen"),
    },
    "identity": {"verify": _HTTP, "inquiry": _HTTP},
}
"""Which faults each message of each partner knows: docs/reference."""
DAYS, MANY_DAYS = 2, 6
_HOLDERS = re.compile(r"^[0-9]+ (?=holders' income)")


class Case(NamedTuple):
    """The fault that befalls message number `nth` of its kind."""

    partner: str
    message: str
    nth: int
    fault: str


def case_of(seed: int, partners: tuple[str, ...] = tuple(KNOWN)) -> Case:
    draw = random.Random(seed)
    partner = draw.choice(partners)
    message = draw.choice(sorted(KNOWN[partner]))
    return Case(partner, message, draw.randint(1, 6), draw.choice(KNOWN[partner][message]))


def played(days: int, case: Case | None = None) -> Outcome:
    faults = plan("week")
    if case is not None:
        one = {"message": case.message, "nth": case.nth, "fault": case.fault}
        faults[case.partner] = {"faults": [one, *faults.get(case.partner, {}).get("faults", [])]}
    with theatre_folder() as folder:
        return asyncio.run(play_week(folder, days, faults=faults, patience=15))


def said(outcome: Outcome) -> set[str]:
    """Everything by which somebody learns that something is wrong."""
    doubts = {f"{day['business_date']} in doubt: {one}" for day in outcome.figures["days"] for one in day["in_doubt"]}
    return {*outcome.unproved, *outcome.otherwise, *(one["text"] for one in outcome.breaks), *doubts}


def told(outcome: Outcome, *, short: bool) -> dict[str, Any]:
    """What came of it. Left out are how often a file was sent, since a second time changes nothing, and in which order a customer's lines
    of one instant stand: a biller that was silent once is asked after the others. `short`: a file may have left out a holder to whom it had
    nothing to say, so that only its digest and the number of holders tell."""
    whole = outcome.comparable()
    figures, stores = whole["figures"], whole["stores"]
    less = {"times_sent", *({"digest"} if short else ())}
    files = [{name: value for name, value in one.items() if name not in less} for one in stores["registrar"]["files"]]
    customers = [{**one, "statement": _by_instant(one["statement"])} for one in figures["customers"]]
    figures = {**figures, "customers": customers}
    if short:
        days = [{**day, "income": {**(day["income"] or {}), "holders": None}} for day in figures["days"]]
        proofs = [{**one, "text": _HOLDERS.sub("", one["text"])} for one in figures["proofs"]]
        figures = {**figures, "days": days, "proofs": proofs}
    return {**whole, "figures": figures, "stores": {**stores, "registrar": {**stores["registrar"], "files": files}}}


def _by_instant(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without running balances: what somebody has in the end stands beside the statement."""
    made = [{name: value for name, value in one.items() if name != "balance"} for one in lines]
    return sorted(made, key=lambda one: (one["date"], one["time"], one["text_en"], one["account"], one["amount"]))


def check(case: Case, undisturbed: Outcome, outcome: Outcome) -> None:
    """Never a silent pass."""
    assert outcome.audit["clean"]
    states = [day["state"] for day in outcome.figures["days"]]
    assert states[-1] in ("closed", "cut", "open"), states
    assert ("cut" in states) is bool(outcome.unproved), (case, states, outcome.unproved)
    assert not any(one for day in outcome.figures["days"] if day["state"] == "closed" for one in day["breaks"] if not one["accounted"])
    if not said(outcome) - said(undisturbed):
        short = case.fault == "short_file"
        assert not differences(told(undisturbed, short=short), told(outcome, short=short)), f"{case} passed in silence"


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (1, 2))])
def test_a_fault_of_a_message_is_never_passed_over_in_silence(unkilled: Callable[[int], Outcome], seed: int) -> None:
    case = case_of(seed, ("bank", "registrar", "biller"))
    check(case, unkilled(DAYS), played(DAYS, case))


WRONG_ANSWERS = [Case("biller", message, 1, fault) for message in ("inquire", "pay") for fault in (*_ANSWER, "double")]


@pytest.mark.soak
@pytest.mark.parametrize("case", WRONG_ANSWERS)
def test_a_billers_answer_gone_wrong_is_never_passed_over_in_silence(unkilled: Callable[[int], Outcome], case: Case) -> None:
    check(case, unkilled(DAYS), played(DAYS, case))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_faults_are_never_passed_over_in_silence(unkilled: Callable[[int], Outcome], seed: int) -> None:
    case = case_of(seed)
    check(case, unkilled(MANY_DAYS), played(MANY_DAYS, case))
