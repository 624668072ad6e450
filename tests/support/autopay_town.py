"""Random fortnights of people whose bills are paid by themselves, looked after by two workers at once that are killed and begin anew.

The bank is the sandbox's own, on its own books. The biller keeps books of its own and is moody: silent, late, losing what it is sent,
telling what is paid already or another account's bill. Amounts move after they were told, sources run short, and people change or end what
they agreed to, pay by hand, or empty their cards, all at the minute in which the workers act.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from bank_next_door import BankNextDoor
from bill_town import FAR, MONDAY, NINE, WORKER, Person, day_end_file
from fortnight import LENDING_DESK, PEOPLE
from fund_town import TUESDAY, FundTown, fund_town

from tapwealth.bills.autopay import PayWhen
from tapwealth.bills.bill import Bill
from tapwealth.bills.biller import Inquired, InquiryState, NotReceived, Paid, PaymentAnswer, Rejected, Unknown
from tapwealth.customers import store as customers
from tapwealth.customers.store import BankCardRow
from tapwealth.flows.bank import bank_messages, payments
from tapwealth.flows.bills import autopay, autopay_cards, autopay_days, bill_lanes, bill_outcomes, billers, paying
from tapwealth.flows.bills.autopay import AgreeAutopay, ChangeAutopay, EndAutopay
from tapwealth.flows.bills.bill_lanes import Wanted
from tapwealth.flows.bills.paying import InquireBill, PayBill, Placing
from tapwealth.flows.rails import Billers
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.storage import outbox

DAY = timedelta(days=1)
HOURS = ((10, 0), (10, 20), (15, 0))
"""Of each day, at which workers and people act."""
IN_WALLET, IN_FUND, ON_CARD = 90_00, 150_00, 900_00
CEILINGS = (70_00, 200_00, 400_00)
LATER = date(2100, 1, 1)


class Killed(BaseException):
    """The worker is gone, and whatever it was doing with it."""


@dataclass
class Owing:
    """A bill in the biller's books; `changes` are (from that day on, fen). A day late costs 1.00 a day."""

    account: str
    number: str
    due_on: date | None
    changes: list[tuple[date, int]]
    written_off: str = ""
    written_off_on: date = LATER

    def amount(self, day: date) -> int:
        return next(fen for since, fen in reversed(self.changes) if since <= day)

    def penalty(self, day: date) -> int:
        return max((day - self.due_on).days, 0) * 1_00 if self.due_on else 0

    def balance(self, day: date) -> int:
        return self.amount(day) + self.penalty(day)

    def bill(self, day: date) -> Bill:
        amount, penalty = self.amount(day), self.penalty(day)
        return Bill(self.number, self.account, "2014-02", amount, penalty, amount + penalty, "*芳", "朝阳区***", self.due_on)


@dataclass
class MoodyBiller:
    """Its books: what it has `taken` and `refused`, by serial, each decided once; what is `late` arrives the next day. A bill is written
    off once. `calm`: it answers as it should; else the more `moods`, the less."""

    draw: random.Random
    now: datetime = NINE
    calm: bool = True
    moods: int = 1
    owed: dict[str, Owing] = field(default_factory=dict)
    taken: dict[str, tuple[str, str, int, datetime]] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    late: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def day(self) -> date:
        return business_date_of(self.now)

    def moody(self, chance: float) -> bool:
        return not self.calm and self.draw.random() < chance * self.moods

    async def inquire(self, serial: str, account_number: str, further: object = ()) -> Inquired | Unknown:
        await asyncio.sleep(0)
        if self.moody(0.08):
            return Unknown("silence")
        there = [one for one in self.owed.values() if one.changes[0][0] <= self.day]
        if self.moody(0.04):
            return Inquired(InquiryState.ARREARS, tuple(one.bill(self.day) for one in there if one.account != account_number)[:1])
        mine = [one for one in there if one.account == account_number]
        slow = self.moody(0.1)  # it tells what was written off since yesterday, too
        bills = tuple(one.bill(self.day) for one in mine if not one.written_off or (slow and self.day - one.written_off_on <= DAY))
        return Inquired(InquiryState.ARREARS if bills else InquiryState.NO_ARREARS, bills)

    async def pay(self, serial: str, bill_id: str, account_number: str, amount: int, further: object = ()) -> PaymentAnswer:
        await asyncio.sleep(0)
        if serial in self.late:
            return Unknown("still on its way")
        if serial not in self.taken and serial not in self.refused:
            if self.moody(0.1):
                return Unknown("lost on its way there")
            if self.moody(0.1):
                self.late[serial] = (bill_id, amount)
                return Unknown("on its way")
            if self.moody(0.08):
                self.refused[serial] = "not today"
            else:
                self.decide(serial, bill_id, amount, exact=True)
        return Unknown("the answer was lost") if self.moody(0.15) else self.said(serial)

    def decide(self, serial: str, bill_id: str, amount: int, *, exact: bool) -> None:
        one = self.owed[bill_id]
        if one.written_off or (exact and amount != one.balance(self.day)):
            self.refused[serial] = "it was paid already" if one.written_off else "another amount is owed"
            return
        one.written_off, one.written_off_on = serial, self.day
        self.taken[serial] = (bill_id, one.account, amount, self.now)

    def said(self, serial: str) -> PaymentAnswer:
        if serial in self.taken:
            return Paid(f"E{serial[-6:]}")
        return Rejected(self.refused[serial]) if serial in self.refused else NotReceived()

    async def inquire_payment(self, serial: str) -> PaymentAnswer:
        await asyncio.sleep(0)
        return Unknown("silence") if self.moody(0.2) else self.said(serial)

    def arrive(self) -> None:
        """What was on its way for a day or more comes now, most of it."""
        for serial in [one for one in self.late if self.calm or self.draw.random() < 0.6]:
            bill_id, amount = self.late.pop(serial)
            if serial not in self.taken and serial not in self.refused:
                self.decide(serial, bill_id, amount, exact=False)

    async def day_end(self, day: date) -> bytes:
        return day_end_file(day, [(serial, *of) for serial, of in sorted(self.taken.items()) if business_date_of(of[3]) == day])


