"""Whatever billers, banks, customers and killed workers do: autopay is never over its ceiling, never twice for a bill, never without its
notice, and every debit ends paid, given back, or as a break that is named, with the money accounted for.

Random fortnights are played on a real database with two workers at once (`autopay_town`); then rows, ledger, biller's and bank's books must
agree. Each rule has a planted defect that breaks it.
"""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import pytest
from autopay_town import IN_FUND, IN_WALLET, AutopayTown, MoodyBiller, autopay_town
from structlog.testing import capture_logs

from tapwealth.bank import store as bank_store
from tapwealth.bills import autopay_store, store
from tapwealth.bills.autopay import Autopay, BillState, Step, next_step
from tapwealth.bills.biller import Unknown
from tapwealth.bills.payment import PaymentState
from tapwealth.bills.store import BillRow, PaymentRow
from tapwealth.flows.bills import autopay_days
from tapwealth.ledger.audit import audit_snapshot
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.postgres import PostgresLedger

DAY = timedelta(days=1)
GIVEN_BACK = (PaymentState.REJECTED, PaymentState.REFUNDED)
_TOLD = re.compile(r"账单 ([\d.]+) 元将于 (\d\d)-(\d\d) 自动缴费")


class Seen(NamedTuple):
    """What a fortnight left behind."""

    agreements: dict[UUID, Autopay]
    attempts: list[Any]
    bills: dict[UUID, BillRow]
    payments: dict[UUID, PaymentRow]
    by_autopay: set[UUID]
    notices: dict[UUID, str]
    debits: list[tuple[Any, str]]
    breaks: list[Any]


async def seen_in(town: AutopayTown) -> Seen:
    async with town.place.house.database.read() as tx:
        people = [one.person for one in town.people]
        agreements = {of.id: of for one in people for of in await autopay_store.autopays_of(tx, one.book, one.id)}
        attempts = await tx.fetch("select * from autopay_attempt order by at, id")
        bills = await store.bills(tx, [(row["book"], row["id"]) for row in await tx.fetch("select book, id from bill")])
        made = await store.payments(tx, [(row["book"], row["id"]) for row in await tx.fetch("select book, id from bill_payment")])
        notices = {row["id"]: row["text_zh"] for row in await tx.fetch("select id, text_zh from notice")}
        debits = await tx.fetch("select * from autopay_debit order by day, name")
        known = await bank_store.by_end_to_end(tx, [row["name"] for row in debits])
        breaks = await tx.fetch("select item, kind, amount, accounted from reconciliation_break where source = 'biller'")
    payments = {row.id: row for row in made.values()}
    return Seen(
        agreements, attempts, {row.id: row for row in bills.values()}, payments,
        {row["payment"] for row in attempts if row["payment"]}, notices, [(row, known[row["name"]].state) for row in debits], breaks,
    )  # fmt: skip


async def check(town: AutopayTown, faults: list[str]) -> Counter[str]:
    """Every rule; what was seen how often."""
    assert faults == [], faults
    seen = await seen_in(town)
    for row in seen.attempts:
        check_ceiling(seen, row)
        check_notice(town, seen, row)
    for bill in seen.bills.values():
        check_once(town, seen, bill)
    check_debits(town, seen)
    check_ends(town, seen)
    await check_money(town, seen)
    async with town.place.house.database.read() as tx:
        assert (await audit_snapshot(tx)).findings == ()
    return counted(town, seen)


def check_ceiling(seen: Seen, row: Any) -> None:
    """Under an agreement that stood then, and within it: what was paid, and what a card was debited with."""
    under = seen.agreements[row["autopay"]]
    if row["payment"] or row["debit"]:
        assert row["amount"] <= under.most, "over the ceiling"
        assert under.agreed_at <= row["at"] <= (under.ended_at or row["at"]), "under what did not stand"
    if row["payment"]:
        assert seen.payments[row["payment"]].amount == row["amount"]


def check_notice(town: AutopayTown, seen: Seen, row: Any) -> None:
    """Under this agreement its customer was told of this bill: on an earlier day, as long before as was agreed, and of no less."""
    under, bill, day = seen.agreements[row["autopay"]], seen.bills[row["bill"]], row["day"]
    owing = town.biller.owed[bill.bill_number]
    told = [(on, said) for on in (day - number * DAY for number in range(1, 20)) if (said := told_on(seen, under, bill.id, on))]
    assert told, "without a notice"
    for on, (amount, pay_on) in told[:1]:
        assert pay_on <= day, "before the day that was told"
        left = max((bill.due_on - on).days, 1) if bill.due_on else under.notice
        assert (pay_on - on).days >= min(under.notice, left), "told too late"
        assert owing.amount(day) <= amount - owing.penalty(on), "more than was told"


