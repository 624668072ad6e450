"""All SQL of cards in phones and their authorisations. Lists in, lists out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

from tapwealth.issuing.domain import Domain
from tapwealth.issuing.key_index import KeyIndex
from tapwealth.issuing.limited_use import GOOD_FOR, KeyRange
from tapwealth.kernel.parts import Parts, total, unpack


class Token(Struct, frozen=True):
    """A card credential in a phone. `sealed` holds its number, `last_atc` is the greatest counter seen.

    `device_key` is the public key (P-256) of the device it is bound to. `requests` is the number of the
    device's last request for keys, `asked_at` the card's counter in it. `asked_by`: the hash by which the phone is known that asked for the
    card. `deleted_at` by the platform's clock.
    """

    book: int
    id: UUID
    person: UUID
    token_lookup: bytes
    sealed: bytes
    masked_token: str
    psn: str
    expiry: str
    master_key: str
    last_atc: int
    state: str
    device_key: bytes
    requests: int = 0
    asked_at: int = 0
    asked_by: bytes = b""
    deleted_at: datetime | None = None
    contact: bool = False
    allowed: str = ""
    denied: str = ""
    switched_off: str = ""
    day_limit: int | None = None

    @property
    def domain(self) -> Domain:
        """Where it may pay; the lists are stored as codes parted by blanks."""
        return Domain(self.contact, _codes(self.allowed), _codes(self.denied), _codes(self.switched_off), self.day_limit)


@lru_cache(maxsize=1_024)
def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


class SaleKey(NamedTuple):
    """By which a terminal's sale is recognised: merchant (42), terminal (41), batch (60.2), STAN (11)."""

    merchant_number: str
    terminal_number: str
    batch: str
    stan: str


BookedKey = tuple[int, SaleKey]
"""A sale in the book of its card. A terminal that begins to count anew uses a key again, perhaps for a card of another book."""


class Authorisation(Struct, frozen=True):
    """What was asked, what was answered, and what became of it. `wallet_amount` and `fund_units` are held, and once it is captured, what
    was taken of each; `fund_parts` says of which funds the units are; `cash_amount`, of a sale approved offline, is held on the card's
    electronic cash, and `card_amount` at the bank of a bound card.

    `kind` is field 60.1, `original` the row that it follows. `credit` is what clearing gives back to the customer on `credited_on`.
    """

    book: int
    id: UUID
    token: UUID
    person: UUID
    merchant: UUID
    merchant_number: str
    terminal_number: str
    batch: str
    stan: str
    amount: int
    atc: int
    state: str
    response_code: str
    reason: str
    authorisation_code: str
    rrn: str
    wallet_amount: int
    fund_units: int
    icc_answer: bytes
    business_date: date
    received_at: datetime
    captured_on: date | None = None
    captured_amount: int = 0
    kind: str = "22"
    original: UUID | None = None
    held_by: UUID | None = None
    held_until: datetime | None = None
    balance: int = 0
    credit: int = 0
    credited_on: date | None = None
    cash_amount: int = 0
    verified: bool = False
    card_amount: int = 0
    fund_parts: str = ""

    @property
    def by_funds(self) -> Parts:
        """What each fund pays, in the order of use; together `fund_units`."""
        return unpack(self.fund_parts)

    @property
    def holder(self) -> UUID:
        """The entry that placed its holds."""
        return self.held_by or self.id

    @property
    def key(self) -> SaleKey:
        return SaleKey(self.merchant_number, self.terminal_number, self.batch, self.stan)


TOKEN = (
    "book, id, person, token_lookup, sealed, masked_token, psn, expiry, master_key, last_atc, state, device_key, requests,"  # noqa: S105
    " asked_at, asked_by, deleted_at, contact, allowed, denied, switched_off, day_limit"
)
KEY_RANGE = "number, first_atc, last_atc, amount_limit, spent, good_until"
AUTHORISATION = (
    "book, id, token, person, merchant, merchant_number, terminal_number, batch, stan, amount, atc, state, response_code, reason,"
    " authorisation_code, rrn, wallet_amount, fund_units, icc_answer, business_date, received_at, captured_on, captured_amount,"
    " kind, original, held_by, held_until, balance, credit, credited_on, cash_amount, verified, card_amount, fund_parts"
)
SALE_KEYS = "unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[]) k(book, merchant_number, terminal_number, batch, stan)"


