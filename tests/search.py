"""search_sync beside a small service that has nothing but a log, made of the kit: what policy_api is to search_sync.

Its representations are invented and valid by the shared schemas, unless a test wants them otherwise.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

import asyncpg
import httpx
from fastapi import FastAPI, Request, Response
from pydantic_core import to_json

from deploy.local.meilisearch import Meilisearch
from services.search_sync.main import build_app
from services.search_sync.settings import Settings
from services.search_sync.worker import open_keeper
from shared.kit.app import create_app
from shared.kit.database import Database
from shared.kit.feed import EventReader, export_response
from shared.kit.http import api_router
from shared.kit.log import Announcement
from shared.kit.settings import KitSettings
from shared.schemas.policies import Interpretation, Policy
from shared.schemas.scopes import Scope
from tests.services import CITY, SECRETS, HostRouter, Suite, exchange_suite, running

PATIENCE_SECONDS = 60.0
_numbers = itertools.count(1)
_HASH = "0" * 64


def representation(**changes: Any) -> dict[str, Any]:
    """A public policy as its service shows it; a test states only what matters to it."""
    number = next(_numbers)
    facts: dict[str, Any] = {
        "id": uuid4(),
        "version": 1,
        "version_number": 1,
        "organization": {"code": CITY, "name": "泉城市人民政府"},
        "external_id": f"stub-{number}",
        "level": "city",
        "division_code": "370100",
        "title": f"关于做好第{number}批便民书屋工作的通知",
        "doc_class": "other",
        "kind": "notice",
        "doc_no": f"泉政字〔2026〕{number}号",
        "theme": "文化、广电、新闻出版\\文化",
        "issuers": ["泉城市人民政府"],
        "published_on": "2026-03-03",
        "effective_on": "2026-03-10",
        "validity": "in_force",
        "partly_repealed": [],
        "publicity": "proactive",
        "body": "各街道设置便民书屋一处，每周开放不少于五天，借阅免费。",
        "body_format": "text",
        "market_related": False,
        "major": False,
        "livelihood": True,
        "content_hash": _HASH,
        **{name: [] for name in ("outline", "attachments", "relations", "interpretations", "versions")},
        **dict.fromkeys(("doc_no_raw", "index_no", "reg_no", "signed_on", "issued_on", "expires_on", "repealed_on")),
        **dict.fromkeys(("validity_note", "validity_changes_on", "summary", "addressee", "copies_to", "combo_class")),
        **dict.fromkeys(("contact", "source_url")),
    }
    return Policy.model_validate(facts | changes).model_dump(mode="json")


def interpretation(policy: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A public interpretation of that policy."""
    facts: dict[str, Any] = {
        "id": uuid4(),
        "version": 1,
        "organization": policy["organization"],
        "level": policy["level"],
        "policy": {name: policy[name] for name in ("id", "title", "doc_no", "validity")},
        "title": f"一图读懂《{policy['title']}》",
        "form": "infographic",
        "stage": "issue",
        "body": "书屋在哪里、什么时候开放、怎样借书，看这张图就明白。",
        "body_format": "text",
        "sections": [],
        "interpreter": None,
        "contact": None,
        "attachments": [],
        "published_on": "2026-03-04",
        "theme": policy["theme"],
        "content_hash": _HASH,
    }
    return Interpretation.model_validate(facts | changes).model_dump(mode="json")


