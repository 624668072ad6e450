"""The questionnaire on how much risk a customer bears: shown, answered, and its special warnings confirmed.

Answers are kept as they were given, with their version; the newest count until their last day. A confirmation is of one fund at its risk,
by one assessment: new answers ask anew.
"""

from datetime import date, timedelta
from enum import Enum, auto
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.compliance import assessments, questionnaire
from tapwealth.compliance.assessments import Assessment
from tapwealth.compliance.rules import rule_set
from tapwealth.compliance.suitability import LOWEST, special_warning
from tapwealth.deposits import raise_store
from tapwealth.flows.customers.people import who
from tapwealth.flows.deposits import raise_catalogue
from tapwealth.flows.frame import Envelope, House, Moment, moment, once
from tapwealth.funds import store as funds
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import derived
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage.database import Tx


class SuitabilityRefusal(Enum):
    """In the order in which they are checked."""

    OTHER_VERSION = auto()
    UNKNOWN_FUND = auto()
    NOT_ASSESSED = auto()
    BEARS_NO_LOSS = auto()
    NO_WARNING_NEEDED = auto()


class AssessSuitability(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answers to that version of the questionnaire: a letter for each question, in its order."""

    version: str
    answers: list[str]


class Assessed(msgspec.Struct, frozen=True):
    """`level` 1 to 5 for C1 to C5. `bears_no_loss`: the lowest, to whom R1 alone may be sold. `good_until`: the last day."""

    level: int
    bears_no_loss: bool
    good_until: date


class ConfirmWarning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The customer has read the special warning of a fund, or of a wealth product of that code, and wants it all the same."""

    fund: str


class WarningConfirmed(msgspec.Struct, frozen=True):
    """What was confirmed, as it is kept."""

    fund: str
    risk_level: int
    text_zh: str
    text_en: str


class OptionView(msgspec.Struct, frozen=True):
    letter: str
    zh: str
    en: str


class QuestionView(msgspec.Struct, frozen=True):
    zh: str
    en: str
    options: list[OptionView]


class WarningView(msgspec.Struct, frozen=True):
    """A fund above the customer's class, and what has to be confirmed before it is sold."""

    fund: str
    text_zh: str
    text_en: str
    confirmed: bool


class SuitabilityView(msgspec.Struct, frozen=True):
    """The questionnaire, and where the customer stands by it: `level` 0 and no `good_until` for who was not asked, or too long ago."""

    version: str
    questions: list[QuestionView]
    level: int
    level_zh: str
    level_en: str
    bears_no_loss: bool
    good_until: date | None
    warnings: list[WarningView]


async def assess(house: House, envelope: Envelope, command: AssessSuitability) -> Assessed | Refusal:
    """Keep the answers and what they give. Raises BadInput for what answers no question."""
    asked = questionnaire.current()
    judged = questionnaire.judge(asked, command.answers) if command.version == asked.version else None
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> Assessed | Refusal:
        if judged is None:
            text = f"the questionnaire {command.version[:20]} is not asked any more; answer {asked.version} (/view/suitability)"
            return Refusal(SuitabilityRefusal.OTHER_VERSION, text)
        until = business_date_of(envelope.received_at) + timedelta(days=rule_set(house.rule_set).value("suitability", "valid_days"))
        identifier, letters = derived(envelope.key, f"suitability:{person}"), "".join(command.answers)
        made = Assessment(book, identifier, person, asked.version, letters, judged.points, judged.level, judged.lowest, at.now, until)
        await assessments.add(tx, made)
        return Assessed(judged.level, judged.lowest, until)

    return await once(house, [book], envelope, command, act, Assessed)


async def confirm(house: House, envelope: Envelope, command: ConfirmWarning) -> WarningConfirmed | Refusal:
    """Record that the warning was read, word for word."""
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> WarningConfirmed | Refusal:
        fund = (await _risky(tx)).get(command.fund)
        if fund is None:
            return Refusal(SuitabilityRefusal.UNKNOWN_FUND, "this fund is not sold here; look at the shelf for those that are")
        assessed = (await assessments.newest(tx, [(book, person)])).get(person)
        if assessed is None or business_date_of(envelope.received_at) > assessed.good_until:
            return Refusal(SuitabilityRefusal.NOT_ASSESSED, "answer the questionnaire first (/view/suitability)")
        if fund.risk_level > LOWEST and assessed.lowest:
            text = f"who bears no loss may not buy R{fund.risk_level}, and no confirmation helps; R{LOWEST} may be bought"
            return Refusal(SuitabilityRefusal.BEARS_NO_LOSS, text)
        if fund.risk_level <= assessed.level:
            text = f"R{fund.risk_level} is within your C{assessed.level}, there is nothing to confirm; buy it as it is"
            return Refusal(SuitabilityRefusal.NO_WARNING_NEEDED, text)
        zh, en = _warning(fund, assessed.level)
        await assessments.confirm(tx, assessed, fund.code, fund.risk_level, f"{zh}\n{en}", at.now)
        return WarningConfirmed(fund.code, fund.risk_level, zh, en)

    return await once(house, [book], envelope, command, act, WarningConfirmed)


class _Risky(NamedTuple):
    """A fund, or a wealth product of the bank."""

    code: str
    name: str
    name_en: str
    risk_level: int


async def _risky(tx: Any) -> dict[str, _Risky]:
    """What has a risk level, by code: funds on the shelf, and wealth products whose raise is not over."""
    shelf = (await funds.funds(tx)).values()
    raised = (await raise_catalogue.found(tx, await raise_store.not_allotted(tx))).values()
    found = [_Risky(one.code, one.name, one.name_en, one.risk_level) for one in shelf]
    for one in raised:
        said = one.version.definition
        found.append(_Risky(said.product, said.name.zh, said.name.en, said.eligibility.risk_level or LOWEST))
    return {one.code: one for one in found}


def _warning(fund: _Risky, level: int) -> tuple[str, str]:
    """In both languages, with the fund's name in each."""
    return special_warning(fund.name, fund.risk_level, level)[0], special_warning(fund.name_en, fund.risk_level, level)[1]


async def shown(tx: Any, book: int, person: UUID) -> SuitabilityView:
    """To the customer."""
    asked, today = questionnaire.current(), business_date_of((await moment(tx)).now)
    standing = (await assessments.standings(tx, [(book, person)])).get(person)
    valid = standing if standing is not None and today <= standing.good_until else None
    level = valid.level if valid else 0
    names = asked.names[level - 1] if level else ("未评估", "not asked")
    above = [one for one in (await _risky(tx)).values() if valid and not valid.lowest and one.risk_level > max(level, LOWEST)]
    return SuitabilityView(
        asked.version,
        [QuestionView(one.zh, one.en, [OptionView(to.letter, to.zh, to.en) for to in one.options]) for one in asked.questions],
        level,
        *names,
        valid.lowest if valid else False,
        valid.good_until if valid else None,
        [
            WarningView(
                one.code,
                *_warning(one, level),
                valid is not None and (one.code, one.risk_level) in valid.confirmed,
            )
            for one in above
        ],
    )
