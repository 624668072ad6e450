"""A customer's notices over /v1: read part by part, opened, and what comes to the phone, for who consents alone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from api_client import ApiClient, problem
from bill_town import Person
from fund_town import FundTown
from notice_town import notice
from v1_town import at_v1

from tapwealth.notices import store
from tapwealth.notices.notice import NoticeKind


@asynccontextmanager
async def told_at_v1(place: FundTown) -> AsyncIterator[tuple[Person, ApiClient, str]]:
    """Somebody who was told three things and another who was told one, and a client of the first."""
    wang, li = await place.person("Wang", 0), await place.person("Li", 0)
    async with at_v1(place, wang) as (client, account):
        async with place.house.database.transaction() as tx:
            told = [notice(wang, event, NoticeKind.FUND) for event in ("one", "two", "three")]
            await store.mark_read(tx, wang.book, wang.id, [], told[0].at)
            await store.tell(tx, [*told, notice(li, "theirs")])
        yield wang, client, account


async def listed(client: ApiClient, account: str, **asked: Any) -> list[tuple[str, bool]]:
    found = (await client.get(f"{account}/notices", **asked)).json()["data"]
    return [(one["text_en"], one["read"]) for one in found if one["kind"] == "fund"]


async def test_notices_are_listed_in_parts_and_opened_once(place: FundTown) -> None:
    async with told_at_v1(place) as (_wang, client, account):
        assert await listed(client, account) == [("three.", False), ("two.", False), ("one.", False)]
        first = (await client.get(f"{account}/notices", limit=2)).json()
        assert first["has_more"]
        assert await listed(client, account, limit=1, cursor=first["next_cursor"]) == [("one.", False)]
        newest, key = first["data"][0]["id"], str(uuid4())
        for _ in range(2):
            opened = await client.post(f"{account}/opened-notices", {"notices": [newest, f"ntc_{'0' * 32}"]}, key)
            assert (opened.status_code, opened.json()) == (200, {"unread": 2}), opened.text
        assert await listed(client, account) == [("three.", True), ("two.", False), ("one.", False)]
        assert (await client.post(f"{account}/opened-notices", {"notices": []})).json() == {"unread": 0}


async def test_what_comes_to_the_phone_is_chosen_and_refused_by_rule(place: FundTown) -> None:
    async with told_at_v1(place) as (_wang, client, account):
        path = f"{account}/notice-preferences"
        chosen = await client.post(path, {"kinds": [{"kind": "fund", "push": False, "sms": False}], "language": "en"})
        assert chosen.status_code == 200, chosen.text
        assert (await client.get(path)).json() == chosen.json()
        assert chosen.json()["language"] == "en"
        assert {one["kind"]: (one["push"], one["sms"]) for one in chosen.json()["kinds"]}["fund"] == (False, False)
        problem(await client.post(path, {"kinds": [{"kind": "card", "push": False, "sms": False}]}), "must_be_told")
        problem(await client.post(path, {"kinds": [{"kind": "insurance", "push": True, "sms": True}]}), "no_text_messages")
        assert (await client.get(path)).json() == chosen.json()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"kinds": [{"kind": "pigeons", "push": True, "sms": True}]}, "/kinds/0/kind"),
        ({"kinds": [], "colour": "red"}, "/colour"),
        ({"language": "fr"}, "/language"),
        ({"kinds": [{"kind": "fund", "push": 1, "sms": False}]}, "/kinds/0/push"),
    ],
)
async def test_what_cannot_be_read_is_pointed_at(place: FundTown, body: Any, pointer: str) -> None:
    async with told_at_v1(place) as (_wang, client, account):
        answer = await client.post(f"{account}/notice-preferences", body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_body")
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
