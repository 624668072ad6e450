"""The chain recomputed: every batch from its lines, every line against the hash of itself, the heads against the end of the chain.

The batch that does not come out is named first; then its lines are asked: the line's own hash tells a changed one, a hole in the numbers a
missing one, a number past the batch's count an added one. A batch whose content bears out the link after it had its own row changed.
"""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

from tapwealth.ledger.findings import Finding, Wrong, at_line

_LINES_AT_ONCE = 50_000

_DECIDED = """
line as (
  select no, key, seq, op, kind, business_date, actor, asset, debit, credit, amount, 0::smallint code, hold, expires_at, reference, row_hash
    from transfer where book = $1 and no >= $2::bigint << 20 and no < ($3::bigint + 1) << 20
  union all
  select no, key, seq, op, kind, business_date, actor, asset, debit, credit, amount, code, hold, expires_at, reference, row_hash
    from refusal where book = $1 and no >= $2::bigint << 20 and no < ($3::bigint + 1) << 20)
"""

_LINKS = (
    "with"  # noqa: S608
    + _DECIDED
    + """,
part as (
  select no >> 20 batch, count(*) lines, array_agg(key order by no) key, array_agg(seq order by no) seq, array_agg(op order by no) op,
         array_agg(kind order by no) kind, array_agg(business_date order by no) business_date, array_agg(actor order by no) actor,
         array_agg(asset order by no) asset, array_agg(debit order by no) debit, array_agg(credit order by no) credit,
         array_agg(amount order by no) amount, case when max(code) > 0 then array_agg(code order by no) end code,
         case when bool_or(hold is not null) then array_agg(coalesce(hold, '00000000-0000-0000-0000-000000000000') order by no) end hold,
         case when bool_or(expires_at is not null) then array_agg(coalesce(expires_at, 'epoch') order by no) end expires_at,
         case when bool_or(reference is not null)
              then array_agg(coalesce(reference, '00000000-0000-0000-0000-000000000000') order by no) end reference,
         bool_or(row_hash <> ledger_row_hash(no, key, debit, credit, amount, actor, business_date, seq, op, kind, asset, code, hold,
                                             expires_at, reference)) changed
    from line group by no >> 20)
select coalesce(b.batch, p.batch) batch, b.digest, b.lines, p.lines found, p.changed,
       ledger_link(coalesce($4::bytea, w.digest, ''), $1::int, b.batch, b.recorded_at, p.key, p.seq, p.op, p.kind, p.business_date,
                   p.actor, p.asset, p.debit, p.credit, p.amount, p.code, p.hold, p.expires_at, p.reference) recomputed
  from (select * from batch where book = $1 and batch between $2::bigint and $3::bigint) b full join part p on p.batch = b.batch
  left join batch w on w.book = $1 and w.batch = b.batch - 1 order by 1
"""
)

_WRONG_LINES = (
    "with"
    + _DECIDED
    + """
select coalesce(l.no, $2::bigint << 20 | g) no, l.no is null missing, coalesce(l.no & 1048575, 0) not between 1 and $4::int added
  from line l full join generate_series(1, $4::int) g on l.no = $2::bigint << 20 | g
 where l.no is null or l.no & 1048575 not between 1 and $4::int
    or l.row_hash <> ledger_row_hash(l.no, l.key, l.debit, l.credit, l.amount, l.actor, l.business_date, l.seq, l.op, l.kind, l.asset,
                                     l.code, l.hold, l.expires_at, l.reference)
 order by 1
"""
)


class _Link(NamedTuple):
    batch: int
    digest: bytes | None
    lines: int | None
    found: int | None
    changed: bool | None
    recomputed: bytes | None

    @property
    def sound(self) -> bool:
        return self.digest is not None and self.digest == self.recomputed and self.lines == self.found and not self.changed


