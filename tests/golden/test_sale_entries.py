"""The entry that seals records of sales, written out, and the bytes of a record."""

from datetime import date
from uuid import UUID

from tapwealth.acquiring.entries import AcquiringEntry
from tapwealth.bank.entries import BankEntry
from tapwealth.bills.entries import BillEntry
from tapwealth.catalogue.entries import SaleEntry, sales_of_before_sealed, sales_sealed
from tapwealth.catalogue.sale import Fact, Offer, Sale, SaleKind, Signed, written
from tapwealth.clearing.entries import ClearingEntry
from tapwealth.funds.entries import FundEntry
from tapwealth.insurance.entries import InsuranceEntry
from tapwealth.issuing.entries import TapEntry
from tapwealth.kernel.ids import book_of
from tapwealth.kernel.money import format_minor
from tapwealth.ledger.chart import BY_KIND, Kind
from tapwealth.ledger.port import book_of_account

DAY = date(2014, 2, 24)
SERIAL = (1 << 48) - 1
FIRST = UUID("01446167-da80-7000-8000-c00000000001")
OFFER = Offer(
    kind=SaleKind.POLICY,
    product="ACC1",
    version=1,
    language="zh",
    title="一年期意外险",
    facts=[Fact("保额", "400,000.00元")],
    warnings=["本产品没有犹豫期。"],
)
SALE = Sale(
    sale=FIRST,
    kind=SaleKind.POLICY,
    product="ACC1",
    version=1,
    person=UUID("01446167-da80-7000-8000-c00000000002"),
    offer=written(OFFER).digest.hex(),
    at="2014-02-24T01:00:00Z",
    terms={"premium": 76_000},
    confirmed=("terms",),
    signed=Signed("customer", "cus_1", "device", device="ab"),
)


def test_sales_are_sealed_by_an_entry_that_moves_nothing() -> None:
    digests = [written(SALE).digest, written(OFFER).digest]
    entry = sales_sealed(3, FIRST, digests, DAY, 9)
    names = [
        f"Dr {BY_KIND[Kind((line.debit & SERIAL) % 1000)].name} / Cr {BY_KIND[Kind((line.credit & SERIAL) % 1000)].name}"
        f" {format_minor(line.amount)}"
        for line in entry.lines
    ]
    assert names == [
        "Dr records of sales, in and out again / Cr records of sales, sealed 0.02",
        "Dr records of sales, sealed / Cr records of sales, in and out again 0.02",
    ]
    assert {book_of_account(account) for line in entry.lines for account in (line.debit, line.credit)} == {entry.book} == {3}
    assert (entry.kind, entry.business_date, entry.actor) == (SaleEntry.SALES_SEALED, DAY, 9)
    assert str(entry.reference) == "e2a63e44-1086-3c2e-8601-f20eefcc269c"
    assert entry.reference != sales_sealed(3, FIRST, digests[::-1], DAY, 9).reference, "their order counts"


def test_sales_of_before_are_sealed_by_an_entry_of_another_kind_under_a_key_of_their_own() -> None:
    entry = sales_of_before_sealed(3, FIRST, 7, UUID(int=5), DAY, 9)
    assert entry[:1] + entry[2:6] == (3, SaleEntry.SALES_OF_BEFORE_SEALED, DAY, 9, UUID(int=5))
    usual = sales_sealed(3, FIRST, [b"1"] * 7, DAY, 9)
    assert (entry.lines, entry.kind) == (usual.lines, 801)
    assert entry.key != usual.key
    assert book_of(entry.key) == 3


def test_a_record_is_written_as_the_same_bytes_for_ever() -> None:
    """UTF-8, keys in order, no spaces; the hash is of these bytes."""
    assert written(OFFER).text == (
        '{"confirms":[],"documents":[],"facts":[{"name":"保额","text":"400,000.00元"}],"kind":"policy","language":"zh","pr'
        'oduct":"ACC1","title":"一年期意外险","version":1,"warnings":["本产品没有犹豫期。"]}'
    )
    assert written(SALE).text == (
        '{"at":"2014-02-24T01:00:00Z","confirmed":["terms"],"kind":"policy","offer":"a83fd5745be77145670b09b9e6de87238e'
        'c8f5c48850a960c889793eaaa18d40","person":"01446167-da80-7000-8000-c00000000002","product":"ACC1","sale":"01446'
        '167-da80-7000-8000-c00000000001","signed":{"by":"device","client":"","device":"ab","kind":"customer","scope":"'
        '","who":"cus_1"},"terms":{"premium":76000},"version":1}'
    )


def test_no_two_capabilities_give_their_entries_the_same_kind() -> None:
    every = (AcquiringEntry, BankEntry, BillEntry, ClearingEntry, FundEntry, InsuranceEntry, SaleEntry, TapEntry)
    kinds = [int(one) for entries in every for one in entries]
    assert len(set(kinds)) == len(kinds)
