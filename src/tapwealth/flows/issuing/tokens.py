"""A wallet on devices: each device has a card number of its own, bound to the device's key, and limited-use keys that run out.

A device proves itself by signatures over `device_key`'s messages. A card that is suspended or deleted is switched off online at once, since
the host asks the state of each tap; and for good, since no more keys are given out. Keys are never stored and never part of a remembered
answer: they are derived again for each answer, so that a repetition brings the same ones.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from uuid import UUID

import msgspec
from msgspec import structs

from tapwealth.customers import store as customers
from tapwealth.flows.customers.people import own_key, who
from tapwealth.flows.frame import Envelope, House, Moment, moment, once
from tapwealth.flows.issuing import issuer_keys
from tapwealth.flows.issuing.cards import CardData, card_data, new_token, number_of
from tapwealth.flows.issuing.issuer_keys import card_key
from tapwealth.issuing import store
from tapwealth.issuing.device_key import provision_message, read_device_key, replenish_message, signed_by
from tapwealth.issuing.key_index import index_of
from tapwealth.issuing.limited_use import KeyRange, next_keys
from tapwealth.issuing.store import Token
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.database import Tx
from tapwealth.wire.electronic_cash import CEILING
from tapwealth.wire.emv_crypto import cash_load_key


class TokenRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_TOKEN = auto()
    WRONG_SIGNATURE = auto()
    NOT_VERIFIED = auto()
    NOT_ACTIVE = auto()
    KEY_RETIRED = auto()
    OTHER_REQUEST = auto()
    NOT_NEXT = auto()
    COUNTER_AHEAD = auto()


class ProvisionToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card for the device of that key (hex), which signs `provision_message`."""

    device_key: str
    signature: str


class ReplenishToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fresh keys: `number` is one more than the last request's, `counter` the card's; the device signs `replenish_message`."""

    token: UUID
    number: int
    counter: int
    signature: str


class MoveToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The card of an old device is deleted, the new device gets one of its own."""

    token: UUID
    device_key: str
    signature: str


class SuspendToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: UUID


class ResumeToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: UUID


class DeleteToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: UUID


class TokenState(msgspec.Struct, frozen=True):
    """What may be told and remembered of a token."""

    token: str
    masked: str
    expiry: str
    state: str


class GivenKey(msgspec.Struct, frozen=True):
    """A limited-use key, `key` in hex, for the counters `first_atc` to `last_atc`."""

    number: int
    key: str
    first_atc: int
    last_atc: int

    def __repr__(self) -> str:
        return f"GivenKey({self.number}, {self.first_atc} to {self.last_atc})"


class CashData(msgspec.Struct, frozen=True):
    """The card's electronic cash, empty: limits in fen, `load_key` in hex."""

    load_key: str
    balance_limit: int
    single_limit: int
    reset_threshold: int

    def __repr__(self) -> str:
        return f"CashData({self.balance_limit})"


class Provisioned(msgspec.Struct, frozen=True):
    """What the phone's secure part is given, and keeps. `expiry` YYMM. Asked again, `files` and the RSA key in them are drawn anew."""

    token: str
    masked: str
    pan: str
    psn: str
    expiry: str
    key_index: int
    keys: list[GivenKey]
    files: CardData
    cash: CashData

    def __repr__(self) -> str:
        return f"Provisioned({self.token}, {self.masked})"


class Replenished(msgspec.Struct, frozen=True):
    """The keys that this request brought; none while enough are left, whose age and amount begin anew all the same."""

    token: str
    number: int
    keys: list[GivenKey]


async def provision(house: House, envelope: Envelope, command: ProvisionToken) -> Provisioned | Refusal:
    """One card per device: asked again, the same one with the keys it came with."""
    point = read_device_key(command.device_key)
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> TokenState | Refusal:
        return await _issue(house, tx, at, envelope, point, command.signature)

    made = await once(house, [book], envelope, command, act, TokenState)
    return made if isinstance(made, Refusal) else await _provisioned(house, book, person, made)


async def move(house: House, envelope: Envelope, command: MoveToken) -> Provisioned | Refusal:
    """To a new phone: the old card is gone in the same transaction in which the new one is made."""
    point = read_device_key(command.device_key)
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> TokenState | Refusal:
        old = await own(tx, book, person, command.token)
        if isinstance(old, Refusal):
            return old
        if old.device_key == point:
            return Refusal(TokenRefusal.OTHER_REQUEST, "the card is on this phone already; nothing is to be moved")
        await set_states(tx, at, [old], "deleted")
        return await _issue(house, tx, at, envelope, point, command.signature, like=old)

    made = await once(house, [book], envelope, command, act, TokenState)
    return made if isinstance(made, Refusal) else await _provisioned(house, book, person, made)


