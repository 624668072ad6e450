"""What becomes of customers' redemptions: the registrar's answer, then its money, which goes on to the wallets.

The registrar pays one sum for all that it confirmed on a date, into the supervised collection account; from there each holder's part goes
to the reserve and the wallet, in one payment. A sum that does not reach leaves everybody's part due: nobody is paid out of what belongs to
others. What is early, too little or more than is due stands apart, and pays with what comes later (`registrar_money`). The part of a holder
whose bank card's account is swept into the fund goes to that card, its safe card, and touches no wallet.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.bank.entries import NUMBER_OF, Part, allotted
from tapwealth.bank.store import BreakRow
from tapwealth.customers import store as customers
from tapwealth.customers.store import BankCardRow
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose, end_to_end
from tapwealth.flows.bank.receipts import Claim, Pushed
from tapwealth.flows.frame import HOUSE_BOOK, House, Moment, must_post
from tapwealth.flows.funds import registrar_money
from tapwealth.flows.funds.channel import paid_in_accounts
from tapwealth.flows.funds.purchase import OWN_CHANNEL, order_of
from tapwealth.flows.funds.redemption import UNTIL_ANSWERED
from tapwealth.flows.funds.registrar_money import Booked
from tapwealth.funds import dues as registrar_dues
from tapwealth.funds import entries, orders_store, sweep_store
from tapwealth.funds.dues import RegistrarDue, Unpaid
from tapwealth.funds.exchange_values import ConfirmationRecord
from tapwealth.funds.order_state import OrderState
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.registrar_money import Came, due_under
from tapwealth.funds.store import Fund
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind

SOURCE = registrar_money.SOURCE
UNPAID = "registrar_payment"
"""Source of the breaks that name what it did not pay."""
AT_ONCE = 2_048
"""Customers whom one payment is for: what the bank says of it is heard in one transaction."""
_COLLECTION = NUMBER_OF[Kind.FUND_COLLECTION]


def payment_name(confirmed_on: date) -> str:
    """How the registrar calls its payment for what it confirmed on that date."""
    return f"RED-{OWN_CHANNEL}-{confirmed_on:%Y%m%d}-{_COLLECTION}"


async def settle(
    house: House,
    tx: Any,
    at: Moment,
    said: Sequence[tuple[OrderRow, ConfirmationRecord]],
    funds: Mapping[str, Fund],
    day: date,
    actor: int,
) -> None:
    """Post what the registrar answered to customers' redemptions (of one file); `orders_store.settle_orders` is the caller's."""
    accepted = [(order, one) for order, one in said if one.accepted]
    refused = [(order, one) for order, one in said if not one.accepted]
    made = [entry for order, one in said for entry in _entries(order, one, funds[order.fund], day, actor)]
    await must_post(house, tx, at, made)
    await registrar_dues.add_dues(tx, [_due(order, one, day) for order, one in accepted if one.amount])
    await notices.tell(tx, [_told(at, order, one) for order, one in refused])


def state_after(one: ConfirmationRecord) -> OrderState:
    """What an answer makes of its order."""
    if not one.accepted:
        return OrderState.REFUSED
    return OrderState.CONFIRMED if one.finished else OrderState.DEFERRED


def _entries(order: OrderRow, one: ConfirmationRecord, fund: Fund, day: date, actor: int) -> list[JournalEntry]:
    """What was confirmed, and what becomes of the rest: held on, or free again."""
    view, done = order_of(order, fund, own=True), order.confirmed_units
    rest = order.units - done - one.volume
    if one.accepted and one.volume:
        goes_on = 0 if one.finished else rest
        until = order.received_at + UNTIL_ANSWERED if goes_on else None
        return [entries.holder_redeemed(view, one.volume, one.amount, day, actor, done=done, rest=goes_on, until=until)]
    if one.accepted and not one.finished:
        return []
    return [entries.redemption_refused(view, order.units - done, day, actor, done)]


def _due(order: OrderRow, one: ConfirmationRecord, day: date) -> RegistrarDue:
    name = payment_name(one.confirmed_on)
    return RegistrarDue(order.book, derived(order.id, f"due:{one.confirmed_on}"), order.id, name, order.funding, one.amount, day, None)


def _told(at: Moment, order: OrderRow, one: ConfirmationRecord) -> Notice:
    units = format_minor(order.units - order.confirmed_units)
    zh = f"登记机构未受理您 {units} 份的赎回（{one.return_code}），份额仍在您的账户，可再次赎回。"
    en = f"The registrar did not take your redemption of {units} units ({one.return_code}); they are yours as before."
    key = derived(order.id, "redemption refused")
    return Notice(order.book, key, order.fund_account, at.now, zh, en, NoticeKind.FUND, "statement/me", obligatory=True)


async def recognise(house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """The registrar's payment into the collection account of customers' redemptions, dividends in cash, or interest of failed raises; and
    of dividends in cash of another channel's holders."""
    prefixes = tuple(f"{what}-{OWN_CHANNEL}-" for what in ("RED", *_OTHERS)) + tuple(
        f"DIV-{code}-" for code in await paid_in_accounts(house, tx)
    )
    ours = [one for one in pushed if one.account == _COLLECTION and one.end_to_end_id.startswith(prefixes)]
    came = {one.end_to_end_id: (Came(one.end_to_end_id, one.amount), one.key, at.booking_date(one.booked_on)) for one in ours}
    made = await _taken(house, tx, at, list(came.values()), actor)
    return {one.end_to_end_id: Claim("redemption", tuple(entries)) for one, entries in zip(ours, made, strict=True)}


