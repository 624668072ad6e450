"""Claims on a customer's phone: notified from the policy, shown by papers, followed as a line of dates, withdrawn, appealed; and payments
that were not theirs, disputed from the list of what was paid.

A paper comes as a browser sends a file. Nothing of it is read before it is known who sends it, and no more of it than a file may be long.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tapwealth.flows.customers.page_sessions import CustomerSession
from tapwealth.flows.insurance import claim_papers
from tapwealth.flows.insurance.claims import AppealClaim, NotifyClaim, WithdrawClaim
from tapwealth.flows.insurance.coming_files import ComingFiles
from tapwealth.flows.issuing.disputes import DisputeTap
from tapwealth.flows.reports import claim_counter
from tapwealth.flows.reports.claim_counter import Claimable
from tapwealth.insurance.claim import LossKind, Paper
from tapwealth.insurance.evidence import MOST_BYTES, type_of
from tapwealth.kernel.refusal import BadInput, Busy, Outage, Refusal
from tapwealth.web.claim_wording import chinese, words
from tapwealth.web.customer import MOST_WORDS, CustomerPages, Wrong, fen_in, identifier_of, who_of
from tapwealth.web.forms import Form, Upload, from_here, is_proved, read_form
from tapwealth.web.page import HEADERS, in_each_language, root
from tapwealth.web.policy_forms import day_in, said_in_words
from tapwealth.web.posting import ELSEWHERE, STALE, UNKNOWN, a_key, give, go, is_key
from tapwealth.web.said import Said

CLAIM_COMMANDS = ("notify_claim", "withdraw_claim", "appeal_claim", "dispute_tap")
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
_NO_FILE = Said(_NOT_KEPT, "没有选择文件。请选择照片或 PDF。", "no file was chosen; choose a picture or a PDF")
_FIELDS = {
    "LOSS_AHEAD": "loss_day", "BEFORE_COVER": "loss_day", "AFTER_COVER": "loss_day", "NOT_COVERED_THEN": "loss_day",
    "WITHIN_WAITING": "loss_day", "TOO_LATE": "loss_day", "OTHER_DEVICE": "imei", "NOT_DISPUTED": "tap", "NOT_CLEARED": "tap",
    "BEFORE_LOOK_BACK": "tap", "TAP_CLAIMED": "tap",
}  # fmt: skip
"""Beside which field a refusal is said."""
_PLACES = {"said": "said", "loss": "loss", "loss_day": "loss_day", "phone.imei": "imei", "imei": "imei", "tap": "tap"}


def claim_pages(pages: CustomerPages) -> list[BaseRoute]:
    """Routes in both languages."""
    claims = Claims(pages)
    return [
        *in_each_language("/claims", pages.signed(claims.listed)),
        *in_each_language("/claims/payments", pages.signed(claims.payments)),
        *in_each_language("/claims/payments/{tap}/dispute", pages.given(claims.dispute), ("POST",)),
        *in_each_language("/claims/papers/{paper}", pages.signed(claims.paper)),
        *in_each_language("/claims/{claim}", pages.signed(claims.one)),
        *in_each_language("/claims/{claim}/papers", claims.take, ("POST",)),
        *in_each_language("/claims/{claim}/withdraw", pages.given(claims.withdraw), ("POST",)),
        *in_each_language("/claims/{claim}/appeal", pages.given(claims.appeal), ("POST",)),
        *in_each_language("/policies/{policy}/claim", pages.signed(claims.sheet)),
        *in_each_language("/policies/{policy}/claim", pages.given(claims.notify), ("POST",)),
    ]


class Claims:
    """Each method answers one form, or shows it."""

    def __init__(self, pages: CustomerPages) -> None:
        self._pages, self._house, self._coming = pages, pages.house, ComingFiles()

    async def listed(self, request: Request, language: str, session: CustomerSession) -> Response:
        """What was claimed, and by what can be."""
        async with self._house.database.read() as tx:
            held = await claim_counter.held(tx, *who_of(session))
            policies = await claim_counter.claimable(tx, *who_of(session))
        values = {"held": held, "policies": policies, "words": words}
        return await self._pages.shown(request, language, "claims.html", values, session=session)

    async def payments(
        self, request: Request, language: str, session: CustomerSession, said: Said | None = None, about: str = "", key: str = ""
    ) -> Response:
        """What was paid by phone, and which of it is said not to be theirs."""
        async with self._house.database.read() as tx:
            taps = await claim_counter.taps(tx, *who_of(session))
            policies = [one for one in await claim_counter.claimable(tx, *who_of(session)) if one.kind is LossKind.PAYMENT]
        keys = {one.of.tap: key if key and about == str(one.of.tap) else a_key() for one in taps}
        values = {"taps": taps, "policies": policies, "said": said, "about": about, "keys": keys, "most": claim_counter.MOST_TAPS}
        return await self._pages.shown(request, language, "payments.html", values, session=session)

    async def dispute(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """It was not theirs."""
        tap = identifier_of(request.path_params["tap"])
        try:
            made = await self._pages.give("dispute_tap", session, form["key"], language, DisputeTap(tap))
        except Outage:
            return await self.payments(request, language, session, UNKNOWN, str(tap), form["key"])
        if isinstance(made, Refusal):
            return await self.payments(request, language, session, said_in_words(made, _NOT_DONE, chinese), str(tap))
        return go(f"{root(language)}/claims/payments#t-{made.tap}")

    async def sheet(
        self,
        request: Request,
        language: str,
        session: CustomerSession,
        *,
        given: Mapping[str, str] | None = None,
        wrong: Wrong | None = None,
        said: Said | None = None,
        key: str = "",
    ) -> Response:
        """The form by which a loss is notified. `?tap=`: a payment that is chosen already."""
        policy = identifier_of(request.path_params["policy"])
        async with self._house.database.read() as tx:
            one = await claim_counter.one_claimable(tx, *who_of(session), policy)
            taps = await claim_counter.taps(tx, *who_of(session)) if one is not None and one.kind is LossKind.PAYMENT else []
        if one is None:
            return await self._pages.nothing(request, language)
        values = {
            "one": one, "taps": [tap for tap in taps if tap.of.reported_on and tap.of.claim is None], "words": words,
            "given": given or {"tap": request.query_params.get("tap", "")}, "wrong": wrong or {}, "said": said, "key": key or a_key(),
        }  # fmt: skip
        return await self._pages.shown(request, language, "claim_sheet.html", values, session=session)

    async def notify(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """The claim; or at once why the policy does not pay."""
        policy = identifier_of(request.path_params["policy"])
        async with self._house.database.read() as tx:
            one = await claim_counter.one_claimable(tx, *who_of(session), policy)
        if one is None:
            return await self._pages.nothing(request, language)
        command = notice_in(form, one)
        if not isinstance(command, NotifyClaim):
            return await self.sheet(request, language, session, given=form.fields, wrong=command)
        try:
            made = await self._pages.give("notify_claim", session, form["key"], language, command)
        except Outage:
            return await self.sheet(request, language, session, given=form.fields, said=UNKNOWN, key=form["key"])
        except BadInput as error:
            return await self._not_notified(request, language, session, form, error)
        if isinstance(made, Refusal):
            return await self._not_notified(request, language, session, form, made)
        return go(f"{root(language)}/claims/{made.claim}")

    async def _not_notified(
        self, request: Request, language: str, session: CustomerSession, form: Form, no: BadInput | Refusal
    ) -> Response:
        field = _FIELDS.get(no.code.name) if isinstance(no, Refusal) else _PLACES.get(no.where)
        said = said_in_words(no, _NOT_CLAIMED, chinese)
        wrong = {field: (said.zh, said.en)} if field else {}
        return await self.sheet(request, language, session, given=form.fields, wrong=wrong, said=None if field else said)

    async def one(
        self,
        request: Request,
        language: str,
        session: CustomerSession,
        said: Said | None = None,
        about: str = "",
        given: Mapping[str, str] | None = None,
        key: str = "",
    ) -> Response:
        """Where it stands, what is missing, what was given and paid. `about`: whose form's answer is said."""
        async with self._house.database.read() as tx:
            found = await claim_counter.shown(self._house, tx, *who_of(session), identifier_of(request.path_params["claim"]))
        if isinstance(found, Refusal):
            return await self._pages.nothing(request, language)
        keys = {name: key if key and name == about else a_key() for name in ("papers", "withdraw", "appeal")}
        values = {
            "one": found[0], "whole": found[1], "said": said, "about": about, "given": given or {}, "keys": keys, "words": words,
            "papers": list(Paper), "most": MOST_BYTES >> 20,
        }  # fmt: skip
        return await self._pages.shown(request, language, "claim.html", values, session=session)

    async def withdraw(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """Let it be."""
        command = WithdrawClaim(identifier_of(request.path_params["claim"]))
        return await self._give(request, language, session, form, "withdraw", command)

    async def appeal(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        """Have it looked at once more."""
        command = AppealClaim(identifier_of(request.path_params["claim"]), form["reason"])
        return await self._give(request, language, session, form, "appeal", command)

    async def _give(self, request: Request, language: str, session: CustomerSession, form: Form, about: str, command: Any) -> Response:
        try:
            made = await self._pages.give(f"{about}_claim", session, form["key"], language, command)
        except Outage:
            return await self.one(request, language, session, UNKNOWN, about, form.fields, form["key"])
        except BadInput as error:
            return await self.one(request, language, session, said_in_words(error, _NOT_DONE, chinese), about, form.fields)
        if isinstance(made, Refusal):
            return await self.one(request, language, session, said_in_words(made, _NOT_DONE, chinese), about, form.fields)
        return go(f"{root(language)}/claims/{made.claim}")

    async def take(self, request: Request, language: str) -> Response:
        """A paper: first who sends it, then the file, read while it comes."""
        if not from_here(request):
            return await self._pages.refuse(request, language, ELSEWHERE)
        session = await self._pages.session(request)
        if session is None:
            return await self._pages.ended(request, language, "/claims")
        said = request.headers.get("content-length", "0")
        if not said.isdecimal() or int(said) > _MOST:
            return await self.one(request, language, session, _TOO_LARGE, "papers")
        try:
            async with self._coming.one(session.caller.who):
                form = await read_form(request, _MOST, UPLOAD_SECONDS)
        except Busy:
            return await self.one(request, language, session, _BUSY, "papers")
        except BadInput as error:
            return await self.one(request, language, session, said_in_words(error, _NOT_KEPT, chinese), "papers")
        if not is_proved(session, form) or not is_key(form["key"]):
            return await self._pages.refuse(request, language, STALE)
        return await self._keep(request, language, session, form)

    async def _keep(self, request: Request, language: str, session: CustomerSession, form: Form) -> Response:
        upload, claim = form.upload, identifier_of(request.path_params["claim"])
        if upload is None or form["paper"] not in (*Paper,):
            return await self.one(request, language, session, _NO_FILE, "papers", form.fields)
        paper, kind = Paper(form["paper"]), declared(upload)
        try:
            made = await give(
                self._house,
                lambda envelope, _: claim_papers.give(self._house, envelope, claim, paper, kind, upload.content),
                form["key"],
                session.caller,
                language,
                None,
            )
        except Outage:
            return await self.one(request, language, session, UNKNOWN, "papers", form.fields, form["key"])
        except BadInput as error:
            return await self.one(request, language, session, said_in_words(error, _NOT_KEPT, chinese), "papers", form.fields)
        if isinstance(made, Refusal):
            return await self.one(request, language, session, said_in_words(made, _NOT_KEPT, chinese), "papers", form.fields)
        return go(f"{root(language)}/claims/{claim}#f-{made.paper}")

    async def paper(self, request: Request, language: str, session: CustomerSession) -> Response:
        """A file as it came, to be saved: no browser opens it."""
        identifier = identifier_of(request.path_params["paper"])
        found = await claim_papers.read(self._house, session.caller, identifier)
        if isinstance(found, Refusal):
            return await self._pages.nothing(request, language)
        name = f"{identifier}.{found.media_type.rpartition('/')[2]}"
        headers = {
            **HEADERS,
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        }
        return Response(found.content, HTTPStatus.OK, headers, found.media_type)


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
