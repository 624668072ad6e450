"""The audit of the ledger on PostgreSQL: finds what was changed behind its back, and says where.

It trusts nothing that can be computed from something else: the chain from the lines, the lines from the hash each carries, balances,
holds, closed dates, archived years and the rows of the books from the lines, and the chain's end from the heads kept outside. With `since`
it takes a closed date's balances as proved and looks at what came after. It reads one snapshot: posting goes on meanwhile.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tapwealth.kernel.refusal import BadInput
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.audit_archives import archive_findings
from tapwealth.ledger.audit_chain import chain_findings
from tapwealth.ledger.audit_spreads import spread_findings
from tapwealth.ledger.audit_sums import sum_findings
from tapwealth.ledger.findings import Finding, Wrong
from tapwealth.ledger.heads import KeptHead, parse
from tapwealth.ledger.rules import BATCH_BITS
from tapwealth.storage.database import Database

Look = Callable[[Any, int, Archives], Awaitable[list[Finding]]]
"""Finds what is wrong in a book with what follows from its lines, for who knows more of it than the ledger does."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What was looked at, and what was found. It holds if nothing was found."""

    since: date | None
    books: int
    batches: int
    lines: int
    archives: int
    heads: int
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        return not self.findings

    def as_data(self) -> dict[str, Any]:
        """For the command line and its JSON."""
        counts = {"books": self.books, "batches": self.batches, "lines": self.lines, "archives": self.archives, "heads": self.heads}
        return {
            "clean": self.holds,
            "since": None if self.since is None else self.since.isoformat(),
            **counts,
            "findings": [{"text": str(finding), **finding.as_data()} for finding in self.findings],
        }


async def audit(
    database: Database, heads: Sequence[str], since: date | None = None, archives: Archives | None = None, also: Sequence[Look] = ()
) -> dict[str, Any]:
    """Audit in one snapshot, and say it as plain data. `heads`: the lines of the file outside the database. Raises BadInput, Outage."""
    kept = parse(heads)
    async with database.read() as tx:
        return (await audit_snapshot(tx, since=since, heads=kept, archives=archives, also=also)).as_data()


async def audit_snapshot(
    tx: Any,
    *,
    since: date | None = None,
    heads: Iterable[KeptHead] = (),
    archives: Archives | None = None,
    also: Sequence[Look] = (),
) -> Audit:
    """Look at every book. `since`: a date closed in all of them, else BadInput. `heads`: what was kept outside; `also`: what others look at
    in each book. Raises Outage if years are archived and `archives` does not say where."""
    books = [row["book"] for row in await tx.fetch("select book from book order by book")]
    kept, archives = list(heads), archives or Archives()
    findings: list[Finding] = []
    batches = lines = 0
    for book in books:
        first = 0 if since is None else await _first_line_after(tx, book, since)
        findings += await chain_findings(tx, book, max(first >> BATCH_BITS, 1))
        findings += await sum_findings(tx, book, first, since)
        findings += await spread_findings(tx, book)
        findings += await archive_findings(tx, book, archives)
        for look in also:
            findings += await look(tx, book, archives)
        seen = await tx.fetchrow(
            "select count(*), coalesce(sum(lines), 0)::bigint from batch where book = $1 and batch >= $2", book, first >> BATCH_BITS
        )
        batches, lines = batches + seen[0], lines + seen[1]
    findings += await _head_findings(tx, kept)
    archived = await tx.fetchval("select count(*) from spread_archive")
    return Audit(since, len(books), batches, lines, archived, len(kept), tuple(findings))


async def _first_line_after(tx: Any, book: int, since: date) -> int:
    """The first line that may carry a later date; what has none yet begins past the last batch."""
    row = await tx.fetchrow(
        """select closed_through >= $2 is true closed,
                  (select min(first_no) from book_day d where d.book = b.book and d.business_date > $2) first_no,
                  (batch + 1) << 20 past from book b where book = $1""",
        book,
        since,
    )
    if not row["closed"]:
        raise BadInput(
            f"{since} is not closed in book {book}", where="since", hint="name a closed date, or leave it out to audit everything"
        )
    first: int = row["past"] if row["first_no"] is None else row["first_no"]
    return first


async def _head_findings(tx: Any, heads: list[KeptHead]) -> list[Finding]:
    """A head kept outside must be a link of the chain."""
    rows = await tx.fetch(
        """select x.ord, encode(b.digest, 'hex') digest from unnest($1::int[], $2::bigint[]) with ordinality x(book, batch, ord)
             left join batch b on b.book = x.book and b.batch = x.batch order by x.ord""",
        [head.book for head in heads],
        [head.batch for head in heads],
    )
    return [
        Finding(Wrong.HEAD_CHANGED, head.book, head.batch, None, f"the head kept for {head.date} is {head.digest[:16]}…")
        for head, row in zip(heads, rows, strict=True)
        if head.digest != ("" if head.batch == 0 else row["digest"])
    ]
