"""What is filled in to buy a policy: whom it insures, which phone, what was answered, who receives; or what of it does not fit."""

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID

from tapwealth.flows.insurance.applicants import InsuredPerson, NamedBeneficiary, check_named
from tapwealth.flows.insurance.policies import BuyPolicy, InsuredPhone
from tapwealth.flows.insurance.policy_quotes import QuotePolicy
from tapwealth.flows.reports.policy_counter import PolicyOffered
from tapwealth.insurance.applicant import Relation
from tapwealth.insurance.beneficiary import MOST, Kin
from tapwealth.insurance.product import OccupationClass
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.web.fields import Wrong, fen_in, identifier_of
from tapwealth.web.forms import Form
from tapwealth.web.phrases import Say
from tapwealth.web.policy_wording import chinese
from tapwealth.web.said import Said, said_of
from tapwealth.web.visit import Back

CONFIRMED = ("terms", "inspection", "consent")
"""What a buyer ticks."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHARE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,2}))?%?")
_PLACES = {
    "insured.name": "name", "insured.identity_number": "number", "insured.birthday": "birthday", "insured.relation": "who",
    "phone.imei": "imei", "phone.bought_on": "bought_on", "beneficiaries": "beneficiaries", "address": "address",
}  # fmt: skip
"""Beside which field it is said what is wrong with an input."""
_FIELDS = {
    "BEGINS_WHEN": "from_day", "PHONE_MISSING": "imei", "PHONE_TOO_OLD": "bought_on", "PHONE_INSURED": "imei",
    "OCCUPATION_NOT_COVERED": "occupation", "NO_INTEREST": "who", "INSURES_NO_PERSON": "who", "YOU_ARE_A_MINOR": "who",
    "ABOVE_MINORS_CAP": "elsewhere", "NOT_PAID_AT_DEATH": "beneficiaries", "TERMS_NOT_CONFIRMED": "terms", "NOT_INSPECTED": "inspection",
    "CONSENT_MISSING": "consent",
}  # fmt: skip
"""Beside which field a refusal is said."""


class Wanted(NamedTuple):
    """A policy as it is asked for."""

    product: str
    occupation: OccupationClass
    from_day: date | None
    phone: InsuredPhone | None
    answers: dict[str, str]
    insured: InsuredPerson | None
    beneficiaries: list[NamedBeneficiary]
    application: UUID | None

    @property
    def asked(self) -> QuotePolicy:
        """What it costs."""
        return QuotePolicy(self.product, self.occupation, self.from_day, self.phone, self.answers, self.insured, self.application)

    def bought(self, confirmed: list[str], premium: int) -> BuyPolicy:
        """For what was shown."""
        return BuyPolicy(
            self.product, confirmed, self.occupation, self.from_day, premium, self.phone, self.answers, self.insured, self.beneficiaries,
            self.application,
        )  # fmt: skip


def rows_of(form: Mapping[str, str]) -> int:
    """How many beneficiaries there is room for."""
    text = form.get("rows", "")
    return min(int(text), MOST) if text.isascii() and text.isdigit() and len(text) < 3 else 0


def wanted_in(form: Form, one: PolicyOffered) -> Wanted | Wrong:
    """What was filled in, or what does not fit, by field."""
    wrong: dict[str, tuple[str, str]] = {}
    application = identifier_of(form["application"]) if form["application"] else None
    wanted = Wanted(
        one.code,
        _occupation(form, one, wrong),
        day_in(form, "from_day", wrong) if form["from_day"].strip() else None,
        _phone(form, wrong) if one.phone else None,
        {} if application else _answers(form, one, wrong),
        _insured(form, wrong) if one.of_person and form["who"] not in ("", Relation.SELF) else None,
        beneficiaries_in(form, wrong) if one.at_death else [],
        application,
    )
    return wrong or wanted


def day_in(form: Form, name: str, wrong: dict[str, tuple[str, str]]) -> date:
    """A day as a browser's field gives it."""
    text = form[name].strip()
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    wrong[name] = ("请填写日期，如 2014-03-03", "give a day, like 2014-03-03")
    return date.min


def _occupation(form: Form, one: PolicyOffered, wrong: dict[str, tuple[str, str]]) -> OccupationClass:
    if not one.occupations:
        return OccupationClass.ONE
    return occupation_in(form, wrong)


