"""The journal entries of a bill payment, written out for an accountant."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from shelf import UNITS

from tapwealth.bills import entries
from tapwealth.bills.entries import BillMoney
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import book_of, derived
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import BY_KIND, Kind
from tapwealth.ledger.port import JournalEntry, Op, Share, account_id, book_of_account

DAY = date(2014, 2, 24)
WALLET, BILLER = account_id(3, 1_000_000_001), account_id(3, 1_000_000_002)
HOLDING, OTHER = account_id(3, 1_000_000_003), account_id(3, 1_000_000_004)
NAMES = {WALLET: "wallet of the payer", BILLER: "owed to the biller", HOLDING: "holding of the payer", OTHER: "other holding of the payer"}
MONEY = BillMoney(3, UUID("01446167-da80-7000-8000-c00000000001"), 10_050, WALLET, BILLER)

SERIAL = (1 << 48) - 1


def name(account: int) -> str:
    return NAMES.get(account) or BY_KIND[Kind((account & SERIAL) % 1000)].name


def shown(entry: JournalEntry) -> list[str]:
    """Date, what happened, then Dr and Cr with the amount in yuan."""
    lines = [f"{entry.business_date} {entries.BillEntry(entry.kind).name}"]
    for line in entry.lines:
        assert book_of_account(line.debit) == book_of_account(line.credit) == entry.book == book_of(entry.key)
        lines.append(f"  Dr {name(line.debit)} / Cr {name(line.credit)} {format_minor(line.amount)}")
    return lines


def test_a_bill_that_is_paid() -> None:
    assert shown(entries.debited(MONEY, DAY, 9)) + shown(entries.paid(MONEY, DAY, 9)) == [
        "2014-02-24 DEBITED",
        "  Dr wallet of the payer / Cr suspense 100.50",
        "2014-02-24 PAID",
        "  Dr suspense / Cr owed to the biller 100.50",
    ]


def test_a_bill_that_is_refunded_and_then_found_to_be_paid() -> None:
    assert shown(entries.refunded(MONEY, DAY, 9)) + shown(entries.late_success(MONEY, DAY, 9)) == [
        "2014-02-24 REFUNDED",
        "  Dr suspense / Cr wallet of the payer 100.50",
        "2014-02-24 LATE_SUCCESS",
        "  Dr owed to us by customers / Cr owed to the biller 100.50",
    ]


def test_a_bill_that_wallet_and_fund_pay_together() -> None:
    from_fund = replace(MONEY, funds=(Share(HOLDING, 7_000, UNITS),))
    three = [
        "  Dr wallet of the payer / Cr owed to the biller 30.50",
        "  Dr holding of the payer / Cr units on their way to the advancer 70.00",
        "  Dr advance line owed to the bank / Cr leaving the bank's advance 70.00",
    ]
    assert shown(entries.held(from_fund, DAY, 9, shanghai(DAY, 9))) == ["2014-02-24 HELD", *three]
    assert shown(entries.captured(from_fund, DAY, 9)) == [
        "2014-02-24 CAPTURED",
        *three,
        "  Dr advance money on its way to the reserve / Cr owed to the biller 70.00",
    ]
    assert shown(entries.released(from_fund, DAY, 9)) == ["2014-02-24 RELEASED", *three]
    ops = [[line.op for line in make.lines] for make in (entries.captured(from_fund, DAY, 9), entries.released(from_fund, DAY, 9))]
    assert ops == [[Op.CAPTURE] * 3 + [Op.POST], [Op.RELEASE] * 3]
    assert entries.captured(from_fund, DAY, 9).key == entries.released(from_fund, DAY, 9).key, "it ends in one of the two"


def test_a_bill_that_the_fund_pays_alone_holds_nothing_of_the_wallet() -> None:
    alone = replace(MONEY, funds=(Share(HOLDING, MONEY.amount, UNITS),))
    assert len(entries.held(alone, DAY, 9, shanghai(DAY, 9)).lines) == 2


def test_a_bill_that_wallet_and_two_funds_pay_together() -> None:
    """Each fund's units are held by themselves, the bank's line in one."""
    both = replace(MONEY, funds=(Share(HOLDING, 4_000, UNITS), Share(OTHER, 3_000, Asset(UNITS + 1))))
    four = [
        "  Dr wallet of the payer / Cr owed to the biller 30.50",
        "  Dr holding of the payer / Cr units on their way to the advancer 40.00",
        "  Dr other holding of the payer / Cr units on their way to the advancer 30.00",
        "  Dr advance line owed to the bank / Cr leaving the bank's advance 70.00",
    ]
    held, ended = entries.held(both, DAY, 9, shanghai(DAY, 9)), entries.captured(both, DAY, 9)
    assert shown(held) == ["2014-02-24 HELD", *four]
    assert shown(ended)[1:] == [*four, "  Dr advance money on its way to the reserve / Cr owed to the biller 70.00"]
    assert [line.asset for line in held.lines] == [Asset.CNY, UNITS, UNITS + 1, Asset.CNY]
    assert len({line.hold for line in held.lines}) == 4


def test_what_a_biller_pays_for_its_payments() -> None:
    kept = entries.fee_kept(3, UUID("01446167-da80-7000-8000-c00000000009"), BILLER, 150, DAY, 9)
    assert shown(kept) == ["2014-02-24 FEE_KEPT", "  Dr owed to the biller / Cr fees still in the customer reserve 1.50"]


def test_every_event_of_a_bill_is_written_out_here() -> None:
    """Who adds one adds its golden entry, and changes this list."""
    assert [one.name for one in entries.BillEntry] == [
        *("DEBITED", "PAID", "REFUNDED", "LATE_SUCCESS", "HELD", "CAPTURED", "RELEASED", "FEE_KEPT"),
    ]


def test_paid_and_refunded_exclude_each_other() -> None:
    """They have one key, so that the ledger takes only one of them; every other entry has its own."""
    assert entries.paid(MONEY, DAY, 9).key == entries.refunded(MONEY, DAY, 9).key == derived(MONEY.id, "settled")
    keys = {make(MONEY, DAY, 9).key for make in (entries.debited, entries.paid, entries.late_success)}
    assert len(keys) == 3
    assert all(make(MONEY, DAY, 9).reference == MONEY.id for make in (entries.debited, entries.paid, entries.refunded))


def test_a_bill_with_a_fee_of_the_payers() -> None:
    with_fee = replace(MONEY, fee=100)
    assert [
        line for make in (entries.debited, entries.paid, entries.refunded, entries.late_success) for line in shown(make(with_fee, DAY, 9))
    ] == [
        "2014-02-24 DEBITED",
        "  Dr wallet of the payer / Cr suspense 100.50",
        "  Dr wallet of the payer / Cr suspense 1.00",
        "2014-02-24 PAID",
        "  Dr suspense / Cr owed to the biller 100.50",
        "  Dr suspense / Cr payers' fees for bills, still in the customer reserve 1.00",
        "2014-02-24 REFUNDED",
        "  Dr suspense / Cr wallet of the payer 100.50",
        "  Dr suspense / Cr wallet of the payer 1.00",
        "2014-02-24 LATE_SUCCESS",
        "  Dr owed to us by customers / Cr owed to the biller 100.50",
        "  Dr owed to us by customers / Cr payers' fees for bills, still in the customer reserve 1.00",
    ]


def test_a_fee_is_the_last_that_funds_pay() -> None:
    wallet_pays_it = replace(MONEY, fee=100, funds=(Share(HOLDING, 7_000, UNITS),))
    advance = "  Dr advance line owed to the bank / Cr leaving the bank's advance"
    assert shown(entries.held(wallet_pays_it, DAY, 9, shanghai(DAY, 9))) == [
        "2014-02-24 HELD",
        "  Dr wallet of the payer / Cr owed to the biller 30.50",
        "  Dr wallet of the payer / Cr payers' fees for bills, still in the customer reserve 1.00",
        "  Dr holding of the payer / Cr units on their way to the advancer 70.00",
        f"{advance} 70.00",
    ]
    all_of_it = replace(MONEY, fee=100, funds=(Share(HOLDING, 10_110, UNITS),))
    assert shown(entries.captured(all_of_it, DAY, 9)) == [
        "2014-02-24 CAPTURED",
        "  Dr wallet of the payer / Cr payers' fees for bills, still in the customer reserve 0.40",
        "  Dr holding of the payer / Cr units on their way to the advancer 101.10",
        f"{advance} 101.10",
        "  Dr advance money on its way to the reserve / Cr owed to the biller 100.50",
        "  Dr advance money on its way to the reserve / Cr payers' fees for bills, still in the customer reserve 0.60",
    ]
    ops = [[line.op for line in make(all_of_it, DAY, 9).lines] for make in (entries.captured, entries.released)]
    assert ops == [[Op.CAPTURE] * 3 + [Op.POST] * 2, [Op.RELEASE] * 3]
