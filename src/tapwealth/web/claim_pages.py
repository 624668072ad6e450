"""Claims on a customer's phone: notified from the policy, shown by papers, followed as a line of dates, withdrawn, appealed; and payments
that were not theirs, disputed from the list of what was paid.

A paper comes as a browser sends a file. Nothing of it is read before it is known who sends it, and no more of it than a file may be long.
"""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from tapwealth.flows.insurance import claim_papers
from tapwealth.flows.insurance.claim_notification import NotifyClaim
from tapwealth.flows.insurance.claim_recoveries import GiveClaimBack
from tapwealth.flows.insurance.claims import AppealClaim, WithdrawClaim
from tapwealth.flows.insurance.coming_files import ComingFiles
from tapwealth.flows.issuing.disputes import DisputeTap
from tapwealth.flows.reports import claim_counter
from tapwealth.flows.reports.claim_counter import Claimable
from tapwealth.insurance.claim import LossKind, Paper
from tapwealth.insurance.evidence import MOST_BYTES, type_of
from tapwealth.insurance.guardian import GUARDIANS
from tapwealth.kernel.refusal import BadInput, Busy, Outage, Refusal
from tapwealth.web.claim_wording import chinese, words
from tapwealth.web.customer import MOST_WORDS, CustomerPages, ended
from tapwealth.web.fields import Wrong, fen_in, identifier_of
from tapwealth.web.forms import Form, Upload, from_here, is_proved, read_form
from tapwealth.web.page import HEADERS, in_each_language
from tapwealth.web.policy_forms import day_in, said_in_words
from tapwealth.web.posting import ELSEWHERE, STALE, is_key
from tapwealth.web.said import Said
from tapwealth.web.visit import FRESH, Back, Visit

CLAIM_COMMANDS = ("notify_claim", "withdraw_claim", "appeal_claim", "dispute_tap", "give_claim_back")
"""Names of the commands that these pages give."""
UPLOAD_SECONDS = 300
"""How long a file may take to come."""
_MOST = MOST_BYTES + MOST_WORDS
_NOT_CLAIMED = ("没有报案", "Nothing was claimed")
_NOT_KEPT = ("文件没有收下", "The file was not taken")
_NOT_DONE = ("没有办成", "Nothing was done")
_TOO_LARGE = Said(
    _NOT_KEPT, "文件超过 10 MB。请压缩照片，或分成几个文件上传。", "the file is above 10 MB; send a smaller picture, or several files"
)
_BUSY = Said(_NOT_KEPT, "另一个文件正在上传，请等它完成后再传。", "another file is being sent; wait for it, then send this one again")
_FORMS = ("papers", "withdraw", "appeal", "back")
_NO_FORM = Form({})
_NO_FILE = Said(_NOT_KEPT, "没有选择文件。请选择照片或 PDF。", "no file was chosen; choose a picture or a PDF")
_FIELDS = {
    "LOSS_AHEAD": "loss_day", "BEFORE_COVER": "loss_day", "AFTER_COVER": "loss_day", "NOT_COVERED_THEN": "loss_day",
    "WITHIN_WAITING": "loss_day", "TOO_LATE": "loss_day", "OTHER_DEVICE": "imei", "NOT_DISPUTED": "tap", "NOT_CLEARED": "tap",
    "BEFORE_LOOK_BACK": "tap", "TAP_CLAIMED": "tap",
}  # fmt: skip
"""Beside which field a refusal is said."""
ASKED: Mapping[LossKind, tuple[str, ...]] = {
    LossKind.SCREEN: ("loss_day", "loss", "imei", "said"),
    LossKind.ACCIDENT: ("loss_day", "loss", "said"),
    LossKind.ILLNESS: ("illness", "loss_day", "said"),
    LossKind.PAYMENT: ("tap", "said"),
    LossKind.DEATH: (),
}
"""Fields of the form by which such a loss is notified."""
_OF_AMOUNT = ("MORE_THAN_PAID", "NO_MONEY")
_PLACES = {"said": "said", "loss": "loss", "loss_day": "loss_day", "phone.imei": "imei", "imei": "imei", "tap": "tap"}


def claim_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    coming = ComingFiles()
    return [
        *in_each_language("/claims", pages.signed(listed)),
        *in_each_language("/claims/payments", pages.signed(payments)),
        *in_each_language("/claims/payments/{tap}/dispute", pages.given(dispute), ("POST",)),
        *in_each_language("/claims/papers/{paper}", pages.signed(paper_file)),
        *in_each_language("/claims/{claim}", pages.signed(claim_page)),
        *in_each_language("/claims/{claim}/papers", pages.open(partial(take, coming)), ("POST",)),
        *in_each_language("/claims/{claim}/withdraw", pages.given(withdraw), ("POST",)),
        *in_each_language("/claims/{claim}/appeal", pages.given(appeal), ("POST",)),
        *in_each_language("/claims/{claim}/give-back", pages.given(give_back), ("POST",)),
        *in_each_language("/policies/{policy}/claim", pages.signed(sheet)),
        *in_each_language("/policies/{policy}/claim", pages.given(notify), ("POST",)),
    ]


