"""The card network: present to it what merchants claim and give back, fetch what it has cleared, settle what each owes the other.

The house is acquirer and issuer. A file is made and kept in the transaction that takes its items up, and handed in afterwards, as often as
it takes; what the network answers is kept before anything of it is worked off (`clearing`). A kill at any instant presents nothing twice.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from io import BytesIO
from typing import Any

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.store import Presentment
from tapwealth.bank import entries as bank_entries
from tapwealth.bank import store as bank
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bank.store import BreakRow
from tapwealth.clearing import store
from tapwealth.clearing.store import NetworkFile, PresentedItem
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.bank.receipts import Claim, Pushed
from tapwealth.flows.end_of_day import StepReport, handed_out, reported
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment, step_key
from tapwealth.issuing import store as issuing
from tapwealth.issuing.store import Authorisation, SaleKey
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.refusal import BadInput
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.storage.database import Tx
from tapwealth.wire import clearing_file
from tapwealth.wire.clearing_file import Direction, Header, Item, ItemKind, write_network_file

INSTITUTION = "04031000"
"""Our code at the network, as acquirer and as issuer: a parameter of the installation."""
NETWORK_ACCOUNT = "0200000008"
"""The network's account at the bank: a parameter of the installation."""
SOURCE = "network"
"""The source of the breaks found between the network and us."""
PAID_BY_THE_NETWORK = "UPN-"
"""How the network's payments are called: UPN-<date>-<sequence>."""
_AT_ONCE = 20_000
"""The most items of each sort in a file; what is more goes into a next one."""
_STANDS = ("approved", "expired")
_LOOK_BACK = timedelta(days=14)


# present


async def present_cards(house: House, day: date) -> StepReport:
    """What terminals' batches claim and what is to be given back goes to the network. A date with nothing of either has an empty file."""
    while await _make_file(house, day):
        pass
    async with house.database.look() as tx:
        made = await store.files(tx, day)
    for one in made:
        if one.taken_at is None and (wrong := await _hand_in(house, one)):
            return StepReport("the network has not taken what was presented", wrong=[wrong])
    items, total = sum(one.items for one in made), sum(one.total for one in made)
    return StepReport(f"{counted(items, 'item')} presented, {format_minor(total)} yuan", {"items": items, "amount": total})


async def _make_file(house: House, day: date) -> bool:
    """Whether there was something to take up; the first time even nothing is."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [HOUSE_BOOK, *house.all_books])
        claims, before = await acquiring.due(tx, day, _AT_ONCE), await store.files(tx, day)
        rows = await issuing.by_sale(tx, [(one.book, SaleKey(*one[1:5])) for one in claims])
        sales = [(one, rows[one.book, SaleKey(*one[1:5])]) for one in claims]
        gone = [(one, f"was {row.state} already") for one, row in sales if row.state not in _STANDS]
        await acquiring.mark_cleared(tx, gone, day)
        sales = [(one, row) for one, row in sales if row.state in _STANDS]
        credits_ = await _credits(tx, day)
        if before and not sales and not credits_:
            return bool(gone)
        sequence = len(before) + 1
        items = await _items(tx, sales, credits_)
        content = write_network_file(Direction.PRESENTED, INSTITUTION, day, sequence, items)
        await store.add_file(tx, NetworkFile(day, sequence, content, len(items), sum(one.amount for one in items)))
        made = [row for _, row in sales] + credits_
        await store.add_items(tx, [_kept(row, item, day, sequence) for row, item in zip(made, items, strict=True)])
        await acquiring.mark_presented(tx, [one for one, _ in sales], day)
        return True


async def _credits(tx: Tx, day: date) -> list[Authorisation]:
    """What is to be given back and the network has not heard of."""
    due = await issuing.due_credits(tx, day)
    known = await store.items_of(tx, [(row.book, row.id) for row in due])
    return [row for row in due if row.id not in known][:_AT_ONCE]


async def _items(tx: Tx, sales: Sequence[tuple[Presentment, Authorisation]], credits_: Sequence[Authorisation]) -> list[Item]:
    """Sales as they are claimed, then what is given back, with the reference of what it follows."""
    merchants = await acquiring.merchants(tx)
    originals = await issuing.by_id(tx, [(row.book, row.original) for row in credits_ if row.original])
    made = [_item(ItemKind.PRESENTMENT, row, one.amount, merchants) for one, row in sales]
    for row in credits_:
        original = originals[row.original].rrn if row.original else ""
        made.append(_item(ItemKind.REFUND, row, row.credit, merchants, original))
    return made


def _item(kind: ItemKind, row: Authorisation, amount: int, merchants: Mapping[str, acquiring.Merchant], original_rrn: str = "") -> Item:
    return Item(
        kind,
        row.rrn,
        INSTITUTION,
        row.merchant_number,
        row.terminal_number,
        row.stan,
        row.authorisation_code,
        merchants[row.merchant_number].category_code,
        amount,
        row.business_date,
        original_rrn=original_rrn,
    )


def _kept(row: Authorisation, item: Item, day: date, sequence: int) -> PresentedItem:
    original = row.original if item.kind is ItemKind.REFUND else None
    key = item.rrn, item.terminal_number, item.stan, item.authorisation_code
    return PresentedItem(row.book, row.id, original, item.kind.value, *key, item.amount, day, sequence)


async def _hand_in(house: House, one: NetworkFile) -> str:
    """Why the network has not taken the file; empty if it has."""

    async def give() -> bytes:
        await house.rails.network.present(one.presented)
        return one.presented

    try:
        taken = await handed_out(give)
    except BadInput as error:
        return f"the file {one.name} for the card network: {error}"
    if taken is None:
        return f"the card network does not take the file {one.name}; close {one.business_date} again when it does"
    async with house.database.transaction() as tx:
        await store.set_taken(tx, one.business_date, one.sequence, (await moment(tx)).now)
    return ""


# fetch


async def fetch(house: House, one: NetworkFile) -> str:
    """Keep what the network answers to a file, if it can be believed; else why it cannot."""
    content = await handed_out(lambda: house.rails.network.clearing(INSTITUTION, one.business_date, one.sequence))
    if content is None:
        return f"the card network's clearing file {one.name} is not to be had; close {one.business_date} again when it is"
    try:
        position = _position(one, content)
    except BadInput as error:
        return f"the card network's clearing file {one.name}: {error}"
    async with house.database.transaction() as tx:
        await store.set_cleared(tx, one.business_date, one.sequence, content, position)
    return ""


def _position(one: NetworkFile, content: bytes) -> int:
    """Of a file that was read to its end and is the one that was asked for. Raises BadInput."""
    file = clearing_file.NetworkFile(BytesIO(content))
    said, wanted = file.header, (Direction.CLEARED, clearing_file.NETWORK, INSTITUTION, one.business_date, one.sequence)
    for _ in file:
        pass
    if _of(said) != wanted:
        text = f"it is {said.direction} {said.sequence} of {said.institution} on {said.day} by {said.network}"
        raise BadInput(text, where="line 1", hint="ask the network for the right one")
    return file.position


def _of(said: Header) -> tuple[Direction, str, str, date, int]:
    return said.direction, said.network, said.institution, said.day, said.sequence


# settle


async def settle_network(house: House, day: date) -> StepReport:
    """What we owe the network by the date's files is paid out of our own money on the banks' next working day. What it owes us it pays
    then; what it did not pay when it was due is named."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [HOUSE_BOOK])
        at = await moment(tx)
        actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
        made = await store.files(tx, day)
        paid = [_payment(house, one, one.position) for one in made if one.position is not None and one.position > 0]
        await payments.instruct(house, tx, at, day, actor, paid)
        await bank.add_breaks(tx, day, await _unpaid(house, tx, day), at.now)
        position = sum(one.position or 0 for one in made)
        side = "we owe the card network" if position >= 0 else "the card network owes us"
        return await reported(tx, StepReport(f"{side} {format_minor(abs(position))} yuan", {"position": position}))


