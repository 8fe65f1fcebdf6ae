"""A chapter of the tour: a province of another make signs up, is told, fails, is told again, assigns a request; equal books."""

import json
import secrets
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from deploy.local.demo.city import CITY_CODE, units
from deploy.local.demo.requests import REQUEST_API, person
from deploy.local.processes import StartFailed, die_with_parent, stop
from deploy.local.tour.guide import Guide
from deploy.local.tour.texts import Run

EXCHANGE_API = "/api/exchange/v1"
_SOURCE = "tour-province"


class Province:
    """The chapter. The province is a Node program with the reference library of Standard Webhooks; nothing in it is ours."""

    def __init__(self, guide: Guide, run: Run) -> None:
        self._guide = guide
        self._run = run
        self._organization = units()["minghu"].code
        self._id = f"SD-TOUR-{run.number}"
        self._subscription = ""

    def tell(self) -> None:
        """All steps."""
        key = _new_key()
        with _running(self._guide, key) as far:
            self.subscribe(far)
            try:
                self.assign(far, key)
                self.tamper(far)
                self.fail_and_be_told_again(far)
                self.compare_books(far)
            finally:
                self._act("DELETE", self._subscription, expect=204)
                # The key that was shown opens nothing any more.
                self._guide.ask("exchange", "PUT", f"{EXCHANGE_API}/partners/{_SOURCE}", body=_partner(_new_key()))

    def subscribe(self, far: "_Far") -> None:
        self._guide.step(
            "省平台订阅消息：密钥只显示一次，测试投递当场验签", "The province subscribes; another language verifies"
        )
        body = {
            "name": "省政府信息公开平台（模拟）",
            "organization": CITY_CODE,
            "url": f"{far.url}/hooks",
            "event_types": ["request.status_changed"],
            "ordered": True,
            "schemes": ["v1", "v1a"],
        }
        made = self._guide.call(
            "exchange", "POST", f"{EXCHANGE_API}/subscriptions", body=body, expect=201, show=("subscription",)
        )
        self._subscription = f"{EXCHANGE_API}/subscriptions/{made['subscription']['id']}"
        keys = {one["scheme"]: one["key"] for one in made["secrets"]}
        far.tell("keys", secrets=[keys["v1"]], public_keys=[keys["v1a"]])
        self._act("POST", f"{self._subscription}:test", expect=202)
        test = far.wait_for(type="webhook.test")
        self._guide.promise(
            test["type"] == "webhook.test", "HMAC-SHA256 和 Ed25519 两个签名都通过了省平台的参考库", test
        )

    def assign(self, far: "_Far", key: str) -> None:
        self._guide.step("省平台转办一件申请：先验签入库，再由承办服务办理", "Assigned, stored, carried out, told back")
        self._act("PUT", f"{EXCHANGE_API}/partners/{_SOURCE}", body=_partner(key), expect=200)
        order = {"id": f"{self._id}-1", "type": "request.assigned", "data": self._assigned()}
        said = far.tell("send", timestamp=f"{self._run.today}T00:00:00Z", **order)
        self._guide.promise(
            (said["status"], said["answer"]["status"]) == (202, "stored"), "消息验签后入库，应答 202", said
        )
        again = far.tell("send", timestamp=f"{self._run.today}T00:00:00Z", **order)
        self._guide.promise(again["answer"]["status"] == "known", "重放不改变任何事情", again)
        told = far.wait_for(subject=self._request()["id"])
        event = json.loads(told["body"])
        self._guide.promise(event["data"]["province_id"] == self._id, "办理状态带着省平台编号报回省里", event["data"])
        applicant = person(self._run.number)
        self._guide.promise(
            all(word not in told["body"] for word in (applicant["name"], applicant["phone"])),
            "消息里没有申请人的个人信息",
            event["data"],
        )

    def tamper(self, far: "_Far") -> None:
        self._guide.step("篡改内容、编号、时间或者签名，都是同一个错误", "Whatever is spoilt is refused")
        order = {"type": "request.withdrawn", "data": self._withdrawn(2)}
        for spoil in ("body", "id", "time", "signature"):
            said = far.tell("send", spoil=spoil, **order)
            self._guide.promise(
                (said["status"], said["answer"]["code"]) == (401, "invalid_signature"), f"{spoil} 被改：拒收", said
            )

    def fail_and_be_told_again(self, far: "_Far") -> None:
        self._guide.step(
            "省平台出错：每次尝试都有记录，重发后到达", "The province fails, every try is kept, sent again"
        )
        far.tell("behaviour", mode="status", status=500)
        far.tell("send", type="request.withdrawn", data=self._withdrawn(2))
        failed = self._guide.wait(self._failed, "投递失败有记录")
        waiting, tries = failed["message_id"], failed["tries"]
        self._guide.promise(tries[0]["status"] == 500, "失败的一次：状态、用时、应答开头都记下", tries[0])
        far.tell("behaviour", mode="ok")
        self._act("POST", f"{self._subscription}/deliveries/{waiting}:resend", expect=202)
        arrived = far.wait_for(id=waiting)
        self._guide.promise(arrived["id"] == waiting, "以同一个编号重发，已到达", arrived)

    def compare_books(self, far: "_Far") -> None:
        self._guide.step("两边对账：按类型的件数和哈希相等", "Both sides' books are equal")
        day = self._run.today.isoformat()
        ours = self._guide.call(
            "exchange", "GET", f"{self._subscription}/digest?day={day}", expect=200, show=("types",)
        )
        theirs = far.books(day)["received"]
        mine = {one["type"]: (one["count"], one["hash"]) for one in ours["types"]}
        self._guide.promise(
            mine == {kind: (book["count"], book["sha256"]) for kind, book in theirs.items()},
            "发出的和收到的一致",
            theirs,
        )

    def _assigned(self) -> dict[str, Any]:
        title = f"明湖片区第{self._run.number}号地块规划条件"
        today = self._run.today.isoformat()
        return {
            "province_id": self._id,
            "sequence": 1,
            "organization": self._organization,
            "submitted_at": f"{today}T00:00:00+08:00",
            "received_on": today,
            "applicant": person(self._run.number),
            "description": f"申请公开{title}",
        }

    def _withdrawn(self, sequence: int) -> dict[str, Any]:
        return {"province_id": self._id, "sequence": sequence, "withdrawn_on": self._run.today.isoformat()}

    def _request(self) -> Any:
        path = f"{REQUEST_API}/province-requests/{self._id}"

        def found() -> Any:
            answer = self._guide.ask("request_supervisor", "GET", path)
            return answer.json() if answer.status_code == 200 else None

        self._guide.wait(found, "转办的申请已登记")
        return self._guide.call("request_supervisor", "GET", path, expect=200, show=("number", "state", "due_on"))

    def _failed(self) -> Any:
        """A message that was tried and has not arrived."""
        for waiting in self._guide.ask("exchange", "GET", f"{self._subscription}/deliveries?state=pending").json()[
            "items"
        ]:
            path = f"{self._subscription}/deliveries/{waiting['message_id']}"
            detail = self._guide.ask("exchange", "GET", path).json()
            if detail["tries"]:
                return detail
        return None

    def _act(self, method: str, path: str, *, body: Any = None, expect: int) -> Any:
        return self._guide.call("exchange", method, path, body=body, expect=expect, show=("id", "source", "state"))


