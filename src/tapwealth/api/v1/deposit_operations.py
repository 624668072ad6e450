"""What /v1 can be asked of deposits, and of everything that somebody owns."""

from tapwealth.api.v1.operation import Asked, Operation, who
from tapwealth.catalogue.eligible import EligibilityRefusal
from tapwealth.deposits.deposit import DepositRefusal
from tapwealth.deposits.notice import DepositNoticeRefusal
from tapwealth.deposits.product import Term
from tapwealth.flows.deposits import at_notice, demand, opening, shown, withdrawing
from tapwealth.flows.frame import House
from tapwealth.flows.v1 import deposits
from tapwealth.flows.v1.deposit_shapes import (
    Assets,
    Deposit,
    DepositInsurance,
    DepositNoticeCancelled,
    DepositNoticeGiven,
    DepositOpened,
    DepositPaidInto,
    DepositProduct,
    DepositQuote,
    DepositWithdrawn,
    NewDeposit,
    NewDepositNotice,
    NewPayIn,
    NewWhenDue,
    NewWithdrawal,
    Nothing,
    WhenDueWished,
    WithdrawalQuote,
)
from tapwealth.flows.v1.shapes import Page
from tapwealth.flows.v1.translation import found, identified, listed, on_shelf, performs
from tapwealth.storage.clients import Scope

_R, _N = DepositRefusal, DepositNoticeRefusal
_DATE, _AMOUNT = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "^[1-9][0-9]{0,14}$"
_CODE, _TERM = "^[0-9A-Z][0-9A-Za-z_.-]{0,31}$", f"^({'|'.join(Term)})$"
OPENING = (
    _R.UNKNOWN_PRODUCT, _R.NOT_SOLD_NOW, _R.TERMS_NOT_CONFIRMED, _R.TERM_NOT_OFFERED, _R.BELOW_MINIMUM, _R.ABOVE_MAXIMUM, _R.NOT_RENEWED,
    _R.RATE_DIFFERS, _R.NOT_ALLOWED, *EligibilityRefusal, _R.NO_MONEY,
)  # fmt: skip
QUOTING = (
    _R.UNKNOWN_PRODUCT, _R.NOT_SOLD_NOW, _R.TERM_NOT_OFFERED, _R.BELOW_MINIMUM, _R.ABOVE_MAXIMUM, _R.NOT_ALLOWED, *EligibilityRefusal,
)  # fmt: skip
TAKING = (_R.CLOSED, _R.NOT_BEFORE_MATURITY, _R.ONLY_WHOLE, _R.MORE_THAN_THERE_IS, _N.MORE_THAN_FREE, _R.LEAVES_TOO_LITTLE)
_YUAN = {"amount": 10_000_00, "currency": "CNY"}


