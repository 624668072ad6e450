"""Who may buy a riskier fund: asked, in time, warned, and never who bears no loss."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bill_town import MONDAY, Person
from fund_town import FUND, MINIMUM, OWN, FundTown
from shelf import shelve

from tapwealth.flows.funds import plans, suitability
from tapwealth.flows.funds.plans import AgreePlan
from tapwealth.flows.funds.suitability import Assessed, AssessSuitability, ConfirmWarning, SuitabilityView, WarningConfirmed
from tapwealth.funds import store
from tapwealth.funds.plan import Every
from tapwealth.funds.store import SalesChannel
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal

RISKY, STEADY, DARING, NO_LOSS = "000199", list("BBBBBBBB"), list("DDDDDDDD"), list("DDDDDADD")


async def shelve_risky(place: FundTown) -> None:
    """A fund of R4 beside the money fund."""
    async with place.house.database.transaction() as tx:
        shelved = (await store.funds(tx))[FUND]
        await shelve(tx, replace(shelved, code=RISKY, risk_level=4), [SalesChannel(OWN, RISKY, True, MINIMUM, 0, 0)])


async def assess(place: FundTown, person: Person, answers: list[str], version: str = "2014-1") -> Any:
    return await suitability.assess(place.house, place.envelope(person), AssessSuitability(version, answers))


async def confirm(place: FundTown, person: Person, fund: str = RISKY) -> Any:
    return await suitability.confirm(place.house, place.envelope(person), ConfirmWarning(fund))


async def buy(place: FundTown, person: Person, at: datetime | None = None) -> str:
    (answer,) = await place.buy(place.order(person, 100_00, at, fund=RISKY))
    return code(answer)


def code(answer: Any) -> str:
    return str(answer.code.name) if isinstance(answer, Refusal) else "done"


async def seen(place: FundTown, person: Person) -> SuitabilityView:
    async with place.house.database.read() as tx:
        return await suitability.shown(tx, person.book, person.id)


async def test_who_bears_enough_buys_until_the_answers_are_too_old(place: FundTown) -> None:
    await shelve_risky(place)
    wang = await place.person("Wang", 1_000_00)
    assert await buy(place, wang) == "RISK_TOO_HIGH"
    assert await assess(place, wang, DARING) == Assessed(5, False, MONDAY + timedelta(days=365))
    assert await buy(place, wang) == "done"
    assert await buy(place, wang, shanghai(MONDAY + timedelta(days=365), 14)) == "done"
    assert await buy(place, wang, shanghai(MONDAY + timedelta(days=366), 14)) == "RISK_TOO_HIGH"


async def test_a_periodic_plan_asks_as_a_purchase_does_each_time(place: FundTown) -> None:
    """Agreed upon, and again with each period: answers that have grown too old buy nothing more."""
    await shelve_risky(place)
    wang = await place.person("Wang", 1_000_00)

    async def agree() -> Any:
        return await plans.agree(place.house, place.envelope(wang), AgreePlan(RISKY, 100_00, Every.MONTH, 25))

    assert code(await agree()) == "RISK_TOO_HIGH"
    await assess(place, wang, DARING)
    assert code(await agree()) == "done"
    for day, wanted in ((MONDAY + timedelta(days=1), ["placed"]), (MONDAY + timedelta(days=367), ["failed"])):
        await place.clock(shanghai(day, 14))
        assert await plans.run_due(place.house) == wanted
    async with place.house.database.read() as tx:
        (shown,) = await plans.held(place.house, tx, wang.book, wang.id)
    assert (shown.runs[0].period, shown.runs[0].state, shown.failures) == (MONDAY + timedelta(days=366), "failed", 1)
    assert "R4" in shown.runs[0].reason


async def test_a_fund_above_the_class_is_sold_after_its_warning_was_confirmed(place: FundTown) -> None:
    await shelve_risky(place)
    wang = await place.person("Wang", 1_000_00)
    assert code(await confirm(place, wang)) == "NOT_ASSESSED"
    await assess(place, wang, STEADY)
    assert await buy(place, wang) == "RISK_TOO_HIGH"
    (warning,) = (await seen(place, wang)).warnings
    assert (warning.fund, warning.confirmed) == (RISKY, False)
    confirmed = await confirm(place, wang)
    assert isinstance(confirmed, WarningConfirmed)
    assert (confirmed.risk_level, confirmed.text_zh, confirmed.text_en) == (4, warning.text_zh, warning.text_en)
    assert await buy(place, wang) == "done"
    assert [one.confirmed for one in (await seen(place, wang)).warnings] == [True]
    async with place.house.database.read() as tx:
        kept = await tx.fetchval("select text from suitability_warning where book = $1", wang.book)
    assert kept == f"{warning.text_zh}\n{warning.text_en}", "word for word"
    await place.clock(shanghai(MONDAY, 11))
    await assess(place, wang, STEADY)
    assert await buy(place, wang) == "RISK_TOO_HIGH", "new answers ask anew"


async def test_no_confirmation_helps_who_bears_no_loss(place: FundTown) -> None:
    await shelve_risky(place)
    wang = await place.person("Wang", 1_000_00)
    assert await assess(place, wang, NO_LOSS) == Assessed(1, True, MONDAY + timedelta(days=365))
    assert code(await confirm(place, wang)) == "BEARS_NO_LOSS"
    assert await buy(place, wang) == "RISK_TOO_HIGH"
    assert (await seen(place, wang)).warnings == []
    assert code(await place.buy_one(wang, 100_00)) == "done", "the money fund is R1"


async def test_only_the_questionnaire_of_today_is_answered_and_only_warnings_that_are_due_are_confirmed(place: FundTown) -> None:
    await shelve_risky(place)
    wang = await place.person("Wang", 1_000_00)
    assert code(await assess(place, wang, STEADY, "2013-1")) == "OTHER_VERSION"
    before = await seen(place, wang)
    assert (before.level, before.level_en, before.good_until, len(before.questions)) == (0, "not asked", None, 8)
    await assess(place, wang, DARING)
    assert [code(await confirm(place, wang, fund)) for fund in (RISKY, "000999")] == ["NO_WARNING_NEEDED", "UNKNOWN_FUND"]


async def test_the_newest_answers_count(place: FundTown) -> None:
    await shelve_risky(place)
    wang = await place.person("Wang", 1_000_00)
    await assess(place, wang, DARING)
    await place.clock(shanghai(MONDAY, 11))
    await assess(place, wang, NO_LOSS)
    assert await buy(place, wang) == "RISK_TOO_HIGH"
