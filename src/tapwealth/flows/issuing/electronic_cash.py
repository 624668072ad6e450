"""Electronic cash on a card: money that a phone can pay with where nobody can be asked.

Loading moves it from the wallet to an account of that card, unloading back; each is an order that the card takes once (`card.cash`). What
the card pays offline is claimed from that account by its proof (`offline_sale`). So the account holds what is on the card and what has left
it and was not claimed yet, and lies in the reserve like any wallet.

Who finds a lost phone can spend what is on it: no host is asked, so nothing can stop it. What is left `RETURNED_AFTER` the card's deletion,
when the terminals' batches must have come in, goes back to the wallet; what is claimed later is the customer's debt. A tap that was torn
after the card had paid is claimed by nobody: an unload tells what is on the card, so what had left it by then and was not claimed
`RETURNED_AFTER` that goes back as well.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import Enum, auto
from typing import NamedTuple
from uuid import UUID

import msgspec

from tapwealth.customers import store as customers
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.end_of_day import StepReport, reported
from tapwealth.flows.frame import PLATFORM, Envelope, House, Moment, actor_numbers, moment, must_post, once, post, step_key
from tapwealth.flows.issuing.tap import cash_account
from tapwealth.flows.issuing.tokens import TokenRefusal, load_key, own
from tapwealth.issuing import entries, store
from tapwealth.issuing.store import CashOrder, Token
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset, checked, format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.database import Tx
from tapwealth.wire.electronic_cash import CEILING, load_mac, unload_mac

RETURNED_AFTER = timedelta(days=30)
NEWEST = 20
"""Orders that a card's view shows."""
_AT_ONCE = 1000
_GREATEST = (1 << 31) - 1


class CashRefusal(Enum):
    """In the order in which they are checked."""

    NOT_GENUINE = auto()
    OUT_OF_TURN = auto()
    ABOVE_CASH_LIMIT = auto()
    NO_MONEY = auto()
    NOT_THERE = auto()


