"""Whose a merchant's fee is: issuer, network and acquirer have their parts of it.

The issuer's and the network's part are reckoned for each sale by a published tariff, each half-up to the fen and then cut at its cap; what
is left of the merchant's fee is the acquirer's. That can be less than nothing: what merchants pay is by contract, and since 2016 the
acquirer's price is the market's. A refund gives back what the tariff takes of its own amount.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from tapwealth.kernel.money import half_up

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Rate:
    """A part of a sale in millionths, at most `cap` fen (0: none)."""

    per_million: int = 0
    cap: int = 0

    def of(self, amount: int) -> int:
        """Fen of `amount` fen; below zero for a refund.

        >>> Rate(3_500, 13_00).of(10_000), Rate(3_500, 13_00).of(1_000_000)
        (35, 1300)
        """
        fee = half_up(Fraction(abs(amount) * self.per_million, _MILLION))
        fee = min(fee, self.cap) if self.cap else fee
        return fee if amount >= 0 else -fee


@dataclass(frozen=True, slots=True)
class Tariff:
    """What the acquirer owes the issuer, and what each of the two owes the network, for a sale."""

    issuer: Rate
    network_of_issuer: Rate
    network_of_acquirer: Rate


@dataclass(frozen=True, slots=True)
class FeeShares:
    """Fen; together they are the merchant's fee."""

    issuer: int
    network: int
    acquirer: int


def shares(fee: int, amounts: Iterable[int], tariff: Tariff) -> FeeShares:
    """How a merchant's `fee` is shared, for sales of these `amounts` (fen; a refund is below zero)."""
    issuer = network = 0
    for amount in amounts:
        of_issuer = tariff.network_of_issuer.of(amount)
        issuer += tariff.issuer.of(amount) - of_issuer
        network += of_issuer + tariff.network_of_acquirer.of(amount)
    return FeeShares(issuer, network, fee - issuer - network)
