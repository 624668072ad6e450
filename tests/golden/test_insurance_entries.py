"""The journal entries of a policy's premium and refund, written out for an accountant, from the wallet to the insurer and back."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from tapwealth.acquiring import entries as acquiring
from tapwealth.acquiring.share_contract import Party, Revenue
from tapwealth.bank import entries as bank
from tapwealth.bank.entries import Part
from tapwealth.insurance import entries
from tapwealth.insurance.endorsement_entries import ChangeMoney, change_refunded, change_returned, change_taken
from tapwealth.insurance.entries import InsuranceEntry, LaterPremium, Premium
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.chart import BY_KIND, Kind, house_account
from tapwealth.ledger.port import JournalEntry, Share, account_id, book_of_account

DAY = date(2014, 2, 24)
WALLET = account_id(3, 1_000_000_001)
PREMIUM = Premium(3, UUID("01446167-da80-7000-8000-c00000000002"), WALLET, 76_000)
RESERVE, TRUST = "0100000001", "0100000003"

SERIAL = (1 << 48) - 1


def name(account: int) -> str:
    if account == HOLDING:
        return "units of the policyholder"
    return "wallet of the policyholder" if account == WALLET else BY_KIND[Kind((account & SERIAL) % 1000)].name


def shown(entry: JournalEntry) -> list[str]:
    """Dr and Cr of each line with the amount in yuan; an entry stays in one book."""
    assert {book_of_account(account) for line in entry.lines for account in (line.debit, line.credit)} == {entry.book}
    return [f"Dr {name(line.debit)} / Cr {name(line.credit)} {format_minor(line.amount)}" for line in entry.lines]


def test_a_premium_goes_to_the_insurer() -> None:
    transit, insurer = house_account(3, Kind.PREMIUM_IN_TRANSIT, Asset.CNY), house_account(3, Kind.INSURER, Asset.CNY)
    sweep, payout, instruction = Part(3, 76_000, transit, insurer), Part(3, 76_000, insurer), UUID(int=1)
    assert shown(entries.premium_taken(PREMIUM, DAY, 9)) == ["Dr wallet of the policyholder / Cr premiums on their way to the trust 760.00"]
    assert shown(bank.instructed(sweep, 0, RESERVE, DAY, 9, instruction)) == [
        "Dr premiums on their way to the trust / Cr leaving the customer reserve 760.00"
    ]
    assert shown(bank.executed(sweep, 0, RESERVE, TRUST, DAY, 9, instruction)) == [
        "Dr leaving the customer reserve / Cr customer reserve 760.00",
        "Dr premium trust / Cr owed to the insurer 760.00",
    ]
    assert shown(bank.instructed(payout, 0, TRUST, DAY, 9, instruction)) == ["Dr owed to the insurer / Cr leaving the premium trust 760.00"]
    assert shown(bank.executed(payout, 0, TRUST, "0200000002", DAY, 9, instruction)) == [
        "Dr leaving the premium trust / Cr premium trust 760.00"
    ]


def test_what_the_insurer_refuses_goes_back() -> None:
    entry = entries.premium_returned(PREMIUM, DAY, 9)
    assert shown(entry) == ["Dr premiums on their way to the trust / Cr wallet of the policyholder 760.00"]
    assert (entry.kind, entry.reference) == (InsuranceEntry.PREMIUM_RETURNED, PREMIUM.policy)


def test_a_refund_comes_by_the_bank() -> None:
    refund = Premium(3, PREMIUM.policy, WALLET, 75_792)
    assert shown(entries.refund_received(refund, DAY, 9)) == ["Dr customer reserve / Cr wallet of the policyholder 757.92"]


def test_each_entry_has_its_own_key() -> None:
    made = [make(PREMIUM, DAY, 9) for make in (entries.premium_taken, entries.premium_returned, entries.refund_received)]
    assert len({entry.key for entry in made}) == 3


LATER = LaterPremium(3, UUID(int=7), PREMIUM.policy, WALLET, 76_000)
UNITS = Asset(2)
HOLDING = account_id(3, 1_000_000_002)


def test_a_premium_of_a_later_year_and_of_a_renewal_comes_from_the_wallet_and_a_fund() -> None:
    assert shown(entries.later_premium_taken(LATER, DAY, 9)) == [
        "Dr wallet of the policyholder / Cr premiums on their way to the trust 760.00"
    ]
    part = replace(LATER, funds=(Share(HOLDING, 26_000, UNITS),))
    assert shown(entries.later_premium_taken(part, DAY, 9)) == [
        "Dr wallet of the policyholder / Cr premiums on their way to the trust 500.00",
        "Dr units of the policyholder / Cr units on their way to the advancer 260.00",
        "Dr advance line owed to the bank / Cr leaving the bank's advance 260.00",
        "Dr advance money on its way to the reserve / Cr premiums on their way to the trust 260.00",
    ]
    renewed = replace(PREMIUM, funds=part.funds)
    assert shown(entries.premium_taken(renewed, DAY, 9)) == shown(entries.later_premium_taken(part, DAY, 9))
    whole = replace(LATER, funds=(Share(HOLDING, 76_000, UNITS),))
    assert not any("wallet" in line for line in shown(entries.later_premium_taken(whole, DAY, 9)))


def test_what_is_owed_is_paid_with_interest_or_goes_back() -> None:
    arrears = replace(LATER, amount=77_200, arrears=True)
    taken, returned = entries.later_premium_taken(arrears, DAY, 9), entries.later_premium_returned(arrears, DAY, 9)
    assert (taken.kind, shown(taken)) == (
        InsuranceEntry.ARREARS_TAKEN, ["Dr wallet of the policyholder / Cr premiums on their way to the trust 772.00"]
    )  # fmt: skip
    assert (returned.kind, shown(returned)) == (
        InsuranceEntry.ARREARS_RETURNED, ["Dr premiums on their way to the trust / Cr wallet of the policyholder 772.00"]
    )  # fmt: skip
    assert entries.later_premium_returned(LATER, DAY, 9).kind == InsuranceEntry.LATER_PREMIUM_RETURNED
    assert {taken.reference, returned.reference} == {PREMIUM.policy}


def test_a_cash_value_comes_by_the_bank() -> None:
    made = entries.lapse_refunded(replace(LATER, amount=45_000), DAY, 9)
    assert (made.kind, shown(made)) == (InsuranceEntry.LAPSE_REFUNDED, ["Dr customer reserve / Cr wallet of the policyholder 450.00"])


def test_a_change_of_occupation_is_paid_for_given_back_and_refunded() -> None:
    """400,000 of cover from class one to class two with nine months left."""
    change = ChangeMoney(3, UUID("01446167-da80-7000-8000-c00000000009"), PREMIUM.policy, WALLET, 15_000)
    taken, returned, refunded = (make(change, DAY, 9) for make in (change_taken, change_returned, change_refunded))
    assert shown(taken) == ["Dr wallet of the policyholder / Cr premiums on their way to the trust 150.00"]
    assert shown(returned) == ["Dr premiums on their way to the trust / Cr wallet of the policyholder 150.00"]
    assert shown(refunded) == ["Dr customer reserve / Cr wallet of the policyholder 150.00"]
    assert [int(one.kind) for one in (taken, returned, refunded)] == [660, 661, 662]
    assert len({one.key for one in (taken, returned, refunded)}) == 3
    assert {one.reference for one in (taken, returned, refunded)} == {PREMIUM.policy}


KEY = UUID("01446167-da80-7000-8000-000000000003")


def test_commission_goes_to_our_own_money_and_to_whom_it_belongs() -> None:
    """Of 760.00 a fifth: the insurer is paid 608.00, and the two who run the house share 152.00."""
    commission, own = house_account(3, Kind.COMMISSION, Asset.CNY), house_account(3, Kind.COMMISSION_OWN, Asset.CNY)
    moved, instruction = Part(3, 15_200, commission, own), UUID(int=2)
    assert shown(entries.commission_had(3, KEY, 15_200, DAY, 9)) == [
        "Dr owed to the insurer / Cr commission still in the premium trust 152.00"
    ]
    assert shown(bank.instructed(moved, 0, TRUST, DAY, 9, instruction)) == [
        "Dr commission still in the premium trust / Cr leaving the premium trust 152.00"
    ]
    assert shown(bank.executed(moved, 0, TRUST, "0100000004", DAY, 9, instruction)) == [
        "Dr leaving the premium trust / Cr premium trust 152.00",
        "Dr own money / Cr commission in our own money 152.00",
    ]
    parts = {(Revenue.COMMISSION, Party.BANK): 6_080, (Revenue.COMMISSION, Party.PHONE_MAKER): 9_120, (Revenue.ISSUER, Party.BANK): -19}
    assert shown(acquiring.shared(0, KEY, parts, DAY, 9)) == [
        "Dr the bank's share of fees and commission / Cr fees in our own money 0.19",
        "Dr commission in our own money / Cr the bank's share of fees and commission 60.80",
        "Dr commission in our own money / Cr the phone maker's share of fees and commission 91.20",
    ]


def test_commission_is_given_back_out_of_our_own_money() -> None:
    """755.84 of 760.00 came back: so does 151.17 of the commission, by way of the trust."""
    commission, own = house_account(3, Kind.COMMISSION, Asset.CNY), house_account(3, Kind.COMMISSION_OWN, Asset.CNY)
    called, instruction = Part(3, 15_117, own, commission), UUID(int=3)
    assert shown(bank.instructed(called, 0, "0100000004", DAY, 9, instruction)) == [
        "Dr commission in our own money / Cr leaving our own money 151.17"
    ]
    assert shown(bank.executed(called, 0, "0100000004", TRUST, DAY, 9, instruction)) == [
        "Dr leaving our own money / Cr own money 151.17",
        "Dr premium trust / Cr commission still in the premium trust 151.17",
    ]
    entry = entries.commission_given_back(3, KEY, 15_117, DAY, 9)
    assert shown(entry) == ["Dr commission still in the premium trust / Cr owed to the insurer 151.17"]
    assert (entry.kind, entry.reference) == (InsuranceEntry.COMMISSION_GIVEN_BACK, KEY)
