"""Whom a customer lets act: a client (a program of others), for what, until it is taken back.

A consent changes under the lock of the customer's book, and is asked for under it: what was taken back lets nothing through afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Consent:
    """`state` is given or withdrawn."""

    book: int
    person: UUID
    client: UUID
    scopes: tuple[str, ...]
    state: str
    since: datetime


class Permission(NamedTuple):
    """What a client wants to do for a person, by a scope."""

    book: int
    person: UUID
    client: UUID
    scope: str


class Standing(NamedTuple):
    """Whether the client acts at all, and whether the person lets it do that."""

    active: bool
    consented: bool


async def standing(tx: Any, wanted: Sequence[Permission]) -> dict[Permission, Standing]:
    """Of each. One statement, none for none."""
    if not wanted:
        return {}
    rows = await tx.fetch(
        "select k.book, k.person, k.client, k.scope, coalesce(a.state = 'active', false), c.client is not null"
        " from unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[]) k(book, person, client, scope)"
        " left join api_client a on a.id = k.client left join consent c on c.book = k.book and c.person = k.person"
        " and c.client = k.client and c.state = 'given' and k.scope = any(c.scopes)",
        [one.book for one in wanted],
        [one.person for one in wanted],
        [one.client for one in wanted],
        [one.scope for one in wanted],
    )
    return {Permission(*row[:4]): Standing(*row[4:]) for row in rows}


async def put(tx: Any, given: Sequence[Consent]) -> None:
    """As they stand from now on. One statement."""
    await tx.execute(
        "insert into consent (book, person, client, scopes, state, since)"
        " select x.book, x.person, x.client, string_to_array(x.scopes, ' '), x.state, x.since"
        " from unnest($1::int[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[])"
        " x(book, person, client, scopes, state, since)"
        " on conflict (book, person, client) do update set scopes = excluded.scopes, state = excluded.state, since = excluded.since",
        [one.book for one in given],
        [one.person for one in given],
        [one.client for one in given],
        [" ".join(one.scopes) for one in given],
        [one.state for one in given],
        [one.since for one in given],
    )


async def of_person(tx: Any, book: int, person: UUID) -> list[Consent]:
    """The newest first, those that were taken back as well."""
    rows = await tx.fetch(
        "select book, person, client, scopes, state, since from consent where book = $1 and person = $2 order by since desc, client",
        book,
        person,
    )
    return [_consent(row) for row in rows]


async def given_to(tx: Any, client: UUID, after: UUID | None, limit: int) -> list[Consent]:
    """Who lets a client act, by the person's id, from behind `after` on."""
    rows = await tx.fetch(
        "select book, person, client, scopes, state, since from consent where client = $1 and state = 'given'"
        " and ($2::uuid is null or person > $2) order by person limit $3",
        client,
        after,
        limit,
    )
    return [_consent(row) for row in rows]


def _consent(row: Any) -> Consent:
    return Consent(row[0], row[1], row[2], tuple(row[3]), row[4], row[5])
