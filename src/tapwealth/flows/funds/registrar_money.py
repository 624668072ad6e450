"""The registrar's money that stands apart until enough is due and enough is there: kept in the house's book, each name on an account of its
own, so that none is ever paid out of another's (`funds.registrar_money` decides)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from tapwealth.bank import entries as bank
from tapwealth.bank import store as bank_store
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.bank.store import BreakRow
from tapwealth.flows.frame import HOUSE_BOOK, House, Moment
from tapwealth.funds import entries
from tapwealth.funds.registrar_money import Came, Paid, decide, due_under
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import BY_KIND, Kind
from tapwealth.ledger.port import JournalEntry, Limit, NewAccount

SOURCE = "registrar"
"""Source of the breaks that name what the registrar said or paid."""
_DIFFERS = "redemption_differs"
_EVER = shanghai(date(2010, 1, 1))
"""An instant that is the same on every repetition."""
Due = TypeVar("Due")


class Booked(NamedTuple, Generic[Due]):
    """What one that came does, the key of its entries and the date that they are booked under."""

    paid: Paid[Due]
    key: UUID
    day: date


async def decided(
    house: House,
    tx: Any,
    at: Moment,
    kind: Kind,
    came: Sequence[tuple[Came, UUID, date]],
    due: Mapping[str, Sequence[Due]],
    worth: Callable[[Due], int],
) -> list[Booked[Due]]:
    """What each that came does (with its key and date), by what is `due` and what stands apart under its name; differences are named."""
    stood = await standing(house, tx, kind, [due_under(one.name) for one, _, _ in came])
    paid = decide([one for one, _, _ in came], stood, due, worth)
    made = [Booked(one, key, day) for one, (_, key, day) in zip(paid, came, strict=True)]
    await _name_differences(tx, at, made)
    return made


def _apart(kind: Kind, name: str) -> NewAccount:
    return NewAccount(HOUSE_BOOK, kind, named(_EVER, HOUSE_BOOK, f"registrar:{name}"), Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)


async def standing(house: House, tx: Any, kind: Kind, names: Iterable[str]) -> dict[str, int]:
    """What stands apart under names (what is due under them may be paid with it), in accounts of a kind."""
    wanted = sorted(set(names))
    accounts = dict(zip(wanted, await house.ledger.find_accounts(tx, [_apart(kind, name) for name in wanted]), strict=True))
    balances = await house.ledger.balances(tx, [account for account in accounts.values() if account])
    return {name: balances[account].totals.owed for name, account in accounts.items() if account in balances}


async def moved(house: House, tx: Any, kind: Kind, decided: Sequence[Booked[Due]], actor: int) -> dict[UUID, list[JournalEntry]]:
    """What of each, by its key, goes to stand apart, or stood apart and pays."""
    fresh = [one for one in decided if one.paid.left != one.paid.stood]
    opened = await house.ledger.open_accounts(tx, [_apart(kind, due_under(one.paid.came.name)) for one in fresh])
    mirror, made = BY_KIND[kind].mirror, {}
    for one, account in zip(fresh, opened, strict=True):
        more = one.paid.left - one.paid.stood
        if more > 0:
            made[one.key] = [bank.received(HOUSE_BOOK, one.key, NUMBER_OF[mirror], account, more, one.day, actor, known=False)]
        else:
            made[one.key] = [entries.stood_apart(HOUSE_BOOK, one.key, account, mirror, -more, one.day, actor)]
    return made


async def _name_differences(tx: Any, at: Moment, decided: Iterable[Booked[Due]]) -> None:
    """A break for each that leaves something on either side; those of a name under which everything is paid now are withdrawn."""
    breaks: dict[str, dict[str, tuple[date, BreakRow]]] = defaultdict(dict)
    ended = set()
    for one, _, day in decided:
        name = due_under(one.came.name)
        if one.dues:
            ended.add(name)
            breaks[name].clear()
        if not one.agrees and (one.came.amount or one.dues):
            breaks[name][one.came.name] = day, _differs(one)
    mended = [item for item in await bank_store.complaints(tx, SOURCE, _DIFFERS) if due_under(item) in ended] if ended else []
    await bank_store.withdraw(tx, SOURCE, _DIFFERS, mended)
    fresh = [row for of in breaks.values() for row in of.values()]
    for day in {day for day, _ in fresh}:
        await bank_store.add_breaks(tx, day, [row for on, row in fresh if on == day], at.now)


def _differs(one: Paid[Due]) -> BreakRow:
    name, amount = one.came
    came = f"pays {format_minor(amount)} yuan" if amount else "is confirmed"
    before = f", {format_minor(one.stood)} stood there before" if one.stood else ""
    text = f"{name} {came}, due under that name are {format_minor(one.owed)}{before}; ask the registrar"
    return BreakRow(SOURCE, _DIFFERS, name, one.stood + amount - one.owed, text, False)
