"""Deposits for a term: opened from the wallet, taken out early, in time and late, renewed, paid out, kept; at one instant, and twice."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town
from deposit_files import DEMAND_FILE, FIXED_FILE, certificate_file
from policy_files import sell_policies

from tapwealth.bank import deposit_event_store as events
from tapwealth.catalogue import store as catalogue
from tapwealth.catalogue.version import State, Step
from tapwealth.deposits import store
from tapwealth.deposits.deposit import AtMaturity, Deposit, DepositState
from tapwealth.deposits.product import Term
from tapwealth.flows.catalogue import products, sales
from tapwealth.flows.catalogue.kinds import shape_of
from tapwealth.flows.deposits import maturing, opening, shown, withdrawing
from tapwealth.flows.deposits.opening import DepositOpened, OpenDeposit
from tapwealth.flows.deposits.withdrawal_quote import WouldPay, would_pay
from tapwealth.flows.deposits.withdrawing import DepositInstructed, DepositWithdrawn, InstructDeposit, WithdrawDeposit
from tapwealth.flows.frame import HOUSE_BOOK, moment
from tapwealth.flows.reports import views
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.archives import Archives
from tapwealth.ledger.chart import Kind
from tapwealth.notices import store as notices

RICH = 1_000_000_00
DUE = date(2014, 5, 24)
"""Of three months from Monday, February 24: a Saturday."""
THREE_MONTHS = OpenDeposit("FIXED", 10_000_00, ["terms"], Term.MONTHS_3)


@pytest.fixture(autouse=True)
async def shelf(place: Town) -> None:
    await sell_policies(place.house, DEMAND_FILE, FIXED_FILE, certificate_file())


async def opened(place: Town, person: Person, command: OpenDeposit = THREE_MONTHS) -> DepositOpened:
    answer = await opening.open_(place.house, place.envelope(person), command)
    assert isinstance(answer, DepositOpened), answer
    return answer


async def taken(place: Town, person: Person, made: DepositOpened, amount: int | None = None, at: datetime | None = None) -> Any:
    """What comes out of a withdrawal now is what was foretold of it."""
    command = WithdrawDeposit(UUID(made.deposit), amount)
    if at is not None:
        return await withdrawing.withdraw_(place.house, place.envelope(person, at), command)
    said = await foretold(place, person, made, amount)
    answer = await withdrawing.withdraw_(place.house, place.envelope(person), command)
    assert isinstance(said, WouldPay) == isinstance(answer, DepositWithdrawn), (said, answer)
    if isinstance(said, WouldPay):
        assert (said.principal, said.interest, said.left, said.early) == (answer.principal, answer.interest, answer.left, answer.early)
    else:
        assert said.code is answer.code
    return answer


async def foretold(place: Town, person: Person, made: DepositOpened, amount: int | None = None, day: date | None = None) -> Any:
    async with place.house.database.read() as tx:
        return await would_pay(tx, person.book, person.id, UUID(made.deposit), amount, day)


async def seen(place: Town, person: Person, made: DepositOpened) -> Deposit:
    key = (person.book, UUID(made.deposit))
    async with place.house.database.read() as tx:
        return (await store.deposits(tx, [key]))[key]


async def ended(place: Town, day: date) -> dict[str, Any]:
    """The step of that date's end, run twice."""
    await place.clock(shanghai(day, 24))
    first, again = [(await maturing.mature_deposits(place.house, day)).figures for _ in range(2)]
    assert first == again
    return first


async def told(place: Town, person: Person) -> list[str]:
    async with place.house.database.read() as tx:
        return [one.text_en for one in await notices.notices_of(tx, person.book, person.id)]


async def history(place: Town, person: Person, made: DepositOpened) -> list[tuple[str, date, int, int]]:
    number = (await seen(place, person, made)).number
    async with place.house.database.read() as tx:
        found = await events.of_deposit(tx, person.book, number)
    return [(one.line.event.value, one.happened_on, one.line.amount, one.line.interest) for one in found]


