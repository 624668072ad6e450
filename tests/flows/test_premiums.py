"""Policies that stand: premiums collected and paid, grace, suspension, reinstatement, lapse, renewal, expiry; each once."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town, town
from four_eyes import operator
from fund_town import FUND, fund_town
from policy_files import ACCIDENT_FILE, SCREEN_FILE, TERM_LIFE_FILE, sell_policies

from tapwealth.flows import reports
from tapwealth.flows.bank import receipts
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.frame import Envelope, House
from tapwealth.flows.insurance import claim_notification, delivery, endorsements, insurers, premium_days, premium_outcomes, premiums
from tapwealth.flows.insurance import policies as insurance
from tapwealth.flows.insurance.endorsements import ChangePolicyAddress
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, InsuredPhone, PolicyCancelling, PolicyTaken
from tapwealth.flows.insurance.policy_product import products_of
from tapwealth.flows.insurance.premium_notices import News, notice
from tapwealth.flows.insurance.premium_views import premiums_shown
from tapwealth.flows.insurance.premiums import (
    DemandPremium,
    EndPremiums,
    LetPremiums,
    MandateView,
    PayPremium,
    PremiumDemanded,
    PremiumTaken,
    ReinstatePolicy,
)
from tapwealth.insurance import policy_event_store, premium_store, store
from tapwealth.insurance.insurer import Rejected, Unknown
from tapwealth.insurance.policy import PolicyState, anniversary
from tapwealth.insurance.premium_store import DueState, PremiumRow
from tapwealth.insurance.schedule import Covered, covered_on
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.refusal import Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.notices import store as notices
from tapwealth.storage import migrate

DAY = timedelta(days=1)
BEGUN = MONDAY + DAY
DUE = anniversary(BEGUN, 1)
"""Of the second premium of a term life that is bought on Monday."""
PREMIUM = 22_500
LENIENT = TERM_LIFE_FILE.replace("  loading: 25", "  loading: 25\n  arrears_interest: 5\n  cash_value: 20")


@pytest.fixture
async def place(new_database: Callable[[], str], tmp_path: Path) -> AsyncIterator[Town]:
    async with town(new_database(), tmp_path) as made:
        await sell_policies(made.house, ACCIDENT_FILE, LENIENT)
        yield made


async def bought(place: Town, person: Person, product: str = "TL20") -> PolicyRow:
    taken = await insurance.buy(place.house, place.envelope(person), BuyPolicy(product, ["terms"]))
    assert isinstance(taken, PolicyTaken), taken
    assert await place.work("insurer", insurance.deliver) == []
    return await row_of(place, person, UUID(taken.policy))


async def row_of(place: Town, person: Person, policy: UUID) -> PolicyRow:
    async with place.house.database.read() as tx:
        return (await store.policies(tx, [(person.book, policy)]))[person.book, policy]


async def paid(place: Town, row: PolicyRow) -> list[PremiumRow]:
    async with place.house.database.read() as tx:
        return await premium_store.premiums_of(tx, [(row.book, row.id)])


async def covered(place: Town, row: PolicyRow, day: date) -> int | str:
    """What is owed of a loss that is covered; or why it is not."""
    async with place.house.database.read() as tx:
        rows = await store.policies(tx, [(row.book, row.id)])
        said = covered_on(rows[row.book, row.id].policy, (await premium_store.schedules(tx, rows))[row.book, row.id], day)
    return said.arrears if isinstance(said, Covered) else said.code.name


async def told(place: Town, person: Person) -> list[tuple[str, bool]]:
    """What the person was told after the policy was issued: the first words, and whether in any case."""
    async with place.house.database.read() as tx:
        found = await notices.notices_of(tx, person.book, person.id)
    return [(one.text_en.split("(")[0].strip(), one.notice.obligatory) for one in reversed(found)][1:]


async def ends(place: Town, day: date, send: bool = True) -> None:
    """The end of a date, twice, as after a kill; then what is sent to the insurer."""
    await place.clock(max(place.biller.now, shanghai(day, 24) + timedelta(minutes=10)))
    async with place.house.database.transaction() as tx:
        await tx.execute(
            "insert into business_day (business_date, state, opened_at, cut_at) values ($1, 'cut', $2, $2)", day, place.biller.now
        )
    for step in (premium_days.collect_premiums, insurers.begin_cover, premium_days.suspend_and_lapse, premium_days.expire_and_renew):
        await step(place.house, day)
        await step(place.house, day)
    if send:
        await place.work("insurer", insurance.deliver)


async def live(place: Town, last: date, *, pay: Callable[[date], Any] | None = None) -> list[date]:
    """End every date to `last` on which something is to be done; between them nothing is read or written."""
    looked: list[date] = []
    while True:
        async with place.house.database.read() as tx:
            following = await tx.fetchval("select min(next_due) from policy_schedule")
        if following is None or following > last:
            return looked
        assert not looked or following > looked[-1], "a look that leads nowhere"
        await ends(place, following)
        looked.append(following)


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def act(place: Town, person: Person | None, command: Any) -> Any:
    deeds: dict[type, Callable[[House, Envelope, Any], Awaitable[Any]]] = {
        PayPremium: premiums.pay,
        ReinstatePolicy: premiums.reinstate,
        LetPremiums: premiums.let,
        EndPremiums: premiums.end,
        DemandPremium: premiums.demand,
    }
    return await deeds[type(command)](place.house, place.envelope(person), command)


async def test_premiums_are_collected_year_after_year_and_reach_the_trust(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    row = await bought(place, wang)
    assert isinstance(await act(place, wang, LetPremiums(row.id, 30_000)), MandateView)
    looked = await live(place, anniversary(BEGUN, 3))
    assert looked == [day for year in (1, 2, 3) for day in (anniversary(BEGUN, year) - 7 * DAY, anniversary(BEGUN, year))]
    rows = await paid(place, row)
    assert [(one.due_on, one.until_on, one.amount, one.state) for one in rows] == [
        (anniversary(BEGUN, year), anniversary(BEGUN, year + 1), PREMIUM, DueState.BOOKED) for year in (1, 2, 3)
    ]
    assert (await row_of(place, wang, row.id)).paid_until == anniversary(BEGUN, 4)
    assert await place.owed(wang.wallet) == [100_000 - 4 * PREMIUM]
    day = business_date_of(place.biller.now)
    assert (await insurers.sweep_premiums(place.house, day)).figures["amount"] == 4 * PREMIUM
    assert (await insurers.sweep_premiums(place.house, day)).figures["amount"] == 0
    number = row.policy_number
    yearly = [(f"The next premium of your policy {number}", False), (f"The premium of your policy {number}", False)]
    assert await told(place, wang) == [(f"You have let the premiums of policy {number}", False), *3 * yearly]
    await place.all_books_balance()


async def test_grace_suspension_and_reinstatement(place: Town) -> None:
    """Nothing is in the wallet on the due day: tried through the grace period, covered less what is owed, then suspended."""
    wang = await place.person("Wang", PREMIUM)
    row = await bought(place, wang)
    await act(place, wang, LetPremiums(row.id, 100_000))
    last = DUE + 60 * DAY
    looked = await live(place, last - DAY)
    assert looked == [DUE - 7 * DAY, *(DUE + after * DAY for after in (0, 1, 3, 7, 15, 30, 45, 53))]
    assert (await covered(place, row, last), (await row_of(place, wang, row.id)).state) == (PREMIUM, "in_force")
    assert await live(place, last) == [last]
    after = await row_of(place, wang, row.id)
    assert (after.state, await covered(place, row, last), await covered(place, row, last + DAY)) == (
        "suspended",
        PREMIUM,
        "COVER_SUSPENDED",
    )
    assert place.insurer.told[-1][1] == "suspended"
    assert code(await act(place, wang, PayPremium(row.id))) == "COVER_SUSPENDED"
    assert code(await act(place, wang, ReinstatePolicy(row.id))) == "NO_MONEY"
    await place.moved_in(wang, 100_000, last + DAY)
    await place.clock(shanghai(anniversary(BEGUN, 2) + 10 * DAY, 9))
    interest = 1_156 + 31  # 5 % of 225.00 for 375 days and for 10
    assert code(await act(place, wang, ReinstatePolicy(row.id, amount=2 * PREMIUM))) == "PREMIUM_DIFFERS"
    taken = await act(place, wang, ReinstatePolicy(row.id, amount=2 * PREMIUM + interest))
    assert taken == PremiumTaken(str(row.id), 2 * PREMIUM + interest, interest, 0, anniversary(BEGUN, 3))
    assert code(await act(place, wang, ReinstatePolicy(row.id))) == "UNDER_WAY"
    assert code(await insurance.cancel(place.house, place.envelope(wang), CancelPolicy(row.id))) == "UNDER_WAY"
    assert (await row_of(place, wang, row.id)).state == "suspended", "until the insurer has agreed"
    await place.work("insurer", insurance.deliver)
    again = anniversary(BEGUN, 2) + 11 * DAY
    after = await row_of(place, wang, row.id)
    assert (after.state, after.paid_until) == (PolicyState.IN_FORCE, anniversary(BEGUN, 3))
    assert (await covered(place, row, again - DAY), await covered(place, row, again)) == ("COVER_SUSPENDED", 0)
    assert await place.total(Kind.PREMIUM_IN_TRANSIT) == 3 * PREMIUM + interest
    (brings,) = [one.read_text("utf-8") for one in migrate.sql_files() if one.name.startswith("0142")]
    async with place.house.database.transaction() as tx:
        await tx.execute("update policy_event set interest = 0")
        await tx.execute(brings[brings.index("update policy_event") : brings.index("alter table policy_event add check")])
    async with place.house.database.read() as tx:
        assert await policy_event_store.paid_for(tx, (row.book, row.id)) == 3 * PREMIUM, "which is all that could come back of it"
    (earned,) = [one for one in await reports.earned_premiums(place.house, place.biller.now.date()) if one.product == row.product]
    assert earned.premium == 3 * PREMIUM, "interest is no premium"
    mandatory = [text for text, obligatory in await told(place, wang) if obligatory]
    assert len(mandatory) == 9 + 2, "unpaid nine times, suspended, reinstated"
    await place.all_books_balance()


async def test_a_demand_shortens_grace(place: Town) -> None:
    wang = await place.person("Wang", PREMIUM)
    row = await bought(place, wang)
    assert code(await act(place, None, DemandPremium(row.id))) == "NOT_OWED"
    await live(place, DUE)
    await place.clock(shanghai(DUE + 5 * DAY, 9))
    said = await act(place, None, DemandPremium(row.id))
    assert said == PremiumDemanded(str(row.id), PREMIUM, DUE, DUE + 35 * DAY)
    assert code(await act(place, None, DemandPremium(row.id))) == "DEMANDED_ALREADY"
    await live(place, DUE + 34 * DAY)
    assert (await row_of(place, wang, row.id)).state == "in_force"
    assert await live(place, DUE + 35 * DAY) == [DUE + 35 * DAY]
    assert (await row_of(place, wang, row.id)).state == "suspended"


async def test_an_insurer_that_does_not_reinstate_gives_all_back(place: Town) -> None:
    wang = await place.person("Wang", 2 * PREMIUM + 188)  # 5 % for 61 days
    row = await bought(place, wang)
    await live(place, DUE + 60 * DAY)
    place.insurer.script.append(Rejected("declaration_needed"))
    assert isinstance(await act(place, wang, ReinstatePolicy(row.id)), PremiumTaken)
    await place.work("insurer", insurance.deliver)
    assert (await place.owed(wang.wallet), (await row_of(place, wang, row.id)).state) == ([PREMIUM + 188], PolicyState.SUSPENDED)
    assert [one.state for one in await paid(place, row)] == [DueState.RETURNED]
    assert isinstance(await act(place, wang, ReinstatePolicy(row.id)), PremiumTaken), "it can be asked again"
    await place.all_books_balance()


async def died(place: Town, row: PolicyRow, day: date) -> str:
    """What becomes of a claim that is made now for a death on that day."""
    said = claim_notification.NotifyDeath(row.id, day, "a fall from a ladder")
    answer = await claim_notification.notify_death(place.house, await operator(place, "ops.chen"), said)
    return answer.code.name if isinstance(answer, Refusal) else "taken"


async def test_two_years_of_suspension_end_in_a_lapse_and_its_cash_value(place: Town) -> None:
    wang = await place.person("Wang", PREMIUM)
    row = await bought(place, wang)
    lapse = anniversary(DUE + 61 * DAY, 2)
    looked = await live(place, lapse)
    assert looked[-1] == lapse - DAY, "between the suspension and the lapse nothing is looked at"
    assert looked[-2] == DUE + 60 * DAY
    after = await row_of(place, wang, row.id)
    assert (after.state, place.insurer.told[-1][1]) == (PolicyState.LAPSED, "lapsed")
    assert code(await act(place, wang, ReinstatePolicy(row.id))) == "NOT_SUSPENDED"
    assert code(await act(place, wang, PayPremium(row.id))) == "NOT_IN_FORCE"
    assert [await died(place, row, day) for day in (DUE + 60 * DAY, DUE + 61 * DAY, lapse)] == ["taken", *2 * ["NOT_COVERED_THEN"]]
    serial, refund = place.insurer.told[-1][0], PREMIUM // 5
    for amount, wallet in ((refund + 1, 0), (refund, refund), (refund, refund)):
        pushed = [Pushed(serial, "0100000001", amount, place.biller.now.date(), "TPINS", "refund")]
        if amount == refund:
            await receipts.receive(place.house, pushed, (premium_outcomes.recognise_cash_values,))
        assert await place.owed(wang.wallet) == [wallet]
    await place.all_books_balance()


async def test_a_lapse_that_brings_nothing_back_says_so(place: Town) -> None:
    wang = await place.person("Wang", PREMIUM)
    row = await bought(place, wang)
    async with place.house.database.read() as tx:
        (product,) = (await products_of(tx, [row])).values()
    told = notice(News(row, product, "lapsed", "LAP-1", on=DUE), place.biller.now)
    assert told.text_en.endswith(f"for two years and is over from {DUE} on. Nothing comes back of its premiums.")
    assert "0.00" not in told.text_zh


async def test_a_premium_paid_by_hand(place: Town) -> None:
    wang, li = await place.person("Wang", 3 * PREMIUM), await place.person("Li", 3 * PREMIUM)
    row = await bought(place, wang)
    assert code(await act(place, li, PayPremium(row.id))) == "UNKNOWN_POLICY"
    await place.clock(shanghai(DUE - 31 * DAY, 9))
    await insurers.begin_cover(place.house, DUE - 31 * DAY)
    assert code(await act(place, wang, PayPremium(row.id))) == "NOTHING_DUE"
    await place.clock(shanghai(DUE - 30 * DAY, 9))
    assert code(await act(place, wang, PayPremium(row.id, PREMIUM + 1))) == "PREMIUM_DIFFERS"
    assert code(await act(place, wang, PayPremium(row.id, PREMIUM, "NO_FUND"))) == "UNKNOWN_FUND"
    envelope, command = place.envelope(wang), PayPremium(row.id, PREMIUM)
    first = await premiums.pay(place.house, envelope, command)
    assert first == PremiumTaken(str(row.id), PREMIUM, 0, 0, anniversary(BEGUN, 2))
    assert await premiums.pay(place.house, envelope, command) == first
    assert code(await act(place, wang, PayPremium(row.id))) == "UNDER_WAY"
    await place.work("insurer", insurance.deliver)
    assert code(await act(place, wang, PayPremium(row.id))) == "NOTHING_DUE"
    assert await place.owed(wang.wallet) == [PREMIUM]
    cancelling = await insurance.cancel(place.house, place.envelope(wang), CancelPolicy(row.id))
    assert isinstance(cancelling, PolicyCancelling)
    assert cancelling.refund == PREMIUM + 1_788, "the year that has not begun, and 29 of 365 days of the one that runs"
    await place.all_books_balance()


async def test_a_premium_may_be_asked_for_each_month(place: Town) -> None:
    """18.75 each month. Two are missed; once there is money each is taken by itself, since no more was agreed to at a time."""
    await sell_policies(
        place.house, LENIENT.replace("product: TL20", "product: TL20M").replace("  loading: 25", "  loading: 25\n  every: month")
    )
    wang = await place.person("Wang", 1_875)
    row = await bought(place, wang, "TL20M")
    assert (row.premium, row.paid_until, place.insurer.orders[-1].paid_until) == (1_875, date(2014, 3, 25), date(2014, 3, 25))
    async with place.house.database.read() as tx:
        shown = await premiums_shown(tx, row, MONDAY)
    assert (shown.every, shown.premium, shown.due_on) == ("month", 1_875, date(2014, 3, 25))
    await act(place, wang, LetPremiums(row.id, 1_875))
    await live(place, date(2014, 5, 1))
    assert await covered(place, row, date(2014, 5, 1)) == 2 * 1_875, "what is owed in grace"
    await place.moved_in(wang, 10_000, date(2014, 5, 1))
    await live(place, date(2014, 6, 25))
    collected = [(str(one.due_on), str(one.taken_on)) for one in await paid(place, row)]
    assert collected == [
        ("2014-03-25", "2014-05-09"),
        ("2014-04-25", "2014-05-10"),
        ("2014-05-25", "2014-05-25"),
        ("2014-06-25", "2014-06-25"),
    ]
    assert await place.owed(wang.wallet) == [10_000 - 4 * 1_875]
    asked = await insurance.cancel(place.house, place.envelope(wang), CancelPolicy(row.id))
    assert isinstance(asked, PolicyCancelling)
    assert asked.refund == 1_875 * 28 // 30, "of the 30 days from 25 June two are covered"
    await place.all_books_balance()


async def test_whatever_the_insurer_answers_a_premium_is_booked_once_or_given_back(place: Town) -> None:
    wang = await place.person("Wang", 2 * PREMIUM)
    row = await bought(place, wang)
    await act(place, wang, LetPremiums(row.id, PREMIUM))
    await live(place, DUE - DAY)
    place.insurer.script.extend([Unknown("no answer"), Unknown("HTTP status 500"), Rejected("not_in_force")])
    await ends(place, DUE, send=False)
    assert len(await place.work("insurer", insurance.deliver, rounds=3)) == 2
    (given,) = await paid(place, row)
    assert (given.state, given.reason, (await row_of(place, wang, row.id)).paid_until) == (DueState.RETURNED, "not_in_force", DUE)
    assert await place.owed(wang.wallet) == [PREMIUM]
    await live(place, DUE + DAY)
    assert [one.state for one in await paid(place, row)] == [DueState.RETURNED, DueState.BOOKED], "collected again the next day"
    assert await place.owed(wang.wallet) == [0]
    assert len({serial for serial, _ in place.insurer.told}) == 2
    async with place.house.database.read() as tx:
        assert await tx.fetchval("select sum(amount)::bigint from payment_usage") == 2 * PREMIUM
    await place.all_books_balance()


async def test_the_bordereau_names_a_premium_and_settles_what_was_in_doubt(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tapwealth.flows.end_of_day.PATIENCE_SECONDS", 0)
    wang = await place.person("Wang", 2 * PREMIUM)
    row = await bought(place, wang)
    assert (await insurers.compare_insurer(place.house, MONDAY)).wrong == []
    await act(place, wang, LetPremiums(row.id, PREMIUM))
    await live(place, DUE - DAY)
    await ends(place, DUE, send=False)
    (asked,) = await paid(place, row)
    doubted = (await insurers.compare_insurer(place.house, DUE)).figures
    assert doubted["in_doubt"] == [{"item": asked.serial, "amount": PREMIUM, "state": "taken"}]
    assert {"item": asked.serial, "amount": PREMIUM} in doubted["premiums_in_transit"]
    place.insurer.events[asked.serial] = ("premium", row.policy_number, PREMIUM + 1, DUE)
    (wrong,) = (await insurers.compare_insurer(place.house, DUE)).wrong
    assert wrong.endswith("(premium) is 225.01 at the insurer and 225.00 here")
    place.insurer.events[asked.serial] = ("premium", row.policy_number, PREMIUM, DUE)
    report = await insurers.compare_insurer(place.house, DUE)
    assert (report.wrong, report.figures["in_doubt"], (await paid(place, row))[0].state) == ([], [], DueState.BOOKED)


async def test_a_policy_for_a_year_goes_on_as_agreed_or_ends(place: Town) -> None:
    wang, li = await place.person("Wang", 200_000), await place.person("Li", 200_000)
    dear = await place.person("Dear", 200_000)
    row, other, third = await bought(place, wang, "ACC1"), await bought(place, li, "ACC1"), await bought(place, dear, "ACC1")
    assert code(await act(place, wang, LetPremiums(row.id, 80_000))) == "NOTHING_DUE"
    await act(place, wang, LetPremiums(row.id, 80_000, renews=True))
    await act(place, dear, LetPremiums(third.id, 75_999, renews=True))
    assert await live(place, row.to_day) == [row.to_day - ahead * DAY for ahead in (15, 4, 3, 2, 1)]
    after = [await row_of(place, who, one.id) for who, one in ((wang, row), (li, other), (dear, third))]
    assert {one.state for one in after} == {PolicyState.EXPIRED}
    async with place.house.database.read() as tx:
        newest = [(await store.policies_of(tx, who.book, who.id))[0] for who in (wang, li, dear)]
    assert [one.from_day for one in newest] == [row.to_day, other.from_day, third.from_day]
    assert (newest[0].state, newest[0].to_day) == (PolicyState.ISSUED, anniversary(row.to_day, 1))
    assert place.insurer.events[newest[0].serial][0] == "renewed"
    assert await place.owed(wang.wallet, li.wallet, dear.wallet) == [200_000 - 2 * 76_000, 124_000, 124_000]
    assert [text for text, must in await told(place, dear) if must] == 4 * [f"Your policy {third.policy_number}"], "renews, not renewed"
    await place.all_books_balance()


async def test_a_renewal_that_its_policyholder_cancels_is_not_bought_again(place: Town) -> None:
    wang = await place.person("Wang", 400_000)
    row = await bought(place, wang, "ACC1")
    await act(place, wang, LetPremiums(row.id, 80_000, renews=True))
    await live(place, row.to_day - 4 * DAY)
    async with place.house.database.read() as tx:
        following = (await store.policies_of(tx, wang.book, wang.id))[0]
    assert following.from_day == row.to_day
    asked = await insurance.cancel(place.house, place.envelope(wang), CancelPolicy(following.id))
    assert isinstance(asked, PolicyCancelling)
    assert await place.work("insurer", insurance.deliver) == []
    await live(place, row.to_day)
    async with place.house.database.read() as tx:
        assert len(await store.policies_of(tx, wang.book, wang.id)) == 2
    assert await place.owed(wang.wallet) == [400_000 - 2 * 76_000]


async def test_what_never_goes_on_is_not_agreed_to_go_on(place: Town) -> None:
    wang = await place.person("Wang", 400_000)
    await sell_policies(place.house, SCREEN_FILE)
    screen = BuyPolicy("SCREEN", ["terms"], phone=InsuredPhone("490154203237518", MONDAY))
    taken = await insurance.buy(place.house, place.envelope(wang), screen)
    assert isinstance(taken, PolicyTaken), taken
    assert code(await act(place, wang, LetPremiums(UUID(taken.policy), 80_000, renews=True))) == "NOTHING_DUE"
    life = await bought(place, wang)
    assert code(await act(place, wang, LetPremiums(life.id, 80_000, renews=True))) == "NOTHING_DUE"


async def test_what_is_agreed_ends_with_a_policy_that_is_cancelled(place: Town) -> None:
    wang = await place.person("Wang", 4 * PREMIUM)
    row = await bought(place, wang)
    await act(place, wang, LetPremiums(row.id, PREMIUM))
    await insurance.cancel(place.house, place.envelope(wang), CancelPolicy(row.id))
    assert await place.work("insurer", insurance.deliver) == []
    assert code(await act(place, wang, EndPremiums(row.id))) == "NO_MANDATE"


async def test_nothing_is_collected_or_renewed_while_a_change_is_under_way(place: Town) -> None:
    wang = await place.person("Wang", 400_000)
    row, life = await bought(place, wang, "ACC1"), await bought(place, wang)
    await act(place, wang, LetPremiums(row.id, 80_000, renews=True))
    await act(place, wang, LetPremiums(life.id, PREMIUM))
    await live(place, DUE - 6 * DAY)
    for one in (row, life):
        await endorsements.change_address(place.house, place.envelope(wang), ChangePolicyAddress(one.id, "1 Xinjiekou"))
    await ends(place, row.to_day - 4 * DAY, send=False)
    assert code(await act(place, wang, PayPremium(life.id))) == "UNDER_WAY"
    async with place.house.database.read() as tx:
        assert len(await store.policies_of(tx, wang.book, wang.id)) == 2
    await place.work("insurer", delivery.deliver)
    await live(place, DUE)
    async with place.house.database.read() as tx:
        assert len(await store.policies_of(tx, wang.book, wang.id)) == 3
    assert len(await paid(place, life)) == 1


async def test_no_premium_is_collected_for_after_a_death_while_it_is_looked_at(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    row = await bought(place, wang)
    await act(place, wang, LetPremiums(row.id, 30_000))
    await live(place, DUE - DAY)
    await place.clock(shanghai(DUE, 9))
    claim = claim_notification.NotifyDeath(row.id, DUE - DAY, "a fall")
    assert not isinstance(await claim_notification.notify_death(place.house, await operator(place, "ops.chen"), claim), Refusal)
    await ends(place, DUE)
    await ends(place, DUE + DAY)
    assert (await paid(place, row), await place.owed(wang.wallet)) == ([], [100_000 - PREMIUM])
    async with place.house.database.transaction() as tx:
        await tx.execute("update claim set state = 'refused', refused_on = $1, told_on = $1", DUE + DAY)
    await ends(place, DUE + 3 * DAY)
    assert await place.owed(wang.wallet) == [100_000 - 2 * PREMIUM], "the policy goes on"


async def test_what_is_agreed_can_be_ended(place: Town) -> None:
    wang = await place.person("Wang", 4 * PREMIUM)
    row = await bought(place, wang)
    assert code(await act(place, wang, EndPremiums(row.id))) == "NO_MANDATE"
    await act(place, wang, LetPremiums(row.id, PREMIUM - 1))
    await live(place, DUE)
    assert await paid(place, row) == [], "above what was agreed"
    await act(place, wang, LetPremiums(row.id, PREMIUM))
    ended = await act(place, wang, EndPremiums(row.id))
    assert not ended.stands
    await live(place, DUE + 30 * DAY)
    assert await paid(place, row) == []


async def test_a_fund_pays_what_the_wallet_lacks_of_a_renewal_and_of_a_premium(new_database: Callable[[], str], tmp_path: Path) -> None:
    """The wallet holds 25.00 of the 760.00 for another year. The insurer does not take it at first: what the fund paid of it is in the
    wallet, and pays the next day. Of the 225.00 that are due then the fund pays all."""
    async with fund_town(new_database(), tmp_path) as place:
        wang = await place.person("Wang", 100_000 + 76_000 + PREMIUM + 2_500)
        await place.receipt(9_000_000, "LINE", "advance", "0100000005")
        await place.buy_one(wang, 100_000)
        await place.next_day(MONDAY)
        await sell_policies(place.house, ACCIDENT_FILE, LENIENT)
        row, yearly = await bought(place, wang), await bought(place, wang, "ACC1")
        await act(place, wang, LetPremiums(yearly.id, 80_000, FUND, renews=True))
        await place.clock(shanghai(yearly.to_day - 5 * DAY, 9))
        await insurers.begin_cover(place.house, row.from_day)
        assert code(await act(place, wang, PayPremium(row.id))) == "NO_MONEY", "no fund is named"
        await act(place, wang, LetPremiums(row.id, PREMIUM, FUND))
        has = []
        for ahead in (4, 3, 0):
            place.insurer.script.extend([Rejected("not yet")] if ahead == 4 else [])
            await ends(place, yearly.to_day - ahead * DAY, send=False)
            has.append(await place.owed(wang.wallet) + await place.units(wang))
            assert await place.work("insurer", insurance.deliver) == []
            has.append(await place.owed(wang.wallet) + await place.units(wang))
        assert has == [[0, 26_500], [76_000, 26_500], *2 * [[0, 26_500]], *2 * [[0, 4_000]]]
        assert [(one.amount, one.state) for one in await paid(place, row)] == [(PREMIUM, DueState.BOOKED)]
        assert await place.total_units(Kind.TRANSIT_098) == 73_500 + PREMIUM
        await place.all_books_balance()
