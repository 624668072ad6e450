"""Whom a policy insures and what was disclosed: answers that load, refer and decline; they stand in the record of the sale."""

from typing import Any
from uuid import UUID

import pytest
from bill_town import Person, Town
from policy_files import ASKING_FILE, sell_policies

from tapwealth.flows.catalogue import sales
from tapwealth.flows.insurance import policies
from tapwealth.flows.insurance.policies import BuyPolicy, PolicyTaken
from tapwealth.insurance import insured_store
from tapwealth.kernel.refusal import BadInput, Refusal


async def buy(place: Town, person: Person, product: str = "TL20", **said: Any) -> Any:
    confirmed = ["terms", *said.pop("confirmed", [])]
    return await policies.buy(place.house, place.envelope(person), BuyPolicy(product, confirmed, **said))


def code(answer: Any) -> str:
    assert isinstance(answer, Refusal), answer
    return answer.code.name


async def test_answers_load_the_premium_refer_or_decline_and_are_sealed_with_the_sale(place: Town) -> None:
    await sell_policies(place.house, ASKING_FILE)
    wang = await place.person("Wang", 100_000)
    assert code(await buy(place, wang)) == "NOT_ANSWERED"
    assert code(await buy(place, wang, answers={"smoking": "never", "heart": "severe"})) == "DECLINED"
    assert code(await buy(place, wang, answers={"smoking": "daily", "heart": "treated"})) == "REFERRED"
    with pytest.raises(BadInput, match="is no answer"):
        await buy(place, wang, answers={"smoking": "seldom", "heart": "none"})
    assert await place.owed(wang.wallet) == [100_000]
    loaded = {"smoking": "daily", "heart": "mild"}
    assert code(await buy(place, wang, answers=loaded, premium=22_500)) == "PREMIUM_DIFFERS"
    taken = await buy(place, wang, answers=loaded, premium=29_250)
    assert isinstance(taken, PolicyTaken), taken
    assert await place.owed(wang.wallet) == [100_000 - 29_250]
    key = (wang.book, UUID(taken.policy))
    async with place.house.database.read() as tx:
        assert (await insured_store.insured(tx, [key]))[key].loading_permille == 300
        sold = await sales.shown(tx, place.house.all_books, key[1])
    assert not isinstance(sold, Refusal)
    terms = sold.record["terms"]
    assert {name: terms[name] for name in ("answer smoking", "answer heart", "loading_permille")} == {
        "answer smoking": "daily", "answer heart": "mild", "loading_permille": 300,
    }  # fmt: skip
    assert sold.shown is not None
    asked = {fact.name: fact.text for fact in sold.shown.facts}
    assert asked["您是否吸烟"] == "从不 (never)；偶尔 (sometimes)；每天 (daily)"
