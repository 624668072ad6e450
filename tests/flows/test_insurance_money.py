"""The insurer's money: commission had and given back, net settlements with their statements, whose it is, and the trust's proof."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pytest
from bill_town import MONDAY, Person, Town
from msgspec.json import encode
from policy_files import ACCIDENT_FILE, TERM_LIFE_FILE, sell_policies, with_commission

from tapwealth.flows import reports
from tapwealth.flows.acquiring import fee_sharing
from tapwealth.flows.bank import payments, receipts
from tapwealth.flows.bank.payments import Outcome
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.frame import moment
from tapwealth.flows.insurance import insurers, premium_trust, settling
from tapwealth.flows.insurance import policies as insurance
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, PolicyCancelling, PolicyTaken
from tapwealth.flows.reports.premiums import TrustLine
from tapwealth.insurance import policy_event_store, store
from tapwealth.insurance.bordereau import BordereauEvent
from tapwealth.insurance.policy_event_store import PolicyEventRow
from tapwealth.insurance.settlement import write_statement
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.clock import shanghai
from tapwealth.ledger.chart import Kind

TUESDAY, WEDNESDAY, THURSDAY, FRIDAY = (MONDAY + timedelta(days=days) for days in (1, 2, 3, 4))
SATURDAY = MONDAY + timedelta(days=5)
ACCIDENT, TERM_LIFE = BuyPolicy("ACC1", ["terms"]), BuyPolicy("TL20", ["terms"])
MONEY = Kind.PREMIUM_TRUST, Kind.INSURER, Kind.COMMISSION, Kind.COMMISSION_OWN, Kind.OWN_MONEY


@pytest.fixture(autouse=True)
async def shelf(place: Town) -> None:
    """A fifth of an accident premium is commission, a quarter of a term life's."""
    await sell_policies(place.house, with_commission(ACCIDENT_FILE, 20), with_commission(TERM_LIFE_FILE, 25))


async def bought(place: Town, person: Person, command: BuyPolicy = ACCIDENT) -> PolicyRow:
    taken = await insurance.buy(place.house, place.envelope(person), command)
    assert isinstance(taken, PolicyTaken), taken
    assert await place.work("insurer", insurance.deliver) == []
    return await seen(place, person)


async def seen(place: Town, person: Person) -> PolicyRow:
    async with place.house.database.read() as tx:
        return (await store.policies_of(tx, person.book, person.id))[0]


async def cancelled(place: Town, person: Person, policy: PolicyRow) -> int:
    asked = await insurance.cancel(place.house, place.envelope(person), CancelPolicy(policy.id))
    assert isinstance(asked, PolicyCancelling), asked
    assert await place.work("insurer", insurance.deliver) == []
    return asked.refund


async def ends(place: Town, day: date, rejected: Sequence[str] = ()) -> dict[str, Any]:
    """The insurance steps of a date's end, after the bank's answers of that date; every proof holds. The settlement's figures."""
    await place.cut(day)
    figures = dict((await settling.pay_insurer(place.house, day)).figures)
    assert (await settling.pay_insurer(place.house, day)).figures == {**dict.fromkeys(figures, 0), "called_in": 0}, "settled once"
    await fee_sharing.share_fees(place.house, day)
    await insurers.sweep_premiums(place.house, day)
    await payments.instruct_again(place.house, day)
    for step in (insurers.compare_insurer, settling.agree_settlement, premium_trust.prove_trust):
        assert (await step(place.house, day)).wrong == []
    await place.all_books_balance()
    await place.clock(shanghai(day + timedelta(days=1), 9))
    said = [Outcome(name, False, day + timedelta(days=1), "AC04 closed") for name in rejected]
    await payments.hear(place.house, said)
    await place.bank_executes(day + timedelta(days=1))
    return figures


async def money(place: Town) -> list[int]:
    """Owed from the trust (with a minus: held there), to the insurer, commission there and in our own money, and our own money."""
    return [await place.total(kind) for kind in MONEY]


