"""A money fund on the shelf, for towns that do not put it there by its two operators."""

from typing import Any

from tapwealth.flows.frame import House
from tapwealth.funds import store
from tapwealth.funds.store import Fund
from tapwealth.kernel.money import Asset
from tapwealth.ledger.install import house_accounts

UNITS = Asset(2)
MONEY_FUND = Fund("000198", UNITS, "天弘余额宝货币", "Tianhong Yu'E Bao", "H0", 1, 15, "0200000001")


async def put_on_the_shelf(house: House, tx: Any, fund: Fund = MONEY_FUND) -> None:
    await store.add_fund(tx, fund, [])
    await house.ledger.open_accounts(tx, house_accounts(house.books, fund.asset))
