"""The network's price list: what the acquirer pays the issuer, and what each of the two pays the network, of one transaction.

By the notices of 2013 (by trade) and 2016 (one rate for debit cards). Half-up to the fen, then cut at a cap; public hospitals and schools
are free in both. The network keeps a list of its own: whoever pays by it should reckon for himself.
"""

from typing import NamedTuple

_MILLION = 1_000_000


class Rate(NamedTuple):
    """Millionths of the amount, at most `cap` fen (0: none)."""

    per_million: int
    cap: int = 0

    def of(self, amount: int) -> int:
        """Fen of `amount` fen."""
        fee = (2 * amount * self.per_million + _MILLION) // (2 * _MILLION)
        return min(fee, self.cap) if self.cap else fee


class Fees(NamedTuple):
    """Fen: from the acquirer to the issuer, from the issuer and from the acquirer to the network."""

    interchange: int
    issuer_fee: int
    acquirer_fee: int


_FREE = (Rate(0), Rate(0), Rate(0))
_WELFARE = "8062 8211 8220 8398"
_DEBIT = (Rate(3_500, 13_00), Rate(325, 3_25), Rate(325, 3_25))
_GENERAL_2013 = (Rate(5_500), Rate(0), Rate(800))
_DINING, _PROPERTY = (Rate(9_000), Rate(0), Rate(1_300)), (Rate(9_000, 60_00), Rate(0), Rate(1_300, 10_00))
_WHOLESALE, _LIVELIHOOD = (Rate(5_500, 20_00), Rate(0), Rate(800, 2_50)), (Rate(2_600), Rate(0), Rate(400))
_BY_TRADE_2013 = {
    "5812 5813 5814 7011 5094 5944 5932 5937 5950 5970 5971 7832 7911 7922 7929 7932 7933 7992 7993 7994 7997 7298": _DINING,
    "1520 7013 5511 5521 5561 5571 5592 5598 5599": _PROPERTY,
    "4458 5021 5039 5044 5045 5046 5047 5051 5065 5072 5074 5111 5122 5131 5137 5139 5172 5192 5193 5198 5398 5998": _WHOLESALE,
    "5300 5411 4900 5541 5542 4111 4112 4131 4511": _LIVELIHOOD,
}
_TRADE_2013 = {code: rates for codes, rates in _BY_TRADE_2013.items() for code in codes.split()}

TARIFFS = ("current", "2014")
"""Names of the two lists: that of 2016, and that of 2013, which was in force in 2014."""


def fees(tariff: str, category_code: str, amount: int) -> Fees:
    """By one of the `TARIFFS`, of `amount` fen at a merchant of that category (ISO 18245).

    >>> fees("current", "5812", 100_00), fees("2014", "5812", 100_00)
    (Fees(interchange=35, issuer_fee=3, acquirer_fee=3), Fees(interchange=90, issuer_fee=0, acquirer_fee=13))
    """
    rates = _DEBIT if tariff == "current" else _TRADE_2013.get(category_code, _GENERAL_2013)
    if category_code in _WELFARE.split():
        rates = _FREE
    return Fees(*(rate.of(amount) for rate in rates))
