"""The chart of accounts: what kinds of account a book has, which of our bank accounts backs each, and which side is limited.

A *mirror* stands for one of our accounts at the partner bank and is debit-normal; everything else in CNY is owed from one mirror or
lies between two, so that per book: a mirror = what is owed from it + what is in transit. In fund units the registrar's mirror backs the
holdings.
"""

from enum import IntEnum
from typing import NamedTuple

from tapwealth.ledger.port import Limit, account_id


class Kind(IntEnum):
    """The number is stored, and is the serial of the house account together with the asset; below 1000."""

    # Mirrors of accounts at the partner bank, and for each the payments instructed and not executed yet
    CUSTOMER_RESERVE = 101
    FUND_COLLECTION = 102
    PREMIUM_TRUST = 103
    OWN_MONEY = 104
    ADVANCE = 105
    DEPOSITS = 106
    CUSTOMER_RESERVE_OUT = 111
    FUND_COLLECTION_OUT = 112
    PREMIUM_TRUST_OUT = 113
    OWN_MONEY_OUT = 114
    ADVANCE_OUT = 115
    DEPOSITS_OUT = 116

    # Owed to somebody
    WALLET = 201
    MERCHANT = 202
    BILLER = 203
    INSURER = 204
    ADVANCE_PAYABLE = 205
    CHANNEL_FUNDS = 206
    ELECTRONIC_CASH = 207
    CARD_NETWORK = 208
    DEPOSIT = 209
    WEALTH_SUBSCRIBED = 210
    ADVANCE_INTEREST_DUE = 211
    WEALTH = 212

    # On the way
    FUND_PURCHASE_IN_TRANSIT = 301
    FUND_PURCHASE_COLLECTED = 302
    FUND_REDEMPTION_IN_TRANSIT = 303
    FUND_REDEMPTION_DUE = 304
    ADVANCE_REPAYMENT_DUE = 305
    PREMIUM_IN_TRANSIT = 306
    BANK_IN = 307
    BOOK_TRANSIT = 308
    RESERVE_DUE = 309
    CARD_DUE = 310
    REDEMPTION_DUE_COLLECTION = 311
    RAISE_IN_TRANSIT = 315
    RAISE_COLLECTED = 316
    COMMISSION = 323
    DEPOSIT_IN_TRANSIT = 317
    DEPOSIT_DUE = 318
    DEPOSIT_INTEREST_DUE = 319
    CLAIM_RECOVERED = 320

    # What is not known yet
    SUSPENSE = 401
    INSURER_SUSPENSE = 402
    NETWORK_DISPUTED = 403

    # Result
    CUSTOMER_RECEIVABLE = 501
    FEES = 502
    FEES_OWN = 503
    OWN_CAPITAL = 504
    CAMPAIGN_SUBSIDY = 505
    ADVANCE_INTEREST = 506
    BILL_FEES = 507
    COMMISSION_OWN = 508
    SHARE_BANK = 521
    SHARE_PHONE_MAKER = 522

    # Fund units
    HOLDING = 601
    ADVANCER = 602
    REGISTRAR_MIRROR = 603
    TRANSIT_098 = 604
    UNFOLDED_INCOME = 607
    ARCHIVED_INCOME = 608

    # Nobody's: what hangs on the chain by going in and out again
    SALES_RECORDED = 701
    SALES_SEALED = 702


class ChartRow(NamedTuple):
    """`mirror`: the kind that backs it (itself for a mirror). `personal`: opened for owners, not by the house. `units`: of a fund."""

    kind: Kind
    name: str
    mirror: Kind
    limit: Limit = Limit.NONE
    personal: bool = False
    units: bool = False


_WITHIN = Limit.DEBITS_WITHIN_CREDITS

