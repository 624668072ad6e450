"""A town with the money fund on its shelf and the sandbox's registrar next door: its folder, its register, no process between them.

`end` does what a date's end does for funds, `morning` what the registrar's files bring the next day. What the registrar has left can be
rewritten before it is taken.
"""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

from bill_town import MONDAY, NINE, Person, Town, town
from fund_files import a_fund, put_on_sale
from msgspec import structs
from shelf import UNITS

from tapwealth.app.wiring import FILE_TAKERS
from tapwealth.bank import store as bank
from tapwealth.flows.bank import receipts
from tapwealth.flows.bank.bank_messages import RECOGNISERS
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.funds import channel, exchange_in, exchange_out, purchase
from tapwealth.flows.funds.purchase import Placing, PurchaseFund, PurchasePlaced
from tapwealth.flows.issuing.tap import accounts_of, tap_of
from tapwealth.funds import orders_store
from tapwealth.funds import store as funds
from tapwealth.funds.exchange_folder import Folder
from tapwealth.funds.exchange_out import OutgoingFile, Route, account_file, order_file
from tapwealth.funds.exchange_values import AccountApplication, BusinessCode, OrderRecord
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.product import FundChannel
from tapwealth.funds.store import FundAccount
from tapwealth.issuing import entries as tap_entries
from tapwealth.issuing import store as issuing
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.masked import IdentityNumber, PersonName
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.notices import store as notices
from tapwealth.sandbox.faults import FAULT_SCHEMA
from tapwealth.sandbox.outbox import OUTBOX_SCHEMA
from tapwealth.sandbox.registrar import dispatch, working_day
from tapwealth.sandbox.registrar.folder import Exchange, put
from tapwealth.sandbox.registrar.intake import Intake
from tapwealth.sandbox.registrar.reports import REGISTRAR
from tapwealth.sandbox.registrar.server import SCHEMA
from tapwealth.sandbox.store import Store
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.operators import OperatorRole
from tapwealth.wire.ofd import parse_data_file_name, parse_index_name, read_data_file, read_index, write_data_file, write_index

FUND, OWN, OTHER = "000198", "T01", "996"
ADVANCE = "0100000005"
"""The advance account at the bank."""
TUESDAY = MONDAY + timedelta(days=1)
MINIMUM, DAY_CAP, HOLDING_CAP = 1_00, 20_000_00, 100_000_00
CHANNELS = {OWN: FundChannel(True, MINIMUM, DAY_CAP, HOLDING_CAP), OTHER: FundChannel(False, 1)}
Values = dict[str, Any]


