"""What the fortnight comes to: all that can be compared between two runs of it, and a transcript for an accountant."""

from collections import Counter
from pathlib import Path
from typing import Any

from fortnight import DAYS, LAST, SHARE_UNITS, Fortnight
from fortnight_raises import RAISED_UNITS
from shelf import UNITS

from tapwealth.flows.funds.raises import raise_findings
from tapwealth.flows.funds.shown import shown_findings
from tapwealth.flows.funds.units import compare
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.ledger.audit import audit
from tapwealth.ledger.chart import BY_KIND, Kind
from tapwealth.sandbox.registrar import register


async def outcome_of(on: Fortnight) -> dict[str, Any]:
    """What can be compared: units and orders of all, the books by date, what partners keep, files, breaks, the audit."""
    async with on.house.database.read() as tx:
        compared = await compare(on.house, tx, LAST)
        books = [
            (day, ASSETS[Asset(asset)], line.kind, book, line.totals.owed)
            for day in DAYS
            for (book, asset), lines in (await on.house.ledger.trial_balances(tx, range(on.house.books + 1), day)).items()
            for line in lines
            if line.totals.owed
        ]
        orders = await tx.fetch(
            "select serial, channel, fund, business_code, state, funding <> 0 as funding, amount, units, confirmed_amount, confirmed_units,"
            " dealing_date, business_date from fund_order order by serial"
        )
        breaks = await tx.fetch("select business_date, source, kind, item, amount, accounted from reconciliation_break order by 1, 2, 3, 4")
        said = await tx.fetch(
            "select business_date, fund, channel, sum(units)::bigint from registrar_holding group by 1, 2, 3 order by 1, 2, 3"
        )
        periods = await tx.fetch(
            "select p.fund, r.period, r.day, r.state from fund_plan_run r join fund_plan p on p.book = r.book and p.id = r.plan"
            " order by 1, 2, 3"
        )
        raised = await tx.fetch("select fund, sold, arrivals, ended, ended_on from raise_offering order by fund")
        subscribed = await tx.fetch(
            "select s.fund, s.arrival, s.asked, s.given, s.accepted_on, s.interest, s.ended_on, o.state, o.confirmed_units, o.return_code"
            " from subscription s join fund_order o on o.book = s.book and o.id = s.fund_order order by 1, 2"
        )
        closed = await tx.fetchval("select count(*) from business_day where state = 'closed'")
    with on.registrar.store.tx() as store:
        registers = register.dump(store)
    with on.bank.store.tx() as store:
        bookings = [tuple(row) for row in store.execute("SELECT account, day, amount, text FROM booking ORDER BY 1, 2, 3, 4")]
    return {
        "units": {
            (fund, one.channel, *key): held.units[key]
            for fund, held in compared.registers.items()
            for key, one in held.holders.items()
            if held.units.get(key)
        },
        "wrong": [one.text for one in compared.breaks],
        "books": books,
        "holdings": [tuple(row) for row in said],
        "orders": [dict(row) for row in orders],
        "plans": [tuple(row) for row in periods],
        "raises": [tuple(row) for row in raised],
        "subscriptions": [tuple(row) for row in subscribed],
        "breaks": [tuple(map(str, row)) for row in breaks],
        "closed": closed,
        "registrar": registers,
        "bank": bookings,
        "files": {path.name: path.read_bytes() for side in ("to_registrar", "from_registrar") for path in _files(on.folder, side)},
        "clean": (await audit(on.house.database, on.house.rails.heads.lines(), also=[shown_findings, raise_findings]))["clean"],
    }


ASSETS = {Asset.CNY: "yuan", UNITS: "units", SHARE_UNITS: "shares", RAISED_UNITS: "raised"}


def transcript(outcome: dict[str, Any]) -> str:
    """The dates as an accountant would read them: units by channel at the registrar, then what the books owe by kind of account."""
    lines = ["National Day 2013, units by channel and the books by kind of account, all books together, at the end of each date"]
    for day in DAYS:
        lines.append(f"{day} {day:%a}")
        lines += [
            f"  {f'{fund} {channel}':>52} {format_minor(units):>16} units" for on, fund, channel, units in outcome["holdings"] if on == day
        ]
        sums = Counter[tuple[str, str]]()
        for on, asset, kind, _, owed_ in outcome["books"]:
            if on == day:
                sums[asset, BY_KIND[Kind(kind)].name] += owed_
        lines += [f"  {name:>52} {format_minor(amount):>16} {asset}" for (asset, name), amount in sorted(sums.items()) if amount]
    counts = Counter((one["channel"], one["business_code"], one["state"]) for one in outcome["orders"])
    lines += ["orders by channel, business code and state"]
    lines += [f"  {channel} {code} {state:<10} {count:>5}" for (channel, code, state), count in sorted(counts.items())]
    return "\n".join(lines) + "\n"


def _files(folder: Path, side: str) -> list[Path]:
    return sorted(path for path in (folder / "exchange" / side).iterdir() if not path.name.startswith("."))
