"""A fortnight over the National Day holiday of 2013, from Friday 27 September to Friday 11 October, played from a seed.

The other channel's real order file, customers of our own who buy, sweep their wallets and bank cards, and ask their units back all through
the holiday, so that the first dealing day after it is a large-redemption day. The registrar and the bank are the sandbox's, next door; each
date is closed by all its steps. The story is a list of acts. An act that was cut off is done again from its beginning, and must come to the
same: `python fortnight.py DATABASE_URL FOLDER KILL...` goes on from there, and kills itself with SIGKILL where it is told to.
"""

import asyncio
import hashlib
import json
import os
import random
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import fortnight_raises
import msgspec
from bank_next_door import BankNextDoor, transfer_of
from bill_town import ScriptedBiller, ScriptedInsurer, Town, town
from clearing_network import MemoryNetwork
from fund_files import a_fund, put_on_sale
from fund_town import FUND, OTHER, OWN, RegistrarNextDoor, application
from nav_town import CONDITIONS, NAV_FUND, NAV_UNITS, terms_at_registrar
from played_days import Matching
from real_files import ORDERS_FILE
from shelf import UNITS

from tapwealth.app.wiring import FILE_TAKERS
from tapwealth.flows import end_of_day
from tapwealth.flows.bank import bank_messages, payments
from tapwealth.flows.bills import autopay_cards
from tapwealth.flows.customers import people
from tapwealth.flows.day import STEPS
from tapwealth.flows.end_of_day import DayReport
from tapwealth.flows.frame import Caller, Envelope, House
from tapwealth.flows.funds import channel, dividend_method, exchange_in, instant_redemption, plans, purchase, redemption, sweeps, switch
from tapwealth.flows.funds.dividend_method import ChooseDividendMethod
from tapwealth.flows.funds.redemption import RedeemFund, WhatIsLeft
from tapwealth.flows.funds.switch import SwitchFund
from tapwealth.flows.rails import Rails
from tapwealth.funds.conditions import DividendMethod
from tapwealth.funds.exchange_folder import Folder
from tapwealth.funds.exchange_in import ORDERS
from tapwealth.funds.exchange_out import Route, account_file, redated
from tapwealth.funds.plan import Every
from tapwealth.funds.product import FundChannel
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.play.cast import Person, cast_of
from tapwealth.sandbox.outbox import BANK, owed
from tapwealth.sandbox.registrar import register, shelf, started
from tapwealth.sandbox.registrar.folder import put
from tapwealth.storage import operators, outbox, platform_clock
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Database
from tapwealth.storage.heads import Heads
from tapwealth.storage.keyfile import KeyFile
from tapwealth.storage.operators import OperatorRole

FIRST, LAST = date(2013, 9, 27), date(2013, 10, 11)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
DEALING = [date(2013, 9, 27), date(2013, 9, 30), *(date(2013, 10, n) for n in (8, 9, 10, 11, 14))]
"""The holiday is 1 to 7 October; Sunday 29 September and Saturday 12 October are worked, and no dealing days."""
HOLIDAY = [date(2013, 10, n) for n in range(1, 8)]
LARGE_DAY = date(2013, 10, 8)
AT_ONCE = (date(2013, 10, 3), date(2013, 10, 9))
"""When some redeem at once: the advancer asks the units of the holiday back on the large-redemption day, too."""
START = shanghai(FIRST, 8)
CUSTOMERS, BOOKS, SEED = 42, 3, 20131001
BUYS = 30_000_00
SWEPT_CARDS, SWEPT_WALLET = (0, 1), 2
SHARES, SHARE_UNITS = NAV_FUND, NAV_UNITS
"""A fund with a NAV, of which some buy, into and out of which some switch, and which pays a dividend."""
SHAREHOLDERS, IN_MONEY, SWITCHES = range(36, 42), (36, 37), (9, 10, 11)
PLANS = (
    (0, plans.AgreePlan(FUND, 300_00, Every.WEEK, 2)),
    (0, plans.AgreePlan(FUND, 200_00, Every.WEEK, 5)),
    (1, plans.AgreePlan(SHARES, 500_00, Every.MONTH, 9)),
)
"""The first one's period within the holiday falls together with the next; the second's is bought after it, and so is the next."""
PLANNED = 2_000_00
"""What who has plans moves in beside the rest."""
RECORD_DATE, EX_DATE, DIVIDEND_DAY = date(2013, 10, 8), date(2013, 10, 9), date(2013, 10, 10)
REAL = redated(ORDERS_FILE.read_bytes(), ORDERS_FILE.name, FIRST)
REAL_SUM = 645_735_805
CHANNEL_ACCOUNT, LENDING_DESK, CUSTODY, SHARES_CUSTODY = "0200000005", "0200000007", "0200000001", "0200000012"
FAR = datetime(2100, 1, 1, tzinfo=UTC)