def figures(amount: int = 0, commission: int = 0, given_back: int = 0, called_in: int = 0) -> dict[str, int]:
    return {"amount": amount, "commission": commission, "given_back": given_back, "called_in": called_in}


async def test_a_premium_is_settled_net_and_its_commission_becomes_the_parties(place: Town) -> None:
    """760.00 at 20 %: 152.00 are the house's, of which 40 % are the bank's by contract."""
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    assert await ends(place, MONDAY) == figures()
    assert await money(place) == [-76_000, 76_000, 0, 0, 0]
    assert await ends(place, TUESDAY) == figures(amount=60_800, commission=15_200)
    assert await money(place) == [0, 0, 0, 0, -15_200]
    assert [await place.total(kind) for kind in (Kind.SHARE_BANK, Kind.SHARE_PHONE_MAKER)] == [6_080, 9_120]
    (statement,) = place.insurer.statements
    line = f"issued,{policy.serial},{policy.policy_number},76000,15200,60800"
    assert statement.decode().split("\r\n")[:2] == ["event,serial,policy_number,premium,commission,net", line]
    assert statement.decode().split("\r\n")[2].startswith("END,1,")
    assert write_statement(await reports.settled_with_insurer(place.house, TUESDAY)) == statement, "and operations see the same file"
    assert await ends(place, WEDNESDAY) == figures()
    assert len(place.insurer.statements) == 1, "of a date on which nothing is settled there is no statement"


async def test_what_is_earned_of_premiums_is_told_for_any_date(place: Town) -> None:
    """Two accident policies of 760.00, one of them cancelled on Wednesday for 755.84, and a term life of 225.00; cover from Tuesday."""
    wang, li, zhao = await place.person("Wang", 200_000), await place.person("Li", 200_000), await place.person("Zhao", 200_000)
    await bought(place, wang)
    over = await bought(place, li)
    await bought(place, zhao, TERM_LIFE)
    await ends(place, MONDAY)
    await ends(place, TUESDAY)
    assert await cancelled(place, li, over) == 75_584
    await ends(place, WEDNESDAY)
    assert await earned(place, MONDAY - timedelta(days=1)) == {}
    assert await earned(place, MONDAY) == {"ACC1": (152_000, 0, 152_000, 0), "TL20": (22_500, 0, 22_500, 0)}, "cover begins on Tuesday"
    assert await earned(place, TUESDAY) == {"ACC1": (152_000, 416, 151_584, 84), "TL20": (22_500, 62, 22_438, 15)}
    assert (await earned(place, WEDNESDAY))["ACC1"] == (76_416, 832, 75_584, 15_283), "what was not paid back is earned at once"
    assert (await earned(place, TUESDAY))["ACC1"] == (152_000, 416, 151_584, 84), "of a date that is over it stays so"
    assert (await earned(place, MONDAY + timedelta(days=365)))["ACC1"] == (76_416, 76_416, 0, 30_400)


async def earned(place: Town, day: date) -> dict[str, tuple[int, int, int, int]]:
    """By product: premium, earned, unearned, and the commission earned."""
    found = await reports.earned_premiums(place.house, day)
    return {one.product: (one.premium, one.earned, one.unearned, one.commission_earned) for one in found}


