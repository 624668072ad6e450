"""The journal entries of a claim's money, written out for an accountant: from the insurer to the wallet, and what comes back of it."""

from datetime import date
from uuid import UUID

from tapwealth.bank import entries as bank
from tapwealth.bank.entries import Part
from tapwealth.insurance import claim_entries
from tapwealth.insurance.claim_entries import ClaimMoney
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import BY_KIND, Kind, house_account
from tapwealth.ledger.port import JournalEntry, account_id, book_of_account

DAY = date(2014, 3, 3)
WALLET = account_id(3, 1_000_000_001)
MONEY = ClaimMoney(3, UUID("01446167-da80-7000-8000-c00000000002"), "CLM-1", WALLET, 75_000)
RESERVE, INSURER = "0100000001", "0200000002"
SERIAL = (1 << 48) - 1


def shown(entry: JournalEntry) -> list[str]:
    """Kind, Dr and Cr of each line with the amount in yuan; an entry stays in one book."""
    assert {book_of_account(account) for line in entry.lines for account in (line.debit, line.credit)} == {entry.book}

    def name(account: int) -> str:
        return "wallet of the insured" if account == WALLET else BY_KIND[Kind((account & SERIAL) % 1000)].name

    return [f"{entry.kind:d}: Dr {name(line.debit)} / Cr {name(line.credit)} {format_minor(line.amount)}" for line in entry.lines]


def test_every_event_of_a_claim() -> None:
    recovered = house_account(3, Kind.CLAIM_RECOVERED, Asset.CNY)
    payment, instruction = Part(3, 75_000, recovered), UUID(int=1)
    assert shown(claim_entries.claim_paid(MONEY, DAY, 9)) == ["640: Dr customer reserve / Cr wallet of the insured 750.00"]
    assert shown(claim_entries.claim_recovered(MONEY, DAY, 9)) == [
        "641: Dr customer reserve / Cr got back of claims, on its way to the insurer 750.00"
    ]
    assert shown(claim_entries.claim_given_back(MONEY, DAY, 9)) == [
        "642: Dr wallet of the insured / Cr got back of claims, on its way to the insurer 750.00"
    ]
    assert shown(bank.instructed(payment, 0, RESERVE, DAY, 9, instruction)) == [
        "101: Dr got back of claims, on its way to the insurer / Cr leaving the customer reserve 750.00"
    ]
    assert shown(bank.executed(payment, 0, RESERVE, INSURER, DAY, 9, instruction)) == [
        "102: Dr leaving the customer reserve / Cr customer reserve 750.00"
    ]


def test_each_payment_of_a_claim_has_its_own_key() -> None:
    made = [make(money, DAY, 9) for make in (claim_entries.claim_paid, claim_entries.claim_recovered, claim_entries.claim_given_back)
            for money in (MONEY, ClaimMoney(3, MONEY.claim, "CLM-2", WALLET, 75_000))]  # fmt: skip
    assert len({entry.key for entry in made}) == 6
