"""A database that an earlier test has used is like one that nobody has had."""

from pathlib import Path

import asyncpg
from apart import run_apart
from bill_town import town
from card_town import card_town
from databases import TABLES, Databases


async def content(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    try:
        names = [name for (name,) in await connection.fetch(TABLES)]
        return {name: await connection.fetchval(f"select coalesce(json_agg(t order by t::text)::text, '') from {name} t") for name in names}
    finally:
        await connection.close()


async def use(url: str, folder: Path) -> None:
    async with town(url, folder) as place:
        host = await card_town(place)
        await host.tap(await host.phone(await place.person("Wang", 100_00)), 30_00)


def test_an_emptied_database_is_as_the_migrations_leave_it(databases: Databases, tmp_path: Path) -> None:
    fresh = run_apart(databases.fresh())
    before = run_apart(content(fresh))
    run_apart(use(fresh, tmp_path))
    used = run_apart(content(fresh))
    assert sum(used[name] != before[name] for name in before) > 15
    databases.take_back(fresh)
    assert run_apart(databases.empty()) == fresh
    assert run_apart(content(fresh)) == before
    assert any(before.values()), "the migrations bring rows of their own"


def test_one_that_its_test_has_dropped_is_not_given_again(databases: Databases) -> None:
    fresh = run_apart(databases.fresh())
    databases.take_back(fresh.replace("test_", "dropped_"))
    assert "dropped_" not in run_apart(databases.empty())
