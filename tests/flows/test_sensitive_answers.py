"""What somebody answered about their health: to be read in no row, nor by who has nothing to do with it; of before as well."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from bill_town import MONDAY, NINE, Person, Town
from claim_town import watch
from policy_files import ASKING_FILE, sell_policies

from tapwealth.flows import reports, sensitive_proposals, setup
from tapwealth.flows.catalogue import sales
from tapwealth.flows.catalogue.sales import SaleShown
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.insurance import applications, delivery, policies
from tapwealth.flows.insurance.applications import Applied, ApplyForPolicy, ProposeUnderwriting
from tapwealth.flows.insurance.discoveries import ProposeRescission
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, PolicyCancelling, PolicyTaken
from tapwealth.flows.setup import Approve, Approved, Proposed, Reject
from tapwealth.insurance import application_store, store
from tapwealth.insurance.insurer import Cancelled, Rejected
from tapwealth.insurance.policy import anniversary
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.ids import named
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.archives import Archives
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.operators import OperatorRole

MIGRATION = Path(__file__).parents[2] / "migrations/sql/0128_sealed_answers.sql"
KEPT = Path(__file__).parents[2] / "migrations/sql/0143_answers_of_policies.sql"
TOLD = ("heart", "treated", "severe", "daily", "smoking", "infarct")
"""Questions and answers of the product, and a word of the underwriter's."""
OFFERED = {"product_version", "product_draft", "sale_offer"}
"""What everybody may read: what is asked."""
STAFF = {"ops.chen": OperatorRole.OPERATIONS, "ops.wu": OperatorRole.OPERATIONS, "pm.qian": OperatorRole.PRODUCT_MANAGER}


@pytest.fixture(autouse=True)
async def people(place: Town) -> None:
    await sell_policies(place.house, ASKING_FILE)
    async with place.house.database.transaction() as tx:
        for number, (login, role) in enumerate(STAFF.items()):
            await operators.create(tx, place.house.random64, login, login, [role], "nobody signs in here", NINE, str(10_077 + number))


def by(place: Town, login: str) -> Envelope:
    place.keys_given += 1
    return Envelope(named(NINE, 0, f"{login} {place.keys_given}"), caller(login), place.biller.now)


def caller(login: str) -> Caller:
    return Caller(ActorKind.OPERATOR, f"operator:{login}", "password")


async def bought(place: Town, person: Person) -> UUID:
    command = BuyPolicy("TL20", ["terms"], answers={"smoking": "daily", "heart": "mild"})
    taken = await policies.buy(place.house, place.envelope(person), command)
    assert isinstance(taken, PolicyTaken), taken
    await place.work("insurer", delivery.deliver)
    return UUID(taken.policy)


async def as_owner(place: Town, act: Callable[[asyncpg.Connection], Any]) -> Any:
    connection = await asyncpg.connect(place.house.database._dsn, server_settings={"search_path": "tapwealth"})
    try:
        return await act(connection)
    finally:
        await connection.close()


async def proposals_left(place: Town) -> list[tuple[str, bool]]:
    """Each sealed proposal and why it was rejected: of which kind it is, and whether anything of it is kept."""
    ask = "select kind, proposal ->> 'sealed' || reason as kept from approval where proposal ? 'sealed' order by proposed_at, kind, id"
    rows = await as_owner(place, lambda connection: connection.fetch(ask))
    return [(row["kind"].removeprefix("Propose"), bool(row["kept"])) for row in rows]


async def rejected(place: Town, proposal: Any) -> UUID:
    proposed = await setup.propose(place.house, by(place, "ops.chen"), proposal)
    assert isinstance(proposed, Proposed), proposed
    said = await setup.reject(place.house, by(place, "ops.wu"), Reject(proposed.proposal, "it is severe, an infarct"))
    assert not isinstance(said, Refusal), said
    return proposed.proposal


