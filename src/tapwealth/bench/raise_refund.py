"""A raise that was sold and fails, for `tapwealth bench raise`: everybody's money goes back, and the interest that it has earned.

As the platform does it, from the registrar's files and the bank's words: the date is cut and its subscriptions leave (020), the registrar
takes them (120), and says two days later that the raise has failed (149); the bank executes what the platform has instructed, and brings
the interest. Making the registrar's files is nobody's time here. It counts only when the ordinary balance query shows everybody's money and
interest. Beside what each part took stands its longest transaction, during which others wait for a book, and what the memory grew by.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from os import getpid
from pathlib import Path
from typing import Any, NamedTuple

from tapwealth.app.wiring import FILE_TAKERS
from tapwealth.bank import store as bank
from tapwealth.bench.clearing_town import REGISTRAR, registrar_leaves
from tapwealth.bench.figure import SECOND, Figure
from tapwealth.bench.load import DAY
from tapwealth.bench.processor import at_most_mb, family_ms, forget_most, processor_ms
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.bank_messages import RECOGNISERS
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.bank.receipts import Pushed, receive
from tapwealth.flows.frame import House
from tapwealth.flows.funds.exchange_in import take_files
from tapwealth.flows.funds.exchange_out import send_files
from tapwealth.flows.funds.purchase import OWN_CHANNEL
from tapwealth.flows.funds.raise_outcomes import interest_name
from tapwealth.flows.proof import cut_date
from tapwealth.funds import orders_store
from tapwealth.funds.exchange_in import ORDERS
from tapwealth.funds.exchange_values import OrderRecord
from tapwealth.funds.raising import interest
from tapwealth.kernel.clock import monotonic_ns, shanghai
from tapwealth.storage import platform_clock
from tapwealth.storage.database import Database
from tapwealth.wire.ofd import DataFileName, Header, Value, fields_of, write_date

RATE = 3_500
"""Millionths a year, as a raise of the benchmark says."""
_COLLECTION, _MILLION, _SHOWN_AT_ONCE = "0100000002", 1_000_000, 50_000


class Part(NamedTuple):
    """What a part took: nanoseconds in all and of its longest transaction, how many there were; milliseconds of a core in the platform
    and in the database; megabytes that the platform grew by at the most."""

    took: int
    longest: int
    transactions: int
    platform: int
    database: int
    grown_mb: int

    def as_json(self, people: int) -> dict[str, Any]:
        return {
            "seconds": Decimal(self.took // _MILLION) / 1_000,
            "longest_transaction_s": Decimal(self.longest // _MILLION) / 1_000,
            "transactions": self.transactions,
            "processor_us": {"platform": self.platform * 1_000 // people, "database": max(self.database, 0) * 1_000 // people},
            "memory_mb": self.grown_mb,
        }


class Watched:
    """A database that knows how long its transactions took."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.took: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        started = monotonic_ns()
        async with self._database.transaction() as tx:
            yield tx
        self.took.append(monotonic_ns() - started)


