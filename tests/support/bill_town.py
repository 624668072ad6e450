"""A house on a real database with scripted partners, for the flows of bills and insurance.

`Town` moves the clock, makes people with money, works off the outbox as the worker does, and answers for the bank. `ScriptedBiller` and
`ScriptedInsurer` are honest partners in memory, unless the script has another answer for the next question.
"""

from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from uuid import UUID

from biller_files import BillerFile, put_in_directory
from clearing_network import MemoryNetwork
from msgspec.json import encode

from tapwealth.app.house import archives_in
from tapwealth.bank import entries as bank_entries
from tapwealth.bank import store as bank
from tapwealth.bills.bill import Bill
from tapwealth.bills.biller import NOTHING_ELSE, Category, Inquired, InquiryState, NotReceived, Paid, PaymentAnswer, Rejected, Unknown
from tapwealth.customers import store as customers
from tapwealth.customers.store import PersonRow
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.bills import bill_lanes, bill_outcomes
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.bills.bill_lanes import Wanted
from tapwealth.flows.bills.paying import BillPaymentPlaced, PayBill, Placing
from tapwealth.flows.frame import Caller, Envelope, House, moment, must_post
from tapwealth.flows.rails import Billers, Rails
from tapwealth.insurance.claim_insurer import ClaimAgreed, ClaimAnswer, ClaimOrder
from tapwealth.insurance.insurer import Cancelled, CancelOrder, ChangeOrder, InsurerAnswer, Issued, Noted, PolicyOrder, PremiumPaid
from tapwealth.insurance.insurer import NotReceived as InsurerNotReceived
from tapwealth.issuing import authority
from tapwealth.kernel.calendar_data import load_calendar
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import derived, named, seeded_random
from tapwealth.kernel.in_flight import InFlight
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.ledger.postgres import PostgresLedger
from tapwealth.storage import outbox, platform_clock
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Database
from tapwealth.storage.keyfile import KeyFile, RsaNumbers
from tapwealth.storage.keystore import FileKeyStore

MONDAY = date(2014, 2, 24)
NINE = shanghai(MONDAY, 9)
FAR = datetime(2100, 1, 1, tzinfo=UTC)
WORKER = UUID(int=7)
BJPOWER = BillerFile(
    "BJPOWER", "北京电力", "0200000003", Category.ELECTRICITY, "户号", "10 digits", "[0-9]{10}", 1_000_000, time(0, 5), time(23, 55),
    "Beijing Power",
)  # fmt: skip


@dataclass
class ScriptedBiller:
    """`script`: answers for the next payments and inquiries, in order; `loses` payments it answers so without keeping them."""

    bills: dict[str, list[Bill]] = field(default_factory=dict)
    paid: dict[str, tuple[str, str, int, datetime]] = field(default_factory=dict)
    script: deque[PaymentAnswer] = field(default_factory=deque)
    inquiries: deque[PaymentAnswer] = field(default_factory=deque)
    asked: list[str] = field(default_factory=list)
    further: list[dict[str, str]] = field(default_factory=list)
    loses: bool = False
    now: datetime = NINE
    file: bytes | None = None

    def owe(self, account: str, number: str, amount: int, due_on: date | None = None) -> None:
        self.bills.setdefault(account, []).append(Bill(number, account, "2014-02", amount, 0, amount, "*芳", "朝阳区***", due_on))

    async def inquire(self, serial: str, account_number: str, further: Mapping[str, str] = NOTHING_ELSE) -> Inquired | Unknown:
        self.further += [dict(further)] if further else []
        if account_number not in self.bills:
            return Inquired(InquiryState.UNKNOWN_ACCOUNT)
        numbers = {paid[0] for paid in self.paid.values()}
        unpaid = tuple(bill for bill in self.bills[account_number] if bill.bill_id not in numbers)
        return Inquired(InquiryState.ARREARS if unpaid else InquiryState.NO_ARREARS, unpaid)

    async def pay(
        self, serial: str, bill_id: str, account_number: str, amount: int, further: Mapping[str, str] = NOTHING_ELSE
    ) -> PaymentAnswer:
        self.asked.append(serial)
        self.further += [dict(further)] if further else []
        scripted = self.script.popleft() if self.script else None
        if not self.loses and not isinstance(scripted, Rejected):
            self.paid.setdefault(serial, (bill_id, account_number, amount, self.now))
        return scripted or Paid(f"E{serial[-6:]}")

    async def inquire_payment(self, serial: str) -> PaymentAnswer:
        if self.inquiries:
            return self.inquiries.popleft()
        return Paid(f"E{serial[-6:]}") if serial in self.paid else NotReceived()

    async def day_end(self, day: date) -> bytes | None:
        if self.file is not None:
            return self.file
        lines = [(serial, *paid) for serial, paid in sorted(self.paid.items()) if business_date_of(paid[3]) == day]
        return day_end_file(day, lines)


