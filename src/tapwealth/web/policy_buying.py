"""Buying a policy on a customer's phone: what it is, what is asked, what it costs, and only then the purchase or what underwriting says."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.flows.customers.page_sessions import CustomerSession
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
from tapwealth.web.customer import CustomerPages, Wrong, shown_in, who_of
from tapwealth.web.forms import Form
from tapwealth.web.page import in_each_language, root
from tapwealth.web.policy_forms import CONFIRMED, Wanted, beside, rows_of, said_in_words, wanted_in
from tapwealth.web.policy_wording import chinese, words
from tapwealth.web.posting import UNKNOWN, a_key, give, go
from tapwealth.web.said import Said

BUYING_COMMANDS = ("buy_policy", "apply_for_policy")
"""Names of the commands that these pages give."""
_NOT_BOUGHT = ("没有投保", "Nothing was bought")
_NOT_CARRIED = ("proof", "key", "do", "premium", *CONFIRMED)


def buying_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    buying = Buying(pages)
    return [
        *in_each_language("/policies/new/{product}", pages.signed(buying.sheet)),
        *in_each_language("/policies/new/{product}", pages.given(buying.go_on), ("POST",)),
    ]


class Buying:
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
    ) -> Response:
        """What it is, and the form of what is asked. `?application=`: by an application that was accepted."""
        async with self._house.database.read() as tx:
            one = await policy_counter.one_offered(tx, request.path_params["product"], language)
        if one is None:
            return await self._pages.nothing(request, language)
        given = given or {"application": request.query_params.get("application", "")[:36], "from_day": str(one.first)}
        values = {
            "one": one, "given": given, "wrong": wrong or {}, "said": said, "key": a_key(), "relations": list(Relation), "kin": list(Kin),
            "rows": rows_of(given), "most": MOST, "words": words,
        }  # fmt: skip
        return await self._pages.shown(request, language, "policy_sheet.html", values, session=session)

    async def go_on(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """First what it costs, then, with `do` = buy, the policy, or with `do` = apply, an underwriter's look."""
        async with self._house.database.read() as tx:
            one = await policy_counter.one_offered(tx, request.path_params["product"], language)
        if one is None:
            return await self._pages.nothing(request, language)
        if form["do"] == "more":
            given = {**form.fields, "rows": str(min(rows_of(form.fields) + 1, MOST))}
            return await self.sheet(request, language, session, given=given)
        wanted = wanted_in(form, one)
        if form["do"] == "back" or not isinstance(wanted, Wanted):
            wrong = {} if form["do"] == "back" or isinstance(wanted, Wanted) else wanted
            return await self.sheet(request, language, session, given=form.fields, wrong=wrong)
        if form["do"] == "buy":
            return await self._buy(request, language, session, form, one, wanted)
        if form["do"] == "apply":
            return await self._apply(request, language, session, form, one, wanted)
        return await self._quote(request, language, session, form, one, wanted)

    async def _quote(
        self,
        request: Request,
        language: str,
        session: CustomerSession,
        form: Form,
        one: PolicyOffered,
        wanted: Wanted,
        *,
        wrong: Wrong | None = None,
        said: Said | None = None,
        key: str = "",
    ) -> Response:
        """What it costs, with what is agreed to; or why it is not to be had."""
        try:
            quoted: PolicyQuoted | Refusal = await give(
                self._house,
                lambda envelope, command: policy_quotes.quote(self._house, envelope, command),
                a_key(),
                session.caller,
                language,
                wanted.asked,
            )
        except BadInput as error:
            return await self._refused(request, language, session, form, error)
        if isinstance(quoted, Refusal) and quoted.code.name != UnderwritingRefusal.REFERRED.name:
            return await self._refused(request, language, session, form, quoted)
        first = {} if isinstance(quoted, Refusal) else {"from_day": str(quoted.from_day)}
        async with self._house.database.read() as tx:
            free = await deposit_counter.available(self._house, tx, *who_of(session))
        values = {
            "one": one, "wanted": wanted, "quoted": None if isinstance(quoted, Refusal) else quoted, "free": free, "key": key or a_key(),
            "carried": {name: value for name, value in form.fields.items() if name not in _NOT_CARRIED} | first,
            "given": form.fields, "wrong": wrong or {}, "said": said, "words": words,
        }  # fmt: skip
        return await self._pages.shown(request, language, "policy_confirm.html", values, session=session)

    async def _buy(
        self, request: Request, language: str, session: CustomerSession, form: Form, one: PolicyOffered, wanted: Wanted
    ) -> Response:
        command = wanted.bought([name for name in CONFIRMED if form[name]], shown_in(form, "premium"))
        try:
            made = await self._pages.give("buy_policy", session, form["key"], language, command)
        except Outage:
            return await self._quote(request, language, session, form, one, wanted, said=UNKNOWN, key=form["key"])
        except BadInput as error:
            return await self._refused(request, language, session, form, error)
        if not isinstance(made, Refusal):
            return go(f"{root(language)}/policies/{made.policy}")
        wrong = beside(made)
        said = None if wrong else said_in_words(made, _NOT_BOUGHT, chinese)
        if made.code.name in ("PREMIUM_DIFFERS", "NO_MONEY", "ABOVE_LIMIT") or (wrong and set(wrong) <= set(CONFIRMED)):
            return await self._quote(request, language, session, form, one, wanted, wrong=wrong, said=said)
        return await self.sheet(request, language, session, given=form.fields, wrong=wrong, said=said)

    async def _apply(
        self, request: Request, language: str, session: CustomerSession, form: Form, one: PolicyOffered, wanted: Wanted
    ) -> Response:
        """Have an underwriter look at the answers."""
        command = ApplyForPolicy(wanted.product, wanted.answers, wanted.insured)
        try:
            made = await self._pages.give("apply_for_policy", session, form["key"], language, command)
        except Outage:
            return await self._quote(request, language, session, form, one, wanted, said=UNKNOWN, key=form["key"])
        except BadInput as error:
            return await self._refused(request, language, session, form, error)
        if isinstance(made, Refusal):
            return await self._refused(request, language, session, form, made)
        return go(f"{root(language)}/policies#applications")

    async def _refused(self, request: Request, language: str, session: CustomerSession, form: Form, no: BadInput | Refusal) -> Response:
        """Beside the field that it is about, if it is about one; what was filled in stays."""
        wrong = beside(no)
        said = None if wrong else said_in_words(no, _NOT_BOUGHT, chinese)
        return await self.sheet(request, language, session, given=form.fields, wrong=wrong, said=said)