async def proved(place: Town, person: Person, made: DepositOpened) -> None:
    """The ledger's account has what the row says, books balance, and what is owed of deposits is theirs."""
    row = await seen(place, person, made)
    assert await place.owed(row.account) == [row.balance]
    await place.all_books_balance()


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def test_a_deposit_is_opened_at_the_rate_of_its_day_and_paid_out_when_it_is_due(place: Town) -> None:
    """10,000 x 2.85 % x 90 / 360 = 71.25, though February has 28 days."""
    wang = await place.person("Wang", RICH)
    made = await opened(place, wang)
    assert (made.rate, made.first, made.due) == (28_500, MONDAY, DUE)
    assert await place.owed(wang.wallet) == [RICH - 10_000_00]
    await proved(place, wang, made)
    async with place.house.database.read() as tx:
        sale = await sales.shown(place.house, tx, [wang.book], UUID(made.deposit), wang.id)
    assert not isinstance(sale, Refusal)
    assert sale.proved, sale.doubt
    assert sale.record["terms"] == {
        "amount": 10_000_00, "at_maturity": "pay", "due": "2014-05-24", "first": "2014-02-24", "rate": 28_500, "rate_shown": -1,
        "term": "3m",
    }  # fmt: skip
    assert sale.shown is not None
    assert "500,000.00" in next(fact.text for fact in sale.shown.facts if fact.name == "存款保险")

    assert await ended(place, DUE - timedelta(days=4)) == {"matured": 0, "amount": 0, "renewed": 0, "overdue": 0}
    assert await told(place, wang) == []
    await ended(place, DUE - timedelta(days=3))
    assert await told(place, wang) == [
        "Your deposit (Fixed term, 10,000.00 yuan) is due on 2014-05-24; it is paid to your balance then. Change that before if you want it"
        " otherwise."
    ]
    assert await ended(place, DUE) == {"matured": 1, "amount": 10_071_25, "renewed": 0, "overdue": 0}
    assert await place.owed(wang.wallet) == [RICH + 71_25]
    assert (await told(place, wang))[0].startswith("Your deposit (Fixed term) was due on 2014-05-24; 10,071.25 yuan, 71.25 of it interest")
    row = await seen(place, wang, made)
    assert (row.state, row.closed_on) == (DepositState.CLOSED, DUE)
    assert await history(place, wang, made) == [("opened", MONDAY, 10_000_00, 0), ("matured", DUE, 10_000_00, 71_25)]
    assert [await place.total(kind) for kind in (Kind.DEPOSIT_IN_TRANSIT, Kind.DEPOSIT_DUE, Kind.DEPOSIT_INTEREST_DUE)] == [
        -71_25,
        71_25,
        -71_25,
    ]
    await proved(place, wang, made)


async def test_what_is_taken_out_early_earns_the_demand_rate_and_the_rest_its_own(place: Town) -> None:
    """4,000.50 for 9 days at 0.35 %: of 4,000 yuan, 0.35. The 5,999.50 left earn 5,999 x 2.85 % / 4 = 42.74."""
    wang = await place.person("Wang", RICH)
    made = await opened(place, wang)
    day = MONDAY + timedelta(days=9)
    await place.clock(shanghai(day, 10))
    assert code(await taken(place, wang, made, 10_000_01)) == "MORE_THAN_THERE_IS"
    assert code(await taken(place, wang, made, 9_950_01)) == "LEAVES_TOO_LITTLE"
    assert await taken(place, wang, made, 4_000_50) == DepositWithdrawn(made.deposit, 4_000_50, 35, 5_999_50, True)
    assert await place.owed(wang.wallet) == [RICH - 5_999_50 + 35]
    assert (await seen(place, wang, made)).rate == 28_500
    assert await ended(place, DUE) == {"matured": 1, "amount": 5_999_50 + 42_74, "renewed": 0, "overdue": 0}
    assert await place.owed(wang.wallet) == [RICH + 35 + 42_74]
    assert code(await taken(place, wang, made)) == "CLOSED"
    await proved(place, wang, made)