class RegistrarNextDoor:
    """The sandbox's registrar, worked by hand."""

    def __init__(self, root: Path) -> None:
        self.exchange = Exchange(root / "exchange")
        self.exchange.prepare()
        self.store = Store(root / "registrar.sqlite", FAULT_SCHEMA + OUTBOX_SCHEMA + SCHEMA)
        self.intake = Intake(self.store, self.exchange)
        self.withheld: dict[str, bytes] = {}

    def clock(self, now: datetime) -> None:
        """Take what lies there, do what falls due, send what that made."""
        self.intake.scan()
        working_day.work_until(self.store, now)
        dispatch.publish(self.store, self.exchange, REGISTRAR, now)
        for name in self.withheld:
            self._index(name, present=False)

    def withhold(self, day: date, file_type: str, distributor: str = OWN) -> None:
        """A file that it made has not left it, and no index names it, until `send_after_all`."""
        path = self.path(day, file_type, distributor)
        self.withheld[path.name] = path.read_bytes()
        path.unlink()
        self._index(path.name, present=False)

    def send_after_all(self) -> None:
        """What was withheld."""
        for name, content in self.withheld.items():
            self.leave(name, content)
        self.withheld.clear()

    def path(self, day: date, file_type: str, distributor: str = OWN) -> Path:
        return self.exchange.outgoing / f"OFD_{REGISTRAR}_{distributor}_{day:%Y%m%d}_{file_type}.TXT"

    def values(self, day: date, file_type: str, distributor: str = OWN) -> list[Values]:
        """The records of a file that was left, as plain values."""
        path = self.path(day, file_type, distributor)
        return [dict(record) for record in read_data_file(path.read_bytes(), path.name)[1]]

    def payments(self) -> list[Values]:
        """Transfers that it has asked the bank for."""
        with self.store.tx() as tx:
            return [json.loads(row["body"]) for row in tx.execute("SELECT body FROM outbox ORDER BY seq")]

    def rewrite(self, day: date, file_type: str, change: Callable[[list[Values]], Any], distributor: str = OWN) -> None:
        """Leave the file again with its records changed in place (or by what `change` returns); the count follows."""
        path = self.path(day, file_type, distributor)
        header, _ = read_data_file(path.read_bytes(), path.name)
        records = self.values(day, file_type, distributor)
        records = change(records) or records
        put(path, write_data_file(replace(header, records=len(records)), records))

    def leave(self, name: str, content: bytes) -> None:
        """Let a file appear, and name it in its index."""
        put(self.exchange.outgoing / name, content)
        self._index(name, present=True)

    def _index(self, name: str, *, present: bool) -> None:
        file = parse_data_file_name(name)
        path = self.exchange.outgoing / f"OFI_{file.creator}_{file.receiver}_{file.day:%Y%m%d}.TXT"
        index = read_index(path.read_bytes(), parse_index_name(path.name))
        if (file in index.files) is not present:
            others = tuple(one for one in index.files if one != file)
            put(path, write_index(replace(index, files=(*others, file) if present else others)))

    def sent(self, day: date, file_type: str, distributor: str = OWN) -> bytes:
        """What we left for it."""
        return (self.exchange.incoming / f"OFD_{distributor}_{REGISTRAR}_{day:%Y%m%d}_{file_type}.TXT").read_bytes()


