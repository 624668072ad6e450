"""Changes of a policy on a customer's phone: the address, who receives what it pays, and the insured person's work, of which the price is
shown before it is asked for."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.flows.frame import Envelope
from tapwealth.flows.insurance import endorsements
from tapwealth.flows.insurance.endorsements import ChangeBeneficiaries, ChangeOccupation, ChangePolicyAddress, PolicyChanging
from tapwealth.flows.reports import policy_counter
from tapwealth.flows.reports.policy_counter import PolicyPage
from tapwealth.insurance.applicant import CONSENT
from tapwealth.insurance.beneficiary import MOST, Kin
from tapwealth.insurance.product import OccupationClass
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.web.customer import CustomerPages
from tapwealth.web.fields import Wrong, number_in
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language
from tapwealth.web.policy_forms import beneficiaries_in, occupation_in, refused, rows_of, said_in_words
from tapwealth.web.policy_wording import chinese, words
from tapwealth.web.said import Said
from tapwealth.web.visit import FRESH, Back, Visit

CHANGE_COMMANDS = ("change_policy_address", "change_beneficiaries", "change_occupation")
"""Names of the commands that these pages give."""
_COMMANDS = dict(zip(("address", "beneficiaries", "occupation"), CHANGE_COMMANDS, strict=True))
_NOT_CHANGED = ("没有变更", "Nothing was changed")


def change_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    return [
        *in_each_language("/policies/{policy}/change/{what}", pages.signed(sheet)),
        *in_each_language("/policies/{policy}/change/{what}", pages.given(change), ("POST",)),
    ]


async def sheet(visit: Visit, back: Back = FRESH, priced: PolicyChanging | None = None) -> Response:
    """The form of one change. `priced`: what a change of work costs, to be agreed to."""
    what, policy = visit.path("what"), visit.identifier("policy")
    async with visit.house.database.read() as tx:
        one = await policy_counter.shown(tx, *visit.who, policy, visit.language)
    if isinstance(one, Refusal) or not _may_change(one, what):
        return visit.nothing()
    given = back.given or {"rows": "1"}
    values = {
        **back.values(), "one": one, "what": what, "given": given, "priced": priced, "words": words, "kin": list(Kin),
        "rows": rows_of(given), "most": MOST, "occupations": list(OccupationClass),
    }  # fmt: skip
    return visit.shown("policy_change.html", values)


def _may_change(one: PolicyPage, what: str) -> bool:
    """Whether such a policy has that at all."""
    return {"occupation": one.by_occupation, "beneficiaries": one.at_death}.get(what, what in _COMMANDS)


async def change(visit: Visit, form: Form) -> Response:
    """The request to the insurer; of other work first what it costs."""
    if visit.path("what") not in _COMMANDS:
        return visit.nothing()
    if form["do"] in ("more", "back"):
        rows = min(rows_of(form.fields) + (form["do"] == "more"), MOST)
        return await sheet(visit, Back({**form.fields, "rows": str(rows)}))
    command = _wanted(visit, form)
    if isinstance(command, Mapping):
        return await sheet(visit, Back(form.fields, command))
    if isinstance(command, ChangeOccupation) and (form["do"] != "change" or command.amount is None):
        return await _price(visit, form, command)
    return await _give(visit, form, command)


async def _price(visit: Visit, form: Form, command: ChangeOccupation, said: Said | None = None) -> Response:
    async def run(envelope: Envelope, _: Any) -> PolicyChanging | Refusal:
        async with visit.house.database.transaction() as tx:
            return await endorsements.price_of_change(visit.house, tx, envelope, command)

    priced = await visit.run(run, None)
    if isinstance(priced, Refusal):
        return await _refused(visit, form, priced)
    return await sheet(visit, Back(form.fields, said=said), priced)


async def _give(visit: Visit, form: Form, command: Any) -> Response:
    name = _COMMANDS[visit.path("what")]
    try:
        made = await visit.give(name, form["key"], command)
    except Outage:
        return await sheet(visit, Back.unsure(form))
    except BadInput as error:
        return await _refused(visit, form, error)
    if isinstance(made, Refusal) and made.code.name == "AMOUNT_DIFFERS":
        return await _price(visit, form, command, said_in_words(made, _NOT_CHANGED, chinese))
    if isinstance(made, Refusal):
        return await _refused(visit, form, made)
    return visit.go(f"/policies/{made.policy}#changes")


async def _refused(visit: Visit, form: Form, no: BadInput | Refusal) -> Response:
    return await sheet(visit, refused(form, no, _NOT_CHANGED))


def _wanted(visit: Visit, form: Form) -> Any | Wrong:
    """The command, or what does not fit."""
    what, policy, wrong = visit.path("what"), visit.identifier("policy"), dict[str, tuple[str, str]]()
    if what == "address":
        return ChangePolicyAddress(policy, form["address"])
    if what == "occupation":
        occupation = occupation_in(form, wrong)
        return wrong or ChangeOccupation(policy, occupation, number_in(form, "amount", signed=True))
    named = beneficiaries_in(form, wrong)
    if not named and not wrong and form["none"] == "":
        wrong["beneficiaries"] = ("请填写受益人，或勾选不指定", "name somebody, or tick that nobody is named")
    return wrong or ChangeBeneficiaries(policy, named, [CONSENT] if form[CONSENT] else [])
