"""Demand deposits and deposits at notice, from the command to the bank's own register: every line of every day is accepted there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from bank_next_door import BankNextDoor
from bill_town import MONDAY, Person, Town
from deposit_files import DEMAND_FILE, NOTICE_FILE
from policy_files import sell_policies

from tapwealth.deposits import forms_store, store
from tapwealth.deposits.forms_store import FenDays
from tapwealth.flows.bank import bank_messages
from tapwealth.flows.deposits import at_notice, demand, depository, opening, shown, withdrawing
from tapwealth.flows.deposits.at_notice import CancelDepositNotice, GiveDepositNotice
from tapwealth.flows.deposits.demand import PayIntoDeposit
from tapwealth.flows.deposits.opening import OpenDeposit
from tapwealth.flows.deposits.withdrawal_quote import WouldPay, would_pay
from tapwealth.flows.deposits.withdrawing import DepositWithdrawn, WithdrawDeposit
from tapwealth.flows.deposits.worth import insured
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.sandbox.bank.deposit_terms import Form, PostedBody, RateBody, TermsBody
from tapwealth.storage import migrate

SETTLES = date(2014, 3, 20)
POSTED = date(2012, 7, 6)


@dataclass
class Bank:
    """A town whose bank keeps its own register; `day` is the last date that was ended."""

    place: Town
    bank: BankNextDoor
    wang: Person
    day: date = MONDAY - timedelta(days=1)

    async def on(self, day: date) -> None:
        """End every date before that one, in its steps about deposits; it is nine o'clock then."""
        while self.day < day - timedelta(days=1):
            self.day += timedelta(days=1)
            at = shanghai(self.day, 24)
            await self.place.clock(at)
            await self.bank.clock(at)
            await demand.settle_demand(self.place.house, self.day)
            for step in (depository.list_deposits, depository.compare_deposits):
                assert (await step(self.place.house, self.day)).wrong == []
            await self.bank.clock(at + timedelta(hours=9))
            await self.bank.tell(lambda body: bank_messages.take(self.place.house, body))
        await self.place.clock(shanghai(day, 9))

    async def does(self, deed: Any, command: Any) -> Any:
        return await deed(self.place.house, self.place.envelope(self.wang), command)

    async def late(self, day: date, deed: Any, command: Any) -> Any:
        """Asked for in the last second of that day, and heard now."""
        return await deed(self.place.house, self.place.envelope(self.wang, shanghai(day, 23, 59, 59)), command)

    async def opened(self, product: str, amount: int) -> UUID:
        return UUID((await self.does(opening.open_, OpenDeposit(product, amount, ["terms"]))).deposit)

    async def taken(self, deposit: UUID, amount: int | None = None) -> tuple[int, int]:
        """Interest, and what is left; as it was foretold."""
        async with self.place.house.database.read() as tx:
            said = await would_pay(tx, self.wang.book, self.wang.id, deposit, amount, None)
        answer = await self.does(withdrawing.withdraw_, WithdrawDeposit(deposit, amount))
        assert not isinstance(answer, Refusal), answer
        assert isinstance(said, WouldPay), said
        assert (said.principal, said.interest, said.left) == (answer.principal, answer.interest, answer.left)
        return answer.interest, answer.left

    async def notified(self, deposit: UUID, amount: int) -> UUID:
        return UUID((await self.does(at_notice.give_, GiveDepositNotice(deposit, amount))).notice)

    async def refused(self, deed: Any, command: Any) -> str:
        answer = await self.does(deed, command)
        assert isinstance(answer, Refusal), answer
        return answer.code.name

    async def proved(self) -> None:
        await self.place.all_books_balance()
        async with self.place.house.database.read() as tx:
            rows = await store.deposits_of(tx, self.wang.book, self.wang.id)
        assert await self.place.total(Kind.DEPOSIT) == sum(row.balance for row in rows)


