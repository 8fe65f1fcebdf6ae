"""The people of a dossier and their steps through HTTP. Valid by default; a test says what differs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from shared.schemas.scopes import Scope
from tests.policies import policy
from tests.services import CITY, Suite

PARTS = ["background", "basis", "goals", "main_content", "scope", "standards", "keywords", "benefits"]


def plan(**changes: Any) -> dict[str, Any]:
    """A complete interpretation plan: one article on the day of publication."""
    return {
        "outline": "为什么办社区食堂，怎样选址，吃饭多少钱",
        "units": [CITY],
        "person": "诸葛明",
        "first_interpreter": {"name": "诸葛明", "post": "局长", "unit": CITY, "principal_head": True},
        "activities": [{"channel": "市政府门户网站", "days_after_release": 0}],
    } | changes


def material(**changes: Any) -> dict[str, Any]:
    """An interpretation that explains and does not copy."""
    return {
        "title": "一图看懂社区食堂",
        "body": "老人做饭难，是街道走访听到最多的话。这份文件回答三个问题：食堂建在哪里，谁来监督，一顿早餐花多少钱。",
        "sections": PARTS,
        "contact": {"organ": "市民政局", "phone": "0531-00000000"},
    } | changes


@dataclass
class Office:
    """Clients of each duty, each with its person."""

    suite: Suite
    drafter: dict[str, str]
    reviewer: dict[str, str]
    head: dict[str, str]
    signer: dict[str, str]
    releaser: dict[str, str]

    @property
    def api(self) -> httpx.AsyncClient:
        return self.suite.policy

    async def push(self, name: str = "a", **changes: Any) -> dict[str, Any]:
        """Push a draft; returns its receipt."""
        answer = await self.api.put(
            f"/v1/organizations/{CITY}/policies/{name}", json=policy(**changes), headers=self.drafter
        )
        assert answer.status_code in {200, 201}, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    async def open(self, name: str = "a", **changes: Any) -> "Case":
        """A dossier of a new draft."""
        receipt = await self.push(name, **changes)
        answer = await self.api.post("/v1/dossiers", json={"policy_id": receipt["id"]}, headers=self.drafter)
        assert answer.status_code == 201, answer.text
        return Case(self, answer.json()["id"], receipt["id"])


@dataclass
class Case:
    """One dossier under way."""

    office: Office
    id: str
    policy_id: str

    async def call(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> httpx.Response:
        """Any call on the dossier; `path` continues its address."""
        return await self.office.api.request(method, f"/v1/dossiers/{self.id}{path}", json=body, headers=headers)

    async def must(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> dict[str, Any]:
        """The same, and it succeeds."""
        answer = await self.call(method, path, headers, body)
        assert answer.status_code in {200, 201}, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def read(self) -> dict[str, Any]:
        return await self.must("GET", "", self.office.drafter)

    async def report(self) -> dict[str, dict[str, Any]]:
        """Findings by rule."""
        report = await self.must("GET", "/three-sync", self.office.reviewer)
        return {finding["rule"]: finding for finding in report["findings"]}

    async def draft(self, *materials: dict[str, Any], **plan_changes: Any) -> list[str]:
        """Plan and materials; returns the materials' ids."""
        await self.must("PUT", "/plan", self.office.drafter, plan(**plan_changes))
        return [
            (await self.must("POST", "/materials", self.office.drafter, item))["id"]
            for item in materials or (material(),)
        ]

    async def review(self, subject: str, kind: str = "secrecy", result: str = "pass", **more: Any) -> dict[str, Any]:
        body = {"type": kind, "subject": subject, "result": result, **more}
        return await self.must("POST", "/reviews", self.office.reviewer, body)

    async def review_files(self, kinds: Sequence[str] = ("secrecy",)) -> None:
        """Each file of the dossier, one by one."""
        for subject in (await self.read())["manifest"]:
            if subject not in {"plan", "exemption"}:
                for kind in kinds:
                    await self.review(subject, kind)

    async def approve(self) -> dict[str, Any]:
        return await self.must("POST", "/approvals", self.office.head, {"step": "department_head"})

    async def prepare(self) -> None:
        """Everything up to submission."""
        await self.draft()
        await self.review_files()
        await self.approve()

    async def submit(self) -> dict[str, Any]:
        return await self.must("POST", ":submit", self.office.drafter)

    async def sign(self) -> dict[str, Any]:
        return await self.must("POST", ":sign", self.office.signer)

    async def prepare_signed(self) -> None:
        await self.prepare()
        await self.submit()
        await self.sign()

    async def release(self) -> dict[str, Any]:
        return await self.must("POST", ":release", self.office.releaser)


async def open_office(library: Suite, organization: str = CITY) -> Office:
    """One client and person for each duty, all of one organisation."""

    async def client(person: str, *scopes: Scope) -> dict[str, str]:
        return await library.token(organization, *scopes) | {"Acting-Person": person}

    return Office(
        library,
        drafter=await client("drafter-1", Scope.POLICY_WRITE),
        reviewer=await client("reviewer-1", Scope.POLICY_REVIEW),
        head=await client("head-1", Scope.POLICY_APPROVE),
        signer=await client("signer-1", Scope.POLICY_SIGN),
        releaser=await client("releaser-1", Scope.POLICY_RELEASE, Scope.EVENTS_READ),
    )
