"""Fills a library through the batch route, the way a department does: NDJSON in, one result line per line out."""

import functools
import time
from dataclasses import dataclass
from datetime import date

import uvloop

from tools.bench.client import build_request, connect
from tools.bench.corpus import line
from tools.bench.processes import cpu_seconds

LINES_A_BATCH = 10_000
BATCH = "/v1/policies:batch"


@dataclass(frozen=True)
class Pushed:
    """How a push went."""

    documents: int
    bytes: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        return self.documents / self.seconds

    @property
    def rate_per_core(self) -> float:
        """Documents per second of the service's own processor time."""
        return self.documents / self.cpu_seconds


def make_batches(numbers: range, *, today: date) -> list[bytes]:
    """The bodies of the batches that hold these documents."""
    return [b"".join(line(number, today=today) for number in part) for part in _parts(numbers)]


def push(url: str, batches: list[bytes], *, pid: int, authorization: dict[str, str]) -> Pushed:
    """Send batches one after another over one connection; every line must have been created."""
    requests = [
        build_request("POST", BATCH, body=body, content_type="application/x-ndjson", headers=authorization)
        for body in batches
    ]
    documents = sum(body.count(b"\n") for body in batches)
    before, started = cpu_seconds(pid), time.perf_counter()
    answers = uvloop.run(_send_all(url, requests))
    seconds = time.perf_counter() - started
    created = sum(answer.count(b'"status":201') for answer in answers)
    if created != documents:
        raise AssertionError(f"{documents - created} of {documents} lines were refused: {answers[0][:400]!r}")
    return Pushed(documents, sum(map(len, batches)), seconds, cpu_seconds(pid) - before)


def push_numbers(url: str, numbers: range, today: date, pid: int, authorization: dict[str, str]) -> Pushed:
    """Make and push these documents, batch by batch."""
    made = (
        push(url, make_batches(part, today=today), pid=pid, authorization=authorization) for part in _parts(numbers)
    )
    return functools.reduce(_add, made)


def _parts(numbers: range) -> list[range]:
    return [numbers[start : start + LINES_A_BATCH] for start in range(0, len(numbers), LINES_A_BATCH)]


def _add(one: Pushed, other: Pushed) -> Pushed:
    return Pushed(
        one.documents + other.documents,
        one.bytes + other.bytes,
        one.seconds + other.seconds,
        one.cpu_seconds + other.cpu_seconds,
    )


async def _send_all(url: str, requests: list[bytes]) -> list[bytes]:
    connection = await connect(url)
    answers = [(await connection.send(request)).body for request in requests]
    connection.close()
    return answers
