"""What a new installation's books begin with."""

from tapwealth.ledger.chart import CHART, assets_of
from tapwealth.ledger.port import NewAccount


def house_accounts(books: int) -> list[NewAccount]:
    """Every house account of the chart in every book, the house's own included."""
    return [
        NewAccount(book, row.kind, None, asset, row.limit)
        for book in range(books + 1)
        for row in CHART
        if not row.personal
        for asset in assets_of(row)
    ]
