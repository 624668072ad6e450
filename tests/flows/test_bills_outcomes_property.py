"""Whatever a biller answers, how often and in what order: a payment ends once, as paid, as refunded, or as a break that is accounted for.

Random stories are told to real payments on a real database; then the biller answers what is still asked, its last word is its file of the
day, and answers that were told before are told again. Afterwards the rows, the ledger, the breaks and the biller's own books must agree
with each other. Each rule has a planted defect that breaks it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from bill_town import MONDAY, Town

from tapwealth.bills import entries, payment, store
from tapwealth.bills.biller import NotReceived, Paid, PaymentAnswer, Rejected, Unknown
from tapwealth.bills.payment import PaymentEvent, PaymentState
from tapwealth.bills.store import PaymentRow
from tapwealth.flows.bills import bill_lanes, bill_outcomes, billers
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.bill_outcomes import Told, hear, told
from tapwealth.flows.bills.paying import PayBill, Placing
from tapwealth.kernel.ids import seeded_random
from tapwealth.ledger.chart import Kind

ACCOUNT = "1234567890"
PAYMENTS, CHAPTERS, PRICE = 50, 7, 1_000
QUIET = 20
"""Payments of which nothing is told before the end."""
ANSWERS: tuple[PaymentAnswer, ...] = (Paid("E1"), Paid("E1"), Rejected("no"), Unknown("silence"), Unknown("silence"), NotReceived())


async def tell_a_story(place: Town, seed: int) -> None:
    """Pay, mark as sent, then let random things happen to random payments, with repetitions."""
    random = seeded_random(seed)
    person = await place.person("Wang", PAYMENTS * PRICE)
    for number in range(PAYMENTS):
        place.biller.owe(ACCOUNT, f"B{number}", PRICE)
    shown = await bills.inquire_bill(place.house, place.envelope(person), bills.InquireBill("BJPOWER", ACCOUNT))
    assert isinstance(shown, bills.BillsPresented)
    await place.pay(*(Placing(place.envelope(person), PayBill(UUID(one.bill), PRICE)) for one in shown.bills))
    for chapter in range(CHAPTERS):
        async with place.house.database.read() as tx:
            rows = await everything(tx)
        said = []
        for row in rows[QUIET:]:
            draw = random.random()
            if chapter and draw < 0.2:
                said.append(Told((row.book, row.id), PaymentEvent.GIVE_UP, "never received"))
            elif chapter and draw < 0.8:
                said.append(told((row.book, row.id), random.choice(ANSWERS)))
            else:
                said.append(Told((row.book, row.id), PaymentEvent.SEND))
        for _ in range(random.choice((1, 2))):
            await hear(place.house, said)


async def end_the_story(place: Town, seed: int) -> None:
    """The biller takes some of what is open, has never received some, and finds some of what was given back in its books. Then its file
    says so, twice, and every answer that was ever given may come once more."""
    random = seeded_random(seed + 1_000)
    async with place.house.database.read() as tx:
        rows = await everything(tx)
    for row in rows:
        drawn = random.random() < 0.5 if row.state not in (PaymentState.PAID, PaymentState.LATE_SUCCESS) else True
        if drawn:
            place.biller.paid[row.serial] = ("B", ACCOUNT, row.amount, place.biller.now)
    place.biller.loses = True
    place.biller.script.extend(Rejected("no") if random.random() < 0.05 else Unknown("silence") for _ in range(PAYMENTS * 10))
    await place.work("biller", bills.deliver, rounds=9)
    await place.cut(MONDAY)
    for _ in range(2):
        assert (await billers.compare_billers(place.house, MONDAY)).wrong == []
    for row in rows:
        if row.serial in place.biller.paid:
            await hear(place.house, [told((row.book, row.id), random.choice((Paid("E1"), Unknown("late"), NotReceived())))])


async def everything(tx: Any) -> list[PaymentRow]:
    rows = await tx.fetch("select book, id from bill_payment order by serial")
    return list((await store.payments(tx, [(row["book"], row["id"]) for row in rows])).values())


async def check(place: Town) -> dict[str, int]:
    """Every rule, for every payment; how many ended how."""
    async with place.house.database.read() as tx:
        rows = await everything(tx)
        posted = await tx.fetch("select reference, kind, amount from transfer where kind between 501 and 504")
        listed = await tx.fetch("select item, kind, amount, accounted from reconciliation_break where source = 'biller'")
        used = await tx.fetchval("select coalesce(sum(amount), 0)::bigint from payment_usage")
        words = await tx.fetchval("select count(*) from (select person, text_en, count(*) from notice group by 1, 2) n")
    for row in rows:
        check_by_the_billers_books(row, row.serial in place.biller.paid)
        check_payment(row, [one for one in posted if one["reference"] == row.id], [one for one in listed if one["item"] == row.serial])
    ended: dict[str, int] = {}
    for row in rows:
        ended[row.state.value] = ended.get(row.state.value, 0) + 1
    assert not set(ended) & set(OPEN), "somebody is still waiting"
    waiting, paid, late = (sum(ended.get(state, 0) for state in states) for states in (OPEN, ("paid",), ("late_success",)))
    assert await place.total(Kind.SUSPENSE) == PRICE * waiting
    assert await place.total(Kind.BILLER) == PRICE * (paid + late)
    assert await place.total(Kind.CUSTOMER_RECEIVABLE) == -PRICE * late
    assert await place.total(Kind.WALLET) == PRICE * (len(rows) - waiting - paid)
    assert used == PRICE * (waiting + paid)
    assert words > 0
    await place.all_books_balance()
    return ended


OPEN = ("prepared", "sent", "unknown")
EXPECTED = {
    PaymentState.PREPARED: [501],
    PaymentState.SENT: [501],
    PaymentState.UNKNOWN: [501],
    PaymentState.PAID: [501, 502],
    PaymentState.REJECTED: [501, 503],
    PaymentState.REFUNDED: [501, 503],
    PaymentState.LATE_SUCCESS: [501, 503, 504],
}
"""Kinds of entries by state: debited, paid, refunded, late success."""


def check_by_the_billers_books(row: PaymentRow, has_it: bool) -> None:
    """What the biller has is paid or a late success, what it has not went back; nothing is looked after any longer."""
    assert (row.state in (PaymentState.PAID, PaymentState.LATE_SUCCESS)) == has_it, row
    assert row.next_at is None
    assert (row.matched_on == MONDAY) == has_it


def check_payment(row: PaymentRow, posted: list[Any], listed: list[Any]) -> None:
    assert sorted(one["kind"] for one in posted) == EXPECTED[row.state], row
    assert {one["amount"] for one in posted} == {row.amount}
    late = [one for one in listed if one["kind"] == "late_success"]
    assert len(late) == (1 if row.state is PaymentState.LATE_SUCCESS else 0), row
    assert all(one["accounted"] and one["amount"] == row.amount for one in late)
    assert (row.settled_on is None) == (row.state.value in OPEN)


@pytest.mark.parametrize("seed", range(4))
async def test_every_payment_ends_once(place: Town, seed: int) -> None:
    await tell_a_story(place, seed)
    await end_the_story(place, seed)
    ended = await check(place)
    assert {"paid", "late_success"} <= set(ended), "the story was too short"
    assert ended.get("refunded", 0) + ended.get("rejected", 0) > 0


def _never_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    """The money moves, the row does not."""
    honest = store.save

    async def save(tx: Any, changed: list[PaymentRow]) -> None:
        await honest(tx, [row for row in changed if row.state is not PaymentState.PAID])

    monkeypatch.setattr(store, "save", save)


def _refunded_after_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rejection after the success is believed."""
    monkeypatch.setitem(payment._NEXT[PaymentState.PAID], PaymentEvent.REJECTED, PaymentState.REFUNDED)


