"""SQL of sales and of what their buyers were shown. Lists in, lists out."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.catalogue.sale import Written, offer_id
from tapwealth.storage.columns import columns, shortened


class SaleRow(NamedTuple):
    """A sale as it is kept. `seal`: key of the entry that seals it, None for what is older than seals. `offer` 0: it is in the record.
    `sealed`: the record as ciphertext, of one that says what somebody answered about themselves; `record` is empty then, and once its time
    is over so is `sealed`."""

    book: int
    id: UUID
    seal: UUID | None
    offer: int
    digest: bytes
    record: str
    sealed: bytes | None = None


_ADD = """
insert into sale (book, id, seal, offer, digest, record, sealed)
  select book, id, seal, coalesce(offer, ($4::bigint[])[1]), digest, record, sealed
    from unnest($1::int[], $2::uuid[], $3::uuid[], $4::bigint[], $5::bytea[], $6::text[], $7::bytea[])
      x(book, id, seal, offer, digest, record, sealed)
"""
"""One offer stands for all where it is the same."""
_COLUMNS = "book, id, seal, offer, digest, record, sealed"


async def add_offers(tx: Any, offers: Sequence[Written]) -> None:
    """Those that are not kept already; in the order of the key, so that two that add the same cannot wait for each other."""
    rows = sorted((offer_id(one.digest), one.digest, one.text) for one in offers)
    await tx.execute(
        "insert into sale_offer (id, digest, content) select * from unnest($1::bigint[], $2::bytea[], $3::text[]) on conflict do nothing",
        *columns(rows, 3),
    )


async def add_sales(tx: Any, rows: Sequence[SaleRow]) -> None:
    book, identifier, seal, offer, digest, record, sealed = zip(*rows, strict=True)
    await tx.execute(_ADD, book, identifier, seal, shortened(offer), digest, record, shortened(sealed))


async def sales(tx: Any, books: Sequence[int], ids: Sequence[UUID]) -> dict[UUID, SaleRow]:
    """By id: an agreement's does not tell its book."""
    rows = await tx.fetch(f"select {_COLUMNS} from sale where book = any($1) and id = any($2)", list(books), list(ids))
    return {row["id"]: SaleRow(*row) for row in rows}


async def sealed(tx: Any, book: int) -> AsyncIterator[tuple[SaleRow, str]]:
    """A book's sales whose records lie sealed, in the order of their ids, each with the SHA-256 in hex of what its buyer was shown."""
    found = f"select {_COLUMNS}, (select encode(digest, 'hex') from sale_offer o where o.id = s.offer) shown from sale s"
    async for row in tx.cursor(f"{found} where book = $1 and sealed is not null order by id", book):
        yield SaleRow(*row[:7]), row["shown"] or ""


async def to_seal(tx: Any, most: int) -> list[SaleRow]:
    """Of the records that lie open and should not, so many at most."""
    found = f"select {_COLUMNS} from sale join sale_to_seal using (book, id) where sealed is null order by book, id limit $1"
    return [SaleRow(*row) for row in await tx.fetch(found, most)]


async def seal_records(tx: Any, rows: Sequence[SaleRow]) -> None:
    """From now on these lie sealed."""
    of = (list(column) for column in zip(*((one.book, one.id, one.sealed) for one in rows), strict=True))
    await tx.execute(
        "update sale s set record = '', sealed = x.content from unnest($1::int[], $2::uuid[], $3::bytea[]) x(book, id, content)"
        " where s.book = x.book and s.id = x.id and s.sealed is null",
        *of,
    )


async def erase_records(tx: Any, keys: Sequence[tuple[int, UUID]]) -> None:
    """Of records that lie sealed nothing is left but what proves that they were: hash, seal and what was shown."""
    await tx.execute(
        "update sale s set record = '', sealed = '' from unnest($1::int[], $2::uuid[]) x(book, id)"
        " where s.book = x.book and s.id = x.id and s.sealed is not null",
        *columns(keys, 2),
    )


async def offers(tx: Any, ids: Sequence[int]) -> dict[int, Written]:
    """What was shown, by number."""
    rows = await tx.fetch("select id, digest, content from sale_offer where id = any($1)", list(ids))
    return {row["id"]: Written(row["content"], row["digest"]) for row in rows}


class Wrong(NamedTuple):
    """A sale whose record does not give its digest, whose offer is gone, not what it was, or not the one that its record names, or whose
    record is of a sale with another id. Of one that lies sealed only the offer is looked at here."""

    id: UUID
    record: bool
    offer: bool
    other: bool


_FOUND = """
with found as (
  select s.id, s.sealed is null and s.digest <> sha256(convert_to(s.record, 'UTF8')) record,
         (s.offer <> 0 or s.seal is not null)
           and (o.id is null or o.digest <> o.found or s.sealed is null and strpos(s.record, encode(o.found, 'hex')) = 0) offer,
         s.seal is not null and s.sealed is null and strpos(s.record, '"sale":"' || s.id || '"') = 0 other
    from sale s left join (select id, digest, sha256(convert_to(content, 'UTF8')) found from sale_offer) o on o.id = s.offer
   where s.book = $1)
select id, record, offer, other from found where record or offer or other order by id
"""
"""What has a seal has an offer: it is not left to the row to say so."""