def names_of(said: Sequence[ConfirmationRecord]) -> list[str]:
    """Under which names the registrar pays what these made due."""
    return sorted({payment_name(one.confirmed_on) for one in said if one.accepted and one.amount})


async def join(house: House, tx: Any, at: Moment, names: Sequence[str], actor: int) -> None:
    """Pay what is due under these names now with money that came before it was. The orders are settled."""
    stood = await registrar_money.standing(house, tx, Kind.CHANNEL_FUNDS, names)
    dues = await registrar_dues.unpaid_dues(tx, [name for name, amount in stood.items() if amount])
    day = at.open_date(business_date_of(at.now))
    fell_due = [(Came(name, 0), derived(due[0].id, "joined"), day) for name, due in dues.items() if due]
    await must_post(house, tx, at, [entry for made in await _taken(house, tx, at, fell_due, actor) for entry in made])


async def _taken(house: House, tx: Any, at: Moment, came: Sequence[tuple[Came, UUID, date]], actor: int) -> list[list[JournalEntry]]:
    """What each that came (with its key and the date that it is booked under) brings about: its entries. Pays on what is whole now."""
    due = await registrar_dues.unpaid_dues(tx, [due_under(one.name) for one, _, _ in came])
    decided = await registrar_money.decided(house, tx, at, Kind.CHANNEL_FUNDS, came, due, _worth)
    kept = set((await paid_in_accounts(house, tx)).values()) if came else set()
    ours = [([due for due in one.paid.dues if due.wallet not in kept], one.key) for one in decided]
    await _pay_on(house, tx, at, [one for one in ours if one[0]], actor)
    theirs = {one.key: [due for due in one.paid.dues if due.wallet in kept] for one in decided}
    await _mark_paid(tx, [due for dues in theirs.values() for due in dues], at.open_date(business_date_of(at.now)))
    apart = await registrar_money.moved(house, tx, Kind.CHANNEL_FUNDS, decided, actor)
    return [
        _collected(one.paid.dues, one.key, one.day, actor) + _left_to_channels(theirs[one.key], one, actor) + apart.get(one.key, [])
        for one in decided
    ]


def _left_to_channels(dues: Sequence[RegistrarDue], of: Booked[RegistrarDue], actor: int) -> list[JournalEntry]:
    """It stays in the collection account and pays for the channel's next orders."""
    sums: dict[tuple[int, int], int] = defaultdict(int)
    for due in dues:
        sums[due.book, due.wallet] += due.amount
    return [
        entry
        for (book, account), amount in sorted(sums.items())
        for entry in allotted(
            house_account(book, Kind.FUND_REDEMPTION_IN_TRANSIT, Asset.CNY),
            account, _COLLECTION, amount, derived(of.key, f"channel:{book}:{account}"), of.day, actor,
        )
    ]  # fmt: skip


def _worth(due: RegistrarDue) -> int:
    return due.amount


