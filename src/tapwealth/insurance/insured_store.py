"""All SQL of whom and what a policy insures. Every function takes the open transaction first and works on lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from tapwealth.insurance.product import OccupationClass
from tapwealth.insurance.store import Key


class Relation(StrEnum):
    """Of the insured person to the policyholder: those in whom Insurance Law article 31 sees an insurable interest."""

    SELF = "self"
    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"


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
