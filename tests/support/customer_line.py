"""A customer at the command line: the console script, in a thread of this process, at a house whose doors are open."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from bill_town import Person, Town
from served_house import Doors, open_doors

from tapwealth.app.door import Door, shown_at
from tapwealth.cli.main import main
from tapwealth.customers import store as customers
from tapwealth.flows.customers.people import caller_of_device, wallet_of

TOKEN = "the secret of a phone, thirty-two letters"
OPENING = {"name": "王芳", "identity_number": "110105198401151037", "phone": "13800138000", "device_token": TOKEN}


class Done(NamedTuple):
    """How a call ended and what it said."""

    code: int
    out: str
    err: str


Call = Callable[..., Awaitable[Done]]


@dataclass(frozen=True)
class Line:
    """`call` is `tapwealth`; `person` has the phone whose token it gives."""

    call: Call
    person: Person
    doors: Doors


@asynccontextmanager
async def customer_line(
    place: Town, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, money: int = 0, working: bool = False
) -> AsyncIterator[Line]:
    """Behind it somebody has opened an account, with so many fen in their wallet."""
    monkeypatch.setenv("TAPWEALTH_CUSTOMER_TOKEN", TOKEN)

    def called(arguments: tuple[str, ...]) -> int:
        with monkeypatch.context() as on_line:
            on_line.setattr(sys, "argv", ["tapwealth", *arguments, "--data-dir", str(folder)])
            with pytest.raises(SystemExit) as ended:
                main()
        return int(ended.value.code or 0)

    async def call(*arguments: str) -> Done:
        capsys.readouterr()
        return Done(await asyncio.to_thread(called, arguments), *capsys.readouterr())

    async with open_doors(place, working=working) as doors:
        assert (await doors.command("open_account", OPENING, "new")).status_code == 200
        person = await _opened(place)
        if money:
            await place.moved_in(person, money)
        with shown_at(folder, Door(str(doors.http.base_url).rstrip("/"), "unused")):
            yield Line(call, person, doors)


async def _opened(place: Town) -> Person:
    """As who has shown all that there is to be shown."""
    caller = await caller_of_device(place.house, TOKEN)
    assert caller is not None
    assert caller.person is not None
    async with place.house.database.transaction() as tx:
        await customers.set_kyc_level(tx, caller.book, caller.person, 3)
        wallet = await wallet_of(place.house, tx, caller.book, caller.person)
    return Person(caller.book, caller.person, wallet)
