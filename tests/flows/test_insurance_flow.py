"""Insurance from the purchase to the insurer's account and back: what is refused, posted, swept, refunded, compared; nothing twice."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town, bordereau, town
from policy_files import sell_policies

from tapwealth.bank import store as bank_store
from tapwealth.customers import store as customers
from tapwealth.flows.bank import payments, receipts
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.insurance import insurers, policy_outcomes, policy_quotes, settling
from tapwealth.flows.insurance import policies as insurance
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, PolicyCancelling, PolicyTaken
from tapwealth.flows.insurance.policy_quotes import PolicyQuoted, QuotePolicy, RefundQuoted
from tapwealth.insurance import insured_store, policy_event_store, store
from tapwealth.insurance.applicant import Relation
from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.insurance.insured_store import InsuredRow
from tapwealth.insurance.insurer import Rejected, Unknown
from tapwealth.insurance.policy import PolicyState
from tapwealth.insurance.policy_event_store import PolicyEventRow
from tapwealth.insurance.product import OccupationClass
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.notices import store as notices

TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
ACCIDENT, TERM_LIFE = BuyPolicy("ACC1", ["terms"]), BuyPolicy("TL20", ["terms", "health"])


@pytest.fixture(autouse=True)
def small_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bordereau is compared a line at a time: what is true of two lines is of two lots."""
    monkeypatch.setattr(insurers, "LOT", 1)


@pytest.fixture(autouse=True)
async def shelf(place: Town) -> None:
    """The two policies of the played week are on sale."""
    await sell_policies(place.house)


async def buy(place: Town, person: Person, command: BuyPolicy = ACCIDENT) -> Any:
    """It costs what was quoted."""
    asked = QuotePolicy(command.product, command.occupation, command.from_day, command.phone, command.answers, command.insured)
    said = await policy_quotes.quote(place.house, place.envelope(person), asked)
    answer = await insurance.buy(place.house, place.envelope(person), command)
    if isinstance(answer, PolicyTaken):
        assert isinstance(said, PolicyQuoted), said
        assert (said.premium, said.from_day, said.to_day) == (answer.premium, answer.from_day, answer.to_day)
    else:
        assert isinstance(said, PolicyQuoted) or said.code is answer.code, (said, answer)
    return answer


async def bought(place: Town, person: Person, command: BuyPolicy = ACCIDENT) -> PolicyRow:
    """A policy that the insurer has issued."""
    taken = await buy(place, person, command)
    assert isinstance(taken, PolicyTaken), taken
    assert await place.work("insurer", insurance.deliver) == []
    return await seen(place, person)


async def seen(place: Town, person: Person) -> PolicyRow:
    """The newest policy."""
    async with place.house.database.read() as tx:
        return (await store.policies_of(tx, person.book, person.id))[0]


async def cancel(place: Town, person: Person, policy: PolicyRow) -> Any:
    """It brings back what was foretold."""
    async with place.house.database.read() as tx:
        said = await policy_quotes.refund_on(tx, person.book, person.id, policy.id, business_date_of(place.biller.now))
    answer = await insurance.cancel(place.house, place.envelope(person), CancelPolicy(policy.id))
    if isinstance(answer, PolicyCancelling):
        assert isinstance(said, RefundQuoted), said
        assert (said.refund, said.free_look) == (answer.refund, answer.free_look)
    else:
        assert isinstance(said, Refusal), said
        assert said.code is answer.code
    return answer


async def refund_arrives(place: Town, serial: str, amount: int) -> None:
    """The bank's push, twice."""
    on = place.biller.now.date()
    for _ in range(2):
        pushed = [Pushed(serial, "0100000001", amount, on, "TPINS", "refund")]
        await receipts.receive(place.house, pushed, (policy_outcomes.recognise_refunds,))


