"""What a file of income (06) says of a money fund's holders, as columns: a day of a million holders without an object for each.

The file is read in blocks and what is wanted of each is kept, some fifty bytes a record. A record that cannot be read is a BadInput, as
for every exchange file; one whose dates are others than the day's, that lacks a name or stands there twice makes them not `sound`, and
whoever reads the records one by one says which it is and why.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tapwealth.funds.exchange_in import Incoming
from tapwealth.funds.exchange_values import SUCCESS, DividendRecord
from tapwealth.funds.holder_names import TA_WIDTH, TRADING_WIDTH, HolderNames
from tapwealth.ledger.port import Column
from tapwealth.wire.ofd import Block, write_date

_TEXTS = "FundCode", "ReturnCode", "TAAccountID", "TransactionAccountID"
_VOLUME = "VolOfDividendforReinvestment"
_BLANK = ord(" ")

Texts = NDArray[np.uint8]
"""A row of bytes for each record."""


@dataclass(frozen=True, slots=True)
class SaidIncome:
    """Of a fund, in the order of the file: whose, units (1/100), and under which return code."""

    names: HolderNames
    volumes: Column
    return_codes: Texts

    @classmethod
    def of_nobody(cls) -> "SaidIncome":
        """Where a file says nothing of a fund."""
        nothing = [np.empty((0, width), np.uint8) for width in (TA_WIDTH, TRADING_WIDTH, len(SUCCESS))]
        return cls(HolderNames(nothing[0], nothing[1]), np.empty(0, np.int64), nothing[2])

    def __len__(self) -> int:
        return len(self.volumes)

    def return_code(self, place: int) -> str:
        """Of one record."""
        return _text(self.return_codes[place])

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Which records are of income that was given."""
        success: NDArray[np.bool_] = (self.return_codes == np.frombuffer(SUCCESS.encode(), np.uint8)).all(axis=1)
        return success


@dataclass(frozen=True, slots=True)
class SaidDay:
    """By fund. `sound`: every record for certain carries the day's dates, lacks nothing and stands there once."""

    funds: Mapping[str, SaidIncome]
    sound: bool


def read_income(incoming: Incoming[DividendRecord], paid_on: date, record_date: date) -> SaidDay:
    """The whole file. Raises BadInput for what cannot be read."""
    dated = True
    kept: list[tuple[list[Texts], Column]] = []
    for block in incoming.blocks(looking_for_doubles=False):
        dated = dated and _all_are(block, "DividentDate", paid_on) and _all_are(block, "RegistrationDate", record_date)
        kept.append(([block.table(name).copy() for name in _TEXTS], block.numbers(_VOLUME)))
    if not kept:
        return SaidDay({}, True)
    texts = [np.concatenate([of[place] for of, _ in kept]) for place in range(len(_TEXTS))]
    volumes = np.concatenate([volumes for _, volumes in kept])
    del kept
    complete = all(bool((column[:, 0] != _BLANK).all() or (column != _BLANK).any(axis=1).all()) for column in texts)
    funds = _by_fund(texts, volumes)
    return SaidDay(funds, dated and complete and not any(one.names.repeated() for one in funds.values()))


def _all_are(block: Block, name: str, day: date) -> bool:
    return bool((block.table(name) == np.frombuffer(write_date(day).encode(), np.uint8)).all())


def _by_fund(texts: Sequence[Texts], volumes: Column) -> dict[str, SaidIncome]:
    codes, return_codes, ta, trading = texts
    if (codes == codes[0]).all():
        return {_text(codes[0]): SaidIncome(HolderNames(ta, trading), volumes, return_codes)}
    found = {}
    for code in np.unique(codes, axis=0):
        mine = (codes == code).all(axis=1)
        found[_text(code)] = SaidIncome(HolderNames(ta[mine], trading[mine]), volumes[mine], return_codes[mine])
    return found


def _text(code: Texts) -> str:
    raw: bytes = code.tobytes()
    return raw.rstrip(b" ").decode("gb18030")
