"""Changes of a policy on a customer's phone: the address, who receives what it pays, and the insured person's work, of which the price is
shown before it is asked for."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.flows.customers.page_sessions import CustomerSession
from tapwealth.flows.frame import Envelope
from tapwealth.flows.insurance import endorsements
from tapwealth.flows.insurance.endorsements import ChangeBeneficiaries, ChangeOccupation, ChangePolicyAddress, PolicyChanging
from tapwealth.flows.reports import policy_counter
from tapwealth.insurance.applicant import CONSENT
from tapwealth.insurance.beneficiary import MOST, Kin
from tapwealth.insurance.product import OccupationClass
from tapwealth.kernel.refusal import BadInput, Outage, Refusal
from tapwealth.web.customer import CustomerPages, Wrong, identifier_of, number_in, who_of
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language, root
from tapwealth.web.policy_forms import beneficiaries_in, beside, occupation_in, rows_of, said_in_words
from tapwealth.web.policy_wording import chinese, words
from tapwealth.web.posting import UNKNOWN, a_key, give, go
from tapwealth.web.said import Said

CHANGE_COMMANDS = ("change_policy_address", "change_beneficiaries", "change_occupation")
"""Names of the commands that these pages give."""
_COMMANDS = dict(zip(("address", "beneficiaries", "occupation"), CHANGE_COMMANDS, strict=True))
_NOT_CHANGED = ("没有变更", "Nothing was changed")


def change_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    changes = Changes(pages)
    return [
        *in_each_language("/policies/{policy}/change/{what}", pages.signed(changes.sheet)),
        *in_each_language("/policies/{policy}/change/{what}", pages.given(changes.change), ("POST",)),
    ]


class Changes:
    """Each method answers one form, or shows it."""

    def __init__(self, pages: CustomerPages) -> None:
        self._pages, self._house = pages, pages.house

    async def sheet(
        self,
        request: Request,
        language: str,
        session: CustomerSession,
        *,
        given: Mapping[str, str] | None = None,
        wrong: Wrong | None = None,
        said: Said | None = None,
        priced: PolicyChanging | None = None,
        key: str = "",
    ) -> Response:
        """The form of one change. `priced`: what a change of work costs, to be agreed to."""
        what, policy = request.path_params["what"], identifier_of(request.path_params["policy"])
        async with self._house.database.read() as tx:
            one = await policy_counter.shown(tx, *who_of(session), policy, language)
        if isinstance(one, Refusal) or what not in _COMMANDS or (what == "occupation" and not one.by_occupation):
            return await self._pages.nothing(request, language)
        given = given or {"rows": "1"}
        values = {
            "one": one, "what": what, "given": given, "wrong": wrong or {}, "said": said, "priced": priced, "key": key or a_key(),
            "words": words, "kin": list(Kin), "rows": rows_of(given), "most": MOST, "occupations": list(OccupationClass),
        }  # fmt: skip
        return await self._pages.shown(request, language, "policy_change.html", values, session=session)

    async def change(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """The request to the insurer; of other work first what it costs."""
        if request.path_params["what"] not in _COMMANDS:
            return await self._pages.nothing(request, language)
        if form["do"] in ("more", "back"):
            rows = min(rows_of(form.fields) + (form["do"] == "more"), MOST)
            return await self.sheet(request, language, session, given={**form.fields, "rows": str(rows)})
        command = _wanted(request, form)
        if isinstance(command, Mapping):
            return await self.sheet(request, language, session, given=form.fields, wrong=command)
        if isinstance(command, ChangeOccupation) and (form["do"] != "change" or command.amount is None):
            return await self._price(request, language, session, form, command)
        return await self._give(request, language, session, form, command)

    async def _price(
        self, request: Request, language: str, session: CustomerSession, form: Form, command: ChangeOccupation, said: Said | None = None
    ) -> Response:
        async def run(envelope: Envelope, _: Any) -> PolicyChanging | Refusal:
            async with self._house.database.transaction() as tx:
                return await endorsements.price_of_change(self._house, tx, envelope, command)

        priced = await give(self._house, run, a_key(), session.caller, language, None)
        if isinstance(priced, Refusal):
            return await self._refused(request, language, session, form, priced)
        return await self.sheet(request, language, session, given=form.fields, priced=priced, said=said)

    async def _give(self, request: Request, language: str, session: CustomerSession, form: Form, command: Any) -> Response:
        name = _COMMANDS[request.path_params["what"]]
        try:
            made = await self._pages.give(name, session, form["key"], language, command)
        except Outage:
            return await self.sheet(request, language, session, given=form.fields, said=UNKNOWN, key=form["key"])
        except BadInput as error:
            return await self._refused(request, language, session, form, error)
        if isinstance(made, Refusal) and made.code.name == "AMOUNT_DIFFERS":
            return await self._price(request, language, session, form, command, said_in_words(made, _NOT_CHANGED, chinese))
        if isinstance(made, Refusal):
            return await self._refused(request, language, session, form, made)
        return go(f"{root(language)}/policies/{made.policy}#changes")

    async def _refused(self, request: Request, language: str, session: CustomerSession, form: Form, no: BadInput | Refusal) -> Response:
        wrong = beside(no)
        said = None if wrong else said_in_words(no, _NOT_CHANGED, chinese)
        return await self.sheet(request, language, session, given=form.fields, wrong=wrong, said=said)


def _wanted(request: Request, form: Form) -> Any | Wrong:
    """The command, or what does not fit."""
    what, policy, wrong = request.path_params["what"], identifier_of(request.path_params["policy"]), dict[str, tuple[str, str]]()
    if what == "address":
        return ChangePolicyAddress(policy, form["address"])
    if what == "occupation":
        occupation = occupation_in(form, wrong)
        return wrong or ChangeOccupation(policy, occupation, number_in(form, "amount", signed=True))
    named = beneficiaries_in(form, wrong)
    if not named and not wrong and form["none"] == "":
        wrong["beneficiaries"] = ("请填写受益人，或勾选不指定", "name somebody, or tick that nobody is named")
    return wrong or ChangeBeneficiaries(policy, named, [CONSENT] if form[CONSENT] else [])
