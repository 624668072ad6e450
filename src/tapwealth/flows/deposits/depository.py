"""The day's end with the bank as depository: what happened to deposits is listed to it, and its answers, its register and what it pays are
compared with what is here.

A line that the bank does not accept is a difference, and its interest stays owed on `deposit_interest_due`. The list goes again with
every closing until the bank accepts the line. Interest arrives in one sum a list, in the house's book; it is credited to the books by
item once the sum is that of its items.
"""

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from tapwealth.bank import deposit_event_store as events
from tapwealth.bank import entries as bank_entries
from tapwealth.bank import store as bank
from tapwealth.bank.deposit_event_store import Listed
from tapwealth.bank.deposit_list import Answer, AnswerLine, hash_of, read_answer, write_list
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

DEPOSITORY = "depository"
"""The source of the breaks found here."""
INTEREST = "deposit_interest"
"""What a receipt of the bank's interest is recognised as."""
T = TypeVar("T")
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
        listed = await events.of_day(tx, list(house.all_books), day)
    if not listed:
        return StepReport("no deposit has moved", {"events": 0})
    content = write_list(one.line for one in listed)
    try:
        await _tell(house, day, content)
    except Outage as outage:
        return StepReport("the bank has no list", wrong=[str(outage)])
    amount, interest = sum(one.line.amount for one in listed), sum(one.line.interest for one in listed)
    figures = {"events": len(listed), "amount": amount, "interest": interest, "hash": hash_of(content)}
    return StepReport(f"{counted(len(listed), 'event')} of deposits listed to the bank, {format_minor(interest)} yuan of interest", figures)


async def _tell(house: House, day: date, content: bytes) -> None:
    """Raises Outage, with what keeps the date from closing, unless the bank has the list."""

    async def tell() -> bytes:
        return (await _port(house).list_deposits(day, content)).encode()

    said = await handed_out(tell)
    if said is None:
        raise Outage(f"the bank does not take the list of deposits of {day}; close {day} again when it does")
    if said:
        raise Outage(f"the bank refuses the list of deposits of {day}: {said.decode()}")


@dataclass(slots=True)
class _Compared:
    """What is found of one date: differences, and what the bank has said of events."""

    day: date
    differences: list[BreakRow] = field(default_factory=list)
    said: list[tuple[int, UUID, Answer, str]] = field(default_factory=list)
    accepted: int = 0

    def differ(self, kind: str, item: str, amount: int, text: str) -> None:
        self.differences.append(BreakRow(DEPOSITORY, kind, item, amount, text, accounted=False))


async def compare_deposits(house: House, day: date) -> StepReport:
    """Compare what the bank answered and keeps with what is here, and credit the interest that has come."""
    with tempfile.TemporaryDirectory(prefix="tapwealth-register-") as folder:
        return await _compare(house, day, Path(folder))


async def _compare(house: House, day: date, folder: Path) -> StepReport:
    async with house.database.read() as tx:
        books = list(house.all_books)
        today = await events.of_day(tx, books, day)
        again = [one for one in await events.open_days(tx, books, day) if one != day]
        paid = await _interest_names(tx, books, day)
    if not (today or again or paid):
        return StepReport("no deposit has moved", {"events": 0})
    compared, register = _Compared(day), None
    try:
        if today:
            _compare_lines(today, await _answers(house, day, today), compared)
            register = await _register(house, day, folder)
    except Outage as outage:
        return StepReport("the bank has no answer", wrong=[str(outage)])
    for earlier in again:
        await _ask_again(house, earlier, compared)
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at = await moment(tx)
        await events.answer(tx, compared.said, day)
        arrived = await _credit_interest(house, tx, at, compared)
        if register is not None:
            await _compare_balances(house, tx, compared, register)
        found = await bank.replace_breaks(tx, day, DEPOSITORY, compared.differences, at.now)
    figures = {"events": len(today), "accepted": compared.accepted, "differences": len(found), "interest": arrived}
    text = f"{compared.accepted} of {counted(len(today), 'event')} of deposits agree with the bank"
    return StepReport(text, figures, [one.text for one in found if not one.accounted])


async def _answers(house: House, day: date, listed: Sequence[Listed]) -> Sequence[AnswerLine]:
    """What the bank says of a date's events; if it does not accept all, after the list was sent again. Raises Outage."""
    lines = await _said(house, day)
    if all(line.answer is Answer.ACCEPTED for line in lines):
        return lines
    await _tell(house, day, write_list(one.line for one in listed))
    return await _said(house, day)


