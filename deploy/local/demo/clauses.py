"""惠企条款 of the demo city: what its papers give to enterprises and institutions, taken apart for matching."""

from collections.abc import Iterator
from typing import Any

from deploy.local.demo.api import Session
from deploy.local.demo.city import CITY_CODE, units
from deploy.local.demo.library import numbers

POLICY_API = "/api/policy/v1"
_HERE = {"fact": "region", "op": "prefix", "value": "370100"}
_NOT_DISHONEST = {"not": {"fact": "credit_status", "op": "eq", "value": "dishonest"}}


def clauses() -> dict[str, dict[str, Any]]:
    """Each by what its office calls it."""
    return _of_industry() | _of_people()


def _of_industry() -> dict[str, dict[str, Any]]:
    return {
        "sme-renewal": _clause(
            "sme-measure",
            ["art-3", "art-4"],
            "工业企业技术改造设备投资补助",
            "补助比例为核定设备投资额的百分之十，单个项目最高五百万元。",
            "本市规模以上工业企业",
            [
                _HERE,
                {"fact": "industry", "op": "in", "value": ["B", "C", "D"]},
                {"fact": "qualifications", "op": "eq", "value": "above_scale"},
                _NOT_DISHONEST,
            ],
            delivery="manual",
            amount={"mode": "ratio", "value": 10, "cap": 500},
            materials=["项目备案证明", "设备清单及发票汇总表", "企业信用承诺书"],
            agency=units()["gxj"].name,
        ),
        "sme-green": _clause(
            "sme-measure",
            ["art-4"],
            "绿色化、智能化改造提高补助比例",
            "属于绿色化、智能化改造的，比例提高到百分之十二。",
            "本市规模以上工业企业，项目属于绿色化、智能化改造",
            [
                _HERE,
                {"fact": "industry", "op": "in", "value": ["B", "C", "D"]},
                {"any": [
                    {"fact": "qualifications", "op": "eq", "value": "green_factory"},
                    {"fact": "rd_ratio", "op": "ge", "value": 3, "unit": "%"},
                ]},
                _NOT_DISHONEST,
            ],
            delivery="fast",
            amount={"mode": "ratio", "value": 12, "cap": 500},
            agency=units()["gxj"].name,
        ),
    }  # fmt: skip


def _of_people() -> dict[str, dict[str, Any]]:
    return {
        "trainee-subsidy": _clause(
            "employment-measure",
            ["art-5", "art-7"],
            "就业见习基本生活补助",
            "见习基本生活补助由见习单位按月发放，政府补贴与单位承担各半。",
            "安排见习岗位的中小微企业",
            [_HERE, {"fact": "size", "op": "in", "value": ["micro", "small", "medium"]}, _NOT_DISHONEST],
            delivery="auto",
            type="talent",
            amount={"mode": "ratio", "value": 50},
            agency=units()["rsj"].name,
        ),
        "eldercare-operation": _clause(
            "eldercare-measure",
            ["art-4"],
            "养老机构运营补助",
            "收住自理、部分失能、完全失能老年人的，分别按每人每月一百元、二百四十元、三百六十元给予补助。",
            "连续运营满六个月的养老机构",
            [
                _HERE,
                {"fact": "industry", "op": "prefix", "value": "Q84"},
                {"fact": "age_years", "op": "ge", "value": 1, "unit": "年"},
            ],
            delivery="auto",
            amount={"mode": "tiered", "tiers": [
                {"when": "自理，每人每月", "value": 0.01},
                {"when": "部分失能，每人每月", "value": 0.024},
                {"when": "完全失能，每人每月", "value": 0.036},
            ]},
            agency=units()["mzj"].name,
        ),
    }  # fmt: skip


def put_clauses(services: Session) -> Iterator[str]:
    """Push them all; yields the name of each."""
    for name, body in clauses().items():
        services.must("PUT", f"{POLICY_API}/organizations/{CITY_CODE}/clauses/HQ-{name}", json=body)
        yield name


def _clause(
    paper: str, articles: list[str], title: str, text: str, whom: str, conditions: list[Any], **more: Any
) -> dict[str, Any]:
    return {
        "title": title,
        "policies": [{"doc_no": numbers()[paper].doc_no, "articles": articles}],
        "original_text": text,
        "type": "grant",
        "object_text": whom,
        "conditions": {"all": conditions},
        **more,
    }