async def test_what_is_given_back_is_called_in_where_the_trust_has_none(place: Town) -> None:
    """Cancelled on Wednesday, 363 of 365 days left: 755.84 come back, and of the commission 152.00 × 755.84 / 760.00 = 151.17."""
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    await ends(place, MONDAY)
    await ends(place, TUESDAY)
    assert await cancelled(place, wang, policy) == 75_584
    assert await ends(place, WEDNESDAY) == figures(), "the bordereau of Wednesday is the first to name it"
    assert await ends(place, THURSDAY) == figures(called_in=15_117)
    assert await money(place) == [-15_117, 0, 15_117, -15_117, -83]
    trust = await reports.premium_trust(place.house, THURSDAY)
    assert (trust.held, trust.commission, trust.given_back_later[0].amount) == (0, 0, 15_117), "the trust still waits for what is called in"
    await refund_by_hand(place, -1_000)
    (wrong,) = (await premium_trust.prove_trust(place.house, FRIDAY)).wrong
    assert wrong == f"151.17 yuan of commission are in the trust for book {policy.book}, 149.17 yuan are to be given back"
    await refund_by_hand(place, 1_000)
    assert await ends(place, FRIDAY) == figures(amount=15_117, given_back=15_117)
    assert await money(place) == [0, 0, 0, 0, -83]
    assert [await place.total(kind) for kind in (Kind.SHARE_BANK, Kind.SHARE_PHONE_MAKER)] == [33, 50]


async def refund_by_hand(place: Town, more: int) -> None:
    async with place.house.database.transaction() as tx:
        await tx.execute("update policy_event set amount = amount + $1 where event = 'cancelled'", more)


async def test_a_call_that_the_bank_rejects_is_made_again_and_others_go_on(place: Town) -> None:
    wang = await place.person("Wang", 300_000)
    policy = await bought(place, wang)
    await ends(place, MONDAY)
    await ends(place, TUESDAY)
    await cancelled(place, wang, policy)
    await ends(place, WEDNESDAY)
    assert (await ends(place, THURSDAY, rejected=["COB-20140227"]))["called_in"] == 15_117
    assert (await ends(place, FRIDAY, rejected=["COB-20140228"]))["called_in"] == 15_117
    await bought(place, wang)
    assert (await ends(place, SATURDAY))["called_in"] == 15_117
    assert await ends(place, SATURDAY + timedelta(days=1)) == figures(60_800 + 15_117, 15_200, 15_117)
    assert await money(place) == [0, 0, 0, 0, -15_283]


async def test_commission_of_the_day_pays_for_what_is_given_back(place: Town) -> None:
    """Bought and cancelled before it was settled: both go into one settlement, and nothing is called in."""
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    assert await cancelled(place, wang, policy) == 76_000
    await ends(place, MONDAY)
    assert await ends(place, TUESDAY) == figures(amount=76_000, commission=15_200, given_back=15_200)
    assert await money(place) == [0, 0, 0, 0, 0]
    assert place.insurer.statements[0].decode().split("\r\n")[-2].split(",")[2:5] == ["76000", "0", "76000"]


async def test_in_the_free_look_the_whole_commission_is_given_back(place: Town) -> None:
    """225.00 at 25 %: 56.25; the buyer has 215.00 back, the insurer all of the commission."""
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang, TERM_LIFE)
    await ends(place, MONDAY)
    assert (await ends(place, TUESDAY))["commission"] == 5_625
    assert await cancelled(place, wang, policy) == 21_500
    await ends(place, WEDNESDAY)
    assert (await ends(place, THURSDAY))["called_in"] == 5_625


async def test_a_free_look_of_its_last_second_is_one_though_its_date_was_cut(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang, TERM_LIFE)
    await ends(place, MONDAY)
    await ends(place, TUESDAY)
    last = policy.free_look_until
    assert last is not None
    await place.clock(shanghai(last, 23, 59, 59))
    asked = place.envelope(wang)
    await place.clock(shanghai(last + timedelta(days=1), 1))
    await place.cut(last)
    answer = await insurance.cancel(place.house, asked, CancelPolicy(policy.id))
    assert isinstance(answer, PolicyCancelling), answer
    assert (answer.refund, answer.free_look) == (21_500, True)
    assert await place.work("insurer", insurance.deliver) == []
    assert place.insurer.cancelled_as_of == [last + timedelta(days=1)], "the insurer knows when it was asked, by the books"
    await ends(place, last + timedelta(days=1))
    assert (await ends(place, last + timedelta(days=2)))["called_in"] == 5_625, "all of the commission, as the insurer reckons"