async def _said(house: House, day: date) -> Sequence[AnswerLine]:
    content = await handed_out(lambda: _port(house).deposit_answer(day))
    return _read(f"the bank's answer to the deposits of {day}", day, content, read_answer)


async def _register(house: House, day: date, folder: Path) -> Register:
    """Raises Outage."""
    what = f"the bank's register of deposits of {day}"
    with (folder / "as_it_came").open("w+b") as file:
        if not await handed_out(lambda: _port(house).deposit_register(day, file)):
            raise _not_there(what, day)
        try:
            return await asyncio.to_thread(read_register, file, folder)
        except BadInput as error:
            raise Outage(f"{what}: {error}") from None


def _not_there(what: str, day: date) -> Outage:
    return Outage(f"{what} is not to be had; close {day} again when it is")


def _read(what: str, day: date, content: bytes | None, read: Callable[[bytes], T]) -> T:
    if content is None:
        raise _not_there(what, day)
    try:
        return read(content)
    except BadInput as error:
        raise Outage(f"{what}: {error}") from None


def _compare_lines(listed: Sequence[Listed], lines: Sequence[AnswerLine], compared: _Compared) -> None:
    ours = {one.line.serial: one for one in listed}
    for line in lines:
        one = ours.pop(line.serial, None)
        if one is None:
            compared.differ(
                "bank_has_more", line.serial, line.interest, f"the bank answers {line.serial}, which no deposit's event is called"
            )
            continue
        agrees = line.answer is Answer.ACCEPTED and line.interest == one.line.interest
        compared.said.append((one.book, UUID(line.serial), Answer.ACCEPTED if agrees else Answer.DIFFERS, line.paid_by if agrees else ""))
        compared.accepted += agrees
        if not agrees:
            compared.differ("deposit_differs", line.serial, line.interest - one.line.interest, _difference(one, line))
    for serial, one in ours.items():
        text = f"deposit {one.line.deposit}: the bank does not answer that it was {one.line.event}"
        compared.differ("we_have_more", serial, one.line.interest, text)


def _difference(one: Listed, line: AnswerLine) -> str:
    said = f"interest is {format_minor(line.interest)} yuan at the bank, {format_minor(one.line.interest)} here"
    why = line.reason if line.reason and line.interest == 0 else said
    return f"deposit {one.line.deposit} ({one.line.event} on {one.line.value_date}): {why}"


async def _ask_again(house: House, day: date, compared: _Compared) -> None:
    """The list of an earlier date of which the bank has not accepted all: what it accepts now is no difference any more."""
    async with house.database.read() as tx:
        listed = await events.of_day(tx, list(house.all_books), day)
    before = _Compared(day)
    with suppress(Outage):
        await _tell(house, day, write_list(one.line for one in listed))
        _compare_lines(listed, await _said(house, day), before)
    open_here = {one.line.serial for one in listed if one.answered != Answer.ACCEPTED}
    compared.said += [one for one in before.said if str(one[1]) in open_here]


async def _compare_balances(house: House, tx: Tx, compared: _Compared, register: Register) -> None:
    """Each deposit by the register and by its events, side by side; and the sum of the events with the ledger."""
    total = 0
    async for deposit, here, there in side_by_side(events.balances(tx, list(house.all_books), compared.day), register):
        total += here
        if here != there:
            text = f"deposit {deposit} has {format_minor(there)} yuan in the bank's register and {format_minor(here)} here"
            compared.differ("balance_differs", deposit, there - here, text)
    trial = await house.ledger.trial_balances(tx, house.all_books, compared.day)
    owed = sum(line.totals.owed for lines in trial.values() for line in lines if line.kind in _OWED)
    if owed != total:
        text = f"deposits sum to {format_minor(total)} yuan by their events and to {format_minor(owed)} in the ledger"
        compared.differ("ledger_differs", "deposits", owed - total, text)


async def side_by_side(ours: AsyncIterator[tuple[str, int]], theirs: Iterable[tuple[str, int]]) -> AsyncIterator[tuple[str, int, int]]:
    """By number: a deposit, its balance here and there, 0 where one side does not have it. Both come by number, and no more of either is
    held than one."""
    lines = iter(theirs)
    line = next(lines, None)
    async for deposit, here in ours:
        while line is not None and line[0] < deposit:
            yield line[0], 0, line[1]
            line = next(lines, None)
        there = 0
        if line is not None and line[0] == deposit:
            there, line = line[1], next(lines, None)
        yield deposit, here, there
    while line is not None:
        yield line[0], 0, line[1]
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
