"""Holders of another distributor's channel, its order files, and the registrar's answers, for `tapwealth bench clearing`.

The files are written as streams, record by record, so that what the platform takes of the memory is the platform's. The answers are those
of a registrar without fault: every order is confirmed whole, in the order of its file.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from tapwealth.bench.load import DAY, NOW
from tapwealth.bench.purchase_town import ASSET, FUND, own_channel, shelve
from tapwealth.flows.bank.bank_messages import RECOGNISERS
from tapwealth.flows.bank.receipts import Pushed, receive
from tapwealth.flows.frame import House
from tapwealth.funds import store
from tapwealth.funds.store import FundAccount
from tapwealth.kernel.ids import named
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.wire.ofd import Header, Index, IndexName, Value, fields_of, write_date, write_index, write_records

CHANNEL, REGISTRAR = "996", "H0"
_COLLECTION = "0100000002"
_BEFORE = DAY - timedelta(days=1)
"""When the holders were made known to the registrar."""
_LEAST, _SPREAD, _AT_ONCE = 100, 999_983, 8_000


def amount_of(number: int) -> int:
    """What a holder orders each dealing day, in fen: from one yuan to 10,000."""
    return _LEAST + number * 7_919 % _SPREAD


async def found(house: House, people: int) -> list[int]:
    """Fill a fresh house: the fund on the channel's shelf, and its holders, whom the registrar knows. The accounts of their units."""
    await shelve(house, own_channel(), f"{CHANNEL}: {{own: false, minimum_purchase: 0.01}}")
    holdings: list[int] = []
    for first in range(0, people, _AT_ONCE):
        holders = [_holder(house, number) for number in range(first, min(first + _AT_ONCE, people))]
        async with house.database.transaction() as tx:
            await house.ledger.lock_books(tx, house.all_books)
            await store.add_accounts(tx, holders)
            wanted = [NewAccount(one.book, Kind.HOLDING, one.id, ASSET, Limit.DEBITS_WITHIN_CREDITS) for one in holders]
            holdings += await house.ledger.open_accounts(tx, wanted)
    return holdings


def _holder(house: House, number: int) -> FundAccount:
    book = 1 + number % house.books
    return FundAccount(
        book=book, id=named(NOW, book, f"holder {number}"), channel=CHANNEL, trading_account=_trading(number), ta_account=_ta(number),
        application_serial=f"{DAY:%Y%m%d}{number:016d}", business_code="008", sealed=b"", shown_name="*", state="open", reason="",
        business_date=_BEFORE, sent_on=_BEFORE, applied_at=NOW,
    )  # fmt: skip


def _trading(number: int) -> str:
    return f"{number:017d}"


def _ta(number: int) -> str:
    return f"{number:012d}"


async def pay_in(house: House, people: int, day: date) -> None:
    """The channel pays for a dealing day's orders."""
    amount = sum(map(amount_of, range(people)))
    pushed = Pushed(f"CH-{day:%Y%m%d}", _COLLECTION, amount, day, "channel", f"{CHANNEL} purchases")
    await receive(house, [pushed], RECOGNISERS)


def order_file(folder: Path, people: int, day: date) -> Path:
    """The channel's 03 of a dealing day: an order of each holder."""
    return _write(folder, Header(CHANNEL, REGISTRAR, day, "03", tuple(fields_of("03")), people), (_order(n, day) for n in range(people)))


def _order(number: int, day: date) -> dict[str, Value]:
    second = number % 36_000
    return {
        "AppSheetSerialNo": f"{day:%Y%m%d}{number:016d}", "BusinessCode": "022", "TransactionAccountID": _trading(number),
        "TAAccountID": _ta(number), "FundCode": FUND, "ApplicationAmount": amount_of(number), "TransactionDate": write_date(day),
        "TransactionTime": f"{second // 3_600:02d}{second // 60 % 60:02d}{second % 60:02d}", "DistributorCode": CHANNEL,
        "CurrencyType": "156", "IndividualOrInstitution": "1",
    }  # fmt: skip


def answer_file(exchange: Path, people: int, day: date, confirmed_on: date) -> None:
    """The registrar's 04 for that dealing day, with its index."""
    header = Header(REGISTRAR, CHANNEL, confirmed_on, "04", tuple(fields_of("04")), people)
    registrar_leaves(exchange, header, _answers(people, day, confirmed_on))


def registrar_leaves(exchange: Path, header: Header, records: Iterator[dict[str, Value]]) -> None:
    """A file of the registrar's with an index that names it alone."""
    folder = exchange / "from_registrar"
    _write(folder, header, records)
    index = Index(IndexName(header.creator, header.receiver, header.day), (header.name,))
    (folder / str(index.name)).write_bytes(write_index(index))


def _answers(people: int, day: date, confirmed_on: date) -> Iterator[dict[str, Value]]:
    for number in range(people):
        asked, amount = _order(number, day), amount_of(number)
        yield asked | {
            "BusinessCode": "122", "ConfirmedVol": amount, "ConfirmedAmount": amount, "TransactionCfmDate": write_date(confirmed_on),
            "ReturnCode": "0000", "TASerialNO": f"{number:020d}", "BusinessFinishFlag": "1", "DownLoaddate": write_date(confirmed_on),
            "NAV": 10_000, "FromTAFlag": "0",
        }  # fmt: skip


def _write(folder: Path, header: Header, records: Iterator[dict[str, Value]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / str(header.name)
    with path.open("wb") as stream:
        write_records(stream, header, records)
    return path
