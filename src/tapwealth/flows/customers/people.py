"""People: opening an account, being verified, binding a bank card, moving money in and out, sending it to each other.

The book of a person follows from the keyed hash of the identity number, so a retry of an opening lands in the same place. What names a
person is sealed before it reaches a table.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
from uuid import UUID

import msgspec

from tapwealth.bank import entries as bank
from tapwealth.bank import store as bank_store
from tapwealth.bank.bank_number import bank_of_card
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bank.store import BookTransfer
from tapwealth.compliance import store as compliance
from tapwealth.customers import store
from tapwealth.customers.customer import book_of_person, read_person_name
from tapwealth.customers.identity_number import read_identity_number
from tapwealth.customers.kyc import Channel, ChannelAnswer, kyc_level
from tapwealth.customers.phone_number import read_phone_number
from tapwealth.customers.store import BankCardRow, Buyer, PersonRow
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose, end_to_end
from tapwealth.flows.frame import Caller, Envelope, House, Moment, moment, once, post
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived, named, prefixed
from tapwealth.kernel.masked import IdentityNumber, Pan, PersonName, PhoneNumber
from tapwealth.kernel.money import Asset, checked, format_minor
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage import outbox
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

IDENTITY = "identity"
"""The outbox destination of questions to the identity channels."""

_SHORTEST_SECRET = 16
"""Characters of a device's secret: what is shorter could be guessed."""


class PeopleRefusal(Enum):
    """In the order in which they are checked."""

    IDENTITY_IN_USE = auto()
    PHONE_IN_USE = auto()
    DEVICE_IN_USE = auto()
    NOT_VERIFIED = auto()
    UNKNOWN_CARD = auto()
    UNKNOWN_PAYEE = auto()
    TO_YOURSELF = auto()
    PAYEE_NOT_VERIFIED = auto()
    ABOVE_LIMIT = auto()
    NO_MONEY = auto()


class OpenAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`device_token` is the secret by which this phone will be known; the phone makes it and keeps it."""

    name: str
    identity_number: str
    phone: str
    device_token: str


class AccountOpened(msgspec.Struct, frozen=True):
    person: str
    level: int


class BindCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    card_number: str


class CardBound(msgspec.Struct, frozen=True):
    card: str
    bank: str
    masked: str


class MoveIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Collect `amount` fen from a bound card."""

    card: UUID
    amount: int


