"""How tables are spread when Citus is there. The extension's functions are stood in for by ones that write down what they were asked."""

import asyncpg
import pytest

from tapwealth.storage.distribution import distribute, distribution_column

STAND_IN = """
create table pg_dist_partition (logicalrelid regclass, how text);
comment on table pg_dist_partition is 'reference table';
create function create_reference_table(t regclass) returns void language sql
  as $$ insert into pg_dist_partition values (t, 'reference') $$;
create function create_distributed_table(t regclass, c text, colocate_with text) returns void language sql
  as $$ insert into pg_dist_partition values (t, c || ', together ' || colocate_with) $$;
insert into pg_dist_partition values ('pg_dist_partition', 'itself'), ('tapwealth.alembic_version', 'left alone');
"""
EXTENSION = """
insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
values (999999, 'citus', 10, 'tapwealth'::regnamespace, false, '1')
"""


async def test_tables_are_distributed_as_their_comments_say(database_url: str) -> None:
    owner = await asyncpg.connect(database_url, server_settings={"search_path": "tapwealth"})
    try:
        await owner.execute(STAND_IN)
        await distribute(owner)
        assert await owner.fetchval("select count(*) from pg_dist_partition") == 2, "without the extension nothing happens"
        await owner.execute(EXTENSION)
        for _ in range(2):  # the second time nothing is left to do
            await distribute(owner)
            spread = dict(await owner.fetch("select logicalrelid::text, how from pg_dist_partition order by logicalrelid::text"))
        assert spread["outbox"] == "book, together default"
        assert spread["operator"] == "reference"
        assert spread["phone_directory"] == "phone_lookup, together none"
        assert len(spread) == await owner.fetchval(
            "select count(*) from pg_class where relkind = 'r' and relnamespace = 'tapwealth'::regnamespace"
        )
    finally:
        await owner.close()


@pytest.mark.parametrize("comment", [None, "", "distributed", "distributed by", "reference", "by book"])
def test_a_table_that_does_not_say_is_refused(comment: str | None) -> None:
    with pytest.raises(ValueError, match="says neither"):
        distribution_column(comment)
