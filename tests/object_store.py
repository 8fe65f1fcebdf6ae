"""A small object store that speaks as much of S3 as the file store asks for, on the loopback, in this process."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from xml.sax.saxutils import escape

import uvicorn
from fastapi import FastAPI, Request, Response

from deploy.local.processes import free_port


def object_store() -> FastAPI:
    """Objects of one bucket, in memory."""
    app, kept = FastAPI(), dict[str, bytes]()

    @app.get("/{bucket}")
    async def list_objects(prefix: str = "") -> Response:
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(content)}</Size><ETag>&quot;e&quot;</ETag>"
            "<LastModified>2026-05-06T00:00:00.000Z</LastModified></Contents>"
            for key, content in sorted(kept.items())
            if key.startswith(prefix)
        )
        body = f"<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated>{found}</ListBucketResult>"
        return Response(body, media_type="application/xml")

    @app.put("/{bucket}/{key:path}")
    async def put_object(key: str, request: Request) -> Response:
        kept[key] = await request.body()
        return Response(headers={"ETag": '"e"'})

    @app.get("/{bucket}/{key:path}")
    async def get_object(key: str) -> Response:
        if key not in kept:
            return Response("<Error><Code>NoSuchKey</Code></Error>", status_code=404)
        headers = {"ETag": '"e"', "Last-Modified": "Wed, 06 May 2026 00:00:00 GMT"}
        return Response(kept[key], headers=headers, media_type="application/octet-stream")

    @app.post("/{bucket}")
    async def delete_objects(request: Request) -> Response:
        keys = re.findall(r"<Key>([^<]*)</Key>", (await request.body()).decode())
        for key in keys:
            kept.pop(key, None)
        gone = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return Response(f"<DeleteResult>{gone}</DeleteResult>", media_type="application/xml")

    return app


@asynccontextmanager
async def running_object_store() -> AsyncIterator[str]:
    """Its address, while it runs."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(object_store(), host="127.0.0.1", port=port, log_level="error", ws="none"))
    work = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  # the server gives no event for it
        await asyncio.sleep(0)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await work
