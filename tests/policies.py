"""Documents that are valid by default; a test states only what matters to it."""

import itertools
from typing import Any

_numbers = itertools.count(1)

BODY = """各区人民政府，市政府各部门：
　　为进一步方便群众办事，经市政府同意，现就社区食堂建设通知如下。
　　一、总体要求
　　（一）坚持公益属性。每个街道至少建成一处社区食堂，早餐价格不高于市场平均价的八成。（责任单位：市民政局、市商务局）
　　（二）坚持安全第一。食材采购全程留痕，每月公示一次检查结果。（责任单位：市市场监管局）
　　二、工作安排
　　2026年6月底前完成选址，12月底前投入使用。
"""


def policy(**changes: Any) -> dict[str, Any]:
    """A new notice as a department pushes it; not public yet."""
    number = next(_numbers)
    return {
        "title": f"关于社区食堂建设的通知（第{number}号试点）",
        "doc_class": "other",
        "kind": "notice",
        "doc_no": f"泉民字〔2026〕{number}号",
        "theme": "民政、扶贫、救灾\\社会福利",
        "signed_on": "2026-03-02",
        "body": BODY,
        "contact": {"organ": "市民政局", "phone": "0531-00000000"},
    } | changes


def published(**changes: Any) -> dict[str, Any]:
    """The same as an import of something already public."""
    return policy(published_on="2026-03-03", effective_on="2026-03-10") | changes
