"""New documents on their way to the public, with plan and materials: bodies for dossiers of the demo and of the tour."""

from datetime import date

from deploy.local.demo.city import Unit
from deploy.local.demo.interpretations import PEOPLE
from deploy.local.demo.library import contact_of
from shared.schemas.dossiers import ActivityInput, FirstInterpreterInput, PlanInput
from shared.schemas.policies import (
    Attachment,
    Contact,
    DocClass,
    InterpretationForm,
    InterpretationInput,
    PolicyInput,
)

WEBSITE, MEDIA = "市政府门户网站", "“泉城发布”新媒体"
SECTIONS = [
    *("background", "basis", "goals", "main_content", "scope", "standards", "keywords", "benefits"),
    *("differences", "procedure"),
]


def plan(unit: Unit, *, outline: str) -> PlanInput:
    """A complete interpretation plan: an article and a picture story on the day of publication."""
    return PlanInput(
        outline=outline,
        units=[unit.code],
        person=PEOPLE[0],
        contact=contact_of(unit),
        audience="本市居民、物业服务人和有关企业",
        first_interpreter=FirstInterpreterInput(name=PEOPLE[1], post="局长", unit=unit.code, principal_head=True),
        activities=[
            ActivityInput(channel=WEBSITE, form=InterpretationForm.TEXT, days_after_release=0),
            ActivityInput(channel=MEDIA, form=InterpretationForm.INFOGRAPHIC, days_after_release=0),
        ],
    )


def article(unit: Unit, *, title: str, body: str) -> InterpretationInput:
    """文字解读 with every required part."""
    contact = contact_of(unit)
    return InterpretationInput(
        title=title,
        body=body,
        sections=SECTIONS,
        interpreter=Contact(organ=unit.name, person=PEOPLE[1]),
        contact=contact,
        channels=[WEBSITE],
    )


def picture_story(unit: Unit, *, title: str, script: str) -> InterpretationInput:
    """一图读懂 with its text alternative."""
    file = Attachment(name="一图读懂.png", media_type="image/png", sha256="0" * 63 + "1", alt_text=script)
    return InterpretationInput(
        title=title,
        form=InterpretationForm.INFOGRAPHIC,
        body=f"【文字稿】{script}",
        sections=["background", "main_content", "benefits"],
        contact=contact_of(unit),
        attachments=[file],
        channels=[MEDIA],
    )


def charging_draft(unit: Unit) -> PolicyInput:
    """A draft with what the check refuses: a private telephone number, and nothing yet that interprets it."""
    body = """各区住房城乡建设局，各物业服务企业：
电动自行车“上楼入户”是住宅火灾的主要诱因。为从源头消除隐患，现就加强住宅小区电动自行车充电设施建设通知如下。
一、合理布点
（一）每百户不少于十个充电端口，充电棚与住宅净距不小于六米，确因场地受限的应当设置防火分隔。（责任单位：市住房城乡建设局）
（二）利用架空层建设的，应当加装自动喷淋和烟感报警，不得占用疏散通道。（责任单位：市住房城乡建设局、市应急局）
二、规范收费
充电费由电费和服务费组成，分项公示；服务费不得与充电时长捆绑，未用完的余额全额退还。
三、落实管理责任
物业服务人每日巡查不少于两次，劝阻电动自行车进楼。联系人王演示，手机13800138000。"""
    return PolicyInput(
        title="泉城市住房和城乡建设局关于加强住宅小区电动自行车充电设施建设的通知",
        doc_no="泉建字〔2026〕901号",
        theme="城乡建设、环境保护\\城乡建设（含住房）",
        signed_on=date(2026, 6, 12),
        body=body,
        contact=contact_of(unit),
        livelihood=True,
    )