async def test_at_the_moment_of_maturity_it_is_early_or_matured_by_its_arrival(place: Town) -> None:
    """The last second before the due day earns 89 days at the demand rate; its first second the whole term."""
    wang, li = await place.person("Wang", RICH), await place.person("Li", RICH)
    first, second = await opened(place, wang), await opened(place, li)
    days = [await foretold(place, wang, first, day=DUE + timedelta(days=one)) for one in (-1, 0, 1)]
    assert [(one.interest, one.early, one.forgone) for one in days[:2]] == [(8_56, True, 62_69), (71_25, False, 0)]
    assert code(days[2]) == "CLOSED", "it is paid out on its due day"
    await place.clock(shanghai(DUE, 0, 0, 1))
    early = await taken(place, wang, first, at=shanghai(DUE - timedelta(days=1), 23, 59, 59))
    assert (early.early, early.interest) == (True, 8_56)  # 88 days: 10,000 x 0.35 % x 88 / 360 = 8.56
    due = await taken(place, li, second, at=shanghai(DUE, 0))
    assert (due.early, due.interest) == (False, 71_25)
    assert await ended(place, DUE) == {"matured": 0, "amount": 0, "renewed": 0, "overdue": 0}
    assert await place.owed(wang.wallet, li.wallet) == [RICH + 8_56, RICH + 71_25]


async def test_a_request_and_the_day_s_end_at_once_do_one_of_the_two(place: Town) -> None:
    """Whoever comes first under the lock does it; the other finds it done. The interest is the same."""
    people = [await place.person(name, RICH) for name in "ABCDEF"]
    made = [await opened(place, person) for person in people]
    await place.clock(shanghai(DUE, 24))
    answers = await asyncio.gather(
        *(taken(place, person, one, at=shanghai(DUE, 23, 59, 59)) for person, one in zip(people, made, strict=True)),
        maturing.mature_deposits(place.house, DUE),
    )
    for person, one, answer in zip(people, made, answers[:-1], strict=True):
        paid = [line for line in await history(place, person, one) if line[0] in ("withdrawn", "matured")]
        assert [line[2:] for line in paid] == [(10_000_00, 71_25)]
        assert isinstance(answer, DepositWithdrawn) == (paid[0][0] == "withdrawn")
    assert await place.owed(*(person.wallet for person in people)) == [RICH + 71_25] * 6


async def test_of_two_withdrawals_at_once_no_more_comes_out_than_there_is(place: Town) -> None:
    wang = await place.person("Wang", RICH)
    made = await opened(place, wang)
    envelope, command = place.envelope(wang), WithdrawDeposit(UUID(made.deposit), 6_000_00)
    answers = await asyncio.gather(
        *(withdrawing.withdraw_(place.house, one, command) for one in (place.envelope(wang), envelope, envelope))
    )
    done = [one for one in answers if isinstance(one, DepositWithdrawn)]
    assert {one.principal for one in done} == {6_000_00}
    texts = [one.text if isinstance(one, Refusal) else one for one in answers]
    assert texts[1] == texts[2], "the same key gets the first answer"
    assert len({str(one) for one in texts}) == 2, "one of the two keys is refused"
    assert (await seen(place, wang, made)).balance == 4_000_00
    await proved(place, wang, made)


