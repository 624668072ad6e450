"""What depositors are told: that a deposit is about to be due, and what became of it."""

from datetime import date, datetime

from tapwealth.deposits.deposit import AtMaturity, Deposit, Fallen, WhenDue, percent
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import format_minor
from tapwealth.notices.notice import Notice, NoticeKind

_SOON = {
    AtMaturity.RENEW: ("届时自动转存", "it is renewed then"),
    AtMaturity.PAY: ("届时本息转入余额", "it is paid to your balance then"),
    AtMaturity.KEEP: ("届时逾期部分按活期利率计息", "it earns the demand rate from then on"),
}


def soon_due(one: Deposit, names: tuple[str, str], at: datetime) -> Notice:
    """Before the due day, while it can still be wished otherwise. `names`: of the product, Chinese and English."""
    assert one.at_maturity is not None, "a deposit for a term"
    amount, (wish_zh, wish_en) = format_minor(one.balance), _SOON[one.at_maturity]
    zh = f"您的{names[0]}（{amount}元）将于{one.due}到期，{wish_zh}；如需变更请在到期前办理。"
    en = f"Your deposit ({names[1]}, {amount} yuan) is due on {one.due}; {wish_en}. Change that before if you want it otherwise."
    return _notice(one, f"soon:{one.due}", at, zh, en)


def fell_due(one: Deposit, fell: Fallen, names: tuple[str, str], at: datetime) -> Notice:
    """On the due day: `one` as it was before."""
    zh, en = _fell(one, fell, names)
    lost = fell.kind is WhenDue.OVERDUE and one.at_maturity is AtMaturity.RENEW
    return _notice(one, f"due:{one.due}", at, zh, en, obligatory=lost)


def _fell(one: Deposit, fell: Fallen, names: tuple[str, str]) -> tuple[str, str]:
    after, interest, amount = fell.after, format_minor(fell.interest), format_minor(one.balance)
    if fell.kind is WhenDue.MATURED:
        paid = format_minor(one.balance + fell.interest)
        zh = f"您的{names[0]}已于{one.due}到期，本息{paid}元（含利息{interest}元）已转入余额。"
        en = f"Your deposit ({names[1]}) was due on {one.due}; {paid} yuan, {interest} of it interest, are in your balance."
    elif fell.kind is WhenDue.RENEWED:
        whole, rate = format_minor(after.balance), percent(after.rate)
        zh = f"您的{names[0]}已于{one.due}自动转存：本息{whole}元（含利息{interest}元），年利率{rate}，{after.due}到期。"
        en = f"Your deposit ({names[1]}) was renewed on {one.due}: {whole} yuan with {interest} of interest, at {rate} to {after.due}."
    elif one.at_maturity is AtMaturity.RENEW:
        zh = f"您的{names[0]}（{amount}元）已于{one.due}到期，该产品不再办理，未能转存；现按活期利率计息，请支取或另行存入。"
        en = (
            f"Your deposit ({names[1]}, {amount} yuan) was due on {one.due} and could not be renewed: it is not offered any more. It earns"
            " the demand rate now; take it out, or open another."
        )
    else:
        zh = f"您的{names[0]}（{amount}元）已于{one.due}到期，逾期部分按活期利率计息，可随时支取。"
        en = f"Your deposit ({names[1]}, {amount} yuan) was due on {one.due}; it earns the demand rate now. Take it out when you like."
    return zh, en


def settled(one: Deposit, interest: int, day: date, names: tuple[str, str], at: datetime) -> Notice:
    """The interest of a quarter, credited on that day."""
    zh = f"您的{names[0]}于{day}结息{format_minor(interest)}元，已计入本金。"
    en = f"Your deposit ({names[1]}) was given {format_minor(interest)} yuan of interest on {day}; it is in the deposit."
    return _notice(one, f"settled:{day}", at, zh, en)


def _notice(one: Deposit, what: str, at: datetime, zh: str, en: str, *, obligatory: bool = False) -> Notice:
    key = derived(one.id, f"notice:{what}")
    return Notice(one.book, key, one.person, at, zh, en, NoticeKind.DEPOSIT, f"deposit/{one.id}", obligatory=obligatory)
