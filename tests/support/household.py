"""One family's bills, played from a seed day by day: salary, sweeps of the wallet into the fund, and what is paid by itself.

Electricity comes monthly and is paid when presented; water every other month, after the salary, by the wallet alone; the credit card
monthly, by the fund on its due day; the electricity of a second flat is forgotten once and paid by hand, late. The billers reckon a penalty
for each day that a bill is late, are out on some mornings, and lose what they are sent on others; summer is dearer than the family had
agreed to, so that they pay by hand, then change their agreement. Bank, registrar and every step of a date's end are real; so are the
billers, but where a test wants one that is quick (`FamilyBiller`).
"""

import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from bank_next_door import BankNextDoor
from bill_town import BJPOWER, MONDAY, NINE, Person, ScriptedBiller, ScriptedInsurer, town
from biller_files import put_in_directory
from clearing_network import MemoryNetwork
from family_billers import FamilyBillers, family_billers
from fortnight import BOOKS, CUSTODY, LENDING_DESK, PEOPLE, Act, Fortnight, Killer, Notes
from fund_town import FUND, FundTown, RegistrarNextDoor, _shelve
from msgspec import structs
from played_days import Matching

from tapwealth.bills.autopay import PayWhen
from tapwealth.bills.bill import Bill
from tapwealth.bills.biller import NOTHING_ELSE, Category, Inquired, NotReceived, PaymentAnswer, Rejected, Unknown
from tapwealth.flows.bills import autopay, autopay_days, paying
from tapwealth.flows.bills.autopay import AgreeAutopay, AutopayView, ChangeAutopay
from tapwealth.flows.customers import people
from tapwealth.flows.funds import sweeps
from tapwealth.flows.rails import Billers, Rails
from tapwealth.funds.exchange_folder import Folder
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.heads import Heads

FIRST, SEED = MONDAY, 20140224
POWER, WATER, CARD, FLAT = "1100234567", "110023456", "6225880000000001", "1100234569"
BILLERS = {POWER: "BJPOWER", WATER: "BJWATER", CARD: "BOBCARD", FLAT: "BJPOWER"}
OTHERS = (
    ("BJWATER", "自来水", Category.WATER, "0200000009", "[0-9]{9}"),
    ("BOBCARD", "北京银行信用卡", Category.CREDIT_CARD, "0200000010", "[0-9]{16}"),
)
"""Besides the electricity: code, name, category, bank account, account numbers."""
CEILINGS = {POWER: 300_00, WATER: 100_00, CARD: 4_000_00}
RAISED, RAISED_ON = 500_00, date(2014, 8, 10)
CHANGED = {date(2014, 3, 12): (WATER, 150_00), RAISED_ON: (POWER, RAISED)}
"""On these days the family agrees to other ceilings: of the water on the morning of the debit."""
SALARY, SALARY_DAY = 6_000_00, 10
SILENT = frozenset({date(2014, 3, 24), *(date(2014, 6, day) for day in range(1, 5)), date(2014, 12, 25)})
DEAF = frozenset({date(2014, 3, 2), date(2014, 5, 25), date(2014, 11, 12)})
"""On these mornings it tells what is owed, and answers no payment."""
BY_HAND = {date(2014, 3, 15): FLAT, date(2014, 7, 15): POWER, date(2014, 9, 20): POWER}
"""Of July's on its last day without a penalty, the others five days late."""
FLAT_ON = date(2014, 3, 1)
DEAR = {7: 380_00, 8: 420_00, 9: 520_00}
DAY = timedelta(days=1)


