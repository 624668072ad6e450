"""Chinese for what a day's end says: each step in a line, each break in a line, each proof in a line."""

import re

from tapwealth.web.phrases import DAY, YUAN, each_part, table

_ITEM_OF, _THE_ITEM = rf"(\S+) at terminal (\S+) of {YUAN} yuan", r"参考号 \1（终端 \2，\3 元）"

_CLOCKS = (
    ("be decided", "作出核定"), ("be paid as far as it is certain", "先行赔付可确定部分"), ("be paid", "赔付"), ("be answered", "答复")
)  # fmt: skip
"""What a claim has to be by law, as its notes say it."""
_LINES: tuple[tuple[str, str], ...] = (
    # steps
    (rf"{DAY} is cut", r"\1 已日切"),
    (r"every due payment has its answer", "到期付款均有回执"),
    (r"(\d+) due payments? without an answer", r"\1 笔到期付款尚无回执"),
    (r"no electronic cash is due to be returned", "没有应退回的电子现金"),
    (rf"{YUAN} yuan of electronic cash returned", r"退回电子现金 \1 元"),
    (r"(\d+) authorisations? expired", r"\1 笔授权到期释放"),
    (rf"(\d+) items? presented, {YUAN} yuan", r"提交 \1 笔，共 \2 元"),
    (rf"{YUAN} given back", r"退还 \1 元"),
    (r"(\d+) items? not cleared yet", r"\1 笔尚未清算"),
    (r"(\d+) items? disputed with the network", r"\1 笔与银联有争议"),
    (r"the network has not taken what was presented", "银联尚未接收提交文件"),
    (r"no clearing file that can be believed", "没有可信的清算文件"),
    (rf"we owe the card network {YUAN} yuan", r"应付银联 \1 元"),
    (rf"the card network owes us {YUAN} yuan", r"应收银联 \1 元"),
    (rf"(\d+) sales? cleared, {YUAN} yuan", r"清算 \1 笔，共 \2 元"),
    (r"transit drained", "跨册在途已清空"),
    (rf"of fees and commission {YUAN} are the bank's, {YUAN} the phone maker's", r"手续费和佣金中银行得 \1，手机公司得 \2"),
    (rf"(\d+) part(?:y|ies) paid a share of fees and commission, {YUAN} yuan", r"\1 方得到分润，共 \2 元"),
    (rf"(\d+) merchants?: receipts {YUAN}, fee {YUAN}, paid out {YUAN}", r"\1 家商户：收款 \2，手续费 \3，付出 \4"),
    (
        rf"(\d+) merchants?: receipts {YUAN}, fee {YUAN}, paid out {YUAN}; {YUAN} kept back",
        r"\1 家商户：收款 \2，手续费 \3，付出 \4；暂留 \5",
    ),
    (rf"(\d+) billers?: {YUAN} yuan on their way", r"\1 家缴费机构：\2 元划付中"),
    (rf"(\d+) billers?: {YUAN} yuan on their way, {YUAN} kept as fees", r"\1 家缴费机构：\2 元划付中，手续费 \3 元已扣"),
    (rf"fees {YUAN} on their way to own money", r"手续费 \1 元划入自有资金中"),
    (
        rf"{YUAN} yuan of premiums on their way to the insurer, commission {YUAN}, given back {YUAN}",
        r"保费 \1 元划付保险公司中，佣金 \2 元，退回佣金 \3 元",
    ),
    (r"nothing is settled with the insurer", "当日无与保险公司的结算"),
    (rf"the insurer has been told of (\d+) events?, {YUAN} yuan net", r"已向保险公司送结算单，\1 件，净额 \2 元"),
    (r"no word on the settlement", "保险公司未答复结算单"),
    (rf"(\d+) premiums? in the trust, {YUAN} yuan", r"保费专户内 \1 笔保费，共 \2 元"),
    (
        rf"(\d+) premiums? in the trust, {YUAN} yuan; {YUAN} yuan of commission still to be had of premiums that the insurer kept",
        r"保费专户内 \1 笔保费，共 \2 元；保险公司从赔款中扣下的保费，佣金 \3 元待收",
    ),
    (rf"premiums of (\d+) polic(?:y|ies), {YUAN} yuan, are collected", r"\1 份保单扣收保费共 \2 元"),
    (r"cover of (\d+) polic(?:y|ies) is suspended, (\d+) polic(?:y|ies) lapsed", r"\1 份保单保障中止，\2 份终止"),
    (r"(\d+) polic(?:y|ies) expired", r"\1 份保单到期"),
    (r"no deposit has moved", "当日存款无变动"),
    (r"cover of (\d+) polic(?:y|ies) has begun", r"\1 份保单生效"),
    (rf"(\d+) raises? of the bank over: {YUAN} yuan formed, {YUAN} not formed", r"\1 个理财募集结束：成立 \2 元，未成立 \3 元"),
    (
        rf"{YUAN} yuan of raises back, interest {YUAN}; {YUAN} yuan matured, gain {YUAN}",
        r"退回募集款 \1 元、利息 \2 元；到期本金 \3 元、收益 \4 元",
    ),
    (
        rf"(\d+) deposits? matured, {YUAN} yuan; (\d+) renewed, (\d+) kept past their due day",
        r"\1 笔存款到期共 \2 元，转存 \3 笔，逾期 \4 笔",
    ),
    (rf"{YUAN} yuan on their way to deposits, {YUAN} yuan to wallets", r"\1 元转存银行、\2 元支取至余额，划转中"),
    (r"no demand deposit is settled", "无活期结息"),
    (rf"(\d+) demand deposits? settled, {YUAN} yuan of interest", r"活期结息 \1 笔，利息 \2 元"),
    (rf"(\d+) events? of deposits listed to the bank, {YUAN} yuan of interest", r"\1 笔存款变动已报银行，利息 \2 元"),
    (r"(\d+) of (\d+) events? of deposits agree with the bank", r"\2 笔存款变动中 \1 笔与银行一致"),
    (r"the bank has no list", "银行尚无存款清单"),
    (r"the bank has no answer", "银行尚无存款答复"),
    (rf"(\d+) premiums?, {YUAN} yuan on their way to the premium trust", r"\1 笔保费共 \2 元归集至保费专户中"),
    (r"(\d+) claims? with a clock about to run out, (\d+) closed", r"\1 件理赔临近法定期限，结案 \2 件"),
    (
        rf"(\d+) claims? with a clock about to run out, (\d+) closed, {YUAN} yuan on their way to the insurer",
        r"\1 件理赔临近法定期限，结案 \2 件，追回款 \3 元划付保险公司中",
    ),
    *[
        (rf"claim (\S+) {had} to {what} by {DAY} by law; it is \w+", rf"理赔 \1 依法最迟应于 \2 {zh}{late}")
        for what, zh in _CLOCKS
        for had, late in (("has", ""), ("had", "，已逾期"))
    ],
    (
        rf"the merchant has given back {YUAN} of the payment of claim (\S+); ask the claimant to give it back",
        r"商户已就理赔 \2 的支付退款 \1 元，请申请人退还赔款",
    ),
    (
        rf"claim (\S+): refused on {DAY}, and the claimant was told on {DAY}, later than the law allows",
        r"理赔 \1 于 \2 拒赔，\3 才告知，晚于法定期限",
    ),
    (
        rf"{YUAN} came in under (\S+), but {YUAN} was to be paid for claim (\S+); ask the payer",
        r"\2 到账 \1 元，理赔 \4 应付 \3 元，请询问付款方",
    ),
    (
        rf"{YUAN} came in under (\S+), but {YUAN} was to come back of claim (\S+); ask the payer",
        r"\2 到账 \1 元，理赔 \4 应追回 \3 元，请询问付款方",
    ),
    (
        rf"{YUAN} came in under (\S+), but it was awaited no more, and of claim (\S+) {YUAN} can come back; ask the payer",
        r"\2 到账 \1 元，已不再等待，理赔 \3 尚可追回 \4 元，请询问付款方",
    ),
    (rf"{YUAN} yuan of the advance line are out, interest {YUAN}", r"垫资余额 \1 元，利息 \2 元"),
    (rf"{YUAN} yuan of the advance line drawn", r"动用垫资 \1 元"),
    (rf"(\d+) fast transfers? of {YUAN} units", r"快速过户 \1 笔，共 \2 份"),
    (rf"the advancer redeems {YUAN} units", r"垫资方赎回 \1 份"),
    (rf"(\d+) files? left for the registrar, {YUAN} yuan swept", r"向登记机构送出 \1 个文件，归集 \2 元"),
    (rf"(\d+) rejected payments? instructed again, {YUAN} yuan", r"重新支付 \1 笔，共 \2 元"),
    (rf"{YUAN} yuan granted by (\d+) campaigns?, {YUAN} given back to sponsors", r"\2 个活动发放补贴 \1 元，退还赞助方 \3 元"),
    (r"(\d+) campaigns?: each account is what the sponsor has paid in, less what was paid out", r"\1 个活动账户等于赞助方投入减已支付"),
    (rf"(\d+) raises?: {YUAN} yuan sold by arrival, none above its target", r"\1 个募集：按到达先后售出 \2 元，均未超过目标"),
    (r"not a dealing day", "非交易日"),
    (r"(\d+) statements? received", r"收到 \1 份对账单"),
    (r"the holdings files are in", "份额对账文件已收齐"),
    (r"(\d+) holdings files? missing", r"缺 \1 个份额对账文件"),
    (r"(\d+) of (\d+) payments agree with the biller's file", r"缴费 \2 笔中 \1 笔与机构文件相符"),
    (r"(\d+) of (\d+) payments agree with the biller's file, (\d+) in doubt", r"缴费 \2 笔中 \1 笔与机构文件相符，\3 笔待定"),
    (r"(\d+) of (\d+) events agree with the insurer's bordereau", r"保单事件 \2 件中 \1 件与保险公司清单相符"),
    (r"no day-end file", "未收到缴费机构日终文件"),
    (r"no day-end file, (\d+) in doubt", r"未收到缴费机构日终文件，\1 笔待定"),
    (r"no bordereau", "未收到保险公司清单"),
    (r"unreadable bordereau", "保险公司清单无法读取"),
    (r"(\d+) mirrors? against the bank", r"\1 个账户与银行核对"),
    (r"(\d+) holders? against the registrar", r"\1 名持有人与登记机构核对"),
    (r"the books balance", "各册平衡"),
    (r"(\d+) breaks?, (\d+) of them unexplained", r"差异 \1 项，其中 \2 项待查"),
    (r"heads written", "链头已留存"),
    (r"closed", "已关账"),
    (rf"{DAY} has changed since it was proved", r"\1 核对后又有变动"),
    # proofs
    (r"each book and asset sums to zero", "各册各资产合计为零"),
    (r"(\d+) accounts equal the bank's statements, (\d+) payments? in transit", r"\1 个账户与对账单相符，在途 \2 笔"),
    (r"(\d+) holders equal the registrar's holdings, (\d+) fast transfers? in transit", r"\1 名持有人与登记机构相符，过户在途 \2 笔"),
    (r"(\d+) merchants? paid the receipts less fee", r"\1 家商户付款等于收款减手续费"),
    (r"(\d+) holders' income equals our own computation", r"\1 名持有人收益与自算相符"),
    (r"the day's end has not come so far", "日终尚未进行到此"),
    (r"the registrar's holdings are not in", "登记机构份额文件未到"),
    # breaks: what
    (r"the statement is of (\S+) on " + DAY, r"对账单属于 \1 账户 \2"),
    (rf"the bank began with {YUAN}, by our books it had {YUAN}", r"银行期初 \1，账册为 \2"),
    (rf"the bank ended with {YUAN}, its own lines give {YUAN}", r"银行期末 \1，其明细合计 \2"),
    (rf"our mirror ended with {YUAN}, its movements give {YUAN}", r"账册期末 \1，其变动合计 \2"),
    (rf"the bank dates it {DAY}", r"银行记账日为 \1"),
    (rf"the bank booked it (\d+) times, together {YUAN}, here it is {YUAN}", r"银行记账 \1 次，共 \2，本方为 \3"),
    (rf"the bank has {YUAN}, here it is {YUAN}", r"银行为 \1，本方为 \2"),
    (rf"the bank has {YUAN}, instructed were {YUAN}", r"银行为 \1，指令为 \2"),
    (rf"the bank booked {YUAN}, unknown here", r"银行记账 \1，本方无此笔"),
    (rf"here it is {YUAN}, the bank has not booked it", r"本方为 \1，银行未记账"),
    (rf"the bank booked {YUAN}, its answer has not come", r"银行已记账 \1，回执未到"),
    (rf"{YUAN} was due on {DAY}, the bank neither booked nor rejected it", r"\1 应于 \2 支付，银行既未记账也未退回"),
    (rf"(\S+) of {YUAN} is paid here and not in the biller's file", r"缴费 \1（\2 元）本方已付，机构文件中没有"),
    (rf"the biller's line (\d+) has {YUAN} for (\S+), which we never sent", r"机构文件第 \1 行 \3（\2 元）本方从未发出"),
    (rf"the biller's line (\d+) has {YUAN} for (\S+); here it is {YUAN}", r"机构文件第 \1 行 \3 为 \2 元，本方为 \4 元"),
    (
        rf"payment (\S+) of {YUAN} was refunded on {DAY} and turns out to be paid; the customer owes it",
        r"缴费 \1（\2 元）已于 \3 退款，后确认已缴清，待客户补还",
    ),
    (
        rf"(\S+): the bank rejected {YUAN} yuan of a tap \((.*)\); the customer owes it",
        r"\1：碰一碰的 \2 元银行未支付（\3），待客户补还",
    ),
    # differences with the bank as depository
    (
        rf"deposit (\S+) \(([a-z_]+) on {DAY}\): interest is {YUAN} yuan at the bank, {YUAN} here",
        r"存款 \1（\3）利息：银行 \4 元，本方 \5 元",
    ),
    (rf"deposit (\S+) has {YUAN} yuan in the bank's register and {YUAN} here", r"存款 \1 余额：银行登记 \2 元，本方 \3 元"),
    (
        rf"deposits sum to {YUAN} yuan by their events and to {YUAN} in the ledger",
        r"存款合计：按变动 \1 元，按总账 \2 元",
    ),
    (rf"the bank has not paid (\S+): {YUAN} yuan of interest", r"银行未付存款利息 \1：\2 元"),
    (rf"(\S+) pays {YUAN} yuan of interest, due under that name are {YUAN}", r"\1 付息 \2 元，应付 \3 元"),
    (
        r"request (\S+): (\S+) is (claimed|given back) at the insurer and (claimed|given back) here",
        r"请求 \1：保单 \2 在保险公司与本方记为不同的事项",
    ),
    (r"have it put right, or accept that it stays as the insurer has it", "请其更正，或由两人确认以保险公司记载为准"),
    # breaks with the card network
    (rf"{_ITEM_OF} is taken back, and nothing was wrong with it", rf"{_THE_ITEM} 被冲回，而该笔并无差错"),
    (rf"{_ITEM_OF} is a refund that no merchant of ours asked for", rf"{_THE_ITEM} 为退货，本方商户并未申请"),
    (rf"{_ITEM_OF} is a sale that was never authorised here", rf"{_THE_ITEM} 本方从未授权"),
    (rf"{_ITEM_OF} is cleared once more", rf"{_THE_ITEM} 重复清算"),
    (rf"{_ITEM_OF} is a refund of another amount than was presented", rf"{_THE_ITEM} 退货金额与提交不符"),
    (rf"{_ITEM_OF} was undone after it had been presented", rf"{_THE_ITEM} 提交后已撤销"),
    (rf"{_ITEM_OF} is more than may be cleared for it", rf"{_THE_ITEM} 超出可清算金额"),
    (rf"{_ITEM_OF} has another network fee than the tariff", rf"{_THE_ITEM} 网络费与费率不符"),
    (rf"{_ITEM_OF} was presented and is not in the network's file", rf"{_THE_ITEM} 已提交，银联清算文件中没有"),
    (rf"(\S+) at terminal (\S+): {YUAN} yuan were presented, {YUAN} cleared", r"参考号 \1（终端 \2）提交 \3 元，清算 \4 元"),
    (rf"(\S+): the card network owes {YUAN} yuan of {DAY} and has not paid", r"\1：银联应付 \3 的 \2 元尚未到账"),
    (r"the network is to put it right", "待银联更正"),
    (r"ask the network", "请询问银联"),
    (r"ask the merchant", "请询问商户"),
    (r"ask it", "请向其查询"),
    # breaks: what to do
    (r"fetch the statement of this account and day", "请取该账户当日对账单"),
    (r"compare with the statement of the day before; ask the bank what it changed", "请比对前一日对账单并询问银行"),
    (r"the statement contradicts itself: ask the bank for a right one", "对账单自相矛盾，请银行重出"),
    (r"run the audit: our own movements and balances disagree", "请运行审计：本方变动与余额不符"),
    (r"ask the bank to date it right", "请银行更正日期"),
    (r"ask the bank to take the second one back", "请银行冲回重复的一笔"),
    (r"ask the bank which amount holds; correct the other side", "请与银行核实金额，更正有误一方"),
    (r"keep it in suspense and ask the bank what it is", "先挂账，并向银行查询"),
    (r"ask the bank; if it never booked it, correct ours", "请询问银行；若未记账，更正本方"),
    (r"take the statement for the bank's answer", "以对账单为准"),
    (r"send it again under the same end-to-end id", "请以同一端到端编号重发"),
)
_known = table(_LINES)
_BREAK = re.compile(rf"(?P<account>\S+) on {DAY}, (?P<item>[^:]+): (?P<rest>.*)")
_ITEM = re.compile(rf"bank reference (\S+) of \S+ on {DAY}")
_UNITS = re.compile(
    rf"(\S+) on {DAY}, holder (\S+): here {YUAN} units of (\S+), by the registrar's 05 {YUAN};"
    " ask the registrar for a right file, or correct ours"
)


