"""A customer's visit to a page: who asks for what, in which language, and how it is answered; and what a form is shown with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple, Self
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from tapwealth.flows.customers.page_sessions import CustomerSession
from tapwealth.flows.frame import Caller, House
from tapwealth.web import page, posting
from tapwealth.web.fields import Wrong, identifier_of
from tapwealth.web.forms import Form, proof_of
from tapwealth.web.page import root
from tapwealth.web.posting import Run, a_key
from tapwealth.web.said import Said

_OURS = re.compile(r"(/en)?/(bills|bill|autopays|assets|deposits|wealth|policies|claims)([/?][!-~]*)?", re.ASCII)
AREAS: Mapping[str, tuple[str, str]] = {
    "/bills": ("生活缴费", "Bills"), "/autopays": ("自动缴费", "Autopay"), "/assets": ("我的资产", "What I own"),
    "/deposits": ("存款", "Deposits"), "/wealth": ("银行理财", "Wealth products"), "/policies": ("保险", "Insurance"),
    "/claims": ("理赔", "Claims"),
}  # fmt: skip
"""What it is about where pages begin."""
_NOTHING = Said(("这里没有内容", "Nothing is here"), "没有这一项，或者它不是您的。", "there is no such thing, or it is not yours")


class Back(NamedTuple):
    """What a form is shown with: what was `given` before, what of it is `wrong`, by field, what is `said` above it; and its `key`, if it is
    to be sent once more as it was. `about`: which form it is, on a page of several."""

    given: Mapping[str, str] = MappingProxyType({})
    wrong: Wrong = MappingProxyType({})
    said: Said | None = None
    key: str = ""
    about: str = ""

    def values(self) -> dict[str, Any]:
        """For a template."""
        return {"given": self.given, "wrong": self.wrong, "said": self.said, "key": self.key or a_key(), "about": self.about}

    def key_of(self, form: str) -> str:
        """The key of one form of several."""
        return self.key if self.key and form == self.about else a_key()

    @classmethod
    def unsure(cls, form: Form, about: str = "") -> Self:
        """The outcome is not known: the same form once more."""
        return cls(form.fields, said=posting.UNKNOWN, key=form["key"], about=about)

    @classmethod
    def refused(cls, form: Form, said: Said, field: str | None = None, about: str = "") -> Self:
        """What was filled in stays; the reason is said beside the field that it is about, if it is about one."""
        made = cls(form.fields, about=about)
        return made._replace(wrong={field: (said.zh, said.en)}) if field else made._replace(said=said)


FRESH = Back()


@dataclass(frozen=True, slots=True)
class Visit:
    """`runs`: the commands as the house decides them, by name. `session`: of who is signed in, if anybody is."""

    house: House
    runs: Mapping[str, Run] = field(repr=False)
    request: Request
    language: str
    session: CustomerSession | None

    @property
    def caller(self) -> Caller:
        assert self.session is not None, "who is not signed in comes to no such page"
        return self.session.caller

    @property
    def who(self) -> tuple[int, UUID]:
        """(book, person)."""
        assert self.caller.person is not None, "a session is a customer's"
        return self.caller.book, self.caller.person

    def path(self, name: str) -> str:
        """A part of the address."""
        text: str = self.request.path_params[name]
        return text

    def identifier(self, name: str) -> UUID:
        """The same as an id; the nil one, so that nothing is found, for what is none."""
        return identifier_of(self.path(name))

    def asked(self, name: str) -> str:
        """After the address's question mark."""
        return self.request.query_params.get(name, "").strip()

    async def give(self, name: str, key: str, command: Any) -> Any:
        """A command, under the idempotency key of its form. Raises Outage and BadInput."""
        return await self.run(self.runs[name], command, key)

    async def run(self, run: Run, command: Any, key: str = "") -> Any:
        """The same of what has no name, as quotes have none. Raises Outage and BadInput."""
        return await posting.give(self.house, run, key or a_key(), self.caller, self.language, command)

    def shown(self, template: str, values: Mapping[str, Any], status: int | None = None) -> Response:
        """A page with its head: who is signed in, and the same page in the other language. Without a `status` of its own a form that comes
        back with something `said` or `wrong` was not taken."""
        if status is None:
            status = HTTPStatus.UNPROCESSABLE_ENTITY if values.get("said") or values.get("wrong") else HTTPStatus.OK
        shared = {
            **page.head(self.request, self.language, home_of(self.request.url.path), "/customer"),
            "visitor": self.session.name if self.session else None,
            "proof": proof_of(self.session) if self.session else "",
        }
        return page.html(template, self.language, {**shared, **values}, status)

    def refuse(self, said: Said, status: int = HTTPStatus.FORBIDDEN) -> Response:
        home = home_of(self.request.url.path)
        return self.shown("customer_refused.html", {"said": said, "home": home, "area": AREAS[home]}, status)

    def nothing(self) -> Response:
        """There is no such thing, or it is somebody else's."""
        return self.refuse(_NOTHING, HTTPStatus.NOT_FOUND)

    def go(self, where: str) -> Response:
        """On to a page in the same language."""
        return posting.go(f"{root(self.language)}{where}")

    def to_door(self) -> Response:
        """For who is not signed in: and then back to where they were."""
        here = f"{self.request.url.path}?{self.request.url.query}".rstrip("?")
        return self.go(f"/customer/sign-in?next={quote(here, safe='/')}")


def next_of(text: str, language: str) -> str:
    """A place of ours to go on to."""
    return text if _OURS.fullmatch(text) else f"{root(language)}/bills"


def home_of(path: str) -> str:
    """Where the pages begin that are about the same; in English it stands below /en."""
    found = _OURS.fullmatch(path)
    return "/bills" if found is None or found[2] == "bill" else f"/{found[2]}"