@dataclass
class FamilyBiller(ScriptedBiller):
    """All three by one connection. A late bill costs 0.1 % more a day, at least 1.00; it takes what is owed and nothing else."""

    silent: bool = False
    deaf: bool = False

    def behave(self, *, silent: bool = False, deaf: bool = False) -> None:
        self.silent, self.deaf = silent, deaf

    def late(self, bill: Bill) -> Bill:
        assert bill.due_on is not None
        days = (business_date_of(self.now) - bill.due_on).days
        penalty = max(bill.amount * days // 1000, 1_00) if days > 0 else 0
        return replace(bill, penalty=penalty, balance=bill.amount + penalty)

    async def inquire(self, serial: str, account_number: str, further: Mapping[str, str] = NOTHING_ELSE) -> Inquired | Unknown:
        if self.silent:
            return Unknown("silence")
        found = await super().inquire(serial, account_number, further)
        assert isinstance(found, Inquired)
        return Inquired(found.state, tuple(self.late(bill) for bill in found.bills))

    async def pay(
        self, serial: str, bill_id: str, account_number: str, amount: int, further: Mapping[str, str] = NOTHING_ELSE
    ) -> PaymentAnswer:
        if self.silent or self.deaf:
            return Unknown("silence")
        (bill,) = (one for one in self.bills[account_number] if one.bill_id == bill_id)
        if serial not in self.paid and (self.late(bill).balance != amount or bill_id in {of[0] for of in self.paid.values()}):
            return Rejected("wrong amount, or paid already")
        return await super().pay(serial, bill_id, account_number, amount, further)

    async def inquire_payment(self, serial: str) -> PaymentAnswer:
        if self.silent or self.deaf:
            return Unknown("silence")
        return await super().inquire_payment(serial) if serial in self.paid else NotReceived()


@dataclass
class Household(Fortnight):
    """The family's year, or the first days of it."""

    days: int = 30
    looks: list[str] = field(default_factory=list)
    moved: int = 0

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

        made = [
            Act(shanghai(day, 9, 40), f"{day} bills come", lambda: self.bills_come(day)),
            Act(shanghai(day, 10), f"{day} bills are looked after", self.look),
            Act(shanghai(day, 12), f"{day} noon", self.noon),
            Act(shanghai(day + DAY, 0, 30), f"{day} ends", close),
        ]
        if self.house.calendar.is_dealing_day(day):
            made.append(Act(shanghai(day, 14, 5), f"{day} sweeps", self.sweep))
        return made

    # ---- the first day

    async def set_up(self) -> None:
        ours = [(f"010000000{number}", "Tapwealth", 0) for number in range(1, 7)]
        theirs = [(LENDING_DESK, "北京银行垫资部", 10**10), (CUSTODY, "天弘余额宝托管户", 10**12)]
        theirs += [("0200000003", "北京电力", 0), *((account, name, 0) for _, name, _, account, _ in OTHERS)]
        self.bank.open_accounts([*ours, *theirs, (PEOPLE[0].card_number, PEOPLE[0].name, 10**8)])
        place: Any = self.place
        await _shelve(place)
        self.bank.transfer("ADV-LINE", LENDING_DESK, "0100000005", 300_000_00, "advance line")
        connections = self.house.rails.billers.ports
        for code, name, category, account, pattern in OTHERS:
            biller = structs.replace(
                BJPOWER, code=code, name=name, name_en=code, category=category, bank_account=account, pattern=pattern,
                connection=code if code in connections else "BJPOWER",
            )  # fmt: skip
            assert await put_in_directory(self.house, biller.definition) is None
        for account in BILLERS:
            self.place.biller.bills[account] = []

    async def join(self) -> None:
        await self.opens_an_account(0)
        await self.settle()
        await self.salary()
        sweep = sweeps.AgreeSweep(FUND, 800_00, 100_00, 10_000_00, time(14, 30))
        assert not isinstance(await sweeps.agree(self.house, self.envelope(await self.caller(0)), sweep), Refusal)
        for account, most in CEILINGS.items():
            command = AgreeAutopay(BILLERS[account], account, most, "" if account == WATER else "pocket")
            made = await autopay.agree(self.house, self.envelope(await self.caller(0)), command)
            assert isinstance(made, AutopayView), made
            assert made.when == (PayWhen.DUE if account == CARD else PayWhen.PRESENTED)

    # ---- every day

    async def bills_come(self, day: date) -> None:
        """And salaries; and what the family does by hand."""
        biller: Any = self.place.biller
        biller.behave(silent=day in SILENT, deaf=day in DEAF)
        draw = random.Random(f"{SEED} {day}")
        if day.day == SALARY_DAY:
            await self.salary()
        if day.day == 1:
            biller.owe(POWER, f"P{day:%Y%m}", DEAR.get(day.month, draw.randrange(80_00, 260_00)), day.replace(day=15))
        if day.day == SALARY_DAY + 1 and day.month % 2:
            biller.owe(WATER, f"W{day:%Y%m}", draw.randrange(40_00, 90_00), day.replace(day=25))
        if day.day == 7:
            biller.owe(CARD, f"C{day:%Y%m}", draw.randrange(1_500_00, 3_500_00), day.replace(day=25))
        if day == FLAT_ON:
            biller.owe(FLAT, f"F{day:%Y%m}", 88_00, day.replace(day=10))
        if day in BY_HAND:
            await self.pay_by_hand(BY_HAND[day])
        if day in CHANGED:
            await self.other_terms(*CHANGED[day])

    async def salary(self) -> None:
        moved = await people.move_in(self.house, self.envelope(await self.caller(0)), people.MoveIn(await self.card(0), SALARY))
        assert not isinstance(moved, Refusal), moved
        self.moved += SALARY

    async def pay_by_hand(self, account: str) -> None:
        caller = await self.caller(0)
        shown = await paying.inquire_bill(self.house, self.envelope(caller), paying.InquireBill(BILLERS[account], account))
        assert not isinstance(shown, Refusal), shown
        (bill,) = shown.bills
        command = paying.PayBill(UUID(bill.bill), bill.balance, "pocket")
        (answer,) = await self.place.pay(paying.Placing(self.envelope(caller), command))
        assert not isinstance(answer, Refusal), answer

    async def other_terms(self, account: str, most: int) -> None:
        caller = await self.caller(0)
        assert caller.person is not None
        async with self.house.database.read() as tx:
            held = await autopay.held(tx, caller.book, caller.person)
        (before,) = (one for one in held if one.biller_code == BILLERS[account] and one.state == "active")
        change = ChangeAutopay(UUID(before.autopay), most, before.fund)
        changed = await autopay.change(self.house, self.envelope(caller), change)
        assert isinstance(changed, AutopayView), changed

    async def look(self) -> None:
        self.looks += await autopay_days.run_due(self.house)
        assert await autopay_days.run_due(self.house) == [], "a day is looked after once"
        await self.place.work("biller", paying.deliver)

    async def noon(self) -> None:
        """The biller is there again by noon; what it left open is asked after."""
        self.place.biller.behave()
        self.looks += await autopay_days.run_due(self.house)
        await self.place.work("biller", paying.deliver, rounds=2)

    # ---- what it came to

    async def family(self) -> Person:
        caller = await self.caller(0)
        assert caller.person is not None
        wanted = NewAccount(caller.book, Kind.WALLET, caller.person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
        async with self.house.database.read() as tx:
            (wallet,) = await self.house.ledger.find_accounts(tx, [wanted])
        return Person(caller.book, caller.person, wallet or 0)


@asynccontextmanager
async def household(database_url: str, folder: Path, days: int) -> AsyncIterator[Household]:
    """On an empty database: nothing has happened yet. The biller is in memory."""
    async with _household(database_url, folder, days, FamilyBiller(now=NINE)) as made:
        yield made


@asynccontextmanager
async def household_at_real_billers(database_url: str, folder: Path, days: int) -> AsyncIterator[Household]:
    """The same; each biller is a process of its own."""
    with family_billers(folder, BILLERS) as billers:
        async with _household(database_url, folder, days, FamilyBiller(now=NINE), billers) as made:
            yield made
        await billers.close()


@asynccontextmanager
async def _household(
    database_url: str, folder: Path, days: int, biller: FamilyBiller, real: FamilyBillers | None = None
) -> AsyncIterator[Household]:
    insurer = ScriptedInsurer(now=NINE)
    async with town(database_url, folder, BOOKS, biller, insurer) as plain:
        bank, registrar = BankNextDoor(folder), RegistrarNextDoor(folder)
        port: Any = bank
        identity: Any = Matching()
        connections: Any = plain.house.rails.billers.ports if real is None else real.ports
        rails = Rails(
            port, Billers(connections), identity, insurer, Folder(folder / "exchange"), Heads(folder / "heads.jsonl"), port,
            MemoryNetwork(), depository=port,
        )  # fmt: skip
        place = FundTown(replace(plain.house, rails=rails), real or biller, insurer, plain.keys_given, registrar)
        try:
            yield Household(place, bank, registrar, folder, Killer([], Notes(folder / "hit")), days=days)
        finally:
            bank.store.close()
            registrar.store.close()
