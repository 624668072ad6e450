"""Records of sales: kept in the transaction of the sale, sealed in the ledger, proved by the audit, and shown as they were seen.

Whoever sells calls `keep` with all the sales of its transaction; a hot flow takes `records` and `store` apart, so that its own entries
and the seals are posted at once. Each book's get one entry that seals them, so that none can be changed,
taken out or put in behind the ledger's back without the audit naming it.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date
from enum import Enum, auto
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.catalogue import sale_store
from tapwealth.catalogue.entries import SaleEntry, sales_of_before_sealed, sales_sealed
from tapwealth.catalogue.sale import Offer, Sale, Signed, Written, offer_id, written
from tapwealth.catalogue.sale_store import OfBefore, SaleRow, Seal
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, Caller, House, Moment, actor_numbers, moment, must_post
from tapwealth.insurance import application_store
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.findings import Finding, Wrong, at_line
from tapwealth.ledger.port import JournalEntry
from tapwealth.storage.database import Tx, after_commit
from tapwealth.storage.keystore import KeyStore

_PURPOSE, _AT_ONCE = "answers", 1_000
_NAMED = 10
"""Sales without a seal that the audit names; of more it gives the number."""


class SaleRefusal(Enum):
    """Why no sale is shown."""

    UNKNOWN_SALE = auto()


class Sold(NamedTuple):
    """A sale of a book, and what its buyer was shown, as it is kept. `sensitive`: the record says what somebody answered about their
    health, and lies sealed."""

    book: int
    sale: Sale
    offer: Written
    sensitive: bool = False


def signed(caller: Caller) -> Signed:
    """Who gave the command, as the record says it."""
    client = caller.client.hex if caller.client else ""
    return Signed(caller.kind.name.lower(), caller.who, caller.authenticated_by, caller.device.hex(), client, caller.scope)


class Records(NamedTuple):
    """What a transaction has sold, written down: what was shown, the sales, and the entries that seal them, one for each book;
    `sensitive`: which of the sales nobody may read in the database."""

    offers: dict[bytes, Written]
    rows: list[SaleRow]
    seals: list[JournalEntry]
    sensitive: frozenset[UUID] = frozenset()


def records(at: Moment, sold: Iterable[Sold], actors: Mapping[int, int]) -> Records:
    """`actors`: the platform's number in each book. Whoever posts entries of their own posts the seals with them."""
    ordered = sorted(((one.book, one.sale.sale.int, one) for one in sold), key=itemgetter(0, 1))
    kept = [(book, one.sale.sale, one.offer, written(one.sale)) for book, _, one in ordered]
    day = at.open_date(business_date_of(at.now))
    seals = []
    for book, group in groupby(kept, key=itemgetter(0)):
        of = list(group)
        seals.append(sales_sealed(book, of[0][1], [record.digest for _, _, _, record in of], day, actors[book]))
    keys = {seal.book: seal.key for seal in seals}
    offers = {offer.digest: offer for _, _, offer, _ in kept}
    numbers = {digest: offer_id(digest) for digest in offers}
    rows = [SaleRow(book, sale, keys[book], numbers[offer.digest], record.digest, record.text) for book, sale, offer, record in kept]
    return Records(offers, rows, seals, frozenset(one.sale.sale for _, _, one in ordered if one.sensitive))


async def store(house: House, tx: Tx, made: Records) -> None:
    """Keep them in the transaction that sells, and take none of it back by a savepoint. What was shown is put in once: a process knows
    what it has seen committed."""
    if not made.rows:
        return
    cache = house.offers
    fresh = [offer for digest, offer in made.offers.items() if digest not in cache.kept]
    if fresh:
        await sale_store.add_offers(tx, fresh)
        after_commit(lambda: cache.kept.update(one.digest for one in fresh))
    await sale_store.add_sales(tx, [_sealed(house.keys, one) if one.id in made.sensitive else one for one in made.rows])


def _sealed(keys: KeyStore, row: SaleRow) -> SaleRow:
    """With its record as ciphertext, bound to the sale."""
    return row._replace(record="", sealed=keys.seal(_PURPOSE, row.record.encode(), b"sale" + row.id.bytes))


def _opened(keys: KeyStore, row: SaleRow) -> SaleRow:
    """With its record to be read. One that was altered where it lies stays empty, which gives another hash than the row's."""
    if row.sealed is None:
        return row
    try:
        return row._replace(record=keys.open_sealed(_PURPOSE, row.sealed, b"sale" + row.id.bytes).decode())
    except BadInput:
        return row


async def seal_open_records(house: House) -> None:
    """Seal the records that lie open from before they were sealed, some at a time; what was signed stays proved by its hash."""
    left = True
    while left:
        async with house.database.transaction() as tx:
            rows = await sale_store.to_seal(tx, _AT_ONCE)
            if rows:
                await sale_store.seal_records(tx, [_sealed(house.keys, one) for one in rows])
        left = len(rows) == _AT_ONCE


