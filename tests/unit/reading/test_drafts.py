"""A draft is a push that lacks at most what a person has to say."""

from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.drafting import ReadText, draft_policy
from shared.schemas.policies import PolicyInput, PublicityAttribute

_PIECES = (
    *("关于", "《", "》", "〔2026〕", "1号", "：", "。", "、", "\n", "通知", "办法", "根据", "废止", "规", "第一条 "),
    *("有效期5年", "自2026年1月1日起施行", "2026年2月30日", "泉城市人民政府", "办公室", "索引号：", "主动公开"),
    *("附件：", "1. ", "抄送：", "联系电话：0531-", "联系人：", "甲" * 600, "各区" * 1200),
)


@given(st.lists(st.sampled_from(_PIECES), max_size=40))
def test_any_draft_can_be_pushed_once_completed(pieces: list[str]) -> None:
    parsed = draft_policy(ReadText("text/plain", "".join(pieces), None, []))
    said = {name: value for name, value in parsed.draft.model_dump(mode="json").items() if value not in (None, "")}
    added_by_a_person = {"publicity": PublicityAttribute.PROACTIVE.value, "title": "关于停放的通知", "body": "停放。"}
    pushed = PolicyInput.model_validate({**added_by_a_person, **said})
    assert pushed.body == said.get("body", "停放。")