async def _issue(
    house: House, tx: Tx, at: Moment, envelope: Envelope, point: bytes, signature: str, like: Token | None = None
) -> TokenState | Refusal:
    """`like`: the card it takes the place of, whose domain it keeps; without one, this device's own under a retired key."""
    book, person = who(envelope)
    if not signed_by(point, signature, provision_message(point)):
        return _wrong_signature()
    row = (await customers.persons(tx, [(book, person)]))[person]
    if row.kyc_level == 0:
        return Refusal(TokenRefusal.NOT_VERIFIED, "your identity is not verified yet; try again in a moment")
    known = [one for one in await store.device_tokens(tx, book, person) if one.device_key == point and one.state != "deleted"]
    if known and known[0].state != "active":
        return _not_active(known[0])
    if known and not await issuer_keys.is_retired(tx, known[0]):
        return _state(known[0], known[0].state)
    await set_states(tx, at, known, "deleted")  # under a retired key: this device is given a new card
    like = like or next(iter(known), None)
    token = structs.replace(await new_token(house, tx, at, row, own_key(envelope, "token", row), point), asked_by=envelope.caller.device)
    if like is not None:
        token = structs.replace(
            token, contact=like.contact, allowed=like.allowed, denied=like.denied, switched_off=like.switched_off, day_limit=like.day_limit
        )
    if not await store.add_tokens(tx, [token], at.now):
        raise Outage("the card's number went to somebody else at this moment; ask again")
    await store.add_keys(tx, [(book, token.id, one) for one in next_keys([], 0, at.now)], 0)
    await notices.tell(tx, [_notice(at.now, token, "active")])
    return _state(token, "active")


async def replenish(house: House, envelope: Envelope, command: ReplenishToken) -> Replenished | Refusal:
    """The same request again, under whatever idempotency key, brings the same keys; an older one, another's or a wrong one nothing."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> TokenState | Refusal:
        token = await own(tx, book, person, command.token)
        if isinstance(token, Refusal):
            return token
        against = _against(token, command)
        if against is not None:
            return against
        if await issuer_keys.is_retired(tx, token):
            return _key_retired()
        if command.number == token.requests + 1:
            given = await store.keys_of(tx, book, token.id)
            if command.counter > max((one.last_atc for one in given), default=0):
                return Refusal(
                    TokenRefusal.COUNTER_AHEAD, f"no key was given for counter {command.counter}; delete this card, ask for another"
                )
            counter = max(command.counter, token.last_atc)
            await store.renew_keys(tx, book, token.id, counter, at.now)
            await store.add_keys(tx, [(book, token.id, one) for one in next_keys(given, counter, at.now)], command.number)
            await store.note_request(tx, book, token.id, command.number, command.counter)
        return _state(token, token.state)

    answer = await once(house, [book], envelope, command, act, TokenState)
    if isinstance(answer, Refusal):
        return answer
    async with house.database.read() as tx:
        token = (await store.tokens(tx, [(book, command.token)]))[command.token]
        brought = await store.keys_brought_by(tx, book, command.token, command.number)
    return Replenished(answer.token, command.number, _keys(house, token, brought) if token.state == "active" else [])


def _against(token: Token, command: ReplenishToken) -> Refusal | None:
    if not signed_by(token.device_key, command.signature, replenish_message(command.token, command.number, command.counter)):
        return _wrong_signature()
    if token.state != "active":
        return _not_active(token)
    if command.number == token.requests and command.number and command.counter != token.asked_at:
        return Refusal(TokenRefusal.OTHER_REQUEST, f"request {command.number} was another one; take the number {token.requests + 1}")
    if command.number not in (token.requests, token.requests + 1) or command.number < 1:
        return Refusal(TokenRefusal.NOT_NEXT, f"the next request has the number {token.requests + 1}; this one says {command.number}")
    return None


async def suspend(house: House, envelope: Envelope, command: SuspendToken) -> TokenState | Refusal:
    """Taps are declined and no keys are given, until it is resumed."""
    return await _change(house, envelope, command, "suspended")


async def resume(house: House, envelope: Envelope, command: ResumeToken) -> TokenState | Refusal:
    return await _change(house, envelope, command, "active")


async def delete(house: House, envelope: Envelope, command: DeleteToken) -> TokenState | Refusal:
    """For good."""
    return await _change(house, envelope, command, "deleted")


async def _change(house: House, envelope: Envelope, command: SuspendToken | ResumeToken | DeleteToken, state: str) -> TokenState | Refusal:
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> TokenState | Refusal:
        token = await own(tx, book, person, command.token)
        if isinstance(token, Refusal):
            return token
        if token.state != state:
            await set_states(tx, at, [token], state)
        return _state(token, state)

    return await once(house, [book], envelope, command, act, TokenState)


async def set_states(tx: Tx, at: Moment, of: Sequence[Token], state: str) -> None:
    """Cards of one person, who is told of each."""
    for book in {one.book for one in of}:
        await store.set_token_states(tx, book, [one.id for one in of], state, at.now)
    await notices.tell(tx, [_notice(at.now, one, state) for one in of])


async def own(tx: Tx, book: int, person: UUID, identifier: UUID) -> Token | Refusal:
    token = (await store.tokens(tx, [(book, identifier)])).get(identifier)
    if token is None or token.person != person or token.state == "deleted":
        return Refusal(TokenRefusal.UNKNOWN_TOKEN, "you have no such card on a phone; /view/tokens lists yours")
    return token


async def _provisioned(house: House, book: int, person: UUID, made: TokenState) -> Provisioned | Refusal:
    identifier = UUID(made.token)
    async with house.database.read() as tx:
        token = await own(tx, book, person, identifier)
        brought = await store.keys_brought_by(tx, book, identifier, 0)
        today = business_date_of((await moment(tx)).now)
        if isinstance(token, Refusal):
            return token
        retired = await issuer_keys.is_retired(tx, token)
    if token.state != "active" or retired:
        return _key_retired() if retired else _not_active(token)
    keys = _keys(house, token, brought)
    return Provisioned(
        token=made.token,
        masked=token.masked_token,
        pan=number_of(house, token).reveal(),
        psn=token.psn,
        expiry=token.expiry,
        key_index=index_of(token.master_key),
        keys=keys,
        files=await card_data(house, token, today),
        cash=CashData(load_key(house, token).hex(), CEILING, CEILING, 0),
    )


def load_key(house: House, token: Token) -> bytes:
    """What orders of electronic cash are proved with, by the card's own key and not a limited-use one: it does not run out."""
    return cash_load_key(card_key(house, token, number_of(house, token)))


