"""Industry codes of GB/T 4754-2017: a section letter, then nothing or two to four digits of division, group, class. Pure."""

import re

SECTIONS = {
    "A": ("农、林、牧、渔业", range(1, 6)),
    "B": ("采矿业", range(6, 13)),
    "C": ("制造业", range(13, 44)),
    "D": ("电力、热力、燃气及水生产和供应业", range(44, 47)),
    "E": ("建筑业", range(47, 51)),
    "F": ("批发和零售业", range(51, 53)),
    "G": ("交通运输、仓储和邮政业", range(53, 61)),
    "H": ("住宿和餐饮业", range(61, 63)),
    "I": ("信息传输、软件和信息技术服务业", range(63, 66)),
    "J": ("金融业", range(66, 70)),
    "K": ("房地产业", range(70, 71)),
    "L": ("租赁和商务服务业", range(71, 73)),
    "M": ("科学研究和技术服务业", range(73, 76)),
    "N": ("水利、环境和公共设施管理业", range(76, 80)),
    "O": ("居民服务、修理和其他服务业", range(80, 83)),
    "P": ("教育", range(83, 84)),
    "Q": ("卫生和社会工作", range(84, 86)),
    "R": ("文化、体育和娱乐业", range(86, 91)),
    "S": ("公共管理、社会保障和社会组织", range(91, 97)),
    "T": ("国际组织", range(97, 98)),
}
"""Letter to name and divisions (GB/T 4754-2017)."""
_CODE = re.compile(r"^([A-T])([0-9]{2,4})?$")


def is_industry_code(code: str) -> bool:
    """`I`, `I65` and `I6513` are; `C65` is not, for division 65 belongs to section I."""
    found = _CODE.match(code)
    if found is None:
        return False
    digits = found.group(2)
    return digits is None or int(digits[:2]) in SECTIONS[found.group(1)][1]


def divisions_of(section: str) -> list[str]:
    """The two-digit divisions of a section, in order."""
    return [f"{number:02}" for number in SECTIONS[section][1]]
