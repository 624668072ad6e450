"""Our accounts at the bank against its statements: what only a statement tells is taken for its word, the rest is named, or accepted."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from bill_town import MONDAY, Town, town

from tapwealth.bank import store as bank
from tapwealth.bank.entries import Part
from tapwealth.bank.statement import StatementLine, booking_name, pack_lines
from tapwealth.flows import proof, setup
from tapwealth.flows.acceptance import ProposeAcceptance
from tapwealth.flows.bank import mirrors, payments, receipts
from tapwealth.flows.bank.payments import Outcome, Payment, Purpose
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.end_of_day import StepReport
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, Caller, Envelope, actor_number, moment
from tapwealth.flows.reports import standing
from tapwealth.kernel.ids import named
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.operators import OperatorRole

RESERVE = "0100000001"
TUESDAY = MONDAY + timedelta(days=1)
SUSPENSE = house_account(HOUSE_BOOK, Kind.SUSPENSE, Asset.CNY)


@pytest.fixture
async def place(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Town]:
    """500.00 came in on Monday and the bank told of it."""
    async with town(new_database(), tmp_path) as made:
        await receipts.receive(made.house, [Pushed("IN", RESERVE, 50_000, MONDAY, "Li", "")], ())
        yield made


def line(name: str, amount: int, day: date = MONDAY) -> StatementLine:
    return StatementLine(f"R{name}", name, amount, day, "", "Li", "text")


CAME_IN = line("IN", 50_000)


async def says(place: Town, opening: int, lines: Sequence[StatementLine], day: date = MONDAY) -> StepReport:
    """The bank's statement of the reserve, and what its proof finds."""
    closing = opening + sum(one.amount for one in lines)
    async with place.house.database.transaction() as tx:
        await bank.save_statement(tx, RESERVE, day, opening, closing, pack_lines(tuple(lines)), b"", (await moment(tx)).now)
    return await mirrors.prove_mirrors(place.house, day)


async def pays_out(place: Town, name: str, amount: int) -> None:
    """A payment from the reserve that the bank has not answered."""
    async with place.house.database.transaction() as tx:
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        parts = (Part(HOUSE_BOOK, amount, SUSPENSE),)
        one = Payment(named(at.now, 0, name), name, Purpose.MERCHANT_PAYOUT, RESERVE, "0200000004", "shop", MONDAY, parts)
        await payments.instruct(place.house, tx, at, MONDAY, actor, [one])


async def noted(place: Town, day: date = MONDAY) -> list[tuple[str, int, bool]]:
    """(kind, fen, accounted) of the day's breaks, without that the first 500.00 are nobody's."""
    async with place.house.database.read() as tx:
        found = await bank.breaks(tx, day)
    return sorted((one.kind, one.amount, one.accounted) for one in found if (one.kind, one.item) != ("unclaimed_receipt", "IN"))


async def test_a_payment_whose_answer_was_lost_is_executed_by_the_statement(place: Town) -> None:
    await pays_out(place, "OUT", 12_000)
    report = await says(place, 0, [CAME_IN, line("OUT", -12_000)])
    assert report.wrong == []
    assert report.figures[RESERVE]["ours"] == report.figures[RESERVE]["statement"] == 38_000
    assert (await place.total(Kind.CUSTOMER_RESERVE), await place.total(Kind.CUSTOMER_RESERVE_OUT)) == (-38_000, 0)
    assert await noted(place) == [("answer_missing", 0, True)]

    await payments.hear(place.house, [Outcome("OUT", True, MONDAY)])
    assert await place.total(Kind.CUSTOMER_RESERVE) == -38_000, "the answer came after all: nothing happens twice"
    assert (await says(place, 0, [CAME_IN, line("OUT", -12_000)])).wrong == []


async def test_a_payment_that_is_booked_with_a_fen_too_much_is_not_taken_at_its_word(place: Town) -> None:
    await pays_out(place, "OUT", 12_000)
    (wrong,) = (await says(place, 0, [CAME_IN, line("OUT", -12_001)])).wrong
    assert "OUT: the bank has -120.01, instructed were -120.00" in wrong
    assert await place.total(Kind.CUSTOMER_RESERVE_OUT) == 12_000, "it waits"


@pytest.mark.parametrize("name", ["SILENT", ""])
async def test_money_that_nobody_told_of_stands_in_suspense_and_is_noted(place: Town, name: str) -> None:
    """Without an end-to-end id it is called by the bank's reference, here as in a notice."""
    report = await says(place, 0, [CAME_IN, line(name, 1)])
    assert report.wrong == []
    assert await place.total(Kind.SUSPENSE) == 50_001
    assert await noted(place) == [("notice_missing", 1, True), ("unclaimed_receipt", 1, True)]
    told = Pushed(booking_name(RESERVE, name, MONDAY, "R" + name), RESERVE, 1, MONDAY, "Li", "")
    await receipts.receive(place.house, [told], ())
    assert await place.total(Kind.SUSPENSE) == 50_001, "told of after all, it is credited once"
    await place.all_books_balance()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "IN: here it is 500.00, the bank has not booked it"),
        ([line("IN", 49_999)], "IN: the bank has 499.99, here it is 500.00"),
        ([CAME_IN, line("IN", 50_000)], "IN: the bank booked it 2 times, together 1,000.00, here it is 500.00"),
        ([line("IN", 50_000, TUESDAY)], "IN: the bank dates it 2014-02-25"),
        ([CAME_IN, line("FEE", -100)], "FEE: the bank booked -1.00, unknown here"),
        ([CAME_IN, line("", -1)], "bank reference R of 0100000001 on 2014-02-24: the bank booked -0.01, unknown here"),
    ],
)
async def test_whatever_does_not_agree_is_named_and_posts_nothing(place: Town, lines: list[StatementLine], said: str) -> None:
    wrong = (await says(place, 0, lines)).wrong
    assert any(said in one for one in wrong), wrong
    assert await place.total(Kind.SUSPENSE) == 50_000


