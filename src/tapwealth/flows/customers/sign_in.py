"""An existing customer signs in on another phone: name, identity number and phone number, then a code that was sent to that number.

The code goes out only if the three name one verified customer and the telecom channel confirms, at that moment, that the number is still
that person's: numbers are given to others after a while. Who asks is told the same whether they name somebody or not. The code is derived
from the request and stored nowhere. The class of the account stays as it is, and no other phone of the customer is touched.

Against guessing: a code is good for five minutes and five tries, and the numbers of one person for three requests an hour and ten a day:
50 tries a day at one of a million. A wrong code counts though its command is refused.
"""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

import msgspec

from tapwealth.customers import store
from tapwealth.customers.customer import book_of_person, read_person_name
from tapwealth.customers.identity_number import read_identity_number
from tapwealth.customers.kyc import Channel, ChannelAnswer
from tapwealth.customers.phone_number import read_phone_number
from tapwealth.customers.store import PersonRow, SignInRow
from tapwealth.flows.bank.payments import end_to_end
from tapwealth.flows.customers.people import check_device_secret, device_lookup, open_person
from tapwealth.flows.frame import Envelope, House, Moment, moment, once
from tapwealth.kernel.ids import book_of, derived, prefixed
from tapwealth.kernel.masked import PersonName
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage import outbox
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage

CODES = "sign_in"
"""The outbox destination of codes."""
GOOD_FOR = timedelta(minutes=5)
MOST_TRIES = 5
MOST_ASKED = ((timedelta(hours=1), 3), (timedelta(days=1), 10))
"""How often it may be asked for one person's numbers, by span."""
_DIGITS = 6


class SignInRefusal(Enum):
    """In the order in which they are checked."""

    TOO_OFTEN = auto()
    DEVICE_IN_USE = auto()
    UNKNOWN_REQUEST = auto()
    TOO_LATE = auto()
    TOO_MANY_TRIES = auto()
    WRONG_CODE = auto()


class AskToSignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`device_token` is the secret by which this phone will be known, a fresh one."""

    name: str
    identity_number: str
    phone: str
    device_token: str


class SignInAsked(msgspec.Struct, frozen=True):
    """The code comes by text, if name and numbers are those of a customer. It is good until then, by the platform's clock."""

    request: UUID
    good_until: datetime


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By the phone that asked. `code`: the six digits of the text message."""

    request: UUID
    code: str
    device_token: str


class SignedIn(msgspec.Struct, frozen=True):
    person: str
    level: int


async def ask(house: House, envelope: Envelope, command: AskToSignIn) -> SignInAsked | Refusal:
    """A request, and the order to send its code."""
    name, identity = read_person_name(command.name), read_identity_number(command.identity_number)
    phone_lookup = house.keys.lookup_hash("phone", read_phone_number(command.phone).reveal())
    identity_lookup = house.keys.lookup_hash("identity_number", identity.number.reveal())
    check_device_secret(command.device_token)
    device = device_lookup(house, command.device_token)
    book = book_of_person(identity_lookup, house.books)

    async def act(tx: Tx, at: Moment, _actor: int) -> SignInAsked | Refusal:
        asked = await store.sign_ins_since(tx, book, identity_lookup, phone_lookup, at.now - MOST_ASKED[-1][0])
        again = _may_ask_again(asked, at.now)
        if again is not None:
            text = f"a code was asked for {len(asked)} times today; ask again at {again:%H:%M} UTC or later, or ask the bank"
            return Refusal(SignInRefusal.TOO_OFTEN, text)
        if await store.by_device(tx, device):
            return _device_in_use()
        person = await _whose(house, tx, book, identity_lookup, phone_lookup, name)
        row = SignInRow(
            book,
            house.new_id(at.now, book),
            identity_lookup,
            phone_lookup,
            device,
            person.id if person else None,
            at.now,
            at.now + GOOD_FOR,
        )
        await store.add_sign_in(tx, row)
        if person is not None:
            await outbox.put(tx, [OutboxMessage(book, derived(row.id, CODES), CODES, "code", {"request": str(row.id)})])
        return SignInAsked(row.id, row.good_until)

    return await once(house, [book], envelope, command, act, SignInAsked)


def _may_ask_again(asked: Sequence[datetime], now: datetime) -> datetime | None:
    """When, if not now: `asked` are the instants of the longest span, oldest first."""
    waits = []
    for span, most in MOST_ASKED:
        within = [one for one in asked if one > now - span]
        if len(within) >= most:
            waits.append(within[-most] + span)
    return max(waits, default=None)


async def _whose(house: House, tx: Tx, book: int, identity_lookup: bytes, phone_lookup: bytes, name: PersonName) -> PersonRow | None:
    """The verified customer whom all three name."""
    row = await store.by_identity(tx, book, identity_lookup)
    if row is None or row.kyc_level == 0 or await store.by_phone(tx, phone_lookup) != (book, row.id):
        return None
    return row if open_person(house, row).name.reveal() == name.reveal() else None


async def deliver_code(house: House, message: OutboxMessage) -> None:
    """Ask the telecom channel whether the number is still the customer's, then send the code to it. Raises Outage while either is away.

    The code is good before its text leaves: who is quick has it in hand before the channel's answer is back. A text that is not known to
    have left is sent again, under its serial.
    """
    identifier = UUID(message.payload["request"])
    async with house.database.read() as tx:
        row = await store.sign_in(tx, message.book, identifier)
        assert row is not None, "the message was written with its request"
        assert row.person is not None, "nobody is sent no code"
        person = (await store.persons(tx, [(row.book, row.person)]))[row.person]
        late = (await moment(tx)).now > row.good_until
    if late or row.state not in ("asked", "sent"):
        return
    known = open_person(house, person)
    serial = end_to_end("SGN", row.id)
    answer = await house.rails.identity.verify(serial, Channel.TELECOM, known.name, known.identity_number, known.phone)
    if answer is ChannelAnswer.UNANSWERED:
        raise Outage("the identity channel telecom does not answer")
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [row.book])
        await store.set_sign_in_state(tx, row.book, row.id, "sent" if answer is ChannelAnswer.MATCH else "refused")
    if answer is ChannelAnswer.MATCH:
        await house.rails.identity.text(serial, known.phone, message_text(code_of(house, row)))


def message_text(code: str) -> str:
    """What the customer reads on the phone."""
    zh = f"【Tapwealth】登录验证码 {code}，五分钟内有效。请勿告诉任何人，银行也不会向您索取。"
    en = f"Your sign-in code is {code}. Tell it to nobody; the bank never asks for it."
    return f"{zh} {en}"


def code_of(house: House, row: SignInRow) -> str:
    """The request's code."""
    digest = house.keys.lookup_hash("sign_in_code", row.id.bytes)
    return f"{int.from_bytes(digest[:8], 'big') % 10**_DIGITS:0{_DIGITS}d}"


