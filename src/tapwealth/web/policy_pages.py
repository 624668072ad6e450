"""Policies on a customer's phone: those they have, one of them with its premiums, and what is done with it: pay, let premiums be collected,
reinstate, cancel."""

from typing import Any, NamedTuple
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.flows.customers.page_sessions import CustomerSession
from tapwealth.flows.insurance import policy_quotes
from tapwealth.flows.insurance.policies import CancelPolicy
from tapwealth.flows.insurance.policy_quotes import RefundQuoted
from tapwealth.flows.insurance.premiums import EndPremiums, LetPremiums, PayPremium, ReinstatePolicy
from tapwealth.flows.reports import bill_counter, policy_counter
from tapwealth.flows.reports.policy_counter import PolicyPage
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.web.customer import CustomerPages, Wrong, fen_in, identifier_of, shown_in, who_of
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language, root
from tapwealth.web.policy_forms import said_in_words
from tapwealth.web.policy_wording import chinese, words
from tapwealth.web.posting import UNKNOWN, a_key, go
from tapwealth.web.said import Said

POLICY_COMMANDS = ("cancel_policy", "pay_premium", "let_premiums", "end_premiums", "reinstate_policy")
"""Names of the commands that these pages give."""
_NOT_DONE = ("没有办成", "Nothing was done")
_FORMS = ("pay", "reinstate", "collect", "end", "cancel")
_FIELDS = {"UNKNOWN_FUND": "fund", "NOTHING_DUE": "renews"}
"""Beside which field of an agreement a refusal is said."""


def policy_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    policies = Policies(pages)
    return [
        *in_each_language("/policies", pages.signed(policies.listed)),
        *in_each_language("/policies/{policy}", pages.signed(policies.one)),
        *in_each_language("/policies/{policy}/pay", pages.given(policies.pay), ("POST",)),
        *in_each_language("/policies/{policy}/reinstate", pages.given(policies.reinstate), ("POST",)),
        *in_each_language("/policies/{policy}/collect", pages.given(policies.collect), ("POST",)),
        *in_each_language("/policies/{policy}/collect/end", pages.given(policies.end), ("POST",)),
        *in_each_language("/policies/{policy}/cancel", pages.given(policies.cancel), ("POST",)),
    ]


class Terms(NamedTuple):
    """What somebody would agree to: so many fen at a time at most, which fund pays what the wallet lacks, if the policy goes on."""

    most: int
    fund: str
    renews: bool