async def operator(place: Town, login: str) -> Caller:
    hashed = await operators.password_hash(Masked("a long enough password"))
    assert isinstance(hashed, str)
    async with place.house.database.transaction() as tx:
        at = await moment(tx)
        await operators.create(tx, place.house.random64, login, login, [OperatorRole.OPERATIONS], hashed, at.now)
    return Caller(ActorKind.OPERATOR, f"operator:{login}", "password")


def by(place: Town, caller: Caller) -> Envelope:
    place.keys_given += 1
    return Envelope(named(place.biller.now, 0, f"key {place.keys_given}"), caller, place.biller.now)


async def accepts(place: Town, proposer: Caller, approver: Caller, item: str, kind: str = "bank_has_more") -> Any:
    command = ProposeAcceptance(MONDAY, "bank", kind, item, "the bank charged it by mistake and gives it back")
    proposed = await setup.propose(place.house, by(place, proposer), command)
    assert not isinstance(proposed, Refusal), proposed
    async with place.house.database.read() as tx:
        waiting = {one.proposal: one for one in await standing.proposals(place.house, tx)}
    shown = waiting[proposed.proposal]
    assert (shown.kind, shown.content["item"], shown.proposed_by) == ("ProposeAcceptance", item, proposer.who.removeprefix("operator:"))
    return await setup.approve(place.house, by(place, approver), setup.Approve(proposed.proposal))


async def test_what_two_people_answer_for_lets_the_date_close_and_is_known_to_the_next_one(place: Town) -> None:
    chen, zhou = await operator(place, "ops.chen"), await operator(place, "ops.zhou")
    lines = [CAME_IN, line("FEE", -100)]
    assert len((await says(place, 0, lines)).wrong) == 1

    unknown = await accepts(place, chen, zhou, f"{RESERVE} FEES")
    assert isinstance(unknown, Refusal)
    assert unknown.text == f"there is no open break bank/bank_has_more of {RESERVE} FEES on 2014-02-24; look at the day's list"
    alone = await accepts(place, chen, chen, f"{RESERVE} FEE")
    assert isinstance(alone, Refusal)
    assert (await noted(place))[0][2] is False, "one person is not enough"
    assert await accepts(place, chen, zhou, f"{RESERVE} FEE") == setup.Approved("ProposeAcceptance")
    async with place.house.database.read() as tx:
        assert [one.content["item"] for one in await standing.proposals(place.house, tx)] == [f"{RESERVE} FEES", f"{RESERVE} FEE"], (
            "undecided"
        )
    assert (await says(place, 0, lines)).wrong == [], "the same break, proved again, stays accepted"
    assert len((await says(place, 0, [CAME_IN, line("FEE", -101)])).wrong) == 1, "another amount is another break"
    assert len((await says(place, 0, lines)).wrong) == 1, "and the first one is to be accepted anew"
    await accepts(place, chen, zhou, f"{RESERVE} FEE")
    assert (await says(place, 0, lines)).wrong == []

    assert (await says(place, 49_900, [], TUESDAY)).wrong == [], "the bank begins with 1.00 less, as is known"
    assert (await says(place, 49_900, [line("FEE", 100, TUESDAY)], TUESDAY)).wrong == [], "it comes back under its name"
    assert len((await says(place, 50_000, [], TUESDAY)).wrong) == 1, "an opening balance that forgets it is not explained"


async def test_an_acceptance_gives_its_reason(place: Town) -> None:
    chen = await operator(place, "ops.chen")
    with pytest.raises(BadInput, match="an acceptance needs its reason"):
        await setup.propose(place.house, by(place, chen), ProposeAcceptance(MONDAY, "bank", "bank_has_more", "x", "  "))


async def test_a_date_that_changed_after_its_proof_is_not_closed(place: Town) -> None:
    """A partner's word may come between the proof and the close: it is dated as the partner has it, and proved before the date is shut."""
    async with place.house.database.transaction() as tx:
        at = (await moment(tx)).now
        await tx.execute("insert into business_day (business_date, state, opened_at, cut_at) values ($1, 'cut', $2, $2)", MONDAY, at)
    assert (await says(place, 0, [CAME_IN])).wrong == []
    await receipts.receive(place.house, [Pushed("LATE", RESERVE, 7, MONDAY, "Li", "")], ())
    report = await proof.close(place.house, MONDAY)
    assert report.text == "2014-02-24 has changed since it was proved"
    assert report.wrong == [f"we_have_more of {RESERVE} LATE (-0.07); run the day's end again"]
    async with place.house.database.read() as tx:
        assert await tx.fetchval("select state from business_day") == "cut"
    assert (await says(place, 0, [CAME_IN, line("LATE", 7)])).wrong == []
    assert (await proof.close(place.house, MONDAY)).wrong == []