class Mortal:
    """A database or a partner as a worker reaches it: at its n-th step, before or after what was asked for, the worker is gone."""

    def __init__(self, life: "Life", of: Any) -> None:
        self._life, self._of = life, of

    def __getattr__(self, name: str) -> Any:
        asked = getattr(self._of, name)

        async def call(*given: Any, **further: Any) -> Any:
            self._life.step()
            with self._life.busy():
                answer = await asked(*given, **further)
            self._life.step()
            return answer

        return call

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        self._life.step()
        with self._life.busy():
            async with self._of.transaction() as tx:
                yield tx
                self._life.step()
        self._life.step()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        self._life.step()
        with self._life.busy():
            async with self._of.read() as tx:
                yield tx

    look = read


@dataclass
class Life:
    """Of a worker: so many steps are `left`, None: it is not killed. `open`: what it has begun and not ended."""

    left: int | None = None
    dead: bool = False
    open: int = 0

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            self.dead |= self.left < 0
        if self.dead:
            raise Killed

    def busy(self) -> Any:
        return _Busy(self)


class _Busy:
    def __init__(self, life: Life) -> None:
        self._life = life

    def __enter__(self) -> None:
        self._life.open += 1

    def __exit__(self, *_: object) -> None:
        self._life.open -= 1


@dataclass
class Neighbour:
    """Somebody with a wallet, units and a card, whose bills come by one account."""

    person: Person
    account: str
    card: UUID
    card_number: str
    moved_in: int = 0


