"""Documents of a product under the titles that its buyer reads: two in two languages are told apart."""

from tapwealth.catalogue.definition import Document, Names
from tapwealth.catalogue.sale import shown_documents


def test_of_two_with_one_title_that_in_the_other_language_says_so() -> None:
    both = [Document(Names("保险条款", "Terms"), "zh", "0" * 64), Document(Names("保险条款", "Terms"), "en", "1" * 64)]
    assert [one.title for one in shown_documents(both, "zh")] == ["保险条款", "保险条款（英文）"]
    assert [one.title for one in shown_documents(both, "en")] == ["Terms (Chinese)", "Terms"]
    assert [one.title for one in shown_documents(both[:1], "en")] == ["Terms"]
