"""Who may buy what: investors C1 to C5, products R1 to R5; Ck may buy R1 to Rk (CSRC order No. 130).

Who was not asked, or too long ago, counts as the lowest, and may buy R1 alone: money funds are R1. What is riskier than one's class is sold
after a special warning that the customer confirms and that is recorded, but never to the lowest of C1, who bears no loss: no confirmation
helps (art. 19 and 20 of that order).
"""

from dataclasses import dataclass
from datetime import date

LOWEST = 1
"""The risk that may be sold to everybody."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person's newest answers gave. `level` 1 to 5; `lowest`: bears no loss; `good_until`: its last day; `confirmed`: the funds
    (or other products) whose special warning was confirmed, with the risk that each had then."""

    level: int
    lowest: bool
    good_until: date
    confirmed: frozenset[tuple[str, int]] = frozenset()


def above_risk(risk_level: int, standing: Standing | None, today: date, fund: str, what: str = "fund") -> str | None:
    """Why a fund, or what else it is, of this risk (1 to 5) may not be sold to that person today; None: it may."""
    if risk_level <= LOWEST:
        return None
    if standing is None or today > standing.good_until:
        why = "nobody has asked you yet" if standing is None else f"what you answered was good until {standing.good_until}"
        return f"a {what} of risk R{risk_level} may not be sold to you: {why} how much loss you bear; answer the questionnaire first"
    if standing.lowest:
        return f"a {what} of risk R{risk_level} may not be sold to somebody who bears no loss, and no confirmation helps; R{LOWEST} may"
    if risk_level <= standing.level or (fund, risk_level) in standing.confirmed:
        return None
    text = f"the {what}'s risk R{risk_level} is above yours, C{standing.level}"
    return f"{text}; read its special warning and confirm it (confirm_warning) if you want the {what} all the same, or choose another"


def special_warning(fund: str, risk_level: int, level: int) -> tuple[str, str]:
    """What has to be shown and confirmed, in Chinese and in English. It promises and forecasts nothing."""
    zh = f"特别风险警示：{fund} 的风险等级 R{risk_level} 高于您的风险承受能力 C{level}，可能发生超出您承受能力的损失，由您自行承担。"
    en = f"Special warning: the risk R{risk_level} of {fund} is above the C{level} that you bear."
    return zh, f"{en} You may lose more than you can bear, and nobody makes it good."
