"""The bank's advance facility is a holder of funds like any other."""

from tapwealth.flows.frame import HOUSE_BOOK, House, Moment
from tapwealth.flows.funds.exchange_out import ADVANCER, ADVANCER_TRADING_ACCOUNT, seal_holder
from tapwealth.flows.funds.purchase import OWN_CHANNEL
from tapwealth.funds import store as funds
from tapwealth.funds.store import FundAccount
from tapwealth.storage.database import Tx


async def open_advancer(house: House, tx: Tx, at: Moment) -> None:
    """It applies for an account at the registrar, with the first fund; later ones change nothing."""
    if await funds.accounts_by_id(tx, [(HOUSE_BOOK, ADVANCER)]):
        return
    day = at.date_of(at.now)
    await funds.add_accounts(
        tx,
        [
            FundAccount(
                book=HOUSE_BOOK,
                id=ADVANCER,
                channel=OWN_CHANNEL,
                trading_account=ADVANCER_TRADING_ACCOUNT,
                ta_account="",
                application_serial=f"{day:%Y%m%d}{0:016d}",
                business_code="001",
                sealed=seal_holder(house, ADVANCER, "北京银行垫资专户", "911100001011259330", "0100000005"),
                shown_name="advance facility",
                state="applied",
                reason="",
                business_date=day,
                sent_on=None,
                applied_at=at.now,
            )
        ],
    )  # fmt: skip