async def listed(visit: Visit) -> Response:
    """What was claimed, and by what can be."""
    async with visit.house.database.read() as tx:
        held = await claim_counter.held(tx, *visit.who)
        policies = await claim_counter.claimable(tx, *visit.who)
    values = {"held": held, "policies": policies, "words": words}
    return visit.shown("claims.html", values)


async def payments(visit: Visit, back: Back = FRESH) -> Response:
    """What was paid by phone, and which of it is said not to be theirs."""
    async with visit.house.database.read() as tx:
        taps = await claim_counter.taps(tx, *visit.who)
        policies = [one for one in await claim_counter.claimable(tx, *visit.who) if one.kind is LossKind.PAYMENT]
    keys = {one.of.tap: back.key_of(str(one.of.tap)) for one in taps}
    values = {**back.values(), "taps": taps, "policies": policies, "keys": keys, "most": claim_counter.MOST_TAPS}
    return visit.shown("payments.html", values)


async def dispute(visit: Visit, form: Form) -> Response:
    """It was not theirs."""
    tap = visit.identifier("tap")
    try:
        made = await visit.give("dispute_tap", form["key"], DisputeTap(tap))
    except Outage:
        return await payments(visit, Back.unsure(form, str(tap)))
    if isinstance(made, Refusal):
        return await payments(visit, Back.refused(form, said_in_words(made, _NOT_DONE, chinese), about=str(tap)))
    return visit.go(f"/claims/payments#t-{made.tap}")


async def sheet(visit: Visit, back: Back = FRESH) -> Response:
    """The form by which a loss is notified. `?tap=`: a payment that is chosen already."""
    policy = visit.identifier("policy")
    async with visit.house.database.read() as tx:
        one = await claim_counter.one_claimable(tx, *visit.who, policy)
        taps = await claim_counter.taps(tx, *visit.who) if one is not None and one.kind is LossKind.PAYMENT else []
    if one is None:
        return visit.nothing()
    values = {
        **back.values(), "one": one, "taps": [tap for tap in taps if tap.of.reported_on and tap.of.claim is None], "words": words,
        "given": back.given or {"tap": visit.asked("tap")},
    }  # fmt: skip
    return visit.shown("claim_sheet.html", values)


async def notify(visit: Visit, form: Form) -> Response:
    """The claim; or at once why the policy does not pay."""
    policy = visit.identifier("policy")
    async with visit.house.database.read() as tx:
        one = await claim_counter.one_claimable(tx, *visit.who, policy)
    if one is None:
        return visit.nothing()
    command = notice_in(form, one)
    if not isinstance(command, NotifyClaim):
        return await sheet(visit, Back(form.fields, command))
    try:
        made = await visit.give("notify_claim", form["key"], command)
    except Outage:
        return await sheet(visit, Back.unsure(form))
    except BadInput as error:
        return await _not_notified(visit, form, error, one.kind)
    if isinstance(made, Refusal):
        return await _not_notified(visit, form, made, one.kind)
    return visit.go(f"/claims/{made.claim}")


async def _not_notified(visit: Visit, form: Form, no: BadInput | Refusal, kind: LossKind) -> Response:
    return await sheet(visit, Back.refused(form, said_in_words(no, _NOT_CLAIMED, chinese), field_of(no, kind)))


def field_of(no: BadInput | Refusal, kind: LossKind) -> str | None:
    """The field of such a claim's form that it is about; None if it is about none that is there. Of a payment its day hangs on it."""
    field = _FIELDS.get(no.code.name) if isinstance(no, Refusal) else _PLACES.get(no.where)
    if kind is LossKind.PAYMENT and field == "loss_day":
        return "tap"
    return field if field in ASKED[kind] else None


async def claim_page(visit: Visit, back: Back = FRESH) -> Response:
    """Where it stands, what is missing, what was given and paid."""
    async with visit.house.database.read() as tx:
        found = await claim_counter.shown(visit.house, tx, *visit.who, visit.identifier("claim"))
        owed = None if isinstance(found, Refusal) else await claim_counter.to_give_back(tx, found[0].claim)
    if isinstance(found, Refusal):
        return visit.nothing()
    values = {
        **back.values(), "one": found[0], "whole": found[1], "owed": owed, "words": words, "guardians": GUARDIANS,
        "keys": {name: back.key_of(name) for name in _FORMS}, "papers": list(Paper), "most": MOST_BYTES >> 20,
    }  # fmt: skip
    return visit.shown("claim.html", values)


async def withdraw(visit: Visit, form: Form) -> Response:
    """Let it be."""
    command = WithdrawClaim(visit.identifier("claim"))
    return await _give(visit, form, "withdraw", "withdraw_claim", command)


async def appeal(visit: Visit, form: Form) -> Response:
    """Have it looked at once more."""
    command = AppealClaim(visit.identifier("claim"), form["reason"])
    return await _give(visit, form, "appeal", "appeal_claim", command)


async def give_back(visit: Visit, form: Form) -> Response:
    """So much of what was paid, from the wallet, for the insurer."""
    amount = fen_in(form, "amount", "没有填写金额")
    if not isinstance(amount, int):
        return await claim_page(visit, Back(form.fields, {"amount": amount}, about="back"))
    return await _give(visit, form, "back", "give_claim_back", GiveClaimBack(visit.identifier("claim"), amount), "back")


