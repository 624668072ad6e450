"""Policies on a customer's phone: those they have, one of them with its premiums, and what is done with it: pay, let premiums be collected,
reinstate, cancel."""

from typing import Any, NamedTuple
from uuid import UUID

from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.flows.insurance import policy_quotes
from tapwealth.flows.insurance.policies import CancelPolicy
from tapwealth.flows.insurance.policy_quotes import RefundQuoted
from tapwealth.flows.insurance.premiums import EndPremiums, LetPremiums, PayPremium, ReinstatePolicy
from tapwealth.flows.reports import bill_counter, policy_counter
from tapwealth.flows.reports.policy_counter import PolicyPage
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.web.customer import CustomerPages
from tapwealth.web.fields import Wrong, fen_in, shown_in
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language
from tapwealth.web.policy_forms import said_in_words
from tapwealth.web.policy_wording import chinese, words
from tapwealth.web.visit import FRESH, Back, Visit

POLICY_COMMANDS = ("cancel_policy", "pay_premium", "let_premiums", "end_premiums", "reinstate_policy")
"""Names of the commands that these pages give."""
_NOT_DONE = ("没有办成", "Nothing was done")
_FORMS = ("pay", "reinstate", "collect", "end", "cancel")
_FIELDS = {"UNKNOWN_FUND": "fund", "NOTHING_DUE": "renews"}
"""Beside which field of an agreement a refusal is said."""


def policy_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    return [
        *in_each_language("/policies", pages.signed(listed)),
        *in_each_language("/policies/{policy}", pages.signed(policy_page)),
        *in_each_language("/policies/{policy}/pay", pages.given(pay), ("POST",)),
        *in_each_language("/policies/{policy}/reinstate", pages.given(reinstate), ("POST",)),
        *in_each_language("/policies/{policy}/collect", pages.given(collect), ("POST",)),
        *in_each_language("/policies/{policy}/collect/end", pages.given(end), ("POST",)),
        *in_each_language("/policies/{policy}/cancel", pages.given(cancel), ("POST",)),
    ]


class Terms(NamedTuple):
    """What somebody would agree to: so many fen at a time at most, which fund pays what the wallet lacks, if the policy goes on."""

    most: int
    fund: str
    renews: bool


async def listed(visit: Visit) -> Response:
    """What they have, what they applied for, and what can be bought."""
    async with visit.house.database.read() as tx:
        held = await policy_counter.held(tx, *visit.who)
        offered = await policy_counter.on_offer(tx, visit.language)
        applications = await policy_counter.applications(tx, *visit.who)
    values = {
        "held": [one for one in held if one.lives], "over": [one for one in held if not one.lives], "offered": offered,
        "applications": applications,
    }  # fmt: skip
    return visit.shown("policies.html", values)


async def policy_page(visit: Visit, back: Back = FRESH, terms: Terms | None = None) -> Response:
    """All about it. Of a cancellation the refund is shown first, of premiums that are to be collected what would be agreed to by these
    `terms`."""
    identifier, who = visit.identifier("policy"), visit.who
    async with visit.house.database.read() as tx:
        page = await policy_counter.shown(tx, *who, identifier, visit.language)
        money = None if isinstance(page, Refusal) else await bill_counter.money(visit.house, tx, *who)
        refund = await _refund(tx, who, page, asked=back.about == "cancel")
    if isinstance(page, Refusal):
        return visit.nothing()
    if isinstance(refund, Refusal):
        back, refund = back._replace(said=back.said or said_in_words(refund, _NOT_DONE, chinese)), None
    values = {
        **back.values(), "one": page, "money": money, "refund": refund, "keys": {name: back.key_of(name) for name in _FORMS},
        "words": words, "terms": terms,
    }  # fmt: skip
    return visit.shown("policy.html", values)


async def _refund(tx: Any, who: tuple[int, UUID], page: PolicyPage | Refusal, *, asked: bool) -> RefundQuoted | Refusal | None:
    if isinstance(page, Refusal) or not asked:
        return None
    return await policy_quotes.refund_on(tx, *who, page.shown.policy, page.today)


async def pay(visit: Visit, form: Form) -> Response:
    """What is due, as it was shown."""
    identifier = visit.identifier("policy")
    command = PayPremium(identifier, shown_in(form, "amount"), form["fund"][:20])
    return await _give(visit, form, "pay", "pay_premium", command)


async def reinstate(visit: Visit, form: Form) -> Response:
    """For all that is owed, as it was shown."""
    identifier = visit.identifier("policy")
    command = ReinstatePolicy(identifier, shown_in(form, "amount"), form["fund"][:20])
    return await _give(visit, form, "reinstate", "reinstate_policy", command)


async def collect(visit: Visit, form: Form) -> Response:
    """First what would be agreed to, then, with `do` = agree, the agreement."""
    terms = terms_in(form)
    if form["do"] == "back" or not isinstance(terms, Terms):
        wrong = {} if form["do"] == "back" or isinstance(terms, Terms) else terms
        return await policy_page(visit, Back(form.fields, wrong, about="collect"))
    if form["do"] != "agree":
        return await policy_page(visit, Back(form.fields, about="collect"), terms)
    identifier = visit.identifier("policy")
    try:
        made = await visit.give("let_premiums", form["key"], LetPremiums(identifier, *terms))
    except Outage:
        return await policy_page(visit, Back.unsure(form, "collect"), terms)
    if isinstance(made, Refusal):
        said = said_in_words(made, _NOT_DONE, chinese)
        return await policy_page(visit, Back.refused(form, said, _FIELDS.get(made.code.name), "collect"))
    return visit.go(f"/policies/{made.policy}#collect")


async def end(visit: Visit, form: Form) -> Response:
    """Nothing more is collected."""
    command = EndPremiums(visit.identifier("policy"))
    return await _give(visit, form, "end", "end_premiums", command)


async def cancel(visit: Visit, form: Form) -> Response:
    """First what comes back today, then, with `do` = cancel and the refund as it was shown, the request."""
    if form["do"] == "back":
        return visit.go(f"/policies/{visit.identifier('policy')}")
    if form["do"] != "cancel":
        return await policy_page(visit, Back(form.fields, about="cancel"))
    identifier = visit.identifier("policy")
    reason = form["reason"].strip() or "the policyholder's wish"
    return await _give(visit, form, "cancel", "cancel_policy", CancelPolicy(identifier, reason, shown_in(form, "refund")))


async def _give(visit: Visit, form: Form, about: str, name: str, command: Any) -> Response:
    try:
        made = await visit.give(name, form["key"], command)
    except Outage:
        return await policy_page(visit, Back.unsure(form, about))
    except BadInput as error:
        return await policy_page(visit, Back.refused(form, said_in_words(error, _NOT_DONE, chinese), about=about))
    if isinstance(made, Refusal):
        return await policy_page(visit, Back.refused(form, said_in_words(made, _NOT_DONE, chinese), about=about))
    return visit.go(f"/policies/{made.policy}")


def terms_in(form: Form) -> Terms | Wrong:
    """What was chosen, or what does not fit of it."""
    most = fen_in(form, "most", "没有填写上限")
    return Terms(most, form["fund"][:20], form["renews"] == "yes") if isinstance(most, int) else {"most": most}