@dataclass
class AutopayTown:
    """People, biller, bank and two workers. What happens follows from the seed; what it comes to may still differ by who is first."""

    place: FundTown
    bank: BankNextDoor
    biller: MoodyBiller
    seed: int
    people: list[Neighbour] = field(default_factory=list)
    kills: int = 0
    rounds: int = 0
    bills_made: int = 0

    def draw(self, what: object) -> random.Random:
        """Draws of its own for each event, whatever else goes on."""
        return random.Random(f"{self.seed} {what}")

    # ---- what happens

    async def fortnight(self, days: int) -> None:
        """Play, then let everything come to its end."""
        for number in range(days):
            await self.play_day(TUESDAY + number * DAY)
        await self.come_to_rest(TUESDAY + days * DAY)

    async def play_day(self, day: date) -> None:
        await self.move(shanghai(day, 9))
        self.biller.arrive()
        self.new_bills(day)
        self.biller.calm = False
        for hour, minute in HOURS:
            await self.move(shanghai(day, hour, minute))
            draw = self.draw(self.biller.now)
            await asyncio.gather(self.works(), self.works(), *(self.acts(one) for one in self.people if draw.random() < 0.1))
            if draw.random() < 0.8:
                await self.bank.tell(lambda message: bank_messages.take(self.place.house, message))
            await asyncio.gather(self.works(), self.works())
        await self.ends(day)

    async def ends(self, day: date) -> None:
        """The date is cut, and the biller's file compared."""
        await self.move(shanghai(day + DAY, 0, 30))
        await self.place.cut(day)
        await billers.compare_billers(self.place.house, day)

    async def come_to_rest(self, day: date) -> None:
        """The partners answer as they should, nobody is killed, and what is open is asked after until it is known."""
        await self.move(shanghai(day, 9))
        self.biller.calm = True
        self.biller.arrive()
        async with self.place.house.database.transaction() as tx:
            await tx.execute("update autopay set state = 'ended', ended_at = $1 where state = 'active'", self.biller.now)
        for _ in range(9):
            await self.works(mortal=False)
            await self.bank.tell(lambda message: bank_messages.take(self.place.house, message))
        await self.ends(day)

    async def move(self, now: datetime) -> None:
        await self.place.clock(now)
        await self.bank.clock(now)

    def new_bills(self, day: date) -> None:
        """On the first day everybody gets one, later some do; some that are there become greater or smaller."""
        draw = self.draw(f"bills of {day}")
        for one in self.people:
            if draw.random() < (1 if day == TUESDAY else 0.6):
                self.bills_made += 1
                due, number = draw.choice((None, day + draw.randrange(6) * DAY)), f"B{self.bills_made}"
                self.biller.owed[number] = Owing(one.account, number, due, [(day, draw.randrange(20_00, 150_00))])
        for bill in self.biller.owed.values():
            changes, by = draw.random() < 0.15, draw.choice((-5_00, 1, 5_00, 90_00))
            if changes and not bill.written_off:
                bill.changes.append((day, max(bill.amount(day) + by, 1_00)))

    # ---- the workers

    async def works(self, *, mortal: bool = True) -> None:
        """One turn of a worker; if it is killed, another one's after it."""
        self.rounds += 1
        draw = self.draw(f"life {self.rounds}")
        life = Life(draw.randrange(60) if mortal and draw.random() < 0.35 else None)
        try:
            await self.turn(self.reached_by(life), FAR + self.rounds * DAY)
        except Killed:
            self.kills += 1
            while life.open:  # what it had open dies with it
                await asyncio.sleep(0.001)
            await self.works(mortal=False)

    def reached_by(self, life: Life) -> FundTown:
        house, rails = self.place.house, self.place.house.rails
        ports: Any = {name: Mortal(life, port) for name, port in rails.billers.ports.items()}
        bank: Any = Mortal(life, rails.bank)
        database: Any = Mortal(life, house.database)
        return replace(
            self.place, house=replace(house, database=database, rails=replace(rails, billers=Billers(ports), bank=bank, mandates=bank))
        )

    async def turn(self, place: FundTown, now: datetime) -> None:
        """What a worker's jobs do, each once; what others had taken and not ended is taken again."""
        house = place.house
        await autopay_days.run_due(house)
        for destination, deliver in ((payments.BANK, bank_messages.deliver), (autopay_cards.AUTOPAY, autopay_cards.deliver)):
            async with house.database.transaction() as tx:
                due = await outbox.take(tx, range(house.books + 1), destination, WORKER, now, 5000)
            for message in due:
                await deliver(house, message)
            async with house.database.transaction() as tx:
                await outbox.mark_sent(tx, [(message, None) for message in due], now)
        lists = [Wanted(biller, in_doubt, 5000) for biller, in_doubt, _ in await bill_lanes.next_due(house)]
        errands = await bill_lanes.take(house, lists, now) if lists else []
        said = await asyncio.gather(*(bill_lanes.deliver(house, errand) for errand in errands))
        if said:
            await bill_outcomes.hear(house, said)

    # ---- the people

    async def acts(self, one: Neighbour) -> None:
        """Something that a person does, at this minute."""
        draw = self.draw(f"{self.biller.now} {one.account}")
        await asyncio.sleep(draw.random() / 100)
        what = draw.random()
        if what < 0.3:
            await self.other_terms(one, draw)
        elif what < 0.5:
            await self.pays_by_hand(one)
        elif what < 0.85:
            one.moved_in += 120_00
            await self.place.moved_in(one.person, 120_00, business_date_of(self.biller.now))
        else:
            self.empties_card(one)

    def empties_card(self, one: Neighbour) -> None:
        """Or fills it again."""
        there = self.bank.money(one.card_number)
        name = f"SPENT{self.biller.now:%m%d%H%M}{one.account}"
        if there > 50_00:
            self.bank.transfer(name, one.card_number, LENDING_DESK, there - 50_00, "spent")
        else:
            self.bank.transfer(name, LENDING_DESK, one.card_number, ON_CARD, "earned")

    def terms(self, one: Neighbour, draw: random.Random) -> dict[str, Any]:
        card = one.card if draw.random() < 0.6 else None
        return {
            "most": draw.choice(CEILINGS), "fund": draw.choice(("", "pocket")), "card": card,
            "when": draw.choice((None, None, *PayWhen)), "notice": draw.choice((1, 1, 1, 1, 2, 4)),
        }  # fmt: skip

    async def agrees(self, one: Neighbour, draw: random.Random) -> None:
        command = AgreeAutopay("BJPOWER", one.account, **self.terms(one, draw))
        await autopay.agree(self.place.house, self.place.envelope(one.person), command)

    async def other_terms(self, one: Neighbour, draw: random.Random) -> None:
        """Changed, or ended and perhaps agreed to again."""
        async with self.place.house.database.read() as tx:
            held = await autopay.held(tx, one.person.book, one.person.id)
        standing = next((of for of in held if of.state == "active"), None)
        if standing is None:
            await self.agrees(one, draw)
        elif draw.random() < 0.7:
            change = ChangeAutopay(UUID(standing.autopay), **self.terms(one, draw))
            await autopay.change(self.place.house, self.place.envelope(one.person), change)
        else:
            await autopay.end(self.place.house, self.place.envelope(one.person), EndAutopay(UUID(standing.autopay)))
            if draw.random() < 0.5:
                await self.agrees(one, draw)

    async def pays_by_hand(self, one: Neighbour) -> None:
        try:
            shown = await paying.inquire_bill(self.place.house, self.place.envelope(one.person), InquireBill("BJPOWER", one.account))
        except Outage:
            return
        assert not isinstance(shown, Refusal), shown
        for bill in shown.bills[:1]:
            await self.place.pay(Placing(self.place.envelope(one.person), PayBill(UUID(bill.bill), bill.balance, "pocket")))


