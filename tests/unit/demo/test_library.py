"""The demo library is one that policy_api takes as it is, and that looks like a city's."""

import re
from collections import Counter
from datetime import date

import pytest

from deploy.local.demo.areas import areas
from deploy.local.demo.city import units
from deploy.local.demo.interpretations import interpretations
from deploy.local.demo.library import batch_line, numbers, papers, waves
from deploy.local.demo.loader import WITHDRAWN
from deploy.local.demo.papers import LATEST_DAY, Paper
from services.policy_api.rules.checks import check_policy, find_warnings
from services.policy_api.rules.doc_number import is_canonical
from services.policy_api.rules.outline import parse_outline
from services.policy_api.rules.scans import scan_text
from services.policy_api.rules.validity import Lifetime, validity_on
from shared.schemas.policies import BatchLine, DocClass, PolicyInput, RelationType, Validity

LINES = [line for wave in waves() for line in wave]
FIRST = waves()[0]
PROLONGED = {"OA-2021-rental-measure", "OA-2021-safety-measure"}
"""公布继续有效: their last day is later than the text's own."""


def test_there_are_some_hundred_documents_of_many_subjects() -> None:
    assert 300 <= len(FIRST) <= 400
    assert len(areas()) >= 25
    assert len({line.theme for line in FIRST}) >= 25


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.external_id}@{line.version.effective_on}")
def test_policy_api_takes_every_document_without_an_error(line: BatchLine) -> None:
    PolicyInput.model_validate(line.model_dump(exclude={"organization", "external_id"}))
    assert check_policy(line, importing=True, today=LATEST_DAY) == []


def test_a_clerk_would_find_nothing_to_look_at() -> None:
    warned = {line.external_id: find_warnings(line) for line in FIRST if line.external_id not in PROLONGED}
    assert {name: said for name, said in warned.items() if said} == {}


def test_document_and_index_and_registration_numbers_are_given_once() -> None:
    for given in zip(*((n.doc_no, n.index_no, n.reg_no) for n in numbers().values()), strict=True):
        counted = Counter(number for number in given if number is not None)
        assert [number for number, times in counted.items() if times > 1] == []
    assert all(is_canonical(given.doc_no) for given in numbers().values())


def test_a_wave_names_a_document_once() -> None:
    for wave in waves():
        names = [(line.organization, line.external_id) for line in wave]
        assert len(names) == len(set(names))


def test_nothing_of_the_markup_is_left_in_a_text() -> None:
    left = re.compile(r"[{}@]|\[\d-?\d?\]|^[#=+%-] ", re.MULTILINE)
    assert [line.external_id for line in LINES if left.search(line.body)] == []


def test_texts_have_an_outline_and_no_personal_information() -> None:
    plain = [line.external_id for line in LINES if not parse_outline(line.body)]
    assert len(plain) <= 12  # Short replies and decisions have no points.
    assert [line.external_id for line in LINES if scan_text(line.body)] == []


def test_no_text_is_another_with_a_swapped_name() -> None:
    """Paragraphs that many documents share would betray a template; each has some of its own."""
    paragraphs = {line.external_id: {p for p in line.body.splitlines() if len(p) > 20} for line in FIRST}
    shared = Counter(paragraph for of_one in paragraphs.values() for paragraph in of_one)
    assert max(times for paragraph, times in shared.items() if len(paragraph) > 40) <= 20
    assert sum(map(len, shared)) > 80_000
    assert [name for name, of_one in paragraphs.items() if all(shared[p] > 1 for p in of_one)] == []


def test_every_relation_leads_to_a_document_that_was_there_before() -> None:
    by_number = {line.doc_no: line for line in FIRST}
    for line in FIRST:
        for relation in line.relations:
            if relation.target_doc_no is None:
                assert relation.target_title
                continue
            target = by_number[relation.target_doc_no]
            assert line.published_on is not None
            assert target.published_on is not None
            assert target.published_on <= line.published_on, (line.external_id, target.external_id)


def test_only_those_above_end_or_change_a_document() -> None:
    """policy_api refuses an act of an organisation that does not stand at or above the target's."""
    changing = {RelationType.REPEALS, RelationType.REPLACES, RelationType.AMENDS, RelationType.CONTINUES}
    for paper in papers().values():
        for link in paper.links:
            if link.type in changing and link.key is not None:
                assert paper.issuer in ("gov", papers()[link.key].issuer)