def maintenance_draft(unit: Unit) -> PolicyInput:
    """A normative document that comes through everything."""
    body = """第一条　为了规范住宅专项维修资金应急使用，保障房屋使用安全，制定本办法。
第二条　发生下列情形之一，严重影响安全的，可以应急使用维修资金：
（一）屋面、外墙渗漏；
（二）电梯故障经检验不合格；
（三）消防设施严重损坏。
第三条　物业服务人或者居民委员会提出应急维修方案，经区住房城乡建设部门委托的机构现场核查，三个工作日内出具意见。
第四条　应急维修不需要业主表决，但方案、预算和施工单位应当在小区公示不少于二十四小时。
第五条　工程竣工后由受益业主代表、物业服务人和监理共同验收，费用清单公示不少于十日。
第六条　骗取、挪用维修资金的，依法追回并处罚；涉嫌犯罪的，移送公安机关。
第七条　本办法自2026年8月1日起施行，有效期至2031年7月31日。"""
    return PolicyInput(
        title="泉城市住宅专项维修资金应急使用办法",
        doc_class=DocClass.NORMATIVE,
        doc_no="泉建规〔2026〕902号",
        reg_no="QCCR-2026-0149002",
        theme="城乡建设、环境保护\\城乡建设（含住房）",
        signed_on=date(2026, 6, 12),
        effective_on=date(2026, 8, 1),
        expires_on=date(2031, 7, 31),
        body=body,
        contact=contact_of(unit),
        livelihood=True,
    )


def community_draft(unit: Unit) -> PolicyInput:
    """A notice that waits for its signature."""
    body = """各区住房城乡建设局：
为引导居民参与社区治理，经研究，决定开展2026年度绿色社区创建，现通知如下。
一、创建标准
垃圾分类准确率达到百分之九十，公共区域照明全部更换为节能灯具，绿地由居民认养不少于三成。
二、创建程序
社区自愿申报，区级指导，市级于11月份随机暗访。暗访不通知、不陪同、不要求准备展板和汇报材料。
三、激励措施
通过验收的，每个社区给予三万元奖补，由居民议事会决定用途并公开账目。"""
    return PolicyInput(
        title="泉城市住房和城乡建设局关于开展2026年度绿色社区创建的通知",
        doc_no="泉建字〔2026〕903号",
        theme="城乡建设、环境保护\\城乡建设（含住房）",
        signed_on=date(2026, 6, 12),
        body=body,
        contact=contact_of(unit),
    )


MAINTENANCE_ARTICLE = """一、为什么急着改
顶楼漏雨、电梯停摆，等不得两个月一轮的签字。去年热线受理维修资金诉求四千余件，七成卡在“凑不齐票”。
二、依据
《民法典》第二百八十一条规定，紧急情况下可以依法申请使用维修资金。
三、目标
从报修到动工控制在五天以内，钱用在哪里人人看得到。
四、主要做法和理由
把“先表决”换成“先核查、快公示、严验收”：核查由专业机构做，公示只要一天，账目却要挂满十天，快的是程序，不松的是监督。
五、适用范围和标准
只适用于危及安全的情形；普通翻新、美化仍按常规程序表决。
六、关键词
应急使用：不经业主表决、先行动用维修资金处理险情。
七、好处
住户不用挨家求签字，费用由受益业主分摊，没有受益的不出钱。
八、与过去不同在哪里
过去要三分之二业主签字，现在险情核实即可；过去公示七日，现在施工前一日、完工后十日。
九、怎么办
向物业或者居委会报修，核查意见三个工作日内出具；对费用有异议的，公示期内向区住房城乡建设部门提出。"""
COMMUNITY_ARTICLE = """一、背景：评比多、材料多是社区的老烦恼，今年把迎检改为暗访。
二、依据：住房城乡建设领域绿色发展的有关部署。
三、目标：看得见的变化写进居民的日子，而不是写进汇报。
四、内容和理由：指标只留三项，都是居民自己能数、能看、能管的；奖补给议事会定，谁出力谁有发言权。
五、范围与标准：城市社区自愿参加，标准以通知为准。
六、名词：绿地认养，就是邻居们分片照看门前的一块绿。
七、好处：验收通过给三万元，花在哪里大家商量。
八、程序：社区报到区里即可，不用做展板。"""
PICTURE_SCRIPT = "第一格：遇到险情找谁；第二格：三天内有专业意见；第三格：公示一天就动工；第四格：账目挂满十天。"
