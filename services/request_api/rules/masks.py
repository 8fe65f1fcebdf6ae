"""Masks of personal data (domain.md §11.3): enough to recognise, not enough to know."""

_COMPOUND = frozenset(
    [
        "欧阳",
        "太史",
        "端木",
        "上官",
        "司马",
        "东方",
        "独孤",
        "南宫",
        "万俟",
        "闻人",
        "夏侯",
        "诸葛",
        "尉迟",
        "公羊",
        "赫连",
        "澹台",
        "皇甫",
        "宗政",
        "濮阳",
        "公冶",
        "太叔",
        "申屠",
        "公孙",
        "慕容",
        "仲孙",
        "钟离",
        "长孙",
        "宇文",
        "司徒",
        "鲜于",
        "司空",
        "闾丘",
        "子车",
        "亓官",
        "司寇",
        "巫马",
        "公西",
        "颛孙",
        "壤驷",
        "公良",
        "漆雕",
        "乐正",
        "宰父",
        "谷梁",
        "拓跋",
        "夹谷",
        "轩辕",
        "令狐",
        "段干",
        "百里",
        "呼延",
        "东郭",
        "南门",
        "羊舌",
        "微生",
        "公户",
        "公玉",
        "公仪",
        "梁丘",
        "公仲",
        "公上",
        "公门",
        "公山",
        "公坚",
        "左丘",
        "公伯",
        "西门",
        "公祖",
        "第五",
        "公乘",
        "贯丘",
        "公皙",
        "南荣",
        "东里",
        "东宫",
        "仲长",
        "子书",
        "子桑",
        "即墨",
        "达奚",
        "褚师",
    ]
)


def mask_name(name: str) -> str:
    """`张*`, `欧阳*`; of a name with a dot or in letters its first part."""
    name = name.strip()
    for separator in "·• ":
        if separator in name:
            return name.split(separator)[0][:1] + "*" + separator + "*"
    return f"{name[:2]}*" if len(name) > 2 and name[:2] in _COMPOUND else f"{name[:1]}*"


def mask_number(number: str) -> str:
    """`370102********001X`: the birth part of an identity number; of any other its middle."""
    if len(number) == 18:
        return f"{number[:6]}********{number[14:]}"
    return f"{number[:1]}{'*' * max(len(number) - 3, 3)}{number[-2:]}" if len(number) > 5 else "***"


def mask_phone(phone: str) -> str:
    """`138****1234`."""
    digits = phone.strip()
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else f"****{digits[-2:]}"


def mask_email(email: str) -> str:
    """`a***@example.cn`."""
    local, _, domain = email.partition("@")
    return f"{local[:1]}***@{domain}"


def mask_address(address: str) -> str:
    """To the street: what follows a road's or a village's name is left out."""
    ends = [
        address.find(mark) + len(mark)
        for mark in ("路", "街", "大道", "巷", "村", "社区", "镇", "乡")
        if mark in address
    ]
    return f"{address[: min(ends)]}***" if ends else f"{address[:3]}***"
