"""What things are called on statements and pages, in Chinese and in English."""

from typing import NamedTuple

from tapwealth.bank.entries import BankEntry
from tapwealth.bills.entries import BillEntry
from tapwealth.deposits.entries import DepositEntry
from tapwealth.deposits.raise_entries import RaiseEntry
from tapwealth.funds.entries import FundEntry
from tapwealth.insurance.claim_entries import ClaimEntry
from tapwealth.insurance.entries import InsuranceEntry
from tapwealth.issuing.entries import TapEntry
from tapwealth.wire.iso8583.requests import TransactionKind


class Words(NamedTuple):
    """The same in both languages."""

    zh: str
    en: str


MOVEMENTS: dict[int, Words] = {
    BankEntry.MONEY_IN: Words("银行卡转入 · {name}", "Moved in from card · {name}"),
    BankEntry.RECEIVED: Words("银行转账到账", "Bank transfer received"),
    BankEntry.INSTRUCTED: Words("转出至银行卡 · {name}", "Moved out to card · {name}"),
    BankEntry.REJECTED: Words("转出未成功，已退回 · {name}", "Move-out rejected, money returned · {name}"),
    BankEntry.EXECUTED: Words("基金申购款退回", "Fund purchase returned"),
    BankEntry.SENT: Words("转账给 {name}", "Sent to {name}"),
    BankEntry.SENT_TO_BOOK: Words("转账给 {name}", "Sent to {name}"),
    BankEntry.RECEIVED_FROM_BOOK: Words("收到 {name} 转账", "Received from {name}"),
    TapEntry.CAPTURED: Words("碰一碰支付 · {name}", "Tap to pay · {name}"),
    TapEntry.OFFLINE_SALE: Words("碰一碰支付（已退回的电子现金）· {name}", "Tap to pay, from electronic cash that had gone back · {name}"),
    TapEntry.CASH_LOADED: Words("圈存电子现金", "Loaded as electronic cash"),
    TapEntry.CASH_UNLOADED: Words("电子现金转回钱包", "Electronic cash back to the wallet"),
    TapEntry.CASH_RETURNED: Words("已删除卡的电子现金退回", "Electronic cash of a deleted card returned"),
    TapEntry.REFUNDED: Words("碰一碰退款 · {name}", "Tap to pay, given back · {name}"),
    BillEntry.DEBITED: Words("缴费 · {name} {detail}", "Bill · {detail_en}"),
    BillEntry.CAPTURED: Words("缴费 · {name} {detail}", "Bill · {detail_en}"),
    BillEntry.REFUNDED: Words("缴费退款 · {name} {detail}", "Bill refunded · {detail_en}"),
    FundEntry.PURCHASE_PLACED: Words("转入基金 · {name}", "Into the fund · {detail}"),
    FundEntry.PURCHASE_CONFIRMED: Words("基金份额确认 · {name}", "Units confirmed · {detail}"),
    FundEntry.SUBSCRIBED: Words("认购基金 · {name}", "Subscribed · {detail}"),
    FundEntry.RAISE_FORMED: Words("认购份额确认 · {name}", "Units of the new fund · {detail}"),
    FundEntry.INCOME: Words("收益 · {detail}", "Income of {detail}"),
    FundEntry.NEGATIVE_INCOME: Words("亏损 · {detail}", "Loss of {detail}"),
    FundEntry.HOLDER_REDEEMED: Words("赎回 · {name}", "Redeemed · {detail}"),
    FundEntry.SWITCH_CONFIRMED: Words("基金转换 · {name}", "Switched · {detail}"),
    FundEntry.PURCHASE_CANCELLED: Words("转入已撤销 · {name}", "Into the fund, cancelled · {detail}"),
    FundEntry.INSTANTLY_REDEEMED: Words("快速赎回到余额 · {name}", "Redeemed at once · {detail}"),
    InsuranceEntry.PREMIUM_TAKEN: Words("保费 · {name}", "Premium · {detail}"),
    InsuranceEntry.PREMIUM_RETURNED: Words("未承保，保费退回 · {name}", "Not insured, premium returned · {detail}"),
    InsuranceEntry.REFUND_RECEIVED: Words("退保退款 · {name}", "Policy refund · {detail}"),
    InsuranceEntry.LATER_PREMIUM_TAKEN: Words("续期保费 · {name}", "Premium of a later year · {detail}"),
    InsuranceEntry.LATER_PREMIUM_RETURNED: Words("续期保费退回 · {name}", "Premium returned · {detail}"),
    InsuranceEntry.ARREARS_TAKEN: Words("复效补缴保费 · {name}", "Arrears, to reinstate · {detail}"),
    InsuranceEntry.ARREARS_RETURNED: Words("未复效，保费退回 · {name}", "Not reinstated, arrears returned · {detail}"),
    InsuranceEntry.LAPSE_REFUNDED: Words("保单现金价值 · {name}", "Cash value of a lapsed policy · {detail}"),
    RaiseEntry.SUBSCRIBED: Words("认购理财 · {name}", "Subscribed · {detail}"),
    RaiseEntry.CANCELLED: Words("理财认购已撤销 · {name}", "Subscription cancelled · {detail}"),
    RaiseEntry.GIVEN_BACK: Words("认购退款与募集期利息 · {name}", "Not allotted, and interest of the raise · {detail}"),
    RaiseEntry.MATURED: Words("理财到期本金与收益 · {name}", "Matured, with its gain · {detail}"),
    DepositEntry.OPENED: Words("存入 · {name}", "Into a deposit · {detail}"),
    DepositEntry.PAID_IN: Words("存入 · {name}", "Into a deposit · {detail}"),
    DepositEntry.WITHDRAWN: Words("存款支取 · {name}", "Taken out of a deposit · {detail}"),
    DepositEntry.MATURED: Words("存款到期 · {name}", "Deposit matured · {detail}"),
    ClaimEntry.CLAIM_PAID: Words("理赔款 · {name}", "Claim paid · {detail}"),
    ClaimEntry.CLAIM_GIVEN_BACK: Words("退回理赔款 · {name}", "Claim given back · {detail}"),
}
"""What a line of a statement says, by the kind of its entry."""

