"""Who receives what is paid at somebody's death: Insurance Law articles 39 to 42. Pure.

Beneficiaries stand in ranks: those of the first rank receive all of it, those of a later one what nobody before them lives to receive.
Within a rank shares are equal unless they are stated; who died before leaves theirs to the others of the rank, in proportion. Where nobody
is left, or nobody was named, it is the estate's.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from tapwealth.kernel.money import apportion
from tapwealth.kernel.refusal import BadInput

WHOLE_SHARE = 10_000
"""Hundredths of a percent: all of it."""
MOST = 10


class Kin(StrEnum):
    """Of a beneficiary to the insured person; the text is stored."""

    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    SIBLING = "sibling"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """One of them: `rank` 1 is first, `share` in hundredths of a percent of what its rank receives, None: equal to the others'."""

    rank: int
    share: int | None = None


def check_beneficiaries(named: Sequence[Beneficiary]) -> None:
    """Raises BadInput: too many, ranks with a gap, shares that do not add up to exactly all of it."""
    if len(named) > MOST:
        raise _bad(f"{len(named)} are named", f"name at most {MOST}")
    ranks = sorted({one.rank for one in named})
    if ranks != list(range(1, len(ranks) + 1)):
        raise _bad(f"there are ranks {', '.join(map(str, ranks))}", "begin with rank 1 and leave none out")
    for rank in ranks:
        _check_rank(rank, [one.share for one in named if one.rank == rank])


def _check_rank(rank: int, shares: Sequence[int | None]) -> None:
    stated = [share for share in shares if share is not None]
    if not stated:
        return
    if len(stated) < len(shares):
        raise _bad(f"of rank {rank} some have a share and some have none", "state all of them, or none for equal shares")
    if min(stated) <= 0 or sum(stated) != WHOLE_SHARE:
        whole, part = divmod(sum(stated), 100)
        text = f"the shares of rank {rank} add up to {whole}.{part:02} percent"
        raise _bad(text, "let each be above 0 and all of a rank come to exactly 100 percent, or leave them out for equal shares")


def _bad(what: str, hint: str) -> BadInput:
    return BadInput(what, where="beneficiaries", hint=hint)


def portions(named: Sequence[Beneficiary], alive: Collection[int], amount: int) -> dict[int, int]:
    """Fen for each that lives, by place in `named`; what they add up to is `amount`, or nothing, which is then the estate's. `alive`:
    the places of those who lived on when the insured died."""
    ordered = sorted(range(len(named)), key=lambda place: named[place].rank)
    for _, places in groupby(ordered, key=lambda place: named[place].rank):
        left = {place: _weight(named[place]) for place in places if place in alive}
        if left:
            return apportion(amount, left)
    return {}


def _weight(one: Beneficiary) -> int:
    return 1 if one.share is None else one.share
