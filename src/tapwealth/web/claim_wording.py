"""Chinese for what is refused when claims are notified, shown by papers, withdrawn and appealed; and what their words are."""

from collections.abc import Mapping

from tapwealth.web import customer_wording, policy_wording
from tapwealth.web.phrases import DAY, YUAN, each_part, table

words: Mapping[str, tuple[str, str]] = {
    # what was lost
    "screen": ("手机碎屏", "a cracked screen"),
    "payment": ("非本人支付", "a payment that was not mine"),
    "accident": ("意外伤害", "an accident"),
    "illness": ("疾病", "an illness"),
    "death": ("身故", "a death"),
    # papers
    "photo": ("照片", "photo"),
    "invoice": ("发票或费用清单", "invoice"),
    "statement": ("本人签名的书面说明", "your signed statement"),
    "police": ("报警回执", "police report"),
    "medical": ("医疗资料", "medical papers"),
    "death_certificate": ("死亡证明", "death certificate"),
    "diagnosis": ("诊断证明", "diagnosis"),
    "pathology": ("病理或检验报告", "what the laboratory found"),
    "identity": ("身份证明", "identity card"),
    "other": ("其他材料", "something else"),
    # payments
    "whole": ("赔款", "payment"),
    "certain": ("先付的确定部分", "what is certain"),
    "appeal": ("申诉后赔款", "after the appeal"),
    "asked": ("待保险公司答复", "the insurer is asked"),
    "agreed": ("同意，付款中", "agreed, on its way"),
    "refused": ("未同意", "not agreed"),
    "paid": ("已到账", "paid"),
}
"""What stored words say, Chinese and English."""
_LINES: tuple[tuple[str, str], ...] = (
    # what is claimed
    (r"the insurer has not issued this policy", "保险公司尚未承保"),
    (r"nothing is covered by it", "不在保障内"),
    (r"it was rescinded for an answer that was untrue on purpose", "保单因故意不实告知已被解除"),
    (r"nothing is owed of it", "不承担赔付"),
    (r"this policy does not cover such a loss \((\w+)\)", "这份保单不保这类损失"),
    (r"look at what it covers", "请查看保障内容"),
    (rf"{DAY} has not come yet", r"\1 还没有到"),
    (r"give the day on which it happened", "请填写出险日期"),
    (rf"cover began on {DAY}", r"保障自 \1 开始"),
    (r"what happened before is not paid", "此前的损失不赔"),
    (rf"cover ended with {DAY}", r"保障至 \1 结束"),
    (r"what happened after is not paid", "此后的损失不赔"),
    (rf"no premium was paid for {DAY}, and its days of grace were over: the policy has lapsed", r"\1 未缴保费且已过宽限期，保单已失效"),
    (rf"no premium was paid for {DAY}, and its days of grace were over: the policy was suspended", r"\1 未缴保费且已过宽限期，保障中止"),
    (r"within the waiting time of (\d+) days nothing is paid", r"\1 天等待期内的损失不赔"),
    (rf"losses from {DAY} on are", r"自 \1 起的损失可赔"),
    (rf"it had to be claimed by {DAY}, within (\d+) years of the loss", r"须在出险后 \2 年内（至 \1）报案"),
    (r"the policy names another phone", "保单承保的是另一部手机"),
    (r"give the IMEI of the phone that is insured", "请填写承保手机的 IMEI"),
    (r"(\d+) of (\d+) screens are replaced or claimed already", r"可更换 \2 次，已更换或已报案 \1 次"),
    (r"the policy pays for no more", "不再赔付"),
    (rf"it was disputed on {DAY}", r"您于 \1 提出异议"),
    (r"the policy looks back (\d+) days", r"保单追溯 \1 天"),
    (r"this payment was claimed before, and is claimed once", "这笔付款已报过案"),
    (r"look at your claims", "请查看理赔列表"),
    (r"the sum insured is used up by earlier losses", "保额已用完"),
    (r"nothing is left to be paid", "没有可赔付的金额"),
    (r"this payment is not disputed", "尚未对这笔付款提出异议"),
    (r"say first that it was not yours", "请先说明不是本人支付"),
    (r"it has not been cleared yet, or was given back", "付款尚未入账，或已退回"),
    (r"look at it again when your statement shows it", "入账后再报案"),
    (
        r"wait for its answer, its days until then can be claimed of after it",
        "请等待保险公司答复；此前的损失之后仍可报案",
    ),
    (r"this is no payment by a card of yours", "这不是您的卡的付款"),
    (r"look at your statement", "请查看明细"),
    (r"nothing was paid: this payment is (\w+)", "这笔付款没有成功"),
    (r"'(.*)' is no illness of this policy", "保单不含这类疾病"),
    (r"name one of (.+)", "请选择所列的疾病"),
    # what is written
    (r"it is empty", "没有填写"),
    (r"say in a sentence what happened", "请用一句话说明经过"),
    (r"it is longer than ([\d,]+) characters", r"超过 \1 字"),
    (r"say it shorter", "请写短一些"),
    # files
    (r"the file is empty", "文件是空的"),
    (r"send the picture or the PDF as the phone or the scanner made it", "请上传手机或扫描仪生成的原始照片或 PDF"),
    (r"it has more than 10,485,760 bytes", "文件超过 10 MB"),
    (r"send a smaller picture", "请上传较小的文件"),
    (r"it is neither JPEG, PNG, HEIC nor PDF", "文件不是 JPEG、PNG、HEIC 或 PDF"),
    (r"it is said to be '(.*)', but is (\S+)", r"文件名后缀与内容不符：内容是 \2"),
    (r"declare what it is", "请改正后缀，或上传原始文件"),
    (r"the (JPEG|PNG|HEIC|PDF) is torn, or is none", r"\1 文件不完整或已损坏"),
    (r"something stands behind the end of the picture", "照片末尾附有其他内容"),
    (r"the PDF is encrypted: nobody can read it", "PDF 已加密，无法阅读"),
    (r"send it without a password", "请去掉密码后上传"),
    (r"the PDF carries what may act when it is opened \((\w+)\)", r"PDF 含有可自动执行的内容（\1）"),
    (r"print it to a plain PDF", "请重新打印为普通 PDF"),
    (r"it is a page for a browser at the same time", "文件同时是网页"),
    (r"it is a PDF at the same time", "文件同时是 PDF"),
    (r"it is an archive at the same time", "文件同时是压缩包"),
    (r"(\d+) files are there already", r"已有 \1 个文件"),
    (r"put several pages into one PDF", "请把多页合并为一个 PDF"),
    (r"it did not come within (\d+) seconds", r"\1 秒内没有传完"),
    (r"send it again", "请重新上传"),
    (r"another file of yours is being sent, or those of many", "另一个文件正在上传，或上传的人很多"),
    # what is done with a claim
    (r"this is no claim of yours", "这不是您的理赔"),
    (r"the claim is \w+", "理赔目前的状态不能这样办理"),
    (r"no more papers are taken", "不再接收材料"),
    (rf"an appeal was made on {DAY}", r"已于 \1 申诉"),
    (r"a court decides further", "之后可向法院起诉"),
    (rf"an appeal could be made until {DAY}", r"申诉期至 \1"),
    (rf"the claim was closed on {DAY}", r"已于 \1 结案"),
    (r"the claim (?:is \w+|waits for papers|is with the insurer), so this cannot be done with it now", "理赔目前不能这样办理"),
    (r"look at it again later", "请稍后再看"),
    (r"a part of it is paid or promised already, so it is decided to the end", "已部分赔付或承诺赔付，须审核完毕"),
    (r"wait for it", "请等待结论"),
    (rf"{YUAN} yuan of this claim can come back", r"最多可退回 \1 元"),
)
_known = table([*_LINES, *policy_wording.LINES, *customer_wording.LINES])


def chinese(text: str) -> str | None:
    """None if not all of it has a Chinese line."""
    return _known(text) or each_part(text, _known)
