"""A payment by phone that its owner did not make: disputed, claimed of an account-loss cover within the days looked back, and once."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from bill_town import MONDAY, Person
from card_town import CardTown
from claim_town import assess, give, insured, paid, seen, watch
from evidence_files import pdf
from policy_files import SCREEN_FILE, sell_policies

from tapwealth.flows.insurance import claim_notification
from tapwealth.flows.insurance.claim_notification import NotifyClaim
from tapwealth.flows.insurance.claims import ClaimStands
from tapwealth.flows.issuing import disputes
from tapwealth.flows.issuing.disputes import DisputeTap, TapDisputed
from tapwealth.insurance.claim import ClaimState, LossKind, Paper
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.wire.iso8583.requests import TransactionKind

ACCOUNT_FILE = (
    SCREEN_FILE.replace("product: SCREEN", "product: SAFE")
    .replace("{zh: 碎屏险, en: 'Screen cover'}", "{zh: 账户安全险, en: 'Account cover'}")
    .replace("{of: phone_screen, replacements: 1, late_days: 60}", "{of: account_loss, look_back_days: 7}")
    .replace("  waiting_days: 7\n", "")
)
TUESDAY = MONDAY + timedelta(days=1)


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def dispute(host: CardTown, person: Person, tap: UUID) -> Any:
    return await disputes.dispute(host.place.house, host.place.envelope(person), DisputeTap(tap))


async def claim(host: CardTown, person: Person, policy: UUID, tap: UUID) -> Any:
    said = NotifyClaim(policy, LossKind.PAYMENT, "I was asleep at home", tap=tap)
    return await claim_notification.notify(host.place.house, host.place.envelope(person), said)


@pytest.fixture
async def wang(host: CardTown) -> Person:
    await sell_policies(host.place.house, ACCOUNT_FILE)
    return await host.place.person("Wang", 200_000)


async def test_a_disputed_payment_is_claimed_once_for_what_is_gone(host: CardTown, wang: Person) -> None:
    place = host.place
    policy, other = await insured(place, wang, None, "SAFE"), await insured(place, wang, None, "SAFE")
    phone = await host.phone(wang)
    early, answer = await host.tap(phone, 100)
    assert answer == "00"
    await place.clock(shanghai(TUESDAY, 9))
    sale, answer = await host.tap(phone, 50_000)
    assert answer == "00"
    tap, before = (await host.row(sale)).id, (await host.row(early)).id
    assert code(await claim(host, wang, policy, tap)) == "NOT_DISPUTED"
    li = await place.person("Li", 0)
    assert code(await dispute(host, li, tap)) == code(await dispute(host, wang, uuid4())) == "UNKNOWN_TAP"
    said = await dispute(host, wang, tap)
    assert (said, said.amount, said.reported_on) == (
        TapDisputed(str(tap), 50_000, said.merchant_number, "2014-02-25"),
        50_000,
        "2014-02-25",
    )
    assert code(await claim(host, wang, policy, tap)) == "NOT_CLEARED"
    await host.upload(host.claim(early), host.claim(sale))
    await host.clear(TUESDAY)
    await place.clock(shanghai(TUESDAY + timedelta(days=9), 9))
    assert (await dispute(host, wang, tap)).reported_on == "2014-02-25", "its first day stays"
    stands = await claim(host, wang, policy, tap)
    assert isinstance(stands, ClaimStands), stands
    for again in (policy, other):
        assert code(await claim(host, wang, again, tap)) == "TAP_CLAIMED"
    assert (await dispute(host, wang, before)).reported_on == "2014-03-06"
    async with place.house.database.read() as tx:
        newest, oldest = await disputes.disputable(tx, wang.book, wang.id, None, 5)
        assert await disputes.disputable(tx, wang.book, wang.id, newest.tap, 5) == [oldest]
        assert await disputes.disputable(tx, li.book, li.id, None, 5) == []
    assert (newest.tap, newest.amount, newest.state, newest.disputed_on) == (tap, 50_000, "captured", TUESDAY)
    assert (oldest.tap, oldest.disputed_on) == (before, TUESDAY + timedelta(days=9))
    assert code(await claim(host, wang, policy, before)) == "BEFORE_COVER"
    identifier = UUID(stands.claim)
    await give(place, wang, identifier, Paper.STATEMENT, pdf(), "application/pdf")
    assert (await assess(place, identifier, 50_000)).payable == 50_000
    await paid(place, identifier)
    assert (await seen(place, identifier))[0].state is ClaimState.PAID
    (order,) = place.insurer.claims
    assert (order.identity, order.loss_day) == (f"payment:{tap}", TUESDAY)
    assert await place.owed(wang.wallet) == [200_000 - 2 * 19_900 - 100 - 50_000 + 50_000]


async def test_what_was_given_back_is_no_loss_and_what_was_told_late_is_not_looked_back_to(host: CardTown, wang: Person) -> None:
    place = host.place
    policy = await insured(place, wang, None, "SAFE")
    phone = await host.phone(wang)
    await place.clock(shanghai(TUESDAY, 9))
    (sale, _), (late, _) = await host.tap(phone, 50_000), await host.tap(phone, 700)
    tap, other = (await host.row(sale)).id, (await host.row(late)).id
    await dispute(host, wang, tap)
    await host.upload(host.claim(sale), host.claim(late))
    await host.clear(TUESDAY)
    row = await host.row(sale)
    await host.later(host.follow_up(TransactionKind.REFUND, sale, row.rrn, 50_000))
    assert code(await claim(host, wang, policy, tap)) == "NOT_CLEARED"
    await place.clock(shanghai(TUESDAY + timedelta(days=8), 9))
    await dispute(host, wang, other)
    assert code(await claim(host, wang, policy, other)) == "BEFORE_LOOK_BACK"


async def test_what_the_merchant_gives_back_while_it_is_looked_at_is_not_paid_for(host: CardTown, wang: Person) -> None:
    place = host.place
    policy = await insured(place, wang, None, "SAFE")
    phone = await host.phone(wang)
    await place.clock(shanghai(TUESDAY, 9))
    sale, _ = await host.tap(phone, 50_000)
    tap = (await host.row(sale)).id
    await dispute(host, wang, tap)
    await host.upload(host.claim(sale))
    await host.clear(TUESDAY)
    identifier = UUID((await claim(host, wang, policy, tap)).claim)
    await give(place, wang, identifier, Paper.STATEMENT, pdf(), "application/pdf")
    row = await host.row(sale)
    await host.later(host.follow_up(TransactionKind.REFUND, sale, row.rrn, 20_000))
    assert code(await assess(place, identifier, 30_001)) == "MORE_THAN_CLAIMED"
    assert (await assess(place, identifier, 30_000)).payable == 30_000
    await paid(place, identifier)
    async with place.house.database.transaction() as tx:
        await tx.execute("update authorisation set credited_on = $1 where credit > 0", TUESDAY)
    await watch(place, TUESDAY)
    assert await place.breaks(TUESDAY) == [], "the insurer did not pay for it, so nobody is asked to give it back"


async def test_of_what_the_merchant_gives_back_after_it_was_paid_operations_are_told(host: CardTown, wang: Person) -> None:
    place = host.place
    policy = await insured(place, wang, None, "SAFE")
    phone = await host.phone(wang)
    await place.clock(shanghai(TUESDAY, 9))
    (sale, _), (other, _) = await host.tap(phone, 50_000), await host.tap(phone, 700)
    tap = (await host.row(sale)).id
    await dispute(host, wang, tap)
    await host.upload(host.claim(sale), host.claim(other))
    await host.clear(TUESDAY)
    identifier = UUID((await claim(host, wang, policy, tap)).claim)
    await give(place, wang, identifier, Paper.STATEMENT, pdf(), "application/pdf")
    await assess(place, identifier, 50_000)
    await paid(place, identifier)
    for one, amount in ((sale, 20_000), (other, 700)):
        await host.later(host.follow_up(TransactionKind.REFUND, one, (await host.row(one)).rrn, amount))
    async with place.house.database.transaction() as tx:
        await tx.execute("update authorisation set credited_on = $1 where credit > 0", TUESDAY)
    for _ in range(2):
        await watch(place, TUESDAY)
    assert await place.breaks(TUESDAY) == [("claims", "given_back", True)]
