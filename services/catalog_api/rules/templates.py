"""Example rows of published standards, as a start for a catalog of one's own (domain.md §5.4). Facts, shortened by us."""

from typing import Any

from services.catalog_api.rules.domains import domain_of

_REGULATION = "《中华人民共和国政府信息公开条例》"
_TWENTY = "信息形成或者变更之日起20个工作日内"
_TEN = "制定或获取信息之日起10个工作日内"
_WEB, _SOCIAL, _READING, _HALL, _BOARD = "web", "social", "reading_point", "service_hall", "bulletin_board"
_DISTRICT, _BOTH, _TOWN = ["district"], ["district", "town"], ["town"]
_ENROLMENT = "教育部关于小学升入初中免试就近入学和中小学信息公开的规定"
# Domain, first level, second level, content, further bases, time limit, publisher, channels, levels.
_ROWS: tuple[tuple[str, str, str, str, tuple[str, ...], str, str, list[str], list[str]], ...] = (
    (
        *("义务教育", "教育概况", "教育事业发展主要情况", "教育事业发展主要情况", ("《中华人民共和国统计法》",)),
        *(_TWENTY, "教育局", [_WEB, _SOCIAL, _READING], _DISTRICT),
    ),
    (
        *("义务教育", "教育概况", "义务教育学校名录", "学校名称、地址、办学层次、办学类型、办公电话", ()),
        *(_TWENTY, "教育局", [_WEB, _SOCIAL, _READING], _DISTRICT),
    ),
    (
        *("义务教育", "招生管理", "招生范围", "招生范围；学区划分详细情况", (_ENROLMENT,)),
        *(_TWENTY, "教育局", [_WEB, _SOCIAL, _READING, _BOARD], _DISTRICT),
    ),
    (
        *("义务教育", "招生管理", "学校介绍", "办学性质、地点、规模、基本条件、联系方式", (_ENROLMENT,)),
        *(_TWENTY, "学校", [_WEB, _SOCIAL], _BOTH),
    ),
    (
        *("义务教育", "学生管理", "义务教育学生资助政策", "城乡义务教育“两免一补”政策", ()),
        *(_TWENTY, "教育局", [_WEB], _DISTRICT),
    ),
    (
        *("义务教育", "民办学校信息", "民办学校办学基本信息", "学校名称、办学许可证、办学规模、联系方式"),
        *(("《中华人民共和国民办教育促进法》",), _TWENTY, "教育局", [_WEB], _DISTRICT),
    ),
    (
        *("社会救助", "综合业务", "监督检查", "社会救助信访通讯地址；社会救助投诉举报电话", ()),
        *(_TEN, "县级民政部门、乡镇政府（街道办事处）", [_WEB, _READING, _HALL], _BOTH),
    ),
    (
        *("社会救助", "最低生活保障", "办事指南", "办理事项、条件、低保标准、申请材料、流程、时间、地点、联系方式", ()),
        *(_TEN, "县级民政部门、乡镇政府（街道办事处）", [_WEB, _READING, _HALL], _BOTH),
    ),
    (
        *("社会救助", "最低生活保障", "审核信息", "初审对象名单及相关信息", ()),
        *(f"{_TEN}，公示7个工作日", "乡镇政府（街道办事处）", [_BOARD], _TOWN),
    ),
    (
        *("养老服务", "养老服务通用政策", "养老服务扶持政策措施清单", "政策措施名称、对象、实施部门、内容和标准", ()),
        *("制定或获取扶持政策措施之日起10个工作日内", "县级民政部门", [_WEB, _SOCIAL, _HALL], _DISTRICT),
    ),
    (
        *("养老服务", "养老服务业务办理", "养老机构备案", "备案材料清单及样式；流程；部门；时限；时间地点；电话", ()),
        *("制定或获取备案政策之日起10个工作日内", "民政部门、乡镇政府", [_WEB, _HALL], _BOTH),
    ),
    (
        *("公共资源交易", "工程建设项目招标投标信息", "审批核准信息"),
        *("招标内容、范围、组织形式、方式、估算金额、审核或核准部门", ("《招标投标法实施条例》",)),
        *("信息形成之日起20个工作日内", "管理部门", [_WEB], _DISTRICT),
    ),
)


def template_of(domain: str) -> list[dict[str, Any]]:
    """The example rows of a domain as items, without their limits' rules; none where none are shipped."""
    found = [row for row in _ROWS if domain_of(row[0]) == domain]
    return [_item(number, row) for number, row in enumerate(found, 1)]


def _item(number: int, row: tuple[Any, ...]) -> dict[str, Any]:
    domain, first, second, content, bases, limit, publisher, channels, levels = row
    return {
        "key": f"{domain_of(domain).replace('_', '-')}-{number:02d}",
        "number": number,
        "domain": domain_of(domain),
        "first_level": first,
        "second_level": second,
        "content": content,
        "basis": [_REGULATION, *bases],
        "time_limit": limit,
        "publisher": publisher,
        "channels": channels,
        "other_channels": [],
        "audience": "everybody",
        "audience_note": None,
        "mode": "proactive",
        "levels": levels,
        "mandatory": True,
    }
