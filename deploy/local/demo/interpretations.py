"""Interpretations (政策解读) of the demo documents, in many forms, made of what each area says about itself."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from deploy.local.demo.areas import Area, areas
from deploy.local.demo.city import Unit, units
from deploy.local.demo.library import cite, contact_of, external_id, numbers, papers
from deploy.local.demo.papers import LATEST_DAY, Paper, pick, workday
from shared.schemas.policies import (
    Attachment,
    Contact,
    InterpretationForm,
    InterpretationImport,
    InterpretationStage,
)

PEOPLE = ("张示例", "李样本", "王演示", "赵模拟", "陈范例", "刘虚构", "周试用", "吴占位")
"""Nobody is called like that."""
_FIRST_SECTIONS = ["background", "basis", "goals", "main_content", "scope", "keywords", "benefits"]


@dataclass(frozen=True)
class Reading:
    """An interpretation and who imports it under which name."""

    organization: str
    external_id: str
    content: InterpretationImport


@cache
def interpretations() -> tuple[Reading, ...]:
    """All of them, area by area."""
    return tuple(reading for area in areas() for reading in _of_area(area))


def _of_area(area: Area) -> Iterator[Reading]:
    main, measure = papers()[f"{area.key}-policy-2"], papers()[f"{area.key}-measure"]
    yield _article(area, main)
    yield _shown(area, main)
    yield _questions(area, main, "qa", area.reading.qa, InterpretationStage.ISSUE)
    yield _interview(area, measure)
    yield _measure_article(area, measure)
    for paper in papers().values():
        if paper.area == area.key and _is_local_with_reading(area, paper):
            yield _local_article(area, paper)
    if pick(area.key + "later", 2):
        yield _follow_up(area, main)


def _is_local_with_reading(area: Area, paper: Paper) -> bool:
    """One district in three explains its own paper."""
    is_district = any(link.key == f"{area.key}-policy-2" for link in paper.links) and "." not in paper.key
    return (
        is_district and not paper.key.endswith(("zone", "notice-1", "notice-2", "measure")) and not pick(paper.key, 3)
    )


def _explainer(area: Area, paper: Paper) -> Unit:
    """谁起草、谁解读: of a government's paper the leading department."""
    return units()[area.lead if units()[paper.issuer].number_prefix.startswith("泉") else paper.issuer]


def _reading(
    area: Area,
    paper: Paper,
    suffix: str,
    *,
    title: str,
    form: InterpretationForm,
    body: list[str],
    sections: list[str],
    stage: InterpretationStage = InterpretationStage.ISSUE,
    days: int = 0,
    attachments: list[Attachment] | None = None,
    on: date | None = None,
) -> Reading:
    unit, published = _explainer(area, paper), on or paper.published_on
    day = published if not days else min(workday(published + timedelta(days=days)), LATEST_DAY)
    name = f"{unit.short if '.' not in unit.key else unit.name}主要负责人"
    content = InterpretationImport(
        title=title,
        form=form,
        stage=stage,
        body="\n".join(body),
        sections=sections,
        interpreter=Contact(organ=unit.name, person=f"{PEOPLE[pick(unit.key, len(PEOPLE))]}（{name}）"),
        contact=contact_of(unit),
        attachments=attachments or [],
        channels=["市政府门户网站", *(["“泉城发布”新媒体"] if pick(suffix + paper.key, 2) else ["新闻发布会"])],
        policy_doc_no=numbers()[paper.key].doc_no,
        published_on=day,
    )
    return Reading(unit.code, f"{external_id(paper)}-{suffix}", content)


def _short(paper: Paper) -> str:
    """What the document is called in a headline."""
    return paper.title.partition("《")[2].partition("》")[0] or paper.title


def _terms(area: Area) -> list[str]:
    return [f"{term.replace('｜', '：', 1)}。" for term in area.reading.terms]


def _differences(area: Area, paper: Paper) -> list[str]:
    forerunner = papers().get(f"{area.key}-policy-1")
    said = f"与{cite(forerunner.key)}相比：" if forerunner else ""
    return [f"六、新旧政策有什么不同\n{said}{area.reading.difference}"]


