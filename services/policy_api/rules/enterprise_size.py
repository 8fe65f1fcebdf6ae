"""大中小微型企业划分 by 《统计上大中小微型企业划分办法（2017）》国统字〔2017〕213号. Pure.

Large, medium and small enterprises reach the lower bound of every indicator that the table lists for their industry, or
drop to the class below; for micro one indicator is enough. So an enterprise's class is the lowest that one of its
indicators gives.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from services.policy_api.rules.industries import divisions_of
from shared.schemas.clauses import EnterpriseSize

SIZES = (EnterpriseSize.MICRO, EnterpriseSize.SMALL, EnterpriseSize.MEDIUM, EnterpriseSize.LARGE)
"""In rising order; the position is the rank."""
_X, _Y, _Z = "employees", "revenue_wan", "assets_wan"


@dataclass(frozen=True)
class SizeRow:
    """An industry of the table; by indicator, the lower bounds of small, medium and large."""

    name: str
    prefixes: tuple[str, ...]
    bounds: Mapping[str, tuple[int, int, int]]


def _divisions(sections: str) -> tuple[str, ...]:
    return tuple(division for section in sections for division in divisions_of(section))


TABLE = (
    SizeRow("农、林、牧、渔业", _divisions("A"), {_Y: (50, 500, 20000)}),
    SizeRow("工业", _divisions("BCD"), {_X: (20, 300, 1000), _Y: (300, 2000, 40000)}),
    SizeRow("建筑业", _divisions("E"), {_Y: (300, 6000, 80000), _Z: (300, 5000, 80000)}),
    SizeRow("批发业", ("51",), {_X: (5, 20, 200), _Y: (1000, 5000, 40000)}),
    SizeRow("零售业", ("52",), {_X: (10, 50, 300), _Y: (100, 500, 20000)}),
    SizeRow("交通运输业", ("54", "55", "56", "57", "58"), {_X: (20, 300, 1000), _Y: (200, 3000, 30000)}),
    SizeRow("仓储业", ("59",), {_X: (20, 100, 200), _Y: (100, 1000, 30000)}),
    SizeRow("邮政业", ("60",), {_X: (20, 300, 1000), _Y: (100, 2000, 30000)}),
    SizeRow("住宿业和餐饮业", ("61", "62"), {_X: (10, 100, 300), _Y: (100, 2000, 10000)}),
    SizeRow("信息传输业", ("63", "64"), {_X: (10, 100, 2000), _Y: (100, 1000, 100000)}),
    SizeRow("软件和信息技术服务业", ("65",), {_X: (10, 100, 300), _Y: (50, 1000, 10000)}),
    SizeRow("房地产开发经营", ("701",), {_Y: (100, 1000, 200000), _Z: (2000, 5000, 10000)}),
    SizeRow("物业管理", ("702",), {_X: (100, 300, 1000), _Y: (500, 1000, 5000)}),
    SizeRow("租赁和商务服务业", _divisions("L"), {_X: (10, 100, 300), _Z: (100, 8000, 120000)}),
    SizeRow("其他未列明行业", (*_divisions("MNO"), "85", *_divisions("R"), "703", "709"), {_X: (10, 100, 300)}),
)


@dataclass(frozen=True)
class SizeVerdict:
    """Every class that the enterprise may be of, in rising order; what to ask for to know more.

    `possible` is empty when the table does not cover the industry (such as 金融业): it has a standard of its own.
    """

    possible: tuple[EnterpriseSize, ...]
    missing: tuple[str, ...] = ()

    @property
    def decided(self) -> EnterpriseSize | None:
        return self.possible[0] if len(self.possible) == 1 else None


def classify(industry: str | None, indicators: Mapping[str, float | None]) -> SizeVerdict:
    """The class of an enterprise, or what it may be while something is not known.

    Worked example: 软件业, 103 人, 15735 万元: medium by people, large by revenue, so medium.
    """
    if industry is None:
        return SizeVerdict(SIZES, ("industry",))
    rows, exact = _rows_of(industry)
    if not rows:
        return SizeVerdict(())
    if not exact:
        return SizeVerdict(SIZES, ("industry",))
    return _rank(rows[0], indicators)


def _rows_of(industry: str) -> tuple[list[SizeRow], bool]:
    """Rows that may apply, and whether the code is precise enough to say that it is the first one."""
    digits = industry[1:]
    wanted = [digits] if digits else divisions_of(industry[0])
    found = [[row for row in TABLE if any(code.startswith(prefix) for prefix in row.prefixes)] for code in wanted]
    finer = [row for row in TABLE if any(prefix.startswith(code) for code in wanted for prefix in row.prefixes)]
    if all(found) and len({rows[0].name for rows in found}) == 1:
        return found[0], True
    return [rows[0] for rows in found if rows] or finer, False


def _rank(row: SizeRow, indicators: Mapping[str, float | None]) -> SizeVerdict:
    highest, missing = len(SIZES) - 1, []
    for name, bounds in row.bounds.items():
        value = indicators.get(name)
        if value is None:
            missing.append(name)
        else:
            highest = min(highest, sum(value >= bound for bound in bounds))
    if not missing:
        return SizeVerdict((SIZES[highest],))
    if highest == 0:  # 微型企业只须满足所列指标中的一项
        return SizeVerdict((SIZES[0],))
    return SizeVerdict(SIZES[: highest + 1], tuple(missing))