async def cancel_serial(place: Town, person: Person) -> str:
    async with place.house.database.read() as tx:
        serial = (await store.policies_of(tx, person.book, person.id))[0].cancel_serial
    assert serial is not None
    return serial


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def test_an_accident_policy_is_sold_and_its_premium_reaches_the_insurer(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    assert (policy.premium, policy.sum_insured, policy.from_day, policy.to_day) == (76_000, 40_000_000, TUESDAY, TUESDAY.replace(year=2015))
    assert (policy.state, policy.free_look_until) == (PolicyState.ISSUED, None)
    (order,) = place.insurer.orders
    assert (order.name.reveal(), order.identity_number.reveal(), order.premium) == ("王芳", "110105198401151037", 76_000)
    assert (await place.owed(wang.wallet), await place.total(Kind.PREMIUM_IN_TRANSIT)) == ([24_000], 76_000)

    assert (await settling.pay_insurer(place.house, MONDAY)).figures["amount"] == 0
    for _ in range(2):
        report = await insurers.sweep_premiums(place.house, MONDAY)
    assert report.figures == {"policies": 0, "amount": 0}, "a rerun sweeps nothing"
    assert await place.bank_executes(TUESDAY) == ["PRE-20140224"]
    assert (await place.total(Kind.PREMIUM_TRUST), await place.total(Kind.INSURER)) == (-76_000, 76_000)
    assert (await settling.pay_insurer(place.house, TUESDAY)).figures["amount"] == 0, "no bordereau has named it yet"
    await place.cut(MONDAY)
    assert (await insurers.compare_insurer(place.house, MONDAY)).wrong == []

    await place.clock(shanghai(TUESDAY, 9))
    assert (await insurers.begin_cover(place.house, TUESDAY)).figures == {"begun": 1}
    assert (await seen(place, wang)).state == "in_force"
    assert (await settling.pay_insurer(place.house, TUESDAY)).figures["amount"] == 76_000
    assert await place.bank_executes(WEDNESDAY) == ["INS-20140225"]
    assert (await place.total(Kind.PREMIUM_TRUST), await place.total(Kind.INSURER)) == (0, 0)
    assert await place.total(Kind.CUSTOMER_RESERVE) == -24_000
    await place.all_books_balance()


async def test_an_accident_policy_is_cancelled_for_the_unearned_part(place: Town) -> None:
    """Cover from Tuesday; cancelled on Wednesday: 363 of 365 days are left, 760.00 × 363 / 365 = 755.84 (half-up)."""
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    await place.clock(shanghai(WEDNESDAY, 10))
    await insurers.begin_cover(place.house, WEDNESDAY)
    asked = await cancel(place, wang, policy)
    assert asked == PolicyCancelling(str(policy.id), 75_584, False)
    assert code(await cancel(place, wang, policy)) == "UNDER_WAY"
    assert (await seen(place, wang)).cancelled_on is None
    assert await place.work("insurer", insurance.deliver) == []
    assert ((await seen(place, wang)).cancelled_on, (await seen(place, wang)).refunded_on) == (WEDNESDAY, None)
    assert await place.owed(wang.wallet) == [24_000]
    await refund_arrives(place, await cancel_serial(place, wang), 75_584)
    after = await seen(place, wang)
    assert (after.state, after.refund, after.refunded_on) == (PolicyState.CANCELLED, 75_584, WEDNESDAY)
    assert await place.owed(wang.wallet) == [99_584]
    assert code(await cancel(place, wang, policy)) == "OVER"
    async with place.house.database.read() as tx:
        told = list(reversed(await notices.notices_of(tx, wang.book, wang.id)))
    texts = [one.text_en for one in told]
    assert [one.notice.obligatory for one in told] == [False, True, True], "issued, cancelled, refunded"
    assert texts[-1] == f"The refund of 755.84 yuan for policy {policy.policy_number} is in your balance."
    await place.all_books_balance()


async def test_a_term_life_policy_is_given_back_in_the_free_look(place: Town) -> None:
    """Fifteen days after the day of issue; the premium comes back less 10 yuan."""
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang, TERM_LIFE)
    assert policy.free_look_until == MONDAY + timedelta(days=15)
    assert policy.to_day == TUESDAY.replace(year=2034)
    await place.clock(shanghai(MONDAY + timedelta(days=15), 23))
    asked = await cancel(place, wang, policy)
    assert asked == PolicyCancelling(str(policy.id), policy.premium - 1_000, True)


async def test_after_the_free_look_only_the_unearned_part_is_left(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang, TERM_LIFE)
    await place.clock(shanghai(MONDAY + timedelta(days=16), 9))
    asked = await cancel(place, wang, policy)
    assert policy.premium == 22_500, "168.75 net, a quarter of the gross for costs"
    assert asked == PolicyCancelling(str(policy.id), 21_514, False), "349 of 365 days are left"