def _payment(house: House, one: NetworkFile, amount: int) -> Payment:
    day = one.business_date
    return Payment(
        step_key(day, "network", HOUSE_BOOK, str(one.sequence)),
        f"NET-{day:%Y%m%d}-{one.sequence}",
        Purpose.NETWORK_SETTLEMENT,
        NUMBER_OF[Kind.OWN_MONEY],
        NETWORK_ACCOUNT,
        clearing_file.NETWORK,
        house.calendar.next_working_day(day),
        (Part(HOUSE_BOOK, amount, house_account(HOUSE_BOOK, Kind.CARD_NETWORK, Asset.CNY)),),
    )


def _name_of_receipt(one: NetworkFile) -> str:
    return f"{PAID_BY_THE_NETWORK}{one.business_date:%Y%m%d}-{one.sequence}"


async def _unpaid(house: House, tx: Tx, day: date) -> list[BreakRow]:
    """What the network should have paid by the end of the date, and did not."""
    due = [
        one for one in await store.owed_to_us(tx, day - _LOOK_BACK, day) if house.calendar.next_working_day(one.business_date) <= day
    ]  # fmt: skip
    received = await bank.receipts(tx, [_name_of_receipt(one) for one in due])
    return [_owed(one) for one in due if _name_of_receipt(one) not in received]


def _owed(one: NetworkFile) -> BreakRow:
    name, owed = _name_of_receipt(one), -(one.position or 0)
    text = f"{name}: the card network owes {format_minor(owed)} yuan of {one.business_date} and has not paid; ask it"
    return BreakRow(SOURCE, "network_unpaid", name, owed, text, accounted=True)


async def recognise_network(_house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """The network's payment of a file's position, to the fen. Anything else under such a name is unclaimed money."""
    named = [one for one in pushed if one.account == NUMBER_OF[Kind.OWN_MONEY] and one.end_to_end_id.startswith(PAID_BY_THE_NETWORK)]
    if not named:
        return {}
    first = min(one.booked_on for one in named) - _LOOK_BACK
    due = {_name_of_receipt(file): -(file.position or 0) for file in await store.owed_to_us(tx, first, max(one.booked_on for one in named))}
    owed = house_account(HOUSE_BOOK, Kind.CARD_NETWORK, Asset.CNY)
    return {
        one.end_to_end_id: Claim("card_network", (_received(one, owed, at, actor),))
        for one in named
        if due.get(one.end_to_end_id) == one.amount
    }


def _received(one: Pushed, owed: int, at: Moment, actor: int) -> Any:
    day = at.booking_date(one.booked_on)
    return bank_entries.received(HOUSE_BOOK, one.key, one.account, owed, one.amount, day, actor, known=True)


async def recognise_capital(_house: House, _tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """What the house's owners pay into its own account, by its text: what the house pays out of before its fees come in."""
    capital = house_account(HOUSE_BOOK, Kind.OWN_CAPITAL, Asset.CNY)
    return {
        one.end_to_end_id: Claim("own_capital", (_received(one, capital, at, actor),))
        for one in pushed
        if one.account == NUMBER_OF[Kind.OWN_MONEY] and one.text == CAPITAL
    }


CAPITAL = "own capital"
"""The text of such a payment."""
