"""The day's end with the bank as depository: what happened to deposits is listed to it, and its answers, its register and what it pays are
compared with what is here.

A line that the bank does not accept is a difference, and its interest stays owed on `deposit_interest_due`. The list goes again with
every closing until the bank accepts the line. Interest arrives in one sum a list, in the house's book; it is credited to the books by
item once the sum is that of its items.

A date may have more events than memory: lists, answers and the register are files, which are written, read and compared in lots.
"""

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from uuid import UUID

import msgspec

from tapwealth.bank import deposit_event_store as events
from tapwealth.bank import entries as bank_entries
from tapwealth.bank import store as bank
from tapwealth.bank.deposit_event_store import Listed, Said
from tapwealth.bank.deposit_list import Answer, AnswerLine, Answers, begin_list, read_answers
from tapwealth.bank.deposit_register import Register, read_register
from tapwealth.bank.depository_http import DepositoryPort
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.store import BreakRow
from tapwealth.deposits.entries import interest_arrived
from tapwealth.flows.bank.receipts import Claim, Pushed
from tapwealth.flows.end_of_day import StepReport, handed_out
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment, must_post
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry
from tapwealth.storage.database import Tx
from tapwealth.wire.sealed_csv import Sealed

DEPOSITORY = "depository"
"""The source of the breaks found here."""
INTEREST = "deposit_interest"
"""What a receipt of the bank's interest is recognised as."""
T = TypeVar("T")
Ours = TypeVar("Ours")
Theirs = TypeVar("Theirs")
_AT_ONCE = 5_000
"""Of the bank's words on events that are noted at once."""
_ACCOUNT = NUMBER_OF[Kind.DEPOSITS]
_OWED = (Kind.DEPOSIT, Kind.WEALTH_SUBSCRIBED, Kind.WEALTH)
_NAME = re.compile(r"(DPX-[0-9]{8}(?:-[0-9]{1,4})?)(?:-R[1-9])?")
"""A payment of interest; `-R1` to `-R9`: what was missing of it."""


def _port(house: House) -> DepositoryPort:
    if house.rails.depository is None:
        raise Outage("there is no way to the bank as depository here")
    return house.rails.depository


async def list_deposits(house: House, day: date) -> StepReport:
    """Tell the bank what happened to deposits under this date; nothing on a date without."""
    async with house.database.look() as tx:
        moved = await events.counted(tx, list(house.all_books), day)
    if not moved:
        return StepReport("no deposit has moved", {"events": 0})
    try:
        listed = await _list(house, day)
    except Outage as outage:
        return StepReport("the bank has no list", wrong=[str(outage)])
    amount, interest = listed.sums
    figures = {"events": listed.records, "amount": amount, "interest": interest, "hash": listed.hash}
    return StepReport(
        f"{counted(listed.records, 'event')} of deposits listed to the bank, {format_minor(interest)} yuan of interest", figures
    )


async def _list(house: House, day: date) -> Sealed:
    """Write the list of a date, and hand it over. Raises Outage, with what keeps the date from closing, unless the bank has it."""
    with tempfile.TemporaryFile(prefix="tapwealth-list-") as file:
        writer = begin_list(file)
        async with house.database.read() as tx:
            async for one in events.of_day(tx, list(house.all_books), day):
                writer.add(one.line)
        sealed = writer.end()
        await _tell(house, day, file)
    return sealed


async def _tell(house: House, day: date, file: BinaryIO) -> None:
    async def tell() -> bytes:
        return (await _port(house).list_deposits(day, file)).encode()

    said = await handed_out(tell)
    if said is None:
        raise Outage(f"the bank does not take the list of deposits of {day}; close {day} again when it does")
    if said:
        raise Outage(f"the bank refuses the list of deposits of {day}: {said.decode()}")


class _Heard:
    """What the bank has said of events, on disk until it is noted."""

    _ONE = msgspec.json.Decoder(Said)

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def add(self, said: Said) -> None:
        self._file.write(msgspec.json.encode(said) + b"\n")

    def lots(self) -> Iterator[list[Said]]:
        self._file.seek(0)
        while lines := list(islice(self._file, _AT_ONCE)):
            yield [self._ONE.decode(line) for line in lines]


@dataclass(slots=True)
class _Compared:
    """What is found of one date: differences, and what the bank has said of events; `again`: of those alone that it had not accepted."""

    day: date
    heard: _Heard
    again: bool = False
    differences: list[BreakRow] = field(default_factory=list)
    events: int = 0
    accepted: int = 0

    def differ(self, kind: str, item: str, amount: int, text: str) -> None:
        self.differences.append(BreakRow(DEPOSITORY, kind, item, amount, text, accounted=False))


