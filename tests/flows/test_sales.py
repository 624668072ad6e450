"""Records of sales: what was shown and signed is there years later as it was, and whoever touches it is found out."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest
from bill_town import Person, Town
from policy_files import TERM_LIFE_FILE, sell_policies

from tapwealth.api.commands import language_of
from tapwealth.catalogue import store as catalogue
from tapwealth.flows import reports
from tapwealth.flows.catalogue import sales
from tapwealth.flows.catalogue.sales import SaleShown
from tapwealth.flows.frame import Caller, Envelope
from tapwealth.flows.insurance import policies as insurance
from tapwealth.flows.insurance.policies import BuyPolicy, PolicyTaken
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.audit import audit_snapshot
from tapwealth.ledger.findings import Wrong
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.operators import OperatorRole


@pytest.fixture(autouse=True)
async def shelf(place: Town) -> None:
    await sell_policies(place.house)


async def policy(place: Town, person: Person, language: str = "zh") -> UUID:
    """A policy bought by somebody who reads that language."""
    plain = place.envelope(person)
    envelope = Envelope(plain.key, plain.caller, plain.received_at, language=language)
    taken = await insurance.buy(place.house, envelope, BuyPolicy("TL20", ["terms", "health"], premium=None))
    assert isinstance(taken, PolicyTaken), taken
    return UUID(taken.policy)


async def seen(place: Town, sale: UUID, person: UUID | None = None) -> SaleShown:
    async with place.house.database.read() as tx:
        found = await sales.shown(place.house, tx, place.house.all_books, sale, person)
    assert isinstance(found, SaleShown), found
    return found


async def as_owner(place: Town, *statements: str) -> None:
    """What the owner of the database could do, whom nothing is withheld from."""
    connection = await asyncpg.connect(place.house.database._dsn, server_settings={"search_path": "tapwealth"})
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def found_wrong(place: Town) -> list[str]:
    """What the audit names."""
    async with place.house.database.read() as tx:
        audit = await audit_snapshot(tx, archives=Archives(), also=[sales.sale_findings(place.house.keys)])
    assert {one.wrong for one in audit.findings} <= {Wrong.SALE_CHANGED}, audit.findings
    return [one.detail for one in audit.findings]


async def sale_wrong(place: Town) -> list[str]:
    """What the audit finds wrong with sales alone."""
    async with place.house.database.read() as tx:
        return [one.detail for book in place.house.all_books for one in await sales.sale_findings(place.house.keys)(tx, book, Archives())]


async def test_a_sale_is_shown_as_its_buyer_saw_and_signed_it(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    sale = await seen(place, await policy(place, wang))
    assert sale.shown is not None
    assert (sale.shown.title, sale.shown.language) == ("二十年期定期寿险", "zh")
    assert {one.name: one.text for one in sale.shown.facts}["犹豫期"] == "15天，退保扣除10.00元；已缴保费不超过10.00元的，退还0.00元"
    assert (sale.record["confirmed"], sale.record["person"]) == (["terms", "health"], str(wang.id))
    assert sale.record["terms"]["premium"] == 22_500
    assert sale.record["terms"]["premium_shown"] == -1
    assert (sale.record["signed"]["kind"], sale.record["offer"]) == ("customer", sale.offer_digest)
    assert (sale.proved, sale.doubt) == (True, "")


async def test_who_reads_english_was_shown_english(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    sale = await seen(place, await policy(place, wang, "en"))
    assert sale.shown is not None
    assert (sale.shown.title, sale.shown.facts[-1].name) == ("Term life, twenty years", "Cancellation")


async def test_what_was_shown_is_kept_once_for_all_who_saw_it(place: Town) -> None:
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000, identity="11010519860115104X")
    first, second = await seen(place, await policy(place, wang)), await seen(place, await policy(place, li))
    assert first.offer_digest == second.offer_digest
    async with place.house.database.read() as tx:
        assert await tx.fetchval("select count(*) from sale_offer") == 1
    assert await found_wrong(place) == []


async def test_nobody_sees_another_customers_sale(place: Town) -> None:
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 0, identity="11010519860115104X")
    bought = await policy(place, wang)
    assert (await seen(place, bought, wang.id)).proved
    view = reports.views(place.house)["sale/{id}"]
    async with place.house.database.transaction() as tx:
        for login, role in (("comp.he", OperatorRole.COMPLIANCE), ("ops.chen", OperatorRole.OPERATIONS)):
            await operators.create(tx, place.house.random64, login, login, [role], "nobody signs in here", place.biller.now)
    officer, clerk, nobody = (Caller(ActorKind.OPERATOR, f"operator:{login}", "password") for login in ("comp.he", "ops.chen", "gone"))
    assert isinstance(await view(place.envelope(wang).caller, {"id": str(bought)}), SaleShown)
    assert isinstance(await view(officer, {"id": str(bought)}), SaleShown)
    for caller in (None, place.envelope(li).caller, clerk, nobody):
        assert isinstance(await view(caller, {"id": str(bought)}), Refusal), caller
    assert isinstance(await view(officer, {"id": str(UUID(int=bought.int ^ 1))}), Refusal)


ALTERED = [
    (["update sale set record = replace(record, '22500', '12500')"], "its record does not give the hash it carries", "the hash it carries"),
    (
        ["update sale set record = replace(record, '22500', '12500')", "update sale set digest = sha256(convert_to(record, 'UTF8'))"],
        "the 1 sales it sealed are not what was signed; 1 are there, the first is",
        "it is not what the ledger sealed; run the audit",
    ),
    (["update sale_offer set content = replace(content, '10.00', '0.00')"], "what its buyer was shown is gone", "what the buyer was shown"),
    (["delete from sale_offer"], "what its buyer was shown is gone, or is not what it was", "what the buyer was shown is gone"),
    (["update sale set offer = 0", "delete from sale_offer"], "what its buyer was shown is gone", "what the buyer was shown is gone"),
    (["update sale set seal = gen_random_uuid()"], "nothing in the ledger seals it", "it is not what the ledger sealed"),
]


@pytest.mark.parametrize(("defects", "audited", "doubt"), ALTERED)
async def test_the_audit_names_a_record_that_was_changed(place: Town, defects: Sequence[str], audited: str, doubt: str) -> None:
    wang = await place.person("Wang", 100_000)
    bought = await policy(place, wang)
    assert await found_wrong(place) == []
    await as_owner(place, *defects)
    found = await found_wrong(place)
    assert any(audited in one for one in found), found
    assert any(str(bought) in one for one in found), found
    sale = await seen(place, bought)
    assert not sale.proved
    assert doubt in sale.doubt


async def test_records_that_were_swapped_are_named_with_what_sealed_them(place: Town) -> None:
    """Each whole in itself: two people's records under one another's ids, then under one another's seals."""
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000, identity="11010519860115104X")
    first, second = await policy(place, wang), await policy(place, li)
    swap = "update sale s set {0} from sale o where o.id <> s.id"
    await as_owner(place, swap.format("record = o.record, digest = o.digest"))
    assert sorted(await found_wrong(place)) == sorted(f"sale {one}: its record is another sale's" for one in (first, second))
    assert {(await seen(place, one)).doubt for one in (first, second)} == {"the record is another sale's"}
    await as_owner(place, swap.format("record = o.record, digest = o.digest"))
    assert await found_wrong(place) == []
    await as_owner(place, swap.format("seal = o.seal"))
    found = await found_wrong(place)
    assert all(any(str(one) in text for text in found) for one in (first, second)), found
    assert not (await seen(place, first)).proved


