"""A family's policies and deposits, played from a seed day by day for as many years as one likes; every date ends as the platform ends it.

Term life with premiums collected from the wallet, accident cover that goes on from year to year, a demand deposit that takes money in and
gives it out, deposits for three months and a year that renew themselves, are paid out or kept, and some of them taken out early in part or
whole, as the seed has it. In one year the wallet is empty when the premium is due: term life is suspended and reinstated later, accident
cover ends and is bought anew. The insurer is the sandbox's own process; bank and register of deposits are the sandbox's, worked by hand.
The days between acts end too, one by one.
"""

import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from bank_next_door import BankNextDoor, transfer_of
from bill_town import MONDAY, NINE, ScriptedBiller, town
from clearing_network import MemoryNetwork
from deposit_files import DEMAND_FILE, FIXED_FILE
from fortnight import BOOKS, PEOPLE, Act, Fortnight, Killer, Notes
from fund_town import FundTown, RegistrarNextDoor
from played_days import Matching
from policy_files import ACCIDENT_FILE, TERM_LIFE_FILE, sell_policies
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.bank.deposit_register import read_register
from tapwealth.deposits import store as deposits
from tapwealth.deposits.deposit import AtMaturity, Deposit, DepositState
from tapwealth.deposits.product import Term
from tapwealth.flows import reports
from tapwealth.flows.bank import bank_messages
from tapwealth.flows.customers import people
from tapwealth.flows.deposits import demand, opening, withdrawing
from tapwealth.flows.deposits.demand import PayIntoDeposit
from tapwealth.flows.deposits.opening import OpenDeposit
from tapwealth.flows.deposits.withdrawing import WithdrawDeposit
from tapwealth.flows.insurance import delivery, policies, premiums
from tapwealth.flows.insurance.policies import BuyPolicy
from tapwealth.flows.insurance.premiums import LetPremiums, ReinstatePolicy
from tapwealth.flows.rails import Billers, Rails
from tapwealth.flows.reports.assets import AssetsView
from tapwealth.funds.exchange_folder import Folder
from tapwealth.insurance import store as insurance
from tapwealth.insurance.insurer_http import InsurerHttp
from tapwealth.insurance.policy import PolicyState
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import business_date_of, iso, shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.audit import audit_snapshot
from tapwealth.sandbox.bank.deposit_terms import Form, PostedBody, RateBody, TermsBody
from tapwealth.storage.heads import Heads

FIRST, SEED = MONDAY, 20140224
SALARY, SALARY_DAY, BEGINS_WITH = 6_000_00, 10, 60_000_00
POOR = 3
"""In this year of the family's the wallet is empty when the premium of the term life is due, and for the grace after it."""
DAY = timedelta(days=1)
_POSTED = date(2012, 7, 6), date(2014, 11, 22)
TERMS = (
    TermsBody("DEMAND", Form.DEMAND, [PostedBody(_POSTED[0], [RateBody("0.35")])]),
    TermsBody(
        "FIXED", Form.FIXED_TERM,
        [
            PostedBody(_POSTED[0], [RateBody("2.85", "3m"), RateBody("3.25", "1y")]),
            PostedBody(_POSTED[1], [RateBody("2.60", "3m"), RateBody("2.82", "3m", 100_000_00), RateBody("3.03", "1y")]),
        ],
        demand="DEMAND",
    ),
)  # fmt: skip
"""The bank's own word on its rates; the shelf's charts say the same."""


class InsurerAcrossTheStreet:
    """The product's port to the sandbox's insurer, whose clock goes from day to day; what it owes is paid at the bank next door."""

    def __init__(self, partner: SandboxPartner, bank: BankNextDoor) -> None:
        self._partner, self._bank, self._now = partner, bank, NINE
        self.http = InsurerHttp(partner.url, TOKEN, timeout_ms=3_000)
        partner.clock(iso(NINE))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.http, name)

    @property
    def now(self) -> datetime:
        return self._now

    @now.setter
    def now(self, now: datetime) -> None:
        if business_date_of(now) != business_date_of(self._now):
            self._partner.clock(iso(now))
        self._now = now

    def pays(self) -> bool:
        """What it owes to anybody's account is paid, once."""
        books = sqlite3.connect(self._partner.store)
        with books:
            due = books.execute("select seq, body from outbox where copies > 0 order by seq").fetchall()
            for seq, body in due:
                self._bank.transfer(*transfer_of(body))
                books.execute("update outbox set copies = 0 where seq = ?", (seq,))
        books.close()
        return bool(due)