async def test_the_price_is_what_the_buyer_was_shown(place: Town) -> None:
    wang = await place.person("Wang", 1_000_000)
    assert (await buy(place, wang, BuyPolicy("ACC1", ["terms"], OccupationClass.TWO, premium=96_000))).premium == 96_000
    policy = (await seen(place, wang)).id
    async with place.house.database.read() as tx:
        found = await insured_store.insured(tx, [(wang.book, policy)])
        lookup = (await customers.persons(tx, [(wang.book, wang.id)]))[wang.id].identity_lookup
    one = InsuredRow(
        book=wang.book, policy=policy, relation=Relation.SELF, lookup=lookup, occupation=OccupationClass.TWO, sum_insured=40_000_000,
        shown_name="*芳",
    )  # fmt: skip
    assert found == {(wang.book, policy): one}
    assert (await buy(place, wang, BuyPolicy("TL20", ["terms"], premium=22_500))).premium == 22_500
    assert code(await buy(place, wang, BuyPolicy("TL20", ["terms"], premium=22_501))) == "PREMIUM_DIFFERS"


async def test_what_is_refused(place: Town) -> None:
    wang, poor = await place.person("Wang", 100_000), await place.person("Qian", 75_999)
    old = await place.person("Old", 100_000, identity="110105194001151013")
    assert code(await buy(place, wang, BuyPolicy("ACC1", []))) == "TERMS_NOT_CONFIRMED"
    assert code(await buy(place, wang, BuyPolicy("ACC1", ["terms"], from_day=MONDAY))) == "BEGINS_WHEN"
    assert code(await buy(place, wang, BuyPolicy("ACC1", ["terms"], from_day=MONDAY + timedelta(days=31)))) == "BEGINS_WHEN"
    assert code(await buy(place, poor)) == "NO_MONEY"
    assert code(await buy(place, old)) == "TOO_OLD"
    assert code(await buy(place, await place.person("New", 100_000, level=0))) == "ABOVE_LIMIT"
    assert code(await buy(place, wang, BuyPolicy("XX", ["terms"]))) == "UNKNOWN_PRODUCT"
    assert code(await insurance.cancel(place.house, place.envelope(wang), CancelPolicy(UUID(int=3)))) == "UNKNOWN_POLICY"
    taken = await buy(place, wang)
    assert code(await cancel(place, wang, await seen(place, wang))) == "NOT_ISSUED"
    assert code(await insurance.cancel(place.house, place.envelope(poor), CancelPolicy(UUID(taken.policy)))) == "UNKNOWN_POLICY"
    assert await place.total(Kind.PREMIUM_IN_TRANSIT) == 76_000


async def test_the_same_command_again_is_one_policy(place: Town) -> None:
    wang = await place.person("Wang", 200_000)
    envelope = place.envelope(wang)
    first = await insurance.buy(place.house, envelope, ACCIDENT)
    assert await insurance.buy(place.house, envelope, ACCIDENT) == first
    assert code(await insurance.buy(place.house, envelope, TERM_LIFE)) == "KEY_REUSED"
    assert await place.owed(wang.wallet) == [124_000]


