"""All SQL of whom and what a policy insures. Every function takes the open transaction first and works on lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tapwealth.insurance.applicant import Relation
from tapwealth.insurance.product import OccupationClass
from tapwealth.insurance.store import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class InsuredRow:
    """What a policy insures as it stands; `sum_insured` in fen. `lookup`: the keyed hash of the identity number, `sealed`: name and number,
    None for the policyholder, whose own stand in `person`. `imei_lookup`: the keyed hash of the phone's number, None without a phone."""

    book: int
    policy: UUID
    relation: Relation
    lookup: bytes
    occupation: OccupationClass
    sum_insured: int
    sealed: bytes | None = None
    shown_name: str = ""
    loading_permille: int = 0
    imei_lookup: bytes | None = None
    imei_last4: str = ""
    beneficiaries: int = 0
    """The version that stands; 0: nobody was named."""


_TYPES = {
    "book": "int",
    "policy": "uuid",
    "relation": "text",
    "insured_lookup": "bytea",
    "sealed": "bytea",
    "shown_name": "text",
    "occupation": "smallint",
    "loading_permille": "int",
    "sum_insured": "bigint",
    "imei_lookup": "bytea",
    "imei_last4": "text",
    "beneficiaries": "int",
}
_COLUMNS = ", ".join(_TYPES)
_ROWS = "unnest(" + ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_TYPES.values(), 1)) + f") x({_COLUMNS})"


def _read(row: Any) -> InsuredRow:
    said = {name: row[name] for name in _TYPES if name != "insured_lookup"}
    return InsuredRow(
        **{**said, "relation": Relation(row["relation"]), "occupation": OccupationClass(row["occupation"])}, lookup=row["insured_lookup"]
    )


def _written(rows: Sequence[InsuredRow]) -> list[list[Any]]:
    return [[getattr(row, "lookup" if name == "insured_lookup" else name) for row in rows] for name in _TYPES]


async def add_insured(tx: Any, rows: Sequence[InsuredRow]) -> None:
    await tx.execute(f"insert into policy_insured ({_COLUMNS}) select {_COLUMNS} from {_ROWS}", *_written(rows))


async def save_insured(tx: Any, rows: Sequence[InsuredRow]) -> None:
    """All of these, as it stands in the rows."""
    changes = ", ".join(f"{name} = x.{name}" for name in tuple(_TYPES)[2:])
    await tx.execute(f"update policy_insured p set {changes} from {_ROWS} where p.book = x.book and p.policy = x.policy", *_written(rows))


async def insured(tx: Any, keys: Sequence[Key]) -> dict[Key, InsuredRow]:
    """By book and policy; every policy has one."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from policy_insured join unnest($1::int[], $2::uuid[]) k(book, policy) using (book, policy)",
        [book for book, _ in keys],
        [one for _, one in keys],
    )
    return {(row["book"], row["policy"]): _read(row) for row in rows}


async def claim_phone(tx: Any, row: InsuredRow, from_day: date, until: date) -> bool:
    """The phone is bound by this policy from `from_day` to before `until`; False while another contract binds it. Waits for whoever is
    just claiming it."""
    claimed = await tx.fetchval(
        "insert into insured_phone as p (imei_lookup, book, policy, until) values ($1, $2, $3, $4)"
        " on conflict (imei_lookup) do update set book = excluded.book, policy = excluded.policy, until = excluded.until"
        " where p.until <= $5 returning 1",
        row.imei_lookup,
        row.book,
        row.policy,
        until,
        from_day,
    )
    return claimed is not None


async def minor_insured_for(tx: Any, lookup: bytes, from_day: date) -> int:
    """Fen of death cover that a minor has on that day or later. Nobody else changes it until the transaction ends."""
    await tx.execute(
        "insert into minor as m (insured_lookup, asked) values ($1, 1) on conflict (insured_lookup) do update set asked = m.asked + 1",
        lookup,
    )
    return int(
        await tx.fetchval(
            "select coalesce(sum(sum_insured), 0)::bigint from minor_cover where insured_lookup = $1 and until > $2", lookup, from_day
        )
    )


async def add_minor_cover(tx: Any, row: InsuredRow, until: date) -> None:
    """That policy covers a minor's death. The minor must have been asked about in this transaction."""
    await tx.execute(
        "insert into minor_cover (insured_lookup, book, policy, sum_insured, until) values ($1, $2, $3, $4, $5)",
        row.lookup,
        row.book,
        row.policy,
        row.sum_insured,
        until,
    )


async def release_minors(tx: Any, ended: Sequence[tuple[InsuredRow, date]]) -> None:
    """The death cover of these policies, where they had any of a minor, ends on those days."""
    await tx.execute(
        "update minor_cover m set until = least(m.until, x.day) from unnest($1::bytea[], $2::uuid[], $3::date[])"
        " x(insured_lookup, policy, day) where m.insured_lookup = x.insured_lookup and m.policy = x.policy",
        [row.lookup for row, _ in ended],
        [row.policy for row, _ in ended],
        [day for _, day in ended],
    )


async def release_phones(tx: Any, ended: Sequence[tuple[InsuredRow, date]]) -> None:
    """Another contract may bind these phones from those days on."""
    bound = [(row, day) for row, day in ended if row.imei_lookup is not None]
    await tx.execute(
        "update insured_phone p set until = least(p.until, x.day) from unnest($1::bytea[], $2::int[], $3::uuid[], $4::date[])"
        " x(imei_lookup, book, policy, day) where p.imei_lookup = x.imei_lookup and p.book = x.book and p.policy = x.policy",
        [row.imei_lookup for row, _ in bound],
        [row.book for row, _ in bound],
        [row.policy for row, _ in bound],
        [day for _, day in bound],
    )