async def keep(house: House, tx: Tx, at: Moment, sold: Iterable[Sold]) -> None:
    """Keep the records of what this transaction has sold, under the locks of its books, and seal them: none of it may be refused."""
    sold = list(sold)
    books = sorted({one.book for one in sold})
    actors = await actor_numbers(tx, [(book, PLATFORM) for book in books]) if books else []
    made = records(at, sold, dict(zip(books, actors, strict=True)))
    await store(house, tx, made)
    await must_post(house, tx, at, made.seals)


def sale_findings(keys: KeyStore) -> Callable[[Any, int, Archives], Awaitable[list[Finding]]]:
    """What the audit of a book finds wrong with its sales; the keys open those that lie sealed."""

    async def look(tx: Any, book: int, _archives: Archives) -> list[Finding]:
        return await _findings(keys, tx, book)

    return look


async def _findings(keys: KeyStore, tx: Any, book: int) -> list[Finding]:
    changed = await sale_store.wrong(tx, book)
    known = {one.id for one in changed}
    changed += [one async for one in _wrong_sealed(keys, tx, book) if one.id not in known]
    named = {one.id for one in changed}
    findings = [Finding(Wrong.SALE_CHANGED, book, None, None, f"sale {one.id}: {_what(one)}") for one in changed]
    broken = await sale_store.broken_seals(tx, book, SaleEntry.SALES_SEALED)
    findings += [_broken(book, one) for one in broken if named.isdisjoint(one.sales or ())]
    before = (await sale_store.unsealed(tx, [book], SaleEntry.SALES_OF_BEFORE_SEALED))[book].seal
    findings += [] if _holds(before) else [_unsealed(book, before)]
    lost = await sale_store.lost(tx) if book == HOUSE_BOOK else []
    return findings + [
        Finding(Wrong.SALE_CHANGED, book, None, None, f"{what}, which sales name, is gone, or is not what it was") for what in lost
    ]


async def _wrong_sealed(keys: KeyStore, tx: Any, book: int) -> AsyncIterator[sale_store.Wrong]:
    """One that is empty must be of a policy whose answers were erased in their time."""
    erased = await application_store.erased(tx, book)
    async for row, offer in sale_store.sealed(tx, book):
        if row.sealed == b"" and row.id in erased:
            continue
        record = _opened(keys, row).record
        wrong = sale_store.Wrong(row.id, _hash(record) != row.digest, offer not in record, f'"sale":"{row.id}"' not in record)
        if wrong.record or wrong.offer or wrong.other:
            yield wrong


def _holds(one: Seal) -> bool:
    return (one.given, len(one.sales or ())) == (one.said, one.sealed or 0)


def _unsealed(book: int, one: Seal) -> Finding:
    """Sales without a seal of their own, by number and by name."""
    ids = one.sales or []
    names = ", ".join(map(str, ids[:_NAMED])) + (f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else "")
    said = "the ledger seals none" if one.no is None else f"the ledger sealed {one.sealed} of before"
    text = f"sales without a seal: {len(ids)}, {said}" + (f"; {names}" if ids else "")
    return Finding(Wrong.SALE_CHANGED, book, None, None, text) if one.no is None else at_line(Wrong.SALE_CHANGED, book, one.no, text)


def _sealable(one: OfBefore, there: Seal) -> list[UUID] | None:
    """The sales that nothing has sealed yet, if they are those of before."""
    same = there.no is None and (len(there.sales or ()), there.given) == (one.sales, one.reference)
    return there.sales if same else None


async def seal_those_of_before(house: House) -> None:
    """Have the ledger seal, once, the records from before there were seals, book by book, if they are what they were when seals came."""
    async with house.database.read() as tx:
        known = await sale_store.of_before(tx)
    if not known:
        return
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [one.book for one in known])
        at = await moment(tx)
        day = at.open_date(business_date_of(at.now))
        actors = await actor_numbers(tx, [(one.book, PLATFORM) for one in known])
        there = await sale_store.unsealed(tx, [one.book for one in known], SaleEntry.SALES_OF_BEFORE_SEALED)
        made = [
            sales_of_before_sealed(one.book, found[0], one.sales, one.reference, day, actor)
            for one, actor in zip(known, actors, strict=True)
            if (found := _sealable(one, there[one.book].seal))
        ]
        await must_post(house, tx, at, made)


def _what(one: sale_store.Wrong) -> str:
    if one.record:
        return "its record does not give the hash it carries"
    return "its record is another sale's" if one.other else "what its buyer was shown is gone, or is not what it was"