async def add_tokens(tx: Any, made: Sequence[Token], now: datetime) -> set[UUID]:
    """Credentials and the routes to them. Those whose number was given out at this very moment are not added, nor named in the answer."""
    route = (
        "insert into token_directory (token_lookup, book, token) select * from unnest($1::bytea[], $2::int[], $3::uuid[])"
        " on conflict do nothing returning token"
    )
    routed = await tx.fetch(route, *([getattr(one, name) for one in made] for name in ("token_lookup", "book", "id")))
    added = {row["token"] for row in routed}
    names = TOKEN.split(", ")
    types = "int uuid uuid bytea bytea text text text text int text bytea bigint int bytea timestamptz bool text text text bigint"
    slots = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types.split(), 1))
    columns = ([getattr(one, name) for one in made if one.id in added] for name in names)
    await tx.execute(f"insert into card_token ({TOKEN}, issued_at) select x.*, ${len(names) + 1} from unnest({slots}) x", *columns, now)
    return added


async def key_indexes(tx: Any) -> list[KeyIndex]:
    """The indexes of issuer master keys, by number."""
    return [KeyIndex(*row) for row in await tx.fetch("select key_index, retired_at from issuer_key order by key_index")]


async def add_key_index(tx: Any, index: int) -> None:
    """Once: whoever made the same one at this moment made the same key."""
    await tx.execute("insert into issuer_key (key_index) values ($1) on conflict do nothing", index)


async def retire_key_index(tx: Any, index: int, now: datetime) -> None:
    """The first time counts."""
    await tx.execute("update issuer_key set retired_at = $2 where key_index = $1 and retired_at is null", index, now)


async def device_tokens(tx: Any, book: int, person: UUID) -> list[Token]:
    """A person's credentials, the deleted ones as well, in the order of issuing."""
    query = f"select {TOKEN} from card_token where book = $1 and person = $2 order by issued_at, id"
    return [Token(*row) for row in await tx.fetch(query, book, person)]


async def set_token_states(tx: Any, book: int, tokens: Sequence[UUID], state: str, now: datetime) -> None:
    """A deleted one stays deleted."""
    await tx.execute(
        "update card_token set state = $3, deleted_at = case $3 when 'deleted' then $4::timestamptz end"
        " where book = $1 and id = any($2::uuid[]) and state <> 'deleted'",
        book,
        list(tokens),
        state,
        now,
    )


async def note_request(tx: Any, book: int, token: UUID, number: int, counter: int) -> None:
    """The device's last request for keys."""
    await tx.execute("update card_token set requests = $3, asked_at = $4 where book = $1 and id = $2", book, token, number, counter)


async def routes(tx: Any, lookups: Sequence[bytes]) -> dict[bytes, tuple[int, UUID]]:
    """(book, token) by the keyed hash of the token number."""
    rows = await tx.fetch("select token_lookup, book, token from token_directory where token_lookup = any($1)", list(lookups))
    return {row["token_lookup"]: (row["book"], row["token"]) for row in rows}


async def tokens(tx: Any, keys: Iterable[tuple[int, UUID]]) -> dict[UUID, Token]:
    wanted = sorted(set(keys))
    rows = await tx.fetch(
        f"select {TOKEN} from card_token join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)",
        [book for book, _ in wanted],
        [token for _, token in wanted],
    )
    return {row["id"]: Token(*row) for row in rows}


async def add_keys(tx: Any, made: Sequence[tuple[int, UUID, KeyRange]], request: int) -> None:
    """(book, token, key) of keys that come with the device's request of that number; 0: with the card."""
    types = "int uuid bigint int int bigint bigint timestamptz"
    slots = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types.split(), 2))
    names = KEY_RANGE.split(", ")
    await tx.execute(
        f"insert into token_key (book, token, {KEY_RANGE}, request) select x.*, $1 from unnest({slots}) x",
        request,
        [book for book, _, _ in made],
        [token for _, token, _ in made],
        *([getattr(one, name) for _, _, one in made] for name in names),
    )


async def keys_of(tx: Any, book: int, token: UUID) -> list[KeyRange]:
    """All that a token was ever given, in their order."""
    rows = await tx.fetch(f"select {KEY_RANGE} from token_key where book = $1 and token = $2 order by number", book, token)
    return [KeyRange(*row) for row in rows]


