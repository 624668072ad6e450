"""What people see: the days with their proofs, customers' statements, merchants' receipts, and where a single thing stands.

`views` names every report by its path below /view; `week` is all of it at one instant, and `statement` one customer's. They only read.
"""

from tapwealth.flows.reports.assets import AssetsView
from tapwealth.flows.reports.customers import CustomerView
from tapwealth.flows.reports.days import BillerDay, DayView
from tapwealth.flows.reports.doors import (
    Seen,
    View,
    assets,
    earned_premiums,
    holding_days,
    premium_trust,
    sale,
    seen,
    settled_merchant,
    settled_with_insurer,
    shared_fees,
    statement,
    views,
    week,
)
from tapwealth.flows.reports.shops import MerchantView
from tapwealth.flows.reports.statement import StatementLine, StatementView
from tapwealth.flows.reports.week import ProofView, WeekView

__all__ = [
    "AssetsView",
    "BillerDay",
    "CustomerView",
    "DayView",
    "MerchantView",
    "ProofView",
    "Seen",
    "StatementLine",
    "StatementView",
    "View",
    "WeekView",
    "assets",
    "earned_premiums",
    "holding_days",
    "premium_trust",
    "sale",
    "seen",
    "settled_merchant",
    "settled_with_insurer",
    "shared_fees",
    "statement",
    "views",
    "week",
]  # fmt: skip
