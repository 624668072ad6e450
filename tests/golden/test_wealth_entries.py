"""The journal entries of the bank's wealth products, written out for an accountant, from the wallet to the bank and back."""

from datetime import date
from uuid import UUID

from tapwealth.deposits import raise_entries as entries
from tapwealth.deposits.raise_entries import RaiseEntry, Stake
from tapwealth.kernel.money import format_minor
from tapwealth.ledger.chart import BY_KIND, Kind
from tapwealth.ledger.port import JournalEntry, account_id, book_of_account

DAY = date(2014, 2, 24)
STAKE = Stake(3, UUID("01446167-da80-7000-8000-c00000000002"), *(account_id(3, 1_000_000_000 + number) for number in (1, 2, 3)))
OWN = {
    STAKE.wallet: "wallet of the customer",
    STAKE.raised: BY_KIND[Kind.WEALTH_SUBSCRIBED].name,
    STAKE.formed: BY_KIND[Kind.WEALTH].name,
}


def shown(entry: JournalEntry) -> list[str]:
    """Dr and Cr of each line with the amount in yuan; an entry stays in one book, and names the subscription."""
    assert {book_of_account(account) for line in entry.lines for account in (line.debit, line.credit)} == {entry.book}
    assert (entry.reference, entry.business_date, entry.actor) == (STAKE.subscription, DAY, 9)
    return [f"Dr {name(line.debit)} / Cr {name(line.credit)} {format_minor(line.amount)}" for line in entry.lines]


def name(account: int) -> str:
    return OWN.get(account) or BY_KIND[Kind((account & ((1 << 48) - 1)) % 1000)].name


def test_money_is_subscribed_from_the_wallet() -> None:
    assert shown(entries.subscribed(STAKE, 100_000_00, DAY, 9)) == [
        "Dr wallet of the customer / Cr between wallets and deposits 100,000.00",
        "Dr between deposits and wallets / Cr subscribed to a wealth product, still raised 100,000.00",
    ]


def test_what_was_allotted_is_in_the_product() -> None:
    assert shown(entries.formed(STAKE, 40_000_00, DAY, 9)) == [
        "Dr subscribed to a wealth product, still raised / Cr in a wealth product 40,000.00"
    ]


def test_the_rest_comes_back_with_the_interest_of_the_raise_apart_from_the_principal() -> None:
    assert shown(entries.given_back(STAKE, 60_000_00, 11_11, DAY, 9)) == [
        "Dr subscribed to a wealth product, still raised / Cr between deposits and wallets 60,000.00",
        "Dr interest the bank has yet to pay to deposits / Cr between deposits and wallets 11.11",
        "Dr between wallets and deposits / Cr wallet of the customer 60,011.11",
    ]
    assert shown(entries.given_back(STAKE, 0, 11_11, DAY, 9)) == [
        "Dr interest the bank has yet to pay to deposits / Cr between deposits and wallets 11.11",
        "Dr between wallets and deposits / Cr wallet of the customer 11.11",
    ]


def test_a_cancelled_one_comes_back_at_once() -> None:
    assert shown(entries.cancelled(STAKE, 60_000_00, 0, DAY, 9)) == [
        "Dr subscribed to a wealth product, still raised / Cr between deposits and wallets 60,000.00",
        "Dr between wallets and deposits / Cr wallet of the customer 60,000.00",
    ]


def test_principal_and_gain_come_at_maturity() -> None:
    assert shown(entries.matured(STAKE, 100_000_00, 672_66, DAY, 9)) == [
        "Dr in a wealth product / Cr between deposits and wallets 100,000.00",
        "Dr interest the bank has yet to pay to deposits / Cr between deposits and wallets 672.66",
        "Dr between wallets and deposits / Cr wallet of the customer 100,672.66",
    ]


def test_each_event_has_a_kind_and_a_key_of_its_own() -> None:
    made = [
        entries.subscribed(STAKE, 1, DAY, 9), entries.cancelled(STAKE, 1, 0, DAY, 9), entries.formed(STAKE, 1, DAY, 9),
        entries.given_back(STAKE, 1, 0, DAY, 9), entries.matured(STAKE, 1, 0, DAY, 9),
    ]  # fmt: skip
    assert [one.kind for one in made] == list(RaiseEntry)
    assert len({one.key for one in made}) == len(made)
