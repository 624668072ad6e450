"""What a bill says about a household lies sealed, bound to its row; this makes and opens it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tapwealth.bills.bill import Bill
from tapwealth.bills.biller import NOTHING_ELSE, Inputs
from tapwealth.bills.store import BillRow
from tapwealth.flows.frame import House

_PURPOSE = "people"


def seal_bill(house: House, aad: bytes, bill: Bill, further: Mapping[str, str] = NOTHING_ELSE, bills: Sequence[str] = ()) -> bytes:
    """Account number, owner and address as ciphertext, with what else the payer filled in, and the numbers of the bills of a sum."""
    secret: dict[str, object] = {"account_number": bill.account_number, "owner": bill.owner, "address": bill.address}
    if further:
        secret["fields"] = dict(further)
    if bills:
        secret["bills"] = list(bills)
    return house.keys.seal(_PURPOSE, json.dumps(secret, ensure_ascii=False).encode(), b"bill" + aad)


def inputs_of(house: House, row: BillRow) -> Inputs:
    """By which the biller knows the household: unsealed for one message and nothing else."""
    secret = open_bill(house, row)
    return Inputs(secret["account_number"], secret.get("fields", {}))


def numbers_of(house: House, row: BillRow) -> list[str]:
    """Of the bills of a sum; none of any other."""
    numbers: list[str] = open_bill(house, row).get("bills", [])
    return numbers


def open_bill(house: House, row: BillRow) -> dict[str, Any]:
    """What was sealed, for the person themself."""
    secret: dict[str, Any] = json.loads(house.keys.open_sealed(_PURPOSE, row.sealed, b"bill" + row.id.bytes))
    return secret
