"""Clients: programs of others (a phone maker's, a sales channel's) that act over /v1, with their secrets and how they stand.

Like operators they are few, and the same for all books. What a client may do for whom is its customers' to say (`customers.consents`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from tapwealth.storage.database import Tx


class Scope(StrEnum):
    """What a client may be let do; the text is stored."""

    FUNDS_READ = "funds:read"
    ACCOUNTS_READ = "accounts:read"
    PAYMENTS_READ = "payments:read"
    PAYMENTS_WRITE = "payments:write"
    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    BILLS_READ = "bills:read"
    BILLS_WRITE = "bills:write"
    NOTICES_READ = "notices:read"
    NOTICES_WRITE = "notices:write"
    DEPOSITS_READ = "deposits:read"
    DEPOSITS_WRITE = "deposits:write"
    INSURANCE_READ = "insurance:read"
    INSURANCE_WRITE = "insurance:write"
    CLAIMS_READ = "claims:read"
    CLAIMS_WRITE = "claims:write"


class ClientState(StrEnum):
    """The text is stored."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


NEXT = {
    ClientState.ACTIVE: {ClientState.SUSPENDED, ClientState.REVOKED},
    ClientState.SUSPENDED: {ClientState.ACTIVE, ClientState.REVOKED},
    ClientState.REVOKED: set[ClientState](),
}
"""What a client may become; revoked is for good."""


@dataclass(frozen=True, slots=True)
class Client:
    """`name` is what customers are shown."""

    id: UUID
    name: str
    scopes: tuple[Scope, ...]
    state: ClientState
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """Known by its keyed hash. Once one is `used`, those with lower numbers are over."""

    client: UUID
    number: int
    secret_lookup: bytes
    good_until: date
    used: bool


@dataclass(frozen=True, slots=True)
class ClientChange:
    """`by` and `approved_by` are operators' numbers; `approved_by` None: one sufficed."""

    client: UUID
    state: ClientState
    reason: str
    by: int
    approved_by: int | None
    at: datetime


async def clients(tx: Tx) -> list[Client]:
    """All of them, oldest first."""
    return [_client(row) for row in await tx.fetch("select id, name, scopes, state, created_at from api_client order by created_at, id")]


async def client(tx: Tx, identifier: UUID) -> Client | None:
    row = await tx.fetchrow("select id, name, scopes, state, created_at from api_client where id = $1", identifier)
    return None if row is None else _client(row)


async def add_client(tx: Tx, one: Client) -> None:
    await tx.execute(
        "insert into api_client (id, name, scopes, state, created_at) values ($1, $2, $3, $4, $5)",
        one.id,
        one.name,
        list(one.scopes),
        one.state,
        one.created_at,
    )


async def secrets(tx: Tx, of: Sequence[UUID]) -> list[ClientSecret]:
    """Of these clients, the newest first."""
    rows = await tx.fetch(
        "select client, number, secret_lookup, good_until, used from api_client_secret where client = any($1) order by number desc",
        list(of),
    )
    return [ClientSecret(*row) for row in rows]


async def add_secret(tx: Tx, identifier: UUID, secret_lookup: bytes, good_until: date, now: datetime) -> None:
    """The next one of a client, whose row is locked meanwhile."""
    await tx.execute("select 1 from api_client where id = $1 for update", identifier)
    await tx.execute(
        "insert into api_client_secret (client, number, secret_lookup, good_until, added_at)"
        " select $1, coalesce(max(number), 0) + 1, $2, $3, $4 from api_client_secret where client = $1",
        identifier,
        secret_lookup,
        good_until,
        now,
    )


async def mark_used(tx: Tx, identifier: UUID, number: int) -> None:
    await tx.execute("update api_client_secret set used = true where client = $1 and number = $2 and not used", identifier, number)


async def change_state(tx: Tx, change: ClientChange) -> None:
    """It stands so from now on, and who brought it there is kept."""
    await tx.execute("update api_client set state = $2 where id = $1", change.client, change.state)
    await tx.execute(
        "insert into api_client_change (client, number, state, reason, changed_by, approved_by, changed_at)"
        " select $1, coalesce(max(number), 0) + 1, $2, $3, $4, $5, $6 from api_client_change where client = $1",
        change.client,
        change.state,
        change.reason,
        change.by,
        change.approved_by,
        change.at,
    )


async def changes(tx: Tx) -> list[ClientChange]:
    """Of all clients, oldest first."""
    rows = await tx.fetch(
        "select client, state, reason, changed_by, approved_by, changed_at from api_client_change order by client, number"
    )
    return [ClientChange(row[0], ClientState(row[1]), *row[2:]) for row in rows]


def _client(row: Sequence[object]) -> Client:
    identifier, name, scopes, state, created_at = row
    assert isinstance(identifier, UUID)
    assert isinstance(created_at, datetime)
    assert isinstance(scopes, list)
    return Client(identifier, str(name), tuple(Scope(one) for one in scopes), ClientState(str(state)), created_at)
