"""What is counted as a failure of the outline."""

import pytest

from tools.check_outline import facts_of, failures_of

SOUND = "第一条 甲。\n第二条 乙：\n（一）丙；\n（二）丁。\n第二条之一 戊。\n第三条 己。"


def test_nothing_is_wrong_with_a_sound_text() -> None:
    assert failures_of(SOUND) == {}
    assert facts_of(SOUND) == {"articles": 4, "points and items": 2, "paragraphs": 0}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (SOUND.replace("第三条", "第五条"), "gaps between articles"),
        (SOUND.replace("第一条", "第七条"), "gaps between articles"),
        (SOUND.replace("第三条", "第一条"), "articles whose number came before"),
        (SOUND.replace("（二）", "（一）"), "other addresses that came before"),
        ("湖岸清洁。" * 300, "no heading in a long text"),
    ],
)
def test_each_failure_is_counted_by_its_kind(text: str, kind: str) -> None:
    assert failures_of(text)[kind] == 1