class Policies:
    """Each method answers one form, or shows it."""

    def __init__(self, pages: CustomerPages) -> None:
        self._pages, self._house = pages, pages.house

    async def listed(self, request: Request, language: str, session: CustomerSession) -> Response:
        """What they have, what they applied for, and what can be bought."""
        async with self._house.database.read() as tx:
            held = await policy_counter.held(tx, *who_of(session))
            offered = await policy_counter.on_offer(tx, language)
            applications = await policy_counter.applications(tx, *who_of(session))
        values = {
            "held": [one for one in held if one.lives], "over": [one for one in held if not one.lives], "offered": offered,
            "applications": applications,
        }  # fmt: skip
        return await self._pages.shown(request, language, "policies.html", values, session=session)

    async def one(
        self,
        request: Request,
        language: str,
        session: CustomerSession,
        said: Said | None = None,
        form: str = "",
        given: Form | None = None,
        key: str = "",
        wrong: Wrong | None = None,
        terms: Terms | None = None,
    ) -> Response:
        """All about it. `form`: whose answer is said, filled in as it was `given`, with what of it is `wrong`; of a cancellation the refund
        is shown first, of premiums that are to be collected what would be agreed to by these `terms`."""
        identifier, who = identifier_of(request.path_params["policy"]), who_of(session)
        async with self._house.database.read() as tx:
            page = await policy_counter.shown(tx, *who, identifier, language)
            money = None if isinstance(page, Refusal) else await bill_counter.money(self._house, tx, *who)
            refund = await self._refund(tx, who, page, asked=form == "cancel")
        if isinstance(page, Refusal):
            return await self._pages.nothing(request, language)
        if isinstance(refund, Refusal):
            said, refund = said or said_in_words(refund, _NOT_DONE, chinese), None
        values = {
            "one": page, "money": money, "refund": refund, "said": said, "about": form, "given": {} if given is None else given.fields,
            "keys": {name: key if key and name == form else a_key() for name in _FORMS}, "words": words,
            "wrong": wrong or {}, "terms": terms,
        }  # fmt: skip
        return await self._pages.shown(request, language, "policy.html", values, session=session)

    async def _refund(self, tx: Any, who: tuple[int, UUID], page: PolicyPage | Refusal, *, asked: bool) -> RefundQuoted | Refusal | None:
        if isinstance(page, Refusal) or not asked:
            return None
        return await policy_quotes.refund_on(tx, *who, page.shown.policy, page.today)

    async def pay(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """What is due, as it was shown."""
        identifier = identifier_of(request.path_params["policy"])
        command = PayPremium(identifier, shown_in(form, "amount"), form["fund"][:20])
        return await self._give(request, language, session, form, "pay", "pay_premium", command)

    async def reinstate(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """For all that is owed, as it was shown."""
        identifier = identifier_of(request.path_params["policy"])
        command = ReinstatePolicy(identifier, shown_in(form, "amount"), form["fund"][:20])
        return await self._give(request, language, session, form, "reinstate", "reinstate_policy", command)

    async def collect(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """First what would be agreed to, then, with `do` = agree, the agreement."""
        terms = terms_in(form)
        if form["do"] == "back" or not isinstance(terms, Terms):
            wrong = None if form["do"] == "back" or isinstance(terms, Terms) else terms
            return await self.one(request, language, session, form="collect", given=form, wrong=wrong)
        if form["do"] != "agree":
            return await self.one(request, language, session, form="collect", given=form, terms=terms)
        identifier = identifier_of(request.path_params["policy"])
        try:
            made = await self._pages.give("let_premiums", session, form["key"], language, LetPremiums(identifier, *terms))
        except Outage:
            return await self.one(request, language, session, UNKNOWN, "collect", form, form["key"], terms=terms)
        if isinstance(made, Refusal):
            return await self._not_agreed(request, language, session, form, made)
        return go(f"{root(language)}/policies/{made.policy}#collect")

    async def _not_agreed(self, request: Request, language: str, session: CustomerSession, form: Form, no: Refusal) -> Response:
        """Beside the field that it is about, if it is about one."""
        if field := _FIELDS.get(no.code.name):
            wrong = {field: (chinese(no.text) or no.text, no.text)}
            return await self.one(request, language, session, form="collect", given=form, wrong=wrong)
        return await self.one(request, language, session, said_in_words(no, _NOT_DONE, chinese), "collect", form)

    async def end(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """Nothing more is collected."""
        command = EndPremiums(identifier_of(request.path_params["policy"]))
        return await self._give(request, language, session, form, "end", "end_premiums", command)

    async def cancel(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """First what comes back today, then, with `do` = cancel and the refund as it was shown, the request."""
        if form["do"] == "back":
            return go(f"{root(language)}/policies/{identifier_of(request.path_params['policy'])}")
        if form["do"] != "cancel":
            return await self.one(request, language, session, form="cancel", given=form)
        identifier, who = identifier_of(request.path_params["policy"]), who_of(session)
        async with self._house.database.read() as tx:
            page = await policy_counter.shown(tx, *who, identifier, language)
            now = await self._refund(tx, who, page, asked=True)
        if isinstance(now, RefundQuoted) and str(now.refund) != form["refund"]:
            said = Said(("退还金额已变", "The refund is another one now"), "请重新核对后再确认。", "look at it again, then confirm it")
            return await self.one(request, language, session, said, "cancel", form)
        reason = form["reason"].strip() or "the policyholder's wish"
        return await self._give(request, language, session, form, "cancel", "cancel_policy", CancelPolicy(identifier, reason))

    async def _give(
        self, request: Request, language: str, session: CustomerSession, form: Form, about: str, name: str, command: Any
    ) -> Response:
        try:
            made = await self._pages.give(name, session, form["key"], language, command)
        except Outage:
            return await self.one(request, language, session, UNKNOWN, about, form, form["key"])
        except BadInput as error:
            return await self.one(request, language, session, said_in_words(error, _NOT_DONE, chinese), about, form)
        if isinstance(made, Refusal):
            return await self.one(request, language, session, said_in_words(made, _NOT_DONE, chinese), about, form)
        return go(f"{root(language)}/policies/{made.policy}")


def terms_in(form: Form) -> Terms | Wrong:
    """What was chosen, or what does not fit of it."""
    most = fen_in(form, "most", "没有填写上限")
    return Terms(most, form["fund"][:20], form["renews"] == "yes") if isinstance(most, int) else {"most": most}