def _article(area: Area, paper: Paper) -> Reading:
    """文字解读: the whole of the required parts."""
    reading, lead = area.reading, units()[area.lead]
    together = "、".join(units()[key].short for key in area.together)
    basis = "、".join(f"《{act}》" for act in area.basis)
    body = [
        f"一、为什么要制定这份文件\n{reading.background}",
        f"二、依据是什么\n主要依据{basis}以及国家和省有关部署。起草过程中书面征求了{together}和各区意见，并向社会公开征求意见三十日，采纳情况已在门户网站反馈。",
        f"三、要达到什么目标\n{reading.goals}",
        f"四、对群众和企业意味着什么\n{reading.benefits}\n适用范围为本市行政区域，具体对象以文件正文和办事指南为准。",
        "五、几个词怎么理解\n" + "\n".join(_terms(area)),
        *_differences(area, paper),
        f"七、不清楚找谁问\n{lead.short}负责解释，电话{contact_of(lead).phone}，工作日9:00—17:00。",
    ]
    sections = [*_FIRST_SECTIONS, "differences"]
    form = InterpretationForm.TEXT
    return _reading(area, paper, "text", title=f"《{_short(paper)}》政策解读", form=form, body=body, sections=sections)


def _shown(area: Area, paper: Paper) -> Reading:
    """图解、视频 and their kin, each with its text alternative."""
    forms = (
        (InterpretationForm.INFOGRAPHIC, "一图读懂", "png", "image/png"),
        (InterpretationForm.VIDEO, "视频解读", "mp4", "video/mp4"),
        (InterpretationForm.ANIMATION, "动漫解读", "mp4", "video/mp4"),
        (InterpretationForm.AUDIO, "听政策", "mp3", "audio/mpeg"),
        (InterpretationForm.H5, "互动图解", "png", "image/png"),
    )
    form, word, suffix, media_type = forms[pick(area.key + "form", len(forms))]
    reading = area.reading
    script = f"{reading.background}文件提出：{reading.goals}{reading.benefits}"
    file = Attachment(
        name=f"{word}·{area.name}.{suffix}",
        media_type=media_type,
        sha256=hashlib.sha256(f"{area.key}{suffix}".encode()).hexdigest(),
        alt_text=script,
    )
    body = [f"【文字稿】{script}", *_terms(area), f"咨询电话：{contact_of(units()[area.lead]).phone}"]
    sections = ["background", "goals", "keywords", "benefits"]
    return _reading(
        area,
        paper,
        "shown",
        title=f"{word}：{area.name}有哪些新举措",
        form=form,
        body=body,
        sections=sections,
        attachments=[file],
    )


def _questions(area: Area, paper: Paper, suffix: str, asked: list[str], stage: InterpretationStage) -> Reading:
    """问答: what citizens ask the hotline."""
    pairs = [item.partition("｜") for item in asked]
    body = [f"问：{question}\n答：{answer}" for question, _, answer in pairs]
    body.append(f"更多问题可拨打12345或{contact_of(units()[area.lead]).phone}咨询。")
    sections = ["scope", "standards", "procedure"]
    title = f"关于{area.name}，您关心的{len(pairs)}个问题"
    return _reading(
        area, paper, suffix, title=title, form=InterpretationForm.QA, body=body, sections=sections, stage=stage, days=1
    )


def _interview(area: Area, paper: Paper) -> Reading:
    """领导干部、专家、媒体解读 and 新闻发布会 on the measure."""
    forms = (
        (InterpretationForm.OFFICIAL, "主要负责人访谈"),
        (InterpretationForm.PRESS_CONF, "新闻发布会实录"),
        (InterpretationForm.EXPERT, "专家解读"),
        (InterpretationForm.MEDIA, "媒体解读"),
        (InterpretationForm.OFFICIAL, "负责人答记者问"),
    )
    form, word = forms[pick(area.key + "interview", len(forms))]
    reading, person = area.reading, PEOPLE[pick(area.lead, len(PEOPLE))]
    asked = reading.qa[0].partition("｜")
    body = [
        f"记者：制定{cite(paper.key)}是出于什么考虑？",
        f"{person}：{reading.background}光有原则不够，办什么、谁来办、多久办好要写成条款，这个办法就是把这些说清楚。",
        f"记者：群众最关心的是，{asked[0]}",
        f"{person}：{asked[2]}",
        "记者：怎样保证落实？",
        f"{person}：我们把办理时限、补助标准、监督电话都公开了，做得不好，欢迎大家拿着条款来找我们。{reading.benefits}",
    ]
    title = f"{word}：《{_short(paper)}》"
    return _reading(
        area,
        paper,
        "interview",
        title=title,
        form=form,
        body=body,
        sections=["background", "main_content", "benefits"],
        on=_current_text_day(paper),
    )