async def keys_brought_by(tx: Any, book: int, token: UUID, request: int) -> list[KeyRange]:
    """What one request brought."""
    query = f"select {KEY_RANGE} from token_key where book = $1 and token = $2 and request = $3 order by number"
    return [KeyRange(*row) for row in await tx.fetch(query, book, token, request)]


async def renew_keys(tx: Any, book: int, token: UUID, counter: int, now: datetime) -> None:
    """Amount and age of what a card at that counter still has begin anew."""
    await tx.execute(
        "update token_key set spent = 0, good_until = $4 where book = $1 and token = $2 and last_atc > $3",
        book,
        token,
        counter,
        now + GOOD_FOR,
    )


async def keys_at(tx: Any, counters: Sequence[tuple[int, UUID, int]]) -> dict[tuple[UUID, int], KeyRange]:
    """By (token, counter) of (book, token, counter): the key that was given for it, however long ago."""
    rows = await tx.fetch(
        f"select token, atc, {KEY_RANGE} from token_key"
        " join unnest($1::int[], $2::uuid[], $3::int[]) k(book, token, atc) using (book, token)"
        " where atc between first_atc and last_atc",
        *_columns(counters, 3),
    )
    return {(token, atc): KeyRange(*columns) for token, atc, *columns in rows}


async def raise_counters(tx: Any, counters: Sequence[tuple[int, UUID, int]]) -> None:
    """(book, token, counter): counters only grow."""
    await tx.execute(
        "update card_token t set last_atc = x.atc from unnest($1::int[], $2::uuid[], $3::int[]) x(book, id, atc)"
        " where t.book = x.book and t.id = x.id and t.last_atc < x.atc",
        *_columns(counters, 3),
    )


async def by_sale(tx: Any, keys: Sequence[BookedKey]) -> dict[BookedKey, Authorisation]:
    rows = await tx.fetch(
        f"select {AUTHORISATION} from authorisation join {SALE_KEYS} using (book, merchant_number, terminal_number, batch, stan)",
        *sale_columns(keys),
    )
    return {((one := Authorisation(*row)).book, one.key): one for row in rows}


async def add_authorisations(tx: Any, made: Sequence[Authorisation]) -> None:
    await tx.execute(f"insert into authorisation select * from {AUTHORISATIONS}", authorisation_rows(made))


AUTHORISATIONS = "unnest($1::authorisation[])"
"""A list of rows as one parameter: the driver looks at each value of a row once, of a column twice, and the server opens one array."""
_ROW = attrgetter(*AUTHORISATION.replace(" ", "").split(","))


def authorisation_rows(made: Sequence[Authorisation]) -> list[tuple[Any, ...]]:
    """What goes in for `AUTHORISATIONS`: the columns are the table's, in their order."""
    return list(map(_ROW, made))


async def set_state(tx: Any, keys: Sequence[tuple[int, UUID]], state: str) -> None:
    """Of those that stand: neither captured nor undone nor declined; a state only moves forward."""
    await tx.execute(
        "update authorisation a set state = $3 from unnest($1::int[], $2::uuid[]) x(book, id)"
        " where a.book = x.book and a.id = x.id and a.state in ('approved', 'expired', 'done')",
        [book for book, _ in keys],
        [identifier for _, identifier in keys],
        state,
    )


async def follow(tx: Any, changed: Sequence[Authorisation]) -> None:
    """State and holder of transactions that another one has undone, completed or brought back."""
    await tx.execute(
        "update authorisation a set state = x.state, held_by = x.held_by"
        " from unnest($1::int[], $2::uuid[], $3::text[], $4::uuid[]) x(book, id, state, held_by)"
        " where a.book = x.book and a.id = x.id",
        *_columns([(one.book, one.id, one.state, one.held_by) for one in changed], 4),
    )


async def by_id(tx: Any, keys: Iterable[tuple[int, UUID]]) -> dict[UUID, Authorisation]:
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    rows = await tx.fetch(
        f"select {AUTHORISATION} from authorisation join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)",
        [book for book, _ in wanted],
        [identifier for _, identifier in wanted],
    )
    return {row["id"]: Authorisation(*row) for row in rows}