def _keys(house: House, token: Token, ranges: Sequence[KeyRange]) -> list[GivenKey]:
    pan = number_of(house, token)
    return [GivenKey(one.number, card_key(house, token, pan, one.number).hex(), one.first_atc, one.last_atc) for one in ranges]


def _state(token: Token, state: str) -> TokenState:
    return TokenState(str(token.id), token.masked_token, token.expiry, state)


_SAID = {
    "active": (
        "现在可以用来付款。圈存到卡上的电子现金如同现钞，手机丢失后无法挂失",
        "can be paid with now. Electronic cash that you load onto it is like banknotes: when the phone is lost, nobody can stop it",
    ),
    "suspended": ("已暂停：不能付款，直到您恢复它", "is suspended: it does not pay until you resume it"),
    "deleted": (
        "已删除，不能再联机付款；卡上的电子现金无法挂失，30 天后的余额退回钱包",
        "is deleted and pays no more online; electronic cash on it cannot be stopped: what is left after 30 days goes back to your wallet",
    ),
}


def _notice(now: datetime, token: Token, state: str) -> Notice:
    zh, en = _SAID[state]
    card = token.masked_token
    identifier = derived(token.id, f"{state} {now.isoformat()}")
    return Notice(
        token.book,
        identifier,
        token.person,
        now,
        f"手机里的卡 {card} {zh}。",
        f"The card {card} in your phone {en}.",
        NoticeKind.SECURITY,
        "tokens",
    )


def _not_active(token: Token) -> Refusal:
    return Refusal(TokenRefusal.NOT_ACTIVE, f"the card in this phone is {token.state}: it gets no keys; resume it first")


def _key_retired() -> Refusal:
    said = "the card in this phone was made under a key that is honoured no more: ask for a new one (provision_token)"
    return Refusal(TokenRefusal.KEY_RETIRED, said)


def _wrong_signature() -> Refusal:
    return Refusal(
        TokenRefusal.WRONG_SIGNATURE, "the signature is not by this card's device over these data; sign with the phone's own key"
    )