class MoveOut(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pay `amount` fen out to a bound card."""

    card: UUID
    amount: int


class PaymentUnderWay(msgspec.Struct, frozen=True):
    """The bank's answer comes later; ask by the id. `created_at` is when it was instructed; null for what was before this was kept."""

    payment: str
    state: str
    created_at: datetime | None = None
    business_date: date | None = None


class SendMoney(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send `amount` fen to the person with that phone number."""

    to_phone: str
    amount: int


class MoneySent(msgspec.Struct, frozen=True):
    transfer: str
    to: str


@dataclass(frozen=True, slots=True)
class OpenedPerson:
    """What names a person, unsealed for one use."""

    name: PersonName
    identity_number: IdentityNumber
    phone: PhoneNumber


def open_person(house: House, row: PersonRow) -> OpenedPerson:
    secret = json.loads(house.keys.open_sealed("people", row.sealed, b"person" + row.id.bytes))
    return OpenedPerson(PersonName(secret["name"]), IdentityNumber(secret["identity_number"]), PhoneNumber(secret["phone"]))


def card_number(house: House, card: BankCardRow) -> Pan:
    """The number of a bound card, unsealed for one use."""
    return Pan(house.keys.open_sealed("people", card.sealed, b"bank_card" + card.id.bytes).decode())


async def open_account(house: House, envelope: Envelope, command: OpenAccount) -> AccountOpened | Refusal:
    """A person, a wallet, a device, and a question to each identity channel."""
    name = read_person_name(command.name)
    identity = read_identity_number(command.identity_number)
    if identity.birthday > business_date_of(envelope.received_at):
        raise BadInput("the number names a birthday that is still to come", where="identity number", hint="type it again")
    phone = read_phone_number(command.phone)
    identity_lookup = house.keys.lookup_hash("identity_number", identity.number.reveal())
    check_device_secret(command.device_token)
    phone_lookup = house.keys.lookup_hash("phone", phone.reveal())
    book = book_of_person(identity_lookup, house.books)

    async def act(tx: Tx, at: Moment, _actor: int) -> AccountOpened | Refusal:
        if await store.by_identity(tx, book, identity_lookup):
            return Refusal(PeopleRefusal.IDENTITY_IN_USE, "there is an account for this identity number; sign in with its phone")
        person = house.new_id(at.now, book)
        if not await store.claim_phone(tx, phone_lookup, book, person):
            return Refusal(PeopleRefusal.PHONE_IN_USE, "there is an account for this phone number; sign in, or give another number")
        if not await store.enroll_device(tx, device_lookup(house, command.device_token), book, person, at.now):
            return Refusal(PeopleRefusal.DEVICE_IN_USE, "this phone acts for another account; open yours with a secret of its own")
        secret = json.dumps({"name": name.reveal(), "identity_number": identity.number.reveal(), "phone": phone.reveal()})
        sealed = house.keys.seal("people", secret.encode(), b"person" + person.bytes)
        row = PersonRow(book, person, identity_lookup, sealed, str(name), 0, at.now)
        await store.add_persons(tx, [row])
        await house.ledger.open_accounts(tx, [NewAccount(book, Kind.WALLET, person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)])
        await _ask_channels(tx, at, row, envelope)
        return AccountOpened(prefixed("cus", person), 0)

    return await once(house, [book], envelope, command, act, AccountOpened, whoever=True)


def check_device_secret(token: str) -> None:
    """Raises BadInput for one that is too short."""
    if len(token) < _SHORTEST_SECRET:
        raise BadInput(f"the secret has {len(token)} characters", where="device_token", hint="let the phone draw 32 of them")


def device_lookup(house: House, token: str) -> bytes:
    """The keyed hash by which a device is known."""
    return house.keys.lookup_hash("device", token)


async def _ask_channels(tx: Tx, at: Moment, row: PersonRow, envelope: Envelope) -> None:
    serials = [(channel.value, end_to_end("IDV", own_key(envelope, channel.value, row))) for channel in Channel]
    await store.add_checks(tx, row.book, row.id, serials, at.now)
    await outbox.put(
        tx,
        [
            OutboxMessage(
                row.book, derived(row.id, f"{IDENTITY}:{channel}"), IDENTITY, "verify",
                {"person": str(row.id), "channel": channel, "serial": serial},
            )
            for channel, serial in serials
        ],
    )  # fmt: skip


def own_key(envelope: Envelope, purpose: str, row: PersonRow | Buyer) -> UUID:
    """What a command's entries, messages and payments are named by: mixes the person's keyed hash into the command's key, so that two
    people who gave the same key share nothing. The person's id is left out, since it differs with the number of books."""
    return derived(envelope.key, f"{purpose}:{row.identity_lookup.hex()}")


async def deliver_identity(house: House, message: OutboxMessage) -> None:
    """Ask one channel, then note its answer and what class it makes. Raises Outage while the answer is not known."""
    person, channel = UUID(message.payload["person"]), Channel(message.payload["channel"])
    async with house.database.read() as tx:
        row = (await store.persons(tx, [(message.book, person)]))[person]
    who = open_person(house, row)
    answer = await house.rails.identity.verify(message.payload["serial"], channel, who.name, who.identity_number, who.phone)
    if answer is ChannelAnswer.UNANSWERED:
        raise Outage(f"the identity channel {channel.value} does not answer")
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [message.book])
        at = await moment(tx)
        await store.answer_check(tx, message.book, person, channel.value, answer.value, at.now)
        answers = {
            Channel(name): ChannelAnswer.UNANSWERED if result == "asked" else ChannelAnswer(result)
            for name, result in (await store.checks(tx, message.book, person)).items()
        }
        await store.set_kyc_level(tx, message.book, person, kyc_level(answers))


async def bind_card(house: House, envelope: Envelope, command: BindCard) -> CardBound | Refusal:
    """A bank card of the customer's: the bank is found by the number."""
    found = bank_of_card(command.card_number)
    book, person = who(envelope)
    pan_lookup = house.keys.lookup_hash("pan", found.pan.reveal())

    async def act(tx: Tx, at: Moment, _actor: int) -> CardBound | Refusal:
        bound = await store.bank_card_by_number(tx, book, person, pan_lookup)
        if bound is None:
            card = house.new_id(at.now, book)
            sealed = house.keys.seal("people", found.pan.reveal().encode(), b"bank_card" + card.bytes)
            bound = BankCardRow(book, card, person, pan_lookup, sealed, str(found.pan), found.bank_code, found.bank_name, at.now)
            await store.add_bank_card(tx, bound)
        return CardBound(str(bound.id), bound.bank_name, bound.masked_pan)

    return await once(house, [book], envelope, command, act, CardBound)


async def move_in(house: House, envelope: Envelope, command: MoveIn) -> PaymentUnderWay | Refusal:
    """A direct debit from a bound card; the wallet is credited when the bank has executed it."""
    checked(command.amount)
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> PaymentUnderWay | Refusal:
        card = await store.bank_card(tx, book, command.card)
        row = (await store.persons(tx, [(book, person)]))[person]
        if row.kyc_level == 0:
            return _not_verified()
        if card is None or card.person != person:
            return _unknown_card()
        wallet = await wallet_of(house, tx, book, person)
        identifier, day = _payment_id(envelope, "move_in", row), at.date_of(envelope.received_at)
        payment = Payment(
            identifier,
            end_to_end("IN", identifier),
            Purpose.MOVE_IN,
            str(card.id),
            NUMBER_OF[Kind.CUSTOMER_RESERVE],
            row.shown_name,
            business_date_of(at.now),
            (Part(book, command.amount, 0, wallet),),
            direct_debit=True,
        )
        await payments.instruct(house, tx, at, day, actor, [payment])
        return PaymentUnderWay(prefixed("pay", payment.id), "instructed", at.now, day)

    return await once(house, [book], envelope, command, act, PaymentUnderWay)


async def move_out(house: House, envelope: Envelope, command: MoveOut) -> PaymentUnderWay | Refusal:
    """Money of the wallet goes to a bound card: set aside now, gone when the bank has executed it."""
    checked(command.amount)
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, actor: int) -> PaymentUnderWay | Refusal:
        card = await store.bank_card(tx, book, command.card)
        if card is None or card.person != person:
            return _unknown_card()
        wallet = await wallet_of(house, tx, book, person)
        free = (await house.ledger.free(tx, at.now, [wallet]))[wallet]
        if command.amount > free:
            return no_money(command.amount, free)
        row = (await store.persons(tx, [(book, person)]))[person]
        identifier, day = _payment_id(envelope, "move_out", row), at.date_of(envelope.received_at)
        payment = to_card(identifier, row, card, wallet, command.amount, business_date_of(at.now))
        await payments.instruct(house, tx, at, day, actor, [payment])
        return PaymentUnderWay(prefixed("pay", payment.id), "instructed", at.now, day)

    return await once(house, [book], envelope, command, act, PaymentUnderWay)


