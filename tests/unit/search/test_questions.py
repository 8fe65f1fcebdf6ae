"""What of a question is asked for, and how what comes back is ranked."""

import json

from hypothesis import given
from hypothesis import strategies as st

from services.search_sync.rules.questions import MAX_GRAMS, gram_parameters, grams_of, rank
from services.search_sync.rules.vocabulary import settings_of


def passage(number: int, text: str) -> dict[str, object]:
    return {"id": f"p_{number}", "title": "办法", "text": text}


def test_words_of_asking_are_left_out() -> None:
    assert grams_of("请问社区食堂怎么办理？") == ["社区", "区食", "食堂"]
    assert grams_of("WIFI 覆盖吗") == ["wifi", "覆盖"]
    assert grams_of("怎么办") == ["怎么", "么办"]
    assert grams_of("？！") == []


@given(st.text(max_size=200))
def test_any_question_is_bounded(question: str) -> None:
    grams = grams_of(question)
    assert len(grams) <= MAX_GRAMS
    assert len(gram_parameters("uid", grams, conditions=[])) == len(grams) + 1
    json.dumps(grams)


def test_rare_words_count_more_than_common_ones() -> None:
    grams = ["食堂", "补贴"]
    found = rank(grams, {"食堂": 900, "补贴": 2}, [passage(1, "食堂食堂食堂"), passage(2, "每餐补贴三元")], count=1000)
    assert [one.passage["id"] for one in found] == ["p_2", "p_1"]
    assert found[0].share > 0.9
    assert not found[1].answers


def test_single_word_in_common_is_no_answer() -> None:
    alone = rank(["居民"], {"居民": 1}, [passage(1, "居民")], count=1000)[0]
    assert (alone.share, alone.answers) == (1.0, False)


def test_title_and_headings_tell_what_a_passage_is_about() -> None:
    bare, under = passage(1, "每餐三元"), {**passage(2, "每餐三元"), "headings": ["第二章 食堂补贴"]}
    assert rank(["食堂", "每餐"], {"食堂": 3, "每餐": 5}, [bare, under], count=50)[0].passage["id"] == "p_2"


def test_synonyms_mean_each_other_and_stop_words_stand_as_put() -> None:
    settings = settings_of([["低保", "最低生活保障"], ["低保", "低保金"]], ["请问"])
    assert settings["synonyms"] == {
        "低保": ["最低生活保障", "低保金"],
        "最低生活保障": ["低保"],
        "低保金": ["低保"],
    }
    assert settings["stopWords"] == ["请问"]
