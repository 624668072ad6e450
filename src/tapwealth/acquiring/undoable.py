"""What a till lets be undone: a void takes back all of a sale of the open batch, a refund any part of one that is settled."""

from tapwealth.acquiring.till_result import TillRefusal
from tapwealth.acquiring.till_state import Voucher, VoucherKind
from tapwealth.kernel.money import format_minor
from tapwealth.kernel.refusal import Refusal


def no_void(invoice: str, sale: Voucher | None, *, is_settled: bool) -> Refusal | None:
    """Why the voucher with that number in the open batch cannot be voided; `is_settled`: a closed batch has it."""
    if sale is None:
        text = f"invoice {invoice} is of a batch that is settled; refund it instead"
        return Refusal(TillRefusal.NOT_SOLD_HERE, text) if is_settled else _not_sold(invoice)
    match sale:
        case Voucher(kind=VoucherKind.VOID | VoucherKind.REFUND):
            return Refusal(TillRefusal.NOT_A_SALE, f"invoice {invoice} is a {sale.kind.value}, and only a sale can be voided")
        case Voucher(kind=VoucherKind.OFFLINE_SALE):
            text = f"invoice {invoice} was paid out of the card's own cash; settle, and refund it after the day's clearing"
            return Refusal(TillRefusal.PAID_OFFLINE, text)
        case Voucher(voided=True):
            return Refusal(TillRefusal.ALREADY_VOIDED, f"invoice {invoice} is voided already")
        case _:
            return None


def no_refund(invoice: str, sale: Voucher | None, returned: int, amount: int | None, *, is_open: bool) -> Refusal | None:
    """Why `amount` fen of the settled voucher cannot be given back, of which `returned` were; `is_open`: the open batch has it."""
    if sale is None:
        text = f"invoice {invoice} is of the open batch; void it, or settle and refund it then"
        return Refusal(TillRefusal.NOT_SETTLED, text) if is_open else _not_sold(invoice)
    if sale.kind in (VoucherKind.VOID, VoucherKind.REFUND):
        return Refusal(TillRefusal.NOT_A_SALE, f"invoice {invoice} is a {sale.kind.value}, and only a sale can be refunded")
    if sale.voided:
        return Refusal(TillRefusal.ALREADY_VOIDED, f"invoice {invoice} was voided: the customer has not paid")
    if not sale.is_claimed:
        return Refusal(TillRefusal.NOT_TAKEN, f"invoice {invoice} was refused by its issuer ({sale.advice_code}): nothing was paid")
    left = sale.amount - returned
    if left <= 0 or (amount is not None and amount > left):
        text = f"of the {format_minor(sale.amount)} of invoice {invoice} there are {format_minor(left)} left to give back"
        return Refusal(TillRefusal.ABOVE_SALE, text)
    return None


def other_card(invoice: str) -> Refusal:
    """The card at the reader did not pay what is to be undone."""
    return Refusal(TillRefusal.OTHER_CARD, f"this is not the card that paid invoice {invoice}; ask for that one")


def _not_sold(invoice: str) -> Refusal:
    text = f"no sale here has the invoice number {invoice}; look at the receipt, or at the batch's report"
    return Refusal(TillRefusal.NOT_SOLD_HERE, text)