async def compare_deposits(house: House, day: date) -> StepReport:
    """Compare what the bank answered and keeps with what is here, and credit the interest that has come."""
    with tempfile.TemporaryDirectory(prefix="tapwealth-depository-") as folder, (Path(folder) / "heard").open("w+b") as heard:
        return await _compare(house, day, Path(folder), _Heard(heard))


async def _compare(house: House, day: date, folder: Path, heard: _Heard) -> StepReport:
    async with house.database.read() as tx:
        books = list(house.all_books)
        today = await events.counted(tx, books, day)
        again = [one for one in await events.open_days(tx, books, day) if one != day]
        paid = await _interest_names(tx, books, day)
    if not (today or again or paid):
        return StepReport("no deposit has moved", {"events": 0})
    compared, register = _Compared(day, heard), None
    try:
        if today:
            await _compare_lines(house, await _answers(house, day, folder), compared)
            register = await _register(house, day, folder)
    except Outage as outage:
        return StepReport("the bank has no answer", wrong=[str(outage)])
    for earlier in again:
        await _ask_again(house, folder, _Compared(earlier, heard, again=True))
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at = await moment(tx)
        for said in heard.lots():
            await events.answer(tx, said, day)
        arrived = await _credit_interest(house, tx, at, compared)
        if register is not None:
            await _compare_balances(house, tx, compared, register)
        found = await bank.replace_breaks(tx, day, DEPOSITORY, compared.differences, at.now)
    figures = {"events": compared.events, "accepted": compared.accepted, "differences": len(found), "interest": arrived}
    text = f"{compared.accepted} of {counted(compared.events, 'event')} of deposits agree with the bank"
    return StepReport(text, figures, [one.text for one in found if not one.accounted])


async def _answers(house: House, day: date, folder: Path) -> Answers:
    """What the bank says of a date's events; if it does not accept all, after the list was sent again. Raises Outage."""
    answers = await _said(house, day, folder)
    if answers.accepted:
        return answers
    await _list(house, day)
    return await _said(house, day, folder)


async def _said(house: House, day: date, folder: Path) -> Answers:
    return await _fetched(f"the bank's answer to the deposits of {day}", day, folder, _port(house).deposit_answer, read_answers)


async def _register(house: House, day: date, folder: Path) -> Register:
    """Raises Outage."""
    return await _fetched(f"the bank's register of deposits of {day}", day, folder, _port(house).deposit_register, read_register)


async def _fetched(
    what: str, day: date, folder: Path, fetch: Callable[[date, BinaryIO], Awaitable[bool]], read: Callable[[BinaryIO, Path], T]
) -> T:
    """A file of the bank's, read. Raises Outage."""
    with (folder / "as_it_came").open("w+b") as file:
        if not await handed_out(lambda: fetch(day, file)):
            raise Outage(f"{what} is not to be had; close {day} again when it is")
        try:
            return await asyncio.to_thread(read, file, folder)
        except BadInput as error:
            raise Outage(f"{what}: {error}") from None


async def _compare_lines(house: House, answers: Answers, compared: _Compared) -> None:
    """Our events and the bank's answers side by side, by serial; then what differs by deposit."""
    async with house.database.read() as tx:
        async for serial, one, line in side_by_side(events.by_serial(tx, list(house.all_books), compared.day), answers):
            compared.events += one is not None
            if one is not None and line is not None:
                _compare_line(one, line, compared)
            elif one is not None:
                text = f"deposit {one.line.deposit}: the bank does not answer that it was {one.line.event}"
                compared.differ("we_have_more", serial, one.line.interest, text)
            elif line is not None:
                text = f"the bank answers {serial}, which no deposit's event is called"
                compared.differ("bank_has_more", serial, line.interest, text)
    compared.differences.sort(key=lambda found: found.text)


def _compare_line(one: Listed, line: AnswerLine, compared: _Compared) -> None:
    agrees = line.answer is Answer.ACCEPTED and line.interest == one.line.interest
    compared.accepted += agrees
    if not (compared.again and one.answered == Answer.ACCEPTED):
        compared.heard.add((one.book, UUID(line.serial), Answer.ACCEPTED if agrees else Answer.DIFFERS, line.paid_by if agrees else ""))
    if not agrees:
        compared.differ("deposit_differs", line.serial, line.interest - one.line.interest, _difference(one, line))


def _difference(one: Listed, line: AnswerLine) -> str:
    said = f"interest is {format_minor(line.interest)} yuan at the bank, {format_minor(one.line.interest)} here"
    why = line.reason if line.reason and line.interest == 0 else said
    return f"deposit {one.line.deposit} ({one.line.event} on {one.line.value_date}): {why}"


async def _ask_again(house: House, folder: Path, before: _Compared) -> None:
    """The list of an earlier date of which the bank has not accepted all: what it accepts now is no difference any more."""
    try:
        await _list(house, before.day)
        answers = await _said(house, before.day, folder)
    except Outage:
        return
    await _compare_lines(house, answers, before)