def occupation_in(form: Form, wrong: dict[str, tuple[str, str]]) -> OccupationClass:
    """A class by its figure."""
    if form["occupation"] in {str(each.value) for each in OccupationClass}:
        return OccupationClass(int(form["occupation"]))
    wrong["occupation"] = ("请选择职业类别", "choose an occupation class")
    return OccupationClass.ONE


def _phone(form: Form, wrong: dict[str, tuple[str, str]]) -> InsuredPhone:
    if not form["imei"].strip():
        wrong["imei"] = ("请填写 IMEI：在手机上拨 *#06#", "give the IMEI: dial *#06# on the phone")
    return InsuredPhone(form["imei"].strip(), day_in(form, "bought_on", wrong))


def _answers(form: Form, one: PolicyOffered, wrong: dict[str, tuple[str, str]]) -> dict[str, str]:
    given: dict[str, str] = {}
    for question in one.questions:
        name = f"q-{question.question}"
        if form[name] in {choice.answer for choice in question.choices}:
            given[question.question] = form[name]
        else:
            wrong[name] = ("请选择", "choose an answer")
    return given


def _insured(form: Form, wrong: dict[str, tuple[str, str]]) -> InsuredPerson:
    if form["who"] not in (*Relation,):
        wrong["who"] = ("请选择被保险人", "choose who is insured")
    for name, zh, en in (("name", "请填写姓名", "give the name"), ("number", "请填写证件号码", "give the identity number")):
        if not form[name].strip():
            wrong[name] = (zh, en)
    elsewhere = fen_in(form, "elsewhere", "没有填写") if form["elsewhere"].strip() else 0
    if not isinstance(elsewhere, int):
        wrong["elsewhere"], elsewhere = elsewhere, 0
    relation = Relation(form["who"]) if "who" not in wrong else Relation.SPOUSE
    return InsuredPerson(relation, form["name"].strip(), form["number"].strip(), day_in(form, "birthday", wrong), elsewhere)


def beneficiaries_in(form: Form, wrong: dict[str, tuple[str, str]]) -> list[NamedBeneficiary]:
    """Those whose rows are filled in; their shares add up."""
    named = [
        _beneficiary(form, f"b{place}", wrong)
        for place in range(rows_of(form.fields))
        if any(form[f"b{place}-{field}"].strip() for field in ("name", "number", "share"))
    ]
    try:
        check_named(named)
    except BadInput as error:
        wrong.setdefault("beneficiaries", said_in(error))
    return named


def _beneficiary(form: Form, row: str, wrong: dict[str, tuple[str, str]]) -> NamedBeneficiary:
    relation, rank, share = form[f"{row}-relation"], form[f"{row}-rank"], form[f"{row}-share"].strip()
    if relation not in (*Kin,):
        wrong[f"{row}-relation"] = ("请选择关系", "choose the relation")
    found = _SHARE.fullmatch(share)
    if share and (found is None or not 0 < _hundredths(found) <= 10_000):
        wrong[f"{row}-share"] = ("请填写百分比，如 50", "give percent, like 50")
        found = None
    return NamedBeneficiary(
        form[f"{row}-name"].strip(),
        form[f"{row}-number"].strip(),
        Kin(relation) if relation in (*Kin,) else Kin.OTHER,
        int(rank) if rank in {str(each) for each in range(1, MOST + 1)} else 1,
        None if found is None else _hundredths(found),
    )


def _hundredths(found: re.Match[str]) -> int:
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def said_in(error: BadInput) -> tuple[str, str]:
    """What is wrong with an input, Chinese and English."""
    text = "; ".join(part for part in (error.what, error.hint) if part)
    return chinese(text) or text, text


def said_in_words(no: BadInput | Refusal, headline: tuple[str, str], chinese: Say) -> Said:
    """What was not done, without the name of a field that a page does not show."""
    return said_of(no, headline, chinese=chinese)._replace(field="")


def field_of(no: BadInput | Refusal) -> str | None:
    """The field that it is about; None if it is about none."""
    if isinstance(no, Refusal):
        return _FIELDS.get(no.code.name)
    return "beneficiaries" if no.where.startswith("beneficiaries") else _PLACES.get(no.where)


def refused(form: Form, no: BadInput | Refusal, headline: tuple[str, str]) -> Back:
    """The same form, with why it was not taken."""
    return Back.refused(form, said_in_words(no, headline, chinese), field_of(no))
