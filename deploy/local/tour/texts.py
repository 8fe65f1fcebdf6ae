"""The documents that the tour takes along, new in every run: a measure, its second text, the act that ends it."""

import time
from dataclasses import dataclass
from datetime import date, timedelta

from deploy.local.demo import drafts
from deploy.local.demo.city import Unit
from deploy.local.demo.library import contact_of
from shared.schemas.policies import (
    DocClass,
    InterpretationInput,
    PolicyInput,
    RelationInput,
    RelationType,
    VersionInput,
)

TITLE = "泉城市老旧电梯更新补助办法"
INITIALS, PINYIN = "qcsljdtgxbzbf", "laojiudianti"
THEME = "城乡建设、环境保护\\城乡建设（含住房）"
_FIRST = """第一条　为了消除老旧电梯安全隐患，减轻居民负担，制定本办法。
第二条　使用十五年以上的住宅电梯，经检验机构评估建议更新的，可以申请补助。
第三条　更新方案由使用管理单位编制，经有利害关系的业主依法表决同意。
第四条　每部电梯补助八万元，自验收合格之日起三十日内由区财政部门直接拨付。
第五条　更新期间应当保留无障碍通道，为行动不便的居民提供上下楼帮助。
第六条　弄虚作假骗取补助的，依法追回。
第七条　本办法有效期五年。"""
_SECOND = (
    _FIRST.replace(
        "第四条　每部电梯补助八万元，自验收合格之日起三十日内",
        "第四条　每部电梯补助十二万元，加装平层装置的再增加一万元，自验收合格之日起十五日内",
    )
    .replace("第六条　弄虚作假", "第六条　更新后的电梯应当购买不少于三年的质量保证保险。\n第七条　弄虚作假")
    .replace("第七条　本办法有效期", "第八条　本办法有效期")
)
ARTICLE = """一、背景
住在高层，最怕听见“电梯停了”。去年全市困人事件里，六成发生在用了十五年以上的梯子上。
二、依据
特种设备安全法要求使用单位对隐患设备及时处理，本市据此安排补助资金。
三、目标
三年内把评估建议更新的住宅电梯换完。
四、主要做法和理由
为什么按“部”补而不按造价补？因为按造价补容易越补越贵；定额公开，居民好算账。
五、适用范围和标准
商场、写字楼不在范围内；补多少以文本为准，各区可以从优。
六、名词
平层装置：断电时让轿厢慢慢停到最近一层开门的装置。
七、好处
钱由财政直接拨付，不用跑申请、不用垫资等报销。
八、怎么办
物业牵头做方案，业主表决后到街道登记，验收合格即进入拨付。
九、和过去有什么不同
过去只有贷款贴息，现在有了定额补助。"""
SCRIPT = "一看年限，二看评估，三看表决，四看到账：四格漫画讲清老旧电梯怎样换新。"


@dataclass(frozen=True)
class Run:
    """What is unique to one run."""

    today: date
    number: int

    @property
    def doc_no(self) -> str:
        return f"泉建规〔{self.today.year}〕{self.number}号"

    @property
    def repeal_no(self) -> str:
        return f"泉建字〔{self.today.year}〕{self.number}号"

    @property
    def external_id(self) -> str:
        return f"TOUR-{self.today.year}-{self.number}"

    @property
    def second_text_on(self) -> date:
        return self.today + timedelta(days=40)


def new_run(today: date) -> Run:
    """Numbers derived from the time: two runs of a week share none."""
    return Run(today, 100_000 + int(time.time()) % 899_000)


def odd_spellings(run: Run) -> list[str]:
    """How people really write a number."""
    year, seq = run.today.year, run.number
    wide = str(seq).translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    return [
        f"泉建规〔{year}〕{seq}号",
        f"泉建规[{year}]{seq}号",
        f"泉建规({year}) {seq} 号",
        f"泉建规（{year}）第{seq}号",
        f"泉建规【{year}】{wide}号",
        f"泉建规{year}{seq}号",
        f"泉建规 {year} {seq}",
    ]


def first_text(run: Run, unit: Unit) -> PolicyInput:
    """The measure as the department pushes it."""
    return PolicyInput(
        title=TITLE,
        doc_class=DocClass.NORMATIVE,
        doc_no=run.doc_no,
        reg_no=f"QCCR-{run.today.year}-014{run.number % 10_000:04d}",
        theme=THEME,
        signed_on=run.today,
        expires_on=run.today + timedelta(days=5 * 365),
        body=_FIRST,
        contact=contact_of(unit),
        version=VersionInput(label="原始文本"),
        livelihood=True,
        market_related=True,
    )


def second_text(run: Run, unit: Unit) -> PolicyInput:
    """Its revision: a higher sum and a new article, from a later day."""
    changes = {
        "body": _SECOND,
        "version": VersionInput(
            label="第一次修订", adopted_on=run.today, effective_on=run.second_text_on, instrument="局务会议决定"
        ),
    }
    return first_text(run, unit).model_copy(update=changes)


def repealing_act(run: Run, unit: Unit) -> PolicyInput:
    """The notice that ends the measure on the day it is published."""
    body = f"""各区住房城乡建设局，各有关单位：
电梯更新补助已纳入城市更新专项资金统一安排，《{TITLE}》（{run.doc_no}）自本通知印发之日起废止。
一、衔接安排
此前已受理的申请按原标准办理完毕。
二、档案管理
办理材料由各区归档，保存期限不少于五年。"""
    return PolicyInput(
        title=f"泉城市住房和城乡建设局关于废止《{TITLE}》的通知",
        doc_no=run.repeal_no,
        theme=THEME,
        signed_on=run.today,
        body=body,
        contact=contact_of(unit),
        relations=[RelationInput(type=RelationType.REPEALS, target_doc_no=run.doc_no)],
    )


def materials(unit: Unit, *, again: bool = False) -> list[InterpretationInput]:
    """文字解读 and 图解; `again` for the revision."""
    more = "（修订）" if again else ""
    return [
        drafts.article(unit, title=f"老电梯怎样换新：补助办法解读{more}", body=ARTICLE),
        drafts.picture_story(unit, title=f"一图读懂老旧电梯更新补助{more}", script=SCRIPT),
    ]
