"""A customer before the pages of insurance: signed in, reading what a page says, and sending its forms as a browser would."""

import html
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from bill_town import NINE, Person, Town
from served_house import open_doors

from tapwealth.customers import store as customers
from tapwealth.flows.customers.people import device_lookup
from tapwealth.flows.insurance import policies
from tapwealth.flows.insurance.policies import BuyPolicy, PolicyTaken

_TAGS = re.compile(r"<(style|script)\b.*?</\1>|<[^>]+>", re.DOTALL)


@dataclass
class Seen:
    """A page as it came."""

    status: int
    source: str = field(repr=False)
    where: str

    @property
    def text(self) -> str:
        """What it says, without its head."""
        body = self.source.partition("<main")[2].partition("</main>")[0]
        return " ".join(html.unescape(_TAGS.sub(" ", f"<main{body}")).split())

    @property
    def key(self) -> str:
        """Of its first form in the text."""
        return self.hidden("key")

    def hidden(self, name: str, form: str = "") -> str:
        """What a form that is sent to an address with `form` in it carries under that name."""
        for found in re.finditer(r"<form\b(.*?)</form>", self.source.partition("<main")[2], re.DOTALL):
            if form in found[1].partition(">")[0]:
                value = re.search(rf'name="{name}" value="([^"]*)"', found[1])
                assert value is not None, (name, form)
                return html.unescape(value[1])
        raise AssertionError(f"no form for {form} at {self.where}")


@dataclass
class Desk:
    """The pages, and who is before them; `person` has their money in a wallet."""

    place: Town
    http: httpx.AsyncClient
    person: Person
    secret: str

    @property
    def house(self) -> Any:
        return self.place.house

    async def get(self, path: str) -> Seen:
        answer = await self.http.get(path, follow_redirects=True)
        return Seen(answer.status_code, answer.text, str(answer.url.path))

    async def send(self, path: str, page: Seen, form: str = "", files: Any = None, **fields: str) -> Seen:
        """The form of that page, with its proof and key. Where it is not taken, the page that comes back says why."""
        carried = {"proof": page.hidden("proof", form), "key": page.hidden("key", form)}
        answer = await self.http.post(path, data={**carried, **fields}, files=files, follow_redirects=True)
        assert answer.status_code < 400 or answer.status_code == 404 or 'role="alert"' in answer.text, answer.text
        return Seen(answer.status_code, answer.text, str(answer.url.path))

    async def buy(self, command: BuyPolicy, *, issued: bool = True) -> UUID:
        taken = await policies.buy(self.house, self.place.envelope(self.person, key=uuid4()), command)
        assert isinstance(taken, PolicyTaken), taken
        if issued:
            assert await self.place.work("insurer", policies.deliver) == []
        return UUID(taken.policy)

    async def wallet(self) -> int:
        return (await self.place.owed(self.person.wallet))[0]


async def signed_in(place: Town, http: httpx.AsyncClient, name: str, money: int = 100_000_00, person: Person | None = None) -> Desk:
    """Somebody with so many fen, or that person, whose phone is known."""
    person, secret = person or await place.person(name, money), f"what this phone drew when it began, {name}"
    async with place.house.database.transaction() as tx:
        assert await customers.enroll_device(tx, device_lookup(place.house, secret), person.book, person.id, NINE)
    answer = await http.post("/customer/sign-in", data={"secret": secret, "next": "/policies"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/policies"), answer.text
    return Desk(place, http, person, secret)


@asynccontextmanager
async def before_the_pages(place: Town, name: str, money: int = 100_000_00, person: Person | None = None) -> AsyncIterator[Desk]:
    """The doors are open, and somebody has signed in."""
    async with open_doors(place) as doors:
        yield await signed_in(place, doors.http, name, money, person)


def keep(seen: Seen, name: str) -> Seen:
    """For whoever wants to look at it: in the folder that TAPWEALTH_PAGES names."""
    if folder := os.environ.get("TAPWEALTH_PAGES"):
        Path(folder, f"{name}.html").write_text(seen.source)
    return seen
