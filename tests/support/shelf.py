"""A money fund on the shelf, for towns that do not put it there by its two operators."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tapwealth.catalogue import store as catalogue
from tapwealth.catalogue.definition import Definition, Eligibility, Names, ProductKind
from tapwealth.catalogue.version import State, Step
from tapwealth.flows.frame import House, moment, must_post
from tapwealth.funds import store
from tapwealth.funds.product import FundChannel, MoneyFundParameters
from tapwealth.funds.store import Fund, SalesChannel
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import named
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.install import house_accounts
from tapwealth.ledger.port import JournalEntry, Limit, Line, NewAccount, Op

UNITS = Asset(2)
MONEY_FUND = Fund("000198", UNITS, "天弘余额宝货币", "Tianhong Yu'E Bao", "H0", 1, 15, "0200000001")


async def shelve(tx: Any, fund: Fund, channels: Sequence[SalesChannel] = ()) -> None:
    """A fund and the version of the catalogue that it follows from."""
    terms = {one.code: FundChannel(one.own, one.minimum_purchase, one.day_cap, one.holding_cap) for one in channels}
    master = MoneyFundParameters(registrar=fund.registrar, custody_account=fund.custody_account, cut_off_hour=fund.cut_off_hour)
    names, eligible = Names(fund.name, fund.name_en), Eligibility(risk_level=fund.risk_level)
    said = Definition(fund.code, ProductKind.MONEY_FUND, names, master, terms, eligibility=eligible)
    version = await catalogue.add_version(tx, said, 0, datetime(2014, 1, 1, tzinfo=UTC))
    await catalogue.add_step(tx, version, Step(State.ON_SALE, 0, datetime(2014, 1, 1, tzinfo=UTC)))
    await store.put_fund(tx, fund, channels)


async def put_on_the_shelf(house: House, tx: Any, fund: Fund = MONEY_FUND) -> None:
    await shelve(tx, fund)
    await house.ledger.open_accounts(tx, house_accounts(house.books, fund.asset))


async def give_units(house: House, book: int, owner: UUID, units: int, asset: Asset, name: str) -> int:
    """So many units of a fund, confirmed, once under that name; the holding's account."""
    async with house.database.transaction() as tx:
        wanted = NewAccount(book, Kind.HOLDING, owner, asset, Limit.DEBITS_WITHIN_CREDITS)
        (holding,) = await house.ledger.open_accounts(tx, [wanted])
        at = await moment(tx)
        line = Line(Op.POST, house_account(book, Kind.REGISTRAR_MIRROR, asset), holding, asset, units)
        key = named(at.now, book, f"units {owner} {name}")
        await must_post(house, tx, at, [JournalEntry(book, key, 401, business_date_of(at.now), 1, None, (line,))])
    return holding
