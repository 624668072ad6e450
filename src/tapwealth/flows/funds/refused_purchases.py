"""What customers hear of purchases that the registrar did not take, and what becomes of the plans that these were periods of.

Their money is on its way back to the wallet by another hand (`exchange_in`). A period that the registrar refused was not bought: it has
failed like one for which there was no money, and the third in a row stops its plan.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from tapwealth.flows.frame import Moment
from tapwealth.funds import plan_store
from tapwealth.funds.exchange_values import ConfirmationRecord
from tapwealth.funds.orders_store import OrderRow
from tapwealth.funds.plan import MOST_FAILURES, PeriodicPlan, PlanState
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import format_minor
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.database import Tx

Answer = tuple[OrderRow, ConfirmationRecord]


async def tell(tx: Tx, at: Moment, refused: Sequence[Answer]) -> None:
    """Of the house's own customers. Nothing is asked of the database where nothing was refused."""
    if not refused:
        return
    plans = await _not_bought(tx, refused)
    await notices.tell(tx, [_told(at, order, one, plans.get(order.id)) for order, one in refused])


async def _not_bought(tx: Tx, refused: Sequence[Answer]) -> Mapping[UUID, PeriodicPlan]:
    """By the order: the plan that it was a period of, as it stands now."""
    runs = await plan_store.refuse(tx, [(order.book, order.id, _reason(one)) for order, one in refused])
    keys = sorted({(run.book, run.plan) for run in runs})
    if not keys:
        return {}
    in_a_row = await plan_store.failures_in_a_row(tx, keys, MOST_FAILURES)
    stand = {one.id: one.after_refusal(in_a_row[one.book, one.id]) for one in await plan_store.plans(tx, keys)}
    await plan_store.keep(tx, list(stand.values()))
    return {run.fund_order: stand[run.plan] for run in runs if run.fund_order is not None}


def _reason(one: ConfirmationRecord) -> str:
    return f"the registrar did not take it ({one.return_code}); the money is back"


def _told(at: Moment, order: OrderRow, one: ConfirmationRecord, plan: PeriodicPlan | None) -> Notice:
    amount, code = format_minor(order.amount), one.return_code
    what_zh, what_en = ("定投买入", "the purchase of your plan for") if plan else ("申购", "your purchase of")
    zh = f"登记机构未受理{what_zh} {order.fund} {amount} 元（{code}），款项退回您的钱包。"
    en = f"The registrar did not take {what_en} {order.fund} for {amount} yuan ({code}); the money comes back to your wallet."
    if plan is not None and plan.state is PlanState.STOPPED:
        zh += f"连续 {MOST_FAILURES} 期未能买入，定投已停止，您可以随时恢复。"
        en += f" After {MOST_FAILURES} periods without a purchase the plan has stopped; resume it any time."
    book, identifier, person = order.book, derived(order.id, "purchase refused"), order.fund_account
    if plan is not None:
        return Notice(book, identifier, person, at.now, zh, en, NoticeKind.FUND, "plans", obligatory=True)
    return Notice(book, identifier, person, at.now, zh, en, NoticeKind.FUND, "statement/me", obligatory=True)
