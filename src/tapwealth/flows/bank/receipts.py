"""Money that is pushed to one of our bank accounts: recognised, credited, or kept in suspense until somebody says whose it is.

Each recogniser is handed the receipts that nobody has claimed yet and claims those it knows. A receipt is credited once however often the
bank tells of it: its end-to-end id is its key.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.bank import entries, store
from tapwealth.bank.entries import ACCOUNTS, NUMBER_OF
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment, must_post
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry


@dataclass(frozen=True, slots=True)
class Pushed:
    """One credit of a camt.054: `amount` fen arrived at `account`, booked on `booked_on` by the bank. `debtor` is masked."""

    end_to_end_id: str
    account: str
    amount: int
    booked_on: date
    debtor: str
    text: str

    @property
    def key(self) -> UUID:
        """The entry's idempotency key: follows from what the bank sent."""
        return named(shanghai(self.booked_on), HOUSE_BOOK, f"receipt:{self.end_to_end_id}")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a receipt is, in a word that operations read, and the entries that credit it."""

    destination: str
    entries: tuple[JournalEntry, ...]


Recogniser = Callable[[House, Any, Moment, Sequence[Pushed], int], Awaitable[Mapping[str, Claim]]]
"""(house, transaction, moment, unclaimed receipts, actor) to claims by end-to-end id."""


async def receive(house: House, pushed: Sequence[Pushed], recognisers: Sequence[Recogniser]) -> None:
    """Credit what the bank tells of. Repetitions change nothing."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at = await moment(tx)
        known = await store.receipts(tx, [one.end_to_end_id for one in pushed])
        own = await store.by_end_to_end(tx, [one.end_to_end_id for one in pushed])
        fresh = {one.end_to_end_id: one for one in pushed if one.end_to_end_id not in known and one.end_to_end_id not in own}
        _check_accounts(fresh)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        claims: dict[str, Claim] = {}
        for recognise in (*recognisers, _line_of_advance, _suspense):
            claims.update(await recognise(house, tx, at, [one for name, one in fresh.items() if name not in claims], actor))
        await must_post(house, tx, at, [entry for claim in claims.values() for entry in claim.entries])
        await store.add_receipts(tx, [_row(one, claims[name].destination, at) for name, one in fresh.items()], at.now)


def _check_accounts(fresh: Mapping[str, Pushed]) -> None:
    for one in fresh.values():
        if one.account not in ACCOUNTS:
            raise BadInput(f"{one.account} is not an account of ours", where=f"receipt {one.end_to_end_id}")


def _row(one: Pushed, destination: str, at: Moment) -> store.Receipt:
    day = at.booking_date(one.booked_on)
    return store.Receipt(one.end_to_end_id, one.account, one.amount, one.booked_on, one.debtor, one.text, destination, day)


async def _line_of_advance(house: House, _tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """The bank puts money into the advance account: owed back to it, allotted to the books in equal parts, the rest in the house book."""
    return {
        one.end_to_end_id: Claim("advance_line", tuple(_funded(house, at, one, actor)))
        for one in pushed
        if one.account == NUMBER_OF[Kind.ADVANCE]
    }


def _funded(house: House, at: Moment, one: Pushed, actor: int) -> list[JournalEntry]:
    day, key = at.booking_date(one.booked_on), one.key
    owed = house_account(HOUSE_BOOK, Kind.ADVANCE_PAYABLE, Asset.CNY)
    made = [entries.received(HOUSE_BOOK, key, one.account, owed, one.amount, day, actor, known=True)]
    for book in house.all_books:
        share = house_account(book, Kind.ADVANCE_PAYABLE, Asset.CNY)
        made += entries.allotted(owed, share, one.account, one.amount // house.books, key, day, actor)
    return made


async def _suspense(_house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """What nobody has claimed is a break: its money stands on an account of ours, and somebody has to say whose it is."""
    claims = {}
    for one in pushed:
        day = at.booking_date(one.booked_on)
        kept = house_account(HOUSE_BOOK, _KEPT[ACCOUNTS[one.account][0]], Asset.CNY)
        entry = entries.received(HOUSE_BOOK, one.key, one.account, kept, one.amount, day, actor, known=False)
        claims[one.end_to_end_id] = Claim("suspense", (entry,))
        await store.add_breaks(tx, day, [_unclaimed(one)], at.now)
    return claims


def _unclaimed(one: Pushed) -> store.BreakRow:
    text = f"{one.end_to_end_id}: {format_minor(one.amount)} yuan came in on {one.account}, nobody knows for what; ask the payer"
    return store.BreakRow(RECEIPT, "unclaimed_receipt", one.end_to_end_id, one.amount, text, accounted=True)


RECEIPT = "receipt"
"""Source of the breaks that name unclaimed money."""


_KEPT = {
    Kind.CUSTOMER_RESERVE: Kind.SUSPENSE,
    Kind.FUND_COLLECTION: Kind.CHANNEL_FUNDS,
    Kind.PREMIUM_TRUST: Kind.INSURER_SUSPENSE,
    Kind.OWN_MONEY: Kind.FEES_OWN,
    Kind.ADVANCE: Kind.ADVANCE_PAYABLE,
    Kind.DEPOSITS: Kind.DEPOSIT_INTEREST_DUE,
}
"""Where unrecognised money is kept, by the account it arrived at: always on an account which that mirror backs."""