async def paid_by(tx: Any, book: int, person: UUID, kinds: Sequence[str], before: UUID | None, limit: int) -> list[Authorisation]:
    """A person's payments of these kinds whose money has gone or is about to, by id from behind one on, the newest first."""
    rows = await tx.fetch(
        f"select {AUTHORISATION} from authorisation where book = $1 and person = $2 and kind = any($3::text[])"
        " and state in ('approved', 'captured') and ($4::uuid is null or id < $4) order by id desc limit $5",
        book,
        person,
        list(kinds),
        before,
        limit,
    )
    return [Authorisation(*row) for row in rows]


async def given_back(tx: Any, keys: Iterable[tuple[int, UUID]]) -> dict[UUID, int]:
    """What refunds and late voids give back of these transactions, in fen, whether credited yet or not."""
    wanted = sorted(set(keys))
    rows = await tx.fetch(
        "select original, sum(credit)::bigint as credit from authorisation join unnest($1::int[], $2::uuid[]) k(book, original)"
        " using (book, original) where state = 'done' group by original",
        [book for book, _ in wanted],
        [identifier for _, identifier in wanted],
    )
    return {row["original"]: row["credit"] for row in rows}


async def due_credits(tx: Any, day: date) -> list[Authorisation]:
    """What is to be given back up to that date and is not yet, the oldest first."""
    rows = await tx.fetch(
        f"select {AUTHORISATION} from authorisation where credit > 0 and credited_on is null and state = 'done'"
        " and business_date <= $1 order by received_at, id",
        day,
    )
    return [Authorisation(*row) for row in rows]


async def set_credited(tx: Any, keys: Sequence[tuple[int, UUID]], day: date) -> None:
    await tx.execute(
        "update authorisation a set credited_on = $3 from unnest($1::int[], $2::uuid[]) x(book, id) where a.book = x.book and a.id = x.id",
        [book for book, _ in keys],
        [identifier for _, identifier in keys],
        day,
    )


async def credited_on(tx: Any, day: date) -> list[Authorisation]:
    """Everything that was given back on that date, over all books."""
    rows = await tx.fetch(f"select {AUTHORISATION} from authorisation where credited_on = $1 order by received_at, id", day)
    return [Authorisation(*row) for row in rows]


async def credited_before(tx: Any, keys: Iterable[tuple[int, UUID]], day: date) -> dict[UUID, int]:
    """What was given back of these transactions before that date, in fen."""
    wanted = sorted(set(keys))
    rows = await tx.fetch(
        "select original, sum(credit)::bigint as credit from authorisation join unnest($1::int[], $2::uuid[]) k(book, original)"
        " using (book, original) where credited_on < $3 group by original",
        [book for book, _ in wanted],
        [identifier for _, identifier in wanted],
        day,
    )
    return {row["original"]: row["credit"] for row in rows}


async def answer(tx: Any, decided: Sequence[Authorisation]) -> None:
    """What has become of those whose bank was asked, if nothing else had by then."""
    names = ("book", "id", "state", "response_code", "reason", "authorisation_code", "icc_answer")
    await tx.execute(
        "update authorisation a set state = x.state, response_code = x.response_code, reason = x.reason,"
        " authorisation_code = x.authorisation_code, icc_answer = x.icc_answer"
        " from unnest($1::int[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bytea[])"
        " x(book, id, state, response_code, reason, authorisation_code, icc_answer)"
        " where a.book = x.book and a.id = x.id and a.state = 'asking_bank'",
        *_columns([tuple(getattr(one, name) for name in names) for one in decided], len(names)),
    )


async def set_captured(tx: Any, captured: Sequence[tuple[int, UUID, int, int, int, str]], day: date) -> None:
    """(book, authorisation, amount, of it from the wallet, from a bank card, from each fund) that clearing took on that date."""
    await tx.execute(
        "update authorisation a set state = 'captured', captured_on = $6,"
        " captured_amount = x.amount, wallet_amount = x.wallet, fund_units = x.units, card_amount = x.card, fund_parts = x.parts"
        " from unnest($1::int[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[], $7::bigint[], $8::text[])"
        " x(book, id, amount, wallet, card, units, parts)"
        " where a.book = x.book and a.id = x.id and a.state in ('approved', 'expired')",
        *_columns([one[:5] for one in captured], 5),
        day,
        [total(unpack(parts)) for *_, parts in captured],
        [parts for *_, parts in captured],
    )