async def test_what_is_renewed_goes_on_with_its_interest_at_the_rate_of_that_day(place: Town) -> None:
    """Due on 2014-11-24: from the 22nd the three months earn 2.60 %. Nobody ran the day's end meanwhile: a request finds it renewed."""
    wang = await place.person("Wang", RICH)
    made = await opened(place, wang, OpenDeposit("FIXED", 10_000_00, ["terms"], Term.MONTHS_3, AtMaturity.RENEW, 28_500))
    said = await foretold(place, wang, made, day=DUE + timedelta(days=1))
    assert (said.principal, said.early, said.forgone) == (10_071_25, True, 71_76 - said.interest)
    assert await ended(place, DUE) == {"matured": 0, "amount": 0, "renewed": 1, "overdue": 0}
    row = await seen(place, wang, made)
    assert (row.balance, row.first, row.due, row.rate) == (10_071_25, DUE, date(2014, 8, 24), 28_500)
    await place.clock(shanghai(date(2014, 12, 4), 10))
    answer = await taken(place, wang, made, 1_000_00)
    row = await seen(place, wang, made)
    assert (row.first, row.due, row.rate) == (date(2014, 11, 24), date(2015, 2, 24), 26_000)
    assert answer == DepositWithdrawn(made.deposit, 1_000_00, 10, row.balance, True)  # 1,000 x 0.35 % x 10 / 360
    assert [line[0] for line in await history(place, wang, made)] == ["opened", "renewed", "renewed", "renewed", "withdrawn"]
    assert len(await told(place, wang)) == 3
    await proved(place, wang, made)


async def test_one_whose_product_is_closed_meanwhile_is_not_renewed_and_its_owner_is_told(place: Town) -> None:
    """It earns its rate for the term, and the demand rate for the ten days after: 71.25 + 10,000 x 0.35 % x 10 / 360 = 0.97."""
    wang = await place.person("Wang", RICH)
    made = await opened(place, wang, OpenDeposit("FIXED", 10_000_00, ["terms"], Term.MONTHS_3, AtMaturity.RENEW))
    async with place.house.database.transaction() as tx:
        await place.house.ledger.lock_books(tx, [HOUSE_BOOK])
        at = await moment(tx)
        (version,) = (await catalogue.versions_of(tx, ["FIXED"], shape_of))["FIXED"]
        assert not isinstance(await products.pass_to(place.house, tx, at, version, Step(State.CLOSED, 0, at.now)), Refusal)
    assert await ended(place, DUE) == {"matured": 0, "amount": 0, "renewed": 0, "overdue": 1}
    assert "could not be renewed" in (await told(place, wang))[0]
    assert [line[0] for line in await history(place, wang, made)] == ["opened"]
    assert await ended(place, DUE + timedelta(days=1)) == {"matured": 0, "amount": 0, "renewed": 0, "overdue": 0}
    await place.clock(shanghai(DUE + timedelta(days=10), 9))
    assert (
        code(await withdrawing.instruct(place.house, place.envelope(wang), InstructDeposit(UUID(made.deposit), AtMaturity.PAY)))
        == "NO_LONGER"
    )
    answer = await taken(place, wang, made)
    assert (answer.interest, answer.left, answer.early) == (72_22, 0, False)
    assert code(await opening.open_(place.house, place.envelope(wang), THREE_MONTHS)) == "NOT_SOLD_NOW"


async def test_it_is_renewed_by_what_was_sold_on_its_due_day_however_late_that_is_worked_out(place: Town) -> None:
    """The day's end comes after the next morning, on which other rates came on sale, and the product was closed: it was due at 2.85 %."""
    wang = await place.person("Wang", RICH)
    made = await opened(place, wang, OpenDeposit("FIXED", 10_000_00, ["terms"], Term.MONTHS_3, AtMaturity.RENEW))
    await place.clock(shanghai(DUE + timedelta(days=1), 9))
    await sell_policies(place.house, FIXED_FILE.replace("2012-07-06", "2014-05-25").replace("2.85", "2.95"))
    async with place.house.database.transaction() as tx:
        await place.house.ledger.lock_books(tx, [HOUSE_BOOK])
        at = await moment(tx)
        version = (await catalogue.versions_of(tx, ["FIXED"], shape_of))["FIXED"][-1]
        assert not isinstance(await products.pass_to(place.house, tx, at, version, Step(State.CLOSED, 0, at.now)), Refusal)
    assert (await maturing.mature_deposits(place.house, DUE)).figures["renewed"] == 1
    row = await seen(place, wang, made)
    assert (row.balance, row.rate, row.version, row.due) == (10_071_25, 28_500, 1, date(2014, 8, 24))
    await ended(place, date(2014, 8, 24))
    assert (await seen(place, wang, made)).state is DepositState.OVERDUE