async def test_an_unknown_answer_is_asked_again_under_the_same_serial(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    place.insurer.script.extend([Unknown("no answer"), Unknown("HTTP status 500")])
    await buy(place, wang)
    failures = await place.work("insurer", insurance.deliver, rounds=3)
    assert failures == ["the insurer does not answer: no answer", "the insurer does not answer: HTTP status 500"]
    assert (await seen(place, wang)).state == "issued"
    assert len({order.serial for order in place.insurer.orders}) == 1
    async with place.house.database.transaction() as tx:
        await tx.execute("update outbox set sent_at = null where destination = 'insurer'")
    await place.work("insurer", insurance.deliver)
    assert len(place.insurer.orders) == 3, "what was answered is not asked again"


async def test_a_policy_that_the_insurer_refuses_gives_the_premium_back_and_is_never_swept(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    place.insurer.script.append(Rejected("declined"))
    await buy(place, wang)
    await place.work("insurer", insurance.deliver, rounds=2)
    after = await seen(place, wang)
    assert (after.state, after.refused_on, after.reason) == (PolicyState.CANCELLED, MONDAY, "declined")
    assert (await place.owed(wang.wallet), await place.total(Kind.PREMIUM_IN_TRANSIT)) == ([100_000], 0)
    assert (await insurers.sweep_premiums(place.house, MONDAY)).figures["policies"] == 0
    async with place.house.database.read() as tx:
        assert await tx.fetchval("select sum(amount)::bigint from payment_usage") == 0
        assert await store.premiums_asked_with(tx, list(place.house.all_books), MONDAY) == []


async def test_a_cancellation_that_the_insurer_refuses_leaves_the_policy(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    place.insurer.script.append(Rejected("not_in_force"))
    await cancel(place, wang, policy)
    await place.work("insurer", insurance.deliver)
    after = await seen(place, wang)
    assert (after.state, after.refund) == ("issued", 0)
    place.insurer.script.append(Rejected("not_in_force"))
    assert isinstance(await cancel(place, wang, policy), PolicyCancelling), "it can be tried again"
    await place.work("insurer", insurance.deliver)
    async with place.house.database.read() as tx:
        told = [one.text_en for one in await notices.notices_of(tx, wang.book, wang.id)]
    assert told.count(f"The insurer did not cancel your policy {policy.policy_number}; it stays in force.") == 2, "each time it is told"


async def test_a_refund_of_another_amount_waits_in_suspense_as_a_break(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    await cancel(place, wang, policy)
    await place.work("insurer", insurance.deliver)
    await refund_arrives(place, await cancel_serial(place, wang), 76_001)
    assert (await place.owed(wang.wallet), await place.total(Kind.SUSPENSE)) == ([24_000], 76_001)
    assert await place.breaks(MONDAY) == [("insurer", "refund_differs", True)]
    assert (await seen(place, wang)).refunded_on is None
    await place.all_books_balance()


async def test_a_sweep_that_the_bank_rejects_is_made_anew(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    await bought(place, wang)
    await insurers.sweep_premiums(place.house, MONDAY)
    await payments.hear(place.house, [Outcome("PRE-20140224", False, TUESDAY, "AC04")])
    assert await place.total(Kind.PREMIUM_IN_TRANSIT) == 76_000
    await place.clock(shanghai(TUESDAY, 9))
    assert (await insurers.sweep_premiums(place.house, TUESDAY)).figures == {"policies": 1, "amount": 76_000}
    assert await place.bank_executes(WEDNESDAY) == ["PRE-20140225"]
    assert await place.total(Kind.INSURER) == 76_000


async def test_the_bordereau_agrees_and_a_rerun_changes_nothing(place: Town) -> None:
    wang = await place.person("Wang", 200_000)
    policy = await bought(place, wang)
    await cancel(place, wang, policy)
    await place.work("insurer", insurance.deliver)
    await place.cut(MONDAY)
    for _ in range(2):
        report = await insurers.compare_insurer(place.house, MONDAY)
        assert (report.wrong, report.figures["matched"], report.figures["events"]) == ([], 2, 2)
        assert report.figures["refunds_awaited"] == [{"item": await cancel_serial(place, wang), "amount": 76_000}]


async def test_the_bordereau_settles_what_was_in_doubt(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapwealth.flows.end_of_day.PATIENCE_SECONDS", 0)
    wang = await place.person("Wang", 100_000)
    place.insurer.script.append(Unknown("no answer"))
    await buy(place, wang)
    await place.work("insurer", insurance.deliver)
    await place.cut(MONDAY)
    report = await insurers.compare_insurer(place.house, MONDAY)
    assert report.wrong == []
    assert [one["state"] for one in report.figures["in_doubt"]] == ["quoted"]
    serial = place.insurer.orders[0].serial
    place.insurer.events[serial] = ("issued", "PL1", 76_000, MONDAY)
    await place.clock(shanghai(WEDNESDAY, 1))
    report = await insurers.compare_insurer(place.house, MONDAY)
    assert (report.wrong, report.figures["in_doubt"], report.figures["matched"]) == ([], [], 1)
    policy = await seen(place, wang)
    assert (policy.policy_number, policy.state) == ("PL1", "issued")
    assert (policy.issued_on, policy.received_on) == (MONDAY, WEDNESDAY), "its policyholder has it only now"


async def test_each_kind_of_difference_is_named(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapwealth.flows.end_of_day.PATIENCE_SECONDS", 0)
    wang, li = await place.person("Wang", 100_000), await place.person("Li", 100_000)
    policy = await bought(place, wang)
    place.insurer.script.append(Rejected("declined"))
    await buy(place, li)
    await place.work("insurer", insurance.deliver)
    refused = place.insurer.orders[-1].serial
    (serial,) = place.insurer.events
    await place.cut(MONDAY)

    async def differences(*lines: tuple[str, str, str, int]) -> list[str]:
        place.insurer.file = bordereau(lines)
        report = await insurers.compare_insurer(place.house, MONDAY)
        kinds = [kind for source, kind, accounted in await place.breaks(MONDAY) if source == insurers.BORDEREAU and not accounted]
        assert len(report.wrong) == len(kinds)
        return kinds

    right = (serial, policy.policy_number, "issued", 76_000)
    assert await differences((serial, policy.policy_number, "issued", 76_001)) == ["amount_differs"]
    assert await differences(right, right) == ["told_twice"]
    assert await differences(("POL-x", "PL9", "issued", 5), right) == ["insurer_has_more"]
    assert await differences((refused, "PL9", "issued", 76_000), right) == ["state_differs"]
    assert await differences((serial, "PL-other", "issued", 76_000)) == ["state_differs"]
    assert await differences((serial, policy.policy_number, "cancelled", 76_000), right) == ["insurer_has_more"]
    assert await differences(right) == []


async def test_an_event_of_any_kind_is_compared_by_what_was_heard_of_it(place: Town) -> None:
    """Whoever hears of an event writes it down; what the bordereau says of it is held against that, sign and all."""
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    heard = [
        PolicyEventRow(policy.book, event, serial, policy.id, amount, MONDAY, shanghai(MONDAY, 9), policy.from_day, policy.to_day)
        for event, serial, amount in ((BordereauEvent.PREMIUM, "DUE-2", 76_000), (BordereauEvent.ENDORSED, "END-1", -2_500))
    ]
    async with place.house.database.transaction() as tx:
        for _ in range(2):
            await policy_event_store.add(tx, heard)
    await place.cut(MONDAY)
    issued = (policy.serial, policy.policy_number, "issued", 76_000)
    place.insurer.file = bordereau([issued])
    assert (await insurers.compare_insurer(place.house, MONDAY)).wrong == [
        f"policy {policy.policy_number} is paid for here, but the insurer's bordereaux do not name it",
        f"policy {policy.policy_number} is endorsed here, but the insurer's bordereaux do not name it",
    ]
    place.insurer.file = bordereau(
        [issued, ("DUE-2", policy.policy_number, "premium", 76_000), ("END-1", policy.policy_number, "endorsed", 2_500),
         ("CLM-1", policy.policy_number, "claimed", 100)]
    )  # fmt: skip
    assert (await insurers.compare_insurer(place.house, MONDAY)).wrong == [
        "request END-1 (endorsed) is 25.00 at the insurer and -25.00 here",
        "no request of ours is called CLM-1 (claimed)",
    ]
    place.insurer.file = bordereau(
        [issued, ("DUE-2", policy.policy_number, "premium", 76_000), ("END-1", policy.policy_number, "endorsed", -2_500)]
    )
    for _ in range(2):
        report = await insurers.compare_insurer(place.house, MONDAY)
        assert (report.wrong, report.figures["matched"]) == ([], 3)
    assert (await insurers.sweep_premiums(place.house, MONDAY)).figures == {"policies": 1, "amount": 152_000}, (
        "what comes back is not swept"
    )


async def test_a_bordereau_that_lacks_a_policy_or_is_not_there_stops_the_day(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    await place.cut(MONDAY)
    place.insurer.file = bordereau([])
    (wrong,) = (await insurers.compare_insurer(place.house, MONDAY)).wrong
    assert wrong == f"policy {policy.policy_number} is issued here, but the insurer's bordereaux do not name it"
    async with place.house.database.transaction() as tx:
        assert await bank_store.accept(tx, MONDAY, insurers.BORDEREAU, "we_have_more", policy.serial)
    for _ in range(2):
        report = await insurers.compare_insurer(place.house, MONDAY)
        assert (report.wrong, report.figures["differences"]) == ([], 1), "two people answer for it: the date may close with it"
    place.insurer.file = b"serial,policy_number"
    (wrong,) = (await insurers.compare_insurer(place.house, MONDAY)).wrong
    assert "it is torn; fetch it again" in wrong

    async def nothing(_day: Any) -> None:
        return None

    place.insurer.bordereau = nothing
    (wrong,) = (await insurers.compare_insurer(place.house, MONDAY)).wrong
    assert "close 2014-02-24 again when it is" in wrong


async def test_serials_do_not_depend_on_the_number_of_books(new_database: Callable[[], str], tmp_path: Path) -> None:
    serials = []
    for books in (1, 16):
        folder = tmp_path / str(books)
        folder.mkdir()
        (folder / "keys").mkdir(mode=0o700)
        (tmp_path / "keys").mkdir(mode=0o700, exist_ok=True)
        async with town(new_database(), tmp_path, books) as place:
            await sell_policies(place.house)
            wang = await place.person("Wang", 100_000)
            await bought(place, wang)
            serials.append(place.insurer.orders[0].serial)
    assert serials[0] == serials[1]