async def claimed_offline(tx: Any, counters: Sequence[tuple[int, UUID, int]]) -> set[tuple[UUID, int]]:
    """(token, counter) of those that a sale approved offline was taken under."""
    rows = await tx.fetch(
        "select token, atc from offline_sale join unnest($1::int[], $2::uuid[], $3::int[]) k(book, token, atc) using (book, token, atc)",
        *_columns(counters, 3),
    )
    return {(row["token"], row["atc"]) for row in rows}


async def add_offline_sales(tx: Any, made: Sequence[Authorisation]) -> None:
    """With the number of each card's last unload, by which is known what was claimed after it."""
    if made:
        await tx.execute(
            "insert into offline_sale (book, token, atc, authorisation, after_unload) select x.*, coalesce((select max(o.number)"
            " from cash_order o where o.book = x.book and o.token = x.token and o.kind = 'unload'), 0)"
            " from unnest($1::int[], $2::uuid[], $3::int[], $4::uuid[]) x(book, token, atc, authorisation)",
            *_columns([(one.book, one.token, one.atc, one.id) for one in made], 4),
        )


@dataclass(frozen=True, slots=True)
class CashOrder:
    """Electronic cash, `load`ed onto a card or `unload`ed from it; `number` counts each kind, `balance` is the card's own word.
    `unclaimed`: what had left the card by then, and no merchant had claimed."""

    book: int
    token: UUID
    kind: str
    number: int
    amount: int
    balance: int | None
    unclaimed: int
    ordered_at: datetime
    business_date: date


_ORDER = "book, token, kind, number, amount, balance, unclaimed, ordered_at, business_date"


async def cash_orders(tx: Any, book: int, token: UUID, kind: str, newest: int) -> list[CashOrder]:
    """The newest orders of a card, newest first."""
    query = f"select {_ORDER} from cash_order where book = $1 and token = $2 and kind = $3 order by number desc limit $4"
    return [CashOrder(*row) for row in await tx.fetch(query, book, token, kind, newest)]


async def cash_order(tx: Any, book: int, token: UUID, kind: str, number: int) -> CashOrder | None:
    query = f"select {_ORDER} from cash_order where book = $1 and token = $2 and kind = $3 and number = $4"
    row = await tx.fetchrow(query, book, token, kind, number)
    return CashOrder(*row) if row else None


async def ordered_after(tx: Any, book: int, token: UUID, number: int) -> int:
    """Fen of the loads that were ordered after that one: the card had not taken them when it said so."""
    query = "select coalesce(sum(amount), 0)::bigint from cash_order where book = $1 and token = $2 and kind = 'load' and number > $3"
    return int(await tx.fetchval(query, book, token, number))


async def add_cash_order(tx: Any, one: CashOrder) -> None:
    values = (getattr(one, name) for name in _ORDER.split(", "))
    await tx.execute(f"insert into cash_order ({_ORDER}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)", *values)


async def unclaimed_before(tx: Any, instant: datetime, limit: int) -> list[tuple[int, UUID, UUID, int, int, int]]:
    """(book, card, person, number of its newest unload before that instant, fen that were unclaimed then, fen claimed or given back since)
    of the cards with such an unload that was not looked at yet."""
    rows = await tx.fetch(
        "select o.book, o.token, t.person, o.number, o.unclaimed,"
        " coalesce((select sum(a.amount) from offline_sale s join authorisation a on a.book = s.book and a.id = s.authorisation"
        "  where s.book = o.book and s.token = o.token and s.after_unload >= o.number), 0)::bigint"
        " + coalesce((select sum(r.returned) from cash_order r"
        "  where r.book = o.book and r.token = o.token and r.looked_at > o.ordered_at), 0)::bigint"
        " from (select distinct on (book, token) * from cash_order where unclaimed > 0 and looked_at is null and ordered_at < $1"
        "  order by book, token, number desc limit $2) o join card_token t on t.book = o.book and t.id = o.token",
        instant,
        limit,
    )
    return [tuple(row) for row in rows]


