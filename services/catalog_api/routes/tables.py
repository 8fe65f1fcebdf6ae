"""Catalogs as tables at the edge: preview, import, export; the domains and their templates."""

from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic_core import from_json

from services.catalog_api.repository import catalogs as repository
from services.catalog_api.routes.catalogs import CatalogId, Drafter, ExternalId, Number, Office, cover, responsible_for
from services.catalog_api.rules.domains import DOMAINS
from services.catalog_api.rules.templates import template_of
from services.catalog_api.service import catalogs as service
from services.catalog_api.service.exporting import CSV, XLSX, write_csv, write_workbook
from services.catalog_api.service.importing import catalog_of, find_latest, understand_table
from services.catalog_api.settings import Settings
from shared.kit.auth import OrganizationCode
from shared.kit.clock import Now
from shared.kit.confined import ConfinedReader
from shared.kit.database import Reading, Writing
from shared.kit.errors import NotFound
from shared.kit.http import PUBLIC_CACHE, UPLOAD_BODY, api_router, problems, read_upload
from shared.schemas.catalogs import CatalogInput, CatalogItemInput, CatalogLevel, CatalogPreview, CatalogReceipt, Domain
from shared.schemas.policies import Outcome

router = api_router(tags=["catalogs"])
TableFormat = Annotated[Literal["xlsx", "csv"], Query(title="格式", alias="format")]
Title = Annotated[
    str | None, Query(title="目录名称", description="Default: the table's.", min_length=2, max_length=200)
]
Level = Annotated[CatalogLevel | None, Query(title="层级", description="Default: the organisation's own.")]
Upper = Annotated[UUID | None, Query(title="上级目录编号", description="Of a new catalog that refines one.")]
DomainName = Annotated[
    str | None,
    Query(title="领域", description="Where neither a column nor the title says it.", min_length=1, max_length=64),
]


def _reader(request: Request) -> ConfinedReader:
    reader: ConfinedReader = request.app.state.kit.extra["tables"]
    return reader


Tables = Annotated[ConfinedReader, Depends(_reader)]
_FILES: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {
            "description": "表格",
            "content": {
                kind.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}} for kind in (XLSX, CSV)
            },
        },
        **problems(404),
    },
}


@router.post(
    "/v1/organizations/{org}/catalogs/{external_id}:preview",
    response_model=CatalogPreview,
    responses=problems(413, 415),
    openapi_extra=UPLOAD_BODY,
    summary="预览导入 Preview an import",
)
async def preview_table(
    request: Request,
    org: OrganizationCode,
    external_id: ExternalId,
    caller: Drafter,
    reads: Reading,
    reader: Tables,
    domain: DomainName = None,
) -> CatalogPreview:
    """What importing this .xlsx or .csv would change, row by row, beside the catalog's latest version. Stores nothing."""
    organization = await caller.ensure_covers(org)
    settings: Settings = request.app.state.kit.settings
    upload = await read_upload(request, limit=settings.max_table_bytes)
    before = await find_latest(reads, organization.code, external_id)
    return (await understand_table(reader, upload.content, before, domain=domain)).preview


@router.post(
    "/v1/organizations/{org}/catalogs/{external_id}:import",
    response_model=CatalogReceipt,
    responses={201: {"model": CatalogReceipt, "description": "已创建"}, **problems(409, 413, 415)},
    openapi_extra=UPLOAD_BODY,
    summary="导入目录 Import a catalog",
)
async def import_table(
    request: Request,
    org: OrganizationCode,
    external_id: ExternalId,
    caller: Drafter,
    reads: Reading,
    reader: Tables,
    session: Writing,
    now: Now,
    title: Title = None,
    level: Level = None,
    upper: Upper = None,
    domain: DomainName = None,
) -> Response:
    """A draft out of a table, as the preview says. A table with a row that cannot be taken is refused whole, row by row."""
    organization = await caller.ensure_covers(org)
    settings: Settings = request.app.state.kit.settings
    upload = await read_upload(request, limit=settings.max_table_bytes)
    before = await find_latest(reads, organization.code, external_id)
    imported = await understand_table(reader, upload.content, before, domain=domain)
    if level is None and before is None and str(organization.level) in {one.value for one in CatalogLevel}:
        level = CatalogLevel(str(organization.level))
    wanted = catalog_of(imported, {"title": title, "level": level, "upper": upper}, before)
    responsible = await responsible_for(caller, organization, wanted)
    receipt = await service.draft_catalog(session, caller, responsible, external_id, wanted, now=now)
    return Response(
        receipt.model_dump_json(),
        status_code=201 if receipt.outcome is Outcome.CREATED else 200,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


@router.get("/v1/catalogs/{catalog_id}/table", summary="导出目录 Export a catalog", **_FILES)
async def export_table(catalog_id: CatalogId, reads: Reading, kind: TableFormat = "xlsx") -> Response:
    """Public. The version in force in the layout of the national standard."""
    version = await repository.find_in_force(reads, catalog_id)
    if version is None:
        raise NotFound(service.NO_CATALOG)
    return _table(CatalogInput.model_validate_json(version["content"]), kind, PUBLIC_CACHE)


@router.get("/v1/catalogs/{catalog_id}/versions/{number}/table", summary="导出目录版本 Export a version", **_FILES)
async def export_version(
    catalog_id: CatalogId, number: Number, caller: Office, reads: Reading, kind: TableFormat = "xlsx"
) -> Response:
    """Drafts included, for those who work on it."""
    await cover(reads, caller, catalog_id)
    version = await repository.find_version(reads, catalog_id, number)
    if version is None:
        raise NotFound(service.NO_VERSION)
    return _table(CatalogInput.model_validate_json(version["content"]), kind, "no-store")


@router.get("/v1/domains", response_model=list[Domain], summary="领域代码表 List the domains")
async def list_domains() -> list[Domain]:
    """Public. The 26 domains of 国办发〔2019〕54号. The table is open: an item may name another."""
    return [Domain(code=code, name=name, examples=len(template_of(code))) for code, name in DOMAINS.items()]


@router.get(
    "/v1/domains/{domain}/template",
    response_model=list[CatalogItemInput],
    responses=problems(404),
    summary="领域模板 Read a domain's template",
)
async def read_template(
    domain: Annotated[str, Path(title="领域代码", max_length=64)],
) -> list[CatalogItemInput]:
    """Public. Example rows of published standards, to begin a catalog with; empty where none are shipped."""
    if domain not in DOMAINS:
        raise NotFound("没有这个领域")
    return [CatalogItemInput.model_validate(item) for item in template_of(domain)]


@router.get("/v1/domains/{domain}/template/table", summary="下载领域模板 Download a template", **_FILES)
async def download_template(
    domain: Annotated[str, Path(title="领域代码", max_length=64)], kind: TableFormat = "xlsx"
) -> Response:
    """Public. The same as a table to fill in."""
    if domain not in DOMAINS:
        raise NotFound("没有这个领域")
    return _file(f"{DOMAINS[domain]}标准目录", template_of(domain), kind, PUBLIC_CACHE)


def _table(content: CatalogInput, kind: str, cache: str) -> Response:
    return _file(content.title, from_json(content.model_dump_json())["items"], kind, cache)


def _file(title: str, items: list[dict[str, object]], kind: str, cache: str) -> Response:
    content, media = (write_workbook(title, items), XLSX) if kind == "xlsx" else (write_csv(items), CSV)
    name = f"attachment; filename=\"catalog.{kind}\"; filename*=UTF-8''{quote(title)}.{kind}"
    return Response(content, media_type=media, headers={"Content-Disposition": name, "Cache-Control": cache})