@dataclass
class Family(Fortnight):
    """Their years, or the first days of them."""

    days: int = 365
    insurer: Any = None
    moved: int = 0
    done: list[str] = field(default_factory=list)
    audits: list[int] = field(default_factory=list)

    @property
    def dates(self) -> list[date]:
        return [FIRST + number * DAY for number in range(self.days)]

    def acts(self) -> list[Act]:
        made = [Act(NINE, "the house is set up", self.set_up), Act(shanghai(FIRST, 9, 30), "the family joins", self.join)]
        for day in self.dates:
            made += self._acts_of(day)
        return sorted(made, key=lambda act: act.at)

    def _acts_of(self, day: date) -> list[Act]:
        async def close() -> None:
            await self.close(day)
            if (day + DAY).day == 1:
                await self.audit()

        async def live() -> None:
            await self.live(day)

        return [Act(shanghai(day, 10), f"{day} is lived", live), Act(shanghai(day + DAY, 0, 30), f"{day} ends", close)]

    async def settle(self) -> None:
        """Whatever somebody owes to somebody else arrives; the family has no fund, so that no registrar works for them."""
        moved = True
        while moved:
            moved = bool(await self.bank.tell(lambda message: bank_messages.take(self.house, message)))
            moved |= await self.works_off()

    async def works_off(self) -> bool:
        """Also what the insurer is to be told, and what it owes."""
        told = await self.place.work("insurer", delivery.deliver)
        assert told == [], told
        return await super().works_off() or self.insurer.pays()

    # ---- the first day

    async def set_up(self) -> None:
        ours = [(f"010000000{number}", "Tapwealth", 0) for number in range(1, 7)]
        self.bank.open_accounts([*ours, ("0200000002", "保险公司", 10**10), (PEOPLE[0].card_number, PEOPLE[0].name, 10**9)])
        self.bank.set_terms(*TERMS)
        await sell_policies(self.house, ACCIDENT_FILE, TERM_LIFE_FILE, DEMAND_FILE, FIXED_FILE)

    async def join(self) -> None:
        await self.opens_an_account(0)
        await self.settle()
        await self.salary(BEGINS_WITH)
        await self.insure("TL20")
        await self.insure_against_accidents()
        await self.deposit(Term.MONTHS_3, 10_000_00, AtMaturity.RENEW)
        await self.deposit(Term.YEAR, 8_000_00, AtMaturity.PAY)
        await self.give(opening.open_, OpenDeposit("DEMAND", 5_000_00, ["terms"]))

    async def insure(self, product: str, *, renews: bool = False) -> None:
        taken = await self.give(policies.buy, BuyPolicy(product, ["terms"]))
        await self.settle()
        await self.give(premiums.let, LetPremiums(UUID(taken.policy), 2_000_00, renews=renews))

    async def insure_against_accidents(self) -> None:
        """If they are not: at first, and after the year in which nothing was there to renew it with."""
        if not any(one.product == "ACC1" and one.state is PolicyState.IN_FORCE for one in await self.policies()):
            await self.insure("ACC1", renews=True)

    async def give(self, deed: Any, command: Any) -> Any:
        answer = await deed(self.house, self.envelope(await self.caller(0)), command)
        assert not isinstance(answer, Refusal), (command, answer)
        self.done.append(type(command).__name__)
        return answer

    async def salary(self, amount: int) -> None:
        await self.give(people.move_in, people.MoveIn(await self.card(0), amount))
        self.moved += amount
        await self.settle()

    async def deposit(self, term: Term, amount: int, wish: AtMaturity) -> None:
        await self.give(opening.open_, OpenDeposit("FIXED", amount, ["terms"], term, wish))

    # ---- every day

    async def live(self, day: date) -> None:
        """What the seed has this day bring."""
        draw = random.Random(f"{SEED} {day}")
        if self.poor(day):
            if day.day == SALARY_DAY:
                await self.spend_all()
            return
        if day.day == SALARY_DAY:
            await self.salary(SALARY)
            await self.reinstate()
            await self.insure_against_accidents()
        if draw.random() < 1 / 40 and await self.wallet() > 3_000_00:
            term = draw.choice([Term.MONTHS_3, Term.YEAR])
            await self.deposit(term, draw.randrange(1_000_00, 2_500_00, 37), draw.choice(list(AtMaturity)))
        if draw.random() < 1 / 50 and (termed := [one for one in await self.held() if one.term is not None]):
            one = draw.choice(termed)
            part = draw.randrange(1_00, one.balance - 50_00) if draw.random() < 0.6 and one.balance > 200_00 else None
            await self.give(withdrawing.withdraw_, WithdrawDeposit(one.id, part))
        if draw.random() < 1 / 30:
            await self.at_demand(draw)

    async def at_demand(self, draw: random.Random) -> None:
        """Some in, or some out."""
        (one,) = [one for one in await self.held() if one.term is None]
        if draw.random() < 0.5 and await self.wallet() > 2_000_00:
            await self.give(demand.pay_in, PayIntoDeposit(one.id, draw.randrange(1, 1_500_00)))
        elif one.balance > 2_00:
            await self.give(withdrawing.withdraw_, WithdrawDeposit(one.id, draw.randrange(1, one.balance - 1_00)))

    def poor(self, day: date) -> bool:
        """From a month before the premium of that year is due until its grace is over and more."""
        due = date(FIRST.year + POOR, FIRST.month, FIRST.day)
        return due - timedelta(days=30) <= day <= due + timedelta(days=100)

    async def spend_all(self) -> None:
        """The wallet goes out to the card, to the last fen."""
        left = await self.wallet()
        if left:
            await self.give(people.move_out, people.MoveOut(await self.card(0), left))
            self.moved -= left
            await self.settle()

    async def reinstate(self) -> None:
        for row in await self.policies():
            if row.state is PolicyState.SUSPENDED:
                await self.give(premiums.reinstate, ReinstatePolicy(row.id))
                await self.settle()

    async def audit(self) -> None:
        async with self.house.database.read() as tx:
            audited = await audit_snapshot(tx)
        assert not audited.findings, audited.findings[:3]
        self.audits.append(len(self.reports))

    # ---- what there is

    async def who(self) -> tuple[int, UUID]:
        caller = await self.caller(0)
        assert caller.person is not None
        return caller.book, caller.person

    async def wallet(self) -> int:
        view = await self.owned(None)
        return sum(one.amount for one in view.assets if one.what == "wallet")

    async def owned(self, day: date | None) -> AssetsView:
        _, person = await self.who()
        found = await reports.assets(self.house, str(person), day)
        assert isinstance(found, AssetsView), found
        return found

    async def held(self) -> list[Deposit]:
        async with self.house.database.read() as tx:
            return [one for one in await deposits.deposits_of(tx, *await self.who()) if one.state is not DepositState.CLOSED]

    async def register(self) -> int:
        """Fen, by what the bank has of everybody's deposits after the last list: of a date on which nothing moves there is none."""
        for day in reversed(self.dates):
            with TemporaryDirectory() as folder:
                content = BytesIO()
                if await self.bank.deposit_register(day, content):
                    return sum(balance for _, balance in read_register(content, Path(folder)))
        raise AssertionError("no list came")

    async def policies(self) -> list[PolicyRow]:
        async with self.house.database.read() as tx:
            return await insurance.policies_of(tx, *await self.who())


@asynccontextmanager
async def family(database_url: str, folder: Path, days: int) -> AsyncIterator[Family]:
    """On an empty database: nothing has happened yet."""
    with sandbox_partner("insurer", folder) as partner:
        bank, registrar = BankNextDoor(folder), RegistrarNextDoor(folder)
        await bank.clock(NINE)
        insurer: Any = InsurerAcrossTheStreet(partner, bank)
        biller = ScriptedBiller(now=NINE)
        async with town(database_url, folder, BOOKS, biller, insurer) as plain:
            port: Any = bank
            identity: Any = Matching()
            billers: Any = plain.house.rails.billers.ports
            rails = Rails(
                port, Billers(billers), identity, insurer, Folder(folder / "exchange"), Heads(folder / "heads.jsonl"), port,
                MemoryNetwork(), depository=port,
            )  # fmt: skip
            place = FundTown(replace(plain.house, rails=rails), biller, insurer, plain.keys_given, registrar)
            try:
                yield Family(place, bank, registrar, folder, Killer([], Notes(folder / "hit")), days=days, insurer=insurer)
            finally:
                await insurer.http.close()
                bank.store.close()
                registrar.store.close()