async def test_the_audit_names_a_record_that_was_put_under_another_id(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    await policy(place, wang)
    other = UUID(int=7)
    await as_owner(place, f"update sale set id = '{other}'")
    assert await found_wrong(place) == [f"sale {other}: its record is another sale's"]
    sale = await seen(place, other)
    assert (sale.proved, sale.doubt) == (False, "the record is another sale's")


async def test_a_record_without_a_seal_is_counted_and_named(place: Town) -> None:
    """Put there past the program: by hand, beside what was sold."""
    wang = await place.person("Wang", 100_000)
    bought = await policy(place, wang)
    others = [UUID(int=(bought.int & ~0xFF) | number) for number in range(1, 13)]
    copy = "insert into sale select book, '{}', null, offer, digest, record from sale where id = '" + str(bought) + "'"
    await as_owner(place, *(copy.format(one) for one in others))
    (found,) = [one for one in await found_wrong(place) if "without a seal" in one]
    assert found.startswith("sales without a seal: 12, the ledger seals none; "), found
    assert found.endswith(" and 2 more")
    assert all(str(one) in found for one in sorted(others, key=str)[:10])
    assert "nothing seals it" in (await seen(place, others[0])).doubt


async def of_before(place: Town, bought: UUID) -> None:
    """A record as it was written before there were seals, and what the migration notes of it."""
    note = (
        "insert into sale_of_before select book, count(*), encode(substr(sha256(string_agg(sha256(convert_to(record, 'UTF8')), ''"
        " order by id)), 1, 16), 'hex')::uuid from sale where seal is null group by book"
    )
    old = '\'{"policy":"TL20","premium":22500}\''
    await as_owner(
        place,
        f"update sale set seal = null, offer = 0, record = {old}, digest = sha256(convert_to({old}, 'UTF8')) where id = '{bought}'",
        "delete from transfer where kind = 800",
        note,
    )


async def test_records_of_before_are_sealed_once_and_what_comes_beside_them_later_is_named(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    bought = await policy(place, wang)
    await of_before(place, bought)
    assert await sale_wrong(place) == [f"sales without a seal: 1, the ledger seals none; {bought}"]
    for _ in range(2):
        await sales.seal_those_of_before(place.house)
    assert await sale_wrong(place) == []
    sale = await seen(place, bought)
    assert (sale.proved, sale.doubt, sale.shown, sale.record["premium"]) == (True, "", None, 22_500)
    await as_owner(place, f"insert into sale select book, '{UUID(int=7)}', null, offer, digest, record from sale")
    (found,) = await sale_wrong(place)
    assert found.startswith(f"sales without a seal: 2, the ledger sealed 1 of before; {UUID(int=7)}, {bought}")
    assert not (await seen(place, bought)).proved


async def test_records_of_before_that_were_changed_since_are_not_sealed(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    bought = await policy(place, wang)
    await of_before(place, bought)
    await as_owner(
        place, "update sale set record = replace(record, '22500', '1')", "update sale set digest = sha256(convert_to(record, 'UTF8'))"
    )
    await sales.seal_those_of_before(place.house)
    assert await sale_wrong(place) == [f"sales without a seal: 1, the ledger seals none; {bought}"]


async def test_a_document_that_was_shown_and_a_version_that_was_sold_must_stay_what_they_were(place: Town) -> None:
    """Neither is in the record: the audit and whoever looks at the sale find out by their hashes."""
    content = b"the terms of 2014"
    async with place.house.database.transaction() as tx:
        digest = await catalogue.add_document(tx, "text/plain", content, place.biller.now)
    named = f"documents:\n- {{title: {{zh: 条款, en: Terms}}, language: zh, sha256: {digest.hex()}}}\n"
    await sell_policies(place.house, TERM_LIFE_FILE + named)
    wang = await place.person("Wang", 100_000)
    bought = await policy(place, wang, "en")
    assert await found_wrong(place) == []
    lost = f"document {digest.hex()}, which sales name, is gone, or is not what it was"
    await as_owner(place, "alter table product_document drop constraint product_document_check")
    for defect in ("update product_document set content = 'the terms of 2015'", "delete from product_document"):
        await as_owner(place, defect)
        assert lost in await found_wrong(place)
        assert (await seen(place, bought)).doubt == "documents that were shown are gone, or are not what they were: Terms"
    async with place.house.database.transaction() as tx:
        await catalogue.add_document(tx, "text/plain", content, place.biller.now)
    assert (await seen(place, bought)).proved
    await as_owner(place, "alter table product_version drop constraint product_version_check")
    await as_owner(place, "update product_version set definition = replace(definition, 'TL20', 'TL21') where product = 'TL20'")
    assert any(one.endswith(" of TL20, which sales name, is gone, or is not what it was") for one in await found_wrong(place))
    assert (await seen(place, bought)).doubt == "the version that was sold is gone, or is not what it was"


async def test_a_record_that_nobody_can_read_is_shown_as_doubtful(place: Town) -> None:
    bought = await policy(place, await place.person("Wang", 100_000))
    await as_owner(place, "update sale set record = 'no JSON'")
    assert (await seen(place, bought)).doubt == "the record does not give the hash it carries"
    await as_owner(place, "update sale_offer set content = 'no JSON'")
    assert len(await found_wrong(place)) == 1


async def test_the_audit_names_a_record_that_was_taken_out(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    await policy(place, wang)
    await as_owner(place, "delete from sale")
    assert await found_wrong(place) == ["the 1 sales it sealed are gone"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh"),
        ("en", "en"),
        ("en-GB,zh;q=0.8", "en"),
        ("zh-CN,en;q=0.5", "zh"),
        ("fr, en;q=0.7", "en"),
        ("*", "zh"),
        ("," * 5_000, "zh"),
    ],
)
def test_the_language_is_the_first_of_ours_that_is_asked_for(accepted: str, language: str) -> None:
    assert language_of(accepted) == language
