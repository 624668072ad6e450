"""Our mirror of a bank account against the bank's statement of a day, set-wise and pure.

The mirror moves when the bank has said that it booked, on the bank's date; so every line of the statement has its movement here and the
other way round, under one end-to-end id. Parts of one payment in several books are summed. What was left over on earlier days comes in as
outstanding items, so that something booked late, on either side, is recognised when it comes. The date is proved when there is no break:
then balances agree, to the fen, up to the outstanding items.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tapwealth.bank.statement import Statement, StatementLine, booking_name
from tapwealth.kernel.money import format_minor


class BreakKind(StrEnum):
    """What can be wrong, in the order in which it is listed."""

    WRONG_STATEMENT = "wrong_statement"
    OPENING_BALANCE_DIFFERS = "opening_balance_differs"
    CLOSING_BALANCE_DIFFERS = "closing_balance_differs"
    MIRROR_DOES_NOT_ADD_UP = "mirror_does_not_add_up"
    WRONG_DAY = "wrong_day"
    DOUBLED = "doubled"
    AMOUNT_DIFFERS = "amount_differs"
    BANK_HAS_MORE = "bank_has_more"
    WE_HAVE_MORE = "we_have_more"
    ANSWER_MISSING = "answer_missing"
    NOT_EXECUTED = "not_executed"


_WHAT_TO_DO = {
    BreakKind.WRONG_STATEMENT: "fetch the statement of this account and day",
    BreakKind.OPENING_BALANCE_DIFFERS: "compare with the statement of the day before; ask the bank what it changed",
    BreakKind.CLOSING_BALANCE_DIFFERS: "the statement contradicts itself: ask the bank for a right one",
    BreakKind.MIRROR_DOES_NOT_ADD_UP: "run the audit: our own movements and balances disagree",
    BreakKind.WRONG_DAY: "ask the bank to date it right",
    BreakKind.DOUBLED: "ask the bank to take the second one back",
    BreakKind.AMOUNT_DIFFERS: "ask the bank which amount holds; correct the other side",
    BreakKind.BANK_HAS_MORE: "keep it in suspense and ask the bank what it is",
    BreakKind.WE_HAVE_MORE: "ask the bank; if it never booked it, correct ours",
    BreakKind.ANSWER_MISSING: "take the statement for the bank's answer",
    BreakKind.NOT_EXECUTED: "send it again under the same end-to-end id",
}


class Movement(NamedTuple):
    """A movement of the mirror under our business date: fen, above zero into the account."""

    end_to_end_id: str
    amount: int


class OpenInstruction(NamedTuple):
    """A payment without an answer: what it will add to the account (below zero: it pays from it), and from which date."""

    end_to_end_id: str
    amount: int
    due: date


class Outstanding(NamedTuple):
    """What the bank has more than we under one id (less: below zero), since the day that found it."""

    end_to_end_id: str
    difference: int
    since: date


def pack_outstanding(items: Sequence[Outstanding]) -> str:
    """Items as the JSON that is stored."""
    return msgspec.json.encode(items).decode()


def unpack_outstanding(text: str) -> tuple[Outstanding, ...]:
    """Stored items."""
    return msgspec.json.decode(text, type=tuple[Outstanding, ...])


@dataclass(frozen=True, slots=True)
class OurDay:
    """Our side of one bank account's day: the mirror over all books, its movements, and what is open."""

    account: str
    day: date
    opening: int
    closing: int
    movements: Sequence[Movement] = ()
    instructions: Sequence[OpenInstruction] = ()
    outstanding: Sequence[Outstanding] = ()


class Match(NamedTuple):
    """Agreed: the same amount under the same id on both sides. `settles` what stood over from an earlier day."""

    end_to_end_id: str
    amount: int
    settles: date | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """What does not agree: `ours` and `banks` in fen, and one line that says what, which item, and what to do."""

    kind: BreakKind
    item: str
    ours: int
    banks: int
    text: str

    @property
    def difference(self) -> int:
        return self.banks - self.ours


