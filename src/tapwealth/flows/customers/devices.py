"""The phones that act for a customer: each is known by a secret of its own, and each can be silenced without the others.

Who is suspended or ended acts for nobody: it is turned away at the door, and what it asked just before is refused under the lock of the
customer's book, under which the state changes. Its cards go with it. A suspended phone is brought back from another one; what has ended
stays ended, and signs in anew with another secret.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from uuid import UUID

import msgspec

from tapwealth.customers import store
from tapwealth.customers.phone_number import read_phone_number
from tapwealth.customers.store import DeviceRow
from tapwealth.flows.customers.people import who
from tapwealth.flows.frame import Caller, Envelope, House, Moment, once
from tapwealth.flows.issuing import tokens
from tapwealth.issuing import store as issuing
from tapwealth.issuing.store import Token
from tapwealth.kernel.clock import SHANGHAI
from tapwealth.kernel.ids import derived
from tapwealth.kernel.refusal import Refusal
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.database import Tx


class DeviceRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_DEVICE = auto()
    THIS_DEVICE = auto()
    UNKNOWN_CUSTOMER = auto()


class SuspendDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another phone of the customer acts for nobody, and its cards do not pay, until it is resumed."""

    device: UUID


class ResumeDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A suspended phone acts again. Its cards stay suspended: they are resumed one by one."""

    device: UUID


class EndDevice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For good: this phone, which signs out, or another one. Its cards are deleted."""

    device: UUID


class ReportLostPhone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All phones of the customer with that phone number are ended, their cards deleted. It only protects, so one operator suffices."""

    phone: str


class DeviceState(msgspec.Struct, frozen=True):
    """A phone of a customer; `this`: the one that asks. `cards` are those that it asked for and that are not deleted, masked."""

    device: UUID
    since: datetime
    state: str
    this: bool
    cards: list[str]


class PhonesStopped(msgspec.Struct, frozen=True):
    """How many phones act for nobody from now on, and how many cards pay no more."""

    phones: int
    cards: int


async def suspend(house: House, envelope: Envelope, command: SuspendDevice) -> DeviceState | Refusal:
    return await _change(house, envelope, command, "suspended")


async def resume(house: House, envelope: Envelope, command: ResumeDevice) -> DeviceState | Refusal:
    return await _change(house, envelope, command, "active")


async def end(house: House, envelope: Envelope, command: EndDevice) -> DeviceState | Refusal:
    return await _change(house, envelope, command, "ended")


_CARDS_BECOME = {"suspended": ("suspended", ("active",)), "ended": ("deleted", ("active", "suspended"))}
"""By the state of a device: what its cards become, and which of them."""


async def _change(house: House, envelope: Envelope, command: SuspendDevice | ResumeDevice | EndDevice, state: str) -> DeviceState | Refusal:
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> DeviceState | Refusal:
        row = _named(await store.devices_of(tx, book, person), command.device)
        if row is None:
            return Refusal(DeviceRefusal.UNKNOWN_DEVICE, "you have no such phone; /view/devices lists yours")
        if state == "suspended" and row.token_lookup == envelope.caller.device:
            return Refusal(DeviceRefusal.THIS_DEVICE, "this phone could not be brought back from itself; suspend its card, or end it")
        held = [one for one in await issuing.device_tokens(tx, book, person) if one.asked_by == row.token_lookup]
        if row.state != state:
            await _set(tx, at, [row], held, state)
        held = [one for one in await issuing.device_tokens(tx, book, person) if one.asked_by == row.token_lookup]
        return _shown(row, state, envelope.caller, held)

    return await once(house, [book], envelope, command, act, DeviceState)


def _named(rows: Sequence[DeviceRow], identifier: UUID) -> DeviceRow | None:
    """A phone that has not ended."""
    return next((one for one in rows if device_id(one) == identifier and one.state != "ended"), None)


async def _set(tx: Tx, at: Moment, rows: Sequence[DeviceRow], cards: Sequence[Token], state: str) -> list[Token]:
    """The phones, and those of the cards that go with them; the cards that were changed."""
    become, of = _CARDS_BECOME.get(state, ("", ()))
    changed = [one for one in cards if one.state in of]
    await store.set_device_states(tx, [one.token_lookup for one in rows], state, at.now)
    await notices.tell(tx, [_notice(at.now, one, state) for one in rows])
    await tokens.set_states(tx, at, changed, become)
    return changed


async def report_lost(house: House, envelope: Envelope, command: ReportLostPhone) -> PhonesStopped | Refusal:
    """By an operator, for who has no phone to say it with."""
    async with house.database.read() as tx:
        found = await store.by_phone(tx, house.keys.lookup_hash("phone", read_phone_number(command.phone).reveal()))
    if found is None:
        return Refusal(DeviceRefusal.UNKNOWN_CUSTOMER, "nobody with this phone number has an account here; check the number")
    book, person = found

    async def act(tx: Tx, at: Moment, _actor: int) -> PhonesStopped | Refusal:
        await store.refuse_sign_ins(tx, book, person)
        acting = [one for one in await store.devices_of(tx, book, person) if one.state != "ended"]
        stopped = await _set(tx, at, acting, await issuing.device_tokens(tx, book, person), "ended")
        return PhonesStopped(len(acting), len(stopped))

    return await once(house, [book], envelope, command, act, PhonesStopped)


async def held(tx: Tx, caller: Caller) -> list[DeviceState]:
    """A customer's phones, the ended ones as well, in the order of enrolling."""
    assert caller.person is not None, "only a customer has phones"
    cards = await issuing.device_tokens(tx, caller.book, caller.person)
    return [
        _shown(row, row.state, caller, [one for one in cards if one.asked_by == row.token_lookup])
        for row in await store.devices_of(tx, caller.book, caller.person)
    ]


def device_id(row: DeviceRow) -> UUID:
    """How a phone is named to its customer: by a part of the keyed hash, which says nothing of the secret."""
    return UUID(bytes=row.token_lookup[:16])


def _shown(row: DeviceRow, state: str, caller: Caller, cards: Sequence[Token]) -> DeviceState:
    masked = [one.masked_token for one in cards if one.state != "deleted"]
    return DeviceState(device_id(row), row.enrolled_at, state, row.token_lookup == caller.device, masked)


_SAID = {
    "active": ("可以重新使用；其中的卡仍为暂停，请逐张恢复", "acts for you again; its cards stay suspended until you resume them"),
    "suspended": (
        "已暂停：不能登录，其中的卡不能付款，直到您在另一部手机上恢复它",
        "is suspended: it and its cards do nothing until you resume it",
    ),
    "ended": (
        "已退出登录，其中的卡已删除；请在新手机上重新登录",
        "is signed out for good and its cards are deleted; sign in on another phone",
    ),
}


def _notice(now: datetime, row: DeviceRow, state: str) -> Notice:
    zh, en = _SAID[state]
    day = f"{row.enrolled_at.astimezone(SHANGHAI):%Y-%m-%d}"
    name = derived(device_id(row), f"{row.person} {state} {now.isoformat()}")
    return Notice(
        row.book,
        name,
        row.person,
        now,
        f"您于{day}登录的手机{zh}。",
        f"The phone that you signed in on {day} {en}.",
        NoticeKind.SECURITY,
        "devices",
    )
