"""Autopay on a customer's phone: what is agreed to, changed and ended, with the terms that the record of the agreement keeps.

The same commands as over HTTP, under idempotency keys that the forms carry: a form that is sent twice does nothing twice.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.bills.autopay import MOST_NOTICE, PayWhen
from tapwealth.bills.biller import AmountMode
from tapwealth.bills.inputs import ACCOUNT_NUMBER, in_order
from tapwealth.flows.bills.autopay import AgreeAutopay, ChangeAutopay, EndAutopay, usual_day
from tapwealth.flows.customers.page_sessions import CustomerSession
from tapwealth.flows.reports import bill_counter
from tapwealth.flows.reports.bill_counter import Payable
from tapwealth.kernel.refusal import Outage, Refusal
from tapwealth.web.bill_pages import filled_in
from tapwealth.web.bill_wording import chinese
from tapwealth.web.customer import CustomerPages, Wrong, fen_in, identifier_of, who_of
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language, root
from tapwealth.web.posting import UNKNOWN, a_key, go
from tapwealth.web.said import Said, said_of

AUTOPAY_COMMANDS = ("agree_autopay", "change_autopay", "end_autopay")
"""Names of the commands that these pages give."""
_NOT_AGREED = ("没有开通", "Nothing was agreed")
_NOT_CHANGED = ("没有更改", "Nothing was changed")


def autopay_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    autopays = Autopays(pages)
    return [
        *in_each_language("/autopays", pages.signed(autopays.listed)),
        *in_each_language("/autopays/new/{biller}/{item}", autopays.sheet),
        *in_each_language("/autopays/new/{biller}/{item}", pages.given(autopays.agree), ("POST",)),
        *in_each_language("/autopays/{autopay}/change", pages.given(autopays.change), ("POST",)),
        *in_each_language("/autopays/{autopay}/end", pages.given(autopays.end), ("POST",)),
    ]


class Terms(NamedTuple):
    """What a customer chose: fen for one bill at most, what pays it beside the wallet, when, and how many days ahead they are told."""

    most: int
    fund: str
    card: UUID | None
    when: PayWhen
    notice: int


class Autopays:
    """Each method answers one form, or shows it."""

    def __init__(self, pages: CustomerPages) -> None:
        self._pages, self._house = pages, pages.house

    async def listed(
        self,
        request: Request,
        language: str,
        session: CustomerSession,
        *,
        about: str = "",
        given: Mapping[str, str] | None = None,
        wrong: Wrong | None = None,
        said: Said | None = None,
        key: str = "",
    ) -> Response:
        """Those that stand, with what may be changed; below them those that are over. `about`: the agreement whose form is answered."""
        async with self._house.database.read() as tx:
            found = await bill_counter.autopays(tx, *who_of(session))
            money = await bill_counter.money(self._house, tx, *who_of(session))
        standing = [one for one in found if one.state == "active"]
        values = {
            "standing": standing, "over": [one for one in found if one.state != "active"], "money": money, "said": said, "about": about,
            "given": given or {}, "wrong": wrong or {}, "notices": range(1, MOST_NOTICE + 1),
            "keys": {one.autopay: (key if key and one.autopay == about else a_key(), a_key()) for one in standing},
        }  # fmt: skip
        return await self._pages.shown(request, language, "autopays.html", values, session=session)

    async def sheet(self, request: Request, language: str) -> Response:
        """The form of a new one."""
        session, one = await self._pages.session(request), await self._payable(request)
        if one is None:
            return await self._pages.nothing(request, language)
        if session is None:
            return self._pages.to_door(request, language)
        return await self._sheet(request, language, session, one)

    async def _sheet(
        self,
        request: Request,
        language: str,
        session: CustomerSession,
        one: Payable,
        *,
        given: Mapping[str, str] | None = None,
        wrong: Wrong | None = None,
        said: Said | None = None,
    ) -> Response:
        async with self._house.database.read() as tx:
            money = await bill_counter.money(self._house, tx, *who_of(session))
        values = {
            "one": one, "fields": in_order(one.item.fields), "given": given or {"when": usual_day(one.item).value}, "wrong": wrong or {},
            "said": said, "money": money, "key": a_key(), "notices": range(1, MOST_NOTICE + 1),
        }  # fmt: skip
        return await self._pages.shown(request, language, "autopay_sheet.html", values, session=session)

    async def agree(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """First the terms once more, then, with `do` = agree, the agreement."""
        if (one := await self._payable(request)) is None:
            return await self._pages.nothing(request, language)
        given, wrong = filled_in(one.item.fields, form)
        terms = terms_in(form)
        if wrong or not isinstance(terms, Terms) or form["do"] == "back":
            lacking = {} if form["do"] == "back" else {**wrong, **(terms if not isinstance(terms, Terms) else {})}
            return await self._sheet(request, language, session, one, given=form.fields, wrong=lacking)
        if form["do"] != "agree":
            return await self._confirm(request, language, session, one, given, terms, a_key())
        further = {name: value for name, value in given.items() if name != ACCOUNT_NUMBER}
        command = AgreeAutopay(
            one.code, given[ACCOUNT_NUMBER], terms.most, terms.fund, terms.when, terms.card, terms.notice, one.item.code, further
        )
        try:
            made = await self._pages.give("agree_autopay", session, form["key"], language, command)
        except Outage:
            return await self._confirm(request, language, session, one, given, terms, form["key"], UNKNOWN)
        if isinstance(made, Refusal):
            said = said_of(made, _NOT_AGREED, chinese=chinese)
            return await self._sheet(request, language, session, one, given=form.fields, said=said)
        return go(f"{root(language)}/autopays#a-{made.autopay}")

    async def _confirm(
        self,
        request: Request,
        language: str,
        session: CustomerSession,
        one: Payable,
        given: Mapping[str, str],
        terms: Terms,
        key: str,
        said: Said | None = None,
    ) -> Response:
        async with self._house.database.read() as tx:
            money = await bill_counter.money(self._house, tx, *who_of(session))
            offer = await bill_counter.offer(tx, one, language)
        values = {
            "one": one, "fields": in_order(one.item.fields), "given": given, "terms": terms, "offer": offer, "key": key, "said": said,
            "source": next((of for of in money.sources if of.code == terms.fund), None),
            "card": next((shown for card, shown in money.cards if card == terms.card), ""),
        }  # fmt: skip
        return await self._pages.shown(request, language, "autopay_confirm.html", values, session=session)

    async def change(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """Other terms for the same account."""
        about, terms = request.path_params["autopay"], terms_in(form)
        if not isinstance(terms, Terms):
            return await self.listed(request, language, session, about=about, given=form.fields, wrong=terms)
        command = ChangeAutopay(identifier_of(about), terms.most, terms.fund, terms.when, terms.card, terms.notice)
        return await self._give(request, language, session, form, "change_autopay", command)

    async def end(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """Nothing more is paid by it."""
        command = EndAutopay(identifier_of(request.path_params["autopay"]))
        return await self._give(request, language, session, form, "end_autopay", command)

    async def _give(self, request: Request, language: str, session: CustomerSession, form: Form, name: str, command: Any) -> Response:
        about = request.path_params["autopay"]
        try:
            made = await self._pages.give(name, session, form["key"], language, command)
        except Outage:
            return await self.listed(request, language, session, about=about, given=form.fields, said=UNKNOWN, key=form["key"])
        if isinstance(made, Refusal):
            said = said_of(made, _NOT_CHANGED, chinese=chinese)
            return await self.listed(request, language, session, about=about, given=form.fields, said=said)
        return go(f"{root(language)}/autopays#a-{made.autopay}")

    async def _payable(self, request: Request) -> Payable | None:
        async with self._house.database.read() as tx:
            one = await bill_counter.payable(tx, request.path_params["biller"], request.path_params["item"])
        return one if one is not None and one.item.amount.mode is not AmountMode.PRESETS else None


def terms_in(form: Form) -> Terms | Wrong:
    """What was chosen, or what does not fit of it."""
    wrong: dict[str, tuple[str, str]] = {}
    most, notice = fen_in(form, "most", "没有填写上限"), form["notice"]
    if not isinstance(most, int):
        wrong["most"] = most
    if form["when"] not in (*PayWhen,):
        wrong["when"] = ("请选择缴费时间", "choose when it is paid")
    if notice not in {str(days) for days in range(1, MOST_NOTICE + 1)}:
        wrong["notice"] = (f"请选择提前 1 至 {MOST_NOTICE} 天", f"choose 1 to {MOST_NOTICE} days ahead")
    if wrong or not isinstance(most, int):
        return wrong
    card = identifier_of(form["card"]) if form["card"] else None
    return Terms(most, form["fund"][:20], card, PayWhen(form["when"]), int(notice))
