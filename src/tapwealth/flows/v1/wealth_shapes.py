"""The shapes of /v1 for wealth products of the bank, and for subscriptions to them."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tapwealth.flows.v1.shapes import Identifier, Money

ProductCode = Annotated[str, Meta(min_length=2, max_length=32, description="a product's code")]


class WealthProduct(msgspec.Struct, frozen=True):
    """A product that is raised from `opens_at` on and before `closes_at`, then runs for `days`. Orders are `minimum` and whole `step`s
    above it; `cap` is what a customer may have in all, null: no cap. `expected` percent a year is no promise; `paid`: null until known."""

    product: str
    version: int
    name: str
    name_en: str
    risk_level: str
    opens_at: datetime
    closes_at: datetime
    target: Money
    least: Money
    minimum: Money
    step: Money
    cap: Money | None
    allotment: Literal["arrival", "pro_rata"]
    expected: str
    paid: str | None
    days: int
    sold: Money
    left: Money
    state: Literal["coming", "open", "sold_out", "closed", "running", "failed", "paid"]
    begins_on: date | None
    matures_on: date | None
    credit_on: date | None


class NewWealthSubscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`confirmed` names what the customer saw and agreed to: `terms`."""

    product: ProductCode
    amount: Money
    confirmed: list[Annotated[str, Meta(max_length=32)]]


class WealthSubscription(msgspec.Struct, frozen=True):
    """What was asked and what was taken of it; once formed, `allotted`, and the `interest` of the raise apart from it. `gain` is zero until
    it is paid; `expected_gain` is by the expected yield."""

    id: Identifier
    account: Identifier
    product: str
    placed_on: date
    asked: Money
    amount: Money
    allotted: Money
    interest: Money
    expected_gain: Money
    gain: Money
    state: Literal["subscribed", "cancelled", "allotted", "running", "failed", "back", "paid"]
    begins_on: date | None
    matures_on: date | None
    credit_on: date | None


class WealthCancellation(msgspec.Struct, frozen=True):
    """What is in the wallet again."""

    id: Identifier
    state: Literal["cancelled"]
    amount: Money
    interest: Money
