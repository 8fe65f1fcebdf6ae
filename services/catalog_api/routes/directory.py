"""Guides (指南), transfer lists for archives and libraries (移交清单), and the catalogs as DCAT-AP."""

import csv
import io
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from pydantic_core import from_json, to_json

from services.catalog_api.repository import directory as repository
from services.catalog_api.rules.dcat import describe_catalogs
from services.catalog_api.rules.standard_cells import CHANNEL_NAMES, harmless
from services.catalog_api.service import directory as service
from services.catalog_api.service.exporting import CSV
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading, Writing
from shared.kit.errors import NotFound, RuleViolation
from shared.kit.http import PUBLIC_CACHE, api_router, problems, stored_answer
from shared.schemas.catalogs import Channel
from shared.schemas.directory import Guide, GuideInput, GuideReceipt
from shared.schemas.policies import Outcome
from shared.schemas.problems import InvalidField
from shared.schemas.scopes import Scope

router = api_router(tags=["directory"])
Discloser = Annotated[Caller, Depends(require(Scope.DISCLOSURE_WRITE))]
JSON_LD = "application/ld+json"
_MOST_LINES = 50_000
_COLUMNS = (
    *(("index_no", "索引"), ("title", "名称"), ("summary", "内容概述"), ("formed_on", "生成日期")),
    *(
        ("published_at", "公开时间"),
        ("channel", "公开渠道"),
        ("url", "地址"),
        ("place", "地点"),
        ("sha256", "内容哈希"),
    ),
)


@router.put(
    "/v1/organizations/{org}/guide",
    response_model=GuideReceipt,
    responses={201: {"model": GuideReceipt, "description": "已创建"}},
    summary="设置公开指南 Put the guide",
)
async def put_guide(org: OrganizationCode, body: GuideInput, caller: Discloser, session: Writing, now: Now) -> Response:
    """An organisation's guide with everything that 条例第十二条 asks of it."""
    receipt = await service.put_guide(session, caller, await caller.ensure_covers(org), body, now=now)
    return Response(
        receipt.model_dump_json(),
        status_code=201 if receipt.outcome is Outcome.CREATED else 200,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


@router.get(
    "/v1/organizations/{org}/guide",
    response_model=Guide,
    responses={304: {"description": "未变化"}, **problems(404)},
    summary="读取公开指南 Read the guide",
)
async def get_guide(org: OrganizationCode, request: Request, reads: Reading) -> Response:
    """Public. Supports `If-None-Match`."""
    stored = await repository.find_guide(reads, org)
    if stored is None:
        raise NotFound("这个机关还没有公开指南")
    return stored_answer(request, stored["representation"], stored["etag"])


@router.get(
    "/v1/organizations/{org}/transfer-list",
    response_class=Response,
    responses={200: {"description": "移交清单（CSV）", "content": {"text/csv": {"schema": {"type": "string"}}}}},
    summary="移交清单 List what to hand over",
)
async def get_transfer_list(
    org: OrganizationCode,
    reads: Reading,
    now: Now,
    since: Annotated[date | None, Query(alias="from", title="期间起", description="Default: 90 days ago.")] = None,
    until: Annotated[date | None, Query(alias="to", title="期间止", description="Default: today.")] = None,
) -> Response:
    """Public. What an organisation made public in a period, for archives and libraries (条例第二十五条), as .csv."""
    last = until or local_day(now)
    first = since or last - min(timedelta(days=90), last - date.min)
    if first > last:
        raise RuleViolation("期间有误", errors=[InvalidField(pointer="?from", detail="不能晚于期间止")])
    rows = await repository.list_for_transfer(reads, org, since=first, until=last, limit=_MOST_LINES + 1)
    if len(rows) > _MOST_LINES:
        detail = f"这一期间超过{_MOST_LINES}条，请分期导出"
        raise RuleViolation(detail, errors=[InvalidField(pointer="?from", detail=detail)])
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(label for _, label in _COLUMNS)
    for row in rows:
        shown = from_json(row["representation"])
        shown["channel"] = CHANNEL_NAMES[Channel(shown["channel"])]
        writer.writerow(harmless(str(shown[name] or "")) for name, _ in _COLUMNS)
    headers = {"Content-Disposition": 'attachment; filename="transfer.csv"', "Cache-Control": PUBLIC_CACHE}
    return Response(b"\xef\xbb\xbf" + text.getvalue().encode(), media_type=CSV, headers=headers)


@router.get(
    "/v1/dcat",
    response_class=Response,
    responses={200: {"description": "DCAT-AP 3（JSON-LD）", "content": {JSON_LD: {"schema": {"type": "object"}}}}},
    summary="目录数据描述 Describe the catalogs as DCAT-AP",
)
async def get_dcat(request: Request, reads: Reading) -> Response:
    """Public. Every catalog in force as a dataset of DCAT-AP 3, its tables as distributions, in JSON-LD."""
    catalogs: list[dict[str, Any]] = [from_json(row["representation"]) for row in await repository.list_catalogs(reads)]
    base = str(request.base_url).rstrip("/")
    levels = {"city": 0, "district": 1, "town": 2, "village": 3}
    first = min(catalogs, key=lambda one: (levels[one["level"]], one["id"]), default=None)
    publisher = first["organization"] if first is not None else {"code": "", "name": "本级人民政府"}
    body = to_json(describe_catalogs(catalogs, base=base, publisher=publisher))
    return Response(body, media_type=JSON_LD, headers={"Cache-Control": PUBLIC_CACHE})
