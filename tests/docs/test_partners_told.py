"""What a product manager is told to tell the played partners can be read by them, and keeps what they know already."""

import re
from pathlib import Path

import msgspec

from tapwealth.play.acts import _COMMISSION
from tapwealth.sandbox.bank.deposit_terms import Form, TermsBody
from tapwealth.sandbox.insurer.settlement import Agreements

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "define-a-product.md"


def test_the_partners_take_what_the_page_has_them_told() -> None:
    told = dict(re.findall(r"/admin/(\S+) -d '(.*?)'$", PAGE.read_text(), re.MULTILINE | re.DOTALL))
    agreed = {one.product: one for one in msgspec.json.decode(told["commission"], type=Agreements).agreements}
    for product, per_million, days, cost in _COMMISSION:
        one = agreed[product]
        assert (one.per_million, one.free_look_days, one.free_look_cost) == (per_million, days, cost), "it stands already"
    assert agreed.keys() == {"CI10", *(product for product, *_ in _COMMISSION)}
    (terms,) = msgspec.json.decode(told["deposits/terms"], type=list[TermsBody])
    assert (terms.product, terms.form, terms.days) == ("NOTICE7", Form.NOTICE, 7)
