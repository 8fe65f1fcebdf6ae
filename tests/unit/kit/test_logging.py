"""Log lines: JSON, whose and of which request, and never a word that a caller sent."""

import io
import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from shared.kit.logging import configure_logging, get_logger

ROOT = Path(__file__).resolve().parents[3]
PLANTED = "张三37010219900101001X"

PROGRAM = f"""
import logging, asyncpg, pydantic
from shared.kit.logging import configure_logging, get_logger, log_access, request_id_var

class Line(pydantic.BaseModel):
    number: int

uvicorn = logging.getLogger("uvicorn.error")
uvicorn.addHandler(logging.StreamHandler())
uvicorn.propagate = False
configure_logging("policy", level=LEVEL)
request_id_var.set("0123456789ab")
logger = get_logger("test")
logger.info("hello", count=1)
logging.getLogger("httpx").info("GET http://x/?q={PLANTED}")
try:
    try:
        Line.model_validate({{"number": "{PLANTED}"}})
    except ValueError as cause:
        error = asyncpg.UniqueViolationError("duplicate key")
        error.detail = "Key (name)=({PLANTED}) already exists."
        error.constraint_name = "uq_policies_document_number"
        error.sqlstate = "23505"
        raise error from cause
except asyncpg.PostgresError as caught:
    logger.error("unexpected error", exc_info=caught)
    uvicorn.error("Exception in ASGI application", exc_info=True)
log_access("GET", "/v1/policies/{{id}}", 200, 0.00123, "0123456789ab")
"""


def run(level: str) -> tuple[list[dict[str, object]], str]:
    """What the program writes: its JSON lines and all of its text."""
    done = subprocess.run(
        [sys.executable, "-c", f"LEVEL = {level!r}\n{PROGRAM}"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.stdout + done.stderr


@pytest.fixture(scope="module")
def output() -> tuple[list[dict[str, object]], str]:
    return run("INFO")


def test_every_line_is_json_with_service_and_request(output: tuple[list[dict[str, object]], str]) -> None:
    lines, _ = output
    assert [line["event"] for line in lines] == [
        "hello",
        "unexpected error",
        "Exception in ASGI application",
        "request",
    ]
    assert {line["request_id"] for line in lines} == {"0123456789ab"}
    assert {line["service"] for line in lines} == {"policy"}


def test_exception_is_told_by_type_place_and_constraint(output: tuple[list[dict[str, object]], str]) -> None:
    chain = output[0][1]["exception"]
    assert isinstance(chain, list)
    assert [link["type"].rpartition(".")[2] for link in chain] == ["UniqueViolationError", "ValidationError"]
    assert (chain[0]["sqlstate"], chain[0]["constraint_name"]) == ("23505", "uq_policies_document_number")
    assert all("<string>:" in link["at"][0] for link in chain)


def test_nothing_a_caller_sent_reaches_the_log(output: tuple[list[dict[str, object]], str]) -> None:
    assert PLANTED not in output[1]


def test_debug_adds_the_messages() -> None:
    assert PLANTED in run("DEBUG")[1]


def test_a_logger_outlives_the_output_that_it_was_first_used_with(monkeypatch: pytest.MonkeyPatch) -> None:
    configure_logging("policy")
    kept = get_logger("first used while standard output is another file")
    for _ in range(2):
        replaced = io.StringIO()
        monkeypatch.setattr(sys, "stdout", replaced)
        kept.info("still here")
        logging.getLogger("foreign").warning("so is this")
        assert [json.loads(line)["event"] for line in replaced.getvalue().splitlines()] == ["still here", "so is this"]
        replaced.close()