def _broken(book: int, one: Seal) -> Finding:
    if one.no is None:
        assert one.sales, "a seal without an entry has sales"
        more = f" and {len(one.sales) - 1} more" if len(one.sales) > 1 else ""
        return Finding(Wrong.SALE_CHANGED, book, None, None, f"sale {one.sales[0]}{more}: nothing in the ledger seals it")
    if not one.sales:
        return at_line(Wrong.SALE_CHANGED, book, one.no, f"the {one.sealed} sales it sealed are gone")
    among = f"{len(one.sales)} are there, the first is {one.sales[0]}"
    return at_line(Wrong.SALE_CHANGED, book, one.no, f"the {one.sealed} sales it sealed are not what was signed; {among}")


# ---- what is shown


class SaleShown(msgspec.Struct, frozen=True):
    """A sale as it was seen and signed. `shown`: what the buyer was shown, null for a sale from before that was kept apart; `record`:
    what they signed; `digest` and `offer_digest`: their SHA-256. `proved`: they give these hashes, and the ledger's entry `sealed_by` seals
    them; `doubt` says what does not hold."""

    sale: UUID
    shown: Offer | None
    record: dict[str, Any]
    digest: str
    offer_digest: str
    sealed_by: str
    proved: bool
    doubt: str


async def shown(house: House, tx: Tx, books: Sequence[int], sale: UUID, person: UUID | None = None) -> SaleShown | Refusal:
    """The sale of that id in these books; only one of `person`'s own, if they are named."""
    kept = (await sale_store.sales(tx, books, [sale])).get(sale)
    row = _opened(house.keys, kept) if kept else None
    record = _read(row.record) if row else {}
    if row is None or (person is not None and record.get("person") != str(person)):
        text = "no sale is recorded under that id; give that of an order, a plan, a sweep, an autopay, a policy or a deposit"
        return Refusal(SaleRefusal.UNKNOWN_SALE, text)
    offer = (await sale_store.offers(tx, [row.offer])).get(row.offer)
    seal, sealed_by = await _seal_of(tx, row)
    erased = (await application_store.erased(tx, row.book)).get(sale) if row.sealed == b"" else None
    doubt = _erased(erased) if erased else _doubt(row, record, offer, seal) or await _lost(tx, offer)
    return SaleShown(
        sale,
        msgspec.json.decode(offer.text, type=Offer) if offer and _hash(offer.text) == offer.digest else None,
        record,
        row.digest.hex(),
        offer.digest.hex() if offer else "",
        str(sealed_by or ""),
        not doubt,
        doubt,
    )


async def _seal_of(tx: Tx, row: SaleRow) -> tuple[Seal | None, UUID | None]:
    """What seals it, and the key of that entry."""
    if row.seal is None:
        return (await sale_store.unsealed(tx, [row.book], SaleEntry.SALES_OF_BEFORE_SEALED))[row.book]
    return await sale_store.seal(tx, row.book, SaleEntry.SALES_SEALED, row.seal), row.seal


async def _lost(tx: Tx, offer: Written | None) -> str:
    """Which of the documents that were shown cannot be shown any more, or that the version that was sold cannot."""
    if offer is None:
        return ""
    said = msgspec.json.decode(offer.text, type=Offer)
    sound = await sale_store.sound_documents(tx, [bytes.fromhex(one.sha256) for one in said.documents]) if said.documents else set()
    gone = [one.title for one in said.documents if bytes.fromhex(one.sha256) not in sound]
    if gone:
        return f"documents that were shown are gone, or are not what they were: {', '.join(gone)}"
    if said.definition and not await sale_store.sound_version(tx, said.product, said.version, bytes.fromhex(said.definition)):
        return "the version that was sold is gone, or is not what it was"
    return ""


def _doubt(row: SaleRow, record: dict[str, Any], offer: Written | None, seal: Seal | None) -> str:
    """What of it does not hold, in words; empty if all does."""
    if _hash(row.record) != row.digest:
        return "the record does not give the hash it carries"
    if row.seal and record.get("sale") != str(row.id):
        return "the record is another sale's"
    if (row.offer or row.seal) and (offer is None or _hash(offer.text) != offer.digest or record.get("offer") != offer.digest.hex()):
        return "what the buyer was shown is gone, or is not what it was"
    if row.seal is None and (seal is None or seal.no is None):
        return "nothing seals it; run the audit"
    if seal is None or seal.no is None or not _holds(seal):
        return "it is not what the ledger sealed; run the audit"
    return ""


def _erased(on: date) -> str:
    return f"the record was erased on {on}, when the time for which answers are kept was over; what is left is its hash"


def _read(record: str) -> dict[str, Any]:
    """What stands in a record; nothing, if somebody has made it unreadable."""
    try:
        return msgspec.json.decode(record, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
