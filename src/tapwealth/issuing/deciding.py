"""SQL of the moment at which a list of taps is decided: what is known of them and of their cards, and what is written. One statement each,
however many there are: at a till every round trip is waited for."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.issuing.limited_use import KeyRange
from tapwealth.issuing.store import (
    AUTHORISATION,
    AUTHORISATIONS,
    KEY_RANGE,
    SALE_KEYS,
    TOKEN,
    Authorisation,
    BookedKey,
    SaleKey,
    Token,
    authorisation_rows,
    sale_columns,
)


def _of(table: str, columns: str) -> str:
    return ", ".join(f"{table}.{column.strip()}" for column in columns.split(","))


_BEFORE = (
    f"select r.book is not null, k.*, {_of('a', AUTHORISATION)} from {SALE_KEYS}"  # noqa: S608 - names of columns
    " left join authorisation a using (book, merchant_number, terminal_number, batch, stan)"
    " left join reversal r using (book, merchant_number, terminal_number, batch, stan) where a.id is not null or r.book is not null"
)
_CARDS = (
    f"select {_of('t', TOKEN)}, {_of('r', KEY_RANGE)} from unnest($1::int[], $2::uuid[]) k(book, id)"  # noqa: S608 - names of columns
    " join card_token t on t.book = k.book and t.id = k.id"
    " left join token_key r on r.book = t.book and r.token = t.id and r.last_atc >= t.last_atc"
)
_OF_TOKEN = TOKEN.count(",") + 1
_RECORD = (
    f"with made as materialized (select * from {AUTHORISATIONS}),"  # noqa: S608 - a parameter
    " added as (insert into authorisation select * from made),"
    " raised as (update card_token t set last_atc = x.atc from (select book, token, max(atc) as atc from made group by book, token) x"
    "  where t.book = x.book and t.id = x.token and t.last_atc < x.atc)"
    " update token_key k set spent = k.spent + x.amount from (select t.book, t.token, t.number, sum(a.amount)::bigint as amount"
    "  from made a join token_key t on t.book = a.book and t.token = a.token and a.atc between t.first_atc and t.last_atc"
    "  where a.state = any($2) group by t.book, t.token, t.number) x"
    " where k.book = x.book and k.token = x.token and k.number = x.number"
)


class Before(NamedTuple):
    """What came of these sales before: those decided, and those that a reversal has named."""

    decided: dict[BookedKey, Authorisation]
    reversed: set[BookedKey]


async def before(tx: Any, keys: Sequence[BookedKey]) -> Before:
    """What is known of these sales; of a fresh one nothing."""
    rows = await tx.fetch(_BEFORE, *sale_columns(keys))
    found = Before({}, set())
    for undone, book, merchant, terminal, batch, stan, *columns in rows:
        key = (book, SaleKey(merchant, terminal, batch, stan))
        if undone:
            found.reversed.add(key)
        if columns[1] is not None:
            found.decided[key] = Authorisation(*columns)
    return found


class Cards(NamedTuple):
    """Tokens by id, and the keys of each from that of its greatest counter on: those that a tap can need."""

    tokens: dict[UUID, Token]
    keys: dict[UUID, list[KeyRange]]


async def cards(tx: Any, keys: Iterable[tuple[int, UUID]]) -> Cards:
    """By (book, token)."""
    wanted = sorted(set(keys))
    rows = await tx.fetch(_CARDS, [book for book, _ in wanted], [token for _, token in wanted])
    found = Cards({}, {})
    for row in rows:
        token = row["id"]
        if token not in found.tokens:
            found.tokens[token] = Token(*row[:_OF_TOKEN])
            found.keys[token] = []
        if row["number"] is not None:
            found.keys[token].append(KeyRange(*row[_OF_TOKEN:]))
    return found


async def record(tx: Any, made: Sequence[Authorisation], holding: Sequence[str]) -> None:
    """Write what was decided, with what follows from it: counters grow to the greatest seen, and what those that are in a state `holding`
    money ask for counts on the limited-use key that they came under."""
    await tx.execute(_RECORD, authorisation_rows(made), list(holding))
