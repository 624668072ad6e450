"""Whatever the rules of insurance store as a word is said by the pages in two languages: a page with a gap would not be shown at all."""

import pytest

from tapwealth.flows.reports.claim_counter import STATES
from tapwealth.flows.reports.words import POLICY_STATES
from tapwealth.insurance.applicant import Relation
from tapwealth.insurance.beneficiary import Kin
from tapwealth.insurance.claim import ClaimState, LossKind, Paper
from tapwealth.insurance.claim_store import Part
from tapwealth.insurance.endorsement import EndorsementKind
from tapwealth.insurance.endorsement_store import EndorsementState
from tapwealth.insurance.policy import PolicyState
from tapwealth.web import claim_wording, policy_wording
from tapwealth.web.wording import agreed

DEATH = {Paper.DEATH: "death_certificate"}
"""A paper has the name of a loss."""


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (policy_wording.words, [*Relation, *Kin, *EndorsementKind, *EndorsementState]),
        (claim_wording.words, [*LossKind, *(DEATH.get(one, one.value) for one in Paper), *Part, "asked", "agreed", "refused", "paid"]),
        (STATES, [*ClaimState]),
        (POLICY_STATES, [*PolicyState]),
    ],
)
def test_every_word_that_is_stored_is_said_in_both_languages(said: dict[str, tuple[str, str]], wanted: list[str]) -> None:
    assert [one for one in wanted if not all(said.get(one, ("", "")))] == []


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        ("the policy is suspended; nothing is paid for it any more", "保单已中止；不再缴费"),
        ("it is neither JPEG, PNG, HEIC nor PDF; send a smaller picture", "文件不是 JPEG、PNG、HEIC 或 PDF；请上传较小的文件"),
        (
            "an underwriter has to look at these answers; apply for the policy with them",
            "告知内容须由核保人员审核；请提交人工核保",
        ),
        ("nobody has a line for this", None),
    ],
)
def test_what_is_refused_is_said_in_chinese_part_by_part(text: str, chinese: str | None) -> None:
    assert claim_wording.chinese(text) == chinese


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I have read the terms and agree to them (terms)", "I have read the terms and agree to them"),
        ("我已阅读并同意存款协议（terms）", "我已阅读并同意存款协议"),
        ("its screen is whole (inspection; not for one bought today)", "its screen is whole (not for one bought today)"),
        ("屏幕完好（inspection；购机当日投保的免）", "屏幕完好（购机当日投保的免）"),
        ("have it in writing and confirm it (consent)", "have it in writing and confirm it"),
        ("the interest (early: at the demand rate) of (terms of) it", "the interest (early: at the demand rate) of (terms of) it"),
    ],
)
def test_nobody_reads_the_name_by_which_a_program_confirms(text: str, said: str) -> None:
    assert agreed(text) == said