def deposit_operations(house: House) -> list[Operation]:
    """All of them."""
    one, account = "/v1/accounts/{account}/deposits/{deposit}", "/v1/accounts/{account}"
    read, write = Scope.DEPOSITS_READ, Scope.DEPOSITS_WRITE

    async def deposit(asked: Asked) -> object:
        named = identified(asked.path, "deposit")
        return await found(house, who(asked), lambda tx, book, person: shown.shown(tx, book, person, named), Deposit, "deposit")

    return [
        Operation(
            "list_deposit_products", "GET", "/v1/deposit-products", read, "Deposits that can be opened, with the rates of a date",
            Page[DepositProduct], listed=True, filters={"date": _DATE}, seen="code",
            read=lambda asked: on_shelf(house, asked.bearer, asked.wanted, lambda tx: deposits.products(tx, asked.wanted.filters)),
        ),
        Operation(
            "quote_deposit", "GET", f"{account}/deposit-quote", read, "What a deposit would be and pay that is opened today", DepositQuote,
            filters={"product": _CODE, "amount": _AMOUNT, "term": _TERM}, required=("product", "amount"), refusals=QUOTING,
            read=lambda asked: deposits.opened(house, who(asked), asked.path["account"], asked.wanted.filters),
        ),
        Operation(
            "create_deposit", "POST", f"{account}/deposits", write, "Open a deposit from the wallet", DepositOpened, takes=NewDeposit,
            act=performs(house, opening.open_, opening.OpenDeposit, DepositOpened), refusals=OPENING,
            example={"product": "FIXED", "amount": _YUAN, "term": "1y", "at_maturity": "renew", "rate": "3.2500", "confirmed": ["terms"]},
        ),
        Operation(
            "list_deposits", "GET", f"{account}/deposits", read, "An account's deposits, newest first", Page[Deposit], listed=True,
            read=lambda asked: listed(house, who(asked), asked.wanted, shown.held, Deposit),
        ),
        Operation("get_deposit", "GET", one, read, "A deposit, what happened to it, and its notices", Deposit, read=deposit),
        Operation(
            "quote_withdrawal", "GET", f"{one}/withdrawal-quote", read, "What a withdrawal would pay on a date", WithdrawalQuote,
            filters={"date": _DATE, "amount": _AMOUNT}, refusals=TAKING,
            read=lambda asked: deposits.withdrawal(house, who(asked), identified(asked.path, "deposit"), asked.wanted.filters),
        ),
        Operation(
            "withdraw_deposit", "POST", f"{one}/withdraw", write, "Take out a part of a deposit, or all of it", DepositWithdrawn,
            act=performs(house, withdrawing.withdraw_, withdrawing.WithdrawDeposit, DepositWithdrawn), takes=NewWithdrawal, makes=False,
            refusals=(_R.UNKNOWN_DEPOSIT, *TAKING), example={"amount": _YUAN},
        ),
        Operation(
            "pay_into_deposit", "POST", f"{one}/pay-in", write, "Put more into a demand deposit", DepositPaidInto, takes=NewPayIn,
            act=performs(house, demand.pay_in, demand.PayIntoDeposit, DepositPaidInto), makes=False, example={"amount": _YUAN},
            refusals=(_R.UNKNOWN_DEPOSIT, _R.CLOSED, _R.NOT_PAID_INTO, _R.ABOVE_MAXIMUM, _R.NO_MONEY),
        ),
        Operation(
            "give_deposit_notice", "POST", f"{one}/notices", write, "Say that money will be taken out after its notice",
            DepositNoticeGiven, act=performs(house, at_notice.give_, at_notice.GiveDepositNotice, DepositNoticeGiven), makes=False,
            takes=NewDepositNotice, example={"amount": {"amount": 50_000_00, "currency": "CNY"}},
            refusals=(
                _R.UNKNOWN_DEPOSIT, _R.CLOSED, _N.NO_NOTICE, _N.DAY_TAKEN, _N.TOO_LITTLE, _N.MORE_THAN_FREE, _N.LEAVES_TOO_LITTLE,
            ),
        ),
        Operation(
            "cancel_deposit_notice", "POST", f"{account}/deposit-notices/{{notice}}/cancel", write, "Take a notice back",
            DepositNoticeCancelled, act=performs(house, at_notice.cancel, at_notice.CancelDepositNotice, DepositNoticeCancelled),
            takes=Nothing, makes=False, refusals=(_N.UNKNOWN_NOTICE, _N.NOTICE_OVER), example={},
        ),
        Operation(
            "instruct_deposit", "POST", f"{one}/when-due", write, "Say what becomes of a deposit when it is due", WhenDueWished,
            act=performs(house, withdrawing.instruct, withdrawing.InstructDeposit, WhenDueWished), takes=NewWhenDue, makes=False,
            refusals=(_R.UNKNOWN_DEPOSIT, _R.NO_LONGER, _R.NOT_RENEWED), example={"at_maturity": "pay"},
        ),
        Operation(
            "get_deposit_insurance", "GET", f"{account}/deposit-insurance", read, "What deposit insurance covers of an account's deposits",
            DepositInsurance, read=lambda asked: deposits.insurance(house, who(asked), asked.path["account"]),
        ),
        Operation(
            "get_assets", "GET", f"{account}/assets", Scope.ACCOUNTS_READ, "Everything that an account's customer owned on a date", Assets,
            filters={"date": _DATE}, read=lambda asked: deposits.assets(house, who(asked), asked.path["account"], asked.wanted.filters),
        ),
    ]  # fmt: skip
