"""Two days and a morning, played through the flows: two customers, a shop, the fund, a bill, and partners in memory with their own books.

`play` gives a house in which Monday and Tuesday are closed and Wednesday has begun. The bank writes real camt.053, the registrar real OFD
files; both can be told to be wrong. The same events happen whatever the number of books.
"""

import io
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from apart import run_apart
from bill_town import MONDAY, Town, town
from device import DeviceKey, card_of
from fund_files import a_fund, put_on_sale
from policy_files import sell_policies

from tapwealth.acquiring import store as acquiring
from tapwealth.bank import store as bank
from tapwealth.bills.biller import Unknown
from tapwealth.card.applet import step
from tapwealth.card.state import CardState
from tapwealth.customers.kyc import ChannelAnswer
from tapwealth.flows import end_of_day, reports, setup
from tapwealth.flows.acquiring.merchants import ProposeMerchant
from tapwealth.flows.bank import payments, receipts, transit
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.customers import people
from tapwealth.flows.day import STEPS
from tapwealth.flows.end_of_day import DayReport
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.funds import account_answers, exchange_in, income, purchase, quotations
from tapwealth.flows.issuing import cards, tap, tap_later
from tapwealth.flows.issuing.tokens import Provisioned
from tapwealth.flows.rails import Rails
from tapwealth.funds.exchange_folder import Folder
from tapwealth.funds.exchange_in import ACCOUNT_APPLICATIONS, ORDERS
from tapwealth.funds.exchange_values import OrderRecord
from tapwealth.funds.income import day_income, distribute
from tapwealth.funds.product import FundChannel
from tapwealth.issuing import store as issuing
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import Refusal
from tapwealth.play.cast import Person, cast_of
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.heads import Heads
from tapwealth.storage.keyfile import KeyFile
from tapwealth.storage.operators import OperatorRole
from tapwealth.terminal.config import Tap, TerminalConfig
from tapwealth.terminal.kernel import dialogue, run
from tapwealth.terminal.outcome import OnlineRequest
from tapwealth.wire.iso8583.requests import AuthorisationRequest, BatchUploadRequest, OriginalReference, ReversalRequest
from tapwealth.wire.iso20022.entry import Entry
from tapwealth.wire.iso20022.statement import Statement, StatementHead, write_statement
from tapwealth.wire.ofd import DataFileName, parse_data_file_name
from tapwealth.wire.ofd.data_file import write_data_file
from tapwealth.wire.ofd.header import Header
from tapwealth.wire.ofd.index_file import Index, write_index
from tapwealth.wire.ofd.names import IndexName

TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
SHOP, TERMINAL, BATCH = "898110058120001", "11000001", "000001"
METER, OTHER_METER = "1100234568", "1100234569"
SOMEBODY = cast_of(1).customers[0]
"""Whoever the bank names on the other side of a booking."""
RATES = {MONDAY: (16_323, 6_136), TUESDAY: (16_039, 6_114)}
"""Income per 10,000 in 1/10,000 yuan and seven-day yield in 1/1,000 percent, of the fund's history."""
TAKERS = {
    "02": account_answers.take_accounts, "04": exchange_in.take_confirmations, "05": exchange_in.take_holdings,
    "06": income.take_income, "07": quotations.take_quotations,
}  # fmt: skip


