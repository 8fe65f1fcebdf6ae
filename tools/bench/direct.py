"""The baseline of indexing: a script that posts finished documents straight to Meilisearch, in big batches.

Same settings, same documents, set up before the first of them. Ends when the engine says that everything is in.
`python -m tools.bench.direct URL KEY FOLDER`: of each index there, `NAME.json` its settings, `NAME.ndjson` its documents.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import httpx

BATCH_DOCUMENTS = 5_000
_NDJSON = {"content-type": "application/x-ndjson"}


def post_all(client: httpx.Client, index: str, settings: dict[str, Any], lines: list[bytes]) -> None:
    """Everything in, or an error."""
    tasks = [client.post("/indexes", json={"uid": index, "primaryKey": "id"})]
    tasks.append(client.patch(f"/indexes/{index}/settings", json=settings))
    for start in range(0, len(lines), BATCH_DOCUMENTS):
        body = b"\n".join(lines[start : start + BATCH_DOCUMENTS])
        tasks.append(client.post(f"/indexes/{index}/documents", content=body, headers=_NDJSON))
    for task in tasks:
        await_task(client, task.raise_for_status().json()["taskUid"])


def await_task(client: httpx.Client, uid: int) -> None:
    """Return when the engine has done it; an error when it has failed."""
    while True:
        task = client.get(f"/tasks/{uid}").raise_for_status().json()
        if task["status"] == "succeeded":
            return
        if task["status"] in ("failed", "canceled"):
            raise AssertionError(f"the engine refused: {task['error']}")
        time.sleep(0.05)


def open_client(url: str, key: str) -> httpx.Client:
    """Without compression, which costs 40 ms a call on a kept-alive connection."""
    headers = {"authorization": f"Bearer {key}", "accept-encoding": "identity"}
    return httpx.Client(base_url=url, headers=headers, timeout=120, trust_env=False)


def main() -> None:
    url, key, folder = sys.argv[1:]
    with open_client(url, key) as client:
        for settings in sorted(Path(folder).glob("*.json")):
            lines = settings.with_suffix(".ndjson").read_bytes().splitlines()
            post_all(client, f"direct_{settings.stem}", json.loads(settings.read_bytes()), lines)


if __name__ == "__main__":
    main()
