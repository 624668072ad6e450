"""Clients of /v1: let in by two operators, given another secret, suspended by one at once, revoked by two; and their tokens.

A client's partner draws the secret and keeps it; we are given its SHA-256, and store a keyed hash of that. So the secret passes through no
proposal, answer or log of ours, and two operators can compare the digest with the partner's as they compare a key's check value. It is good
until its successor is used, or its date is over (decision 0012).

A token (RFC 6749, 4.4) names client, scopes and end under a keyed hash, so that any process of the platform can read it and none keeps it.
Whether the client still stands is asked in the transaction of whatever it does.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import date, timedelta
from enum import Enum, auto
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.flows.acquiring.merchants import check_reason, operator_number
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, once
from tapwealth.kernel.clock import business_date_of, iso, machine_seconds
from tapwealth.kernel.ids import named, prefixed, unprefixed
from tapwealth.kernel.masked import Masked
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import clients, operators, platform_clock
from tapwealth.storage.approvals import Approval
from tapwealth.storage.clients import NEXT, Client, ClientChange, ClientSecret, ClientState, Scope
from tapwealth.storage.database import Tx
from tapwealth.storage.operators import Operator

PREFIX, TOKEN = "cli", "twa_"
TOKEN_SECONDS = 3600
SHORTEST_SECRET = 32
"""Characters; what is shorter could be guessed from its digest."""
LONGEST_SECRET_LIFE = timedelta(days=731)
_NAME = 60
_MOST_KNOWN = 10_000


class ClientRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_CLIENT = auto()
    NOT_FROM_HERE = auto()
    SECRET_IN_USE = auto()


class GrantRefusal(Enum):
    """Why there is no token (RFC 6749, 5.2)."""

    INVALID_CLIENT = auto()
    INVALID_SCOPE = auto()


class ProposeClient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A client whose `name` customers are shown. `secret_sha256` is the digest of its secret in hex, good until that date."""

    name: str
    scopes: list[Scope]
    secret_sha256: str
    good_until: date


class ProposeClientSecret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another secret for a client; the one before is good until this one is used."""

    client: str
    secret_sha256: str
    good_until: date


class ProposeClientState(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`state`: active (resume) or revoked, which is for good."""

    client: str
    state: str
    reason: str