@dataclass
class MemoryBank:
    """Books what it is told, and says so. `wrong` adds fen to the closing balance it states for an account and day."""

    bookings: list[tuple[date, str, str, int]] = field(default_factory=list)
    wrong: dict[tuple[str, date], int] = field(default_factory=dict)

    def book(self, day: date, end_to_end_id: str, from_account: str, to_account: str, amount: int) -> None:
        self.bookings += [(day, from_account, end_to_end_id, -amount), (day, to_account, end_to_end_id, amount)]

    async def send(self, message: bytes) -> None:
        assert message

    async def statement(self, account: str, day: date) -> bytes:
        opening = sum(amount for on, which, _, amount in self.bookings if which == account and on < day)
        lines = [(name, amount) for on, which, name, amount in self.bookings if which == account and on == day]
        off = self.wrong.get((account, day), 0)
        entries = [
            Entry(f"B{number}", name, amount, day, "TRF", SOMEBODY.card_number, SOMEBODY.name)
            for number, (name, amount) in enumerate(lines, 1)
        ]
        entries += [Entry("B0", "", off, day, "FEE")] if off else []
        closing = opening + sum(one.amount for one in entries)
        head = StatementHead("M1", shanghai(day, 24), f"{account}-{day}", account, day, opening, closing)
        return write_statement(Statement(head, tuple(entries)))