async def test_of_a_premium_that_is_kept_the_commission_is(place: Town) -> None:
    """Rescinded on purpose in the days of the free look: no premium comes back, and nothing of the commission is given back."""
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang, TERM_LIFE)
    async with place.house.database.transaction() as tx:
        await place.house.ledger.lock_books(tx, [policy.book])
        at = await moment(tx)
        await insurance.ask_to_cancel(place.house, tx, at, place.envelope(wang), policy, "an untrue answer", 0)
    assert await place.work("insurer", insurance.deliver) == []
    await ends(place, MONDAY)
    assert await ends(place, TUESDAY) == figures(amount=22_500 - 5_625, commission=5_625)


async def test_a_kept_premium_and_what_its_policy_gives_back_do_not_wait_for_one_another(place: Town) -> None:
    """Of the premium that the insurer kept 56.25 are the house's, 100.00 of both premiums' go back: 43.75 are called in. Where less goes
    back than is to be had the rest comes out of what the book pays on."""
    wang, zhao = await place.person("Wang", 100_000), await place.person("Zhao", 100_000)
    assert wang.book != zhao.book
    first, second = await bought(place, wang, TERM_LIFE), await bought(place, zhao, TERM_LIFE)
    await ends(place, MONDAY)
    await ends(place, TUESDAY)
    for policy, back in ((first, 40_000), (second, 10_000)):
        await happened(place, policy, BordereauEvent.DEDUCTED, 22_500)
        await happened(place, policy, BordereauEvent.LAPSED, back)
    await ends(place, WEDNESDAY)
    assert await ends(place, THURSDAY) == figures(called_in=10_000 - 5_625)
    trust = await reports.premium_trust(place.house, THURSDAY)
    assert [sum(one.amount for one in of) for of in (trust.given_back_later, trust.had_later)] == [12_500, 11_250]
    assert await ends(place, FRIDAY) == figures(amount=10_000 - 5_625, commission=5_625, given_back=10_000)
    assert await ends(place, SATURDAY) == figures(), "the insurer pays nothing for its part"
    await bought(place, zhao)
    sunday = SATURDAY + timedelta(days=1)
    await ends(place, sunday)
    assert await ends(place, sunday + timedelta(days=1)) == figures(60_800 - 5_625 + 2_500, 15_200 + 5_625, 2_500)
    assert (await money(place))[:4] == [0, 0, 0, 0]


async def happened(place: Town, policy: PolicyRow, event: BordereauEvent, amount: int) -> None:
    """By our books and the insurer's."""
    serial, day = f"{event}{policy.book}", place.biller.now.date()
    row = PolicyEventRow(policy.book, event, serial, policy.id, amount, day, place.biller.now, policy.from_day, policy.to_day)
    async with place.house.database.transaction() as tx:
        await policy_event_store.add(tx, [row])
    place.insurer.events[serial] = (event.value, policy.policy_number, amount, day)


