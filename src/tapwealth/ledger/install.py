"""What a new installation's books begin with, and what a fund on the shelf adds to them."""

from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import CHART
from tapwealth.ledger.port import NewAccount


def house_accounts(books: int, asset: Asset = Asset.CNY) -> list[NewAccount]:
    """The house accounts of the chart in every book, the house's own included: of money, or of the units of a fund."""
    return [
        NewAccount(book, row.kind, None, asset, row.limit)
        for book in range(books + 1)
        for row in CHART
        if not row.personal and row.units is (asset != Asset.CNY)
    ]
