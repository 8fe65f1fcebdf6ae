"""Checks that the running suite answers `as_of` rightly for every document that has several texts in the given files.

`python -m tools.check_history laws.jsonl [--url http://127.0.0.1:8000]`: for each text, the day before, the day of and
the day after it takes effect are asked for, and the answer's text and validity compared with the file. Every two texts
that follow each other, and the first with the last, are compared: the comparison, applied to the first, must give the
second, to the character. Reads only.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from services.policy_api.rules.bodies import normalize_text, plain_text
from services.policy_api.rules.compare import apply_comparison
from shared.schemas.comparisons import Comparison
from shared.schemas.policies import PolicyInput, Validity
from tools.import_documents.mapping import Item
from tools.import_documents.running import map_files
from tools.import_documents.sources import UnreadableFile

_TIMEOUT = httpx.Timeout(30, connect=5)


@dataclass(frozen=True)
class Expected:
    """What holds on a day: whose text, and whether it is the law yet."""

    day: date
    body: str
    validity: Validity


@dataclass
class Verdict:
    """Of one check of a suite."""

    documents: int = 0
    answers: int = 0
    pairs: int = 0
    faults: list[str] = field(default_factory=list)


def expectations(texts: Sequence[PolicyInput]) -> list[Expected]:
    """For each text of a document: the day before, of and after its effect. Texts in order of effect, no two on one day."""
    first = _starts(texts[0])
    days = sorted({_starts(text) + timedelta(days=shift) for text in texts for shift in (-1, 0, 1)})
    return [
        Expected(
            day,
            next((text.body for text in reversed(texts) if _starts(text) <= day), texts[0].body),
            Validity.NOT_YET if day < first else Validity.IN_FORCE,
        )
        for day in days
    ]


def histories(items: Sequence[Item]) -> dict[str, list[PolicyInput]]:
    """Documents with several texts, by what their organisation calls them."""
    texts: dict[str, list[PolicyInput]] = defaultdict(list)
    for item in items:
        if isinstance(item.content, PolicyInput):
            texts[item.external_id].append(item.content)
    return {key: found for key, found in texts.items() if len(found) > 1}


async def check_histories(policy: httpx.AsyncClient, documents: dict[str, list[PolicyInput]]) -> Verdict:
    """Ask the suite; every difference is one sentence in `faults`."""
    verdict = Verdict()
    ids = await find_ids(policy, set(documents))
    for key, texts in documents.items():
        if key not in ids:
            verdict.faults.append(f"{key}：没有收入")
            continue
        verdict.documents += 1
        for expected in expectations(texts):
            verdict.answers += 1
            answer = await policy.get(f"/v1/policies/{ids[key]}", params={"as_of": expected.day.isoformat()})
            if fault := find_fault(expected, answer):
                verdict.faults.append(f"{key} {expected.day}：{fault}")
        await _check_pairs(policy, ids[key], key, verdict)
    return verdict


async def _check_pairs(policy: httpx.AsyncClient, policy_id: str, key: str, verdict: Verdict) -> None:
    """Whether each comparison leads from its old text to its new one."""
    path = f"/v1/policies/{policy_id}"
    numbers = [one["number"] for one in (await policy.get(f"{path}/versions")).json()["items"]]
    texts = {number: await _text_of(policy, f"{path}/versions/{number}") for number in numbers}
    for old, new in {*pairwise(numbers), (numbers[0], numbers[-1])}:
        answer = await policy.get(f"{path}/compare", params={"from": old, "to": new})
        verdict.pairs += 1
        try:
            made = apply_comparison(Comparison.model_validate_json(answer.content), texts[old])
        except ValueError as error:
            verdict.faults.append(f"{key} {old}→{new}：{error}")
            continue
        if made != texts[new]:
            verdict.faults.append(f"{key} {old}→{new}：按比较结果改不出新文本")


async def _text_of(policy: httpx.AsyncClient, path: str) -> str:
    content = (await policy.get(path)).json()["content"]
    body: str = content["body"]
    return plain_text(body) if content["body_format"] == "html" else body


def find_fault(expected: Expected, answer: httpx.Response) -> str | None:
    """What is wrong with an answer; None when it is right."""
    if answer.status_code != 200:
        return f"答复 {answer.status_code}"
    policy = answer.json()
    if policy["validity"] != expected.validity.value:
        return f"有效性应为 {expected.validity.value}，答复 {policy['validity']}"
    if _bare(policy["body"]) != _bare(expected.body):
        return f"正文不是应有的文本（答复的是第 {policy['version_number']} 个文本，自 {_effective(policy)} 起）"
    return None


async def find_ids(policy: httpx.AsyncClient, keys: set[str]) -> dict[str, str]:
    """The ids of documents by what their organisations call them."""
    found: dict[str, str] = {}
    cursor: str | None = None
    while keys - found.keys():
        params = {"limit": "100", "doc_class": "law"} | ({"cursor": cursor} if cursor else {})
        answer = await policy.get("/v1/policies", params=params)
        answer.raise_for_status()
        page = answer.json()
        found |= {item["external_id"]: item["id"] for item in page["items"] if item["external_id"] in keys}
        cursor = page.get("next_cursor")
        if cursor is None:
            break
    return found


def _starts(text: PolicyInput) -> date:
    day = text.version.effective_on or text.effective_on or text.published_on
    assert day is not None
    return day


# Any: JSON of another process.
def _effective(policy: dict[str, Any]) -> str:
    return next(str(text["effective_on"]) for text in policy["versions"] if text["number"] == policy["version_number"])


def _bare(text: str) -> str:
    """Without blanks and invisible characters, which the suite normalises."""
    return "".join(normalize_text(text).split())


def main(
    files: Annotated[list[Path], typer.Argument(help="laws.jsonl")],
    url: Annotated[str, typer.Option(help="正在运行的服务的地址")] = "http://127.0.0.1:8000",
) -> None:
    """Check the running suite against files that were imported into it."""
    console = Console()
    try:
        documents = histories(map_files(files).items)
        verdict = asyncio.run(_check(url, documents))
    except (UnreadableFile, httpx.HTTPError) as error:
        console.print(f"[red]{type(error).__name__}：{error}[/]")
        sys.exit(2)
    console.print(
        f"{verdict.documents} 份文件，{verdict.answers} 次答复，{verdict.pairs} 次比较，{len(verdict.faults)} 处不符"
    )
    if verdict.faults:
        table = Table("不符")
        for fault in verdict.faults[:100]:
            table.add_row(fault)
        console.print(table)
        sys.exit(1)


async def _check(url: str, documents: dict[str, list[PolicyInput]]) -> Verdict:
    async with httpx.AsyncClient(base_url=f"{url}/api/policy", timeout=_TIMEOUT, trust_env=False) as policy:
        return await check_histories(policy, documents)


if __name__ == "__main__":
    typer.run(main)
