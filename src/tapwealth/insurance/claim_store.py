"""All SQL of claims, of what shows them and of what is paid for them. Every function takes the open transaction first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from tapwealth.insurance.claim import Claim, ClaimState, LossKind, Paper
from tapwealth.insurance.policy_event_store import PREMIUMS
from tapwealth.insurance.store import Key
from tapwealth.storage.columns import columns, slots


class Part(StrEnum):
    """Of a loss."""

    CERTAIN = "certain"
    """What is certain already, while the rest is looked at (article 25)."""
    WHOLE = "whole"
    APPEAL = "appeal"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRow:
    """What the insurer is asked to pay for a claim, in fen; `arrears` are deducted already: premium for the days from `arrears_from` to
    before `arrears_until`; where these are not said the insurer was not told of it. `serial` names the request and the money, `identity`
    what was lost, the same for whatever claims it."""

    book: int
    claim: UUID
    number: int
    serial: str
    identity: str
    part: Part
    amount: int
    arrears: int
    asked_on: date
    agreed_on: date | None = None
    refused_on: date | None = None
    reason: str = ""
    paid_on: date | None = None
    matched_on: date | None = None
    arrears_from: date | None = None
    arrears_until: date | None = None

    @property
    def spent(self) -> int:
        """What it takes of the limits."""
        return 0 if self.refused_on is not None else self.amount + self.arrears


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryRow:
    """Fen of a claim's money that are to come back under `serial`; `source` says from whom, sealed. Withdrawn: it is awaited no more,
    sealed is why; what comes in all the same has both days."""

    book: int
    claim: UUID
    number: int
    serial: str
    amount: int
    source: bytes
    expected_on: date
    received_on: date | None = None
    matched_on: date | None = None
    withdrawn_on: date | None = None
    withdrawn_why: bytes = b""

    @property
    def counts(self) -> bool:
        """Whether it has come back, or is awaited."""
        return self.received_on is not None or self.withdrawn_on is None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """A file as it came."""

    book: int
    id: UUID
    claim: UUID
    paper: Paper
    media_type: str
    size: int
    digest: bytes
    given_at: datetime
    given_by: str


_CLAIM = {
    "book": "int", "id": "uuid", "policy": "uuid", "person": "uuid", "kind": "text", "loss_day": "date", "loss": "bigint", "said": "bytea",
    "notified_at": "timestamptz", "notified_on": "date", "arrears": "bigint", "tap": "uuid", "illness": "bytea", "early": "boolean",
    "state": "text", "asked": "text", "asked_on": "date", "complete_on": "date", "found": "bigint", "agreed_on": "date",
    "refused_on": "date", "reason": "text", "told_on": "date", "paid_on": "date", "appealed_on": "date", "closed_on": "date",
    "due_on": "date", "warned_on": "date", "erase_on": "date", "erased_on": "date", "named": "int", "died": "text",
    "heard_at": "timestamptz",
}  # fmt: skip
_PAYMENT = {
    "book": "int", "claim": "uuid", "number": "smallint", "serial": "text", "identity": "text", "part": "text", "amount": "bigint",
    "arrears": "bigint",
    "asked_on": "date", "agreed_on": "date", "refused_on": "date", "reason": "text", "paid_on": "date", "matched_on": "date",
    "arrears_from": "date", "arrears_until": "date",
}  # fmt: skip
_RECOVERY = {
    "book": "int", "claim": "uuid", "number": "smallint", "serial": "text", "amount": "bigint", "source": "bytea", "expected_on": "date",
    "received_on": "date", "matched_on": "date", "withdrawn_on": "date", "withdrawn_why": "bytea",
}  # fmt: skip
_PAPER = {
    "book": "int", "id": "uuid", "claim": "uuid", "paper": "text", "media_type": "text", "size": "int", "digest": "bytea",
    "given_at": "timestamptz", "given_by": "text",
}  # fmt: skip


def _claim(row: Any) -> Claim:
    return Claim(**{**{name: row[name] for name in _CLAIM}, "kind": LossKind(row["kind"]), "state": ClaimState(row["state"])})


def _payment(row: Any) -> PaymentRow:
    return PaymentRow(**{**{name: row[name] for name in _PAYMENT}, "part": Part(row["part"])})


def _recovery(row: Any) -> RecoveryRow:
    return RecoveryRow(**{name: row[name] for name in _RECOVERY})


def _paper(row: Any) -> PaperRow:
    return PaperRow(**{**{name: row[name] for name in _PAPER}, "paper": Paper(row["paper"])})


def _listed(types: dict[str, str], rows: Sequence[Any]) -> list[list[Any]]:
    return columns([[getattr(row, name) for name in types] for row in rows], len(types))


def _from(types: dict[str, str]) -> str:
    return f"unnest({slots(' '.join(types.values()))}) x({', '.join(types)})"


async def _add(tx: Any, table: str, types: dict[str, str], rows: Sequence[Any]) -> None:
    listed = ", ".join(types)
    await tx.execute(f"insert into {table} ({listed}) select {listed} from {_from(types)}", *_listed(types, rows))


async def _save(tx: Any, table: str, types: dict[str, str], key: int, rows: Sequence[Any]) -> None:
    """All but the first `key` columns, which name the row."""
    names = tuple(types)
    changes, same = ", ".join(f"{one} = x.{one}" for one in names[key:]), " and ".join(f"t.{one} = x.{one}" for one in names[:key])
    await tx.execute(f"update {table} t set {changes} from {_from(types)} where {same}", *_listed(types, rows))


def _keys(keys: Sequence[Key]) -> list[list[Any]]:
    return columns(keys, 2)


async def add_claims(tx: Any, rows: Sequence[Claim]) -> None:
    await _add(tx, "claim", _CLAIM, rows)


async def save_claims(tx: Any, rows: Sequence[Claim]) -> None:
    """Everything about these, as it stands in the rows."""
    await _save(tx, "claim", _CLAIM, 2, rows)


async def claims(tx: Any, keys: Sequence[Key]) -> dict[Key, Claim]:
    rows = await tx.fetch("select c.* from claim c join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)", *_keys(keys))
    return {(row["book"], row["id"]): _claim(row) for row in rows}


async def claims_of_policy(tx: Any, book: int, policy: UUID) -> list[Claim]:
    """Oldest first."""
    rows = await tx.fetch("select * from claim where book = $1 and policy = $2 order by notified_at, id", book, policy)
    return [_claim(row) for row in rows]


async def claims_of(tx: Any, book: int, person: UUID) -> list[Claim]:
    """A person's, newest first."""
    rows = await tx.fetch("select * from claim where book = $1 and person = $2 order by notified_at desc, id desc", book, person)
    return [_claim(row) for row in rows]


