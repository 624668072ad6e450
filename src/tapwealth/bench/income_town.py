"""Holders with units, and the registrar's files of their income, for `tapwealth bench income`.

The files are what a registrar without fault leaves: each holder's share cut to the fen, the rest of the day's sum handed out by remainder.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from tapwealth.bench.load import DAY
from tapwealth.bench.purchase_town import FUND, person_of
from tapwealth.flows.frame import House, moment, must_post
from tapwealth.flows.funds.purchase import OWN_CHANNEL
from tapwealth.funds.entries import FundEntry
from tapwealth.funds.income import day_income, distribute
from tapwealth.funds.seven_day_yield import DAYS, compound_yield
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Limit, Line, NewAccount, Op
from tapwealth.wire.ofd import DataFileName, Header, Index, IndexName, Value, fields_of, write_data_file, write_date, write_index

REGISTRAR = "H0"
RATE = 12_345
"""Income of every day per 10,000 units, in 1/10,000 yuan."""
YIELD = compound_yield([RATE] * DAYS)
_ASSET = Asset(2)
_LEAST, _SPREAD, _AT_ONCE = 10_000, 9_999_991, 8_000


def units_of(number: int) -> int:
    """What a holder begins with, in 1/100: from 100 to 100,000 units."""
    return _LEAST + number * 7_919 % _SPREAD


async def endow(house: House, people: int) -> None:
    """Everybody's holding, with units in it."""
    for first in range(0, people, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, people))
        owners = [person_of(number, house.books) for number in numbers]
        wanted = [_holding(house, number) for number in numbers]
        async with house.database.transaction() as tx:
            await house.ledger.lock_books(tx, house.all_books)
            accounts = await house.ledger.open_accounts(tx, wanted)
            entries = []
            for number, owner, new, account in zip(numbers, owners, wanted, accounts, strict=True):
                line = Line(Op.POST, house_account(new.book, Kind.REGISTRAR_MIRROR, _ASSET), account, _ASSET, units_of(number))
                entries.append(JournalEntry(new.book, derived(owner, "units"), FundEntry.PURCHASE_CONFIRMED, DAY, 0, None, (line,)))
            await must_post(house, tx, await moment(tx), entries)


async def holdings_of(house: House, people: int) -> list[int]:
    """The accounts of the holdings, in the order of the people."""
    async with house.database.read() as tx:
        found = await house.ledger.find_accounts(tx, [_holding(house, number) for number in range(people)])
    return [number for number in found if number is not None]


def _holding(house: House, number: int) -> NewAccount:
    owner = person_of(number, house.books)
    return NewAccount(1 + number % house.books, Kind.HOLDING, owner, _ASSET, Limit.DEBITS_WITHIN_CREDITS)


class RegistrarsFiles:
    """What the registrar leaves in the exchange folder, day by day; `units` is what each holder should have after it."""

    def __init__(self, exchange: Path, people: int) -> None:
        self._folder = exchange / "from_registrar"
        self._folder.mkdir(parents=True)
        self.units = [units_of(number) for number in range(people)]

    def leave(self, day: date) -> list[str]:
        """07 and 06 of `day` for the day before, and their index; the names of the two files."""
        earned = day - timedelta(days=1)
        holders = [(f"{number:012d}", f"{number:017d}") for number in range(len(self.units))]
        shares = distribute(RATE, dict(zip(holders, self.units, strict=True)))
        quoted: dict[str, Value] = {
            "FundCode": FUND, "FundStatus": "0", "NAV": 10_000, "UpdateDate": write_date(earned), "TotalFundVol": sum(self.units),
            "FundIncome": RATE * 10, "FundIncomeFlag": "0", "Yield": YIELD * 100, "YieldFlag": "0",
            "FundDayIncome": day_income(RATE, sum(self.units)), "FundDayIncomeFlag": "0",
        }  # fmt: skip
        given: list[dict[str, Value]] = [
            {
                "TAAccountID": ta, "TransactionAccountID": trading, "FundCode": FUND, "DistributorCode": OWN_CHANNEL,
                "BasisforCalculatingDividend": units, "VolOfDividendforReinvestment": shares[ta, trading],
                "ConfirmedAmount": shares[ta, trading], "RegistrationDate": write_date(earned), "DividentDate": write_date(day),
                "ReturnCode": "0000", "BusinessCode": "143", "TASerialNO": ta,
            }
            for (ta, trading), units in zip(holders, self.units, strict=True)
        ]  # fmt: skip
        names = [self._write(day, "07", [quoted]), self._write(day, "06", given)]
        index = Index(IndexName(REGISTRAR, OWN_CHANNEL, day), tuple(DataFileName(REGISTRAR, OWN_CHANNEL, day, one) for one in ("07", "06")))
        (self._folder / str(index.name)).write_bytes(write_index(index))
        for place, holder in enumerate(holders):
            self.units[place] += shares[holder]
        return names

    def _write(self, day: date, file_type: str, records: Sequence[dict[str, Value]]) -> str:
        header = Header(REGISTRAR, OWN_CHANNEL, day, file_type, tuple(fields_of(file_type)), len(records))
        (self._folder / str(header.name)).write_bytes(write_data_file(header, records))
        return str(header.name)