def test_relations_of_seven_kinds_tie_the_levels_together() -> None:
    counted = Counter(relation.type for line in FIRST for relation in line.relations)
    for kind in ("implements", "based_on", "replaces", "repeals", "amends", "forwards", "continues"):
        assert counted[RelationType(kind)] > 0, kind
    levels = {(units()[paper.issuer].organization.level, paper.doc_class) for paper in papers().values()}
    assert {level for level, _ in levels} == {"city", "district", "town"}


def test_normative_documents_have_a_registration_number_and_a_last_day() -> None:
    normative = [line for line in FIRST if line.doc_class is DocClass.NORMATIVE]
    assert len(normative) >= 40
    assert all(line.reg_no and line.expires_on for line in normative)
    assert not any(line.reg_no for line in FIRST if line.doc_class is not DocClass.NORMATIVE)


def _own_validity(paper: Paper, day: date) -> Validity:
    return validity_on(Lifetime(paper.effective_on, paper.expires_on, None), day)


def test_some_have_lapsed_some_soon_will_and_some_are_yet_to_begin() -> None:
    own = Counter(_own_validity(paper, LATEST_DAY) for paper in papers().values())
    assert own[Validity.LAPSED] >= 10
    soon = [p for p in papers().values() if p.expires_on and LATEST_DAY <= p.expires_on <= date(2027, 6, 30)]
    assert len(soon) >= 8
    coming = [text for paper in papers().values() for text in paper.texts if text.effective_on > LATEST_DAY]
    assert coming


def test_regulations_keep_their_history_with_changed_articles() -> None:
    regulations = [paper for paper in papers().values() if len(paper.texts) > 1]
    assert {len(paper.texts) for paper in regulations} == {2, 3}
    for paper in regulations:
        assert paper.doc_class is DocClass.REGULATION
        days = [text.effective_on for text in paper.texts]
        assert days == sorted(set(days))
        bodies = [batch_line(paper, number).body for number in range(len(paper.texts))]
        assert len(set(bodies)) == len(bodies)


def test_an_amending_decision_says_what_changes() -> None:
    decision = batch_line(papers()["order-287"], 0)
    assert "增加一条，作为第七条：“供热管网敷设" in decision.body
    assert "将第七条修改为：“本市供热期为每年11月15日至次年3月15日。市人民政府可以" in decision.body
    assert [relation.target_doc_no for relation in decision.relations] == ["泉城市人民政府令第251号"]


def test_interpretations_explain_documents_that_are_out() -> None:
    published = {line.doc_no: line.published_on for line in FIRST}
    names = {(reading.organization, reading.external_id) for reading in interpretations()}
    assert len(names) == len(interpretations()) >= 150
    for reading in interpretations():
        day = published[reading.content.policy_doc_no or ""]
        assert day is not None
        assert day <= reading.content.published_on <= LATEST_DAY
        assert reading.content.sections
        assert reading.content.contact is not None
        assert reading.content.contact.phone


def test_interpretations_come_in_many_forms_with_text_alternatives() -> None:
    assert len({reading.content.form for reading in interpretations()}) >= 8
    assert len({reading.content.stage for reading in interpretations()}) == 2
    files = [file for reading in interpretations() for file in reading.content.attachments]
    assert files
    assert all(file.alt_text for file in files)
    assert [r.external_id for r in interpretations() if scan_text(r.content.body)] == []


def test_telephone_numbers_cannot_exist() -> None:
    phones = {line.contact.phone for line in FIRST if line.contact and line.contact.phone}
    phones |= {r.content.contact.phone for r in interpretations() if r.content.contact and r.content.contact.phone}
    assert all(re.fullmatch(r"0531-0\d{7}", phone) for phone in phones)


def test_what_is_withdrawn_is_referred_to_by_nobody() -> None:
    assert set(WITHDRAWN) <= set(papers())
    assert not any(link.key in WITHDRAWN for paper in papers().values() for link in paper.links)


def test_the_city_is_the_same_on_every_machine() -> None:
    first = {line.external_id: line.model_dump_json() for line in FIRST}
    papers.cache_clear()
    numbers.cache_clear()
    again = {line.external_id: line.model_dump_json() for line in waves()[0]}
    assert first == again
    # A seed of Python's hashing or a clock would show here.
    assert numbers()["heating-measure"].doc_no == "泉城市人民政府令第251号"
    assert numbers()["renewal-policy-2"].doc_no == "泉政办发〔2023〕5号"
