"""What a bill says about a household lies sealed, bound to its row; this makes and opens it."""

import json

from tapwealth.bills.bill import Bill
from tapwealth.bills.store import BillRow
from tapwealth.flows.frame import House

_PURPOSE = "people"


def seal_bill(house: House, aad: bytes, bill: Bill) -> bytes:
    """Account number, owner and address as ciphertext."""
    secret = {"account_number": bill.account_number, "owner": bill.owner, "address": bill.address}
    return house.keys.seal(_PURPOSE, json.dumps(secret, ensure_ascii=False).encode(), b"bill" + aad)


def account_number_of(house: House, row: BillRow) -> str:
    """The number by which the biller knows the household: unsealed for one message and nothing else."""
    number: str = open_bill(house, row)["account_number"]
    return number


def open_bill(house: House, row: BillRow) -> dict[str, str]:
    """What was sealed, for the person themself."""
    secret: dict[str, str] = json.loads(house.keys.open_sealed(_PURPOSE, row.sealed, b"bill" + row.id.bytes))
    return secret