async def sign_in(house: House, envelope: Envelope, command: SignIn) -> SignedIn | Refusal:
    """The phone acts for the customer from now on."""
    book, device = book_of(command.request), device_lookup(house, command.device_token)
    if book not in house.all_books:
        return _unknown_request()

    async def count(tx: Tx) -> None:
        await store.count_try(tx, book, command.request, device)

    async def act(tx: Tx, at: Moment, _actor: int) -> SignedIn | Refusal:
        row = await store.sign_in(tx, book, command.request)
        if row is None or row.device_lookup != device or row.state == "used":
            return _unknown_request()
        against = _against(house, row, command.code, at.now)
        if against is not None:
            return against
        assert row.person is not None, "no code was sent to nobody"
        if not await store.enroll_device(tx, device, book, row.person, at.now):
            return _device_in_use()
        await store.set_sign_in_state(tx, book, row.id, "used")
        await notices.tell(tx, [_notice(book, row.person, row.id, at.now)])
        person = (await store.persons(tx, [(book, row.person)]))[row.person]
        return SignedIn(prefixed("cus", person.id), person.kyc_level)

    return await once(house, [book], envelope, command, act, SignedIn, whoever=True, first=count)


def _against(house: House, row: SignInRow, code: str, now: datetime) -> Refusal | None:
    """Why the code does not open: this try is counted in the row."""
    if now > row.good_until:
        return Refusal(SignInRefusal.TOO_LATE, "this code is no longer good; ask for another")
    if row.tries > MOST_TRIES:
        return Refusal(SignInRefusal.TOO_MANY_TRIES, f"{MOST_TRIES} codes were tried; ask for another")
    right = hmac.compare_digest(code.encode(), code_of(house, row).encode())
    if row.state == "sent" and right:
        return None
    left = MOST_TRIES - row.tries
    return Refusal(SignInRefusal.WRONG_CODE, f"the code is another one, or has not been sent yet; {left} tries are left")


def _notice(book: int, person: UUID, request: UUID, now: datetime) -> Notice:
    zh = "您的账户已在一部新手机上登录。如果不是您本人，请立即在另一部手机上退出它，或致电银行。"
    en = "Your account was signed in on a new phone. If this was not you, end that phone from another one, or call the bank at once."
    return Notice(book, derived(request, "signed in"), person, now, zh, en, NoticeKind.SECURITY, "devices")


def _unknown_request() -> Refusal:
    return Refusal(SignInRefusal.UNKNOWN_REQUEST, "this phone has not asked for this code; ask for one")


def _device_in_use() -> Refusal:
    return Refusal(SignInRefusal.DEVICE_IN_USE, "this phone's secret is or was in use; let the phone draw a fresh one")
