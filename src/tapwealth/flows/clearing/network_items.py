"""Each item of the network's clearing file against what we presented: which sales and refunds it clears, and what is disputed.

What is disputed debits nobody but the house: its part in what we owe the network stands on an account of its own until the network takes it
back. Each has its break, which names it on its date; the date may close with it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.fee import Change
from tapwealth.acquiring.store import Presentment
from tapwealth.bank import store as bank
from tapwealth.bank.store import BreakRow
from tapwealth.clearing import entries, store
from tapwealth.clearing.judge import Accepted, Ours, Why, judge
from tapwealth.clearing.store import Dispute, NetworkFile, PresentedItem
from tapwealth.clearing.tolerance import most
from tapwealth.flows.acquiring.card_fees import tariff
from tapwealth.flows.clearing.network import INSTITUTION, SOURCE
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, must_post, step_key
from tapwealth.issuing import store as issuing
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.money import format_minor
from tapwealth.storage.database import Tx
from tapwealth.wire.clearing_file import Item, ItemKey, ItemKind
from tapwealth.wire.iso8583.requests import TransactionKind

Place = tuple[ItemKind, ItemKey]
_STANDS = ("approved", "expired")


@dataclass
class SortedOut:
    """What a run of items comes to. `sales` are presentment, authorisation and the fen cleared; `fees` what the network may take of all
    that is right, by our own reckoning."""

    key: UUID
    """Of the entry that books the fees: the same on every run over these items."""
    sales: list[tuple[Presentment, Authorisation, int]] = field(default_factory=list)
    cleared: list[tuple[int, UUID, int]] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    mended: list[Dispute] = field(default_factory=list)
    breaks: list[BreakRow] = field(default_factory=list)
    fees: int = 0


async def sort_out(house: House, tx: Tx, day: date, run: str, items: Sequence[Item]) -> SortedOut:
    """Under the locks of all books. `run` names these items among those of the date. What is disputed and taken back among the same items
    is both."""
    facts = await _facts(house, tx, items)
    found = SortedOut(step_key(day, "network fees", HOUSE_BOOK, run))
    for number, item in enumerate(items):
        place = (item.kind, item.key)
        known = facts.items.get(place)
        taken_back = item.kind.takes_back
        quarrel = _matching(facts.disputes[taken_back, item.key], item.amount) if taken_back else None
        verdict = judge(item, facts.ours(known), quarrel.amount if quarrel else None)
        if verdict is Accepted.MENDED and quarrel is not None:
            facts.disputes[quarrel.place].remove(quarrel)
            found.mended.append(quarrel)
            _dispute_fee(found, day, f"{run}:{number}", item, item.due(INSTITUTION) + quarrel.due)
        elif isinstance(verdict, Why):
            dispute = _dispute(day, f"{run}:{number}", verdict, item)
            facts.disputes[dispute.place].append(dispute)
            found.disputes.append(dispute)
            found.breaks.append(_break(dispute))
        else:
            assert known is not None, "what is accepted was presented"
            facts.gone.add(known.id)
            _accept(house, facts, found, item, known, f"{run}:{number}", day)
    return found


def _matching(disputes: Iterable[Dispute], amount: int) -> Dispute | None:
    return next((one for one in disputes if one.amount == amount), None)


@dataclass
class _Facts:
    """What is known of the items; `left` is what was not given back yet of sales that refunds are about, `gone` what this run clears."""

    items: Mapping[Place, PresentedItem]
    rows: Mapping[UUID, Authorisation]
    originals: Mapping[UUID, Authorisation]
    presentments: Mapping[tuple[int, str, str, str, str], Presentment]
    category: Mapping[str, str]
    disputes: dict[Place, list[Dispute]]
    left: dict[UUID, int]
    gone: set[UUID] = field(default_factory=set)

    def ours(self, known: PresentedItem | None) -> Ours | None:
        if known is None:
            return None
        row = self.rows[known.id]
        before = self.originals[row.original].amount if row.original and known.kind == ItemKind.PRESENTMENT else 0
        grows = row.kind != TransactionKind.OFFLINE_SALE  # the card has signed the amount, and pays by itself
        limit = most(row.amount, self.category[row.merchant_number], before) if grows else row.amount
        stands = row.state == "done" if known.kind == ItemKind.REFUND else row.state in _STANDS
        return Ours(known.amount, known.cleared_on is not None or known.id in self.gone, stands, limit)


async def _facts(house: House, tx: Tx, items: Sequence[Item]) -> _Facts:
    """Everything about these items, in a number of queries that does not depend on how many they are."""
    rrns = sorted({item.rrn for item in items})
    presented = await store.items_by_rrn(tx, house.all_books, rrns)
    rows = await issuing.by_id(tx, [(one.book, one.id) for one in presented])
    originals = await issuing.by_id(tx, [(row.book, row.original) for row in rows.values() if row.original])
    given = await store.given_back(tx, [(row.book, row.id) for row in originals.values()])
    disputes: dict[Place, list[Dispute]] = defaultdict(list)
    for one in await store.open_disputes(tx, rrns):
        if one.why != FEE_DIFFERS:  # its item was right: there is nothing to take back under its key
            disputes[one.place].append(one)
    return _Facts(
        {one.place(INSTITUTION): one for one in presented},
        rows,
        originals,
        await acquiring.presented(tx, [(row.book, *row.key) for row in rows.values()]),
        {number: one.category_code for number, one in (await acquiring.merchants(tx)).items()},
        disputes,
        {identifier: row.captured_amount - given.get(identifier, 0) for identifier, row in originals.items()},
    )


def _accept(house: House, facts: _Facts, found: SortedOut, item: Item, known: PresentedItem, name: str, day: date) -> None:
    """It is cleared; what the network takes of it beyond our own reckoning is disputed by itself."""
    row = facts.rows[known.id]
    found.cleared.append((known.book, known.id, item.amount))
    if item.kind is ItemKind.PRESENTMENT:
        found.sales.append((facts.presentments[row.book, *row.key], row, item.amount))
        if item.amount != known.amount:
            found.breaks.append(_differs(item, known))
    fee = _fee(house, facts, item, row)
    found.fees += fee
    _dispute_fee(found, day, name, item, item.network_fee(INSTITUTION) - fee)


def _dispute_fee(found: SortedOut, day: date, name: str, item: Item, more: int) -> None:
    """What the network takes for an item beyond what is right for it, if it is anything."""
    if more:
        dispute = _dispute(day, f"{name}:fee", FEE_DIFFERS, item, more)
        found.disputes.append(dispute)
        found.breaks.append(_break(dispute))


def _fee(house: House, facts: _Facts, item: Item, row: Authorisation) -> int:
    """What the tariff has for the network on both sides, of what the item changes in a sale."""
    change = Change(0, item.amount)
    if item.kind is ItemKind.REFUND:
        before = facts.left.get(row.original, item.amount) if row.original else item.amount
        change = Change(before, before - item.amount)
        if row.original:
            facts.left[row.original] = change.after
    prices = tariff(house.rule_set, facts.category[row.merchant_number])
    return prices.network_of_issuer.by(change) + prices.network_of_acquirer.by(change)


FEE_DIFFERS = "fee_differs"
"""The network's fee of an item that is right otherwise is not the tariff's, or not what it takes back with the item."""


def _dispute(day: date, name: str, why: str, item: Item, due: int | None = None) -> Dispute:
    return Dispute(
        step_key(day, "network dispute", HOUSE_BOOK, name),
        str(why),
        item.kind.value,
        item.rrn,
        item.acquirer,
        item.merchant_number,
        item.terminal_number,
        item.stan,
        item.authorisation_code,
        item.amount,
        item.due(INSTITUTION) if due is None else due,
        day,
    )


SAID = {
    Why.TAKEN_BACK_UNASKED: "is taken back, and nothing was wrong with it",
    Why.REFUND_OF_NOBODY: "is a refund that no merchant of ours asked for",
    Why.NOT_AUTHORISED: "is a sale that was never authorised here",
    Why.CLEARED_TWICE: "is cleared once more",
    Why.REFUND_DIFFERS: "is a refund of another amount than was presented",
    Why.UNDONE_MEANWHILE: "was undone after it had been presented",
    Why.ABOVE_TOLERANCE: "is more than may be cleared for it",
    FEE_DIFFERS: "has another network fee than the tariff",
}
"""Of an item, in a sentence."""


def _break(one: Dispute) -> BreakRow:
    what = f"{one.rrn} at terminal {one.terminal_number} of {format_minor(one.amount)} yuan"
    return BreakRow(SOURCE, one.why, one.rrn, one.amount, f"{what} {SAID[one.why]}; the network is to put it right", accounted=True)


def _differs(item: Item, known: PresentedItem) -> BreakRow:
    kind = "cleared_for_less" if item.amount < known.amount else "cleared_for_more"
    presented, cleared = format_minor(known.amount), format_minor(item.amount)
    text = f"{item.rrn} at terminal {item.terminal_number}: {presented} yuan were presented, {cleared} cleared; ask the merchant"
    return BreakRow(SOURCE, kind, item.rrn, item.amount - known.amount, text, accounted=True)


async def keep(house: House, tx: Tx, at: Moment, day: date, found: SortedOut) -> None:
    """Post what it does to what we owe the network, and remember it."""
    actor = await actor_number(tx, HOUSE_BOOK, PLATFORM)
    made = [entries.network_fees(found.key, found.fees, day, actor)] if found.fees else []
    made += [entries.disputed(one.id, one.due, day, actor) for one in found.disputes if one.due]
    made += [entries.mended(one.id, one.due, day, actor) for one in found.mended if one.due]
    await must_post(house, tx, at, made)
    await store.set_items_cleared(tx, found.cleared, day)
    await store.add_disputes(tx, found.disputes)
    await store.set_mended(tx, [one.id for one in found.mended], day)
    await bank.add_breaks(tx, day, found.breaks, at.now)


async def name_missing(house: House, tx: Tx, at: Moment, file: NetworkFile) -> None:
    """What this file presented and its answer does not clear waits: its money is held, or claimed, until the network clears it."""
    day = file.business_date
    waiting = [one for one in await store.open_items(tx, house.all_books, day) if (one.presented_on, one.sequence) == (day, file.sequence)]
    disputed = {one.place for one in await store.open_disputes(tx, [one.rrn for one in waiting])}
    missing = [one for one in waiting if one.place(INSTITUTION) not in disputed]
    await bank.add_breaks(tx, day, [_missing(one) for one in missing], at.now)


def _missing(one: PresentedItem) -> BreakRow:
    text = f"{one.rrn} at terminal {one.terminal_number} of {format_minor(one.amount)} yuan was presented and is not in the network's file"
    return BreakRow(SOURCE, "not_cleared", one.rrn, one.amount, f"{text}; ask the network", accounted=True)
