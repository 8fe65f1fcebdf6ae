"""Sanitising, reading and normalising bodies; hostile ones too."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.bodies import normalize_text, plain_text, sanitize_html

PIECES = st.sampled_from(
    [
        *("<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<table>", "</table>", "<tr>", "<td>", "</td>", "<script>"),
        *(
            "</script>",
            "<!--",
            "-->",
            "<a href='javascript:alert(1)'>",
            "</a>",
            "<img src=x onerror=alert(1)>",
            "<style>",
        ),
        *(
            "<svg onload=x>",
            "&lt;script&gt;",
            "&#60;b&#62;",
            "&",
            "<",
            ">",
            '"',
            "'",
            "第一条　为了规范管理",
            " ",
            "\n",
        ),
        *("\u200b", "\ufdd0", "𠮷", "<p"),
    ]
)
HTML = st.lists(PIECES, max_size=30).map("".join)
OPENING_TAG = re.compile(r"<([a-zA-Z][^\s>/]*)([^>]*)>")


def test_structure_is_kept() -> None:
    html = (
        "<h2>第一章　总则</h2><p>为了<strong>规范</strong>管理，<em>制定</em>本办法。</p><ul><li>甲</li><li>乙</li></ul>"
        '<table><tbody><tr><td colspan="2">项目</td></tr></tbody></table>'
        '<p><a href="https://example.org/a?b=1&amp;c=2" rel="noopener noreferrer">办法</a>'
        '<img src="https://example.org/a.png" alt="流程图"></p>'
    )
    assert sanitize_html(html) == html


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<p onclick='x()' style='color:red' class=a>甲</p>", "<p>甲</p>"),
        ("<script>alert('<p>')</script>甲<style>p{}</style>", "甲"),
        ("<a href='javascript:alert(1)'>甲</a>", '<a rel="noopener noreferrer">甲</a>'),
        ("<a href=' JaVaScRiPt:alert(1)'>甲</a>", '<a rel="noopener noreferrer">甲</a>'),
        ("<a href='java&#10;script:alert(1)'>甲</a>", '<a rel="noopener noreferrer">甲</a>'),
        ("<a href='//example.org'>甲</a>", '<a rel="noopener noreferrer">甲</a>'),
        ("<img src='http://example.org/a.png' alt=图>", '<img alt="图">'),
        ("<img src='data:image/png;base64,AA' onerror=alert(1)>", "<img>"),
        ("<iframe src='https://example.org'></iframe><object>乙</object>甲", "甲"),
        ("<font color=red><span>甲</span></font>", "甲"),
        ("<!-- <p>乙</p> --><!DOCTYPE html><o:p>甲</o:p>", "甲"),
        ("5 < 6 & 7 > 6", "5 &lt; 6 &amp; 7 &gt; 6"),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("<td colspan='9999'>甲</td>", "甲"),
        ("<p>甲\u200b\ufeff乙</p>  \r\n", "<p>甲乙</p>\n"),
    ],
)
def test_what_runs_or_hides_is_removed(html: str, clean: str) -> None:
    assert sanitize_html(html) == clean


@given(HTML)
def test_nothing_dangerous_survives(html: str) -> None:
    clean = sanitize_html(html)
    for name, attributes in OPENING_TAG.findall(clean):
        assert name in {"p", "div", "b", "table", "tbody", "tr", "td", "a", "img"}
        assert attributes in ("", ' rel="noopener noreferrer"')
    assert "<!--" not in clean
    assert clean == normalize_text(clean)


@given(HTML)
def test_plain_text_of_anything_is_normal_text(html: str) -> None:
    text = plain_text(html)
    assert text == normalize_text(text)


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<div>" * 60_000, id="nested"),
        pytest.param("&" * 400_000, id="ampersands"),
        pytest.param("<div>" * 256 + "<b></p>" * 40_000, id="misnested"),
        pytest.param("<div><table><tr><td></div></td></tr></table>" * 9_000, id="leaking"),
        pytest.param("<!--" * 100_000, id="comments"),
        pytest.param("<a '\"" * 80_000, id="quotes"),
        pytest.param("<script>" * 50_000, id="scripts"),
        pytest.param("&lt;" * 100_000, id="references"),
    ],
)
def test_hostile_bodies_come_back_small_and_soon(html: str) -> None:
    """Left to nh3 alone, the nested one takes some twenty seconds and the misnested one a minute."""
    begun = time.process_time()
    assert len(sanitize_html(html)) <= 5 * len(html)
    assert len(plain_text(html)) <= len(html)
    assert time.process_time() - begun < 5


def test_text_survives_where_nesting_is_cut() -> None:
    clean = sanitize_html("<div>" * 1_000 + "正文" + "</div>" * 1_000 + "<p>其后</p>")
    assert clean.count("<div>") == clean.count("</div>") == 200
    assert plain_text(clean) == "正文\n其后"


def test_unclosed_paragraphs_are_no_nesting() -> None:
    assert plain_text(sanitize_html("<p>甲" * 1_000)) == "\n".join(["甲"] * 1_000)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            "<h1>标题</h1><p>第一条　为了&nbsp;规范&amp;管理</p><p>第二条</p>",
            "标题\n第一条　为了\u00a0规范&管理\n第二条",
        ),
        ("甲<br>乙<br/>丙", "甲\n乙\n丙"),
        ("<table><tr><td>甲</td><td>乙</td></tr><tr><td>丙</td></tr></table>", "甲\t乙\n丙"),
        ("<p>为了规范\n      管理 and\nmore</p>", "为了规范管理 and more"),
        ("<p><img src='https://example.org/a.png' alt='图'></p><p>&#19968;</p>", "一"),
        ("<style>p{}</style><script>if (a<b) x()</script>甲", "甲"),
        ("", ""),
    ],
)
def test_plain_text_is_what_a_reader_sees(html: str, text: str) -> None:
    assert plain_text(html) == text


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("\ufeff第一条\r\n第二条\r第三条", "第一条\n第二条\n第三条"),
        ("第一条  \n　　第二条\u3000\t\n", "第一条\n　　第二条\n"),
        ("第一\u200b条\u200b \n", "第一条\n"),
        ("甲\u2028乙", "甲\n乙"),
        ("e\u0301 \u0301é﨑𠮷", "e\u0301 \u0301é﨑𠮷"),
    ],
)
def test_text_is_normalised_in_what_nobody_sees(raw: str, text: str) -> None:
    assert normalize_text(raw) == text


@given(
    st.text(st.sampled_from("甲 \t\u3000\u00a0\r\n\u2028\u200b\u200d\ufeff\u202e𠮷e\u0301"), max_size=40) | st.text()
)
def test_normalising_twice_is_once(raw: str) -> None:
    text = normalize_text(raw)
    assert normalize_text(text) == text
    assert "\r" not in text