async def wrong(tx: Any, book: int) -> list[Wrong]:
    """Of a book, in the order of their ids."""
    return [Wrong(*row) for row in await tx.fetch(_FOUND, book)]


class Seal(NamedTuple):
    """Sales with one seal, and the entry of that key: how many there are and what they give; how many it sealed, and as what. Either side
    may be missing."""

    sales: list[UUID] | None
    given: UUID | None
    no: int | None
    sealed: int | None
    said: UUID | None


_SEALS = """
with given as (
  select seal, array_agg(id order by id) ids, count(*) sales,
         encode(substr(sha256(string_agg(
           case when sealed is null then sha256(convert_to(record, 'UTF8')) else digest end, '' order by id)), 1, 16), 'hex')::uuid given
    from sale where book = $1 and seal is not null and ($3::uuid is null or seal = $3) group by seal),
said as (
  select no, key, amount, reference from transfer where book = $1 and kind = $2 and seq = 0 and ($3::uuid is null or key = $3))
select g.ids, g.given, t.no, t.amount, t.reference from given g full join said t on t.key = g.seal
 where $3 is not null or g.given is distinct from t.reference or g.sales is distinct from t.amount order by coalesce(g.seal, t.key)
"""


async def broken_seals(tx: Any, book: int, kind: int) -> list[Seal]:
    """Of a book, with entries of that kind: those that do not hold. Nothing sealed the sales, or it sealed others, or they are gone."""
    return [Seal(*row) for row in await tx.fetch(_SEALS, book, kind, None)]


async def seal(tx: Any, book: int, kind: int, key: UUID) -> Seal | None:
    """That one, whether it holds or not."""
    row = await tx.fetchrow(_SEALS, book, kind, key)
    return None if row is None else Seal(*row)


_UNSEALED = """
select b.book, s.ids, s.given, t.no, t.amount, t.reference, t.key
  from unnest($1::int[]) b(book)
  left join (select book, array_agg(id order by id) ids,
                    encode(substr(sha256(string_agg(sha256(convert_to(record, 'UTF8')), '' order by id)), 1, 16), 'hex')::uuid given
               from sale where book = any($1) and seal is null group by book) s on s.book = b.book
  left join (select distinct on (book) book, no, key, amount, reference from transfer
              where book = any($1) and kind = $2 and seq = 0 order by book, no) t on t.book = b.book
"""


class Unsealed(NamedTuple):
    """A book's sales without a seal of their own, and the entry that stands for all of them, with its key."""

    seal: Seal
    key: UUID | None


async def unsealed(tx: Any, books: Sequence[int], kind: int) -> dict[int, Unsealed]:
    """By book, with the first entry of that kind."""
    rows = await tx.fetch(_UNSEALED, list(books), kind)
    return {row["book"]: Unsealed(Seal(*row[1:6]), row["key"]) for row in rows}


class OfBefore(NamedTuple):
    """How many sales of a book were without a seal when seals came, and what they gave."""

    book: int
    sales: int
    reference: UUID


async def of_before(tx: Any) -> list[OfBefore]:
    """By book."""
    return [OfBefore(*row) for row in await tx.fetch("select book, sales, reference from sale_of_before order by book")]


async def sound_documents(tx: Any, digests: Sequence[bytes]) -> set[bytes]:
    """Of these documents those that are there and are what their hash says."""
    rows = await tx.fetch(
        "select digest from product_document where book = 0 and digest = any($1) and digest = sha256(content)", list(digests)
    )
    return {row["digest"] for row in rows}


async def sound_version(tx: Any, product: str, version: int, digest: bytes) -> bool:
    """Whether that version is there and has that hash."""
    found: bool = await tx.fetchval(
        "select exists (select from product_version where book = 0 and product = $1 and version = $2 and digest = $3"
        " and digest = sha256(convert_to(definition, 'UTF8')))",
        product,
        version,
        digest,
    )
    return found


_LOST = """
with sound as materialized (
  select id, content::jsonb content from sale_offer where digest = sha256(convert_to(content, 'UTF8')))
select distinct 'document ' || (d ->> 'sha256') what
  from sound o cross join lateral jsonb_array_elements(o.content -> 'documents') d
  left join product_document p on p.book = 0 and encode(p.digest, 'hex') = d ->> 'sha256'
 where p.digest is null or p.digest <> sha256(p.content)
 union
select distinct 'version ' || (o.content ->> 'version') || ' of ' || (o.content ->> 'product')
  from sound o
  left join product_version v on v.book = 0 and v.product = o.content ->> 'product' and v.version = (o.content ->> 'version')::int
 where o.content ? 'definition'
   and (v.digest is null or encode(v.digest, 'hex') <> o.content ->> 'definition' or v.digest <> sha256(convert_to(v.definition, 'UTF8')))
 order by what
"""


async def lost(tx: Any) -> list[str]:
    """Documents and versions that offers name and that are gone, or are not what they were."""
    return [row["what"] for row in await tx.fetch(_LOST)]
