"""Who may buy what: investors C1 to C5, products R1 to R5; Ck may buy R1 to Rk (CSRC order No. 130).

Nobody is asked here how much loss they bear. So everybody counts as the lowest of C1, who bears none: R1 only, and no confirmation helps.
Money funds are R1.
"""

LOWEST = 1
"""The risk that may be sold to everybody."""


def above_risk(risk_level: int) -> str | None:
    """Why a product of this risk (1 to 5) may not be sold; None: it may."""
    if risk_level <= LOWEST:
        return None
    return f"a product of risk R{risk_level} may not be sold to somebody who was not asked how much loss they bear; R{LOWEST} may"
