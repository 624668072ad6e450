"""SQL of what the rules look at and what they did: taps counted, a card's domain, and declines with their reasons."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.issuing.domain import Domain
from tapwealth.issuing.velocity import Taps
from tapwealth.kernel.clock import shanghai


async def taps_since(tx: Any, people: Sequence[tuple[int, UUID, datetime]], category_of: Callable[[str], str], now: datetime) -> list[Taps]:
    """What these people (each with the instant at which their day began) tapped in the last minute and hour and on that day: approved, and
    neither reversed nor voided. `category_of` a merchant, by number. One statement, none for nobody."""
    if not people:
        return []
    minute, hour = now - timedelta(minutes=1), now - timedelta(hours=1)
    rows = await tx.fetch(
        "select person, token, merchant_number, verified,"
        " count(*) filter (where received_at > $3), coalesce(sum(amount) filter (where received_at > $3), 0)::bigint,"
        " count(*) filter (where received_at > $4), coalesce(sum(amount) filter (where received_at > $4), 0)::bigint,"
        " count(*) filter (where received_at >= began), coalesce(sum(amount) filter (where received_at >= began), 0)::bigint"
        " from unnest($1::int[], $2::uuid[], $5::timestamptz[]) k(book, person, began) join authorisation using (book, person)"
        " where received_at >= least($4, began) and kind in ('22', '10') and state in ('approved', 'asking_bank', 'captured', 'completed')"
        " group by book, person, token, merchant_number, verified",
        [book for book, _, _ in people],
        [person for _, person, _ in people],
        minute,
        hour,
        [began for _, _, began in people],
    )
    return [Taps(person, token, category_of(merchant), verified, tuple(counts)) for person, token, merchant, verified, *counts in rows]


async def spent_from_the_fund(tx: Any, people: Sequence[tuple[int, UUID]], fund: str, day: date) -> dict[UUID, int]:
    """Fen by person that the fund pays, or has paid, of the taps of that business date."""
    rows = await tx.fetch(
        "select person, sum(split_part(part, ':', 2)::bigint)::bigint as spent from unnest($1::int[], $2::uuid[]) k(book, person)"
        " join authorisation using (book, person) cross join unnest(string_to_array(fund_parts, ' ')) part"
        " where received_at >= $3 and business_date = $4 and split_part(part, ':', 1) = $5"
        " and state in ('approved', 'asking_bank', 'captured') group by person",
        [book for book, _ in people],
        [person for _, person in people],
        shanghai(day - timedelta(days=1)),
        day,
        fund,
    )
    return {row["person"]: row["spent"] for row in rows}


async def set_domain(tx: Any, book: int, token: UUID, domain: Domain) -> None:
    """Where a card may pay from the next tap on."""
    await tx.execute(
        "update card_token set contact = $3, allowed = $4, denied = $5, switched_off = $6, day_limit = $7 where book = $1 and id = $2",
        book,
        token,
        domain.contact,
        " ".join(domain.allowed),
        " ".join(domain.denied),
        " ".join(domain.off),
        domain.day_limit,
    )


class DeclinedTap(NamedTuple):
    """What was declined. `reason` is its name, a colon, and a line for people; `masked` is empty for a card that is not ours."""

    received_at: datetime
    merchant_number: str
    terminal_number: str
    stan: str
    amount: int
    response_code: str
    reason: str
    masked: str


async def declined_on(tx: Any, day: date, limit: int) -> list[DeclinedTap]:
    """The newest of that business date, over all books, newest first."""
    rows = await tx.fetch(
        "select a.received_at, a.merchant_number, a.terminal_number, a.stan, a.amount, a.response_code, a.reason,"
        " coalesce(t.masked_token, '') from authorisation a left join card_token t on t.book = a.book and t.id = a.token"
        " where a.business_date = $1 and a.state = 'declined' order by a.received_at desc, a.id limit $2",
        day,
        limit,
    )
    return [DeclinedTap(*row) for row in rows]


async def declines_by_reason(tx: Any, day: date) -> list[tuple[str, str, int, int]]:
    """(reason's name, response code, how many, fen asked for) of a business date, the most frequent first."""
    rows = await tx.fetch(
        "select split_part(reason, ':', 1) as name, response_code, count(*), sum(amount)::bigint from authorisation"
        " where business_date = $1 and state = 'declined' group by name, response_code order by count(*) desc, name, response_code",
        day,
    )
    return [tuple(row) for row in rows]