def day_end_file(day: date, lines: Sequence[tuple[str, str, str, int, datetime]]) -> bytes:
    """As the biller writes it."""
    text = [f"{day:%Y%m%d}|{len(lines)}|{sum(line[3] for line in lines)}"]
    for serial, number, account, amount, at in lines:
        text.append(f"{serial}|{number}|{account}|{amount}|{(at + timedelta(hours=8)):%Y%m%d%H%M%S}|E{serial[-6:]}|*芳")
    return "".join(f"{line}\n" for line in text).encode("gbk")


@dataclass
class ScriptedInsurer:
    """Issues and cancels whatever it is asked, once by serial, unless the script says otherwise."""

    script: deque[InsurerAnswer] = field(default_factory=deque)
    events: dict[str, tuple[str, str, int, date]] = field(default_factory=dict)
    orders: list[PolicyOrder] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    claims: list[ClaimOrder] = field(default_factory=list)
    claim_script: deque[ClaimAnswer] = field(default_factory=deque)
    claim_inquiries: deque[ClaimAnswer] = field(default_factory=deque)
    changes: list[ChangeOrder] = field(default_factory=list)
    cancelled_as_of: list[date] = field(default_factory=list)
    now: datetime = NINE
    file: bytes | None = None
    statements: list[bytes] = field(default_factory=list)
    settled: deque[bytes | None] = field(default_factory=deque)

    async def issue(self, order: PolicyOrder) -> InsurerAnswer:
        self.orders.append(order)
        if self.script:
            return self.script.popleft()
        number = f"PL{order.serial[-8:].upper()}"
        self.events.setdefault(order.serial, ("issued", number, order.premium, business_date_of(self.now)))
        return Issued(number)

    async def cancel(self, order: CancelOrder) -> InsurerAnswer:
        self.cancelled_as_of.append(order.asked_on)
        if self.script:
            return self.script.popleft()
        self.events.setdefault(order.serial, ("cancelled", order.policy_number, order.refund, business_date_of(self.now)))
        return Cancelled(order.policy_number)

    async def renew(self, order: PolicyOrder, renews: str) -> InsurerAnswer:
        answer = await self.issue(order)
        if isinstance(answer, Issued):
            _, *rest = self.events[order.serial]
            self.events[order.serial] = ("renewed", *rest)
        return answer

    async def book_premium(self, paid: PremiumPaid) -> InsurerAnswer:
        return self.noted(paid.serial, "premium", paid.policy_number, paid.amount + paid.interest)

    async def reinstate(self, paid: PremiumPaid) -> InsurerAnswer:
        return self.noted(paid.serial, "reinstated", paid.policy_number, paid.amount + paid.interest)

    async def suspend(self, serial: str, policy_number: str, from_day: date) -> InsurerAnswer:
        return self.noted(serial, "suspended", policy_number, 0)

    async def lapse(self, serial: str, policy_number: str, refund: int, from_day: date) -> InsurerAnswer:
        return self.noted(serial, "lapsed", policy_number, refund)

    async def endorse(self, order: ChangeOrder) -> InsurerAnswer:
        self.changes.append(order)
        return self.noted(order.serial, "endorsed", order.policy_number, order.amount)

    def noted(self, serial: str, event: str, policy_number: str, amount: int) -> InsurerAnswer:
        """Noted, and in the bordereau; or what the script says. A suspension moves no money and stands in none."""
        self.told.append((serial, event))
        if self.script:
            return self.script.popleft()
        if event != "suspended":
            self.events.setdefault(serial, (event, policy_number, amount, business_date_of(self.now)))
        return Noted(policy_number)

    async def inquire(self, serial: str) -> InsurerAnswer:
        return InsurerNotReceived()

    async def claim(self, order: ClaimOrder) -> ClaimAnswer:
        self.claims.append(order)
        if self.claim_script:
            return self.claim_script.popleft()
        self.events.setdefault(order.serial, ("claimed", order.policy_number, order.amount, business_date_of(self.now)))
        if order.deducted is not None:
            kept = ("deducted", order.policy_number, order.deducted.amount, business_date_of(self.now))
            self.events.setdefault(f"{order.serial} kept", kept)
        return ClaimAgreed(order.amount)

    async def inquire_claim(self, serial: str) -> ClaimAnswer:
        return self.claim_inquiries.popleft() if self.claim_inquiries else InsurerNotReceived()

    async def recovered(self, serial: str, claim: str, amount: int) -> None:
        number = next(one.policy_number for one in self.claims if one.claim == claim)
        self.events.setdefault(serial, ("recovered", number, amount, business_date_of(self.now)))

    async def bordereau(self, day: date) -> bytes | None:
        if self.file is not None:
            return self.file
        return bordereau(
            [(name.split()[0], number, event, amount) for name, (event, number, amount, on) in sorted(self.events.items()) if on == day]
        )

    async def settle(self, day: date, file: BinaryIO) -> bytes | None:
        file.seek(0)
        statement = file.read()
        self.statements.append(statement)
        if self.settled:
            return self.settled.popleft()
        net = int(statement.decode().rsplit(",", 2)[1])
        return encode({"digest": sha256(statement).hexdigest(), "net": net, "differences": []})