async def open_claims(tx: Any, books: Sequence[int]) -> list[Claim]:
    """Those that somebody has to do something about, the most urgent first."""
    rows = await tx.fetch(
        "select * from claim where book = any($1)"
        " and state in ('notified', 'papers_asked', 'assessing', 'with_insurer', 'agreed', 'appealed')"
        " order by due_on nulls last, notified_at, id",
        list(books),
    )
    return [_claim(row) for row in rows]


class Losses(NamedTuple):
    """Of a policy: whether a claim of it is looked at, and whether one was paid, in part or whole."""

    looked_at: bool
    paid: bool


async def losses_of(tx: Any, book: int, policy: UUID) -> Losses:
    row = await tx.fetchrow(
        "select coalesce(bool_or(c.state not in ('refused', 'paid', 'closed')), false) as looked_at,"
        " exists (select from claim o join claim_payment p on p.book = o.book and p.claim = o.id"
        " where o.book = $1 and o.policy = $2 and p.paid_on is not null) as paid"
        " from claim c where c.book = $1 and c.policy = $2",
        book,
        policy,
    )
    return Losses(row["looked_at"], row["paid"])


class Undecided(NamedTuple):
    """Policies of which a death is claimed, or an illness for which all premiums come back, not decided yet: they would end with it;
    and those whose owed premium may still be kept of a claim, as long as that is looked at or an appeal of it may come."""

    ending: set[Key]
    in_grace: set[Key]


async def undecided(tx: Any, keys: Sequence[Key]) -> Undecided:
    """Of these policies."""
    rows = await tx.fetch(
        "select book, policy, bool_or((kind = 'death' or early) and state <> 'refused') as ending, bool_or(arrears > 0) as in_grace"
        " from claim c join unnest($1::int[], $2::uuid[]) k(book, policy) using (book, policy)"
        " where state not in ('paid', 'closed') group by 1, 2",
        *_keys(keys),
    )
    found = {name: {(row["book"], row["policy"]) for row in rows if row[name]} for name in ("ending", "in_grace")}
    return Undecided(found["ending"], found["in_grace"])


async def count_premiums(tx: Any, keys: Sequence[Key]) -> None:
    """What claims lose that give back all premiums of these policies, once the insurer has booked more of them."""
    await tx.execute(
        "update claim c set loss = x.paid from (select book, policy, sum(amount - interest)::bigint as paid from policy_event"
        " join unnest($1::int[], $2::uuid[]) k(book, policy) using (book, policy) where event = any($3) group by 1, 2) x"
        " where c.book = x.book and c.policy = x.policy and early and paid > loss"
        " and state in ('notified', 'papers_asked', 'assessing', 'refused', 'appealed')",
        *_keys(keys),
        [one.value for one in PREMIUMS],
    )