class LoadCash(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From the wallet onto a card, in fen; the card holds at most 1,000.00 yuan."""

    token: UUID
    amount: int


class UnloadCash(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From a card back to the wallet, with the card's proof: its number, the amount, what is left on the card, the number of the last load
    that the card has taken, and the code (hex)."""

    token: UUID
    number: int
    amount: int
    balance: int
    loads: int
    mac: str


class Ordered(msgspec.Struct, frozen=True):
    """What may be remembered of an order. `cash` is the account's balance after it."""

    token: str
    number: int
    amount: int
    cash: int


class CashLoaded(msgspec.Struct, frozen=True):
    """The order for the card to take; `mac` in hex proves it."""

    token: str
    number: int
    amount: int
    mac: str
    cash: int


class CashUnloaded(msgspec.Struct, frozen=True):
    token: str
    number: int
    amount: int
    cash: int


class LoadOrder(msgspec.Struct, frozen=True):
    """A load as the card takes it, here once more for a card that has missed it."""

    number: int
    amount: int
    mac: str


class CashView(msgspec.Struct, frozen=True):
    """`cash`: on the card, or spent and not claimed yet; `held` of it is claimed and not cleared. `unloads`: number of the last unload."""

    token: str
    cash: int
    held: int
    limit: int
    loads: list[LoadOrder]
    unloads: int


async def load(house: House, envelope: Envelope, command: LoadCash) -> CashLoaded | Refusal:
    """Asked again, the same order: the card takes it once."""
    checked(command.amount, where="amount")
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> Ordered | Refusal:
        token = await own(tx, book, person, command.token)
        if isinstance(token, Refusal):
            return token
        if token.state != "active":
            return Refusal(TokenRefusal.NOT_ACTIVE, f"the card in this phone is {token.state}: nothing is loaded onto it; resume it first")
        wallet, cash = await _accounts(house, tx, token)
        before = (await house.ledger.balances(tx, [cash]))[cash].totals.owed
        if before + command.amount > CEILING:
            room = format_minor(max(CEILING - before, 0))
            return Refusal(CashRefusal.ABOVE_CASH_LIMIT, f"a card holds at most {format_minor(CEILING)}: load {room} or less")
        last = await store.cash_orders(tx, book, token.id, "load", 1)
        day = at.date_of(envelope.received_at)
        order = CashOrder(book, token.id, "load", 1 + (last[0].number if last else 0), command.amount, None, 0, at.now, day)
        key = await _entry_key(tx, envelope, book, person, "cash loaded")
        entry = entries.cash_loaded(book, key, wallet, cash, order.amount, day, actor, token.id)
        if (await post(house, tx, at, [entry]))[0].refusal is not None:
            return Refusal(CashRefusal.NO_MONEY, "there is not as much in the wallet; move money in, or load less")
        await store.add_cash_order(tx, order)
        return Ordered(str(token.id), order.number, order.amount, before + order.amount)

    made = await once(house, [book], envelope, command, act, Ordered)
    if isinstance(made, Refusal):
        return made
    async with house.database.read() as tx:
        token = (await store.tokens(tx, [(book, command.token)]))[command.token]
    mac = load_mac(load_key(house, token), made.number, made.amount).hex()
    return CashLoaded(made.token, made.number, made.amount, mac, made.cash)


async def unload(house: House, envelope: Envelope, command: UnloadCash) -> CashUnloaded | Refusal:
    """Each proof counts once: the last one again, under whatever idempotency key, moves nothing more."""
    book, person = who(envelope)
    mac = _mac(command.mac)
    checked(command.amount, where="amount")
    counted = 0 < command.number <= _GREATEST and 0 <= command.loads <= _GREATEST
    if not counted or not 0 <= command.balance <= CEILING or command.amount > CEILING:
        raise BadInput("a value is out of range", where="number, amount, balance, loads", hint="send what the card gave")

    async def act(tx: Tx, at: Moment, actor: int) -> Ordered | Refusal:
        token = await own(tx, book, person, command.token)
        if isinstance(token, Refusal):
            return token
        key = load_key(house, token)
        if not hmac.compare_digest(_proved(key, command), mac):
            return Refusal(CashRefusal.NOT_GENUINE, "this is not the card's own proof; send all values as the card gave them")
        wallet, cash = await _accounts(house, tx, token)
        standing = (await house.ledger.balances(tx, [cash]))[cash]
        before = standing.totals.owed
        if await store.cash_order(tx, book, token.id, "unload", command.number) is not None:
            return Ordered(str(token.id), command.number, command.amount, before)
        last = await store.cash_orders(tx, book, token.id, "unload", 1)
        following = 1 + (last[0].number if last else 0)
        if command.number != following:
            return Refusal(CashRefusal.OUT_OF_TURN, f"the proof has number {command.number}, the next one is {following}; send that first")
        day = at.date_of(envelope.received_at)
        not_taken = await store.ordered_after(tx, book, token.id, command.loads)
        unclaimed = max(standing.available - command.amount - command.balance - not_taken, 0)
        order = CashOrder(book, token.id, "unload", command.number, command.amount, command.balance, unclaimed, at.now, day)
        name = await _entry_key(tx, envelope, book, person, "cash unloaded")
        entry = entries.cash_unloaded(book, name, wallet, cash, order.amount, day, actor, token.id)
        if (await post(house, tx, at, [entry]))[0].refusal is not None:
            return Refusal(CashRefusal.NOT_THERE, "so much is not on this card's account any more; ask the bank")
        await store.add_cash_order(tx, order)
        return Ordered(str(token.id), order.number, order.amount, before - order.amount)

    made = await once(house, [book], envelope, command, act, Ordered)
    return made if isinstance(made, Refusal) else CashUnloaded(made.token, made.number, made.amount, made.cash)


def _proved(key: bytes, command: UnloadCash) -> bytes:
    return unload_mac(key, command.number, command.amount, command.balance, command.loads)


async def cash_of(house: House, tx: Tx, book: int, person: UUID, identifier: UUID) -> CashView | Refusal:
    """How a card's electronic cash stands, and its newest loads for a phone that has missed one."""
    token = await own(tx, book, person, identifier)
    if isinstance(token, Refusal):
        return token
    owed, held = (await cash_standing(house, tx, {token.id: token.book})).get(token.id, (0, 0))
    loads = await store.cash_orders(tx, book, token.id, "load", NEWEST)
    unloads = await store.cash_orders(tx, book, token.id, "unload", 1)
    key = load_key(house, token)
    shown = [LoadOrder(one.number, one.amount, load_mac(key, one.number, one.amount).hex()) for one in reversed(loads)]
    return CashView(str(token.id), owed, held, CEILING, shown, unloads[0].number if unloads else 0)


async def cash_standing(house: House, tx: Tx, cards: Mapping[UUID, int]) -> dict[UUID, tuple[int, int]]:
    """(owed, of it held) by card, of those (with their books) that ever had any."""
    found = await house.ledger.find_accounts(tx, [cash_account(book, card) for card, book in cards.items()])
    numbers = {card: number for card, number in zip(cards, found, strict=True) if number is not None}
    balances = await house.ledger.balances(tx, list(numbers.values()))
    return {card: (balances[number].totals.owed, balances[number].debits_pending) for card, number in numbers.items()}


async def _entry_key(tx: Tx, envelope: Envelope, book: int, person: UUID, purpose: str) -> UUID:
    return own_key(envelope, purpose, (await customers.persons(tx, [(book, person)]))[person])


async def _accounts(house: House, tx: Tx, token: Token) -> tuple[int, int]:
    """The holder's wallet, the card's cash."""
    wallet = NewAccount(token.book, Kind.WALLET, token.person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
    first, second = await house.ledger.open_accounts(tx, [wallet, cash_account(token.book, token.id)])
    return first, second


def _mac(text: str) -> bytes:
    try:
        if len(text) != 16 or not text.isascii():
            raise ValueError
        return bytes.fromhex(text)
    except ValueError:
        raise BadInput("it is not eight bytes in hex", where="mac", hint="send the code that the card gave") from None


class Left(NamedTuple):
    """Cash that goes back to a wallet. `why` names the entry: the card, or the number of one of its unloads."""

    book: int
    token: UUID
    person: UUID
    amount: int
    why: str


async def return_cash(house: House, day: date) -> StepReport:
    """A step of the day's end: what deleted cards have left, and what was torn, goes to the wallets."""
    returned = 0
    while True:
        looked_at, amount = await _return_some(house, day, returned)
        returned += amount
        if looked_at < _AT_ONCE:
            return _returned(returned)


def _returned(amount: int) -> StepReport:
    text = f"{format_minor(amount)} yuan of electronic cash returned" if amount else "no electronic cash is due to be returned"
    return StepReport(text, {"amount": amount})


async def _return_some(house: House, day: date, earlier: int) -> tuple[int, int]:
    """How much was looked at, what was returned; `earlier` by the rounds before this one."""
    before = shanghai(day + timedelta(days=1)) - RETURNED_AFTER
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, house.all_books)
        at = await moment(tx)
        deleted = await store.deleted_before(tx, before, _AT_ONCE)
        torn = await store.unclaimed_before(tx, before, _AT_ONCE)
        left = await _left(house, tx, deleted, torn)
        await _post(house, tx, at, day, left)
        await store.set_cash_returned(tx, deleted, day)
        given = {(one.token, one.why): one.amount for one in left}
        looked_at = [(book, token, number, given.get((token, str(number)), 0)) for book, token, _, number, _, _ in torn]
        await store.set_looked_at(tx, looked_at, at.now)
        await notices.tell(tx, [_notice(at, one) for one in left])
        returned = sum(one.amount for one in left)
        looked = max(len(deleted), len(torn))
        if looked < _AT_ONCE:
            await reported(tx, _returned(earlier + returned))
    return looked, returned


async def _left(house: House, tx: Tx, deleted: Sequence[Token], torn: Sequence[tuple[int, UUID, UUID, int, int, int]]) -> list[Left]:
    """What is held is claimed and waits for clearing: it stays. A deleted card gives back all the rest."""
    cards = {one.id: one.book for one in deleted} | {token: book for book, token, *_ in torn}
    standing = await cash_standing(house, tx, cards)
    free = {token: max(owed - held, 0) for token, (owed, held) in standing.items()}
    left = [Left(one.book, one.id, one.person, free.get(one.id, 0), "") for one in deleted]
    gone = {one.id for one in deleted}
    for book, token, person, number, unclaimed, since in torn:
        if token not in gone:
            left.append(Left(book, token, person, min(max(unclaimed - since, 0), free.get(token, 0)), str(number)))
    return [one for one in left if one.amount > 0]


async def _post(house: House, tx: Tx, at: Moment, day: date, left: Sequence[Left]) -> None:
    wallets = [NewAccount(one.book, Kind.WALLET, one.person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for one in left]
    accounts = await house.ledger.open_accounts(tx, [*wallets, *(cash_account(one.book, one.token) for one in left)])
    pairs = zip(accounts[: len(left)], accounts[len(left) :], strict=True)
    actors = await actor_numbers(tx, [(one.book, PLATFORM) for one in left])
    made = [
        entries.cash_returned(
            one.book, step_key(day, "cash", one.book, f"{one.token} {one.why}"), wallet, cash, one.amount, day, actor, one.token
        )
        for one, (wallet, cash), actor in zip(left, pairs, actors, strict=True)
    ]
    await must_post(house, tx, at, made)


def _notice(at: Moment, one: Left) -> Notice:
    money = format_minor(one.amount)
    if one.why:
        zh = f"有 {money} 元电子现金已离开卡片但无商户请款，已退回您的钱包。"
        en = f"{money} yuan had left your card and no merchant claimed them: they are back in your wallet."
        return Notice(one.book, derived(one.token, f"torn {one.why}"), one.person, at.now, zh, en, NoticeKind.CARD, f"cash/{one.token}")
    zh = f"已删除的卡上的电子现金余额 {money} 元已退回您的钱包。"
    en = f"The {money} yuan of electronic cash left on your deleted card are back in your wallet."
    return Notice(one.book, derived(one.token, "cash returned"), one.person, at.now, zh, en, NoticeKind.CARD, f"cash/{one.token}")