CHART: tuple[ChartRow, ...] = (
    ChartRow(Kind.CUSTOMER_RESERVE, "customer reserve", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.FUND_COLLECTION, "fund-sales collection", Kind.FUND_COLLECTION),
    ChartRow(Kind.PREMIUM_TRUST, "premium trust", Kind.PREMIUM_TRUST),
    ChartRow(Kind.OWN_MONEY, "own money", Kind.OWN_MONEY),
    ChartRow(Kind.ADVANCE, "bank's advance", Kind.ADVANCE),
    ChartRow(Kind.DEPOSITS, "deposits at the bank", Kind.DEPOSITS),
    ChartRow(Kind.CUSTOMER_RESERVE_OUT, "leaving the customer reserve", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.FUND_COLLECTION_OUT, "leaving the fund-sales collection", Kind.FUND_COLLECTION),
    ChartRow(Kind.PREMIUM_TRUST_OUT, "leaving the premium trust", Kind.PREMIUM_TRUST),
    ChartRow(Kind.OWN_MONEY_OUT, "leaving our own money", Kind.OWN_MONEY),
    ChartRow(Kind.ADVANCE_OUT, "leaving the bank's advance", Kind.ADVANCE),
    ChartRow(Kind.DEPOSITS_OUT, "leaving the deposits at the bank", Kind.DEPOSITS),
    ChartRow(Kind.WALLET, "wallet", Kind.CUSTOMER_RESERVE, _WITHIN, personal=True),
    ChartRow(Kind.ELECTRONIC_CASH, "electronic cash on a card", Kind.CUSTOMER_RESERVE, _WITHIN, personal=True),
    ChartRow(Kind.MERCHANT, "owed to a merchant", Kind.CUSTOMER_RESERVE, _WITHIN, personal=True),
    ChartRow(Kind.BILLER, "owed to a biller", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.INSURER, "owed to the insurer", Kind.PREMIUM_TRUST),
    ChartRow(Kind.ADVANCE_PAYABLE, "advance line owed to the bank", Kind.ADVANCE, _WITHIN),
    ChartRow(Kind.CHANNEL_FUNDS, "another channel's purchase money", Kind.FUND_COLLECTION),
    ChartRow(Kind.CARD_NETWORK, "owed to the card network", Kind.OWN_MONEY),
    ChartRow(Kind.DEPOSIT, "deposit", Kind.DEPOSITS, _WITHIN, personal=True),
    ChartRow(Kind.WEALTH_SUBSCRIBED, "subscribed to a wealth product, still raised", Kind.DEPOSITS, _WITHIN, personal=True),
    ChartRow(Kind.WEALTH, "in a wealth product", Kind.DEPOSITS, _WITHIN, personal=True),
    ChartRow(Kind.ADVANCE_INTEREST_DUE, "interest on the advance line, not charged yet", Kind.OWN_MONEY),
    ChartRow(Kind.FUND_PURCHASE_IN_TRANSIT, "purchases on their way to collection", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.FUND_PURCHASE_COLLECTED, "purchases collected, not confirmed", Kind.FUND_COLLECTION),
    ChartRow(Kind.RAISE_IN_TRANSIT, "subscriptions on their way to collection", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.RAISE_COLLECTED, "subscriptions collected, the fund not formed", Kind.FUND_COLLECTION),
    ChartRow(Kind.FUND_REDEMPTION_IN_TRANSIT, "redemptions on their way to wallets", Kind.FUND_COLLECTION),
    ChartRow(Kind.REDEMPTION_DUE_COLLECTION, "redemptions the registrar has yet to pay to collection", Kind.FUND_COLLECTION),
    ChartRow(Kind.FUND_REDEMPTION_DUE, "redemptions the registrar has yet to pay", Kind.ADVANCE),
    ChartRow(Kind.ADVANCE_REPAYMENT_DUE, "advance to be repaid by a redemption", Kind.ADVANCE),
    ChartRow(Kind.PREMIUM_IN_TRANSIT, "premiums on their way to the trust", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.DEPOSIT_IN_TRANSIT, "between wallets and deposits", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.DEPOSIT_DUE, "between deposits and wallets", Kind.DEPOSITS),
    ChartRow(Kind.DEPOSIT_INTEREST_DUE, "interest the bank has yet to pay to deposits", Kind.DEPOSITS),
    ChartRow(Kind.CLAIM_RECOVERED, "got back of claims, on its way to the insurer", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.BANK_IN, "money arriving from the bank", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.BOOK_TRANSIT, "money between books", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.RESERVE_DUE, "advance money on its way to the reserve", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.CARD_DUE, "due from customers' banks for taps", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.SUSPENSE, "suspense", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.INSURER_SUSPENSE, "suspense with the insurer", Kind.PREMIUM_TRUST),
    ChartRow(Kind.NETWORK_DISPUTED, "disputed with the card network", Kind.OWN_MONEY),
    ChartRow(Kind.CUSTOMER_RECEIVABLE, "owed to us by customers", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.FEES, "fees still in the customer reserve", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.BILL_FEES, "payers' fees for bills, still in the customer reserve", Kind.CUSTOMER_RESERVE),
    ChartRow(Kind.FEES_OWN, "fees in our own money", Kind.OWN_MONEY),
    ChartRow(Kind.COMMISSION, "commission still in the premium trust", Kind.PREMIUM_TRUST),
    ChartRow(Kind.COMMISSION_OWN, "commission in our own money", Kind.OWN_MONEY),
    ChartRow(Kind.OWN_CAPITAL, "the house's own capital", Kind.OWN_MONEY),
    ChartRow(Kind.CAMPAIGN_SUBSIDY, "a campaign's money, not granted yet", Kind.OWN_MONEY, _WITHIN, personal=True),
    ChartRow(Kind.ADVANCE_INTEREST, "what the advance line costs us", Kind.OWN_MONEY),
    ChartRow(Kind.SHARE_BANK, "the bank's share of fees and commission", Kind.OWN_MONEY),
    ChartRow(Kind.SHARE_PHONE_MAKER, "the phone maker's share of fees and commission", Kind.OWN_MONEY),
    ChartRow(Kind.HOLDING, "fund holding", Kind.REGISTRAR_MIRROR, _WITHIN, personal=True, units=True),
    ChartRow(Kind.ADVANCER, "units the advance has taken over", Kind.REGISTRAR_MIRROR, units=True),
    ChartRow(Kind.REGISTRAR_MIRROR, "units at the registrar", Kind.REGISTRAR_MIRROR, units=True),
    ChartRow(Kind.TRANSIT_098, "units on their way to the advancer", Kind.REGISTRAR_MIRROR, units=True),
    ChartRow(Kind.UNFOLDED_INCOME, "income given, not folded into holdings yet", Kind.REGISTRAR_MIRROR, units=True),
    ChartRow(Kind.ARCHIVED_INCOME, "income of years that were archived, in and out again", Kind.REGISTRAR_MIRROR, units=True),
    ChartRow(Kind.SALES_RECORDED, "records of sales, in and out again", Kind.OWN_MONEY),
    ChartRow(Kind.SALES_SEALED, "records of sales, sealed", Kind.OWN_MONEY),
)

BY_KIND = {row.kind: row for row in CHART}

POOL, POOLED = Kind.UNFOLDED_INCOME, Kind.HOLDING
"""Where the shares of a spread lie, and the kind of account that each belongs to: they are shown there."""

HOUSE_SERIALS_PER_ASSET = 1000


def house_account(book: int, kind: int, asset: int) -> int:
    """The id of a house account, known without a look-up."""
    return account_id(book, asset * HOUSE_SERIALS_PER_ASSET + kind)