def _two_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, and nothing in the ledger holds it back."""
    _refunded_after_all(monkeypatch)

    def refunded(money: Any, day: Any, actor: int) -> Any:
        return entries.refunded(money, day, actor)._replace(key=bill_outcomes.derived(money.id, "refund of its own"))

    monkeypatch.setitem(bill_outcomes._MAKE, PaymentState.REFUNDED, refunded)


def _no_break(monkeypatch: pytest.MonkeyPatch) -> None:
    """A late success that nobody is told of."""
    monkeypatch.setattr(bill_outcomes, "_break", lambda row, said: None)


def _late_success_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the biller finds later is ignored, its break is not."""
    monkeypatch.delitem(bill_outcomes._MAKE, PaymentState.LATE_SUCCESS)


def _usage_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refund that still counts against the yearly limit."""

    async def nothing(tx: Any, used: Any) -> None:
        return None

    monkeypatch.setattr(bill_outcomes, "compliance", SimpleNamespace(add_usage=nothing))


def _one_fen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refund that is one fen short."""
    monkeypatch.setitem(
        bill_outcomes._MAKE,
        PaymentState.REFUNDED,
        lambda money, day, actor: entries.refunded(replace(money, amount=money.amount - 1), day, actor),
    )


def _given_up_by_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is taken for a no."""
    monkeypatch.setitem(payment._NEXT[PaymentState.UNKNOWN], PaymentEvent.NO_ANSWER, PaymentState.REFUNDED)
    monkeypatch.delitem(bill_outcomes._MAKE, PaymentState.REFUNDED)


def _asked_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in doubt is put off for good."""
    monkeypatch.setattr(bill_outcomes, "pause_after", lambda asked: timedelta(days=365 * 200))


def _never_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the biller never received is sent again for ever."""
    monkeypatch.setattr(bill_lanes, "MOST_RESENT", 10**6)


def _file_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the biller's file names is compared, and not taken for paid."""

    async def nothing(*_: Any) -> list[PaymentRow]:
        return []

    monkeypatch.setattr(billers, "apply", nothing)


DEFECTS = (
    _given_up_by_silence,
    _asked_no_more,
    _never_given_up,
    _file_not_believed,
    _never_saved,
    _refunded_after_all,
    _two_keys,
    _no_break,
    _late_success_forgotten,
    _usage_kept,
    _one_fen,
)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda one: one.__name__)
async def test_a_planted_defect_is_caught(place: Town, monkeypatch: pytest.MonkeyPatch, defect: Callable[[Any], None]) -> None:
    """By the rules above, by the ledger, or by what the database checks of a row."""
    defect(monkeypatch)

    async def told_and_checked() -> None:
        await tell_a_story(place, 1)
        await end_the_story(place, 1)
        await check(place)

    with pytest.raises((AssertionError, asyncpg.CheckViolationError)):
        await told_and_checked()