async def _pay_on(house: House, tx: Any, at: Moment, paid: Sequence[tuple[Sequence[RegistrarDue], UUID]], actor: int) -> None:
    """What is in the collection account now goes on to wallets and safe cards."""
    all_, today = [due for dues, _ in paid for due in dues], business_date_of(at.now)
    day = at.open_date(today)
    await _mark_paid(tx, all_, day)
    safe = await _safe_cards(tx, all_)
    to_wallets = [(key, [due for due in dues if due.id not in safe]) for dues, key in paid]
    cut = [(key, dues[first : first + AT_ONCE], first // AT_ONCE) for key, dues in to_wallets for first in range(0, len(dues), AT_ONCE)]
    for one in cut:
        await payments.instruct(house, tx, at, day, actor, [_payout(*one, today)])
    await payments.instruct(house, tx, at, day, actor, [_to_card(*one, today) for one in safe.values()])
    await notices.tell(tx, [_sent_to_card(at, *one) for one in safe.values()])


async def _safe_cards(tx: Any, dues: Sequence[RegistrarDue]) -> dict[UUID, tuple[RegistrarDue, OrderRow, BankCardRow]]:
    """Dues that go to a safe card, by their ids."""
    orders = await orders_store.orders_by_id(tx, [(due.book, due.fund_order) for due in dues])
    held = {due.id: orders[due.fund_order] for due in dues}
    cards = await sweep_store.safe_cards(tx, sorted({(one.book, one.fund_account, one.fund) for one in held.values()}))
    chosen = {due.id: (due, held[due.id], cards.get((held[due.id].fund_account, held[due.id].fund))) for due in dues}
    known = await customers.bank_cards(tx, sorted({(due.book, card) for due, _, card in chosen.values() if card}))
    return {key: (due, order, known[card]) for key, (due, order, card) in chosen.items() if card}


def _to_card(due: RegistrarDue, order: OrderRow, card: BankCardRow, today: date) -> Payment:
    """From the collection account straight to the card."""
    identifier = named(order.received_at, HOUSE_BOOK, f"safe card:{order.serial}:{due.name}")
    transit = house_account(due.book, Kind.FUND_REDEMPTION_IN_TRANSIT, Asset.CNY)
    name = end_to_end("RSC", identifier)
    part = (Part(due.book, due.amount, transit),)
    return Payment(identifier, name, Purpose.SAFE_CARD_PAYOUT, _COLLECTION, str(card.id), card.masked_pan, today, part)


def _sent_to_card(at: Moment, due: RegistrarDue, order: OrderRow, card: BankCardRow) -> Notice:
    yuan = format_minor(due.amount)
    zh = f"赎回款 {yuan} 元正付往您的银行卡 {card.masked_pan}。"
    en = f"{yuan} yuan of your redemption are on their way to your card {card.masked_pan}."
    key = derived(due.id, "to the safe card")
    return Notice(due.book, key, order.fund_account, at.now, zh, en, NoticeKind.FUND, "statement/me", obligatory=True)


def _collected(dues: Sequence[RegistrarDue], key: UUID, day: date, actor: int) -> list[JournalEntry]:
    """Each book's part of what was due."""
    books: dict[int, int] = defaultdict(int)
    for due in dues:
        books[due.book] += due.amount
    return [entries.redemption_collected(book, derived(key, f"due:{book}"), amount, day, actor) for book, amount in sorted(books.items())]


async def _mark_paid(tx: Any, dues: Sequence[RegistrarDue], day: date) -> None:
    await registrar_dues.pay_dues(tx, dues, day)
    whole = await registrar_dues.paid_whole(tx, [(due.book, due.fund_order) for due in dues])
    await orders_store.move_orders(tx, whole, OrderState.PAID)


def _payout(key: UUID, dues: Sequence[RegistrarDue], number: int, today: date) -> Payment:
    """From the collection account to the reserve, and there to each wallet."""
    identifier = derived(key, f"payout:{number}" if number else "payout")
    return Payment(
        identifier,
        end_to_end("RPO", identifier),
        _PURPOSES.get(dues[0].name[:3], Purpose.REDEMPTION_PAYOUT),
        _COLLECTION,
        NUMBER_OF[Kind.CUSTOMER_RESERVE],
        "Tapwealth customer reserve",
        today,
        tuple(Part(due.book, due.amount, house_account(due.book, Kind.FUND_REDEMPTION_IN_TRANSIT, Asset.CNY), due.wallet) for due in dues),
    )


_PURPOSES = {"RIN": Purpose.RAISE_REFUND}
_OTHERS = {"DIV": "dividends of", "RIN": "interest of raises that failed on"}
"""What else the registrar pays customers, by how its names begin."""


def _what(name: str) -> str:
    return _OTHERS.get(name[:3], "redemptions confirmed on")


async def unpaid(tx: Any, day: date, delayed: Mapping[tuple[str, date], date]) -> list[BreakRow]:
    """What should have been paid by the end of the date, the day after its confirmation, one line for each payment that did not come; and
    what may come later (`delayed`: until when, by fund and date of confirmation)."""
    late = await registrar_dues.dues_before(tx, day)
    waits = [one for one in late if (one.fund, one.confirmed_on) in delayed]
    owed = [one for one in late if one not in waits]
    breaks = [_unpaid(name, [one for one in owed if one.name == name]) for name in dict.fromkeys(one.name for one in owed)]
    return breaks + [
        paid_late(f"{one.name} {one.fund}", one.amount, one.confirmed_on, delayed[one.fund, one.confirmed_on]) for one in waits
    ]


def _unpaid(name: str, dues: Sequence[Unpaid]) -> BreakRow:
    amount, on, orders = sum(one.amount for one in dues), min(one.confirmed_on for one in dues), sum(one.customers for one in dues)
    text = f"{name}: {format_minor(amount)} yuan of {_what(name)} {on} (orders: {orders}) are not paid; ask the registrar"
    return BreakRow(UNPAID, "redemption_unpaid", name, amount, text, accounted=True)


def paid_late(item: str, amount: int, on: date, until: date) -> BreakRow:
    """No alarm: large-redemption days ran, and the registrar has time."""
    text = f"{item}: {format_minor(amount)} yuan of redemptions confirmed on {on}, one of two large days running, may come until {until}"
    return BreakRow(UNPAID, "redemption_delayed", item, amount, text, accounted=True)