async def test_the_wish_for_the_due_day_can_be_changed_before_it(place: Town) -> None:
    wang = await place.person("Wang", RICH)
    made = await opened(place, wang)
    wish = InstructDeposit(UUID(made.deposit), AtMaturity.KEEP)
    assert await withdrawing.instruct(place.house, place.envelope(wang), wish) == DepositInstructed(made.deposit, AtMaturity.KEEP, DUE)
    assert await ended(place, DUE) == {"matured": 0, "amount": 0, "renewed": 0, "overdue": 1}
    assert (await seen(place, wang, made)).state is DepositState.OVERDUE


async def test_a_certificate_comes_out_as_a_whole_or_not_before_it_is_due(place: Town) -> None:
    wang = await place.person("Wang", RICH)
    certificate = OpenDeposit("CD", 200_000_00, ["terms"], Term.YEAR)
    made = await opened(place, wang, certificate)
    assert code(await taken(place, wang, made, 1_00)) == "ONLY_WHOLE"
    assert (await taken(place, wang, made)).left == 0
    again = OpenDeposit("CD", 200_000_00, ["terms"], Term.YEAR, AtMaturity.RENEW)
    assert code(await opening.open_(place.house, place.envelope(wang), again)) == "NOT_RENEWED"


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        (OpenDeposit("NONE", 50_00, ["terms"], Term.YEAR), "UNKNOWN_PRODUCT"),
        (OpenDeposit("FIXED", 50_00, [], Term.YEAR), "TERMS_NOT_CONFIRMED"),
        (OpenDeposit("FIXED", 50_00, ["terms"], Term.YEARS_5), "TERM_NOT_OFFERED"),
        (OpenDeposit("FIXED", 50_00, ["terms"]), "TERM_NOT_OFFERED"),
        (OpenDeposit("FIXED", 49_99, ["terms"], Term.YEAR), "BELOW_MINIMUM"),
        (OpenDeposit("FIXED", 50_00, ["terms"], Term.YEAR, AtMaturity.PAY, 32_499), "RATE_DIFFERS"),
        (OpenDeposit("FIXED", RICH + 1, ["terms"], Term.YEAR), "NO_MONEY"),
    ],
)
async def test_what_is_refused(place: Town, command: OpenDeposit, refused: str) -> None:
    wang = await place.person("Wang", RICH)
    assert code(await opening.open_(place.house, place.envelope(wang), command)) == refused
    assert await place.total(Kind.DEPOSIT) == 0


async def test_who_may_not_open_one_and_what_is_nobody_s(place: Town) -> None:
    wang, low = await place.person("Wang", RICH), await place.person("Low", RICH, level=1)
    assert code(await opening.open_(place.house, place.envelope(low), THREE_MONTHS)) == "NOT_ALLOWED"
    made = await opened(place, wang)
    assert code(await taken(place, low, made)) == "UNKNOWN_DEPOSIT"
    for amount in (0, -1, 10**15 + 1):
        with pytest.raises(BadInput):
            await opening.open_(place.house, place.envelope(wang), OpenDeposit("FIXED", amount, ["terms"], Term.YEAR))
    for day in (MONDAY - timedelta(days=1), MONDAY + timedelta(days=3_654), date.max):
        with pytest.raises(BadInput, match="date: "):
            await foretold(place, wang, made, day=day)