def bordereau(lines: Sequence[tuple[str, str, str, int]]) -> bytes:
    """As the insurer writes it."""
    rows = ["serial,policy_number,event,amount", *(",".join(map(str, line)) for line in lines)]
    before = "".join(f"{row}\r\n" for row in rows).encode()
    return before + f"END,{len(lines)},{sha256(before).hexdigest()},{sum(line[3] for line in lines)}\r\n".encode()


class Nobody:
    """A partner that these flows do not talk to."""


@dataclass(frozen=True)
class Person:
    book: int
    id: UUID
    wallet: int


@dataclass
class Town:
    house: House
    biller: Any
    insurer: Any
    keys_given: int = 0

    async def clock(self, now: datetime) -> None:
        async with self.house.database.transaction() as tx:
            await platform_clock.advance(tx, now)
        self.biller.now = self.insurer.now = now

    async def person(self, name: str, money: int, level: int = 3, identity: str = "110105198401151037") -> Person:
        """Somebody in a book that follows from the name, with so many fen."""
        book = sum(name.encode()) % self.house.books + 1
        identifier = named(NINE, book, name)
        secret = f'{{"name": "王芳", "identity_number": "{identity}", "phone": "13800138000"}}'.encode()
        sealed = self.house.keys.seal("people", secret, b"person" + identifier.bytes)
        lookup = self.house.keys.lookup_hash("test", name)
        row = PersonRow(book, identifier, lookup, sealed, "*芳", level, NINE)
        async with self.house.database.transaction() as tx:
            await customers.add_persons(tx, [row])
            wanted = NewAccount(book, Kind.WALLET, identifier, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
            (wallet,) = await self.house.ledger.open_accounts(tx, [wanted])
            at = await moment(tx)
            gift = bank_entries.received(
                book, named(NINE, book, f"gift {name}"), "0100000001", wallet, money, at.open_date(MONDAY), 1, known=True
            )
            if money:
                assert all(answer.posted for answer in await self.house.ledger.post(tx, at.now, [gift]))
        return Person(book, identifier, wallet)

    async def moved_in(self, person: Person, amount: int, day: date = MONDAY) -> None:
        """The bank has booked it for the wallet."""
        key = derived(person.id, f"in {self.biller.now} {amount}")
        entry = bank_entries.received(person.book, key, "0100000001", person.wallet, amount, day, 1, known=True)
        async with self.house.database.transaction() as tx:
            await self.house.ledger.lock_books(tx, [person.book])
            await must_post(self.house, tx, await moment(tx), [entry])

    def envelope(self, person: Person | None, received_at: datetime | None = None, key: UUID | None = None) -> Envelope:
        self.keys_given += 1
        at = received_at or self.biller.now
        caller = Caller(ActorKind.OPERATOR, "operator:li", "password")
        if person is not None:
            caller = Caller(ActorKind.CUSTOMER, f"customer:{person.id}", "device token", person.id, person.book)
        return Envelope(key or named(at, 0, f"key {self.keys_given}"), caller, at)

    async def bill(self, person: Person, account: str, number: str, amount: int) -> UUID:
        """A bill that the biller has presented to the person."""
        self.biller.owe(account, number, amount)
        shown = await bills.inquire_bill(self.house, self.envelope(person), bills.InquireBill("BJPOWER", account))
        assert not isinstance(shown, Refusal), shown
        return next(UUID(one.bill) for one in shown.bills if one.number == number)

    async def pay(self, *placings: Placing) -> list[BillPaymentPlaced | Refusal]:
        """As the group commit does: in one transaction that holds the books."""
        async with self.house.database.transaction() as tx:
            await self.house.ledger.lock_books(tx, sorted({one.envelope.caller.book for one in placings}))
            return await bills.pay(self.house, tx, placings)

    async def pay_one(self, person: Person, bill: UUID, amount: int) -> BillPaymentPlaced | Refusal:
        (answer,) = await self.pay(Placing(self.envelope(person), PayBill(bill, amount)))
        return answer

    async def work(self, destination: str, deliver: Any, rounds: int = 1) -> list[str]:
        """Send what is due, as if the pauses were over; what was not delivered, and why."""
        if destination == "biller":
            return [why for _ in range(rounds) for why in await self._bills_due(deliver)]
        failures = []
        for _ in range(rounds):
            async with self.house.database.transaction() as tx:
                due = await outbox.take(tx, range(self.house.books + 1), destination, WORKER, FAR, 5000)
            for message in due:
                failure = None
                try:
                    await deliver(self.house, message)
                except Outage as outage:
                    failure = str(outage)
                    failures.append(failure)
                async with self.house.database.transaction() as tx:
                    if failure is None:
                        await outbox.mark_sent(tx, [(message, None)], FAR)
                    else:
                        await outbox.mark_failed(tx, [(message, failure)], WORKER, datetime(2000, 1, 1, tzinfo=UTC))
        return failures

    async def _bills_due(self, deliver: Any) -> list[str]:
        """Every open payment sent or asked about once; those whose outcome an inquiry did not tell."""
        lists = [Wanted(biller, in_doubt, 5000) for biller, in_doubt, _ in await bill_lanes.next_due(self.house)]
        taken = await bill_lanes.take(self.house, lists, FAR) if lists else []
        failures = []
        for errand in taken:
            (after,) = await bill_outcomes.hear(self.house, [await deliver(self.house, errand)])
            if errand.in_doubt and after.settled_on is None:
                failures.append(f"the outcome of payment {after.serial} is not known: {after.reason}")
        return failures

    async def bank_executes(self, booked_on: date) -> list[str]:
        """The bank's word that every open instruction was executed."""
        async with self.house.database.read() as tx:
            opened = await bank.open_instructions(tx)
        assert await payments.hear(self.house, [Outcome(one.end_to_end_id, True, booked_on) for one in opened]) == []
        return sorted(one.end_to_end_id for one in opened)

    async def cut(self, day: date) -> None:
        async with self.house.database.transaction() as tx:
            await tx.execute("insert into business_day (business_date, state, opened_at, cut_at) values ($1, 'cut', $2, $2)", day, NINE)

    async def owed(self, *accounts: int) -> list[int]:
        """What is owed on accounts, now."""
        async with self.house.database.read() as tx:
            found = await self.house.ledger.balances(tx, list(accounts))
        return [found[account].totals.owed if account in found else 0 for account in accounts]

    async def total(self, kind: Kind, day: date | None = None, asset: Asset = Asset.CNY) -> int:
        """What is owed on all accounts of a kind, now or as of a date, by the trial balances."""
        async with self.house.database.read() as tx:
            found = await self.house.ledger.trial_balances(tx, range(self.house.books + 1), day)
        return sum(line.totals.owed for (_, of), lines in found.items() for line in lines if (of, line.kind) == (asset, kind))

    async def breaks(self, day: date) -> list[tuple[str, str, bool]]:
        async with self.house.database.read() as tx:
            return [(one.source, one.kind, one.accounted) for one in await bank.breaks(tx, day)]

    async def all_books_balance(self) -> None:
        """Each book sums to zero, by the trial balance."""
        async with self.house.database.read() as tx:
            found = await self.house.ledger.trial_balances(tx, range(self.house.books + 1))
        for where, lines in found.items():
            assert sum(line.totals.owed for line in lines) == 0, where


@cache
def _authority() -> dict[str, RsaNumbers]:
    with TemporaryDirectory() as folder:
        authority.make_keys(FileKeyStore(Path(folder)))
        return dict(KeyFile(Path(folder)).load().rsa)


def town_keys(folder: Path) -> FileKeyStore:
    """Those that are there, or new ones; but the sandbox authority's RSA keys are the same for all towns: making them takes long."""
    file = KeyFile(folder)
    file.load_or_create()
    file.change(lambda keys: replace(keys, rsa={**_authority(), **keys.rsa}))
    return FileKeyStore(folder)


@asynccontextmanager
async def town(
    database_url: str, folder: Path, books: int = 3, biller: Any = None, insurer: Any = None, start: datetime = NINE
) -> AsyncIterator[Town]:
    """A town on a fresh database, on Monday at nine or at another instant, with one biller; or one that was left, gone back to."""
    async with Database(database_url) as database:
        ledger, keys = PostgresLedger(books, archives_in(folder)), town_keys(folder / "keys")
        async with database.transaction() as tx:
            await platform_clock.start(tx, start)
            await ledger.install(tx)
        biller, insurer = biller or ScriptedBiller(now=start), insurer or ScriptedInsurer(now=start)
        nobody: Any = Nobody()
        draw = seeded_random(7)
        rails = Rails(nobody, Billers({"BJPOWER": biller}), nobody, insurer, nobody, nobody, nobody, MemoryNetwork())
        house = House(database, ledger, keys, books, "current", load_calendar(), rails, lambda: draw.getrandbits(64), InFlight())
        place = Town(house, biller, insurer)
        assert await put_in_directory(house, BJPOWER.definition) is None
        yield place
