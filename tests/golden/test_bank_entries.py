"""The journal entries of money that moves through the partner bank and between books, written out for an accountant."""

from datetime import date
from uuid import UUID

import pytest

from tapwealth.bank import entries
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import BY_KIND, Kind, house_account
from tapwealth.ledger.port import JournalEntry, account_id, book_of_account

DAY = date(2014, 2, 24)
WALLET, MERCHANT, PAYEE = account_id(3, 1_000_000_001), account_id(3, 1_000_000_002), account_id(3, 1_000_000_003)
NAMES = {WALLET: "wallet", MERCHANT: "merchant", PAYEE: "wallet of the payee"}
ID = UUID("01446167-da80-7000-8000-c00000000001")
RESERVE, COLLECTION, OWN, ADVANCE = (
    NUMBER_OF[kind] for kind in (Kind.CUSTOMER_RESERVE, Kind.FUND_COLLECTION, Kind.OWN_MONEY, Kind.ADVANCE)
)
LINE = [house_account(book, Kind.ADVANCE_PAYABLE, Asset.CNY) for book in range(5)]

SERIAL = (1 << 48) - 1


def name(account: int) -> str:
    return NAMES.get(account) or BY_KIND[Kind((account & SERIAL) % 1000)].name


def shown(*made: JournalEntry) -> list[str]:
    """Date, what happened and in which book, then Dr and Cr with the amount in yuan."""
    lines = []
    for entry in made:
        lines.append(f"{entry.business_date} {entries.BankEntry(entry.kind).name} in book {entry.book}")
        for line in entry.lines:
            assert book_of_account(line.debit) == book_of_account(line.credit) == entry.book
            lines.append(f"  Dr {name(line.debit)} / Cr {name(line.credit)} {format_minor(line.amount)}")
    return lines


def test_a_payment_out_that_is_executed() -> None:
    """Set aside when it is instructed; it leaves the mirror when the bank has booked it, so that the mirror moves as the statement does."""
    part = Part(3, 100_50, WALLET)
    made = entries.instructed(part, 0, RESERVE, DAY, 9, ID), entries.executed(part, 0, RESERVE, "6214680012345672", DAY, 9, ID)
    assert shown(*made) == [
        "2014-02-24 INSTRUCTED in book 3",
        "  Dr wallet / Cr leaving the customer reserve 100.50",
        "2014-02-24 EXECUTED in book 3",
        "  Dr leaving the customer reserve / Cr customer reserve 100.50",
    ]


def test_a_payment_out_that_is_rejected() -> None:
    """The money is back where it came from; the mirror has not moved."""
    assert shown(entries.rejected(Part(3, 100_50, MERCHANT), 0, RESERVE, DAY, 9, ID)) == [
        "2014-02-24 REJECTED in book 3",
        "  Dr leaving the customer reserve / Cr merchant 100.50",
    ]


def test_a_campaigns_subsidy_from_the_sponsor_to_a_wallet_and_what_is_left_back() -> None:
    """Each book pays its wallets out of its share of the budget."""
    budget, share = account_id(0, 1_000_000_004), account_id(3, 1_000_000_005)
    NAMES.update({budget: "the campaign's, of the house", share: "the campaign's, of the book"})
    part = Part(3, 100_50, share, WALLET)
    made = (
        entries.received(0, ID, OWN, budget, 500_00, DAY, 9, known=True),
        *entries.allotted(budget, share, OWN, 100_50, ID, DAY, 9),
        entries.instructed(part, 0, OWN, DAY, 9, ID),
        entries.executed(part, 0, OWN, RESERVE, DAY, 9, ID),
        entries.instructed(Part(0, 399_50, budget), 0, OWN, DAY, 9, derived(ID, "back")),
    )
    assert shown(*made) == [
        "2014-02-24 RECEIVED in book 0",
        "  Dr own money / Cr the campaign's, of the house 500.00",
        "2014-02-24 ALLOTTED in book 0",
        "  Dr the campaign's, of the house / Cr own money 100.50",
        "2014-02-24 ALLOTTED in book 3",
        "  Dr own money / Cr the campaign's, of the book 100.50",
        "2014-02-24 INSTRUCTED in book 3",
        "  Dr the campaign's, of the book / Cr leaving our own money 100.50",
        "2014-02-24 EXECUTED in book 3",
        "  Dr leaving our own money / Cr own money 100.50",
        "  Dr customer reserve / Cr wallet 100.50",
        "2014-02-24 INSTRUCTED in book 0",
        "  Dr the campaign's, of the house / Cr leaving our own money 399.50",
    ]


