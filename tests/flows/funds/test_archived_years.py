"""A year of income is archived: its holders see what they saw, and income that comes late for it is refused."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from bill_town import MONDAY, Person
from fund_town import ADVANCE, FUND, FundTown, accounts, order, orders

from tapwealth.app.house import archives_in
from tapwealth.flows.catalogue import sales
from tapwealth.flows.catalogue.sales import SaleShown, sale_findings
from tapwealth.flows.funds import file_tables
from tapwealth.flows.funds.income_given import income_of
from tapwealth.flows.funds.shown import shown_findings
from tapwealth.flows.reports.customers import customer_view, everybody
from tapwealth.flows.reports.returns import returns_of
from tapwealth.funds.shown_store import archived_purchases
from tapwealth.kernel.clock import shanghai
from tapwealth.ledger.archives import Year
from tapwealth.ledger.archiving import archive_year
from tapwealth.ledger.audit import audit_snapshot
from tapwealth.ledger.findings import Finding, Wrong
from tapwealth.ledger.port import CloseRefusal
from tapwealth.ledger.postgres import PostgresLedger

DAYS = 4


async def archive(place: FundTown, folder: Path) -> None:
    """Close the year as it stands, and move it."""
    house = place.house
    async with house.database.transaction() as tx:
        for day in [*(MONDAY + timedelta(days=offset) for offset in range(-1, 9)), date(2014, 12, 31)]:
            for book in range(house.books + 1):
                assert not isinstance(await house.ledger.close_date(tx, place.biller.now, book, day), CloseRefusal)
    archives = archives_in(folder)
    assert await archive_year(house.database, PostgresLedger(house.books, archives), archives, 2014)


async def seen(place: FundTown, people: tuple[Person, ...]) -> list[Any]:
    """All that holders are shown of their income: the page, the statement, each day's, what it brought."""
    async with place.house.database.read() as tx:
        views = [await customer_view(place.house, tx, row, 1) for row in await everybody(tx)]
        given = [await income_of(place.house, tx, one.book, one.id) for one in people]
        brought = [await returns_of(place.house, tx, one.book, one.id, {FUND: 5_000_000}) for one in people]
    assert all(len(one) >= DAYS for one in given)
    assert all(view.cumulative_income == sum(one.amount for one in view.income_curve) > 0 for view in views)
    return [views, given, brought]


async def test_holders_see_the_same_after_their_year_is_archived(place: FundTown, tmp_path: Path) -> None:
    wang, li = await place.person("Wang", 10_000_000), await place.person("Li", 10_000_000)
    await place.receipt(9_000_000, "LINE", "advance", ADVANCE)
    await place.buy(place.order(wang, 1_234_567), place.order(li, 540_000))
    for offset in range(DAYS + 2):
        await place.next_day(MONDAY + timedelta(days=offset))
        if offset == 3:
            await place.pays_from_the_fund(wang, 1_000, MONDAY + timedelta(days=4))
    before, units = await seen(place, (wang, li)), await place.units(wang, li)
    bought = [order.id for one in (wang, li) for order in await place.orders_of(one) if order.business_code == "022"]
    await archive(place, tmp_path)
    async with place.house.database.read() as tx:
        assert await tx.fetchval("select count(*) from fund_income where amount > 0") == 0, "nothing is left in the database to read"
        assert (await audit_snapshot(tx, archives=archives_in(tmp_path), also=[sale_findings(place.house.keys)])).findings == ()
        sold = [await sales.shown(place.house, tx, place.house.all_books, one) for one in bought]
    assert [isinstance(one, SaleShown) and one.proved for one in sold] == [True, True], "what they were shown is proved as before"
    assert await seen(place, (wang, li)) == before
    assert await place.units(wang, li) == units


def damage(file: Path) -> None:
    """In the middle of its pages."""
    whole = file.read_bytes()
    file.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])


async def planted(place: FundTown, folder: Path, what: str) -> list[Finding]:
    """What the audit says when the owner of the database has changed one of the other channel's orders; it is taken back."""
    owner = await asyncpg.connect(place.house.database._dsn, server_settings={"search_path": "tapwealth"})
    change = owner.transaction()
    await change.start()
    assert await owner.execute(f"{what} where channel = '996' and serial = (select max(serial) from fund_order where channel = '996')") in (
        "UPDATE 1",
        "DELETE 1",
    )
    found = (await audit_snapshot(owner, archives=archives_in(folder), also=[shown_findings])).findings
    await change.rollback()
    await owner.close()
    return [one for one in found if one.wrong is Wrong.SHOWN_CHANGED]


async def test_of_a_lost_archive_the_audit_names_that_and_goes_on(place: FundTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another channel's orders were confirmed by spreads that are in the files: what they gave cannot be compared."""
    monkeypatch.setattr(file_tables, "LEAST", 0)
    assert await place.hand_in(accounts([1, 2])) is None
    await place.receipt(300_000)
    assert await place.hand_in(orders([order(1, 100_000), order(2, 200_000)])) is None
    for offset in range(3):
        await place.next_day(MONDAY + timedelta(days=offset))
    await archive(place, tmp_path)
    files = list(tmp_path.rglob("*.parquet"))
    async with place.house.database.read() as tx:
        needed = {Year(book, *row[:2]).name for book in range(1, place.house.books + 1) for row in await archived_purchases(tx, book)}
    assert needed
    assert needed <= {file.name for file in files}
    for what in ("update fund_order set confirmed_units = confirmed_units + 1", "delete from fund_order"):
        assert len(await planted(place, tmp_path, what)) == 1, what
    for lose, wrong in ((None, None), (damage, Wrong.ARCHIVE_CHANGED), (Path.unlink, Wrong.ARCHIVE_MISSING)):
        for file in files:
            if lose is not None:
                lose(file)
        async with place.house.database.read() as tx:
            found = (await audit_snapshot(tx, archives=archives_in(tmp_path), also=[shown_findings])).findings
        assert {one.wrong for one in found} == ({wrong} if wrong else set())
        assert wrong is None or all(any(file.name in one.detail for one in found) for file in files)


async def test_income_for_a_day_of_an_archived_year_is_refused(place: FundTown, tmp_path: Path) -> None:
    """Thursday's file is late, and comes when the year is archived: who held what on Wednesday is not computed again."""
    wang = await place.person("Wang", 10_000_000)
    await place.buy(place.order(wang, 1_234_567))
    late, aside = place.registrar.path(MONDAY + timedelta(days=3), "06"), tmp_path / "late"
    for offset in range(5):
        await place.end(MONDAY + timedelta(days=offset))
        await place.registrar_works(MONDAY + timedelta(days=offset + 1))
        if late.exists():
            late.replace(aside)
        await place.take()
    await archive(place, tmp_path)
    units, now = await place.units(wang), MONDAY + timedelta(days=9)
    await place.clock(shanghai(now, 9))
    aside.replace(late)
    assert await place.take() == []
    (said,) = [one for offset in range(12) for one in await place.said(MONDAY + timedelta(days=offset))]
    assert said.startswith(f"{late.name}: income of 2014-02-26 for {FUND} comes after its year was archived")
    assert await place.units(wang) == units