async def told_in(place: Town) -> set[tuple[str, str]]:
    """Tables in whose rows one of the words can be read."""

    async def look(connection: asyncpg.Connection) -> set[tuple[str, str]]:
        tables = await connection.fetch("select tablename from pg_tables where schemaname = 'tapwealth'")
        ask = " union all ".join(
            f"select '{name}', w from (select coalesce(string_agg(t::text, ' '), '') rows from {name} t) r, unnest($1::text[]) w"
            " where strpos(r.rows, w) > 0 or strpos(r.rows, encode(convert_to(w, 'UTF8'), 'hex')) > 0"
            for (name,) in tables
            if name not in OFFERED
        )
        return {tuple(row) for row in await connection.fetch(ask, list(TOLD))}

    found: set[tuple[str, str]] = await as_owner(place, look)
    return found


async def seen(place: Town, sale: UUID) -> SaleShown:
    async with place.house.database.read() as tx:
        found = await sales.shown(place.house, tx, place.house.all_books, sale)
    assert isinstance(found, SaleShown), found
    return found


async def audited(place: Town) -> list[str]:
    look = sales.sale_findings(place.house.keys)
    async with place.house.database.read() as tx:
        return [one.detail for book in place.house.all_books for one in await look(tx, book, Archives())]


async def opened_as_before(place: Town, policy: UUID) -> None:
    """The rows as they lay before they were sealed, and what the migration notes of them."""
    record = json.dumps((await seen(place, policy)).record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    async with place.house.database.read() as tx:
        (application,) = await application_store.referred(tx, list(place.house.all_books))
        rows = await tx.fetch("select id, kind from approval")
        waiting = {one.proposal: one.content for one in await reports.standing.proposals(place.house, tx, sensitive=True)}
    (note,) = [one for one in MIGRATION.read_text("utf-8").split(";\n") if "insert into sale_to_seal" in one]

    async def act(connection: asyncpg.Connection) -> None:
        await connection.execute("update sale set record = $2, sealed = null where id = $1", policy, record)
        await connection.execute(note)
        await connection.execute(
            "update policy_application set sealed = null, answers = $2, referred = $3 where id = $1",
            application.id, json.dumps(applications.answers_of(place.house, application)), ["heart"],
        )  # fmt: skip
        for one in rows:
            await connection.execute("update approval set proposal = $2 where id = $1", one["id"], json.dumps(dict(waiting[one["id"]])))

    await as_owner(place, act)


async def test_answers_lie_sealed_wherever_they_are_kept_and_those_of_before_are_sealed(place: Town) -> None:
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    policy = await bought(place, wang)
    made = await applications.apply_for(place.house, place.envelope(li), ApplyForPolicy("TL20", {"smoking": "never", "heart": "treated"}))
    assert isinstance(made, Applied), made
    refused = await policies.buy(
        place.house, place.envelope(li), BuyPolicy("TL20", ["terms"], answers={"smoking": "never", "heart": "treated"})
    )
    assert isinstance(refused, Refusal)
    await place.clock(shanghai(MONDAY + timedelta(days=1), 10))
    proposal = ProposeUnderwriting(UUID(made.application), 400, "an infarct, treated")
    proposed = await setup.propose(place.house, by(place, "ops.chen"), proposal)
    assert isinstance(proposed, Proposed), proposed
    assert isinstance(
        await setup.propose(place.house, by(place, "ops.chen"), ProposeRescission(policy, "heart", "severe", MONDAY + timedelta(days=1))),
        Proposed,
    )
    assert await told_in(place) == set()
    assert (await seen(place, policy)).record["terms"]["answer smoking"] == "daily"
    assert await audited(place) == []

    views = reports.views(place.house)
    (shown,) = await views["referrals"](caller("ops.wu"), {})
    assert (shown.answers["heart"], shown.referred) == ("treated", ["heart"])
    assert isinstance(await views["referrals"](caller("pm.qian"), {}), Refusal)
    contents = {login: [dict(one.content) for one in await views["proposals"](caller(login), {})] for login in STAFF}
    assert contents["pm.qian"] == [{}, {}]
    assert {one.get("reason", one.get("answer")) for one in contents["ops.wu"]} == {"an infarct, treated", "severe"}

    await opened_as_before(place, policy)
    assert {table for table, _ in await told_in(place)} == {"sale", "policy_application", "approval"}
    for _ in range(2):
        await sales.seal_open_records(place.house)
        await applications.seal_open_answers(place.house)
        await sensitive_proposals.seal_open_proposals(place.house)
    assert await told_in(place) == set()
    sale = await seen(place, policy)
    assert (sale.proved, sale.record["terms"]["answer heart"], await audited(place)) == (True, "mild", [])
    assert await setup.approve(place.house, by(place, "ops.wu"), Approve(proposed.proposal)) == Approved("ProposeUnderwriting")
    taken = await policies.buy(place.house, place.envelope(li), BuyPolicy("TL20", ["terms"], application=UUID(made.application)))
    assert isinstance(taken, PolicyTaken), taken
    assert taken.premium == 31_500
    assert await told_in(place) == set()


async def test_answers_are_erased_when_nobody_can_go_to_law_by_them_any_more(place: Town) -> None:
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    treated = ApplyForPolicy("TL20", {"smoking": "never", "heart": "treated"})
    made = [await applications.apply_for(place.house, place.envelope(one), treated) for one in (wang, li)]
    for one in made:
        assert isinstance(one, Applied), one
        await rejected(place, ProposeUnderwriting(UUID(one.application), None, "treated, severe"))
        proposed = await setup.propose(place.house, by(place, "ops.chen"), ProposeUnderwriting(UUID(one.application), 0, "treated well"))
        assert isinstance(proposed, Proposed), proposed
        assert await setup.approve(place.house, by(place, "ops.wu"), Approve(proposed.proposal)) == Approved("ProposeUnderwriting")
    command = BuyPolicy("TL20", ["terms"], application=UUID(made[0].application))
    assert isinstance(await policies.buy(place.house, place.envelope(wang), command), PolicyTaken)
    over = anniversary(MONDAY, 3)
    assert await told_in(place) == set(), "nor is why it was rejected"
    assert await proposals_left(place) == [("Underwriting", True)] * 4
    assert [(await watch(place, day))["erased"] for day in (over - timedelta(days=1), over, over)] == [0, 1, 0]
    assert sorted(await proposals_left(place)) == [("Underwriting", False)] * 2 + [("Underwriting", True)] * 2
    async with place.house.database.read() as tx:
        kept = [await applications.held(place.house, tx, one.book, one.id) for one in (wang, li)]
    assert [(one.answers, one.referred) for (one,) in kept] == [(treated.answers, ["heart"]), ({}, [])]
    await those_of_a_policy_years_after_its_end(place, wang, li)


async def those_of_a_policy_years_after_its_end(place: Town, wang: Person, li: Person) -> None:
    """Of one that was cancelled ten years, of one that the insurer did not take on three."""
    await place.work("insurer", delivery.deliver)
    async with place.house.database.read() as tx:
        (row,) = await store.policies_of(tx, wang.book, wang.id)
    assert isinstance(await policies.cancel(place.house, place.envelope(wang), CancelPolicy(row.id)), PolicyCancelling)
    place.insurer.script.extend([Cancelled(row.policy_number), Rejected("no")])
    await place.work("insurer", delivery.deliver)
    never = await bought(place, li)
    waits = await of_before(place, row.id)
    async with place.house.database.read() as tx:
        ended, refused = [(await store.policies_of(tx, one.book, one.id))[0] for one in (wang, li)]
    assert ended.cancelled_on is not None
    assert refused.refused_on is not None
    assert await as_owner(place, _as_an_upgrade_sets_them)
    first, last = anniversary(refused.refused_on, 3), anniversary(ended.cancelled_on + timedelta(days=1), 10)
    for day, policy in ((first, never), (last, row.id)):
        assert (await seen(place, policy)).proved
        assert [(await watch(place, one))["erased"] for one in (day - timedelta(days=1), day, day)] == [0, 1, 0]
        sale = await seen(place, policy)
        assert (sale.record, sale.proved, sale.doubt.split(", ")[0]) == ({}, False, f"the record was erased on {day}")
        assert await audited(place) == []
    assert {kept for _, kept in await proposals_left(place)} == {False}, await proposals_left(place)
    assert await told_in(place) == set()
    (shown,) = await reports.views(place.house)["proposals"](caller("ops.wu"), {})
    assert (shown.proposal, dict(shown.content)) == (waits, {})
    for deed in (Approve(waits), Reject(waits, "too late")):
        act = setup.approve if isinstance(deed, Approve) else setup.reject
        said = await act(place.house, by(place, "ops.wu"), deed)
        assert isinstance(said, Refusal) == isinstance(deed, Approve), said
    assert (await reports.views(place.house)["proposals"](caller("ops.wu"), {})) == []
    async with place.house.database.read() as tx:
        (application,) = await applications.held(place.house, tx, wang.book, wang.id)
    assert (application.answers, application.policy) == ({}, row.id)


async def of_before(place: Town, policy: UUID) -> UUID:
    """A proposal that waits as one of before lay, sealed or open, without a word what it is about; and one that was rejected for an open
    reason."""
    content = {"policy": str(policy), "question": "heart", "answer": "severe", "known_on": str(MONDAY), "on_purpose": False}
    no, waits = named(NINE, 0, "rejected before"), named(NINE, 0, "waits from before")
    insert = (
        "insert into approval (book, id, kind, proposal, proposer, proposed_at, state, approver, decided_at, reason)"
        " select 0, $1, 'ProposeRescission', $2, p.id, $3::timestamptz, $4, a.id, case when a.id is not null then $3::timestamptz end, $5"
        " from operator p left join operator a on a.login = $6 where p.login = 'ops.chen'"
    )
    sealed = {"sealed": dict(sensitive_proposals.kept(place.house, waits, "ProposeRescission", content))["sealed"]}

    async def lay(connection: asyncpg.Connection) -> None:
        await connection.execute(insert, no, json.dumps(content), NINE, "rejected", "severe it is not", "ops.wu")
        await connection.execute(insert, waits, json.dumps(sealed), NINE, "proposed", "", "nobody")

    await as_owner(place, lay)
    assert {table for table, _ in await told_in(place)} == {"approval"}
    for _ in range(2):
        await sensitive_proposals.seal_open_proposals(place.house)
    assert await told_in(place) == set()
    assert [dict(one.content) for one in await reports.views(place.house)["proposals"](caller("ops.wu"), {})] == [content]
    return waits


async def _as_an_upgrade_sets_them(connection: asyncpg.Connection) -> bool:
    """Whether the days are those that the migration notes of policies from before."""
    (note,) = [one for one in KEPT.read_text("utf-8").split(";\n") if one.startswith("insert into policy_answers")]
    before = await connection.fetch("delete from policy_answers returning policy, erase_on")
    await connection.execute(note)
    after = await connection.fetch("select policy, erase_on from policy_answers")
    return {tuple(row) for row in before} == {tuple(row) for row in after} != set()


@pytest.mark.parametrize(
    ("defect", "words"),
    [
        ("sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)", "its record does not give the hash it carries"),
        ("sealed = null", "its record does not give the hash it carries"),
        ("sealed = ''", "its record does not give the hash it carries"),
        ("digest = sha256(''::bytea)", "its record does not give the hash it carries"),
        ("offer = 0", "what its buyer was shown is gone, or is not what it was"),
    ],
)
async def test_the_audit_names_a_sealed_record_that_was_changed(place: Town, defect: str, words: str) -> None:
    policy = await bought(place, await place.person("Wang", 100_000))
    await as_owner(place, lambda connection: connection.execute(f"update sale set {defect}"))
    assert f"sale {policy}: {words}" in await audited(place)
    assert not (await seen(place, policy)).proved