@dataclass
class MemoryRegistrar:
    """Holders with their units. `short` leaves one holder out of the holdings it reports."""

    folder: Path
    holders: dict[str, str] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    short: bool = False

    def evening(self, day: date) -> None:
        """05, before the day's orders."""
        shown = sorted(self.units)[: -1 if self.short else None]
        rows = [self._holding(one, day) for one in shown]
        self._leave(day, {"05": rows})

    def _holding(self, trading: str, day: date) -> dict[str, Any]:
        return {
            "AvailableVol": self.units[trading],
            "TotalVolOfDistributorInTA": self.units[trading],
            "TotalFrozenVol": 0,
            **self._holder(trading),
            "FundCode": "000198",
            "TransactionCfmDate": f"{day:%Y%m%d}",
            "DistributorCode": "T01",
        }

    def morning(self, today: date) -> None:
        """What yesterday's files asked for: accounts, fast transfers, income, orders."""
        yesterday = today - timedelta(days=1)
        files: dict[str, list[dict[str, Any]]] = {"02": self._accounts(yesterday, today)}
        orders = self._read(yesterday, "03", ORDERS)
        for order in orders:
            if order.business_code == "098":
                self.units[order.trading_account] -= order.volume
                self.units[order.target_trading_account] += order.volume
        files |= self._income(yesterday, today)
        for order in orders:
            if order.business_code == "022":
                self.units[order.trading_account] += order.amount
            elif order.business_code == "024":
                self.units[order.trading_account] -= order.volume
        files["04"] = [self._confirmation(number, order, today) for number, order in enumerate(orders, 1)]
        self._leave(today, files)

    def _accounts(self, yesterday: date, today: date) -> list[dict[str, Any]]:
        made = []
        for one in self._read(yesterday, "01", ACCOUNT_APPLICATIONS):
            self.holders[one.trading_account] = f"T{len(self.holders) + 1:011d}"
            self.units[one.trading_account] += 0
            made.append(
                {
                    "AppSheetSerialNo": one.serial,
                    "BusinessCode": f"{int(one.business_code) + 100:03d}",
                    **self._holder(one.trading_account),
                    "TransactionCfmDate": f"{today:%Y%m%d}",
                    "ReturnCode": "0000",
                    "DistributorCode": "T01",
                }
            )
        return made

    def _holder(self, trading: str) -> dict[str, str]:
        return {"TAAccountID": self.holders[trading], "TransactionAccountID": trading}

    def _income(self, yesterday: date, today: date) -> dict[str, list[dict[str, Any]]]:
        rate, yearly = RATES[yesterday]
        total = sum(self.units.values())
        shares = distribute(rate, {(self.holders[one], one): units for one, units in self.units.items()})
        quotation = {
            "FundCode": "000198",
            "UpdateDate": f"{yesterday:%Y%m%d}",
            "FundIncome": rate * 10,
            "Yield": yearly * 100,
            "FundDayIncome": day_income(rate, total),
            "TotalFundVol": total,
            "NAV": 10_000,
            "FundStatus": "0",
        }
        dividends = []
        for (_, trading), share in sorted(shares.items()):
            dividends.append(
                {
                    **self._holder(trading),
                    "FundCode": "000198",
                    "VolOfDividendforReinvestment": share,
                    "ConfirmedAmount": share,
                    "RegistrationDate": f"{yesterday:%Y%m%d}",
                    "DividentDate": f"{today:%Y%m%d}",
                    "ReturnCode": "0000",
                }
            )
            self.units[trading] += share
        return {"07": [quotation], "06": dividends}

    def _confirmation(self, number: int, order: OrderRecord, today: date) -> dict[str, Any]:
        volume = order.amount or order.volume
        return {
            "AppSheetSerialNo": order.serial,
            "TASerialNO": f"{today:%Y%m%d}{number:06d}",
            "BusinessCode": f"{int(order.business_code) + 100:03d}",
            **self._holder(order.trading_account),
            "FundCode": "000198",
            "ConfirmedVol": volume,
            "ConfirmedAmount": volume,
            "TransactionCfmDate": f"{today:%Y%m%d}",
            "ReturnCode": "0000",
        }

    def _read(self, day: date, kind: str, shape: Any) -> list[Any]:
        path = self.folder / "to_registrar" / str(DataFileName("T01", "H0", day, kind))
        return list(shape.open(io.BytesIO(path.read_bytes()), path.name)) if path.exists() else []

    def _leave(self, day: date, files: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Data files, then the index with all of the day's."""
        folder = self.folder / "from_registrar"
        folder.mkdir(parents=True, exist_ok=True)
        for kind, rows in files.items():
            if rows:
                header = Header("H0", "T01", day, kind, tuple(rows[0]), len(rows))
                (folder / str(header.name)).write_bytes(write_data_file(header, rows))
        names = sorted(path.name for path in folder.glob(f"OFD_H0_T01_{day:%Y%m%d}_*.TXT"))
        index = IndexName("H0", "T01", day)
        (folder / str(index)).write_bytes(write_index(Index(index, tuple(map(parse_data_file_name, names)))))


class Matching:
    """Identity channels that know everybody."""

    async def verify(self, *_: Any) -> ChannelAnswer:
        return ChannelAnswer.MATCH


@dataclass
class Played:
    """The stage: a town with a bank and a registrar, and what customers and the shop do in it."""

    town: Town
    bank: MemoryBank
    registrar: MemoryRegistrar
    people: tuple[Person, ...]
    callers: list[Caller] = field(default_factory=list)
    given: dict[int, Provisioned] = field(default_factory=dict)
    cards: dict[int, CardState] = field(default_factory=dict)
    stan: int = 0
    keys: int = 0

    @property
    def house(self) -> Any:
        return self.town.house

    @property
    def now(self) -> datetime:
        now: datetime = self.town.biller.now
        return now

    async def at(self, day: date, hour: int, minute: int = 0) -> None:
        await self.town.clock(shanghai(day, hour, minute))

    def envelope(self, caller: Caller) -> Envelope:
        self.keys += 1
        return Envelope(named(self.now, 0, f"played {self.keys}"), caller, self.now)

    # ---- the house

    async def set_up(self) -> None:
        """Operators, a shop with a terminal, the fund; the bank's advance."""
        stored = await operators.password_hash(Masked("a long password"))
        assert isinstance(stored, str)
        async with self.house.database.transaction() as tx:
            both = [OperatorRole.OPERATIONS, OperatorRole.PRODUCT_MANAGER]
            for login, roles in (("pm.zhou", both), ("ops.chen", both), ("ri.lin", [OperatorRole.COMPLIANCE])):
                await operators.create(tx, self.house.random64, login, login, roles, stored, self.now)
        fund = a_fund("000198", "天弘余额宝货币", "Tianhong Yu'E Bao", {"T01": FundChannel(True, 100, 0, 100_000_000)})
        assert await put_on_sale(self.house, lambda login: self.envelope(operator(login)), fund) is None
        await sell_policies(self.house)
        shop = ProposeMerchant(
            SHOP, "老街早点铺", "5812", "91110000600037341L", "313100000013", "0200000004", "钱多", "11010519491231002X", 125
        )
        proposed = await setup.propose(self.house, self.envelope(operator("pm.zhou")), shop)
        assert not isinstance(proposed, Refusal), proposed
        approved = await setup.approve(self.house, self.envelope(operator("ops.chen")), setup.Approve(proposed.proposal))
        assert not isinstance(approved, Refusal), approved
        await self.push("ADV-LINE", "0200000007", "0100000005", 100_000_00)

    async def push(self, name: str, from_account: str, to_account: str, amount: int) -> None:
        """The bank tells of money that arrived."""
        day = business_date_of(self.now)
        self.bank.book(day, name, from_account, to_account, amount)
        await receipts.receive(self.house, [receipts.Pushed(name, to_account, amount, day, "payer", "")], ())

    async def bank_answers(self) -> None:
        """It executes what is due, and says so."""
        day = business_date_of(self.now)
        async with self.house.database.read() as tx:
            due = [one for one in await bank.open_instructions(tx) if one.requested_date <= day]
        for one in due:
            self.bank.book(day, one.end_to_end_id, one.from_account, one.to_account, one.amount)
        assert await payments.hear(self.house, [Outcome(one.end_to_end_id, True, day) for one in due]) == []

    async def close(self, day: date) -> DayReport:
        """The day's end, half an hour after it."""
        await self.at(day + timedelta(days=1), 0, 10)
        self.registrar.evening(day)
        await exchange_in.take_files(self.house, TAKERS)
        await self.at(day + timedelta(days=1), 0, 30)
        report = await end_of_day.close_day(self.house, day, STEPS)
        assert isinstance(report, DayReport), report
        return report

    async def next_morning(self, day: date) -> None:
        """The bank executes, the registrar confirms."""
        await self.at(day, 9)
        await self.bank_answers()
        self.registrar.morning(day)
        await exchange_in.take_files(self.house, TAKERS)
        await self.bank_answers()

    # ---- customers

    async def join(self, number: int, money: int) -> None:
        """Open an account, be verified, bind a card, move money in, get a card for the phone."""
        one = self.people[number]
        opening = people.OpenAccount(one.name, one.identity_number, one.phone, one.device_token)
        opened = await people.open_account(self.house, self.envelope(Caller(ActorKind.CUSTOMER, "new device", "device token")), opening)
        assert not isinstance(opened, Refusal), opened
        await self.town.work("identity", people.deliver_identity)
        await self.recognise(number)
        if money:
            await self.move_in(number, money)
        self.given[number] = await DeviceKey().get_card(self.house, self.envelope(self.callers[number]))
        self.cards[number] = card_of(self.given[number])

    async def recognise(self, number: int) -> None:
        """The next customer's device signs in."""
        caller = await people.caller_of_device(self.house, self.people[number].device_token)
        assert caller is not None
        assert caller.person is not None
        self.callers.append(caller)

    async def move_in(self, number: int, amount: int) -> None:
        caller = self.callers[number]
        bound = await people.bind_card(self.house, self.envelope(caller), people.BindCard(self.people[number].card_number))
        assert not isinstance(bound, Refusal), bound
        moved = await people.move_in(self.house, self.envelope(caller), people.MoveIn(UUID(bound.card), amount))
        assert not isinstance(moved, Refusal), moved
        await self.bank_answers()

    async def send(self, payer: int, payee: int, amount: int) -> None:
        sent = await people.send(self.house, self.envelope(self.callers[payer]), people.SendMoney(self.people[payee].phone, amount))
        assert not isinstance(sent, Refusal), sent

    async def buy_fund(self, number: int, amount: int) -> None:
        placing = purchase.Placing(self.envelope(self.callers[number]), purchase.PurchaseFund("000198", amount))
        async with self.house.database.transaction() as tx:
            await self.house.ledger.lock_books(tx, self.house.all_books)
            (answer,) = await purchase.purchase(self.house, tx, [placing])
        assert not isinstance(answer, Refusal), answer

    async def pay_bill(self, number: int, meter: str, bill_number: str, amount: int) -> None:
        self.town.biller.owe(meter, bill_number, amount)
        caller = self.callers[number]
        shown = await bills.inquire_bill(self.house, self.envelope(caller), bills.InquireBill("BJPOWER", meter))
        assert not isinstance(shown, Refusal), shown
        (bill,) = shown.bills
        (answer,) = await self.town.pay(bills.Placing(self.envelope(caller), bills.PayBill(UUID(bill.bill), amount)))
        assert not isinstance(answer, Refusal), answer
        await self.town.work("biller", bills.deliver)

    # ---- the shop

    async def tap(self, number: int, amount: int) -> tuple[str, str]:
        """(response code, STAN)."""
        self.stan += 1
        stan = f"{self.stan:06d}"
        (answer,) = await self.host(tap.authorise, self.sale(number, amount, stan))
        return answer.response_code, stan

    def sale(self, number: int, amount: int, stan: str) -> AuthorisationRequest:
        """A phone and the shop's terminal have met: what the terminal asks."""
        state = self.cards[number]

        def transmit(command: bytes) -> bytes:
            nonlocal state
            state, answer = step(state, command)
            return answer

        unpredictable = int(stan).to_bytes(4, "big")
        asked = run(dialogue(TerminalConfig(TERMINAL), Tap(amount, business_date_of(self.now), unpredictable, int(stan))), transmit)
        self.cards[number] = state.powered_off()
        assert isinstance(asked, OnlineRequest), asked
        return AuthorisationRequest(
            **self._till(stan), pan=asked.track2.pan, psn=asked.psn or "00", expiry_date=asked.track2.expiry,
            amount=amount, currency="156", entry_mode="07", icc_data=asked.icc_data,
        )  # fmt: skip

    def _till(self, stan: str) -> dict[str, Any]:
        return {"merchant_id": SHOP, "terminal_id": TERMINAL, "batch": BATCH, "stan": stan, "received_at": self.now}

    async def reverse(self, number: int, stan: str, amount: int) -> str:
        """The response code."""
        request = ReversalRequest(
            **self._till(stan), pan=self.cards[number].track2.pan, amount=amount, currency="156", reason="98",
            original=OriginalReference(BATCH, stan),
        )  # fmt: skip
        (answer,) = await self.host(tap_later.reverse, request)
        code: str = answer.response_code
        return code

    async def upload(self, number: int, stan: str, amount: int) -> str:
        """The shop presents a sale; the response code."""
        self.stan += 1
        (answer,) = await self.host(tap.take_batch, self.presentment(number, stan, amount))
        code: str = answer.response_code
        return code

    def presentment(self, number: int, stan: str, amount: int) -> BatchUploadRequest:
        return BatchUploadRequest(
            **self._till(f"{self.stan:06d}"), pan=self.cards[number].track2.pan, psn="01", amount=amount, currency="156", entry_mode="07",
            original=OriginalReference(BATCH, stan), rrn="", authorisation_code="",
        )  # fmt: skip

    async def host(self, flow: Any, *requests: Any) -> list[Any]:
        """What a hot flow answers to requests that came together."""
        lookups = [cards.token_lookup(self.house, request.pan) for request in requests]
        async with self.house.database.transaction() as tx:
            card_house = tap.CardHouse(self.house, cards.issuer_keys(self.house), await acquiring.merchants(tx))
            routes = await issuing.routes(tx, lookups)
            routed = [tap.Routed(*routes[lookup], request) for lookup, request in zip(lookups, requests, strict=True)]
            await self.house.ledger.lock_books(tx, sorted({one.book for one in routed}))
            answers: list[Any] = await flow(card_house, tx, routed)
        return answers


def operator(login: str) -> Caller:
    return Caller(ActorKind.OPERATOR, f"operator:{login}", "password")


@asynccontextmanager
async def stage(database_url: str, folder: Path, books: int) -> AsyncIterator[Played]:
    """Before anything has happened; or, on a database where it has, after it. The keys follow a seed, so that people keep their books."""
    named_keys = {"iss_mk_ac_1": bytes.fromhex("1326C2F1B0A8D9F80B5D7C6E4F29A1C8")}
    KeyFile(folder / "keys").create_from(bytes(range(32)), named_keys)
    async with town(database_url, folder, books) as place:
        memory_bank, registrar = MemoryBank(), MemoryRegistrar(folder / "exchange")
        matching: Any = Matching()
        exchange, heads = Folder(folder / "exchange"), Heads(folder / "heads.jsonl")
        given = place.house.rails
        rails = Rails(memory_bank, given.billers, matching, place.insurer, exchange, heads, given.mandates, given.network)
        place.house = replace(place.house, rails=rails)
        yield Played(place, memory_bank, registrar, cast_of(1).customers)


async def play_monday(on: Played) -> None:
    """Accounts, money in, money sent, a tap, an order, a bill; the shop presents its sale."""
    await on.at(MONDAY, 9, 30)
    await on.set_up()
    await on.join(0, 2_000_00)
    await on.join(1, 0)
    await on.at(MONDAY, 10)
    await on.send(0, 1, 300_00)
    await on.at(MONDAY, 10, 20)
    await transit.deliver(on.house)  # late: the statement shows when it was sent
    await on.at(MONDAY, 11)
    code, breakfast = await on.tap(0, 28_50)
    assert code == "00"
    await on.at(MONDAY, 14)
    await on.buy_fund(0, 1_500_00)
    await on.at(MONDAY, 19)
    await on.pay_bill(1, METER, "BJDL2014011", 86_40)
    await on.at(MONDAY, 23)
    assert await on.upload(0, breakfast, 28_50) == "00"


async def play_tuesday(on: Played) -> None:
    """Units are there; a declined tap, a reversed one, one that the fund pays; a bill whose biller does not answer."""
    await on.next_morning(TUESDAY)
    await on.at(TUESDAY, 10)
    assert (await on.tap(1, 5_000_00))[0] == "51"
    code, undone = await on.tap(1, 66_60)
    assert code == "00"
    assert await on.reverse(1, undone, 66_60) == "00"
    await on.at(TUESDAY, 12)
    code, lunch = await on.tap(0, 200_00)
    assert code == "00"
    await on.at(TUESDAY, 15)
    on.town.biller.loses = True
    on.town.biller.script.append(Unknown("no answer"))
    on.town.biller.inquiries.extend([Unknown("no answer")] * 9)
    await on.pay_bill(1, OTHER_METER, "BJDL2014012", 50_00)
    await on.at(TUESDAY, 23)
    assert await on.upload(0, lunch, 200_00) == "00"


@asynccontextmanager
async def play(database_url: str, folder: Path, books: int = 16) -> AsyncIterator[Played]:
    """Everything: both days closed, Wednesday's morning over."""
    async with stage(database_url, folder, books) as on:
        await play_monday(on)
        assert (await on.close(MONDAY)).closed
        await play_tuesday(on)
        report = await on.close(TUESDAY)
        assert report.closed, report.wrong
        await on.next_morning(WEDNESDAY)
        yield on


async def week_of(on: Played) -> Any:
    return await reports.week(on.house)


def play_apart(database_url: str, folder: Path, books: int = 16) -> None:
    """The same, for tests that then open it one after the other with `after`."""

    async def work() -> None:
        async with play(database_url, folder, books):
            pass

    run_apart(work())


@asynccontextmanager
async def after(database_url: str, folder: Path, books: int = 16) -> AsyncIterator[Played]:
    """What `play_apart` has played."""
    async with stage(database_url, folder, books) as on:
        for number in (0, 1):
            await on.recognise(number)
        yield on
