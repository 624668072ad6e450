"""Whose a merchant's fee is: issuer, network and acquirer have their parts of it (what of it is the bank's and the phone maker's is said
in `share_contract`).

The issuer's and the network's part are reckoned for each sale by a published tariff; what is left of the merchant's fee is the acquirer's.
That can be less than nothing: what merchants pay is by contract, and since 2016 the acquirer's price is the market's.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from tapwealth.acquiring.fee import Change, Rate


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

    @property
    def fee(self) -> int:
        return self.issuer + self.network + self.acquirer


def shares(changes: Iterable[Change], price: Rate, tariff: Tariff) -> FeeShares:
    """What these sales and refunds cost a merchant who pays that price, and whose it is."""
    fee = issuer = network = 0
    for change in changes:
        of_issuer = tariff.network_of_issuer.by(change)
        fee += price.by(change)
        issuer += tariff.issuer.by(change) - of_issuer
        network += of_issuer + tariff.network_of_acquirer.by(change)
    return FeeShares(issuer, network, fee - issuer - network)
