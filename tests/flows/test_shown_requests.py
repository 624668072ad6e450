"""The requests shown to the bank's people work as shown: each block of a how-to that begins with `POST /commands/` is sent to the served
platform, in the order of its page."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from played_days import after
from served_house import Doors, open_doors

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"
BLOCK = re.compile(r"^ *```\n *POST /commands/(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


FILE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Request(NamedTuple):
    command: str
    body: dict[str, Any]


def requests(page: str) -> list[Request]:
    return [Request(command, json.loads(body)) for command, body in BLOCK.findall((HOW_TO / page).read_text())]


@pytest.fixture
async def doors(database_url: str, folder: Path) -> AsyncIterator[Doors]:
    async with after(database_url, folder) as on, open_doors(on) as opened:
        yield opened


async def test_a_fund_comes_onto_the_shelf_as_shown(doors: Doors) -> None:
    """With its conditions, its raise and a campaign; each is approved by another operator."""
    manager, clerk = await doors.login("pm.zhou"), await doors.login("ops.chen")
    shown = requests("put-a-fund-on-the-shelf.md")
    assert [one.command for one in shown] == ["review_product", "approve_product", "propose_campaign"]
    fund, its_raise = FILE.findall((HOW_TO / "put-a-fund-on-the-shelf.md").read_text())
    for file, product in ((fund, "110022"), (its_raise, "110022-R")):
        drafted = await doors.command("draft_product", {"yaml": file}, manager)
        assert drafted.status_code == 200, drafted.text
        for one in shown[:2]:
            answer = await doors.command(one.command, {**one.body, "product": product}, clerk)
            assert answer.status_code == 200, (one.command, answer.text)
    for one in shown[2:]:
        answer = await doors.command(one.command, one.body, manager)
        assert answer.status_code == 200, (one.command, answer.text)
        approved = await doors.command("approve", {"proposal": answer.json()["result"]["proposal"]}, clerk)
        assert approved.status_code == 200, (one.command, approved.text)
    shelf = (await doors.http.get("/view/funds", headers={"Authorization": f"Bearer {manager}"})).json()
    assert "110022" in json.dumps(shelf)
    raises = (await doors.http.get("/view/raises", headers={"Authorization": f"Bearer {manager}"})).json()
    assert [(one["fund"], one["state"]) for one in raises] == [("110022", "coming")]