async def test_in_lots_and_killed_between_them_every_one_matures_once(place: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maturing, "AT_ONCE", 2)
    wang = await place.person("Wang", RICH)
    made = [await opened(place, wang) for _ in range(5)]
    await place.clock(shanghai(DUE, 24))
    some = maturing.bring_up
    left = [1]

    async def killed(*args: Any) -> list[Deposit]:
        done = await some(*args)
        if not left:
            raise RuntimeError("killed")
        left.pop()
        return done

    monkeypatch.setattr(maturing, "bring_up", killed)
    with pytest.raises(RuntimeError):
        await maturing.mature_deposits(place.house, DUE)
    assert await place.owed(wang.wallet) == [RICH - 50_000_00 + 2 * 10_071_25]
    monkeypatch.setattr(maturing, "bring_up", some)
    assert await ended(place, DUE) == {"matured": 5, "amount": 5 * 10_071_25, "renewed": 0, "overdue": 0}
    assert await place.owed(wang.wallet) == [RICH + 5 * 71_25]
    assert len(made) == 5


async def test_nothing_is_written_where_nothing_moves(place: Town) -> None:
    wang = await place.person("Wang", RICH)
    await opened(place, wang)

    async with place.house.database.read() as tx:
        before = [dict(row) for row in await tx.fetch("select xmin::text, ctid::text from deposit")]
    await ended(place, MONDAY + timedelta(days=20))
    async with place.house.database.read() as tx:
        assert [dict(row) for row in await tx.fetch("select xmin::text, ctid::text from deposit")] == before


async def test_the_audit_names_a_deposit_that_has_not_what_its_account_has(place: Town) -> None:
    wang = await place.person("Wang", RICH)
    made = await opened(place, wang)
    await taken(place, wang, made, 4_000_00)

    async def found() -> list[str]:
        async with place.house.database.read() as tx:
            return [one.detail for book in range(place.house.books + 1) for one in await shown.deposit_findings(tx, book, Archives())]

    assert await found() == []
    row = await seen(place, wang, made)
    for altered, detail in (
        ("update deposit set balance = balance + 1", "has 6,000.01, its account 6,000.00, the bank was told of 6,000.00"),
        ("update deposit_standing set balance = balance - 1", "has 6,000.00, its account 6,000.00, the bank was told of 5,999.99"),
    ):
        async with place.house.database.transaction() as tx:
            await tx.execute(altered)
        assert await found() == [f"{row.number} {detail}"]
        async with place.house.database.transaction() as tx:
            await tx.execute(altered.replace("+ 1", "- 1") if "+" in altered else altered.replace("- 1", "+ 1"))
    assert await found() == []


async def test_the_views_and_the_statement_tell_of_it(place: Town) -> None:
    wang = await place.person("Wang", RICH)
    made = await opened(place, wang)
    await place.clock(shanghai(MONDAY + timedelta(days=9), 10))
    await taken(place, wang, made, 4_000_50)
    caller = place.envelope(wang).caller
    of = views(place.house)
    (line,) = await of["deposits"](caller, {})
    assert (line.amount, line.interest_due, line.interest_today, line.early) == (5_999_50, 42_74, 52, True)
    assert (line.name_en, line.term_en, line.state_en, line.happened) == ("Fixed term", "3 months", "open", [])
    one = await of["deposit/{id}"](caller, {"id": made.deposit})
    assert [(event.event, event.amount, event.interest, event.balance) for event in one.happened] == [
        ("opened", 10_000_00, 0, 10_000_00), ("withdrawn", 4_000_50, 35, 5_999_50)
    ]  # fmt: skip
    assert (await of["deposits"](None, {})).code.name == "NOT_YOURS"
    owned = await of["assets/{person}"](caller, {"person": "me"})
    assert [(asset.what, asset.product, asset.worth) for asset in owned.assets] == [
        ("wallet", "", RICH - 5_999_50 + 35), ("deposit", "FIXED", 5_999_50)
    ]  # fmt: skip
    before = await of["assets/{person}"](caller, {"person": "me", "date": str(MONDAY)})
    assert [asset.worth for asset in before.assets] == [RICH - 10_000_00, 10_000_00]
    told = (await of["statement/{person}"](caller, {"person": "me"})).statement
    assert [(line.text_en, line.amount) for line in told][-2:] == [
        ("Into a deposit · Fixed term", -10_000_00), ("Taken out of a deposit · Fixed term", 4_000_85)
    ]  # fmt: skip
