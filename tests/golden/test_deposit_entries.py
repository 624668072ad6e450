"""The journal entries of deposits, written out for an accountant, from the wallet to the bank and back."""

from datetime import date
from uuid import UUID

import pytest

from tapwealth.bank import entries as bank
from tapwealth.bank.entries import Part
from tapwealth.deposits import entries
from tapwealth.deposits.entries import DepositEntry, Held
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import BY_KIND, Kind, house_account
from tapwealth.ledger.port import JournalEntry, account_id, book_of_account

DAY = date(2014, 2, 24)
HELD = Held(3, UUID("01446167-da80-7000-8000-c00000000002"), account_id(3, 1_000_000_002), account_id(3, 1_000_000_001))
RESERVE, DEPOSITS = "0100000001", "0100000006"
KEY = UUID(int=7)
SERIAL = (1 << 48) - 1


def name(account: int) -> str:
    own = {HELD.account: "deposit", HELD.wallet: "wallet of the depositor"}
    return own[account] if account in own else BY_KIND[Kind((account & SERIAL) % 1000)].name


def shown(entry: JournalEntry) -> list[str]:
    """Dr and Cr of each line with the amount in yuan; an entry stays in one book."""
    assert {book_of_account(account) for line in entry.lines for account in (line.debit, line.credit)} == {entry.book}
    return [f"Dr {name(line.debit)} / Cr {name(line.credit)} {format_minor(line.amount)}" for line in entry.lines]


@pytest.mark.parametrize("kind", [DepositEntry.OPENED, DepositEntry.PAID_IN])
def test_a_deposit_is_paid_from_the_wallet(kind: DepositEntry) -> None:
    entry = entries.paid_in(HELD, KEY, 10_000_00, kind, DAY, 9)
    assert shown(entry) == [
        "Dr wallet of the depositor / Cr between wallets and deposits 10,000.00",
        "Dr between deposits and wallets / Cr deposit 10,000.00",
    ]
    assert (entry.kind, entry.reference) == (kind, HELD.deposit)


@pytest.mark.parametrize("kind", [DepositEntry.WITHDRAWN, DepositEntry.MATURED])
def test_what_is_paid_out_comes_with_its_interest(kind: DepositEntry) -> None:
    entry = entries.paid_out(HELD, KEY, 10_000_00, 303_00, kind, DAY, 9)
    assert shown(entry) == [
        "Dr deposit / Cr between deposits and wallets 10,000.00",
        "Dr interest the bank has yet to pay to deposits / Cr between deposits and wallets 303.00",
        "Dr between wallets and deposits / Cr wallet of the depositor 10,303.00",
    ]
    assert (entry.kind, entry.reference) == (kind, HELD.deposit)


def test_nothing_is_posted_for_interest_that_there_is_not() -> None:
    assert shown(entries.paid_out(HELD, KEY, 50, 0, DepositEntry.WITHDRAWN, DAY, 9)) == [
        "Dr deposit / Cr between deposits and wallets 0.50",
        "Dr between wallets and deposits / Cr wallet of the depositor 0.50",
    ]


@pytest.mark.parametrize("kind", [DepositEntry.RENEWED, DepositEntry.INTEREST_CREDITED])
def test_interest_becomes_principal(kind: DepositEntry) -> None:
    entry = entries.credited(HELD, KEY, 303_00, kind, DAY, 9)
    assert shown(entry) == ["Dr interest the bank has yet to pay to deposits / Cr deposit 303.00"]
    assert (entry.kind, entry.reference) == (kind, HELD.deposit)


def test_the_bank_pays_its_interest() -> None:
    entry = entries.interest_arrived(3, KEY, 303_00, DAY, 9)
    assert shown(entry) == ["Dr deposits at the bank / Cr interest the bank has yet to pay to deposits 303.00"]


def test_the_net_of_a_book_goes_to_deposits_and_back() -> None:
    transit, due = house_account(3, Kind.DEPOSIT_IN_TRANSIT, Asset.CNY), house_account(3, Kind.DEPOSIT_DUE, Asset.CNY)
    there, back, instruction = Part(3, 10_000_00, transit, due), Part(3, 10_303_00, due, transit), UUID(int=1)
    assert shown(bank.instructed(there, 0, RESERVE, DAY, 9, instruction)) == [
        "Dr between wallets and deposits / Cr leaving the customer reserve 10,000.00"
    ]
    assert shown(bank.executed(there, 0, RESERVE, DEPOSITS, DAY, 9, instruction)) == [
        "Dr leaving the customer reserve / Cr customer reserve 10,000.00",
        "Dr deposits at the bank / Cr between deposits and wallets 10,000.00",
    ]
    assert shown(bank.instructed(back, 0, DEPOSITS, DAY, 9, instruction)) == [
        "Dr between deposits and wallets / Cr leaving the deposits at the bank 10,303.00"
    ]
    assert shown(bank.executed(back, 0, DEPOSITS, RESERVE, DAY, 9, instruction)) == [
        "Dr leaving the deposits at the bank / Cr deposits at the bank 10,303.00",
        "Dr customer reserve / Cr between wallets and deposits 10,303.00",
    ]
