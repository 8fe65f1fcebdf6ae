"""`POST /v1/policies:parse`: a draft and its doubts, nothing stored, and no file that takes the service with it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.policy_api.service.parsing import READERS, parse_document
from shared.kit.confined import ConfinedReader, ReaderLimits
from shared.kit.errors import DomainError, Unavailable
from shared.schemas.scopes import Scope
from tests.files import CLOSING, OPENING, bombs, make_docx, make_pdf
from tests.services import CITY, Suite

LINES = [
    *OPENING,
    "第一章　总则",
    "第一条　为了规范共享单车停放，维护市容环境，方便群众出行，根据有关法律法规的规定，结合本市实际，制定本办法。",
    "第二条　本办法自2026年6月1日起施行，有效期5年。",
    "附件：共享单车停放点位表",
    *CLOSING,
]
HTML = f"<html><body>{''.join(f'<p>{line}</p>' for line in LINES)}</body></html>".encode()
KEPT_IN = {
    "a.docx": make_docx(LINES),
    "a.pdf": make_pdf([LINES]),
    "a.html": HTML,
    "a.txt": "\n".join(LINES).encode(),
}
BOMBS = bombs()


@pytest.fixture
async def pusher(library: Suite) -> dict[str, str]:
    return await library.token(CITY, Scope.POLICY_WRITE)


@pytest.fixture(scope="module")
async def reader() -> AsyncIterator[ConfinedReader]:
    made = ConfinedReader(READERS, ReaderLimits(memory_bytes=600_000_000, seconds=15.0, at_once=2))
    yield made
    await made.close()


async def parse(library: Suite, headers: dict[str, str], content: bytes, name: str = "a.docx") -> httpx.Response:
    return await library.policy.post("/v1/policies:parse", files={"file": (name, content)}, headers=headers)


async def test_one_document_gives_one_draft_whatever_it_is_kept_in(library: Suite, pusher: dict[str, str]) -> None:
    drafts = []
    for name, content in KEPT_IN.items():
        answer = await parse(library, pusher, content, name)
        assert answer.status_code == 200, answer.text
        drafts.append(answer.json()["draft"])
    for draft in drafts:
        assert draft == drafts[0]
    found = drafts[0]
    assert (found["doc_no"], found["kind"], found["doc_class"]) == ("泉政办规〔2026〕7号", "notice", "normative")
    assert (found["signed_on"], found["effective_on"], found["expires_on"]) == (
        "2026-05-06",
        "2026-06-01",
        "2031-05-31",
    )
    assert [one["name"] for one in found["attachments"]] == ["共享单车停放点位表"]


async def test_outline_and_doubts_come_with_the_draft(library: Suite, pusher: dict[str, str]) -> None:
    answer = (await parse(library, pusher, KEPT_IN["a.docx"])).json()
    assert [node["address"] for node in answer["outline"]] == ["chap-1", "art-1", "art-2"]
    doubts = {one["pointer"]: one["reason"] for one in answer["uncertain"]}
    assert "推算" in doubts["/expires_on"]
    assert "/attachments" in doubts


async def test_nothing_is_stored(library: Suite, pusher: dict[str, str]) -> None:
    for name, content in KEPT_IN.items():
        assert (await parse(library, pusher, content, name)).status_code == 200
    reads = library.apps["policy"].state.kit.database.reads
    for table in ("policy", "policy_version", "event", "audit_entry"):
        assert await reads.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_completed_draft_is_a_push(library: Suite, pusher: dict[str, str]) -> None:
    draft = {
        name: value for name, value in (await parse(library, pusher, KEPT_IN["a.pdf"])).json()["draft"].items() if value
    }
    for attachment in draft["attachments"]:
        for name in [name for name, value in attachment.items() if value is None]:
            del attachment[name]
    answer = await library.policy.put(f"/v1/organizations/{CITY}/policies/parsed", json=draft, headers=pusher)
    assert answer.status_code == 201, answer.text


async def test_name_that_says_otherwise_is_told(library: Suite, pusher: dict[str, str]) -> None:
    answer = (await parse(library, pusher, KEPT_IN["a.docx"], "关于停放.pdf")).json()
    assert answer["media_type"].endswith("wordprocessingml.document")
    assert "结尾" in answer["uncertain"][0]["reason"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"content": b"x", "headers": {"Content-Type": "application/pdf"}}, 415),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 422),
        ({"files": {"other": ("a.txt", b"x")}}, 422),
        ({"files": [("file", ("a.txt", b"x")), ("file", ("b.txt", b"y"))]}, 422),
        ({"files": {"file": ("a.txt", b"x")}, "data": {"organization": CITY}}, 422),
        ({"data": {"file": "x"}, "files": {"other": ("a.txt", b"")}}, 422),
        ({"files": {"file": ("a.txt", b"x" * 20_000_001)}}, 413),
        ({"files": {"file": ("a.txt", b"")}}, 422),
    ],
)
async def test_other_bodies_are_refused(
    library: Suite, pusher: dict[str, str], sent: dict[str, Any], status: int
) -> None:
    answer = await library.policy.post(
        "/v1/policies:parse", **{**sent, "headers": pusher | sent.get("headers", {})}, timeout=60
    )
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("name", sorted(BOMBS))
async def test_file_that_means_harm_is_refused_with_its_reason(reader: ConfinedReader, name: str) -> None:
    content, reasons = BOMBS[name]
    with pytest.raises(DomainError) as refused:
        await reader.read(content)
    assert refused.value.facts["reason"] in reasons.split()
    assert (await parse_document(reader, KEPT_IN["a.txt"])).draft.title


async def test_reading_is_ended_by_its_limits_and_nothing_else_is(reader: ConfinedReader) -> None:
    """A child has a hard limit of memory and of computing; its parent reads the next file."""
    small = ConfinedReader(READERS, ReaderLimits(memory_bytes=300_000_000, seconds=2.0, at_once=2))
    try:
        with pytest.raises(DomainError, match="上限") as refused:
            await small.read(BOMBS["pdf operators"][0])
        assert refused.value.facts["reason"] == "too_costly"
        assert (await parse_document(small, KEPT_IN["a.txt"])).draft.title
    finally:
        await small.close()


async def test_reader_that_was_killed_is_started_again(reader: ConfinedReader) -> None:
    await reader.read(KEPT_IN["a.txt"])
    process = reader._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    assert (await parse_document(reader, KEPT_IN["a.docx"])).draft.title


async def test_close_ends_the_reader_and_its_folder(reader: ConfinedReader) -> None:
    await reader.read(KEPT_IN["a.txt"])
    process, folder = reader._process, reader._folder
    assert process is not None
    assert folder is not None
    await reader.close()
    assert process.returncode is not None
    assert not Path(folder).exists()  # noqa: ASYNC240  # one look, in a test


async def test_too_many_at_once_are_asked_to_come_back(reader: ConfinedReader) -> None:
    answers = await asyncio.gather(*(reader.read(KEPT_IN["a.txt"]) for _ in range(30)), return_exceptions=True)
    refused = [one for one in answers if isinstance(one, Unavailable)]
    assert len(refused) == 20
    assert all(not isinstance(one, BaseException) for one in answers if one not in refused)
