"""The shapes of /v1 for billers, and for bills that are asked for and paid."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tapwealth.flows.v1.autopay_shapes import Biller as BillerCode
from tapwealth.flows.v1.autopay_shapes import Source
from tapwealth.flows.v1.shapes import Identifier, Money

Text = Annotated[str, Meta(min_length=1, max_length=64)]
ItemCode = Annotated[str, Meta(max_length=32)]


class BillerItem(msgspec.Struct, frozen=True):
    """Something to pay there. `input` is the JSON Schema of what is filled in, by name; `fee` is paid on top of each payment; hours are of
    Shanghai, `00:00` to `00:00` the whole day."""

    item: str
    name: str
    name_en: str
    category: str
    mode: Literal["exact", "up_to", "from", "presets", "all_arrears"]
    minimum: Money
    maximum: Money
    faces: list[Money]
    opens: str
    closes: str
    fee: Money
    inquiry: Literal["required", "none"]
    prefixes: list[str]
    input: dict[str, Any]


class Biller(msgspec.Struct, frozen=True):
    """Who can be paid now. `region` is a code of GB/T 2260, empty for the whole country; `version` is the catalogue's."""

    code: str
    name: str
    name_en: str
    region: str
    version: int
    items: list[BillerItem]


class NewInquiry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What does an account owe? `item`, where the biller takes payments for several things; `fields`: what it asks for besides the account
    number, by name."""

    biller: BillerCode
    account_number: Text
    item: ItemCode = ""
    fields: dict[str, Text] = {}


class Bill(msgspec.Struct, frozen=True):
    """`balance` pays it: the amount with the penalty. `due_on`: the last day without a penalty, where the biller names one."""

    id: Identifier
    number: str
    period: str
    amount: Money
    penalty: Money
    balance: Money
    due_on: date | None


class Inquiry(msgspec.Struct, frozen=True):
    """The unpaid bills; none: nothing is owed. `together`: all of them as one, where they may be paid in one sum. `fee` is paid on top of
    each payment."""

    bills: list[Bill]
    together: Bill | None
    fee: Money


class PayBill(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="bill"):
    """Pay a bill of an inquiry; `fund` pays what the wallet lacks."""

    bill: Identifier
    amount: Money
    fund: Source | None = None


class PayAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="account"):
    """Pay an account without a bill, where the item needs no inquiry."""

    biller: BillerCode
    account_number: Text
    amount: Money
    item: ItemCode = ""
    fields: dict[str, Text] = {}
    fund: Source | None = None


NewBillPayment = PayBill | PayAccount


class BillPayment(msgspec.Struct, frozen=True):
    """`processing` until the biller's word is final, however long that takes; `failed`: the money is back. `biller_reference` is the
    biller's own serial, which makes this the receipt."""

    id: Identifier
    account: Identifier
    biller: str
    biller_version: int
    item: str
    account_number_masked: str
    bill_number: str
    period: str
    amount: Money
    fee: Money
    from_fund: Money
    state: Literal["processing", "succeeded", "failed"]
    in_doubt: bool
    reason: str
    serial: str
    biller_reference: str
    created_at: datetime
    business_date: date
    paid_on: date | None
