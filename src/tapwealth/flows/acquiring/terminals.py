"""Terminals: enrolled with a key, given another one, suspended, closed, replaced.

A terminal's master key leaves the house as a key block (X9.143, `wire.key_block`) under the transport key of its merchant. That key is
brought by two people, each of whom knows one of its two components; nobody has seen it whole. A maker that puts keys into terminals by
itself hands them over instead (`register_terminal`). Until it has signed on, a terminal that was given a key block can send nothing else:
its MAC key is one that nobody knows.
"""

import re
from uuid import UUID

import msgspec

from tapwealth.acquiring import store
from tapwealth.acquiring.standing import TERMINAL_NEXT, Change, MerchantState, TerminalState
from tapwealth.acquiring.store import Merchant, Terminal, TransportKey
from tapwealth.flows.acquiring import merchants
from tapwealth.flows.acquiring.merchants import MerchantRefusal, operator_number
from tapwealth.flows.acquiring.sign_on import MASTER
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, once
from tapwealth.kernel.ids import secret_bytes
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage.database import Tx
from tapwealth.wire.emv_crypto import odd_parity, xor
from tapwealth.wire.iso8583.working_keys import KEY, check_value
from tapwealth.wire.key_block import BlockKey, key_check_value, padding_of, write_key_block

_COMPONENT, _SHOWN = 32, 3
"""Bytes of a transport key (AES-256) and of a check value that people compare."""
_MAC = b"terminal"
"""What a sealed MAC key is bound to, before the terminal's number."""


class RegisterTerminal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`terminal_number` is field 41 (8 characters); `mac_key` 8 or 16 bytes in hex, put into the terminal by its maker; so is `master_key`
    (16 bytes in hex, or empty), under which it is given working keys when it signs on."""

    merchant_number: str
    terminal_number: str
    mac_key: str
    master_key: str = ""


class TerminalRegistered(msgspec.Struct, frozen=True):
    terminal_number: str


class EnterTransportKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the two components (32 bytes in hex) of what protects the keys of a merchant's terminals, with its check value (6 digits)."""

    merchant_number: str
    component: str
    check_value: str


class TransportKeyEntered(msgspec.Struct, frozen=True):
    """`check_value` of the whole key; empty while the other component is to come."""

    merchant_number: str
    check_value: str = ""


class EnrolTerminal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`replaces`: the number of a terminal whose place it takes."""

    merchant_number: str
    terminal_number: str
    replaces: str = ""


class RenewTerminalKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For a terminal that has lost its keys, or whose keys may be known to others."""

    terminal_number: str
    reason: str


class TerminalKeyed(msgspec.Struct, frozen=True):
    """`key_block` is the master key's, under the merchant's transport key; `check_value` that of the master key."""

    terminal_number: str
    key_block: str
    check_value: str


