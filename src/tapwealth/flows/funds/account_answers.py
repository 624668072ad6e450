"""What the registrar answers to account applications (02)."""

from typing import BinaryIO

from tapwealth.bank.store import BreakRow
from tapwealth.flows.frame import House, Moment
from tapwealth.flows.funds.exchange_in import SOURCE, unknown_serial
from tapwealth.flows.funds.file_checks import check_day, check_once
from tapwealth.funds import store
from tapwealth.funds.exchange_in import ACCOUNT_CONFIRMATIONS
from tapwealth.funds.exchange_values import AccountConfirmation
from tapwealth.funds.store import FundAccount
from tapwealth.storage.database import Tx
from tapwealth.wire.ofd import DataFileName


async def take_accounts(_house: House, tx: Tx, _at: Moment, file: DataFileName, content: BinaryIO) -> tuple[int, list[BreakRow]]:
    """02: each application ends open, with its TA account, or refused. What does not fit its application leaves it as it is."""
    said = ACCOUNT_CONFIRMATIONS.values(content, str(file))
    check_day(file, ((one.serial, one.confirmed_on) for one in said), file.day)
    check_once(file, (one.serial for one in said))
    known = await store.accounts_by_application(tx, file.receiver, [one.serial for one in said])
    breaks = [unknown_serial(file, one.serial) for one in said if one.serial not in known]
    answers = []
    for one in said:
        account = known.get(one.serial)
        wrong = _misfit(account, one) if account else None
        if wrong is not None:
            breaks.append(BreakRow(SOURCE, "account_differs", one.serial, 0, f"{file}: {wrong}; ask the registrar", False))
        elif account is not None:
            answers.append((account.book, account.id, "open" if one.accepted else "refused", one.ta_account, one.reason))
    await store.answer_applications(tx, answers)
    return len(said), breaks


def _misfit(account: FundAccount, one: AccountConfirmation) -> str | None:
    """Why an answer does not fit its application, in words."""
    asked = (account.trading_account, f"{int(account.business_code) + 100:03d}")
    if (one.trading_account, one.business_code) != asked:
        return f"application {one.serial} is {'/'.join(asked)}, the answer {one.trading_account}/{one.business_code}"
    if one.accepted and one.ta_account != (account.ta_account or one.ta_account):
        return f"application {one.serial} is of TA account {account.ta_account}, the answer of {one.ta_account or 'none'}"
    if one.accepted and not one.ta_account:
        return f"application {one.serial} is accepted without a TA account"
    if account.state in ("open", "refused") and one.accepted is not (account.state == "open"):
        return f"application {one.serial} was answered before: {account.state}"
    return None
