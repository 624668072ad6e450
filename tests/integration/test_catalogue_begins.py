"""Funds and policies that were sold before there was a catalogue are found in it, as they stood."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from policy_files import ACCIDENT_FILE, TERM_LIFE_FILE

from tapwealth.catalogue import store
from tapwealth.catalogue.version import State
from tapwealth.flows.catalogue.kinds import shape_of
from tapwealth.flows.catalogue.products import read_file
from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.funds import conditions_store, raise_store
from tapwealth.funds import store as funds
from tapwealth.funds.product import conditions_of
from tapwealth.funds.raise_terms import offering_of
from tapwealth.insurance import store as policies
from tapwealth.insurance.policy import free_look_until
from tapwealth.storage import migrate
from tapwealth.storage.embedded import EmbeddedServer

_numbers = count(1)
Connection = Any
Act = Callable[[Connection], Awaitable[Any]]
FUNDS = """
insert into platform_clock (id, instant) values (1, '2014-02-24T01:00:00Z');
insert into fund (book, code, asset, name, name_en, registrar, risk_level, cut_off_hour, custody_account) values
  (0, '000198', 2, '货币', 'Money', 'H0', 1, 15, '0200000001'), (0, '110022', 7, '股票', 'Equity', 'H0', 4, 14, '0200000002');
insert into sales_channel (book, code, fund, own, minimum_purchase, day_cap, holding_cap) values
  (0, 'T01', '000198', true, 100, 0, 500), (0, 'T01', '110022', true, 1000, 7, 0), (0, '996', '110022', false, 1, 0, 0);
"""
CONDITIONS = {
    "kind": "nav", "share_class": "A", "parent": "", "calendar": "CN", "confirmation_days": 2,
    "minimum_redemption": 100, "minimum_holding": 0,
    "rounding": "half_up", "dividend_method": "cash", "deviation_gate": 500,
    "purchase_fees": [{"from_amount": 0, "rate": 15000, "fixed": 0}],
    "redemption_fees": [{"below_days": None, "rate": 5000}], "discounts": [{"channel": "T01", "remains": 100000}],
    "carry_forward": "daily", "registrar_plans": True,
}  # fmt: skip


@asynccontextmanager
async def upgraded(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, before: str, left: Act) -> AsyncIterator[Connection]:
    """A database from before that file, in which something was left, with all files applied."""
    name = f"before_the_catalogue_{next(_numbers)}"
    owner = await asyncpg.connect(server.dsn())
    await owner.execute(f"create database {name}")
    await owner.close()
    dsn, files = server.dsn(database=name), migrate.sql_files()
    monkeypatch.setattr(migrate, "sql_files", lambda: [one for one in files if one.name < before])
    await migrate.apply(dsn)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": migrate.SCHEMA})
    await left(connection)
    monkeypatch.setattr(migrate, "sql_files", lambda: files)
    await migrate.apply(dsn)
    yield connection
    await connection.close()


async def two_funds(connection: Connection) -> None:
    await connection.execute(FUNDS)
    for version, gate in ((1, 700), (2, 500)):
        said = json.dumps(CONDITIONS | {"deviation_gate": gate})
        await connection.execute(
            "insert into fund_conditions (book, fund, version, conditions, proposal, recorded_at)"
            " values (0, '110022', $1, $2, gen_random_uuid(), '2014-02-24T01:00:00Z')",
            version,
            said,
        )


async def test_a_fund_of_before_stands_in_the_catalogue_under_the_same_conditions(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with upgraded(server, monkeypatch, "0075", two_funds) as connection:
        found = await store.on_sale_of(connection, ["000198", "110022"], shape_of)
        standing, shelf = await conditions_store.conditions(connection), await funds.funds(connection)
        assert await store.on_sale_of(connection, ["ACC1", "TL20"], shape_of) == {}, "nobody can have bought a policy"
    for code, version in (("000198", 1), ("110022", 2)):
        one = found[code].definition
        assert (found[code].version, found[code].state) == (version, State.ON_SALE)
        assert (standing[code][0], shelf[code].version, shelf[code].on_sale) == (version, version, True)
        assert conditions_of(one.parameters, one.channels) == standing[code][1]
        assert (one.name.en, one.eligibility.risk_level) == (shelf[code].name_en, shelf[code].risk_level)
    assert found["110022"].definition.channels["T01"].day_cap == 7


RAISE = """
insert into raise_offering (book, fund, opens_at, closes_at, target, minimum, step, cap, least, rate, proposal, recorded_at, ended,
                            ended_on)
values (0, '000198', '2014-02-24T02:00:00Z', '2014-02-25T07:00:00Z', 1000000, 100000, 50000, 0, 500000, 3500, gen_random_uuid(),
        '2014-02-24T01:00:00Z', 'formed', '2014-02-26'),
       (0, '110022', '2014-03-24T02:00:00Z', '2014-03-25T07:00:00Z', 2000000, 100000, 50000, 600000, 500000, 0, gen_random_uuid(),
        '2014-02-24T01:00:00Z', '', null);
"""


async def test_a_raise_of_before_stands_in_the_catalogue_as_it_was_offered(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async with upgraded(server, monkeypatch, "0098", lambda connection: connection.execute(FUNDS + RAISE)) as connection:
        known = await raise_store.raises(connection)
        found = await store.versions_of(connection, ["000198-R", "110022-R"], shape_of)
    for fund, state in (("000198", State.CLOSED), ("110022", State.ON_SALE)):
        ((one,), stands) = found[f"{fund}-R"], known[fund]
        said = one.definition
        assert said.sale.opens is not None
        assert said.sale.closes is not None
        assert (one.state, stands.product, stands.version) == (state, f"{fund}-R", 1)
        assert offering_of(said.parameters, said.sale.opens, said.sale.closes) == stands.offering


POLICY = """
insert into platform_clock (id, instant) values (1, '2014-02-24T01:00:00Z');
insert into policy (book, id, person, product, serial, premium, sum_insured, from_day, to_day, paid_until, state, business_date, applied_at,
                    policy_number, issued_on, issued_at, free_look_until)
values (1, '01446167-da80-7000-8000-c00000000001', '01446167-da80-7000-8000-c00000000002', 'TL20', 'POL1', 22500, 10000000,
        '2014-02-25', '2034-02-25', '2015-02-25', 'issued', '2014-02-24', '2014-02-24T01:00:00Z',
        'PL1', '2014-02-24', '2014-02-24T01:00:00Z', '2014-03-11');
"""


async def test_a_policy_of_before_refers_to_the_terms_under_which_it_was_sold(
    server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with upgraded(server, monkeypatch, "0097", lambda connection: connection.execute(POLICY)) as connection:
        (policy,) = await policies.policies_of(connection, 1, UUID("01446167-da80-7000-8000-c00000000002"))
        product = (await products_of(connection, [policy]))["TL20", 1]
        found = await store.on_sale_of(connection, ["ACC1", "TL20"], shape_of)
    assert {code: (one.version, one.state) for code, one in found.items()} == {"ACC1": (1, State.ON_SALE), "TL20": (1, State.ON_SALE)}
    for code, file in (("ACC1", ACCIDENT_FILE), ("TL20", TERM_LIFE_FILE)):
        assert found[code].definition == read_file(file.replace("2014-01-01", "1990-01-01").encode()).definition
    assert (product.name, product.terms.free_look_days, policy.premium) == ("二十年期定期寿险", 15, 22_500)
    assert policy.received_on is not None
    assert free_look_until(product, policy.received_on) == policy.free_look_until, "its free look is as it was"
