"""What a fund is to the rest of the house."""

from typing import NamedTuple

from tapwealth.kernel.money import Asset


class Pocket(NamedTuple):
    """The fund behind customers' pockets: the ledger's number of its units, and its code."""

    units: Asset
    fund: str
