"""All SQL of who acts for children to whom claims are paid. Every function takes the open transaction first and works on lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.insurance.store import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianRow:
    """For the child in that `place` among those whom the policy names. `lookup`: the keyed hash of the guardian's number; `sealed`: name,
    identity number and account, bound to claim and place; `papers`: the files of the claim that show it. Numbers of operators."""

    book: int
    claim: UUID
    place: int
    relation: str
    lookup: bytes
    sealed: bytes
    shown_name: str
    papers: Sequence[UUID]
    named_on: date
    proposed_by: int
    approved_by: int


_COLUMNS = ("book", "claim", "place", "relation", "lookup", "sealed", "shown_name", "papers", "named_on", "proposed_by", "approved_by")


async def name_guardian(tx: Any, row: GuardianRow) -> None:
    """In the place of whoever was named for that child before."""
    slots = ", ".join(f"${number}" for number in range(1, len(_COLUMNS) + 1))
    changed = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[3:])
    await tx.execute(
        f"insert into claim_guardian ({', '.join(_COLUMNS)}) values ({slots}) on conflict (book, claim, place) do update set {changed}",
        *[getattr(row, name) for name in _COLUMNS],
    )


async def guardians_of(tx: Any, key: Key) -> dict[int, GuardianRow]:
    """Of a claim, by the child's place."""
    rows = await tx.fetch(f"select {', '.join(_COLUMNS)} from claim_guardian where book = $1 and claim = $2", *key)
    return {row["place"]: GuardianRow(**row) for row in rows}


async def erase_guardians(tx: Any, keys: Sequence[Key]) -> None:
    """That somebody was named stays, who it was goes."""
    await tx.execute(
        "update claim_guardian g set lookup = '', sealed = '', shown_name = '' from unnest($1::int[], $2::uuid[]) k(book, claim)"
        " where g.book = k.book and g.claim = k.claim",
        [book for book, _ in keys],
        [one for _, one in keys],
    )