@dataclass
class FundTown(Town):
    """A town in which the fund can be bought. `registrar` is set by `fund_town`."""

    registrar: Any = None

    # ---- people and what they have

    async def buy(self, *placings: Placing) -> list[PurchasePlaced | Refusal]:
        """As the group commit does: in one transaction that holds the books."""
        async with self.house.database.transaction() as tx:
            await self.house.ledger.lock_books(tx, sorted({one.envelope.caller.book for one in placings}))
            return await purchase.purchase(self.house, tx, placings)

    def order(self, person: Person, amount: int, at: datetime | None = None, key: UUID | None = None, fund: str = FUND) -> Placing:
        return Placing(self.envelope(person, at, key), PurchaseFund(fund, amount))

    async def buy_one(self, person: Person, amount: int, at: datetime | None = None) -> PurchasePlaced | Refusal:
        (answer,) = await self.buy(self.order(person, amount, at))
        return answer

    async def units(self, *people: Person) -> list[int]:
        """What people hold, in 1/100 units."""
        return [await self.holding(one.book, one.id) for one in people]

    async def holding(self, book: int, owner: UUID) -> int:
        wanted = [NewAccount(book, Kind.HOLDING, owner, UNITS, Limit.DEBITS_WITHIN_CREDITS)]
        async with self.house.database.read() as tx:
            (account,) = await self.house.ledger.find_accounts(tx, wanted)
        return 0 if account is None else (await self.owed(account))[0]

    async def told(self, person: Person) -> list[str]:
        """Notices, newest first, in Chinese."""
        async with self.house.database.read() as tx:
            return [one.text_zh for one in await notices.notices_of(tx, person.book, person.id)]

    async def must_know(self, person: Person) -> list[str]:
        """Those of them that come to the phone even if notices of funds are switched off there."""
        async with self.house.database.read() as tx:
            return [of.text_zh for one in await notices.notices_of(tx, person.book, person.id) if (of := one.notice).obligatory]

    async def orders_of(self, person: Person) -> list[OrderRow]:
        async with self.house.database.read() as tx:
            return await orders_store.orders_of(tx, person.book, person.id)

    async def holder(self, person: Person) -> FundAccount:
        async with self.house.database.read() as tx:
            return (await funds.accounts_by_id(tx, [(person.book, person.id)]))[person.id]

    async def total_units(self, kind: Kind, day: date | None = None) -> int:
        """What is owed on all accounts of a kind of units, by the trial balances."""
        return await self.total(kind, day, UNITS)

    async def lines(self) -> int:
        """How many lines the ledger has."""
        async with self.house.database.read() as tx:
            return int(await tx.fetchval("select count(*) from transfer"))

    async def pays_from_the_fund(self, person: Person, units: int, day: date) -> None:
        """A tap that the fund paid, captured on a date: what the tap and its clearing leave behind."""
        at = self.biller.now
        row = Authorisation(
            book=person.book, id=named(at, person.book, f"tap {self.keys_given} {units}"), token=UUID(int=1), person=person.id,
            merchant=UUID(int=2), merchant_number="898110058120001", terminal_number="11000001", batch="000001",
            stan=f"{self.keys_given:06d}", amount=units, atc=1, state="approved", response_code="00", reason="", authorisation_code="",
            rrn="", wallet_amount=0, fund_units=units, fund_parts=f"{FUND}:{units}", icc_answer=b"", business_date=day, received_at=at,
        )  # fmt: skip
        self.keys_given += 1
        async with self.house.database.transaction() as tx:
            await self.house.ledger.lock_books(tx, [person.book])
            one = tap_of(await accounts_of(self.house, tx, [row]), row)
            held = tap_entries.authorised(one, day, 1, at + timedelta(days=7))
            answers = await self.house.ledger.post(tx, at, [held, tap_entries.captured(one, tap_entries.Taken(0, units), day, 1)])
            assert all(answer.posted for answer in answers), answers
            await issuing.add_authorisations(tx, [structs.replace(row, state="captured", captured_on=day, captured_amount=units)])

    # ---- the other channel

    async def hand_in(self, file: OutgoingFile, distributor: str = OTHER) -> Refusal | None:
        """A channel's file comes now."""
        return await channel.take(self.house, distributor, file.name, BytesIO(file.content), self.biller.now)

    async def receipt(self, amount: int, name: str = "CH-1", text: str = f"{OTHER} purchases", account: str = "0100000002") -> None:
        """The bank tells of money that came today."""
        pushed = Pushed(name, account, amount, business_date_of(self.biller.now), "渠道", text)
        await receipts.receive(self.house, [pushed], RECOGNISERS)

    # ---- the day's end and the morning after

    async def end(self, day: date) -> None:
        """Cut the date and do what its end does for funds; the bank executes what it is told."""
        await self.clock(shanghai(day + timedelta(days=1), 0, 30))
        await self.cut(day)
        for step in (clearing.draw_advance, exchange_out.cover_captures, exchange_out.redeem_advance, exchange_out.send_files):
            await step(self.house, day)
        await self.bank_executes(day + timedelta(days=1))

    async def registrar_works(self, day: date) -> None:
        """The registrar's morning, without our taking what it leaves."""
        await self.clock(shanghai(day, 9, 5))
        self.registrar.clock(shanghai(day, 9, 5))

    async def take(self) -> list[str]:
        """Take what the registrar has left; the types of the files taken, by channel."""
        taken = await exchange_in.take_files(self.house, FILE_TAKERS)
        return [f"{file.receiver}/{file.file_type}" for file in map(parse_data_file_name, taken)]

    async def morning(self, day: date) -> list[str]:
        await self.registrar_works(day)
        return await self.take()

    async def next_day(self, day: date) -> list[str]:
        """The end of a date and the morning after."""
        await self.end(day)
        return await self.morning(day + timedelta(days=1))

    async def said(self, day: date) -> list[str]:
        """The texts of a date's breaks that nobody has answered for."""
        async with self.house.database.read() as tx:
            return [one.text for one in await bank.breaks(tx, day) if not one.accounted]


