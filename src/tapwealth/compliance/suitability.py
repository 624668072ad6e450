"""Who may buy what: investors C1..C5, products R1..R5; Ck may buy R1..Rk.

The lowest of C1 (no legal capacity, or no tolerance of any loss) buys R1 only, whatever they confirm. Everyone else may go above their
level after a special warning and an explicit confirmation, which is recorded. A questionnaire is valid for a time.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum

from tapwealth.compliance.rules import RuleSet
from tapwealth.compliance.verdict import CLEAR, Verdict, block, review


class SuitabilityLevel(IntEnum):
    """How much risk an investor bears."""

    C1 = 1
    C2 = 2
    C3 = 3
    C4 = 4
    C5 = 5


class RiskLevel(IntEnum):
    """How much risk a product has; money funds are R1."""

    R1 = 1
    R2 = 2
    R3 = 3
    R4 = 4
    R5 = 5


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """What the investor's answers gave, and on which day. `is_lowest`: the lowest kind of C1."""

    level: SuitabilityLevel
    answered_on: date
    is_lowest: bool = False

    def __post_init__(self) -> None:
        assert self.level is SuitabilityLevel.C1 or not self.is_lowest, "the lowest investors are a kind of C1"

    def valid_on(self, day: date, rules: RuleSet) -> bool:
        """Through the last day of its term."""
        return self.answered_on <= day <= self.answered_on + timedelta(days=rules.value("suitability", "questionnaire_valid"))


def suitability_verdict(
    rules: RuleSet, questionnaire: Questionnaire | None, risk: RiskLevel, day: date, *, confirmed: bool = False
) -> Verdict:
    """Whether the investor may buy. `confirmed`: they saw the special warning for this product and said yes."""
    if questionnaire is None or not questionnaire.valid_on(day, rules):
        return review("answer the questionnaire about risk first")
    if risk <= questionnaire.level:
        return CLEAR
    override = rules.find("suitability", "lowest_level_override")
    if questionnaire.is_lowest and not rules.is_on("suitability", "lowest_level_override"):
        return block(f"a product of risk {risk.name} may not be sold to an investor who bears no loss", override)
    if confirmed:
        return CLEAR
    return review(f"this product's risk {risk.name} is above your level {questionnaire.level.name}; read the warning and confirm it")