def test_a_payment_between_two_accounts_of_ours() -> None:
    """It leaves one mirror and arrives at the other in one entry; what it is for is owed out of the other from then on."""
    source, target = (house_account(3, kind, Asset.CNY) for kind in (Kind.FUND_PURCHASE_IN_TRANSIT, Kind.FUND_PURCHASE_COLLECTED))
    part = Part(3, 100_50, source, target)
    assert shown(entries.instructed(part, 0, RESERVE, DAY, 9, ID), entries.executed(part, 0, RESERVE, COLLECTION, DAY, 9, ID)) == [
        "2014-02-24 INSTRUCTED in book 3",
        "  Dr purchases on their way to collection / Cr leaving the customer reserve 100.50",
        "2014-02-24 EXECUTED in book 3",
        "  Dr leaving the customer reserve / Cr customer reserve 100.50",
        "  Dr fund-sales collection / Cr purchases collected, not confirmed 100.50",
    ]


def test_money_that_is_collected_from_a_bound_card() -> None:
    """Nothing is set aside before: the wallet is credited when the bank has executed the debit."""
    assert shown(entries.money_in(Part(3, 500_00, 0, WALLET), 0, RESERVE, DAY, 9, ID)) == [
        "2014-02-24 MONEY_IN in book 3",
        "  Dr customer reserve / Cr wallet 500.00",
    ]


@pytest.mark.parametrize(("known", "kind"), [(True, "RECEIVED"), (False, "RECEIVED_UNKNOWN")])
def test_money_that_is_pushed_to_us(known: bool, kind: str) -> None:
    """Credited to whose it is, or to suspense until somebody says."""
    suspense = house_account(0, Kind.SUSPENSE, Asset.CNY)
    assert shown(entries.received(0, ID, RESERVE, suspense, 100_00, DAY, 9, known=known)) == [
        f"2014-02-24 {kind} in book 0",
        "  Dr customer reserve / Cr suspense 100.00",
    ]


def test_the_banks_line_is_allotted_to_a_book() -> None:
    """What is owed changes books together with what covers it; at the bank nothing moves."""
    assert shown(*entries.allotted(LINE[0], LINE[3], ADVANCE, 1_000_00, ID, DAY, 9)) == [
        "2014-02-24 ALLOTTED in book 0",
        "  Dr advance line owed to the bank / Cr bank's advance 1,000.00",
        "2014-02-24 ALLOTTED in book 3",
        "  Dr bank's advance / Cr advance line owed to the bank 1,000.00",
    ]


def test_money_that_people_of_one_book_send_each_other() -> None:
    assert shown(entries.sent(3, WALLET, PAYEE, 20_00, ID, DAY, 9)) == [
        "2014-02-24 SENT in book 3",
        "  Dr wallet / Cr wallet of the payee 20.00",
    ]


def test_money_that_is_sent_to_another_book_and_evened_out() -> None:
    """Transit owes it to the other book, and that book's transit is owed it, until the day's end moves the cover from mirror to mirror."""
    theirs = account_id(5, 1_000_000_007)
    NAMES[theirs] = "wallet in book 5"
    made = (
        entries.sent_to_book(3, WALLET, 20_00, ID, DAY, 9),
        entries.received_from_book(5, theirs, 20_00, ID, DAY, 9),
        entries.evened(3, 20_00, derived(ID, "3"), DAY, 9),
        entries.evened(5, -20_00, derived(ID, "5"), DAY, 9),
    )
    assert shown(*made) == [
        "2014-02-24 SENT_TO_BOOK in book 3",
        "  Dr wallet / Cr money between books 20.00",
        "2014-02-24 RECEIVED_FROM_BOOK in book 5",
        "  Dr money between books / Cr wallet in book 5 20.00",
        "2014-02-24 TRANSIT_EVENED in book 3",
        "  Dr money between books / Cr customer reserve 20.00",
        "2014-02-24 TRANSIT_EVENED in book 5",
        "  Dr customer reserve / Cr money between books 20.00",
    ]


def test_each_entry_has_a_key_of_its_own_and_each_part_too() -> None:
    """So that a repetition of any of them is known for one, and no two parts pass for each other."""
    part = Part(3, 100_50, WALLET)
    keys = {
        make(part, line, RESERVE, DAY, 9, ID).key for make in (entries.instructed, entries.rejected, entries.money_in) for line in (0, 1)
    }
    keys |= {entries.executed(part, line, RESERVE, "", DAY, 9, ID).key for line in (0, 1)}
    keys |= {one.key for taker in (3, 4) for one in entries.allotted(LINE[0], LINE[taker], ADVANCE, 1, ID, DAY, 9)}
    keys |= {entries.sent_to_book(3, WALLET, 1, ID, DAY, 9).key, entries.received_from_book(5, PAYEE, 1, ID, DAY, 9).key}
    assert len(keys) == 14


def test_interest_on_the_advance_line_that_is_accrued_and_charged() -> None:
    assert shown(entries.interest_accrued(0, ID, 1_25, DAY, 9), entries.interest_charged(0, ID, 3_75, DAY, 9)) == [
        "2014-02-24 INTEREST_ACCRUED in book 0",
        "  Dr what the advance line costs us / Cr interest on the advance line, not charged yet 1.25",
        "2014-02-24 INTEREST_CHARGED in book 0",
        "  Dr interest on the advance line, not charged yet / Cr own money 3.75",
    ]
