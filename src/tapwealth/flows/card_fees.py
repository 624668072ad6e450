"""What a sale costs: the merchant's price, and the tariff of the house's rule set for the merchant's category.

The set `2014` has the notice of 2013: issuer and network by category, the acquirer pays the network. The set `current` has that of 2016:
one rate for debit credentials, which ours are, whatever the merchant is, but for welfare, and the network takes as much of each side.
"""

from tapwealth.acquiring.fee import Rate
from tapwealth.acquiring.fee_category import fee_category
from tapwealth.acquiring.fee_share import Tariff
from tapwealth.acquiring.store import Merchant
from tapwealth.compliance.rules import RuleSet, rule_set

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
