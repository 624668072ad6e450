"""0500: a terminal's batch is at its end, and both sides compare what they counted.

Where they count the same, every sale and completion that stands is presented as it was authorised: nothing has to be uploaded. Where they
do not, nothing is presented by that, and the terminal uploads what it has, one by one (0320), as it may do before as well.
"""

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.store import Presentment
from tapwealth.flows.frame import House, Moment, moment
from tapwealth.flows.issuing.tap import CLAIMABLE
from tapwealth.issuing import store
from tapwealth.issuing.store import Authorisation
from tapwealth.wire.iso8583.requests import APPROVED, Reconciliation, SettlementRequest, SettlementResponse, Totals

_STANDS = ("approved", "expired", "captured")


async def settle(house: House, request: SettlementRequest) -> SettlementResponse:
    """Debits are sales and completions that stand, credits refunds; what was voided or reversed is in neither."""
    place = request.merchant_id, request.terminal_id, request.batch
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, await store.books_of_batch(tx, house.all_books, *place))
        rows = await store.of_batch(tx, house.all_books, *place)
        presented = await acquiring.presented(tx, [(row.book, *row.key) for row in rows])
        sales = [row for row in rows if row.kind in CLAIMABLE and row.state in _STANDS]
        amounts = [_amount(row, presented.get((row.book, *row.key))) for row in sales]
        credits_ = [row.credit for row in rows if row.credit and row.state == "done"]
        totals = Totals(debit_amount=sum(amounts), debit_count=len(amounts), credit_amount=sum(credits_), credit_count=len(credits_))
        equal = totals == request.totals
        if equal:
            at = await moment(tx)
            await acquiring.add_presentments(tx, [_presentment(at, row, request) for row in sales])
    result = Reconciliation.EQUAL if equal else Reconciliation.DIFFERENT
    return SettlementResponse(response_code=APPROVED, reconciliation=result, totals=totals)


def _amount(row: Authorisation, presented: Presentment | None) -> int:
    """A smaller amount may have been uploaded."""
    return presented.amount if presented is not None and presented.authorisation is not None else row.amount


def _presentment(at: Moment, row: Authorisation, request: SettlementRequest) -> Presentment:
    return Presentment(row.book, *row.key, row.amount, row.id, at.date_of(request.received_at), request.received_at)