async def _compare_balances(house: House, tx: Tx, compared: _Compared, register: Register) -> None:
    """Each deposit by the register and by its events, side by side; and the sum of the events with the ledger."""
    total = 0
    async for deposit, ours, theirs in side_by_side(events.balances(tx, list(house.all_books), compared.day), register):
        here, there = ours or 0, theirs or 0
        total += here
        if here != there:
            text = f"deposit {deposit} has {format_minor(there)} yuan in the bank's register and {format_minor(here)} here"
            compared.differ("balance_differs", deposit, there - here, text)
    trial = await house.ledger.trial_balances(tx, house.all_books, compared.day)
    owed = sum(line.totals.owed for lines in trial.values() for line in lines if line.kind in _OWED)
    if owed != total:
        text = f"deposits sum to {format_minor(total)} yuan by their events and to {format_minor(owed)} in the ledger"
        compared.differ("ledger_differs", "deposits", owed - total, text)


async def side_by_side(
    ours: AsyncIterator[tuple[str, Ours]], theirs: Iterable[tuple[str, Theirs]]
) -> AsyncIterator[tuple[str, Ours | None, Theirs | None]]:
    """By name: what stands under it here and there, None where one side does not have it. Both come by name, and no more of either is held
    than one."""
    lines = iter(theirs)
    line = next(lines, None)
    async for name, here in ours:
        while line is not None and line[0] < name:
            yield line[0], None, line[1]
            line = next(lines, None)
        there = None
        if line is not None and line[0] == name:
            there, line = line[1], next(lines, None)
        yield name, here, there
    while line is not None:
        yield line[0], None, line[1]
        line = next(lines, None)


# ---- the interest that the bank pays


async def recognise_interest(_house: House, _tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """The bank's interest on deposits, into the house's book."""
    claims = {}
    for one in pushed:
        if one.account == _ACCOUNT and _NAME.fullmatch(one.end_to_end_id):
            entry = interest_arrived(HOUSE_BOOK, one.key, one.amount, at.booking_date(one.booked_on), actor)
            claims[one.end_to_end_id] = Claim(INTEREST, (entry,))
    return claims


async def _credit_interest(house: House, tx: Tx, at: Moment, compared: _Compared) -> int:
    """What came until this date goes to the books by item. What does not agree, or has not come, is a difference."""
    day, books = compared.day, list(house.all_books)
    names, awaited = await _interest_names(tx, books, day), await events.awaited(tx, books, day)
    came, due = await _came(tx, day, names), await events.due_under(tx, books, names, day)
    arrived = 0
    for name in names:
        owed = sum(due.get(name, {}).values())
        if came[name] != owed:
            _name_difference(compared, name, came[name], owed)
        if name in awaited and came[name] >= owed:
            arrived += owed
            await _credit(house, tx, at, day, name, due[name])
    return arrived


async def _interest_names(tx: Tx, books: Sequence[int], day: date) -> list[str]:
    """Under which interest came on that date, or should have come."""
    here = {_base(one.end_to_end_id) for one in await bank.receipts_on(tx, day) if one.destination == INTEREST}
    return sorted(here | (await events.awaited(tx, books, day)).keys())


def _base(end_to_end_id: str) -> str:
    found = _NAME.fullmatch(end_to_end_id)
    assert found is not None, "it was recognised"
    return found[1]


async def _came(tx: Tx, day: date, names: Sequence[str]) -> Mapping[str, int]:
    """What came under each name until that date, what was missing at first among it."""
    known = await bank.receipts(tx, [one for name in names for one in (name, *(f"{name}-R{number}" for number in range(1, 10)))])
    came: Counter[str] = Counter()
    for one in known.values():
        if one.destination == INTEREST and one.business_date <= day:
            came[_base(one.end_to_end_id)] += one.amount
    return came


def _name_difference(compared: _Compared, name: str, came: int, owed: int) -> None:
    if not came:
        compared.differ("interest_not_paid", name, -owed, f"the bank has not paid {name}: {format_minor(owed)} yuan of interest")
    else:
        text = f"{name} pays {format_minor(came)} yuan of interest, due under that name are {format_minor(owed)}"
        compared.differ("interest_differs", name, came - owed, text)


async def _credit(house: House, tx: Tx, at: Moment, day: date, name: str, due: Mapping[int, int]) -> None:
    actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
    source, key = house_account(HOUSE_BOOK, Kind.DEPOSIT_INTEREST_DUE, Asset.CNY), named(shanghai(day), HOUSE_BOOK, f"interest {name}")
    made: list[JournalEntry] = []
    for book, amount in due.items():
        target = house_account(book, Kind.DEPOSIT_INTEREST_DUE, Asset.CNY)
        made += bank_entries.allotted(source, target, _ACCOUNT, amount, derived(key, f"book {book}"), day, actor)
    await must_post(house, tx, at, made)
    await events.credited(tx, list(house.all_books), name, day)