def chinese(text: str) -> str | None:
    """The Chinese of a line of a step, a proof or a break; None if there is none."""
    if (units := _UNITS.fullmatch(text)) is not None:
        return units.expand(r"\1 渠道 \2，持有人 \3：本方持有 \5 \4 份，登记机构 \6 份；请登记机构更正文件，或更正本方")
    if (found := _BREAK.fullmatch(text)) is not None:
        return _of_break(found)
    return _known(text) or (each_part(text, chinese) if "; " in text else None)


def _of_break(found: re.Match[str]) -> str | None:
    """The account and day, what differs, and what to do: the last two are lines of their own, divided by the first `; ` that fits."""
    rest, item = found["rest"], _ITEM.sub(r"银行流水 \1", found["item"])
    for place in (match.start() for match in re.finditer("; ", rest)):
        what, todo = chinese(rest[:place]), chinese(rest[place + 2 :])
        if what is not None and todo is not None:
            return f"{found['account']} 账户 {found[2]}，{item}：{what}；{todo}"
    return None


def in_words(text: str, language: str) -> str:
    """The line in that language, or as it is."""
    return (chinese(text) or text) if language == "zh" else text


def language_of(text: str, language: str) -> str:
    """What the line is written in when it is shown on a page of that language: `zh-CN` or `en`."""
    return "zh-CN" if language == "zh" and chinese(text) is not None else "en"