def told_on(seen: Seen, under: Autopay, bill: UUID, on: date) -> tuple[int, date] | None:
    said = _TOLD.search(seen.notices.get(under.key(on, f"told {bill} {BillState.TOLD}"), ""))
    return (int(said[1].replace(".", "")), date(2014, int(said[2]), int(said[3]))) if said else None


def check_once(town: AutopayTown, seen: Seen, bill: BillRow) -> None:
    """None is paid while another payment of it is under way, or has gone through; the biller has written it off by one of ours at most."""
    mine = sorted((row for row in seen.payments.values() if row.bill == bill.id), key=lambda row: (row.received_at, row.id))
    assert sum(row.state is PaymentState.PAID for row in mine) <= 1, "twice for one bill"
    for row in mine[:-1]:
        assert row.state in (*GIVEN_BACK, PaymentState.LATE_SUCCESS), "a second one beside one that stands"
    owing = town.biller.owed[bill.bill_number]
    done = [row for row in mine if row.state in (PaymentState.PAID, PaymentState.LATE_SUCCESS)]
    assert [row.serial for row in done] == ([owing.written_off] if owing.written_off else []), "the biller's books say something else"
    keys = Counter((row["autopay"], row["day"], bool(row["debit"])) for row in seen.attempts if row["bill"] == bill.id)
    assert all(times == 1 for times in keys.values()), "claimed twice in a day"


def check_debits(town: AutopayTown, seen: Seen) -> None:
    """For a bill and in a day no card pays more than was agreed; what was collected is what the bank has booked."""
    standing = [(row, state) for row, state in seen.debits if state != "rejected"]
    for row, _ in standing:
        under = seen.agreements[row["autopay"]]
        assert under.card is not None
        assert sum(of["amount"] for of, _ in standing if (of["autopay"], of["day"]) == (row["autopay"], row["day"])) <= under.most
        assert row["amount"] <= under.most
    assert {row["name"] for row, _ in seen.debits} == {row["debit"] for row in seen.attempts if row["debit"]}
    with town.bank.store.tx() as tx:
        booked = [
            of["state"] for row, _ in seen.debits for of in tx.execute("SELECT * FROM payment WHERE end_to_end_id = ?", (row["name"],))
        ]
    assert Counter(booked) == Counter({"executed": "ACSC", "rejected": "RJCT"}[state] for _, state in seen.debits)


def check_ends(town: AutopayTown, seen: Seen) -> None:
    """Nobody waits any more: paid, given back, or a break that is named."""
    late = {row["item"]: row for row in seen.breaks if row["kind"] == "late_success"}
    for row in seen.payments.values():
        assert row.state in (PaymentState.PAID, PaymentState.LATE_SUCCESS, *GIVEN_BACK), "somebody is still waiting"
        assert (row.serial in town.biller.taken) is (row.state in (PaymentState.PAID, PaymentState.LATE_SUCCESS))
        if row.state is PaymentState.LATE_SUCCESS:
            assert (late[row.serial]["amount"], late[row.serial]["accounted"]) == (row.amount, True)
    assert all(state in ("executed", "rejected") for _, state in seen.debits)


async def check_money(town: AutopayTown, seen: Seen) -> None:
    """Each fen of everybody's is in wallet or fund, with the biller, or owed back for a late success."""
    paid, late = (
        sum(row.amount for row in seen.payments.values() if row.state is state) for state in (PaymentState.PAID, PaymentState.LATE_SUCCESS)
    )
    collected = sum(row["amount"] for row, state in seen.debits if state == "executed")
    place, given = town.place, sum(IN_WALLET + IN_FUND + one.moved_in for one in town.people)
    held = [(await place.owed(one.person.wallet))[0] + await place.holding(one.person.book, one.person.id) for one in town.people]
    assert sum(held) == given + collected - paid
    assert (await place.total(Kind.SUSPENSE), await place.total(Kind.BILLER)) == (0, paid + late)
    assert await place.total(Kind.CUSTOMER_RECEIVABLE) == -late
    assert sum(of[2] for of in town.biller.taken.values()) == paid + late
    assert min(held) >= 0
    await place.all_books_balance()


def counted(town: AutopayTown, seen: Seen) -> Counter[str]:
    found = Counter(seen.payments[of].state.value for of in seen.by_autopay)
    found.update(f"debit {state}" for _, state in seen.debits)
    found["kills"] = town.kills
    found["by funds"] = sum(seen.payments[of].fund_units > 0 for of in seen.by_autopay)
    found["penalties"] = sum(seen.payments[of].amount > seen.bills[seen.payments[of].bill].amount for of in seen.by_autopay)
    found["failed"] = sum(not row["payment"] and not row["debit"] for row in seen.attempts)
    found["ended between"] = sum(bool(one.ended_at) for one in seen.agreements.values())
    return found