async def _give(visit: Visit, form: Form, about: str, name: str, command: Any, to: str = "") -> Response:
    """`to`: at which part of the page it goes on."""
    try:
        made = await visit.give(name, form["key"], command)
    except Outage:
        return await claim_page(visit, Back.unsure(form, about))
    except BadInput as error:
        return await claim_page(visit, Back.refused(form, said_in_words(error, _NOT_DONE, chinese), about=about))
    if isinstance(made, Refusal):
        field = "amount" if made.code.name in _OF_AMOUNT else None
        return await claim_page(visit, Back.refused(form, said_in_words(made, _NOT_DONE, chinese), field, about))
    return visit.go(f"/claims/{made.claim}" + (f"#{to}" if to else ""))


async def take(coming: ComingFiles, visit: Visit) -> Response:
    """A paper: first who sends it, then the file, read while it comes."""
    if not from_here(visit.request):
        return visit.refuse(ELSEWHERE)
    if visit.session is None:
        return ended(visit, "/claims")
    said = visit.request.headers.get("content-length", "0")
    if not said.isdecimal() or int(said) > _MOST:
        return await _not_kept(visit, _TOO_LARGE)
    try:
        async with coming.one(visit.caller.who):
            form = await read_form(visit.request, _MOST, UPLOAD_SECONDS)
    except Busy:
        return await _not_kept(visit, _BUSY)
    except BadInput as error:
        return await _not_kept(visit, said_in_words(error, _NOT_KEPT, chinese))
    if not is_proved(visit.session, form) or not is_key(form["key"]):
        return visit.refuse(STALE)
    return await _keep(visit, form)


async def _not_kept(visit: Visit, said: Said, form: Form = _NO_FORM) -> Response:
    return await claim_page(visit, Back.refused(form, said, about="papers"))


async def _keep(visit: Visit, form: Form) -> Response:
    upload, claim = form.upload, visit.identifier("claim")
    if upload is None or form["paper"] not in (*Paper,):
        return await _not_kept(visit, _NO_FILE, form)
    paper, kind = Paper(form["paper"]), declared(upload)
    try:
        made = await visit.run(
            lambda envelope, _: claim_papers.give(visit.house, envelope, claim, paper, kind, upload.content), None, form["key"]
        )
    except Outage:
        return await claim_page(visit, Back.unsure(form, "papers"))
    except BadInput as error:
        return await _not_kept(visit, said_in_words(error, _NOT_KEPT, chinese), form)
    if isinstance(made, Refusal):
        return await _not_kept(visit, said_in_words(made, _NOT_KEPT, chinese), form)
    return visit.go(f"/claims/{claim}#f-{made.paper}")


async def paper_file(visit: Visit) -> Response:
    """A file as it came, to be saved: no browser opens it."""
    identifier = visit.identifier("paper")
    found = await claim_papers.read(visit.house, visit.caller, identifier)
    if isinstance(found, Refusal):
        return visit.nothing()
    name = f"{identifier}.{found.media_type.rpartition('/')[2]}"
    headers = {
        **HEADERS,
        "Content-Length": str(found.size),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(found.pieces, HTTPStatus.OK, headers, found.media_type)


def declared(upload: Upload) -> str:
    """The type as the browser says it; many know none for what a phone's camera makes, which then says it by itself."""
    kind = upload.media_type.partition(";")[0].strip().lower()
    known = type_of(upload.content) if kind in ("", "application/octet-stream") else None
    return kind if known is None else known.value


def notice_in(form: Form, one: Claimable) -> NotifyClaim | Wrong:
    """What was filled in, or what does not fit of it."""
    wrong: dict[str, tuple[str, str]] = {}
    if not form["said"].strip():
        wrong["said"] = ("请用一句话说明经过", "say in a sentence what happened")
    if one.kind is LossKind.PAYMENT:
        if not form["tap"]:
            wrong["tap"] = ("请选择一笔付款", "choose a payment")
        return wrong or NotifyClaim(one.policy, one.kind, form["said"], tap=identifier_of(form["tap"]))
    if one.kind is LossKind.ILLNESS:
        if form["illness"] not in one.illnesses:
            wrong["illness"] = ("请选择疾病", "choose the illness")
        day = day_in(form, "loss_day", wrong)
        return wrong or NotifyClaim(one.policy, one.kind, form["said"], day, illness=form["illness"], by_accident=bool(form["by_accident"]))
    day, loss = day_in(form, "loss_day", wrong), fen_in(form, "loss", "没有填写金额")
    if not isinstance(loss, int):
        wrong["loss"], loss = loss, 0
    if one.kind is LossKind.SCREEN and not form["imei"].strip():
        wrong["imei"] = ("请填写 IMEI：在手机上拨 *#06#", "give the IMEI: dial *#06# on the phone")
    imei = form["imei"].strip() if one.kind is LossKind.SCREEN else ""
    return wrong or NotifyClaim(one.policy, one.kind, form["said"], day, loss, imei)
