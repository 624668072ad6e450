"""The shapes of /v1 for bills that are paid by themselves."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tapwealth.bills.autopay import MOST_NOTICE
from tapwealth.flows.v1.shapes import Identifier, Money

Biller = Annotated[str, Meta(pattern="^[A-Z0-9]{2,12}$", description="a biller's code")]
Source = Annotated[str, Meta(pattern="^([0-9A-Z]{6}|pocket)$", description="a fund's code, or the account's pocket")]
Days = Annotated[int, Meta(ge=1, le=MOST_NOTICE)]
When = Literal["presented", "due"]


class NewAutopay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Have the bills of an account at a biller paid by themselves, each up to `most`: by the wallet, by `fund` for what it lacks, by
    `bank_card` for what both lack. `when` left out: a credit card when due, anything else when presented. `item`, where the biller offers
    several; `fields`: what it asks for besides the account number, by name."""

    biller: Biller
    account_number: Annotated[str, Meta(min_length=1, max_length=64)]
    most: Money
    fund: Source | None = None
    bank_card: Identifier | None = None
    when: When | None = None
    notice_days: Days = 1
    item: Annotated[str, Meta(max_length=32)] = ""
    fields: dict[str, Annotated[str, Meta(max_length=64)]] = {}


class NewTerms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Other terms for the same account; a `fund` or `bank_card` that is left out pays no more, `when` and `notice_days` stay."""

    most: Money
    fund: Source | None = None
    bank_card: Identifier | None = None
    when: When | None = None
    notice_days: Days | None = None


class AutopayCard(msgspec.Struct, frozen=True):
    """It pays once its bank has `confirmed`; `reason` is the bank's, where it has `refused`."""

    id: Identifier
    state: Literal["asked", "confirmed", "refused"]
    reason: str


class AutopayLook(msgspec.Struct, frozen=True):
    """The newest day on which the biller was asked, and what came of it; `reason` where a bill was not paid."""

    date: date
    state: Literal["nothing", "told", "collecting", "placed", "refused"]
    paid: Money
    reason: str


class AutopayBill(msgspec.Struct, frozen=True):
    """A bill that is looked after, with its balance as of the newest look: paid on `pay_on` unless `state` is `left`, to the hand."""

    period: str
    balance: Money
    due_on: date | None
    pay_on: date
    state: Literal["waiting", "told", "collecting", "placed", "left"]
    reason: str


class Autopay(msgspec.Struct, frozen=True):
    """What was agreed to. Other terms are another one with an id of its own, which `replaces` the former. `bills`: those not over."""

    id: Identifier
    account: Identifier
    biller: Biller
    item: str
    biller_name: str
    biller_name_en: str
    account_number_masked: str
    most: Money
    fund: Source | None
    bank_card: AutopayCard | None
    when: When
    notice_days: Days
    state: Literal["active", "ended"]
    agreed_at: datetime
    ended_at: datetime | None
    replaces: Identifier | None
    last_look: AutopayLook | None
    bills: list[AutopayBill]


class AutopayAttempt(msgspec.Struct, frozen=True):
    """An effort to pay a bill: by a `payment`, of which `from_fund` is the fund's part; or, where wallet and fund do not suffice, first a
    `card_debit` of what is lacking. `processing` until biller or bank has spoken; `failed` has the reason, and its money is back."""

    id: Identifier
    kind: Literal["payment", "card_debit"]
    bill_number: str
    period: str
    amount: Money
    from_fund: Money
    state: Literal["processing", "succeeded", "failed"]
    reason: str
    date: date
    attempted_at: datetime


class AutopayNotice(msgspec.Struct, frozen=True):
    """What the customer was told, in Chinese and English."""

    id: Identifier
    at: datetime
    text_zh: str
    text_en: str