async def set_looked_at(tx: Any, orders: Sequence[tuple[int, UUID, int, int]], now: datetime) -> None:
    """(book, card, number of an unload, fen given back for it); the unloads before it are done with as well."""
    await tx.execute(
        "update cash_order o set looked_at = $5, returned = case when o.number = x.number then x.returned else 0 end"
        " from unnest($1::int[], $2::uuid[], $3::int[], $4::bigint[]) x(book, token, number, returned)"
        " where o.book = x.book and o.token = x.token and o.kind = 'unload' and o.number <= x.number and o.looked_at is null",
        *_columns(orders, 4),
        now,
    )


async def deleted_before(tx: Any, instant: datetime, limit: int) -> list[Token]:
    """Cards deleted before that instant whose cash was not looked at since."""
    query = f"select {TOKEN} from card_token where deleted_at < $1 and cash_returned_on is null order by deleted_at, id limit $2"
    rows = await tx.fetch(query, instant, limit)
    return [Token(*row) for row in rows]


async def set_cash_returned(tx: Any, tokens: Sequence[Token], day: date) -> None:
    await tx.execute(
        "update card_token t set cash_returned_on = $3 from unnest($1::int[], $2::uuid[]) x(book, id)"
        " where t.book = x.book and t.id = x.id",
        [one.book for one in tokens],
        [one.id for one in tokens],
        day,
    )


async def reversals(tx: Any, keys: Sequence[BookedKey]) -> set[BookedKey]:
    """Which of these sales were reversed, before or after they came."""
    if not keys:
        return set()
    rows = await tx.fetch(
        f"select book, merchant_number, terminal_number, batch, stan from reversal join {SALE_KEYS}"
        " using (book, merchant_number, terminal_number, batch, stan)",
        *sale_columns(keys),
    )
    return {(row[0], SaleKey(*row[1:])) for row in rows}


async def add_reversals(tx: Any, made: Sequence[tuple[int, SaleKey, int, datetime]]) -> None:
    await tx.execute(
        "insert into reversal (book, merchant_number, terminal_number, batch, stan, amount, received_at)"
        " select * from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::timestamptz[])"
        " on conflict do nothing",
        *_columns([(book, *key, amount, at) for book, key, amount, at in made], 7),
    )


async def captured_on(tx: Any, day: date) -> list[Authorisation]:
    """Everything that clearing took on that date, over all books."""
    rows = await tx.fetch(f"select {AUTHORISATION} from authorisation where captured_on = $1 order by received_at, id", day)
    return [Authorisation(*row) for row in rows]


async def of_date(tx: Any, day: date) -> list[Authorisation]:
    """Everything that was asked under that business date."""
    rows = await tx.fetch(f"select {AUTHORISATION} from authorisation where business_date = $1 order by received_at, id", day)
    return [Authorisation(*row) for row in rows]


async def books_of_batch(tx: Any, books: Sequence[int], merchant_number: str, terminal_number: str, batch: str) -> list[int]:
    """In which of the books a terminal's batch has anything."""
    rows = await tx.fetch(
        "select distinct book from authorisation where book = any($1::int[]) and merchant_number = $2 and terminal_number = $3"
        " and batch = $4 order by book",
        list(books),
        merchant_number,
        terminal_number,
        batch,
    )
    return [row["book"] for row in rows]


async def of_batch(tx: Any, books: Sequence[int], merchant_number: str, terminal_number: str, batch: str) -> list[Authorisation]:
    """Everything that a terminal asked in a batch."""
    rows = await tx.fetch(
        f"select {AUTHORISATION} from authorisation where book = any($1::int[]) and merchant_number = $2 and terminal_number = $3"
        " and batch = $4 order by received_at, id",
        list(books),
        merchant_number,
        terminal_number,
        batch,
    )
    return [Authorisation(*row) for row in rows]


async def overdue(tx: Any, now: datetime, limit: int = 1000) -> list[Authorisation]:
    """Approved, and held until that instant or before."""
    rows = await tx.fetch(
        f"select {AUTHORISATION} from authorisation where state = 'approved' and held_until <= $1 order by held_until limit $2",
        now,
        limit,
    )
    return [Authorisation(*row) for row in rows]


def sale_columns(keys: Sequence[BookedKey]) -> list[list[Any]]:
    """The parameters of `SALE_KEYS`."""
    return _columns([(book, *key) for book, key in keys], 5)


def _columns(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    return [[row[column] for row in rows] for column in range(width)]