@dataclass
class Refund:
    """A house in which the raise of `fund` was sold, on the benchmark's day."""

    house: House
    exchange: Path
    server: int
    fund: str
    parts: dict[str, Part] = field(default_factory=dict)
    watched: Watched = field(init=False)

    def __post_init__(self) -> None:
        self.watched = Watched(self.house.database)
        watched: Any = self.watched
        self.house = replace(self.house, database=watched)

    async def give_back(self) -> int:
        """All of it; to how many people."""
        taken, failed = self._next(DAY), self._next(self._next(DAY))
        await self._clock(taken)
        await self._measured("020 sent", self._sent)
        orders = self._orders()
        await self._executed(taken)
        registrar_leaves(self.exchange, _header(taken, len(orders)), _answers(orders, taken))
        await self._measured("120 taken", self._taken)
        await self._clock(failed)
        registrar_leaves(self.exchange, _header(failed, len(orders)), _ends(orders, taken, failed))
        before = await self._wallets(orders)
        await self._measured("149 taken", self._taken)
        await self._measured("money back", lambda: self._executed(failed))
        earned = sum(_earned(one, taken, failed) for one in orders)
        came = Pushed(interest_name(failed), _COLLECTION, earned, failed, "registrar", "interest")
        await self._measured("interest came", lambda: receive(self.house, [came], RECOGNISERS))
        await self._measured("interest back", lambda: self._executed(failed))
        due = [was + one.amount + _earned(one, taken, failed) for was, one in zip(before, orders, strict=True)]
        assert await self._wallets(orders) == due, "not everybody has their money and its interest"
        return len(orders)

    def _next(self, day: date) -> date:
        return self.house.calendar.next_dealing_day(day)

    async def _clock(self, day: date) -> None:
        async with self.house.database.transaction() as tx:
            await platform_clock.advance(tx, shanghai(day, 9))

    async def _measured(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        self.watched.took.clear()
        forget_most()
        before, started, own, database = at_most_mb(), monotonic_ns(), processor_ms(getpid()), family_ms(self.server)
        await part()
        used = processor_ms(getpid()) - own, family_ms(self.server) - database
        longest, times = max(self.watched.took), len(self.watched.took)
        self.parts[name] = Part(monotonic_ns() - started, longest, times, *used, at_most_mb() - before)

    async def _sent(self) -> None:
        await cut_date(self.house, DAY)
        await send_files(self.house, DAY)

    async def _taken(self) -> None:
        taken = await take_files(self.house, FILE_TAKERS)
        assert len(taken) == 1, f"taken were {taken}"

    async def _executed(self, day: date) -> None:
        """The bank says so of each payment by itself, as it does."""
        async with self.house.database.read() as tx:
            waiting = await bank.open_instructions(tx)
        for one in waiting:
            await payments.hear(self.house, [Outcome(one.end_to_end_id, executed=True, booked_on=day)])

    def _orders(self) -> list[OrderRecord]:
        """As the registrar has them."""
        name = DataFileName(OWN_CHANNEL, REGISTRAR, DAY, "03")
        with (self.exchange / "to_registrar" / str(name)).open("rb") as content:
            return [one for one in ORDERS.open(content, str(name)) if one.fund_code == self.fund]

    async def _wallets(self, orders: Sequence[OrderRecord]) -> list[int]:
        """What each who subscribed can spend."""
        async with self.house.database.read() as tx:
            known = await orders_store.orders_by_serial(tx, self.house.all_books, OWN_CHANNEL, [one.serial for one in orders])
            numbers = [known[one.serial].funding for one in orders]
            shown: list[int] = []
            for first in range(0, len(numbers), _SHOWN_AT_ONCE):
                some = numbers[first : first + _SHOWN_AT_ONCE]
                now = await self.house.ledger.balances(tx, some)
                shown += [now[number].available for number in some]
        return shown


@dataclass(kw_only=True)
class RefundFigure(Figure):
    """A round is the whole of it, once."""

    refund: Refund
    people: int = 0

    async def round(self, _seconds: int) -> int:
        self.people = await self.refund.give_back()
        self.nanoseconds = sum(one.took for one in self.refund.parts.values())
        self.rates.append(self.people * SECOND // self.nanoseconds)
        return self.rates[-1]

    def as_json(self) -> dict[str, Any]:
        """The wait is that for all of it; with what each part took."""
        parts = {name: one.as_json(self.people) for name, one in self.refund.parts.items()}
        whole = Decimal(self.nanoseconds // _MILLION)
        return super().as_json() | {"p50_ms": whole, "p99_ms": whole, "given_back_to": self.people, "parts": parts}


def _earned(one: OrderRecord, taken: date, failed: date) -> int:
    return interest(one.amount, RATE, (failed - taken).days)


def _header(day: date, records: int) -> Header:
    return Header(REGISTRAR, OWN_CHANNEL, day, "04", tuple(fields_of("04")), records)


def _answers(orders: Sequence[OrderRecord], day: date) -> Iterator[dict[str, Value]]:
    """That the money is taken."""
    return (_said(one, number, "120", day) | {"ConfirmedAmount": one.amount} for number, one in enumerate(orders))


def _ends(orders: Sequence[OrderRecord], taken: date, failed: date) -> Iterator[dict[str, Value]]:
    """That the raise has failed."""
    for number, one in enumerate(orders):
        back: dict[str, Value] = {"RefundAmount": one.amount, "RaiseInterest": _earned(one, taken, failed)}
        yield _said(one, number, "149", failed) | back


def _said(one: OrderRecord, number: int, code: str, day: date) -> dict[str, Value]:
    return {
        "AppSheetSerialNo": one.serial, "BusinessCode": code, "TransactionAccountID": one.trading_account, "TAAccountID": one.ta_account,
        "FundCode": one.fund_code, "ApplicationAmount": one.amount, "TransactionDate": write_date(one.ordered_on),
        "TransactionTime": f"{one.ordered_at:%H%M%S}", "DistributorCode": OWN_CHANNEL, "CurrencyType": "156",
        "IndividualOrInstitution": "1", "TransactionCfmDate": write_date(day), "ReturnCode": "0000", "TASerialNO": f"{number:020d}",
        "BusinessFinishFlag": "1", "DownLoaddate": write_date(day), "FromTAFlag": "0",
    }  # fmt: skip