@pytest.fixture
async def at(place: Town, tmp_path: Path) -> AsyncIterator[Bank]:
    bank = BankNextDoor(tmp_path)
    await bank.clock(shanghai(MONDAY, 9))
    bank.open_accounts([("0100000006", "Tapwealth deposits", 0)])
    bank.set_terms(
        TermsBody("DEMAND", Form.DEMAND, [PostedBody(POSTED, [RateBody("0.35")])]),
        TermsBody("NOTICE7", Form.NOTICE, [PostedBody(POSTED, [RateBody("1.35")])], "DEMAND", days=7, least_withdrawal=50_000_00),
    )
    place.house = replace(place.house, rails=replace(place.house.rails, depository=bank))
    await sell_policies(place.house, DEMAND_FILE, NOTICE_FILE)
    yield Bank(place, bank, await place.person("Wang", 1_000_000_00))
    bank.store.close()


async def as_owner(place: Town, statement: str) -> None:
    connection = await asyncpg.connect(place.house.database._dsn, server_settings={"search_path": "tapwealth"})
    await connection.execute(statement)
    await connection.close()


def march(day: int) -> date:
    return date(2014, 3, day)


async def test_a_quarter_of_a_demand_deposit(at: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """10,000 for 14 days, 15,000 for 5, 13,000 for 6: 293,000 yuan-days x 0.35 % / 360 = 2.85."""
    deposit = await at.opened("DEMAND", 10_000_00)
    await at.on(march(10))
    paid = await at.does(demand.pay_in, PayIntoDeposit(deposit, 5_000_00))
    assert paid.balance == 15_000_00
    async with at.place.house.database.read() as tx:
        days = [await would_pay(tx, at.wang.book, at.wang.id, deposit, None, day) for day in (SETTLES, date(2014, 4, 1))]
    then, said = [one for one in days if isinstance(one, WouldPay)]
    assert (then.principal, then.interest) == (15_000_00, 2_82), "290,000 yuan-days, and the quarter is not settled yet"
    assert (said.principal, said.interest, said.left) == (15_002_97, 1_60, 0), "305,000 yuan-days to 20 March, 11 days after it"
    await at.on(march(15))
    assert await at.taken(deposit, 2_000_00) == (0, 13_000_00)
    await at.on(march(21))
    assert (await demand.settle_demand(at.place.house, SETTLES)).figures == {"settled": 1, "interest": 2_85}
    await at.on(march(24))
    assert await at.place.total(Kind.DEPOSIT_INTEREST_DUE) == 0, "the bank's interest came, and was credited to the book"
    await at.proved()
    await at.on(date(2014, 4, 1))
    async with at.place.house.database.read() as tx:
        (seen,) = await shown.held(tx, at.wang.book, at.wang.id)
    assert (seen.amount, seen.interest_today) == (13_002_85, 1_39)
    assert await at.taken(deposit) == (1_39, 0)
    with monkeypatch.context() as april:
        april.setattr(forms_store, "books_settling", None)
        await at.on(date(2014, 4, 3))
    assert await at.refused(demand.pay_in, PayIntoDeposit(deposit, 1)) == "CLOSED"
    await at.on(date(2014, 6, 22))
    await at.proved()


async def test_deposits_earn_what_is_posted_on_the_day_and_not_what_was_when_they_were_opened(at: Bank) -> None:
    """Two later versions. On 20 March 0.50 is posted: 10,000 x 25 days x 0.50 % / 360 = 3.47. The list that holds from the 21st on is on
    sale before the 20th is settled, and says nothing of that day. 100,000 after a notice of 7 days, at 1.60: 31.11."""
    deposit, at_notice_ = await at.opened("DEMAND", 10_000_00), await at.opened("NOTICE7", 200_000_00)
    await at.notified(at_notice_, 100_000_00)
    await at.on(march(2))
    steps = [PostedBody(POSTED, [RateBody("0.35")]), PostedBody(march(2), [RateBody("0.50")]), PostedBody(march(21), [RateBody("0.60")])]
    at_bank = [PostedBody(POSTED, [RateBody("1.35")]), PostedBody(march(3), [RateBody("1.60")])]
    at.bank.set_terms(
        TermsBody("DEMAND", Form.DEMAND, steps),
        TermsBody("NOTICE7", Form.NOTICE, at_bank, "DEMAND", days=7, least_withdrawal=50_000_00),
    )
    of_march = DEMAND_FILE.replace("2012-07-06", "2014-03-02").replace("0.35", "0.50")
    await sell_policies(at.place.house, of_march, NOTICE_FILE.replace("2012-07-06", "2014-03-03").replace("1.35", "1.60"))
    await at.on(march(3))
    assert await at.taken(at_notice_, 100_000_00) == (31_11, 100_000_00)
    await at.on(march(20))
    await sell_policies(at.place.house, of_march.replace("2014-03-02", "2014-03-21").replace("0.50", "0.60"))
    await at.on(march(24))
    async with at.place.house.database.read() as tx:
        (kept,) = (await store.deposits(tx, [(at.wang.book, deposit)])).values()
    assert kept.balance == 10_003_47
    await at.proved()


async def test_what_was_opened_before_fen_days_were_kept_earns_from_its_first_day(at: Bank) -> None:
    """As the migration leaves it: 10,000 x 25 days x 0.35 % / 360 = 2.43."""
    deposit = await at.opened("DEMAND", 10_000_00)
    await at.on(march(10))
    (file,) = [one for one in migrate.sql_files() if one.stem == "0126_fen_days_of_old_deposits"]
    await as_owner(at.place, f"delete from deposit_running; {file.read_text()}")
    async with at.place.house.database.read() as tx:
        (row,) = (await forms_store.running(tx, [(at.wang.book, deposit)])).values()
    assert row == FenDays(at.wang.book, deposit, 0, MONDAY, SETTLES)
    await as_owner(at.place, file.read_text())
    await at.on(march(24))
    async with at.place.house.database.read() as tx:
        (seen,) = await shown.held(tx, at.wang.book, at.wang.id)
    assert seen.amount == 10_002_43
    await at.proved()


async def test_what_was_asked_before_midnight_and_comes_after_what_was_asked_later(at: Bank) -> None:
    """It counts from that day on, at the bank too: of 15,000 there are 3,000 left from the 11th on."""
    deposit = await at.opened("DEMAND", 10_000_00)
    await at.on(march(10))
    early = at.place.envelope(at.wang)
    await at.place.clock(shanghai(march(11), 1))
    await at.does(demand.pay_in, PayIntoDeposit(deposit, 5_000_00))
    answer = await withdrawing.withdraw_(at.place.house, early, WithdrawDeposit(deposit, 12_000_00))
    assert not isinstance(answer, Refusal), answer
    await at.on(march(24))
    await at.proved()


async def test_a_settlement_that_has_not_run_is_done_by_the_next_command(at: Bank) -> None:
    """10,000 x 25 days x 0.35 % / 360 = 2.43: in the morning of the next day, before the date has ended here; the step finds it done."""
    deposit = await at.opened("DEMAND", 10_000_00)
    await at.on(SETTLES)
    await at.place.clock(shanghai(march(21), 8))
    assert await at.taken(deposit, 5_000_00) == (0, 5_002_43)
    await at.on(march(22))
    for _ in range(2):
        assert (await demand.settle_demand(at.place.house, SETTLES)).figures == {"settled": 1, "interest": 2_43}
    await at.on(march(24))
    await at.proved()


async def test_settlements_go_on_where_a_lot_ended(at: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three in lots of one; what earned less than half a fen posts nothing, and begins a new quarter at the bank too."""
    monkeypatch.setattr(demand, "AT_ONCE", 1)
    for amount in (10_000_00, 1_00, 20_000_00):
        await at.opened("DEMAND", amount)
    await at.on(date(2014, 6, 23))
    async with at.place.house.database.read() as tx:
        found = sorted(row.balance for row in await store.deposits_of(tx, at.wang.book, at.wang.id))
    assert found == [1_00, 10_000_00 + 2_43 + 8_95, 20_000_00 + 4_86 + 17_89]
    await at.proved()


async def test_the_five_cases_of_a_notice(at: Bank) -> None:
    """Kept; not given; early; beyond; late: and the bank's register says the same of each."""
    deposit = await at.opened("NOTICE7", 450_000_00)
    await at.notified(deposit, 100_000_00)
    await at.on(march(3))
    assert await at.taken(deposit, 100_000_00) == (26_25, 350_000_00)
    assert await at.taken(deposit, 50_000_00) == (3_40, 300_000_00)
    await at.notified(deposit, 100_000_00)
    await at.on(march(9))
    assert await at.taken(deposit, 50_000_00) == (6_32, 250_000_00)
    await at.on(march(10))
    assert await at.taken(deposit, 150_000_00) == (52_50 + 6_81, 100_000_00)
    await at.notified(deposit, 100_000_00)
    await at.on(march(18))
    assert await at.taken(deposit) == (21_39, 0)
    await at.on(march(20))
    await at.proved()


async def test_what_falls_short_of_a_notice_begins_anew(at: Bank) -> None:
    """150,000 were notified, 100,000 are taken: 26.25 of the notice, 3.40 on what is short. Then 50,000 of each day's money."""
    deposit = await at.opened("NOTICE7", 200_000_00)
    await at.notified(deposit, 150_000_00)
    await at.on(march(3))
    assert await at.taken(deposit, 100_000_00) == (26_25 + 3_40, 100_000_00)
    await at.notified(deposit, 100_000_00)
    await at.on(march(10))
    assert await at.taken(deposit) == (26_25 + 13_13, 0)
    await at.on(march(12))
    await at.proved()


async def test_what_was_asked_before_midnight_and_is_heard_after_a_withdrawal_counts_on_its_day(at: Bank) -> None:
    """On the third 100,000 of the 150,000 notified are taken: of what is left, 50,000 begin anew. What was asked for late on the second
    counts on the third: 50,000 x 0.35 % x 7 / 360 = 3.40. So on the tenth, and with a notice."""
    deposit, other = await at.opened("NOTICE7", 200_000_00), await at.opened("NOTICE7", 250_000_00)
    for one in (deposit, other):
        await at.notified(one, 150_000_00)
    await at.on(march(2))
    await at.place.clock(shanghai(march(3), 1))
    for one, left in ((deposit, 100_000_00), (other, 150_000_00)):
        assert await at.taken(one, 100_000_00) == (26_25 + 3_40, left)
    assert await at.late(march(2), withdrawing.withdraw_, WithdrawDeposit(deposit)) == DepositWithdrawn(
        str(deposit), 100_000_00, 3_40, 0, False
    )
    assert (await at.late(march(2), at_notice.give_, GiveDepositNotice(other, 50_000_00))).day == march(10)
    await at.on(march(9))
    await at.place.clock(shanghai(march(10), 1))
    assert await at.taken(other, 100_000_00) == (26_25 + 6_81, 50_000_00)
    assert (await at.late(march(9), withdrawing.withdraw_, WithdrawDeposit(other))).interest == 3_40
    await at.on(march(12))
    await at.proved()


async def test_a_notice_taken_back_is_no_notice(at: Bank) -> None:
    deposit, other = await at.opened("NOTICE7", 200_000_00), await at.opened("DEMAND", 100_00)
    notice = await at.notified(deposit, 100_000_00)
    assert await at.refused(at_notice.give_, GiveDepositNotice(deposit, 50_000_00)) == "DAY_TAKEN"
    assert await at.refused(at_notice.give_, GiveDepositNotice(other, 50_00)) == "NO_NOTICE"
    assert await at.refused(demand.pay_in, PayIntoDeposit(deposit, 1_00)) == "NOT_PAID_INTO"
    assert await at.refused(withdrawing.withdraw_, WithdrawDeposit(deposit, 150_000_01)) == "LEAVES_TOO_LITTLE"
    assert await at.refused(withdrawing.withdraw_, WithdrawDeposit(deposit, 200_000_01)) == "MORE_THAN_FREE"
    assert await at.refused(withdrawing.withdraw_, WithdrawDeposit(other, 99_50)) == "LEAVES_TOO_LITTLE"
    assert await at.refused(withdrawing.withdraw_, WithdrawDeposit(other, 100_01)) == "MORE_THAN_THERE_IS"
    await at.on(march(1))
    await at.does(at_notice.cancel, CancelDepositNotice(notice))
    assert await at.refused(at_notice.cancel, CancelDepositNotice(notice)) == "NOTICE_OVER"
    assert await at.refused(at_notice.cancel, CancelDepositNotice(deposit)) == "UNKNOWN_NOTICE"
    again = await at.notified(deposit, 100_000_00)
    async with at.place.house.database.read() as tx:
        seen = await shown.shown(tx, at.wang.book, at.wang.id, deposit)
    assert not isinstance(seen, Refusal)
    assert [(one.notice, one.amount, one.day) for one in seen.notices] == [(again, 100_000_00, march(8))]
    await at.on(march(3))
    assert await at.taken(deposit, 100_000_00) == (6_81, 100_000_00)
    await at.on(march(9))
    assert await at.refused(at_notice.cancel, CancelDepositNotice(again)) == "NOTICE_OVER"
    await at.proved()


async def test_two_withdrawals_under_one_key_are_one(at: Bank) -> None:
    deposit = await at.opened("DEMAND", 100_00)
    envelope = at.place.envelope(at.wang)
    first, second = [await withdrawing.withdraw_(at.place.house, envelope, WithdrawDeposit(deposit, 40_00)) for _ in range(2)]
    assert first == second
    paid = at.place.envelope(at.wang)
    assert await demand.pay_in(at.place.house, paid, PayIntoDeposit(deposit, 7_00)) == await demand.pay_in(
        at.place.house, paid, PayIntoDeposit(deposit, 7_00)
    )
    assert await at.taken(deposit) == (0, 0)


async def test_what_deposit_insurance_covers(at: Bank) -> None:
    """Principal and interest of one person at one bank: 600,000 yuan, and 0.35 % of 30 days on them."""
    await at.opened("DEMAND", 200_000_00)
    await at.opened("NOTICE7", 400_000_00)
    await at.place.clock(shanghai(MONDAY + timedelta(days=30), 9))
    async with at.place.house.database.read() as tx:
        (one,) = await insured(tx, at.wang.book, at.wang.id)
    assert (one.bank, one.principal, one.interest, one.insured) == ("313100000013", 600_000_00, 58_33 + 116_67, 500_000_00)
    assert one.beyond == 100_175_00


@pytest.mark.parametrize("seed", [1, 2])
async def test_any_history_is_accepted_by_the_bank_line_by_line(at: Bank, seed: int) -> None:
    """Two deposits of each form, three months, a deed every few days or several on one; every date is listed and compared."""
    draw = Random(seed)
    demands = [await at.opened("DEMAND", draw.randrange(1_00, 90_000_00)) for _ in range(2)]
    notified = [await at.opened("NOTICE7", draw.randrange(150_000_00, 400_000_00)) for _ in range(2)]
    day, refused = MONDAY, 0
    for _ in range(40):
        day += timedelta(days=draw.choice((0, 0, 1, 3, 7)))
        await at.on(day)
        amount = draw.choice((50_000_00, 100_000_00, draw.randrange(1, 60_000_00)))
        deed, command = draw.choice(
            (
                (demand.pay_in, PayIntoDeposit(draw.choice(demands), amount)),
                (withdrawing.withdraw_, WithdrawDeposit(draw.choice(demands), amount)),
                (withdrawing.withdraw_, WithdrawDeposit(draw.choice(notified), amount)),
                (at_notice.give_, GiveDepositNotice(draw.choice(notified), amount)),
            )
        )
        refused += isinstance(await at.does(deed, command), Refusal)
    assert refused < 30
    await at.on(max(day, date(2014, 3, 20)) + timedelta(days=3))
    assert await at.place.total(Kind.DEPOSIT_INTEREST_DUE) == 0
    await at.proved()