PEOPLE: list[Person] = [one for seed in range(CUSTOMERS // 3) for one in cast_of(SEED + seed).customers]


class Act(NamedTuple):
    """At an instant something is done."""

    at: datetime
    name: str
    do: Callable[[], Awaitable[None]]


class KillPoint(NamedTuple):
    """In the act of that name, within the step of a date's end if one is named: before the commit of the n-th transaction (`point` 2n), or
    right after it (2n + 1). An act with fewer is cut off before it is noted as done."""

    act: str
    step: str
    point: int

    @classmethod
    def of(cls, text: str) -> "KillPoint":
        act, step, point = text.split("|")
        return cls(act, step, int(point))

    def __str__(self) -> str:
        return f"{self.act}|{self.step}|{self.point}"


@dataclass
class Notes:
    """What is kept outside of all that dies: acts that are done, kills that have hit."""

    path: Path

    def lines(self) -> list[str]:
        text = self.path.read_text() if self.path.exists() else ""
        return text[: text.rfind("\n") + 1].splitlines()

    def add(self, line: str) -> None:
        with self.path.open("a") as file:
            file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())


@dataclass
class Killer:
    """Counts transactions since an act, or a step of it, began."""

    plan: list[KillPoint]
    hit: Notes
    act: str = ""
    step: str = ""
    seen: int = 0

    def begin(self, act: str, step: str = "") -> None:
        if (act, step) != (self.act, self.step):
            self.act, self.step, self.seen = act, step, 0

    def at(self, point: int) -> None:
        self._strike([one for one in self.plan if one == (self.act, self.step, point)])

    def ends(self) -> None:
        """Nothing of this act is left to be cut off."""
        self._strike([one for one in self.plan if one.act == self.act])

    def _strike(self, due: Sequence[KillPoint]) -> None:
        done = self.hit.lines()
        for one in due:
            if str(one) not in done:
                self.hit.add(str(one))
                os.kill(os.getpid(), signal.SIGKILL)


class MortalDatabase(Database):
    """Dies at a chosen transaction."""

    def __init__(self, dsn: str, killer: Killer) -> None:
        super().__init__(dsn)
        self.killer = killer

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        self.killer.seen += 1
        number = self.killer.seen
        async with super().transaction() as tx:
            yield tx
            self.killer.at(2 * number)
        self.killer.at(2 * number + 1)


@dataclass
class Fortnight:
    """The stage, and the acts on it."""

    place: Town
    bank: BankNextDoor
    registrar: RegistrarNextDoor
    folder: Path
    killer: Killer
    reports: dict[date, DayReport] = field(default_factory=dict)
    keys: int = 0
    act: str = ""

    @property
    def house(self) -> House:
        return self.place.house

    @property
    def now(self) -> datetime:
        now: datetime = self.place.biller.now
        return now

    # ---- how the story is played

    async def play(self) -> None:
        """Everything that is not done yet."""
        done = Notes(self.folder / "done")
        before = set(done.lines())
        for act in self.acts():
            if act.name in before:
                continue
            self.act, self.keys = act.name, 0
            self.killer.begin(act.name)
            await self.move(act.at)
            await act.do()
            await self.settle()
            self.killer.ends()
            done.add(act.name)

    def acts(self) -> list[Act]:
        made = [Act(START, "the house is set up", self.set_up), Act(shanghai(FIRST, 9), "customers join", self.join)]
        made += [Act(shanghai(FIRST, 10), "money moves in", self.move_in), Act(shanghai(FIRST, 11), "agreements", self.agree)]
        made += [Act(shanghai(FIRST, 12), "customers buy", self.buy), Act(shanghai(FIRST, 14, 31), "the real orders", self.real_orders)]
        made += [Act(shanghai(date(2013, 9, 30), 12), "some want dividends in money", self.choose_money)]
        made += [Act(shanghai(FIRST, 12, 30), "raises are offered", lambda: fortnight_raises.offer(self))]
        made += [Act(shanghai(EX_DATE, 12), "switches and shares redeemed", self.switch_and_redeem)]
        made += [Act(shanghai(LARGE_DAY, 12), "switches into shares", self.switch_into)]
        for day in DAYS:
            made += self._acts_of(day)
        return sorted(made, key=lambda act: act.at)

    def _acts_of(self, day: date) -> list[Act]:
        after = day + timedelta(days=1)

        async def close() -> None:
            await self.close(day)

        async def salaries() -> None:
            self.salaries(day)

        wanted = fortnight_raises.ROUNDS.get(day)
        made = [Act(shanghai(day, 9, 5), f"{day} the registrar's morning", self.nothing)]
        made += [Act(shanghai(day, 10, 5), f"{day} the registrar pays", self.nothing)]
        made += [Act(shanghai(day, 9, 30), f"{day} plans", self.buy_by_plan)]
        made += [Act(shanghai(day, 13, 30), f"{day} redemptions", lambda: self.redemptions(day))]
        if wanted:
            made += [Act(shanghai(day, 13, 10), f"{day} money for raises", lambda: fortnight_raises.money(self, wanted))]
            made += [Act(shanghai(day, 13, 20), f"{day} subscriptions", lambda: fortnight_raises.subscribe(self, wanted))]
        if day in DEALING:
            made += [Act(shanghai(day, 13), f"{day} salaries", salaries), Act(shanghai(day, 14, 5), f"{day} sweeps", self.sweep)]
        made += [Act(shanghai(day, 16), f"{day} late orders", lambda: self.late(day))]
        return [*made, Act(shanghai(after, 0, 30), f"{day} ends", close)]

    async def nothing(self) -> None:
        """The partners' day goes on by itself."""

    async def move(self, now: datetime) -> None:
        """The clocks of all move on to an instant, which they may have come to before."""
        async with self.house.database.transaction() as tx:
            assert not isinstance(await platform_clock.advance(tx, now), Refusal)
        self.place.biller.now = self.place.insurer.now = now
        await self.bank.clock(now)
        await self.settle()

    async def settle(self) -> None:
        """Whatever somebody owes to somebody else arrives."""
        moved = True
        while moved:
            self.registrar.clock(self.now)
            moved = self.registrar_pays()
            moved |= bool(await self.bank.tell(lambda message: bank_messages.take(self.house, message)))
            moved |= bool(await exchange_in.take_files(self.house, FILE_TAKERS))
            moved |= await self.works_off()

    def registrar_pays(self) -> bool:
        with self.registrar.store.tx() as tx:
            due = owed(tx, BANK, self.now)
        for row in due:
            self.bank.transfer(*transfer_of(row["body"]))
            with self.registrar.store.tx() as tx:
                tx.execute("UPDATE outbox SET copies = copies - 1 WHERE seq = ?", (row["seq"],))
        return bool(due)

    async def works_off(self) -> bool:
        """As the worker does. A lease of whoever died has run out."""
        async with self.house.database.read() as tx:
            waiting, _ = await outbox.unsent(tx, range(self.house.books + 1))
        if not waiting:
            return False
        async with self.house.database.transaction() as tx:
            await tx.execute("update outbox set leased_until = null where sent_at is null")
        for destination, deliver in (
            (people.IDENTITY, people.deliver_identity), (payments.BANK, bank_messages.deliver), (sweeps.SWEEPS, sweeps.deliver),
            (autopay_cards.AUTOPAY, autopay_cards.deliver),
        ):  # fmt: skip
            assert await self.place.work(destination, deliver) == []
        return True

    def envelope(self, caller: Caller) -> Envelope:
        """The n-th command of an act has the same key whenever it is given."""
        self.keys += 1
        return Envelope(named(self.now, 0, f"{self.act} {self.keys}"), caller, self.now)

    async def caller(self, number: int) -> Caller:
        caller = await people.caller_of_device(self.house, PEOPLE[number].device_token)
        assert caller is not None
        assert caller.person is not None
        return caller

    async def holding(self, number: int, units: Asset = UNITS) -> int:
        """The units (1/100) that a customer could ask back."""
        caller = await self.caller(number)
        assert caller.person is not None
        wanted = [NewAccount(caller.book, Kind.HOLDING, caller.person, units, Limit.DEBITS_WITHIN_CREDITS)]
        async with self.house.database.read() as tx:
            (account,) = await self.house.ledger.find_accounts(tx, wanted)
            return (await self.house.ledger.free(tx, self.now, [account]))[account] if account else 0

    # ---- the first day

    async def set_up(self) -> None:
        """The bank's accounts, two operators who shelve the fund for both channels, and the bank's advance line."""
        ours = [(f"010000000{number}", "Tapwealth", 0) for number in range(1, 7)]
        theirs = [
            (SHARES_CUSTODY, "消费行业托管户", 0),
            (CHANNEL_ACCOUNT, "渠道", 10**10),
            (LENDING_DESK, "北京银行垫资部", 10**10),
            (CUSTODY, "天弘余额宝托管户", 10**12),
            *fortnight_raises.CUSTODY_ACCOUNTS,
        ]
        self.bank.open_accounts([*ours, *theirs, *((one.card_number, one.name, 100_000_00) for one in PEOPLE)])
        both = [OperatorRole.OPERATIONS, OperatorRole.PRODUCT_MANAGER]
        async with self.house.database.transaction() as tx:
            for login in ("pm.zhou", "ops.chen"):
                if await operators.stored(tx, login) is None:
                    await operators.create(tx, self.house.random64, login, login, both, "nobody signs in here", self.now)
        own, other = FundChannel(True, 1_00, 0, 1_000_000_00), FundChannel(False, 1)
        conditions = msgspec.structs.replace(CONDITIONS, registrar_plans=True)
        for fund in (
            a_fund(FUND, "天弘余额宝货币", "Tianhong Yu'E Bao", {OWN: own, OTHER: other}, custody_account=CUSTODY),
            a_fund(SHARES, "消费行业", "Consumption", {OWN: own}, conditions, custody_account=SHARES_CUSTODY),
        ):
            assert await put_on_sale(self.house, lambda login: self.envelope(_operator(login)), fund) is None
        self.bank.transfer("ADV-LINE", LENDING_DESK, "0100000005", 300_000_00, "advance line")
        self.registrar_keeps_shares()

    def registrar_keeps_shares(self) -> None:
        """Their terms, the price of each dealing day, which it tells on the morning after, and the dividend: 0.35 yuan on ten units."""
        draw, nav = self.draw(FIRST, "prices"), 1_2500
        with self.registrar.store.tx() as tx:
            shelf.put(tx, terms_at_registrar(CONDITIONS, SHARES))
            for day in DEALING:
                nav += draw.randrange(-200, 201) - (350 if day == EX_DATE else 0)
                shelf.quote(tx, SHARES, day, nav)
            started.declare(tx, started.Dividend(SHARES, RECORD_DATE, EX_DATE, DIVIDEND_DAY, 35, 10))

    async def join(self) -> None:
        for number in range(len(PEOPLE)):
            await self.opens_an_account(number)

    async def opens_an_account(self, number: int) -> None:
        one = PEOPLE[number]
        opening = people.OpenAccount(one.name, one.identity_number, one.phone, one.device_token)
        newcomer = Caller(ActorKind.CUSTOMER, "new device", "device token")
        opened = await people.open_account(self.house, self.envelope(newcomer), opening)
        assert not isinstance(opened, Refusal), opened

    async def card(self, number: int) -> UUID:
        """The bound card of a customer; bound now if it is not."""
        bound = await people.bind_card(self.house, self.envelope(await self.caller(number)), people.BindCard(PEOPLE[number].card_number))
        assert not isinstance(bound, Refusal), bound
        return UUID(bound.card)

    async def move_in(self) -> None:
        for number in range(CUSTOMERS):
            more = PLANNED if number in {of for of, _ in PLANS} else 0
            command = people.MoveIn(await self.card(number), BUYS + more)
            moved = await people.move_in(self.house, self.envelope(await self.caller(number)), command)
            assert not isinstance(moved, Refusal), moved

    async def agree(self) -> None:
        """Two bank-card accounts and a wallet are swept every dealing day; two customers buy by plans."""
        for number in (*SWEPT_CARDS, SWEPT_WALLET):
            card = await self.card(number) if number in SWEPT_CARDS else None
            command = sweeps.AgreeSweep(FUND, 50_000_00, 100_00, 8_000_00, time(14, 30), card)
            if card is None:
                command = sweeps.AgreeSweep(FUND, 0, 1_00, 8_000_00, time(14, 30))
            agreed = await sweeps.agree(self.house, self.envelope(await self.caller(number)), command)
            assert not isinstance(agreed, Refusal), agreed
        for number, plan in PLANS:
            planned = await plans.agree(self.house, self.envelope(await self.caller(number)), plan)
            assert not isinstance(planned, Refusal), planned

    async def buy_by_plan(self) -> None:
        """As the worker does."""
        done = await plans.run_due(self.house)
        assert set(done) <= {"placed"}, done

    async def buy(self) -> None:
        """All of it in one batch, as the group commit takes what came together; some a third of it in shares."""
        buyers = [number for number in range(CUSTOMERS) if number != SWEPT_WALLET]
        shares = {number: BUYS // 3 if number in SHAREHOLDERS else 0 for number in buyers}
        await self._buy([(number, BUYS - shares[number]) for number in buyers])
        await self._buy([(number, amount) for number, amount in shares.items() if amount], SHARES)

    async def _buy(self, wanted: Sequence[tuple[int, int]], fund: str = FUND) -> None:
        placings = [
            purchase.Placing(self.envelope(await self.caller(number)), purchase.PurchaseFund(fund, amount)) for number, amount in wanted
        ]
        async with self.house.database.transaction() as tx:
            await self.house.ledger.lock_books(tx, self.house.all_books)
            answers = await purchase.purchase(self.house, tx, placings)
        assert not [one for one in answers if isinstance(one, Refusal)], answers

    async def real_orders(self) -> None:
        """The other channel pays in, opens its 862 holders, and hands in the 1,006 orders."""
        self.bank.transfer("CH-996", CHANNEL_ACCOUNT, "0100000002", REAL_SUM, f"{OTHER} purchases")
        await self.settle()
        holders = dict.fromkeys((one.ta_account, one.trading_account) for one in ORDERS.values(REAL.content, REAL.name))
        made = [
            application(n, FIRST, ta_account=ta, trading_account=trading) for n, (ta, trading) in enumerate(holders, 1)
        ]  # fmt: skip
        for file in (account_file(Route(OTHER), FIRST, made), REAL):
            refused = await channel.take(self.house, OTHER, file.name, BytesIO(file.content), self.now)
            assert refused is None, refused

    # ---- every day

    def salaries(self, day: date) -> None:
        """Into the swept accounts at the bank."""
        for number in SWEPT_CARDS:
            self.bank.transfer(f"PAY-{number}-{day}", LENDING_DESK, PEOPLE[number].card_number, 3_000_00, "salary")

    def draw(self, day: date, what: str) -> random.Random:
        return random.Random(f"{SEED} {day} {what}")

    async def redemptions(self, day: date) -> None:
        """Some customers a day; all through the holiday most of them most of what they have. On two days some are paid at once."""
        draw = self.draw(day, "redemptions")
        if day == LARGE_DAY:
            self.limit_large(on=True)
        if day in AT_ONCE:
            await self.at_once(draw)
        if day == LARGE_DAY + timedelta(days=2):
            self.limit_large(on=False)
        some = draw.sample(range(CUSTOMERS), 14 if day in HOLIDAY else 4)
        wanted = [(number, await self.holding(number) * draw.randrange(60, 101) // 100) for number in some]
        for number, units in self.decided([(number, units) for number, units in wanted if units >= 1_00]):
            left = WhatIsLeft.CANCEL if number % 3 == 0 else WhatIsLeft.DEFER
            placed = await redemption.redeem(self.house, self.envelope(await self.caller(number)), RedeemFund(FUND, units, left))
            assert not isinstance(placed, Refusal), placed

    def decided(self, wanted: Sequence[tuple[int, int]], what: str = "") -> list[tuple[int, int]]:
        """What people want in this act; who does it again after a kill wants the same, whatever has been done of it."""
        path = self.folder / "decided" / f"{self.act} {what}".strip()
        if not path.exists():
            put(path, json.dumps(wanted).encode())
        return [(number, amount) for number, amount in json.loads(path.read_bytes())]

    def limit_large(self, *, on: bool) -> None:
        """Whether the manager accepts no more than a tenth on a large-redemption day."""
        with self.registrar.store.tx() as tx:
            register.limit_large(tx, limits=on)

    async def at_once(self, draw: random.Random) -> None:
        """The bank advances the money."""
        some = draw.sample(range(CUSTOMERS), 6)
        wanted = [(number, min(await self.holding(number), draw.randrange(100_00, 2_000_00))) for number in some]
        for number, units in self.decided([(number, units) for number, units in wanted if units >= 1_00], "at once"):
            command = instant_redemption.RedeemInstantly(FUND, units)
            redeemed = await instant_redemption.redeem(self.house, self.envelope(await self.caller(number)), command)
            assert not isinstance(redeemed, Refusal), redeemed

    async def choose_money(self) -> None:
        for number in IN_MONEY:
            command = ChooseDividendMethod(SHARES, DividendMethod.CASH)
            chosen = await dividend_method.choose(self.house, self.envelope(await self.caller(number)), command)
            assert not isinstance(chosen, Refusal), chosen

    async def switch_into(self) -> None:
        """A tenth of what they have of the money fund."""
        wanted = [(number, await self.holding(number) // 10) for number in SWITCHES]
        await self._switch(FUND, SHARES, self.decided([(number, units) for number, units in wanted if units >= 10_00]))

    async def switch_and_redeem(self) -> None:
        """Out of shares into the money fund, and out of shares into money: both pay by the age of what goes."""
        await self._switch(SHARES, FUND, self.decided([(number, await self.holding(number, SHARE_UNITS) // 3) for number in (38, 39)]))
        for number, units in self.decided([(40, await self.holding(40, SHARE_UNITS) // 2)], "redeemed"):
            placed = await redemption.redeem(self.house, self.envelope(await self.caller(number)), RedeemFund(SHARES, units))
            assert not isinstance(placed, Refusal), placed

    async def _switch(self, out: str, into: str, wanted: Sequence[tuple[int, int]]) -> None:
        for number, units in wanted:
            placed = await switch.switch(self.house, self.envelope(await self.caller(number)), SwitchFund(out, into, units))
            assert not isinstance(placed, Refusal), placed

    async def sweep(self) -> None:
        """What the bank has collected buys as soon as it says so: done again, at the same instant."""
        await sweeps.run_due(self.house)
        await self.settle()
        await sweeps.run_due(self.house)

    async def late(self, day: date) -> None:
        """After the cut-off: what was paid out buys again, for the next dealing day."""
        draw, wanted = self.draw(day, "late"), list[tuple[int, int]]()
        for number in draw.sample(range(3, CUSTOMERS), 5):
            caller = await self.caller(number)
            assert caller.person is not None
            account = NewAccount(caller.book, Kind.WALLET, caller.person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
            async with self.house.database.read() as tx:
                (wallet,) = await self.house.ledger.find_accounts(tx, [account])
                free = (await self.house.ledger.free(tx, self.now, [wallet]))[wallet] if wallet else 0
            if free >= 10_00:
                wanted.append((number, draw.randrange(1_00, free // 2)))
        await self._buy(self.decided(wanted))

    async def close(self, day: date) -> None:
        """All steps of the date's end."""
        report = await end_of_day.close_day(self.house, day, STEPS, lambda step: self.killer.begin(self.act, step))
        assert isinstance(report, DayReport), report
        assert report.closed, (day, report.wrong)
        self.reports[day] = report


def _operator(login: str) -> Caller:
    return Caller(ActorKind.OPERATOR, f"operator:{login}", "password")


class NetworkNextDoor(MemoryNetwork):
    """Outlives us: what was presented lies in the folder, and is answered when it is asked for after our death as it was before."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    async def present(self, content: bytes) -> None:
        put(self._folder / f"{hashlib.sha256(content).hexdigest()}.presented", content)
        await super().present(content)

    async def clearing(self, institution: str, day: date, sequence: int) -> bytes | None:
        if (day, sequence) not in self.answers:
            for path in sorted(self._folder.glob("*.presented")):
                await super().present(path.read_bytes())
        return await super().clearing(institution, day, sequence)


@asynccontextmanager
async def fortnight(database_url: str, folder: Path, kills: Sequence[KillPoint] = ()) -> AsyncIterator[Fortnight]:
    """On a database and in a folder where nothing has happened yet, or after what was done there."""
    if not (folder / "keys").exists():
        KeyFile(folder / "keys").create_from(bytes(range(32)), {"iss_mk_ac_1": bytes.fromhex("1326C2F1B0A8D9F80B5D7C6E4F29A1C8")})
    for name in ("decided", "network"):
        (folder / name).mkdir(exist_ok=True)
    killer = Killer(list(kills), Notes(folder / "hit"))
    biller, insurer = ScriptedBiller(now=START), ScriptedInsurer(now=START)
    async with town(database_url, folder, BOOKS, biller, insurer, START) as place, MortalDatabase(database_url, killer) as database:
        bank, registrar = BankNextDoor(folder), RegistrarNextDoor(folder)
        exchange, heads, matching = Folder(folder / "exchange"), Heads(folder / "heads.jsonl"), Matching()
        identity: Any = matching
        port: Any = bank
        rails = Rails(
            port, place.house.rails.billers, identity, insurer, exchange, heads, port, NetworkNextDoor(folder / "network"), depository=port
        )
        place.house = replace(place.house, database=database, rails=rails, random64=lambda: secrets.randbits(64))
        try:
            yield Fortnight(place, bank, registrar, folder, killer)
        finally:
            bank.store.close()
            registrar.store.close()


async def main(database_url: str, folder: Path, kills: Sequence[str]) -> None:
    """Play on, and die where told."""
    async with fortnight(database_url, folder, [KillPoint.of(one) for one in kills]) as on:
        await on.play()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
