"""The proof of units: what each holder has here against what the registrar's holdings (05) of a date say, and against its lots.

Captured units that are on their way to the advancer stand with their holder at the registrar until it has moved them (198): they are listed
as transit.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from tapwealth.bank import store as bank
from tapwealth.bank.store import BreakRow
from tapwealth.flows.end_of_day import StepReport, wait_while
from tapwealth.flows.frame import House, moment
from tapwealth.flows.funds.income import Register, registers_on
from tapwealth.funds import exchange_store, lots_store, orders_store, store
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.income import Account
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.store import FundAccount
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.words import counted
from tapwealth.storage.database import Tx
from tapwealth.wire.ofd import DataFileName

SOURCE = "units"

HolderName = tuple[str, str, str, str]
"""(fund, channel, TA account, trading account)."""


async def receive_holdings(house: House, day: date) -> StepReport:
    """The registrar's holdings (05) of the date, for each channel that has holders there; they come by the exchange folder."""

    async def on_the_way(tx: Tx) -> bool:
        return bool(await _missing(tx, day))

    await wait_while(house, on_the_way)
    async with house.database.read() as tx:
        missing = await _missing(tx, day)
    lacking = [f"the registrar's holdings (05) of {day} for channel {one} are not in" for one in missing]
    return StepReport(f"{counted(len(missing), 'holdings file')} missing" if missing else "the holdings files are in", {}, lacking)


async def _missing(tx: Tx, day: date) -> list[str]:
    """Channels whose 05 of that date is not in. A file without a record is a file."""
    channels = {one.channel for one in await store.open_accounts_of_fund(tx)}
    registrar = next((one.registrar for one in (await store.funds(tx)).values()), "")
    names = {str(DataFileName(registrar, channel, day, "05")): channel for channel in sorted(channels)}
    known = await exchange_store.file_known(tx, list(names))
    return [channel for name, channel in names.items() if name not in known]


async def prove_units(house: House, day: date) -> StepReport:
    """Each holder's units against the registrar's holdings; captured units still with the holder there are listed."""
    async with house.database.transaction() as tx:
        at = await moment(tx)
        compared = await compare(house, tx, day)
        found = await bank.replace_breaks(tx, day, SOURCE, compared.breaks, at.now)
    figures = {
        "holders": len(compared.holders),
        "ours": compared.ours,
        "transit_098": [{"item": order.serial, "units": order.units} for order in compared.coming],
        "registrar": sum(compared.said.values()),
    }
    text = f"{counted(len(compared.holders), 'holder')} against the registrar"
    return StepReport(text, figures, [one.text for one in found if not one.accounted])


@dataclass(frozen=True, slots=True)
class Compared:
    """Our registers by fund, the captured units on their way to the advancer, the registrar's word, and what does not agree."""

    registers: Mapping[str, Register]
    coming: tuple[OrderRow, ...]
    said: Mapping[HolderName, int]
    breaks: tuple[BreakRow, ...]

    @property
    def holders(self) -> set[Account]:
        return {key for one in self.registers.values() for key in one.holders}

    @property
    def ours(self) -> int:
        """Units of all funds."""
        return sum(one.total for one in self.registers.values())


async def compare(house: House, tx: Tx, day: date) -> Compared:
    """Every holder of every fund, known to either side."""
    registers = await registers_on(house, tx, day, coming=False)
    coming = tuple(await orders_store.fast_transfers_under_way(tx, day))
    said = await exchange_store.holdings_on(tx, day)
    transit: Counter[tuple[str, UUID]] = Counter()
    for order in coming:
        transit[order.fund, order.fund_account] += order.units
    ours = {
        (fund, one.channel, *key): register.units.get(key, 0) + transit[fund, one.id]
        for fund, register in registers.items()
        for key, one in register.holders.items()
    }
    found = [_break(day, name, ours.get(name, 0), said.get(name, 0)) for name in {**ours, **said}]
    priced = {fund: one for fund, one in registers.items() if one.fund.kind is FundKind.NAV}
    found += _lots_differ(day, priced, await lots_store.units_on(tx, day) if priced else {})
    return Compared(registers, coming, said, tuple(one for one in found if one is not None))


def _lots_differ(day: date, registers: Mapping[str, Register], lots: Mapping[tuple[UUID, str], int]) -> list[BreakRow | None]:
    """Holders of funds with a NAV whose units are not what their lots come to: a redemption's fee would be another one."""
    return [
        _lot_break(day, fund, one, register.units.get(key, 0), lots.get((one.id, fund), 0))
        for fund, register in registers.items()
        for key, one in register.holders.items()
    ]


def _lot_break(day: date, fund: str, holder: FundAccount, units: int, lots: int) -> BreakRow | None:
    if units == lots:
        return None
    name = f"{holder.ta_account or '-'}/{holder.trading_account}"
    text = (
        f"{holder.channel} on {day}, holder {name}: {format_minor(units)} units of {fund} are held, their lots come to"
        f" {format_minor(lots)}; find what came or went without a lot before anything of it is redeemed"
    )
    return BreakRow(SOURCE, "lots_differ", f"{fund} {holder.channel} {name}", lots - units, text, accounted=False)


def wrong_of(compared: Compared) -> set[tuple[str, str, int]]:
    """(kind, item, difference) of what does not agree."""
    return {(one.kind, one.item, one.amount) for one in compared.breaks}


def _break(day: date, name: HolderName, ours: int, registrar: int) -> BreakRow | None:
    if ours == registrar:
        return None
    fund, channel, ta_account, trading_account = name
    item = f"{fund} {channel} {ta_account or '-'}/{trading_account}"
    text = (
        f"{channel} on {day}, holder {ta_account or '-'}/{trading_account}: here {format_minor(ours)} units of {fund}, by the"
        f" registrar's 05 {format_minor(registrar)}; ask the registrar for a right file, or correct ours"
    )
    return BreakRow(SOURCE, "units_differ", item, registrar - ours, text, accounted=False)