def application(number: int, day: date = MONDAY, **more: Any) -> AccountApplication:
    """An application of a holder of the other channel, whose TA account exists already."""
    fields = {
        "serial": f"{day:%Y%m%d}{number:016d}", "business_code": BusinessCode.ADD_TRADING_ACCOUNT, "trading_account": f"{number:017d}",
        "ta_account": f"{996_000_000_000 + number}", "name": PersonName("王芳"),
        "identity_number": IdentityNumber(f"11010519491231{number:04d}"), "applied_on": day, "applied_at": time(8), "distributor": OTHER,
    }  # fmt: skip
    return AccountApplication(**{**fields, **more})


def order(number: int, amount: int, day: date = MONDAY, serial: str = "", **more: Any) -> OrderRecord:
    """A purchase of that holder."""
    fields = {
        "serial": serial or f"S{number:08d}", "business_code": BusinessCode.PURCHASE, "trading_account": f"{number:017d}",
        "ta_account": f"{996_000_000_000 + number}", "fund_code": FUND, "amount": amount, "volume": 0, "ordered_on": day,
        "ordered_at": time(8), "distributor": OTHER,
    }  # fmt: skip
    return OrderRecord(**{**fields, **more})


def accounts(numbers: Sequence[int], day: date = MONDAY) -> OutgoingFile:
    return account_file(Route(OTHER), day, [application(number, day) for number in numbers])


def orders(made: Sequence[OrderRecord], day: date = MONDAY, creator: str = OTHER) -> OutgoingFile:
    return order_file(Route(creator), day, made)


def set_in(number: int, **values: Any) -> Callable[[list[Values]], Any]:
    return lambda records: records[number].update(values)


async def bought(place: FundTown, amount: int = 10_000, name: str = "Wang", line: int = 9_000_000) -> Person:
    """Somebody whose order has gone out, with the advance line filled; the registrar has answered, and nothing is taken yet."""
    wang = await place.person(name, 10_000_000)
    await place.receipt(line, "LINE", "advance", ADVANCE)
    await place.buy_one(wang, amount)
    await place.end(MONDAY)
    await place.registrar_works(TUESDAY)
    return wang


@asynccontextmanager
async def fund_town(database_url: str, folder: Path, books: int = 3) -> AsyncIterator[FundTown]:
    """On Monday at nine: the fund is on the shelf, approved by two, and the advancer has applied for its account."""
    async with town(database_url, folder, books) as plain:
        rails = replace(plain.house.rails, exchange=Folder(folder / "exchange"))
        registrar = RegistrarNextDoor(folder)
        place = FundTown(replace(plain.house, rails=rails), plain.biller, plain.insurer, plain.keys_given, registrar)
        registrar.clock(NINE)
        await _shelve(place)
        try:
            yield place
        finally:
            registrar.store.close()


PEOPLE = (
    ("pm.zhou", OperatorRole.PRODUCT_MANAGER),
    ("ops.chen", OperatorRole.OPERATIONS),
    ("ops.sun", OperatorRole.OPERATIONS),
)


async def _shelve(place: FundTown) -> None:
    async with place.house.database.transaction() as tx:
        for login, role in PEOPLE:
            await operators.create(tx, place.house.random64, login, login, [role], "nobody signs in here", NINE)
    fund = a_fund(FUND, "天弘余额宝货币", "Tianhong Yu'E Bao", CHANNELS, registrar=REGISTRAR)
    assert await put_on_sale(place.house, lambda login: operator(place, login), fund) is None


def operator(place: FundTown, login: str, key: str = "") -> Envelope:
    """An operator of the bank, with a command of that key, or of one of its own."""
    place.keys_given += 1
    caller = Caller(ActorKind.OPERATOR, f"operator:{login}", "password")
    return Envelope(named(NINE, 0, key or f"{login} {place.keys_given}"), caller, NINE)