class _Far:
    """The program's own controls."""

    def __init__(self, guide: Guide, url: str, client: httpx.Client) -> None:
        self.url = url
        self._guide = guide
        self._client = client

    # Any: JSON of a foreign program.
    def tell(self, what: str, **order: Any) -> Any:
        return self._client.post(f"{self.url}/control/{what}", json=order).raise_for_status().json()

    def all(self, **wanted: str) -> Any:
        return self._client.get(f"{self.url}/control/received", params=wanted).raise_for_status().json()["messages"]

    def wait_for(self, **wanted: str) -> Any:
        """The first message of these members."""
        return self._guide.wait(lambda: self.all(**wanted), f"省平台收到{wanted}")[0]

    def books(self, day: str) -> Any:
        return self._client.get(f"{self.url}/control/digest", params={"day": day}).raise_for_status().json()


def _new_key() -> str:
    return f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"


def _partner(key: str) -> dict[str, Any]:
    return {
        "name": "省政府信息公开平台（模拟）",
        "organization": CITY_CODE,
        "keys": [key],
        "types": ["request.assigned", "request.withdrawn"],
    }


@contextmanager
def _running(guide: Guide, key: str) -> Iterator[_Far]:
    """The province as a process of its own, gone afterwards with all that it wrote."""
    target = f"{guide.address}{EXCHANGE_API}/inbound/{_SOURCE}"
    with tempfile.TemporaryDirectory(prefix="mingquan-province-") as folder:
        command = [sys.executable, "-m", "tools.province", "--state", folder, "--target", target, "--signing-key", key]
        process = subprocess.Popen(
            command,
            cwd=Path(__file__).resolve().parents[3],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent(),  # noqa: PLW1509  # calls prctl, getppid and kill only
        )
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            if not first:
                said = process.communicate()[1].decode(errors="replace").strip()
                raise StartFailed(f"模拟省平台没有启动：{said[-300:]}")
            with httpx.Client(trust_env=False, timeout=30) as client:
                yield _Far(guide, json.loads(first)["url"], client)
        finally:
            stop(process)
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