async def test_a_settlement_that_the_bank_rejects_is_paid_again_once(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    await bought(place, wang)
    await ends(place, MONDAY)
    await ends(place, TUESDAY, rejected=["INS-20140225", "COM-20140225"])
    assert await money(place) == [-76_000, 60_800, 15_200, -15_200, 0]
    await place.cut(WEDNESDAY)
    assert (await settling.pay_insurer(place.house, WEDNESDAY)).figures == figures()
    await payments.instruct_again(place.house, WEDNESDAY)
    assert await place.bank_executes(THURSDAY) == ["COM-20140226", "INS-20140225R2"]
    assert await money(place) == [0, 0, 0, 0, -15_200]


async def test_what_the_insurer_has_otherwise_is_named_and_keeps_the_date_open(place: Town) -> None:
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    await ends(place, MONDAY)
    await place.cut(TUESDAY)
    await settling.pay_insurer(place.house, TUESDAY)

    async def wrong(answer: bytes | None) -> tuple[list[str], list[str]]:
        place.insurer.settled.append(answer)
        report = await settling.agree_settlement(place.house, TUESDAY)
        return report.wrong, [kind for source, kind, _ in await place.breaks(TUESDAY) if source == settling.SETTLEMENT]

    def says(net: int, *differences: dict[str, Any], digest: str = "") -> bytes:
        return encode({"digest": digest or sha256(place.insurer.statements[0]).hexdigest(), "net": net, "differences": differences})

    assert (await wrong(None))[0] == ["the insurer says nothing of the settlement of 2014-02-25; close 2014-02-25 again"]
    assert "the insurer's answer to a settlement" in (await wrong(b"{"))[0][0]
    assert (await wrong(says(60_800, digest="00")))[1] == ["other_statement"]
    assert await wrong(says(60_799)) == (["the insurer expects 607.99 yuan for 2014-02-25, the statement says 608.00"], ["net_differs"])
    text = {"serial": policy.serial, "event": "issued", "amount": -1, "text": "premium 76001 and commission 15200 fen in the books"}
    named = f"settlement of {policy.serial} (issued): -0.01 yuan more than at the insurer: {text['text']}"
    assert await wrong(says(60_801, text)) == ([named], ["line_differs"])
    assert await wrong(says(60_800)) == ([], []), "and agrees when it has put its books right"
    assert len(set(place.insurer.statements)) == 1, "each time it is asked about the same"


async def test_the_trust_is_proved_by_item(place: Town) -> None:
    """A fen by hand, money nobody expected, and commission that should have gone: each is named."""
    wang = await place.person("Wang", 100_000)
    policy = await bought(place, wang)
    await ends(place, MONDAY)
    await receipts.receive(place.house, [Pushed("X1", "0100000003", 500, TUESDAY, "somebody", "")], ())
    proof = await premium_trust.prove_trust(place.house, TUESDAY)
    assert proof.wrong == []
    assert proof.figures["owed"] == [{"item": policy.serial, "amount": 76_000}]
    assert proof.figures["suspense"] == [{"item": "X1", "amount": 500}]
    assert sum(proof.figures["trust"].values()) == -await place.total(Kind.PREMIUM_TRUST) == 76_500
    trust = await reports.premium_trust(place.house, TUESDAY)
    assert (trust.held, trust.commission, trust.leaving) == (76_500, 0, [])
    assert [trust.owed, trust.suspense] == [[TrustLine(policy.serial, 76_000)], [TrustLine("X1", 500)]]
    async with place.house.database.transaction() as tx:
        await tx.execute("update policy_event set amount = amount + 1")
    (wrong,) = (await premium_trust.prove_trust(place.house, TUESDAY)).wrong
    assert wrong == f"book {policy.book} owes the insurer 760.00 yuan, its unsettled premiums are 760.01"


async def test_the_books_settle_each_by_itself(place: Town) -> None:
    """One book gives back more than it has while another has plenty: neither borrows of the other."""
    people = [await place.person(name, 300_000) for name in ("Wang", "Li", "Qian")]
    assert len({one.book for one in people}) > 1
    first = await bought(place, people[0])
    await ends(place, MONDAY)
    await ends(place, TUESDAY)
    await cancelled(place, people[0], first)
    other = next(one for one in people if one.book != people[0].book)
    await bought(place, other)
    await ends(place, WEDNESDAY)
    assert await ends(place, THURSDAY) == figures(60_800, 15_200, called_in=15_117)
    assert (await ends(place, FRIDAY))["given_back"] == 15_117
    owed = Counter(line.split(",")[1] for one in place.insurer.statements for line in one.decode().split("\r\n")[1:-2])
    assert set(owed.values()) == {1}, "each event is settled once"
