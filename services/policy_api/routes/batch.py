"""Pushing many policies: NDJSON in, one result line per input line out, in order."""

from fastapi import Request, Response

from services.policy_api.routes.policies import Pusher
from services.policy_api.service.batch import Batch
from shared.kit.clock import Now
from shared.kit.database import ValidateOnly
from shared.kit.errors import UnsupportedMediaType
from shared.kit.http import DuplexResponse, api_router, problems

router = api_router(tags=["policies"])
NDJSON = "application/x-ndjson"


@router.post(
    "/v1/policies:batch",
    response_class=Response,
    responses={
        200: {
            "description": "每行输入一行结果（NDJSON），顺序相同",
            "content": {NDJSON: {"schema": {"$ref": "#/components/schemas/BatchResult"}}},
        },
        **problems(415),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "NDJSON，每行一份文件（BatchLine）",
            "content": {NDJSON: {"schema": {"$ref": "#/components/schemas/BatchLine"}}},
        },
    },
    summary="批量推送政策文件 Push many policies",
)
async def push_batch(request: Request, caller: Pusher, now: Now, validate_only: ValidateOnly = False) -> Response:
    """One `BatchLine` a line in, one `BatchResult` a line out, in order. Lines are committed in chunks as they arrive.

    A bad line is answered with its own problem document, at most ten errors of it, and never sinks its neighbours. Bounds: lines of a batch and
    bytes of a line as documented in docs/operations.md; beyond them one last line says where the batch was cut.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in (NDJSON, "application/ndjson", "application/jsonl"):
        raise UnsupportedMediaType(f"批量推送应为 {NDJSON}（每行一个 JSON 对象）")
    batch = Batch(request.app.state.kit, caller, now, validate_only=validate_only)
    return DuplexResponse(batch.run(request), media_type=NDJSON)
