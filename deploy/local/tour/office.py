"""A dossier's way through the offices, as the tour walks it: in full the first time, in short afterwards."""

from typing import Any

from deploy.local.demo import drafts
from deploy.local.demo.city import Unit
from deploy.local.demo.loader import PERSONS
from deploy.local.tour.guide import Guide
from shared.schemas.policies import InterpretationInput, PolicyInput

POLICY_API = "/api/policy/v1"
CONTENT_REVIEWS = ("legality", "fair_competition")


class Office:
    """The calls on one dossier."""

    def __init__(self, guide: Guide, unit: Unit) -> None:
        self._guide = guide
        self.unit = unit
        self.path = ""

    def push(self, external_id: str, policy: PolicyInput) -> Any:
        """The department's draft; its receipt."""
        path = f"{POLICY_API}/organizations/{self.unit.code}/policies/{external_id}"
        body = policy.model_dump(mode="json", exclude_defaults=True)
        return self._guide.call("department", "PUT", path, body=body, expect={200, 201})

    def open(self, policy_id: str) -> Any:
        """A dossier for what was pushed."""
        opened = self._guide.call(
            "department",
            "POST",
            f"{POLICY_API}/dossiers",
            body={"policy_id": policy_id},
            expect=201,
            show=("id", "state", "allowed_moves", "policy"),
        )
        self.path = f"{POLICY_API}/dossiers/{opened['id']}"
        return opened

    def plan(self, outline: str) -> None:
        body = drafts.plan(self.unit, outline=outline).model_dump(mode="json", exclude_none=True)
        self.act("department", "PUT", "/plan", body=body, expect=200)

    def add(self, materials: list[InterpretationInput]) -> None:
        for material in materials:
            body = material.model_dump(mode="json", exclude_defaults=True)
            self._guide.call(
                "department",
                "POST",
                f"{self.path}/materials",
                body=body,
                expect=201,
                show=("id", "content_hash", "public"),
            )

    def read(self) -> Any:
        return self._guide.ask("department", "GET", self.path).json()

    def review(self, kinds: tuple[str, ...] = CONTENT_REVIEWS) -> list[list[str]]:
        """Each file for secrecy, pictures for personal information as well, `kinds` of the text. What was reviewed."""
        subjects = [name for name in self.read()["manifest"] if name not in {"plan", "exemption"}]
        wanted = [("secrecy", subject) for subject in subjects] + [(kind, "policy") for kind in kinds]
        wanted += [("personal_information", subject) for subject in subjects if "attachment:" in subject]
        done = []
        for kind, subject in wanted:
            body = {"type": kind, "subject": subject, "result": "pass"}
            answer = self._guide.ask("review", "POST", f"{self.path}/reviews", body=body)
            self._must(answer.status_code == 201, f"登记审查 {kind} {subject}", answer.text)
            record = answer.json()
            done.append([record["type"], record["subject"], record["result"], record["content_hash"][:16]])
        return done

    def approve(self) -> None:
        self.act("department_head", "POST", "/approvals", body={"step": "department_head"}, expect=201)

    def submit(self) -> None:
        self.act("department", "POST", ":submit", expect=200)

    def sign(self) -> None:
        self.act("office", "POST", ":sign", expect=200)

    def release(self) -> Any:
        return self.act("office", "POST", ":release", expect=200)

    def act(self, who: str, method: str, path: str, *, body: Any = None, expect: int, person: str | None = None) -> Any:
        """A move on the dossier, showing where it leads."""
        return self._guide.call(
            who,
            method,
            self.path + path,
            body=body,
            expect=expect,
            person=person,
            show=("state", "code", "title", "detail", "allowed_moves", "published_on", "step", "items"),
        )

    def carry_to_release(self, policy_id: str, outline: str, materials: list[InterpretationInput]) -> Any:
        """All of it at once, with one line a step."""
        self.open(policy_id)
        self.plan(outline)
        self.add(materials)
        self._guide.say(f"审查 {len(self.review())} 项，全部通过")
        self.approve()
        self.submit()
        self.sign()
        return self.release()

    def _must(self, holds: bool, promise: str, got: object) -> None:
        if not holds:
            self._guide.promise(False, promise, got)


DRAFTER_PERSON = PERSONS["department"]