def to_card(identifier: UUID, row: PersonRow, card: BankCardRow, wallet: int, amount: int, today: date) -> Payment:
    """Fen of a wallet on their way to the person's bound card."""
    return Payment(
        identifier,
        end_to_end("OUT", identifier),
        Purpose.MOVE_OUT,
        NUMBER_OF[Kind.CUSTOMER_RESERVE],
        str(card.id),
        row.shown_name,
        today,
        (Part(row.book, amount, wallet),),
    )


def _payment_id(envelope: Envelope, purpose: str, row: PersonRow) -> UUID:
    """In the order of time, and the same when the command is given again."""
    return named(envelope.received_at, row.book, f"{purpose}:{own_key(envelope, purpose, row)}")


async def send(house: House, envelope: Envelope, command: SendMoney) -> MoneySent | Refusal:
    """To another person, by phone number. In another book the money arrives over transit, moments later."""
    checked(command.amount)
    book, person = who(envelope)
    phone_lookup = house.keys.lookup_hash("phone", read_phone_number(command.to_phone).reveal())
    async with house.database.read() as tx:
        payee = await store.by_phone(tx, phone_lookup)

    async def act(tx: Tx, at: Moment, actor: int) -> MoneySent | Refusal:
        if payee is None:
            return Refusal(PeopleRefusal.UNKNOWN_PAYEE, "nobody with this phone number has an account here; check the number")
        if payee[1] == person:
            return Refusal(PeopleRefusal.TO_YOURSELF, "this is your own phone number; give another person's")
        return await _send(house, tx, at, envelope, command.amount, payee, actor)

    return await once(house, [book, *([payee[0]] if payee else [])], envelope, command, act, MoneySent)