class ChangeTerminal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`state`: suspended, active or closed."""

    terminal_number: str
    state: str
    reason: str


class TerminalStanding(msgspec.Struct, frozen=True):
    terminal_number: str
    state: str


async def register(house: House, envelope: Envelope, command: RegisterTerminal) -> TerminalRegistered | Refusal:
    """A terminal with the keys that were put into it. They are kept sealed."""
    try:
        key, master = bytes.fromhex(command.mac_key), bytes.fromhex(command.master_key)
    except ValueError:
        key = master = b""
    if len(key) not in (8, 16) or len(master) not in (0, 16) or not _is_number(command.terminal_number):
        raise BadInput("a terminal has 8 letters and digits, and a key of 8 or 16 bytes in hex", where="terminal_number, mac_key")

    async def act(tx: Tx, at: Moment, _actor: int) -> TerminalRegistered | Refusal:
        by = await operator_number(tx, envelope)
        refusal = await _enrol(house, tx, at, command.merchant_number, command.terminal_number, key, master or None, by)
        return TerminalRegistered(command.terminal_number) if refusal is None else refusal

    return await once(house, [HOUSE_BOOK], envelope, command, act, TerminalRegistered)


def _is_number(terminal: str) -> bool:
    return re.fullmatch(r"[0-9A-Za-z]{8}", terminal) is not None


async def _enrol(
    house: House, tx: Tx, at: Moment, merchant_number: str, number: str, mac_key: bytes, master: bytes | None, by: int
) -> Refusal | None:
    merchant = await _open(tx, merchant_number)
    if isinstance(merchant, Refusal):
        return merchant
    if number in await store.terminals(tx):
        return Refusal(MerchantRefusal.EXISTS, f"terminal {number} is enrolled already; choose another number, or renew its key")
    sealed = _sealed(house, number, mac_key, master)
    await store.add_terminal(tx, Terminal(number, merchant.id, *sealed), at.now)
    await store.add_changes(tx, [Change(merchant.id, number, TerminalState.ACTIVE, "enrolled", by, None, at.now)])
    await merchants.activate(tx, merchant, by, at.now)
    return None


async def _open(tx: Tx, number: str) -> Merchant | Refusal:
    """A merchant that may have terminals."""
    merchant = (await store.merchants(tx)).get(number)
    if merchant is None:
        return merchants.unknown_merchant(number)
    if merchant.state not in (MerchantState.APPROVED, MerchantState.ACTIVE):
        return Refusal(MerchantRefusal.NOT_FROM_HERE, f"the merchant {number} is {merchant.state}; it takes no terminals")
    return merchant


def _sealed(house: House, number: str, mac_key: bytes, master: bytes | None) -> tuple[bytes, bytes | None]:
    name = number.encode()
    return house.keys.seal("terminal", mac_key, _MAC + name), house.keys.seal("terminal", master, MASTER + name) if master else None


# ---- keys


async def enter_transport_key(house: House, envelope: Envelope, command: EnterTransportKey) -> TransportKeyEntered | Refusal:
    """The first component waits for the second one, which another person enters; together (XOR) they are the key."""
    component = _component(command)

    async def act(tx: Tx, at: Moment, _actor: int) -> TransportKeyEntered | Refusal:
        merchant = await _open(tx, command.merchant_number)
        if isinstance(merchant, Refusal):
            return merchant
        by, newest = await operator_number(tx, envelope), await store.transport_key(tx, merchant.id, whole=False)
        if newest is None or newest.second_by is not None:
            number = newest.number + 1 if newest else 1
            sealed = house.keys.seal("terminal", component, _transport(merchant.id, number))
            await store.put_transport_key(tx, TransportKey(merchant.id, number, sealed, command.check_value.upper(), by, None), at.now)
            return TransportKeyEntered(command.merchant_number)
        if newest.first_by == by:
            return Refusal(MerchantRefusal.SAME_PERSON, "you entered the first component; a second person must enter the other one")
        key = xor(house.keys.open_sealed("terminal", newest.sealed, _transport(merchant.id, newest.number)), component)
        if not any(key):
            raise BadInput("both components are the same", where="component", hint="enter the other one of the two")
        sealed, check = house.keys.seal("terminal", key, _transport(merchant.id, newest.number)), _shown(key_check_value(key))
        await store.put_transport_key(tx, newest._replace(sealed=sealed, check_value=check, second_by=by), at.now)
        return TransportKeyEntered(command.merchant_number, check)

    return await once(house, [HOUSE_BOOK], envelope, command, act, TransportKeyEntered)


def _component(command: EnterTransportKey) -> bytes:
    try:
        component = bytes.fromhex(command.component)
    except ValueError:
        component = b""
    if len(component) != _COMPONENT:
        raise BadInput("it is no component", where="component", hint=f"{_COMPONENT} bytes, {2 * _COMPONENT} hexadecimal digits")
    if _shown(key_check_value(component)) != command.check_value.upper():
        raise BadInput("the component does not fit its check value", where="check_value", hint="compare each digit with the letter")
    return component


def _transport(merchant: UUID, number: int) -> bytes:
    return b"transport" + merchant.bytes + number.to_bytes(4, "big")


def _shown(check: bytes) -> str:
    return check[:_SHOWN].hex().upper()


async def _given(house: House, tx: Tx, merchant: UUID, number: str) -> tuple[bytes, TerminalKeyed] | Refusal:
    """A fresh master key for a terminal, and what its merchant is handed."""
    stored = await store.transport_key(tx, merchant, whole=True)
    if stored is None:
        return Refusal(MerchantRefusal.NO_TRANSPORT_KEY, "there is no transport key for this merchant; enter its two components first")
    protection = house.keys.open_sealed("terminal", stored.sealed, _transport(merchant, stored.number))
    key = BlockKey("K0", "T", "N", "N", odd_parity(secret_bytes(KEY)))
    block = write_key_block(protection, key, secret_bytes(padding_of(key)))
    return key.key, TerminalKeyed(number, block, _shown(check_value(key.key)))


async def enrol(house: House, envelope: Envelope, command: EnrolTerminal) -> TerminalKeyed | Refusal:
    """A new terminal, with its master key as a key block."""
    if not _is_number(command.terminal_number):
        raise BadInput("it is no terminal's number", where="terminal_number", hint="8 letters and digits")

    async def act(tx: Tx, at: Moment, _actor: int) -> TerminalKeyed | Refusal:
        by, merchant = await operator_number(tx, envelope), await _open(tx, command.merchant_number)
        if isinstance(merchant, Refusal):
            return merchant
        given = await _given(house, tx, merchant.id, command.terminal_number)
        if isinstance(given, Refusal):
            return given
        if command.replaces:
            reason = f"replaced by {command.terminal_number}"
            gone = await _move(tx, at, command.replaces, TerminalState.REPLACED, reason, by, merchant, command.terminal_number)
            if isinstance(gone, Refusal):
                return gone
        master, keyed = given
        refusal = await _enrol(house, tx, at, command.merchant_number, command.terminal_number, secret_bytes(KEY), master, by)
        return keyed if refusal is None else refusal

    return await once(house, [HOUSE_BOOK], envelope, command, act, TerminalKeyed)


async def renew_key(house: House, envelope: Envelope, command: RenewTerminalKey) -> TerminalKeyed | Refusal:
    """Another master key; whatever the terminal had before is good no longer."""
    merchants.check_reason(command.reason)

    async def act(tx: Tx, at: Moment, _actor: int) -> TerminalKeyed | Refusal:
        by, terminal = await operator_number(tx, envelope), (await store.terminals(tx)).get(command.terminal_number)
        if terminal is None:
            return unknown_terminal(command.terminal_number)
        if terminal.state not in (TerminalState.ACTIVE, TerminalState.SUSPENDED):
            return Refusal(MerchantRefusal.NOT_FROM_HERE, f"terminal {terminal.terminal_number} is {terminal.state}; enrol another one")
        given = await _given(house, tx, terminal.merchant, terminal.terminal_number)
        if isinstance(given, Refusal):
            return given
        master, keyed = given
        mac_key, sealed = _sealed(house, terminal.terminal_number, secret_bytes(KEY), master)
        assert sealed is not None, "it was given a master key"
        await store.rekey_terminal(tx, terminal.terminal_number, mac_key, sealed)
        reason = f"another master key: {command.reason}"
        await store.add_changes(tx, [Change(terminal.merchant, terminal.terminal_number, terminal.state, reason, by, None, at.now)])
        return keyed

    return await once(house, [HOUSE_BOOK], envelope, command, act, TerminalKeyed)


# ---- standing


async def change(house: House, envelope: Envelope, command: ChangeTerminal) -> TerminalStanding | Refusal:
    """Suspended, set free again, or closed for good."""
    merchants.check_reason(command.reason)
    if command.state not in (TerminalState.ACTIVE, TerminalState.SUSPENDED, TerminalState.CLOSED):
        raise BadInput(f"{command.state[:20]!r} is no state to bring it into", where="state", hint="active, suspended or closed")

    async def act(tx: Tx, at: Moment, _actor: int) -> TerminalStanding | Refusal:
        state, by = TerminalState(command.state), await operator_number(tx, envelope)
        refusal = await _move(tx, at, command.terminal_number, state, command.reason, by)
        return TerminalStanding(command.terminal_number, state) if refusal is None else refusal

    return await once(house, [HOUSE_BOOK], envelope, command, act, TerminalStanding)


async def _move(
    tx: Tx, at: Moment, number: str, state: TerminalState, reason: str, by: int, merchant: Merchant | None = None, replaced_by: str = ""
) -> Refusal | None:
    """`merchant`: whose it must be."""
    terminal = (await store.terminals(tx)).get(number)
    if terminal is None or (merchant is not None and terminal.merchant != merchant.id):
        return unknown_terminal(number)
    if state not in TERMINAL_NEXT[TerminalState(terminal.state)]:
        return Refusal(MerchantRefusal.NOT_FROM_HERE, f"terminal {number} is {terminal.state} and cannot become {state}")
    await store.set_terminal_state(tx, number, state, replaced_by)
    await store.add_changes(tx, [Change(terminal.merchant, number, state, reason, by, None, at.now)])
    return None


def unknown_terminal(number: str) -> Refusal:
    return Refusal(MerchantRefusal.UNKNOWN_TERMINAL, f"there is no terminal {number[:20]!r} of that merchant; look at its terminals")