async def _neighbours(place: FundTown, bank: BankNextDoor, people: int) -> list[Neighbour]:
    """Each with money in the wallet, units of the fund, and a bound card whose bank knows it."""
    made = []
    for number in range(people):
        person = await place.person(f"neighbour {number}", IN_WALLET + IN_FUND)
        card, written = named(NINE, person.book, f"card {number}"), PEOPLE[number].card_number
        sealed = place.house.keys.seal("people", written.encode(), b"bank_card" + card.bytes)
        lookup = place.house.keys.lookup_hash("pan", written)
        row = BankCardRow(person.book, card, person.id, lookup, sealed, f"****{written[-4:]}", "BOB", "北京银行", NINE)
        async with place.house.database.transaction() as tx:
            await customers.add_bank_card(tx, row)
        bank.open_accounts([(written, "王芳", ON_CARD)])
        made.append(Neighbour(person, f"11{number:08d}", card, written))
    await place.receipt(9_000_000, "LINE", "advance", "0100000005")
    await place.buy(*(place.order(one.person, IN_FUND) for one in made))
    await place.next_day(MONDAY)
    return made


@asynccontextmanager
async def autopay_town(url: str, folder: Path, seed: int, people: int) -> AsyncIterator[AutopayTown]:
    """On Tuesday morning: everybody has agreed to something."""
    async with fund_town(url, folder) as plain:
        bank, biller = BankNextDoor(folder), MoodyBiller(random.Random(seed))
        bank.open_accounts([*((f"010000000{number}", "Tapwealth", 0) for number in range(1, 7)), (LENDING_DESK, "北京银行", 10**10)])
        neighbours = await _neighbours(plain, bank, people)
        await plain.bank_executes(TUESDAY)
        async with plain.house.database.transaction() as tx:  # and was told all of it
            await tx.execute("update outbox set sent_at = not_before where sent_at is null")
        port: Any = bank
        connections: Any = {"BJPOWER": biller}
        rails = replace(plain.house.rails, bank=port, mandates=port, billers=Billers(connections))
        place = replace(plain, house=replace(plain.house, rails=rails), biller=biller)
        town = AutopayTown(place, bank, biller, seed, neighbours)
        await town.move(shanghai(TUESDAY, 8))
        for one in neighbours:
            await town.agrees(one, town.draw(one.account))
        try:
            yield town
        finally:
            bank.store.close()