async def deducting(tx: Any, keys: Sequence[Key]) -> dict[Key, date]:
    """Of these policies those of whose claims the insurer is asked to keep premium, and has not answered: by each the day until before
    which it pays then."""
    rows = await tx.fetch(
        "select c.book, c.policy, max(p.arrears_until) as until from claim c join unnest($1::int[], $2::uuid[]) k(book, policy)"
        " using (book, policy) join claim_payment p on p.book = c.book and p.claim = c.id"
        " where p.arrears_until is not null and p.agreed_on is null and p.refused_on is null group by 1, 2",
        *_keys(keys),
    )
    return {(row["book"], row["policy"]): row["until"] for row in rows}


async def tap_claimed(tx: Any, book: int, tap: UUID) -> bool:
    """Whether that payment was ever claimed."""
    return bool(await tx.fetchval("select exists (select from claim where book = $1 and tap = $2)", book, tap))


async def claims_of_taps(tx: Any, keys: Sequence[Key]) -> dict[Key, Claim]:
    """By the payment that is claimed."""
    rows = await tx.fetch("select c.* from claim c join unnest($1::int[], $2::uuid[]) k(book, tap) using (book, tap)", *_keys(keys))
    return {(row["book"], row["tap"]): _claim(row) for row in rows}


async def due_until(tx: Any, books: Sequence[int], day: date) -> list[Claim]:
    """Claims of which something is due by law by that day."""
    rows = await tx.fetch("select * from claim where book = any($1) and due_on <= $2 order by due_on, notified_at, id", list(books), day)
    return [_claim(row) for row in rows]


async def over_since(tx: Any, books: Sequence[int], day: date) -> list[Claim]:
    """Refused or paid before that day, and not closed."""
    rows = await tx.fetch(
        "select * from claim where book = any($1) and state in ('refused', 'paid') and greatest(refused_on, paid_on) < $2"
        " order by book, id",
        list(books),
        day,
    )
    return [_claim(row) for row in rows]


async def to_erase(tx: Any, books: Sequence[int], day: date) -> list[Claim]:
    """Closed claims whose files have been kept long enough."""
    rows = await tx.fetch(
        "select * from claim where book = any($1) and erase_on <= $2 and erased_on is null order by erase_on, id", list(books), day
    )
    return [_claim(row) for row in rows]


async def add_payments(tx: Any, rows: Sequence[PaymentRow]) -> None:
    await _add(tx, "claim_payment", _PAYMENT, rows)


async def save_payments(tx: Any, rows: Sequence[PaymentRow]) -> None:
    await _save(tx, "claim_payment", _PAYMENT, 3, rows)


async def payments_of(tx: Any, keys: Sequence[Key]) -> dict[Key, list[PaymentRow]]:
    """By claim, in their order."""
    rows = await tx.fetch(
        "select p.* from claim_payment p join unnest($1::int[], $2::uuid[]) k(book, claim) using (book, claim) order by number",
        *_keys(keys),
    )
    found: dict[Key, list[PaymentRow]] = {key: [] for key in keys}
    for row in rows:
        found[row["book"], row["claim"]].append(_payment(row))
    return found


async def untold(tx: Any, books: Sequence[int]) -> list[PaymentRow]:
    """Agreed, less premium of which the insurer was not told that it keeps it: of before it was."""
    rows = await tx.fetch(
        "select * from claim_payment where book = any($1) and arrears > 0 and arrears_until is null and agreed_on is not null"
        " order by book, claim, number",
        list(books),
    )
    return [_payment(row) for row in rows]


async def payments_by_serial(tx: Any, books: Sequence[int], serials: Sequence[str]) -> dict[str, PaymentRow]:
    rows = await tx.fetch("select * from claim_payment where book = any($1) and serial = any($2)", list(books), list(serials))
    return {row["serial"]: _payment(row) for row in rows}


async def payments_awaited(tx: Any, books: Sequence[int], day: date) -> list[PaymentRow]:
    """Agreed by that date, and not arrived at its end."""
    rows = await tx.fetch(
        "select * from claim_payment where book = any($1) and agreed_on <= $2 and (paid_on is null or paid_on > $2) order by serial",
        list(books),
        day,
    )
    return [_payment(row) for row in rows]


async def add_recoveries(tx: Any, rows: Sequence[RecoveryRow]) -> None:
    await _add(tx, "claim_recovery", _RECOVERY, rows)


async def save_recoveries(tx: Any, rows: Sequence[RecoveryRow]) -> None:
    await _save(tx, "claim_recovery", _RECOVERY, 3, rows)


