"""What a merchant pays for its receipts: a rate in 1/100 percent of the day's sales, half-up to the fen, at most a cap (0: none).

Rates of 2013-02-25 by category (dining and jewellery 1.25 %, general 0.78 %, livelihood 0.38 %) are the merchant's contract, so data.
"""

from fractions import Fraction

from tapwealth.kernel.money import half_up

_BASIS = 10_000


def merchant_fee(gross: int, fee_bp: int, fee_cap: int = 0) -> int:
    """Fee in fen on `gross` fen.

    >>> merchant_fee(10_000, 78)
    78
    """
    fee = half_up(Fraction(gross * fee_bp, _BASIS))
    return min(fee, fee_cap) if fee_cap else fee