async def _send(
    house: House, tx: Tx, at: Moment, envelope: Envelope, amount: int, payee: tuple[int, UUID], actor: int
) -> MoneySent | Refusal:
    book, person = who(envelope)
    to_book, to_person = payee
    people = await store.persons(tx, [(book, person), payee])
    day = at.date_of(envelope.received_at)
    refusal = await _may_send(house, tx, people[person], people[to_person], day, amount)
    if refusal is not None:
        return refusal
    here, there = await wallet_of(house, tx, book, person), await wallet_of(house, tx, to_book, to_person)
    key = own_key(envelope, "send", people[person])
    if book == to_book:
        entry = bank.sent(book, here, there, amount, key, day, actor)
    else:
        entry = bank.sent_to_book(book, here, amount, key, day, actor)
    (answer,) = await post(house, tx, at, [entry])
    if not answer.posted:
        return no_money(amount, (await house.ledger.balances(tx, [here]))[here].available)
    await bank_store.add_book_transfers(
        tx, [BookTransfer(book, key, person, to_book, to_person, there, amount, day)] if book != to_book else []
    )
    await compliance.add_usage(tx, [(book, person, day, amount)])
    return MoneySent(prefixed("trf", key), people[to_person].shown_name)


async def _may_send(house: House, tx: Tx, payer: PersonRow, payee: PersonRow, day: date, amount: int) -> Refusal | None:
    """Who is not verified may hold no money; a transfer to others counts against the payer's limit."""
    if payee.kyc_level == 0:
        return Refusal(PeopleRefusal.PAYEE_NOT_VERIFIED, "who has this phone number is not verified yet; try again later")
    used = await compliance.usage(tx, [(payer.book, payer.id, payer.kyc_level)], [day])
    above = used.above(house.rule_set, payer.id, day, amount)
    return None if above is None else Refusal(PeopleRefusal.ABOVE_LIMIT, above)


async def wallet_of(house: House, tx: Tx, book: int, person: UUID) -> int:
    """The ledger account of a person's wallet."""
    return (await house.ledger.open_accounts(tx, [NewAccount(book, Kind.WALLET, person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)]))[0]


def who(envelope: Envelope) -> tuple[int, UUID]:
    """(book, person) of a customer's command."""
    person = envelope.caller.person
    assert person is not None, "only a customer gives this command"
    return envelope.caller.book, person


def no_money(wanted: int, available: int) -> Refusal:
    text = f"{format_minor(wanted)} yuan is asked, {format_minor(available)} is there; move money in first"
    return Refusal(PeopleRefusal.NO_MONEY, text)


def _not_verified() -> Refusal:
    return Refusal(PeopleRefusal.NOT_VERIFIED, "your identity is not verified yet; try again in a moment, or ask the bank")


def _unknown_card() -> Refusal:
    return Refusal(PeopleRefusal.UNKNOWN_CARD, "this card is not bound to your account; bind it first")


async def caller_of_device(house: House, token: str) -> Caller | None:
    """Whom a device's token speaks for: a customer, or nobody yet if the device is new. None for one that was suspended or ended."""
    lookup = device_lookup(house, token)
    async with house.database.read() as tx:
        known = await store.by_device(tx, lookup)
    if known is None:
        return Caller(ActorKind.CUSTOMER, "new device", "device token", device=lookup)
    if known.state != "active":
        return None
    return Caller(ActorKind.CUSTOMER, f"customer:{known.person}", "device token", known.person, known.book, lookup)