async def recoveries_of(tx: Any, keys: Sequence[Key]) -> dict[Key, list[RecoveryRow]]:
    """By claim, in their order."""
    rows = await tx.fetch(
        "select r.* from claim_recovery r join unnest($1::int[], $2::uuid[]) k(book, claim) using (book, claim) order by number",
        *_keys(keys),
    )
    found: dict[Key, list[RecoveryRow]] = {key: [] for key in keys}
    for row in rows:
        found[row["book"], row["claim"]].append(_recovery(row))
    return found


async def recoveries_by_serial(tx: Any, books: Sequence[int], serials: Sequence[str]) -> dict[str, RecoveryRow]:
    rows = await tx.fetch("select * from claim_recovery where book = any($1) and serial = any($2)", list(books), list(serials))
    return {row["serial"]: _recovery(row) for row in rows}


async def recoveries_awaited(tx: Any, books: Sequence[int]) -> list[RecoveryRow]:
    """Those that are still to come, the oldest first."""
    rows = await tx.fetch(
        "select * from claim_recovery where book = any($1) and received_on is null and withdrawn_on is null order by expected_on, serial",
        list(books),
    )
    return [_recovery(row) for row in rows]


async def erase_sources(tx: Any, keys: Sequence[Key]) -> None:
    """Who paid money back for these claims, or why they do not."""
    await tx.execute(
        "update claim_recovery r set source = '', withdrawn_why = '' from unnest($1::int[], $2::uuid[]) k(book, claim)"
        " where r.book = k.book and r.claim = k.claim",
        *_keys(keys),
    )


async def erase_reasons(tx: Any, keys: Sequence[Key]) -> None:
    """Why the insurer did not pay for these claims."""
    await tx.execute(
        "update claim_payment p set reason = '' from unnest($1::int[], $2::uuid[]) k(book, claim)"
        " where p.book = k.book and p.claim = k.claim",
        *_keys(keys),
    )


async def add_paper(tx: Any, row: PaperRow, pieces: Sequence[bytes]) -> None:
    """The file, sealed in pieces."""
    await _add(tx, "claim_paper", _PAPER, [row])
    await tx.execute(
        "insert into claim_paper_piece (book, paper, number, sealed) select $1, $2, number, sealed"
        " from unnest($3::smallint[], $4::bytea[]) x(number, sealed)",
        row.book,
        row.id,
        list(range(len(pieces))),
        list(pieces),
    )


async def papers_of(tx: Any, keys: Sequence[Key]) -> dict[Key, list[PaperRow]]:
    """By claim, in the order in which they came."""
    rows = await tx.fetch(
        "select p.* from claim_paper p join unnest($1::int[], $2::uuid[]) k(book, claim) using (book, claim) order by given_at, p.id",
        *_keys(keys),
    )
    found: dict[Key, list[PaperRow]] = {key: [] for key in keys}
    for row in rows:
        found[row["book"], row["claim"]].append(_paper(row))
    return found


async def paper(tx: Any, book: int, identifier: UUID) -> PaperRow | None:
    row = await tx.fetchrow("select * from claim_paper where book = $1 and id = $2", book, identifier)
    return None if row is None else _paper(row)


class Look(NamedTuple):
    """Somebody had a file who is not the claimant: an operator, or a client that the claimant lets ask."""

    paper: UUID
    looked_at: datetime
    looked_by: str


async def add_look(tx: Any, book: int, look: Look) -> None:
    """Once for an instant."""
    await tx.execute("insert into claim_paper_look values ($1, $2, $3, $4) on conflict do nothing", book, *look)


async def looks_of(tx: Any, book: int, claim: UUID) -> list[Look]:
    """Who had files of a claim, newest first."""
    rows = await tx.fetch(
        "select l.paper, looked_at, looked_by from claim_paper_look l join claim_paper p on p.book = l.book and p.id = l.paper"
        " where p.book = $1 and p.claim = $2 order by looked_at desc, looked_by, l.paper",
        book,
        claim,
    )
    return [Look(*row) for row in rows]


async def piece(tx: Any, book: int, identifier: UUID, number: int) -> bytes | None:
    """A sealed piece of a file, from 0; None once it is erased."""
    found: bytes | None = await tx.fetchval(
        "select sealed from claim_paper_piece where book = $1 and paper = $2 and number = $3", book, identifier, number
    )
    return found


async def erase_pieces(tx: Any, keys: Sequence[Key]) -> int:
    """The files of these claims; returns how many pieces went."""
    rows = await tx.fetch(
        "delete from claim_paper_piece d using claim_paper p join unnest($1::int[], $2::uuid[]) k(book, claim) using (book, claim)"
        " where d.book = p.book and d.paper = p.id returning d.number",
        *_keys(keys),
    )
    return len(rows)