class SuspendClient(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From now on it does nothing for anybody. One operator, at once: it only protects."""

    client: str
    reason: str


class ClientStanding(msgspec.Struct, frozen=True):
    client: str
    state: str


class SecretView(msgspec.Struct, frozen=True):
    """`state`: in use, new (not used yet) or over."""

    number: int
    good_until: date
    state: str


class ClientView(msgspec.Struct, frozen=True):
    """A client as operators see it, with who let it in, stopped it, and why (logins)."""

    client: str
    name: str
    scopes: list[str]
    state: str
    secrets: list[SecretView]
    changes: list[dict[str, str]]


class Bearer(NamedTuple):
    """Who a token is for, and what it lets them ask for."""

    client: UUID
    scopes: frozenset[str]


class Granted(NamedTuple):
    """A token, its seconds, its scopes."""

    token: str
    seconds: int
    scopes: tuple[str, ...]


class KeptClient(msgspec.Struct, frozen=True):
    """What is kept of a proposed client: the keyed hash, and the first digits of the digest for people to compare."""

    name: str
    scopes: list[Scope]
    secret_lookup: str
    check_value: str
    good_until: date


class KeptSecret(msgspec.Struct, frozen=True):
    """What is kept of a proposed secret."""

    client: str
    secret_lookup: str
    check_value: str
    good_until: date


Proposal = ProposeClient | ProposeClientSecret | ProposeClientState
Kept = KeptClient | KeptSecret | ProposeClientState
_COMPARED = 8
"""Digits of a digest by which people compare secrets without knowing them."""


def check(command: Proposal) -> None:
    """Raises BadInput."""
    if isinstance(command, ProposeClientState):
        check_reason(command.reason)
        if command.state not in (ClientState.ACTIVE, ClientState.REVOKED):
            raise BadInput(f"{command.state[:40]!r} is not taken", where="state", hint="active or revoked; suspend_client suspends")
        return
    if not re.fullmatch(r"[0-9a-f]{64}", command.secret_sha256):
        raise BadInput("it is no SHA-256 digest", where="secret_sha256", hint="64 hexadecimal digits, small letters")
    if isinstance(command, ProposeClient):
        if not command.name.strip() or len(command.name) > _NAME:
            raise BadInput(f"a name has 1 to {_NAME} characters", where="name", hint="give the one that customers know")
        if not command.scopes or len(set(command.scopes)) < len(command.scopes):
            raise BadInput("no scope, or one of them twice", where="scopes", hint=f"there are {', '.join(Scope)}")


async def kept(house: House, tx: Tx, at: Moment, command: Proposal) -> Kept | Refusal:
    """What is put before the others; refused where it could not be brought about. Raises BadInput for a date that cannot be."""
    if isinstance(command, ProposeClientState):
        found = await _client(tx, command.client)
        return found if isinstance(found, Refusal) else _not_from_here(found, ClientState(command.state)) or command
    today = business_date_of(at.now)
    if not today <= command.good_until <= today + LONGEST_SECRET_LIFE:
        most = today + LONGEST_SECRET_LIFE
        raise BadInput(f"{command.good_until} is over, or too far", where="good_until", hint=f"give a date up to {most}")
    lookup, check_value = _lookup(house, command.secret_sha256).hex(), command.secret_sha256[:_COMPARED]
    if isinstance(command, ProposeClient):
        return KeptClient(command.name, command.scopes, lookup, check_value, command.good_until)
    found = await _client(tx, command.client)
    if isinstance(found, Refusal):
        return found
    if found.state == ClientState.REVOKED:
        return Refusal(ClientRefusal.NOT_FROM_HERE, "this client was revoked for good; propose another one")
    return KeptSecret(command.client, lookup, check_value, command.good_until)


async def bring_about(house: House, tx: Tx, at: Moment, made: Approval, proposal: Kept, approver: Operator) -> Refusal | None:
    """What the second person's yes does. A state changes under the locks of all books: whether a client acts is asked for under one."""
    match proposal:
        case KeptClient():
            identifier = named(at.now, HOUSE_BOOK, f"client:{made.id}")
            await clients.add_client(tx, Client(identifier, proposal.name, tuple(proposal.scopes), ClientState.ACTIVE, at.now))
            await clients.change_state(
                tx, ClientChange(identifier, ClientState.ACTIVE, "it was let in", made.proposer, approver.id, at.now)
            )
            return await _add_secret(tx, at, identifier, proposal)
        case KeptSecret():
            found = await _client(tx, proposal.client)
            return found if isinstance(found, Refusal) else await _add_secret(tx, at, found.id, proposal)
        case ProposeClientState():
            await house.ledger.lock_books(tx, house.all_books)
            return await _become(tx, at, proposal.client, ClientState(proposal.state), proposal.reason, made.proposer, approver.id)


async def suspend(house: House, envelope: Envelope, command: SuspendClient) -> ClientStanding | Refusal:
    """One person, at once: it waits for whatever the client has under way for any customer, and lets nothing through afterwards."""
    check_reason(command.reason)

    async def act(tx: Tx, at: Moment, _actor: int) -> ClientStanding | Refusal:
        by = await operator_number(tx, envelope)
        refusal = await _become(tx, at, command.client, ClientState.SUSPENDED, command.reason, by, None)
        return ClientStanding(command.client, ClientState.SUSPENDED) if refusal is None else refusal

    return await once(house, range(house.books + 1), envelope, command, act, ClientStanding)


async def _become(tx: Tx, at: Moment, client: str, state: ClientState, reason: str, by: int, approved_by: int | None) -> Refusal | None:
    found = await _client(tx, client)
    if isinstance(found, Refusal):
        return found
    refusal = _not_from_here(found, state)
    if refusal is None:
        await clients.change_state(tx, ClientChange(found.id, state, reason, by, approved_by, at.now))
    return refusal


def _not_from_here(found: Client, state: ClientState) -> Refusal | None:
    if state in NEXT[found.state]:
        return None
    return Refusal(ClientRefusal.NOT_FROM_HERE, f"this client is {found.state}; it cannot become {state}")


async def _client(tx: Tx, shown: str) -> Client | Refusal:
    identifier = unprefixed(PREFIX, shown)
    found = await clients.client(tx, identifier) if identifier else None
    return found or Refusal(ClientRefusal.UNKNOWN_CLIENT, "there is no client of that id; /view/clients lists them")


async def _add_secret(tx: Tx, at: Moment, client: UUID, proposal: KeptClient | KeptSecret) -> Refusal | None:
    lookup = bytes.fromhex(proposal.secret_lookup)
    if any(one.secret_lookup == lookup for one in await clients.secrets(tx, [client])):
        return Refusal(ClientRefusal.SECRET_IN_USE, "this secret is or was in use; let the partner draw a fresh one")
    await clients.add_secret(tx, client, lookup, proposal.good_until, at.now)
    return None


def _lookup(house: House, digest: str) -> bytes:
    return house.keys.lookup_hash("client_secret", digest)


async def grant(house: House, shown: str, secret: Masked, wanted: Sequence[str] | None) -> Granted | Refusal:
    """A token for who knows the secret: for the scopes that are asked for, or all of the client's."""
    wrong = Refusal(GrantRefusal.INVALID_CLIENT, "client or secret is wrong, or is over; compare them, or ask the bank")
    identifier = unprefixed(PREFIX, shown)
    if identifier is None or len(secret.reveal()) < SHORTEST_SECRET:
        return wrong
    lookup = _lookup(house, hashlib.sha256(secret.reveal().encode()).hexdigest())
    async with house.database.read() as tx:
        found, known = await clients.client(tx, identifier), await clients.secrets(tx, [identifier])
        today = business_date_of(await platform_clock.read(tx))
    used = next((one for one in _good(known, today) if hmac.compare_digest(one.secret_lookup, lookup)), None)
    if found is None or used is None or found.state != ClientState.ACTIVE:
        return wrong
    scopes = tuple(found.scopes) if wanted is None else tuple(one for one in found.scopes if one in wanted)
    if wanted is not None and set(wanted) - set(found.scopes):
        return Refusal(GrantRefusal.INVALID_SCOPE, f"this client may ask for {' '.join(found.scopes)}")
    if not used.used:
        async with house.database.transaction() as tx:
            await clients.mark_used(tx, identifier, used.number)
    return Granted(_token(house, identifier, scopes), TOKEN_SECONDS, scopes)


def _good(known: Sequence[ClientSecret], today: date) -> list[ClientSecret]:
    """Those not older than the newest that is used, and not over."""
    first = max((one.number for one in known if one.used), default=0)
    return [one for one in known if one.number >= first and one.good_until >= today]


def _token(house: House, client: UUID, scopes: Sequence[str]) -> str:
    until = machine_seconds() + TOKEN_SECONDS
    content = base64.urlsafe_b64encode(msgspec.json.encode([client, until, list(scopes)])).rstrip(b"=")
    return f"{TOKEN}{content.decode()}.{_seal(house, content)}"


def _seal(house: House, content: bytes) -> str:
    return base64.urlsafe_b64encode(house.keys.lookup_hash("client_token", content)).rstrip(b"=").decode()


class Tokens:
    """Reads tokens; those that were read are remembered until they end, since a client sends its own with every request."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: dict[str, tuple[int, Bearer]] = {}

    def read(self, token: str) -> Bearer | None:
        """Whom it is for; None for one that is not ours, altered or over."""
        known = self._known.get(token) or self._opened(token)
        if known is None:
            return None
        if known[0] <= machine_seconds():
            self._known.pop(token, None)
            return None
        return known[1]

    def _opened(self, token: str) -> tuple[int, Bearer] | None:
        content, _, seal = token.removeprefix(TOKEN).partition(".")
        if not token.startswith(TOKEN) or not token.isascii():
            return None
        if not hmac.compare_digest(_seal(self._house, content.encode()), seal):
            return None
        client, until, scopes = msgspec.json.decode(
            base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)), type=tuple[UUID, int, list[str]]
        )
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[token] = until, Bearer(client, frozenset(scopes))
        return self._known[token]


async def shown(tx: Any) -> list[ClientView]:
    """Every client, oldest first."""
    known = await clients.clients(tx)
    today = business_date_of(await platform_clock.read(tx))
    secrets, changes = await clients.secrets(tx, [one.id for one in known]), await clients.changes(tx)
    people = await operators.logins(tx, [number for one in changes for number in (one.by, one.approved_by) if number])
    return [
        ClientView(
            prefixed(PREFIX, one.id),
            one.name,
            list(one.scopes),
            one.state,
            _secret_views([secret for secret in secrets if secret.client == one.id], today),
            [_change_view(change, people) for change in changes if change.client == one.id],
        )
        for one in known
    ]


def _secret_views(of: Sequence[ClientSecret], today: date) -> list[SecretView]:
    good = _good(of, today)
    return [SecretView(one.number, one.good_until, ("in use" if one.used else "new") if one in good else "over") for one in of]


def _change_view(one: ClientChange, people: dict[int, str]) -> dict[str, str]:
    return {
        "at": iso(one.at),
        "state": one.state,
        "reason": one.reason,
        "by": people.get(one.by, ""),
        "approved_by": people.get(one.approved_by or 0, ""),
    }