RECEIVED_WITHIN = MOVEMENTS[BankEntry.RECEIVED_FROM_BOOK]
"""The payee's side of a transfer, whether it came from another book or lay in the same."""
SUBSIDY_RECEIVED = Words("活动补贴（非基金收益）", "Campaign subsidy, no income of the fund")
REDEMPTION_RECEIVED = Words("赎回款到账", "Redemption paid out")
SUBSCRIPTION_RETURNED = Words("认购退款", "Subscription given back")
PAID_BY_FUND = Words("碰一碰支付（基金支付）· {name}", "Tap to pay, from the fund · {name}")
BILL_BY_FUND = Words("缴费（基金支付）· {name} {detail}", "Bill, from the fund · {detail_en}")
OTHER = Words("其他", "Other")


POLICY_STATES = {
    "quoted": Words("核保中", "with the insurer"),
    "issued": Words("已承保，待生效", "issued, cover to begin"),
    "in_force": Words("保障中", "in force"),
    "suspended": Words("已中止", "suspended"),
    "lapsed": Words("已失效", "lapsed"),
    "cancelled": Words("已退保", "cancelled"),
    "expired": Words("已满期", "expired"),
    "claimed": Words("已理赔", "claimed"),
    "rejected": Words("未承保", "not insured"),
}
"""A policy's state; `rejected` stands for a cancelled one that the insurer never took."""

TAP_STATES = {
    "approved": Words("已授权", "authorised"),
    "captured": Words("已入账", "cleared"),
    "declined": Words("未通过", "declined"),
    "reversed": Words("已冲正", "reversed"),
    "expired": Words("已过期", "expired"),
    "voided": Words("已撤销", "voided"),
    "completed": Words("预授权已完成", "completed"),
    "done": Words("已受理", "taken"),
    "asking_bank": Words("等待银行答复", "waits for the bank"),
}
"""What became of a request of a terminal."""

TAP_KINDS = {
    TransactionKind.BALANCE: Words("余额查询", "Balance inquiry"),
    TransactionKind.PREAUTHORISATION: Words("预授权", "Pre-authorisation"),
    TransactionKind.CANCELLATION: Words("预授权撤销", "Cancellation"),
    TransactionKind.COMPLETION: Words("预授权完成", "Completion"),
    TransactionKind.COMPLETION_VOID: Words("预授权完成撤销", "Completion, void"),
    TransactionKind.SALE: Words("消费（非接）", "Sale, contactless"),
    TransactionKind.VOID: Words("消费撤销", "Void"),
    TransactionKind.REFUND: Words("退货", "Refund"),
    TransactionKind.OFFLINE_SALE: Words("电子现金消费（脱机）", "Sale from electronic cash, offline"),
}

DISPUTES = {
    "taken_back_unasked": Words("无差错而被冲回", "taken back, and nothing was wrong with it"),
    "refund_of_nobody": Words("无人申请的退货", "a refund that nobody asked for"),
    "not_authorised": Words("从未授权", "never authorised"),
    "cleared_twice": Words("重复清算", "cleared twice"),
    "refund_differs": Words("退货金额不符", "a refund of another amount"),
    "undone_meanwhile": Words("提交后已撤销", "undone after it was presented"),
    "above_tolerance": Words("超出可清算金额", "more than may be cleared"),
    "fee_differs": Words("网络费与费率不符", "another fee than the tariff's"),
}
"""What is disputed with the card network (`clearing.judge.Why`)."""
PURPOSES = {
    "move_in": Words("客户转入", "customers' move-ins"),
    "move_out": Words("客户转出", "customers' move-outs"),
    "purchase_sweep": Words("申购款归集", "purchases to collection"),
    "fund_custody": Words("申购款划付托管", "purchases to custody"),
    "purchase_refund": Words("申购款退回", "purchases returned"),
    "redemption_payout": Words("赎回款划入备付金", "redemptions to the reserve"),
    "advance_draw": Words("垫资划入备付金", "advance to the reserve"),
    "merchant_payout": Words("商户结算", "merchant payout"),
    "fees": Words("手续费划转", "fees to own money"),
    "fee_share": Words("手续费分润", "share of card fees"),
    "network_settlement": Words("银联清算", "to the card network"),
    "biller_payout": Words("缴费机构结算", "biller payout"),
    "premium_sweep": Words("保费归集", "premiums to the trust"),
    "card_debit": Words("碰一碰银行卡扣款", "bank cards' share of taps"),
    "card_refund": Words("碰一碰退款退回银行卡", "taps given back to bank cards"),
    "safe_card_payout": Words("赎回款付至安全卡", "redemptions to safe cards"),
    "sweep_in": Words("银行卡自动转入", "sweeps of bank cards"),
    "campaign_subsidy": Words("活动补贴划入备付金", "campaigns' subsidies to the reserve"),
    "raise_refund": Words("认购款退回余额", "subscriptions back to wallets"),
    "campaign_return": Words("活动余款退回", "campaigns' money back to sponsors"),
    "deposits_in": Words("存款转存银行", "wallets to deposits"),
    "deposits_out": Words("存款支取划入备付金", "deposits to the reserve"),
    "premium_payout": Words("保费结算", "premiums to the insurer"),
    "claim_recovery": Words("追回赔款转保险公司", "money got back of claims to the insurer"),
}
"""Why money moves between bank accounts: what is listed as in transit."""
