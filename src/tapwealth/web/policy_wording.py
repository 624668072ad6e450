"""Chinese for what is refused when policies are bought, paid for, changed and cancelled, each part in a line; and what their words are."""

from collections.abc import Mapping

from tapwealth.web import customer_wording
from tapwealth.web.phrases import DAY, YUAN, each_part, table

words: Mapping[str, tuple[str, str]] = {
    # the insured person to the policyholder, a beneficiary to the insured person
    "self": ("本人", "yourself"),
    "spouse": ("配偶", "spouse"),
    "child": ("子女", "child"),
    "parent": ("父母", "parent"),
    "sibling": ("兄弟姐妹", "brother or sister"),
    "other": ("其他", "other"),
    # changes
    "occupation": ("变更职业", "change of occupation"),
    "beneficiaries": ("变更受益人", "change of beneficiaries"),
    "address": ("变更联系地址", "change of address"),
    "age": ("年龄更正", "the true age"),
    "asked": ("等待保险公司答复", "the insurer is asked"),
    "accepted": ("已生效", "accepted"),
    "refused": ("未受理", "not accepted"),
}
"""What stored words say, Chinese and English."""
_IN_CHINESE = {
    "quoted": "核保中", "issued": "已承保", "in_force": "保障中", "suspended": "已中止", "lapsed": "已失效", "cancelled": "已退保",
    "expired": "已满期", "claimed": "已理赔",
}  # fmt: skip
_BY_STATE = tuple(
    (line.replace("STATE", state), said.replace("STATE", zh))
    for state, zh in _IN_CHINESE.items()
    for line, said in (
        ("the policy is STATE", "保单STATE"),
        ("the policy is STATE already", "保单STATE"),
        (r"\w+ is not possible while the policy is STATE", "保单STATE，不能这样办理"),
    )
)
_LINES: tuple[tuple[str, str], ...] = (
    # what is bought
    (r"this policy is not sold here", "没有这个保险产品"),
    (r"(\S+) is not on sale now", r"\1 目前不在售"),
    (r"look at the shelf for (?:those that are|what is)", "请选择在售的产品"),
    (r"the terms are not confirmed", "尚未确认保险条款"),
    (r"read and confirm them first", "请先阅读并勾选"),
    (rf"cover begins between tomorrow and {DAY}", r"保障可自明日起至 \1 之间开始"),
    (r"choose one of these days", "请选择其中一天"),
    (rf"the premium is {YUAN} yuan", r"保费为 \1 元"),
    (r"look at it again and confirm it", "请重新核对并确认"),
    (rf"{YUAN} yuan is the premium, {YUAN} is there", r"保费 \1 元，可用 \2 元"),
    (r"(.+) does not cover occupation class (\d)", r"\1 不承保职业 \2 类"),
    (r"no price of (.+) holds today", r"\1 今日没有价格"),
    (r"look at it again when one does", "请稍后再试"),
    (r"the insured person is (\d+)", r"被保险人 \1 周岁"),
    # a phone
    (r"this policy insures no phone", "这个产品不承保手机"),
    (r"leave it out, or choose one that does", "请不要填写，或选择碎屏险"),
    (r"this policy is bound to a phone", "这个产品与一部手机绑定"),
    (r"give its IMEI and the day on which it was bought", "请填写 IMEI 和购机日期"),
    (r"the phone was bought (\d+) days ago, and is insured within (\d+)", r"手机购买已 \1 天，须在 \2 天内投保"),
    (r"look for another cover", "请选择其他保障"),
    (r"a phone that was bought before today is looked at first", "非购机当日投保的手机须先检测"),
    (r"have it inspected and confirm it \(inspection\)", "请检测后勾选确认"),
    (r"a contract insures this phone already", "这部手机已有一份保障"),
    (r"wait until it ends, or cancel it first", "请等到期，或先退保"),
    (r"the number is empty, or contains something else than digits", "号码为空，或含有数字以外的内容"),
    (r"dial \*#06# on the phone and copy the 15 digits", "请在手机上拨 *#06#，抄写 15 位数字"),
    (r"the number has (\d+) digits", r"号码有 \1 位"),
    (r"it must have 15", "须为 15 位"),
    (r"dial \*#06# on the phone", "请在手机上拨 *#06#"),
    (r"the number does not fit its check digit", "号码校验不符"),
    (r"the number is no phone's", "这不是手机号码串"),
    (r"type it again", "请重新填写"),
    (rf"{DAY} is still to come", r"\1 还没有到"),
    (r"copy the day from the invoice", "请按发票填写"),
    # people
    (r"the name has (\d+) letters", r"姓名有 \1 个字"),
    (r"2 to (\d+), as on the identity card", r"须为 2 至 \1 个字，与身份证一致"),
    (r"the name contains something else than letters", "姓名含有文字以外的内容"),
    (r"write it as on the identity card", "请与身份证一致"),
    (rf"{DAY} is not the birthday that the identity number names", r"\1 与证件号码中的出生日期不一致"),
    (r"copy both from the identity card", "请按身份证填写"),
    (r"this is your own number", "这是您本人的号码"),
    (r"this is somebody else", "这是另一个人"),
    (r"leave `insured` out to insure yourself", "为自己投保请选择“本人”"),
    (r"this policy insures what is your own", "这个产品只为您本人投保"),
    (r"leave the insured person out", "请选择“本人”"),
    (r"who insures somebody else is 18 or older", "为他人投保须年满 18 周岁"),
    (r"ask your parents", "请由父母投保"),
    (r"nobody of that age is your (?:spouse|child|parent)", "年龄与所选关系不符"),
    (r"you may insure yourself, your spouse, your children and your parents", "可为本人、配偶、子女、父母投保"),
    (r"the insured person has to agree to be insured for that sum", "被保险人须同意投保及保额"),
    (r"have it in writing and confirm it \(consent\)", "请取得书面同意并勾选"),
    (rf"a minor of this age is insured for {YUAN} yuan at most by all policies", r"未成年人身故保额合计不超过 \1 元"),
    (rf"{YUAN} are left", r"还可投保 \1 元"),
    # beneficiaries
    (r"this policy pays nothing at death", "这个产品没有身故给付"),
    (r"leave the beneficiaries out", "请不要填写受益人"),
    (r"it has no beneficiaries", "没有受益人"),
    (r"the insured person has to agree to who receives it", "变更受益人须被保险人同意"),
    (r"(\d+) are named", r"填写了 \1 位"),
    (r"name at most (\d+)", r"最多 \1 位"),
    (r"there are ranks ([\d, ]+)", r"填写的顺位为 \1"),
    (r"begin with rank 1 and leave none out", "请从第一顺位开始，不要跳过"),
    (r"of rank (\d+) some have a share and some have none", r"第 \1 顺位有人填写份额、有人没有"),
    (r"state all of them, or none for equal shares", "请全部填写，或全部留空按均等"),
    (r"the shares of rank (\d+) add up to ([\d.]+) percent", r"第 \1 顺位份额合计 \2%"),
    (
        r"let each be above 0 and all of a rank come to exactly 100 percent, or leave them out for equal shares",
        "每人须大于 0，同一顺位合计须正好 100%，或全部留空按均等",
    ),
    (r"this is the insured person, at whose death it is paid", "这是被保险人本人"),
    (r"name who is to receive it", "请填写领取身故保险金的人"),
    (r"this person is named already", "这个人已填写过"),
    (r"name each of them once", "每人填写一次"),
    # answers
    (r"(.+) is not answered", "有告知事项没有回答"),
    (r"answer whatever the product asks, truthfully", "请如实回答全部问题"),
    (r"'(.*)' is no answer", "没有这个选项"),
    (r"choose one of (.+)", "请选择所列的选项"),
    (r"the insurer does not take this risk on", "根据告知内容，保险公司不能承保"),
    (r"ask for another product", "请选择其他产品"),
    (r"'(.*)' is not asked", r"没有询问 \1"),
    (r"leave the answers out", "请不要回答"),
    (r"answer \w+(?:, \w+)*", "请只回答所列的问题"),
    (r"an underwriter has to look at the answer to (.+)", "告知内容须由核保人员审核"),
    (r"an underwriter has to look at these answers", "告知内容须由核保人员审核"),
    (r"apply for the policy(?: with them)?", "请提交人工核保"),
    (r"nobody has to look at these answers", "这些告知无须审核"),
    (r"buy the policy with them", "请直接投保"),
    (r"the application has its answers", "核保申请已有告知内容"),
    (r"leave them out", "请不要填写"),
    (r"this is no application of yours", "这不是您的核保申请"),
    (r"/view/applications lists them", "请查看保险首页"),
    (r"the application is (?:used for a policy|referred|declined)", "这份核保申请不能用于投保"),
    (r"a policy is bought by one that was accepted", "须先通过核保"),
    (rf"it could be bought until {DAY}", r"核保结论有效期至 \1"),
    (r"apply again", "请重新申请"),
    (r"the application is about another person, or another version of the product", "核保申请与被保险人或产品不符"),
    # what is paid
    (r"this is no policy of yours", "这不是您的保单"),
    (r"look at your list", "请查看保单列表"),
    (r"there is no such (?:policy|payment|payment of a bill) of yours", "没有这一项，或它不是您的"),
    (r"check its id", "请核对编号"),
    (r"the insurer is being asked about this policy", "正在等待保险公司就此保单答复"),
    (
        r"a claim is looked at with which the policy would end, so nothing is to be paid now",
        "正在审核的理赔可能使保单终止，现在无需缴费",
    ),
    (r"if nothing comes of it there are (\d+) days for it at least", r"如未赔付，之后至少还有 \1 天可以缴费"),
    (r"nothing is paid for it any more", "不再缴费"),
    (r"cover is suspended", "保障已中止"),
    (r"reinstate the policy to have it again", "请申请复效"),
    (r"nothing more is due", "没有待缴保费"),
    (rf"the policy is paid for to {DAY}", r"已缴至 \1"),
    (rf"the next premium is due on {DAY}", r"下期保费应缴日为 \1"),
    (rf"it can be paid from {DAY} on", r"自 \1 起可以缴纳"),
    (rf"{YUAN} yuan is due, {YUAN} is there", r"应缴 \1 元，可用 \2 元"),
    (rf"{YUAN} yuan is due", r"应缴 \1 元"),
    (rf"{YUAN} yuan is more than the {YUAN} that you agreed to", r"应缴 \1 元，超过您约定的 \2 元"),
    (r"pay it by hand", "请手动缴纳"),
    (rf"the premium is {YUAN} yuan now, more than the {YUAN} that you agreed to", r"保费现为 \1 元，超过您约定的 \2 元"),
    (r"this fund is not sold here", "没有这个基金"),
    (r"only one that is suspended can be reinstated", "只有中止的保单可以复效"),
    (rf"the policy cannot be reinstated any more: two years of suspension were over on {DAY}", r"中止已于 \1 满两年，不能复效"),
    (rf"the policy cannot be reinstated any more: it ended on {DAY}", r"保单已于 \1 期满，不能复效"),
    # what is collected
    (r"(.+) does not go on when it ends", r"\1 期满不续保"),
    (r"agree to its premiums alone", "请只约定扣缴保费"),
    (r"no further premium of this policy is ever due", "这份保单不再有应缴保费"),
    (r"nothing is agreed about the premiums of this policy", "这份保单没有约定自动扣缴"),
    # what ends
    (r"the insurer has been asked to cancel this policy", "已申请退保"),
    (r"the insurer is booking a premium of this policy", "保险公司正在登记一期保费"),
    (r"a change of this policy is under way", "保单变更办理中"),
    (r"the insurer has been asked about this policy", "正在等待保险公司答复"),
    (r"wait for (?:its|the insurer's) answer", "请等待保险公司答复"),
    (r"a claim of this policy is looked at", "有理赔正在审核"),
    (r"wait until it is decided, or withdraw it", "请等待结论，或撤回理赔"),
    (r"the insurer has not issued the policy yet", "保险公司尚未承保"),
    (r"(.+) has no free look", r"\1 没有犹豫期"),
    (rf"the free look ended on {DAY}", r"犹豫期已于 \1 结束"),
    (r"(?:it|the policy) can be cancelled for the unearned part", "可以退保，退还未满期保费"),
    (rf"{YUAN} yuan would come back now", r"现在退保可退还 \1 元"),
    (r"the reason is empty or longer than (\d+) characters", r"原因为空或超过 \1 字"),
    # what changes
    (r"only one that the insurer has issued can be changed", "只有已承保的保单可以变更"),
    (r"(.+) costs the same whatever somebody's work is", r"\1 的保费与职业无关"),
    (r"nothing is to be changed", "无须变更"),
    (r"the policy has occupation class (\d) already", r"保单已是职业 \1 类"),
    (rf"cover ends on {DAY}", r"保障于 \1 结束"),
    (r"name the new occupation when you renew it", "请在续保时填写新的职业"),
    (rf"it is {YUAN} yuan for what is left of the year", r"剩余保险期间须补 \1 元"),
    (rf"it is {YUAN} yuan back for what is left of the year", r"剩余保险期间退还 \1 元"),
    (rf"this work is not covered: cover ends, and {YUAN} yuan come back", r"新职业不在承保范围：保障终止，退还 \1 元"),
    (rf"{YUAN} yuan is more than there is", r"余额不足 \1 元"),
    (r"the address is empty or longer than (\d+) characters", r"地址为空或超过 \1 字"),
)
LINES = (*_LINES, *_BY_STATE)
"""For the tables of pages that have more to refuse."""
_known = table([*LINES, *customer_wording.LINES])


def chinese(text: str) -> str | None:
    """None if not all of it has a Chinese line."""
    return _known(text) or each_part(text, _known)