async def chain_findings(tx: Any, book: int, first: int) -> list[Finding]:
    """What is wrong with the batches of a book, from `first` on."""
    findings: list[Finding] = []
    head = await tx.fetchrow("select batch, digest from book where book = $1", book)
    expected, last = first, _Link(first - 1, await _digest(tx, book, first - 1) or b"", 0, 0, False, None)
    async for link in _links(tx, book, first, head["batch"]):
        findings += _gap(book, expected, min(link.batch, head["batch"] + 1))
        if not link.sound:
            findings += await _explain(tx, book, link, last.recomputed or last.digest or b"", head["batch"])
        expected = link.batch + 1
        if link.batch <= head["batch"]:
            last = link
    findings += _gap(book, expected, head["batch"] + 1)
    if head["digest"] not in (last.digest, last.recomputed):
        findings.append(Finding(Wrong.HEAD_CHANGED, book, head["batch"], None, f"the row of the book says {head['digest'].hex()[:16]}…"))
    return findings


def _gap(book: int, expected: int, found: int) -> list[Finding]:
    return [Finding(Wrong.BATCH_MISSING, book, batch, None, "neither it nor its lines are there") for batch in range(expected, found)]


async def _links(tx: Any, book: int, first: int, last: int) -> AsyncIterator[_Link]:
    """In portions of about as many lines as memory takes lightly; the last one open-ended, to see what lies past the head."""
    start = first
    while True:
        end = await tx.fetchval(
            """select max(batch) from (
                 select batch, sum(lines) over (order by batch) so_far from batch where book = $1 and batch >= $2 limit 10000) b
               where so_far <= $3 or batch = $2""",
            book,
            start,
            _LINES_AT_ONCE,
        )
        until = end if end is not None and end < last else (1 << 42)
        for row in await tx.fetch(_LINKS, book, start, until, None):
            yield _Link(*row)
        if until >= last:
            return
        start = until + 1


async def _explain(tx: Any, book: int, link: _Link, previous: bytes, last: int) -> list[Finding]:
    """A batch that does not come out: by its lines if they tell, else by what the neighbours bear out."""
    if link.digest is None:
        if link.batch > last:
            return [Finding(Wrong.LINE_ADDED, book, link.batch, None, f"{link.found} lines stand past the last batch")]
        return [Finding(Wrong.BATCH_MISSING, book, link.batch, None, f"{link.found} lines belong to no batch")]
    lines = [_wrong_line(book, row) for row in await tx.fetch(_WRONG_LINES, book, link.batch, link.batch, link.lines)]
    if lines:
        return lines
    if await _recomputed(tx, book, link.batch, previous) == link.digest:
        return []  # it follows from what the batch before it really was: that one has been named
    if link.batch < last and await _recomputed(tx, book, link.batch + 1, link.recomputed) == await _digest(tx, book, link.batch + 1):
        return [
            Finding(
                Wrong.BATCH_CHANGED, book, link.batch, None, "its lines and the next batch agree; the digest in its own row was changed"
            )
        ]
    if link.batch == last and link.recomputed == await tx.fetchval("select digest from book where book = $1", book):
        return [Finding(Wrong.BATCH_CHANGED, book, link.batch, None, "its lines and the head agree; the digest in its own row was changed")]
    return [Finding(Wrong.CHAIN_BROKEN, book, link.batch, None, f"{link.lines} lines do not give the digest that was kept")]


def _wrong_line(book: int, row: Any) -> Finding:
    if row["missing"]:
        return at_line(Wrong.LINE_MISSING, book, row["no"], "its number is not there")
    if row["added"]:
        return at_line(Wrong.LINE_ADDED, book, row["no"], "its number is past the batch's count")
    return at_line(Wrong.LINE_CHANGED, book, row["no"], "it does not give the hash it carries")


async def _recomputed(tx: Any, book: int, batch: int, previous: bytes | None) -> bytes | None:
    """The digest a batch's lines give upon another digest before it."""
    row = await tx.fetchrow(_LINKS, book, batch, batch, previous)
    return None if row is None else row["recomputed"]


async def _digest(tx: Any, book: int, batch: int) -> bytes | None:
    digest: bytes | None = await tx.fetchval("select digest from batch where book = $1 and batch = $2", book, batch)
    return digest
