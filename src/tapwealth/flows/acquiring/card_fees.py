"""What a sale costs: the merchant's price, and the tariff of the house's rule set for the merchant's category.

The set `2014` has the notice of 2013: issuer and network by category, the acquirer pays the network. The set `current` has that of 2016:
one rate for debit credentials, which ours are, whatever the merchant is, but for welfare, and the network takes as much of each side.
"""

from tapwealth.acquiring.fee import Rate
from tapwealth.acquiring.fee_category import fee_category
from tapwealth.acquiring.fee_share import Tariff
from tapwealth.acquiring.store import Merchant
from tapwealth.compliance.rules import RuleSet, rule_set
from tapwealth.kernel.money import format_minor

_DEBIT = "debit"
_MILLIONTHS = 100
"""In 1/100 percent."""


def price(merchant: Merchant) -> Rate:
    """What the merchant pays for a sale, by its contract."""
    return Rate(merchant.fee_bp * _MILLIONTHS, merchant.fee_cap, merchant.fee_minimum)


def tariff(rule_set_name: str, category_code: str) -> Tariff:
    """What the issuer and the network take by that rule set of a merchant of that category (MCC)."""
    rules, key = rule_set(rule_set_name), fee_category(category_code)
    if rules.find("card_fee_issuer", key) is None:
        key = _DEBIT
    return Tariff(*(_rate(rules, f"card_fee_{part}", key) for part in ("issuer", "network_of_issuer", "network_of_acquirer")))


def _rate(rules: RuleSet, rule: str, key: str) -> Rate:
    rate, cap = rules.find(rule, key), rules.find(f"{rule}_cap", key)
    return Rate(rate.value if rate else 0, cap.value if cap else 0)


def price_objection(rule_set_name: str, category_code: str, asked: Rate) -> str | None:
    """Why a contract may not ask this price of a merchant of that category; None: it may.

    The notice of 2013 states a price for each class, of which the acquirer's part may be moved within a latitude, and knows no minimum.
    Where a set states none, the price is the contract's.
    """
    rules, key = rule_set(rule_set_name), fee_category(category_code)
    stated = rules.find("card_fee", key)
    if stated is None:
        return None
    cap, by = rules.find("card_fee_cap", key), tariff(rule_set_name, category_code)
    latitude = rules.value("card_fee_latitude", "acquirer")
    others = by.issuer.per_million + by.network_of_acquirer.per_million
    rates = _within(stated.value * _MILLIONTHS, others, latitude)
    caps = _within(cap.value, by.issuer.cap + by.network_of_acquirer.cap, latitude) if cap else (0, 0)
    if rates[0] <= asked.per_million <= rates[1] and caps[0] <= asked.cap <= caps[1] and not asked.minimum:
        return None
    most = f" and a cap from {format_minor(caps[0])} to {format_minor(caps[1])}" if cap else ", no cap"
    least, highest = -(-rates[0] // _MILLIONTHS), rates[1] // _MILLIONTHS
    return f"for {key} merchants the rules state {least} to {highest} in 1/100 percent{most} and no minimum"


def _within(stated: int, others: int, latitude: int) -> tuple[int, int]:
    """The least and the most when what is left to the acquirer may be moved by so many percent."""
    room = (stated - others) * latitude // 100
    return stated - room, stated + room