def entry(kind: str, *policies: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A public question, clause, consultation or collection about those policies, as policy_api shows one."""
    texts: dict[str, dict[str, Any]] = {
        "question": {"question": "书屋的书可以借回家吗？", "answer": "可以，每次不超过三册。", "status": "current"},
        "clause": {"original_text": "每个书屋每年补助两万元。", "object_text": "便民书屋", "status": "in_force"},
        "consultation": {"explanation": "向社会征求便民书屋布点的意见。", "status": "open"},
        "collection": {"intro": "与读书有关的政策都在这里。", "status": "in_force"},
    }
    linked = [{name: policy[name] for name in ("id", "title", "doc_no", "validity")} for policy in policies]
    facts: dict[str, Any] = {
        "id": str(uuid4()),
        "version": 1,
        "organization": {"code": CITY, "name": "泉城市人民政府"},
        "level": "city",
        "title": f"便民书屋第{next(_numbers)}件",
        "published_on": "2026-03-05",
        "policies": [{**one, "articles": []} for one in linked],
        "content_hash": _HASH,
        "unheard_of": {"schemas": "grow"},
    }
    return {**facts, **texts[kind], **changes}


def kind_of(thing: dict[str, Any]) -> str:
    """What a representation is, by what only its kind has."""
    marks = {"form": "interpretation", "question": "question", "original_text": "clause", "explanation": "consultation"}
    return next((kind for mark, kind in {**marks, "intro": "collection"}.items() if mark in thing), "policy")


class StubSettings(KitSettings):
    """Uses policy_api's schema, whose log tables it needs, and plays its part."""

    schema_name: ClassVar[str] = "policy"
    source: ClassVar[str] = "/api/policy"


router = api_router(tags=["stub"])
_EXPORT = """
    SELECT '{"type":' || to_json(type)::text || ',"subject":' || to_json(subject)::text || ',"version":' || version
           || ',"hash":"0","data":' || data || '}' AS line FROM stub_subject ORDER BY subject
"""


@router.get("/v1/export", response_class=Response)
async def export(request: Request, _caller: EventReader) -> Response:
    """Like every service's."""
    return export_response(request, _EXPORT)


@router.get("/v1/public-states")
async def public_states(request: Request, ids: str) -> dict[str, Any]:
    """Like policy_api's."""
    reads: asyncpg.Pool = request.app.state.kit.database.reads
    query = "SELECT subject AS id, version, type FROM stub_subject WHERE subject = ANY($1::text[])"
    return {"items": [dict(row) for row in await reads.fetch(query, ids.split(","))]}


@dataclass
class StubLog:
    """The service: what it publishes is in its table and in its log by one transaction."""

    app: FastAPI
    database: Database

    async def publish(self, *things: dict[str, Any], subject: str | None = None) -> None:
        """Policies, interpretations and entries, new or changed, by their `version`. `subject` replaces the id in the log."""
        async with self.database.write() as session:
            driver = await session.driver()
            for thing in things:
                kind = kind_of(thing)
                key, data = subject or str(thing["id"]), to_json(thing).decode()
                await driver.execute(
                    """
                    INSERT INTO stub_subject VALUES ($1, $2, $3, $4)
                    ON CONFLICT (subject) DO UPDATE SET version = excluded.version, data = excluded.data
                    """,
                    *(key, kind, thing.get("version", 1), data),
                )
                session.announce(Announcement(f"{kind}.changed", key, thing.get("version", 1), data.encode()))

    async def announce(self, thing: dict[str, Any], version: int) -> None:
        """An event alone, such as no service sends: for tests of what must not be believed."""
        async with self.database.write() as session:
            session.announce(Announcement("policy.changed", str(thing["id"]), version, to_json(thing)))

    async def withdraw(self, thing: dict[str, Any], *, silently: bool = False) -> None:
        """Not public any more; `silently` as if the event were still on its way."""
        async with self.database.write() as session:
            driver = await session.driver()
            await driver.execute("DELETE FROM stub_subject WHERE subject = $1", str(thing["id"]))
            if not silently:
                kind = kind_of(thing)
                session.announce(Announcement(f"{kind}.withdrawn", str(thing["id"]), thing["version"] + 1, None))


@dataclass
class Search:
    """search_sync with its source, its API and workers that tests start and end."""

    suite: Suite
    log: StubLog
    settings: Settings
    transport: HostRouter
    api: httpx.AsyncClient
    app: FastAPI
    admin: dict[str, str]
    workers: list[asyncio.Task[None]] = field(default_factory=list)

    @asynccontextmanager
    async def worker(self, **changes: Any) -> AsyncIterator[asyncio.Task[None]]:
        """A worker for the block, ended as by SIGTERM."""
        stop = asyncio.Event()
        async with open_keeper(self.settings.model_copy(update=changes), transport=self.transport) as keeper:
            task = asyncio.create_task(keeper.run(stop))
            self.workers.append(task)
            try:
                yield task
            finally:
                stop.set()
                await asyncio.gather(task, return_exceptions=True)
                self.workers.remove(task)

    async def get(self, path: str, **params: Any) -> dict[str, Any]:
        answer = await self.api.get(path, params=params)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def find(self, q: str = "", **params: Any) -> list[str]:
        """Ids found, in order."""
        return [hit["id"] for hit in (await self.get("/v1/search", q=q, **params))["items"]]

    async def until(self, holds: Callable[[], Awaitable[Any]]) -> Any:
        """What `holds` returns once it is true; between looks the workers of this process get their turn."""
        nobody: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (result := await holds()):
                await asyncio.wait(self.workers or [nobody], timeout=0.02)
            return result

    async def until_applied(self) -> dict[str, Any]:
        """Until both indexes reflect everything that was committed before this call; returns the status."""
        connection = await self.log.database.connect()
        now = await connection.fetchval("SELECT clock_timestamp()")
        await connection.close()

        async def reflects() -> dict[str, Any] | None:
            answer = await self.api.get("/v1/status")
            status: dict[str, Any] = answer.json()
            shelves = [status.get("sources", []), status.get("passages", {}).get("sources", [])]
            times = [datetime.fromisoformat(source["reflects_until"]) for shelf in shelves for source in shelf]
            return status if answer.status_code == 200 and all(shelves) and min(times) >= now else None

        status: dict[str, Any] = await self.until(reflects)
        return status

    async def order(self, kind: str) -> dict[str, Any]:
        """The finished order."""
        path = {"retry_parked": "parked"}.get(kind, kind)
        placed = await self.api.post(f"/v1/{path}", headers=self.admin)
        assert placed.status_code == 202, placed.text

        async def finished() -> dict[str, Any] | None:
            found = (await self.api.get(f"/v1/orders/{placed.json()['id']}", headers=self.admin)).json()
            return found if found["finished_at"] else None

        done: dict[str, Any] = await self.until(finished)
        assert done["error"] is None, done
        return done

    async def differences(self) -> dict[str, Any]:
        """What `verify` found: counts of missing, extra and stale, documents and passages together."""
        outcome = (await self.order("verify"))["outcome"]
        shelves = (outcome, outcome["passages"])
        return {kind: sum(one[kind]["count"] for one in shelves) for kind in ("missing", "extra", "stale")}


NOTHING = {"missing": 0, "extra": 0, "stale": 0}


@asynccontextmanager
async def stub_log(database_url: Callable[[str], str], suite: Suite) -> AsyncIterator[StubLog]:
    """The source of events, running."""
    settings = StubSettings(database_url=database_url("policy"), **{**SECRETS, "read_pool_size": 4})
    connection = await Database(settings).connect()
    await connection.execute(
        "CREATE TABLE stub_subject (subject text PRIMARY KEY, type text, version bigint, data text)"
    )
    await connection.close()
    app = create_app(
        settings,
        title="Stub",
        description="A log.",
        routers=[router],
        transport=HostRouter({"exchange.test": suite.apps["exchange"]}),
    )
    async with running(app, "http://policy.test"):
        database = Database(settings)
        yield StubLog(app, database)
        await database.engine.dispose()


@asynccontextmanager
async def search_suite(
    database_url: Callable[[str], str], meilisearch: Meilisearch, **changes: Any
) -> AsyncIterator[Search]:
    """exchange_api, the stub, and search_sync's API over one test database. No worker yet."""
    async with exchange_suite(database_url) as suite, stub_log(database_url, suite) as log:
        wanted = {"name": "检索", "organization": CITY, "scopes": [Scope.EVENTS_READ.value]}
        secret = (await suite.exchange.post("/v1/clients", json=wanted, headers=suite.admin)).json()["secret"]
        settings = Settings(
            **{
                **SECRETS,
                "database_url": database_url("search"),
                "policy_url": "http://policy.test",
                "client_id": secret["client_id"],
                "client_secret": secret["client_secret"],
                "meili_url": meilisearch.url,
                "meili_key": meilisearch._master_key,
                "index_uid": f"test_{uuid4().hex}",
                "long_poll_seconds": 1.0,
                "passage_rest_seconds": 0.0,
                "tasks_in_flight": 8,
                **changes,
            }
        )
        transport = HostRouter({"exchange.test": suite.apps["exchange"], "policy.test": log.app})
        app = build_app(settings, transport=transport)
        async with running(app, "http://search.test") as api:
            admin = await suite.token(CITY, Scope.SEARCH_ADMIN)
            yield Search(suite, log, settings, transport, api, app, admin)


def ids_of(*things: dict[str, Any]) -> list[str]:
    """Their ids as hits show them."""
    return [str(UUID(str(thing["id"]))) for thing in things]