def _current_text_day(paper: Paper) -> date:
    """When the newest text that is already published came out."""
    return max(text.published_on for text in paper.texts if text.published_on <= LATEST_DAY)


def _measure_article(area: Area, paper: Paper) -> Reading:
    """条文释义 of a measure."""
    unit = units()[area.lead]
    pairs = [item.partition("｜") for item in area.reading.qa]
    body = [
        f"一、出台背景\n{unit.short}在执行中发现，各区掌握的尺度不一，窗口解释也不完全一致，群众来电多集中在条件和时限两个方面。",
        "二、主要内容\n《办法》先讲清适用对象，再规定条件、程序和时限，最后明确监督和责任。凡能够通过数据共享核验的，不再要求申请人提供证明。",
        "三、重点条款\n" + "\n".join(f"（{number}）{q[0]}{q[2]}" for number, q in enumerate(pairs, 1)),
        "四、执行标准\n标准以公布的文本为准，各区不得增设条件、提高门槛；确有更优惠规定的，可以从优。",
        "五、关键词\n" + "\n".join(_terms(area)),
        f"六、咨询方式\n{unit.name}，{contact_of(unit).phone}。",
    ]
    sections = ["background", "main_content", "scope", "standards", "keywords", "procedure"]
    return _reading(
        area,
        paper,
        "text",
        title=f"《{_short(paper)}》条文释义",
        form=InterpretationForm.TEXT,
        body=body,
        sections=sections,
        on=_current_text_day(paper),
    )


def _local_article(area: Area, paper: Paper) -> Reading:
    """A district on what it added."""
    unit = units()[paper.issuer]
    place = unit.name.partition("区")[0] + "区"
    body = [
        f"一、{place}为什么单独制定\n市级文件定了方向和标准，{place}的基础、人口和短板各有不同，需要把任务落到街道和项目上。",
        f"二、比市级文件多了什么\n一是把全市目标分解到本区；二是增加了本区的重点片区和工作机制；三是明确每一项由哪个部门负责。\n{area.reading.goals}",
        f"三、居民怎么参与\n可以通过社区议事会、公开栏意见箱和12345提出意见。{area.reading.benefits}",
        f"四、咨询电话\n{unit.name}，{contact_of(unit).phone}。",
    ]
    sections = ["background", "goals", "main_content", "benefits"]
    title = f"{place}{area.name}：多了哪些本地办法"
    return _reading(area, paper, "text", title=title, form=InterpretationForm.TEXT, body=body, sections=sections)


def _follow_up(area: Area, paper: Paper) -> Reading:
    """二次解读: half a year later, on what people asked."""
    forms = ((InterpretationForm.CASE, "案例"), (InterpretationForm.ON_SITE, "现场宣讲"))
    form, word = forms[pick(area.key + "case", 2)]
    asked = area.reading.qa[-1].partition("｜")
    unit = units()[area.lead]
    body = [
        f"文件施行半年来，{unit.short}收到咨询较多的是：{asked[0]}",
        f"在一次社区活动中，居民{PEOPLE[pick(area.key, len(PEOPLE))]}也提了同样的问题。工作人员的答复是：{asked[2]}",
        f"这件事说明，政策好不好，要看{area.name}的每个环节是不是让人听得懂、办得成。{area.reading.benefits}",
        f"如果您也遇到类似情况，可以直接拨打{contact_of(unit).phone}。",
    ]
    title = f"{word}｜{area.name}：半年来大家问得最多的事"
    return _reading(
        area,
        paper,
        "follow-up",
        title=title,
        form=form,
        body=body,
        sections=["main_content", "procedure"],
        stage=InterpretationStage.FOLLOW_UP,
        days=183,
    )
