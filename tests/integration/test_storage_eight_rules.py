"""What a distributed database asks of the schema, read from the migrations' result and from their text.

The eight rules are in ARCHITECTURE.md, "One machine, and more".
"""

import re
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from tapwealth.storage import migrate
from tapwealth.storage.distribution import distribution_column

WORKING_LISTS = {"reconciliation_break", "registrar_holding", "claim_paper_piece"}
"""Made anew by every run of a proof, and files of claims, which are erased when their time is over; the only tables the program may delete
from, each named here on purpose."""

TABLES = """
select c.oid, n.nspname, c.relname as name, obj_description(c.oid, 'pg_class') as comment
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and c.relname <> 'alembic_version'
order by 2, 3
"""
KEYS = """
select i.indrelid::regclass::text as table, i.indexrelid::regclass::text as name, array_agg(a.attname::text) as columns
from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey[0:i.indnkeyatts - 1])
where i.indisunique and i.indrelid = any ($1) group by 1, 2
"""
FOREIGN_KEYS = """
select conname as name, conrelid::regclass::text as table, confrelid::regclass::text as other, condeferrable as deferrable,
  (select array_agg(a.attname::text order by k.n) from unnest(conkey) with ordinality k (num, n)
     join pg_attribute a on a.attrelid = conrelid and a.attnum = k.num) as columns,
  (select array_agg(a.attname::text order by k.n) from unnest(confkey) with ordinality k (num, n)
     join pg_attribute a on a.attrelid = confrelid and a.attnum = k.num) as other_columns
from pg_constraint where contype = 'f'
"""
VOLATILE = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday|random|gen_random_uuid|uuidv[47]|nextval|setseed)\s*\("
    r"|\bcurrent_(date|time|timestamp)\b|\blocaltime(stamp)?\b",
    re.IGNORECASE,
)


@pytest.fixture
async def owner(database_url: str) -> Any:
    connection = await asyncpg.connect(database_url, server_settings={"search_path": "tapwealth"})
    yield connection
    await connection.close()


def column_of(tables: list[Any]) -> dict[str, str | None]:
    return {table["name"]: distribution_column(table["comment"]) for table in tables}


async def test_every_table_says_where_it_lies(owner: Any) -> None:
    tables = await owner.fetch(TABLES)
    assert {table["nspname"] for table in tables} == {"tapwealth"}
    unsaid = [table["name"] for table in tables if not re.match(r"distributed by \w+|reference table", table["comment"] or "")]
    assert unsaid == []
    columns = column_of(tables)
    assert columns["outbox"] == "book"
    assert columns["platform_clock"] is None


async def test_distribution_column_is_there_and_never_null(owner: Any) -> None:
    for table in await owner.fetch(TABLES):
        column = distribution_column(table["comment"])
        if column is not None:
            found = await owner.fetchrow(
                "select attnotnull, atttypid::regtype::text as type from pg_attribute where attrelid = $1 and attname = $2",
                table["oid"],
                column,
            )
            assert found is not None, table["name"]
            assert found["attnotnull"], table["name"]
            assert column != "book" or found["type"] == "integer", table["name"]


async def test_every_key_contains_the_distribution_column(owner: Any) -> None:
    tables = await owner.fetch(TABLES)
    columns = column_of(tables)
    keys = await owner.fetch(KEYS, [table["oid"] for table in tables])
    assert [key["name"] for key in keys if columns[key["table"]] not in (None, *key["columns"])] == []
    assert set(columns) == {key["table"] for key in keys}, "a table without any key"


async def test_foreign_keys_stay_within_a_book_or_go_to_reference_tables(owner: Any) -> None:
    columns = column_of(await owner.fetch(TABLES))
    for key in await owner.fetch(FOREIGN_KEYS):
        assert not key["deferrable"], key["name"]
        if columns[key["other"]] is not None:
            assert columns[key["table"]] == columns[key["other"]] == "book", key["name"]
            assert ("book", "book") in zip(key["columns"], key["other_columns"], strict=True), key["name"]


async def test_nothing_that_one_machine_alone_can_judge(owner: Any) -> None:
    assert await owner.fetchval("select count(*) from pg_sequences") == 0
    assert await owner.fetchval("select count(*) from pg_trigger where not tgisinternal") == 0
    assert await owner.fetchval("select count(*) from pg_constraint where contype = 'x' or condeferrable") == 0
    assert await owner.fetchval("select count(*) from pg_attribute where attidentity <> '' and attrelid > 16383") == 0


async def test_program_role_holds_no_right_to_alter_history(owner: Any) -> None:
    may = "select relname from pg_class where relkind in ('r', 'p') and relnamespace = 'tapwealth'::regnamespace"
    deletable = await owner.fetch(f"{may} and has_table_privilege('tapwealth_program', oid, 'delete')")
    assert {row["relname"] for row in deletable} <= WORKING_LISTS
    for table in ("actor", "command_log", "installation"):
        assert not await owner.fetchval("select has_table_privilege('tapwealth_program', $1, 'update, delete, truncate')", table)
    assert not await owner.fetchval("select has_schema_privilege('tapwealth_program', 'tapwealth', 'create')")


def statements() -> Iterator[tuple[str, str]]:
    for path in migrate.sql_files():
        yield path.name, re.sub(r"--[^\n]*", "", path.read_text("utf-8"))


def test_no_volatile_function() -> None:
    for name, text in statements():
        assert VOLATILE.search(text) is None, f"{name}: {VOLATILE.search(text)}"


def test_foreign_keys_stand_below_the_line() -> None:
    for path in migrate.sql_files():
        above = re.split(r"(?m)^-- foreign keys\s*$", path.read_text("utf-8"))[0]
        assert not re.search(r"\breferences\b", re.sub(r"--[^\n]*", "", above), re.IGNORECASE), path.name


@pytest.mark.parametrize("planted", ["insert into a values (now())", "select current_date", "select RANDOM ()"])
def test_the_text_rule_catches_what_is_planted(planted: str) -> None:
    assert VOLATILE.search(planted)
