"""docs/client.md is true: its Python runs, its bytes on the wire are answered as it says."""

import asyncio
import base64
import json
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.local.meilisearch import Meilisearch
from shared.client import PrivateKey, verify_webhook
from shared.schemas.scopes import Scope
from tests.front import serving
from tests.search import representation, search_suite
from tests.services import CITY, Suite, sign_in

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(python|http)\n(.*?)```", re.DOTALL)


def blocks(heading: str, language: str) -> list[str]:
    """Of one section of the page, in order."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [text for kind, text in BLOCK.findall(section) if kind == language]


def head_and_body(block: str) -> tuple[str, bytes]:
    """The last line end of a block is the page's, unless the body is made of lines."""
    head, _, body = block.partition("\n\n")
    ndjson = "application/x-ndjson" in head
    return head, (body if ndjson else body.removesuffix("\n")).encode()


async def send(port: int, block: str, **replaced: str) -> tuple[int, bytes]:
    """The block's bytes through a socket: status, and the body as it came."""
    for name, value in replaced.items():
        block = block.replace(f"<{name}>", value)
    head, body = head_and_body(block)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)
    async with asyncio.timeout(30):
        answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1]), answer.partition(b"\r\n\r\n")[2]


@pytest.fixture
async def address(library: Suite, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """The port; the examples find their client in the environment."""
    scopes = [Scope.POLICY_WRITE.value, Scope.POLICY_IMPORT.value]
    wanted = {"name": "文档示例", "organization": CITY, "scopes": scopes}
    secret = (await library.exchange.post("/v1/clients", json=wanted, headers=library.admin)).json()["secret"]
    monkeypatch.setenv("CLIENT_ID", secret["client_id"])
    monkeypatch.setenv("CLIENT_SECRET", secret["client_secret"])
    async with serving(library.apps) as port:
        monkeypatch.setenv("MINGQUAN_URL", f"http://127.0.0.1:{port}")
        yield port


def run(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(source, "docs/client.md", "exec"), names)  # its own page, under review like all of the source
    return names


def test_lengths_on_the_wire_are_bytes() -> None:
    wire = [block for kind, block in BLOCK.findall(PAGE) if kind == "http"]
    assert len(wire) == 5
    for block in wire:
        head, body = head_and_body(block)
        assert f"Content-Length: {len(body)}" in head or (head.startswith("GET ") and not body)


async def test_one_document_in_python_and_on_the_wire(address: int, capsys: pytest.CaptureFixture[str]) -> None:
    token_block, put_block = blocks("Push one document", "http")
    basic = base64.b64encode(f"{os.environ['CLIENT_ID']}:{os.environ['CLIENT_SECRET']}".encode()).decode()
    status, body = await send(address, token_block, **{"base64 of client_id:client_secret": basic})
    assert status == 200
    token = json.loads(body)["access_token"]
    assert (await send(address, put_block, token=token))[0] == 201
    (source,) = blocks("Push one document", "python")
    await asyncio.to_thread(run, source)
    said = capsys.readouterr().out.split()
    assert (said[0], said[-1]) == ("unchanged", "in_force")
    (batch_block,) = blocks("Push many", "http")
    status, body = await send(address, batch_block, token=token)
    assert status == 200
    assert re.findall(rb'"outcome":"(\w+)"', body) == [b"created", b"created"]


@pytest.mark.usefixtures("address")
async def test_a_key_instead_of_a_secret(
    library: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pem = tmp_path / "client-key.pem"
    made = Ed25519PrivateKey.generate()
    pem.write_bytes(made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    monkeypatch.setenv("CLIENT_KEY", str(pem))
    registered = {"keys": [PrivateKey(pem.read_bytes(), "2026-11").public_key()]}
    address = f"/v1/clients/{os.environ['CLIENT_ID']}/keys"
    assert (await library.exchange.put(address, json=registered, headers=library.admin)).status_code == 200
    (source,) = blocks("A key instead of a secret", "python")
    await asyncio.to_thread(run, source)
    shown, named = capsys.readouterr().out.splitlines()
    assert (shown, named) == (str(registered["keys"][0]), "2026-11")
    with pytest.raises(ValueError, match="Ed25519"):
        PrivateKey(
            rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "k"
        )


@pytest.mark.usefixtures("address")
async def test_many_documents_in_python(capsys: pytest.CaptureFixture[str]) -> None:
    (source,) = blocks("Push many", "python")
    await asyncio.to_thread(run, source)
    assert "500 stored, 0 unchanged, 0 refused\n" in capsys.readouterr().out


@pytest.mark.usefixtures("address")
async def test_what_became_of_my_calls(library: Suite, capsys: pytest.CaptureFixture[str]) -> None:
    headers = await sign_in(library.exchange, os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    refused = await library.policy.put(f"/v1/organizations/{CITY}/policies/wh-10", json={}, headers=headers)
    await library.apps["policy"].state.kit.journal.write()
    await asyncio.to_thread(run, blocks("What became of my calls", "python")[0])
    said = capsys.readouterr().out
    assert "PUT /v1/organizations/{org}/policies/{external_id} wh-10 422 validation_failed" in said
    assert refused.headers["x-request-id"] in said


async def test_search_in_python_and_on_the_wire(
    database_url: Callable[[str], str],
    meilisearch: Meilisearch,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with search_suite(database_url, meilisearch) as running:
        await running.log.publish(representation(title="关于增设社区书屋的通知"))
        async with running.worker(), serving({"search": running.app}) as port:
            await running.until_applied()
            monkeypatch.setenv("MINGQUAN_URL", f"http://127.0.0.1:{port}")
            await asyncio.to_thread(run, blocks("Search", "python")[0])
            status, body = await send(port, blocks("Search", "http")[0])
    assert "关于增设社区书屋的通知" in capsys.readouterr().out
    assert (status, json.loads(body)["total"]) == (200, 1)


def test_webhook_in_python_and_on_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    head, body = head_and_body(blocks("Verify a webhook", "http")[0])
    headers = dict(line.split(": ", 1) for line in head.splitlines()[1:])
    receive = run(blocks("Verify a webhook", "python")[0])["receive"]
    assert receive(headers, body, set()) == 401, "long ago by now"
    monkeypatch.setattr("shared.client.webhooks.time.time", lambda: float(headers["webhook-timestamp"]))
    known: set[str] = set()
    assert receive(headers, body, known) == 204
    assert known == {headers["webhook-id"]}
    assert receive(headers, body + b" ", set()) == 401
    secret = re.search(r"whsec_[A-Za-z0-9+/=]{20,}", PAGE)
    assert secret is not None
    assert verify_webhook(headers, body, secret[0]).id == json.loads(body)["id"]
