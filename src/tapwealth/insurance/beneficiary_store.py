"""All SQL of who receives what policies pay. Every function takes the open transaction first and works on lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tapwealth.insurance.beneficiary import Beneficiary
from tapwealth.insurance.store import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class BeneficiaryRow:
    """One of a version's. `lookup`: the keyed hash of the identity number; `sealed`: name and number, bound to the policy."""

    book: int
    policy: UUID
    version: int
    place: int
    rank: int
    share: int | None
    relation: str
    lookup: bytes
    sealed: bytes
    shown_name: str

    @property
    def beneficiary(self) -> Beneficiary:
        """What the rules look at."""
        return Beneficiary(self.rank, self.share)


_TYPES = {
    "book": "int",
    "policy": "uuid",
    "version": "int",
    "place": "int",
    "rank": "int",
    "share": "int",
    "relation": "text",
    "lookup": "bytea",
    "sealed": "bytea",
    "shown_name": "text",
}
_COLUMNS = ", ".join(_TYPES)


async def add_beneficiaries(tx: Any, rows: Sequence[BeneficiaryRow]) -> None:
    await tx.execute(
        f"insert into policy_beneficiary ({_COLUMNS}) select * from unnest("
        + ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(_TYPES.values(), 1))
        + ")",
        *[[getattr(row, name) for row in rows] for name in _TYPES],
    )


async def last_version(tx: Any, key: Key) -> int:
    """Of those that were ever named for a policy; 0: none."""
    return int(await tx.fetchval("select coalesce(max(version), 0) from policy_beneficiary where book = $1 and policy = $2", *key))


async def of_version(tx: Any, key: Key, version: int) -> list[BeneficiaryRow]:
    """Those of one version, in the order in which they were named."""
    rows = await tx.fetch(
        f"select {_COLUMNS} from policy_beneficiary where book = $1 and policy = $2 and version = $3 order by place", *key, version
    )
    return [BeneficiaryRow(**row) for row in rows]


async def beneficiaries(tx: Any, keys: Sequence[Key]) -> dict[Key, list[BeneficiaryRow]]:
    """Those who are named as the policies stand, in the order in which they were named; an empty list where nobody is."""
    rows = await tx.fetch(
        f"select {', '.join(f'b.{name}' for name in _TYPES)} from unnest($1::int[], $2::uuid[]) k(book, policy)"
        " join policy_insured i using (book, policy)"
        " join policy_beneficiary b on b.book = i.book and b.policy = i.policy and b.version = i.beneficiaries order by b.place",
        [book for book, _ in keys],
        [one for _, one in keys],
    )
    found: dict[Key, list[BeneficiaryRow]] = {key: [] for key in keys}
    for row in rows:
        found[row["book"], row["policy"]].append(BeneficiaryRow(**row))
    return found
