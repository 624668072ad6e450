"""The partner bank and who we are to it: facts of the installation (Bank of Beijing, public CNAPS number)."""

from tapwealth.kernel.refusal import BadInput

BANK_CNAPS = "313100000013"
BANK_NAMES = "北京银行", "Bank of Beijing"
PLATFORM_NAME = "Tapwealth"


def at_partner(bank: str, *, where: str) -> None:
    """What is paid in lies at this bank, whatever a product says: deposit insurance counts it there. Raises BadInput for another one."""
    if bank != BANK_CNAPS:
        text = f"{bank} is not the bank at which it would lie"
        raise BadInput(text, where=where, hint=f"write {BANK_CNAPS}, {BANK_NAMES[1]}")


def named(cnaps: str, place: int) -> str:
    """A bank's number behind its name, Chinese (0) or English (1), if it is known."""
    return f"{BANK_NAMES[place]} {cnaps}" if cnaps == BANK_CNAPS else cnaps


BANK_WORDS = {BANK_CNAPS: (named(BANK_CNAPS, 0), named(BANK_CNAPS, 1))}
"""The same, as words of a kind of product."""