class Verdict(StrEnum):
    """Whether the account's day is proved."""

    PROVED = "proved"
    UNPROVED = "unproved"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What came of it. `transit`: instructed for later days. `carried`: outstanding at the end of the day, for the next one."""

    account: str
    day: date
    matches: tuple[Match, ...]
    transit: tuple[OpenInstruction, ...]
    carried: tuple[Outstanding, ...]
    breaks: tuple[Break, ...]

    @property
    def verdict(self) -> Verdict:
        return Verdict.UNPROVED if self.breaks else Verdict.PROVED


@dataclass(frozen=True, slots=True)
class _Item:
    """Everything about one end-to-end id."""

    name: str
    moved: int
    lines: tuple[StatementLine, ...]
    before: int
    since: date | None
    instruction: OpenInstruction | None

    @property
    def booked(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def after(self) -> int:
        """What the bank has more than we when the day is over."""
        return self.before + self.booked - self.moved


def reconcile(ours: OurDay, statement: Statement) -> Reconciliation:
    """Match a day. Each side may come in any order; the outcome is ordered by kind and item."""
    items = _items(ours, statement)
    booked = {item.name for item in items if item.lines}
    breaks = [
        *_of_head(ours, statement),
        *(found for item in items for found in _of_item(ours, item)),
        *(found for line in statement.lines for found in _of_line(ours, line)),
    ]
    order = list(BreakKind)
    return Reconciliation(
        ours.account,
        ours.day,
        tuple(match for item in items for match in _matches(item)),
        tuple(sorted(one for one in ours.instructions if one.due > ours.day and one.end_to_end_id not in booked)),
        tuple(Outstanding(item.name, item.after, item.since or ours.day) for item in items if item.after),
        tuple(sorted(breaks, key=lambda found: (order.index(found.kind), found.item, found.banks))),
    )


def _items(ours: OurDay, statement: Statement) -> list[_Item]:
    """By name."""
    moved: dict[str, int] = defaultdict(int)
    for name, amount in ours.movements:
        moved[name] += amount
    lines: dict[str, list[StatementLine]] = defaultdict(list)
    for line in statement.lines:
        lines[booking_name(ours.account, line.end_to_end_id, line.booked_on, line.reference)].append(line)
    before: dict[str, int] = defaultdict(int)
    since: dict[str, date] = {}
    for name, difference, day in ours.outstanding:
        before[name] += difference
        since[name] = min(day, since.get(name, day))
    instructions = {one.end_to_end_id: one for one in ours.instructions}
    names = sorted({*moved, *lines, *before, *instructions})
    return [
        _Item(name, moved.get(name, 0), tuple(lines.get(name, ())), before.get(name, 0), since.get(name), instructions.get(name))
        for name in names
    ]


def _matches(item: _Item) -> Iterator[Match]:
    if item.after == 0 and len(item.lines) <= 1 and (item.lines or item.before):
        yield Match(item.name, item.booked or item.moved, item.since)


def _break(ours: OurDay, kind: BreakKind, item: str, mine: int, banks: int, what: str) -> Break:
    text = f"{ours.account} on {ours.day}, {item}: {what}; {_WHAT_TO_DO[kind]}"
    return Break(kind, item, mine, banks, text)


def _of_head(ours: OurDay, statement: Statement) -> Iterator[Break]:
    """Account, day and balances."""
    if (statement.account, statement.day) != (ours.account, ours.day):
        what = f"the statement is of {statement.account} on {statement.day}"
        yield _break(ours, BreakKind.WRONG_STATEMENT, "statement", 0, 0, what)
    expected = ours.opening + sum(one.difference for one in ours.outstanding)
    if statement.opening != expected:
        what = f"the bank began with {format_minor(statement.opening)}, by our books it had {format_minor(expected)}"
        yield _break(ours, BreakKind.OPENING_BALANCE_DIFFERS, "opening balance", expected, statement.opening, what)
    summed = statement.opening + sum(line.amount for line in statement.lines)
    if statement.closing != summed:
        what = f"the bank ended with {format_minor(statement.closing)}, its own lines give {format_minor(summed)}"
        yield _break(ours, BreakKind.CLOSING_BALANCE_DIFFERS, "closing balance", summed, statement.closing, what)
    moved = ours.opening + sum(amount for _, amount in ours.movements)
    if ours.closing != moved:
        what = f"our mirror ended with {format_minor(ours.closing)}, its movements give {format_minor(moved)}"
        yield _break(ours, BreakKind.MIRROR_DOES_NOT_ADD_UP, "mirror", ours.closing, moved, what)


def _of_line(ours: OurDay, line: StatementLine) -> Iterator[Break]:
    if line.booked_on != ours.day:
        name = booking_name(ours.account, line.end_to_end_id, line.booked_on, line.reference)
        yield _break(ours, BreakKind.WRONG_DAY, name, line.amount, line.amount, f"the bank dates it {line.booked_on}")


def _of_item(ours: OurDay, item: _Item) -> Iterator[Break]:
    """The first thing that is wrong with an item."""
    found = _found(ours, item)
    if found is not None:
        kind, mine, what = found
        yield _break(ours, kind, item.name, mine, item.booked, what)


def _found(ours: OurDay, item: _Item) -> tuple[BreakKind, int, str] | None:
    """(kind, our amount, what) of an item that does not agree."""
    booked, moved = format_minor(item.booked), format_minor(item.moved)
    if len(item.lines) > 1:
        return BreakKind.DOUBLED, item.moved, f"the bank booked it {len(item.lines)} times, together {booked}, here it is {moved}"
    if item.instruction is not None and not item.moved:
        return _of_open(ours, item, item.instruction)
    if item.after == 0 or not (item.lines or item.moved):
        return None
    if item.before or (item.lines and item.moved):
        earlier = f", {format_minor(item.before)} stood over" if item.before else ""
        twice = " (posted twice here)" if item.moved == 2 * item.booked else ""
        return BreakKind.AMOUNT_DIFFERS, item.moved, f"the bank has {booked}, here it is {moved}{twice}{earlier}"
    if item.lines:
        return BreakKind.BANK_HAS_MORE, 0, f"the bank booked {booked}, unknown here"
    return BreakKind.WE_HAVE_MORE, item.moved, f"here it is {moved}, the bank has not booked it"


def _of_open(ours: OurDay, item: _Item, one: OpenInstruction) -> tuple[BreakKind, int, str] | None:
    """An instruction without an answer: booked all the same, or due and not booked."""
    booked, asked = format_minor(item.booked), format_minor(one.amount)
    if item.lines and item.booked != one.amount:
        return BreakKind.AMOUNT_DIFFERS, one.amount, f"the bank has {booked}, instructed were {asked}"
    if item.lines:
        return BreakKind.ANSWER_MISSING, 0, f"the bank booked {booked}, its answer has not come"
    if one.due <= ours.day and not item.before:
        return BreakKind.NOT_EXECUTED, 0, f"{asked} was due on {one.due}, the bank neither booked nor rejected it"
    return None
