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


_LACKING = """
select k.ord, coalesce(a.state = 'active', false), c.client is not null
  from unnest($1::int[], $2::uuid[], $3::bigint[]) with ordinality k(book, person, pair, ord)
  join unnest($4::uuid[], $5::text[]) with ordinality p(client, scope, pair) using (pair)
  left join api_client a on a.id = p.client
  left join consent c on c.book = k.book and c.person = k.person and c.client = p.client and c.state = 'given' and p.scope = any (c.scopes)
 where a.state is distinct from 'active' or c.client is null
"""


async def lacking(tx: Any, wanted: Sequence[Permission]) -> dict[int, Standing]:
    """Those that may not, by their place in the list. One statement, none for none."""
    if not wanted:
        return {}
    pairs = {pair: number for number, pair in enumerate(dict.fromkeys((one.client, one.scope) for one in wanted), 1)}
    rows = await tx.fetch(
        _LACKING,
        [one.book for one in wanted],
        [one.person for one in wanted],
        [pairs[one.client, one.scope] for one in wanted],
        [client for client, _ in pairs],
        [scope for _, scope in pairs],
    )
    return {row[0] - 1: Standing(*row[1:]) for row in rows}


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
