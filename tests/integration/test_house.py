"""The house put together on a real database: what a restart of the platform keeps, and what it must not repeat."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tapwealth.app.house import Settings, open_house
from tapwealth.app.platform import admit, read_operators
from tapwealth.app.wiring import open_edges
from tapwealth.flows.frame import House
from tapwealth.kernel.refusal import BadInput
from tapwealth.storage import operators

STARTED = datetime(2014, 2, 23, 16, tzinfo=UTC)
OPERATOR = {"login": "", "display_name": "李明", "roles": ["operations"], "password": "a long enough password"}
OPERATORS = '[{"login": "ops.chen", "display_name": "陈静", "roles": ["operations"], "password": "a long enough password"}]'
CREDENTIALS = {"login": "ops.chen", "password": "a long enough password"}


@asynccontextmanager
async def started(folder: Path, database_url: str) -> AsyncIterator[tuple[House, httpx.AsyncClient]]:
    """The platform as it is started each time, its HTTP reached without a socket."""
    async with open_house(Settings(folder, database_url, books=2, seed=1), STARTED) as house:
        (folder / "operators.json").write_text(OPERATORS, encoding="utf-8")
        await admit(house, read_operators(folder / "operators.json"), "operators.json")
        edges = await open_edges(house, "token", real_time=False)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(edges.http), base_url="http://platform") as client:
            yield house, client


def test_ids_are_not_drawn_again_under_a_clock_that_stands_still(tmp_path: Path, new_database: Callable[[], str]) -> None:
    database_url = new_database()

    async def drawn() -> set[object]:
        async with started(tmp_path, database_url) as (house, _):
            return {house.new_id(STARTED, 0) for _ in range(100)}

    assert not asyncio.run(drawn()) & asyncio.run(drawn())


def test_an_operator_of_before_the_restart_is_asked_to_sign_in_again(tmp_path: Path, new_database: Callable[[], str]) -> None:
    database_url = new_database()

    async def looks(token: str) -> tuple[str, int]:
        async with started(tmp_path, database_url) as (_, client):
            token = token or (await client.post("/login", json=CREDENTIALS)).json()["token"]
            return token, (await client.get("/view/transit", headers={"Authorization": f"Bearer {token}"})).status_code

    token, status = asyncio.run(looks(""))
    assert status == httpx.codes.OK
    assert asyncio.run(looks(token)) == (token, httpx.codes.UNAUTHORIZED)


def test_a_staff_number_reaches_an_operator_of_before_and_stays(tmp_path: Path, new_database: Callable[[], str]) -> None:
    database_url = new_database()

    async def admitted(*numbers: str) -> list[str]:
        """The persons of two logins, after files with these numbers."""
        async with started(tmp_path, database_url) as (house, _):
            file = [{**OPERATOR, "login": login, "staff_number": number} for login, number in zip(("li", "li.two"), numbers, strict=True)]
            (tmp_path / "more.json").write_text(json.dumps(file), encoding="utf-8")
            await admit(house, read_operators(tmp_path / "more.json"), "more.json")
            async with house.database.transaction() as tx:
                found = [await operators.stored(tx, login) for login in ("li", "li.two")]
        return [one[0].person for one in found if one]

    assert asyncio.run(admitted("", "")) == ["login li", "login li.two"]
    assert asyncio.run(admitted("e12", "E12")) == ["E12", "E12"], "one person with two logins"
    assert asyncio.run(admitted("", "e12")) == ["E12", "E12"]
    with pytest.raises(BadInput, match="li has the staff number e12"):
        asyncio.run(admitted("e13", "e12"))