async def played(url: str, folder: Path, seed: int, people: int, days: int, moods: int = 1) -> Counter[str]:
    with capture_logs() as logs:
        async with autopay_town(url, folder, seed, people) as town:
            town.biller.moods = moods
            await town.fortnight(days)
            return await check(town, [f"{one['event']}: {one.get('exc_info')}" for one in logs if one["log_level"] == "error"])


@pytest.mark.parametrize("seed", range(2))
async def test_autopay_keeps_within_its_ceiling_pays_once_and_tells_before(
    new_database: Callable[[], str], tmp_path: Path, seed: int
) -> None:
    found = await played(new_database(), tmp_path, seed, people=10, days=6)
    for name in ("paid", "kills", "failed", "ended between"):
        assert found[name] > 0, f"the story was too short: {found}"


@pytest.mark.soak
async def test_autopay_over_many_fortnights(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> None:
    found: Counter[str] = Counter()
    for seed in range(100, 140):
        found += await played(new_database(), tmp_path_factory.mktemp("town"), seed, people=16, days=14, moods=seed % 3)
    for name in (
        "paid", "rejected", "refunded", "late_success", "debit executed", "debit rejected", "by funds", "penalties", "failed", "kills",
    ):  # fmt: skip
        assert found[name] > 0, f"nobody saw {name}: {found}"


def _no_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a bill comes to, it is paid."""
    monkeypatch.setattr("autopay_town.CEILINGS", (30_00,))
    monkeypatch.setattr(autopay_days, "next_step", lambda one, *more: next_step(replace(one, most=10**9), *more))


def _untold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its customer should be told, the bill is paid."""

    def at_once(*given: Any) -> Any:
        row, step = next_step(*given)
        return (replace(row, state=BillState.PLACED), Step.PAY) if step is Step.TELL else (row, step)

    monkeypatch.setattr(autopay_days, "next_step", at_once)


def _told_too_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day ahead, whatever was agreed."""
    monkeypatch.setattr(autopay_days, "next_step", lambda one, *more: next_step(replace(one, notice=1), *more))


def _claimed_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing keeps two workers from the same bill: no lock, no day that is looked after, no key that both would use."""

    async def nothing(*_: Any) -> bool:
        return False

    async def add_look(tx: Any, one: Any) -> None:
        if not await tx.fetchval("select exists (select 1 from autopay_run where book = $1 and autopay = $2 and day = $3)", *one[:3]):
            async with tx.transaction():
                with suppress(asyncpg.UniqueViolationError):
                    await honest(tx, one)

    honest, key = autopay_store.add_look, Autopay.key
    monkeypatch.setattr(autopay_store, "add_look", add_look)
    monkeypatch.setattr(autopay_store, "looked_after", nothing)
    monkeypatch.setattr(PostgresLedger, "lock_books", nothing)
    monkeypatch.setattr(Autopay, "key", lambda one, day, what: key(one, day, what) if what.startswith("told") else uuid4())


def _paid_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is under way, or has gone through, is tried again."""

    async def none(*_: Any) -> dict[Any, Any]:
        return {}

    honest = MoodyBiller.pay, MoodyBiller.inquire_payment

    async def pay(biller: MoodyBiller, *given: Any, **further: Any) -> Any:
        return await honest[0](biller, *given, **further) if biller.calm else Unknown("silence")

    async def inquire_payment(biller: MoodyBiller, serial: str) -> Any:
        return await honest[1](biller, serial) if biller.calm else Unknown("silence")

    monkeypatch.setattr(autopay_days, "live_payments", none)
    monkeypatch.setattr(store, "live_payments", none)
    monkeypatch.setattr(MoodyBiller, "pay", pay)
    monkeypatch.setattr(MoodyBiller, "inquire_payment", inquire_payment)


def _debited_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card pays whatever is lacking, and as much again as was agreed to."""
    terms = AutopayTown.terms
    monkeypatch.setattr(AutopayTown, "terms", lambda town, one, draw: {**terms(town, one, draw), "card": one.card, "fund": ""})
    monkeypatch.setattr(Autopay, "from_card", lambda one, missing, *_: missing + one.most if one.card else 0)


TWICE = "autopay fault|claimed twice in a day|a second one beside|bill_payment_live"
DEFECTS = {
    _no_ceiling: "over the ceiling", _untold: "without a notice", _told_too_late: "told too late", _debited_again: "over the ceiling",
    _claimed_twice: TWICE, _paid_again: TWICE,
}  # fmt: skip
"""With what is said of each: of the last two also by the index that the database keeps."""


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda one: one.__name__)
async def test_a_planted_defect_is_caught(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, defect: Callable[[Any], None]
) -> None:
    """By the rules above, or by what the database checks of a row."""
    defect(monkeypatch)
    with pytest.raises((AssertionError, asyncpg.UniqueViolationError), match=DEFECTS[defect]):
        await played(new_database(), tmp_path, 3, people=7, days=4, moods=0)
