"""A follow-up interpretation goes public only with three persons behind it and a text that a scan lets pass."""

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.follow_up_interpretations import check_follow_up
from shared.schemas.policies import InterpretationImport
from tests.dossiers import material

TODAY = date(2026, 6, 1)


def wanted(reviews: dict[str, Any] | None = None, **changes: Any) -> InterpretationImport:
    whole = {
        "drafted_by": "staff-1",
        "secrecy_reviewed_by": "staff-2",
        "secrecy_reviewed_on": "2026-05-30",
        "approved_by": "staff-3",
        "approved_on": "2026-06-01",
    } | (reviews or {})
    fields = {"stage": "follow_up", "published_on": TODAY.isoformat(), "reviews": whole}
    return InterpretationImport.model_validate(material(**fields) | changes)


def pointers(one: InterpretationImport) -> list[str]:
    return [error.pointer for error in check_follow_up(one, TODAY)]


def test_whole_record_passes() -> None:
    assert pointers(wanted()) == []
    assert pointers(wanted(contact={"organ": "市民政局", "phone": "0531-66600000"})) == []


people = st.sampled_from(["a", "b", "c"])


@given(people, people, people)
def test_three_duties_need_three_persons(drafter: str, reviewer: str, approver: str) -> None:
    """保守国家秘密法实施条例第四十二条; domain.md §11.5: drafter ≠ reviewer ≠ approver."""
    found = pointers(wanted({"drafted_by": drafter, "secrecy_reviewed_by": reviewer, "approved_by": approver}))
    assert (found == []) == (len({drafter, reviewer, approver}) == 3)


@given(st.dates(date(2026, 5, 1), date(2026, 7, 1)), st.dates(date(2026, 5, 1), date(2026, 7, 1)))
def test_review_comes_first_and_neither_lies_ahead(reviewed_on: date, approved_on: date) -> None:
    days = {"secrecy_reviewed_on": reviewed_on.isoformat(), "approved_on": approved_on.isoformat()}
    assert (pointers(wanted(days)) == []) == (reviewed_on <= approved_on <= TODAY)


def test_every_text_is_scanned_and_a_reason_lets_it_pass() -> None:
    file = {"name": "名单13800138000.docx", "alt_text": "身份证11010519491231002X"}
    contact = {"organ": "市民政局", "phone": "13800138000"}
    changes: dict[str, Any] = {
        "title": "致电13800138000",
        "interpreter": contact,
        "contact": contact,
        "attachments": [file],
    }
    assert pointers(wanted(**changes)) == [
        *("/title", "/interpreter", "/contact", "/attachments/0/name", "/attachments/0/alt_text")
    ]
    assert pointers(wanted({"scan_reason": "公务手机，经本人同意公开"}, **changes)) == []


def test_words_for_the_reviewers_eye_do_not_stop_it() -> None:
    assert pointers(wanted(body="本解读说明哪些内部资料可以申请查阅，老人怎样办卡。")) == []
