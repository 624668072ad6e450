"""Buying a policy on a customer's phone: what it is, what is asked, what it costs, and only then the purchase or what underwriting says."""

from functools import partial

from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.flows.deposits import deposit_counter
from tapwealth.flows.insurance import policy_quotes
from tapwealth.flows.insurance.applications import ApplyForPolicy
from tapwealth.flows.insurance.policy_quotes import PolicyQuoted
from tapwealth.flows.reports import policy_counter
from tapwealth.flows.reports.policy_counter import PolicyOffered
from tapwealth.insurance.applicant import Relation
from tapwealth.insurance.beneficiary import MOST, Kin
from tapwealth.insurance.underwriting import UnderwritingRefusal
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.web.customer import CustomerPages
from tapwealth.web.fields import shown_in
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language
from tapwealth.web.policy_forms import CONFIRMED, Wanted, field_of, refused, rows_of, wanted_in
from tapwealth.web.policy_wording import words
from tapwealth.web.visit import FRESH, Back, Visit

BUYING_COMMANDS = ("buy_policy", "apply_for_policy")
"""Names of the commands that these pages give."""
_NOT_BOUGHT = ("没有投保", "Nothing was bought")
_NOT_CARRIED = ("proof", "key", "do", "premium", *CONFIRMED)


def buying_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    return [
        *in_each_language("/policies/new/{product}", pages.signed(sheet)),
        *in_each_language("/policies/new/{product}", pages.given(go_on), ("POST",)),
    ]


async def sheet(visit: Visit, back: Back = FRESH) -> Response:
    """What it is, and the form of what is asked. `?application=`: by an application that was accepted."""
    async with visit.house.database.read() as tx:
        one = await policy_counter.one_offered(tx, visit.path("product"), visit.language)
    if one is None:
        return visit.nothing()
    given = back.given or {"application": visit.asked("application")[:36], "from_day": str(one.first)}
    values = {
        **back.values(), "one": one, "given": given, "relations": list(Relation), "kin": list(Kin), "rows": rows_of(given), "most": MOST,
        "words": words,
    }  # fmt: skip
    return visit.shown("policy_sheet.html", values)


async def go_on(visit: Visit, form: Form) -> Response:
    """First what it costs, then, with `do` = buy, the policy, or with `do` = apply, an underwriter's look."""
    async with visit.house.database.read() as tx:
        one = await policy_counter.one_offered(tx, visit.path("product"), visit.language)
    if one is None:
        return visit.nothing()
    if form["do"] == "more":
        given = {**form.fields, "rows": str(min(rows_of(form.fields) + 1, MOST))}
        return await sheet(visit, Back(given))
    wanted = wanted_in(form, one)
    if form["do"] == "back" or not isinstance(wanted, Wanted):
        wrong = {} if form["do"] == "back" or isinstance(wanted, Wanted) else wanted
        return await sheet(visit, Back(form.fields, wrong))
    if form["do"] == "buy":
        return await _buy(visit, form, one, wanted)
    if form["do"] == "apply":
        return await _apply(visit, form, one, wanted)
    return await _quote(visit, form, one, wanted)


async def _quote(visit: Visit, form: Form, one: PolicyOffered, wanted: Wanted, back: Back = FRESH) -> Response:
    """What it costs, with what is agreed to; or why it is not to be had."""
    try:
        quoted: PolicyQuoted | Refusal = await visit.run(partial(policy_quotes.quote, visit.house), wanted.asked)
    except BadInput as error:
        return await _refused(visit, form, error)
    if isinstance(quoted, Refusal) and quoted.code.name != UnderwritingRefusal.REFERRED.name:
        return await _refused(visit, form, quoted)
    first = {} if isinstance(quoted, Refusal) else {"from_day": str(quoted.from_day)}
    async with visit.house.database.read() as tx:
        free = await deposit_counter.available(visit.house, tx, *visit.who)
    values = {
        **back.values(), "one": one, "wanted": wanted, "quoted": None if isinstance(quoted, Refusal) else quoted, "free": free,
        "carried": {name: value for name, value in form.fields.items() if name not in _NOT_CARRIED} | first,
        "given": form.fields, "words": words,
    }  # fmt: skip
    return visit.shown("policy_confirm.html", values)


async def _buy(visit: Visit, form: Form, one: PolicyOffered, wanted: Wanted) -> Response:
    command = wanted.bought([name for name in CONFIRMED if form[name]], shown_in(form, "premium"))
    try:
        made = await visit.give("buy_policy", form["key"], command)
    except Outage:
        return await _quote(visit, form, one, wanted, Back.unsure(form))
    except BadInput as error:
        return await _refused(visit, form, error)
    if not isinstance(made, Refusal):
        return visit.go(f"/policies/{made.policy}")
    if made.code.name in ("PREMIUM_DIFFERS", "NO_MONEY", "ABOVE_LIMIT") or field_of(made) in CONFIRMED:
        return await _quote(visit, form, one, wanted, refused(form, made, _NOT_BOUGHT))
    return await _refused(visit, form, made)


async def _apply(visit: Visit, form: Form, one: PolicyOffered, wanted: Wanted) -> Response:
    """Have an underwriter look at the answers."""
    command = ApplyForPolicy(wanted.product, wanted.answers, wanted.insured)
    try:
        made = await visit.give("apply_for_policy", form["key"], command)
    except Outage:
        return await _quote(visit, form, one, wanted, Back.unsure(form))
    except BadInput as error:
        return await _refused(visit, form, error)
    if isinstance(made, Refusal):
        return await _refused(visit, form, made)
    return visit.go("/policies#applications")


async def _refused(visit: Visit, form: Form, no: BadInput | Refusal) -> Response:
    """Beside the field that it is about, if it is about one; what was filled in stays."""
    return await sheet(visit, refused(form, no, _NOT_BOUGHT))
