"""What facts about an installation mean, and what to do about them. Pure: no clock, no network, no file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

OLDEST_POSTGRES = 15
MEILISEARCH = "1.21"
"""What the tests run, and what compose and Kubernetes name."""
LEEWAY_SECONDS = 30.0
"""By which the clocks of who issues a token and who reads it may differ (shared/kit/auth.py)."""
_GB = 1_000_000_000


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    """Works now, and will not for ever."""
    FAILED = "failed"
    """Does not work, or not as promised."""


@dataclass(frozen=True)
class Finding:
    """One judgement; `advice` says what to do where it is not all well."""

    level: Level
    subject: str
    text: str
    advice: str = ""


def ok(subject: str, text: str) -> Finding:
    return Finding(Level.OK, subject, text)


def warning(subject: str, text: str, advice: str) -> Finding:
    return Finding(Level.WARNING, subject, text, advice)


def failed(subject: str, text: str, advice: str) -> Finding:
    return Finding(Level.FAILED, subject, text, advice)


def judge_settings(service: str, faults: Sequence[str]) -> Finding:
    """`faults` name the settings that cannot be used."""
    subject = f"设置 {service}"
    if faults:
        return failed(subject, "；".join(faults), "按 docs/operations.md 的设置表改正后重启该服务")
    return ok(subject, "齐全")


def judge_postgres(version: tuple[int, int], *, encoding: str, character_type: str, has_trigrams: bool) -> Finding:
    subject, named = "PostgreSQL", f"{version[0]}.{version[1]}"
    if version[0] < OLDEST_POSTGRES:
        return failed(subject, f"版本 {named}，需要 {OLDEST_POSTGRES} 以上", "升级数据库")
    if encoding != "UTF8":
        return failed(subject, f"数据库编码是 {encoding}", "新建 UTF8 编码的数据库，用 mingquan restore 恢复备份")
    if not has_trigrams:
        return failed(subject, "没有扩展 pg_trgm", "由数据库管理员执行 CREATE EXTENSION pg_trgm")
    if character_type in {"C", "POSIX"}:
        advice = "新建 LC_CTYPE 为 C.UTF-8 的数据库，用 mingquan restore 恢复备份"
        return warning(subject, f"LC_CTYPE 是 {character_type}：中文的相似度总是 0", advice)
    return ok(subject, named)


def judge_connections(used: int, most: int) -> Finding:
    subject, text = "数据库连接", f"{used}/{most}"
    if used >= 0.95 * most:
        return failed(
            subject, text, "提高 max_connections，或减少服务进程、MINGQUAN_READ_POOL_SIZE、MINGQUAN_WRITE_POOL_SIZE"
        )
    if used >= 0.8 * most:
        return warning(subject, text, "增加服务进程之前先提高 max_connections")
    return ok(subject, text)


def judge_clock(offset_seconds: float) -> Finding:
    """Of this host against the database's. Tokens are refused beyond the leeway, and a day may end twice."""
    subject, off = "时钟", abs(offset_seconds)
    text = f"本机与数据库相差{off:.1f}秒"
    if off >= LEEWAY_SECONDS:
        return failed(subject, text, "在两台机器上恢复时间同步（chronyc tracking）：令牌会被拒绝，期限会算错")
    if off >= 2:
        return warning(subject, text, "检查时间同步（chronyc tracking）")
    return ok(subject, text)


def judge_revision(service: str, current: str | None, known: Sequence[str]) -> Finding:
    subject = f"数据库结构 {service}"
    if current is None:
        return failed(subject, "还没有建立", "执行 mingquan migrate")
    if current not in known:
        text = f"{current}，比本版本（{known[-1]}）新"
        return warning(subject, text, "这是回退后的正常情况；不要在此时执行 migrate，尽快换回新版本")
    if current != known[-1]:
        return failed(subject, f"{current}，本版本需要 {known[-1]}", "执行 mingquan migrate")
    return ok(subject, current)


def judge_service(service: str, status: str) -> Finding:
    """`status` is what `/readyz` says, or why it says nothing."""
    subject = f"服务 {service}"
    if status == "ok":
        return ok(subject, "就绪")
    advice = "看它的日志；status 为 database 时先看数据库，连不上时看进程是否在运行"
    return failed(subject, status, advice)


def judge_meilisearch(version: str | None) -> Finding:
    """None: no answer, or the key is refused."""
    if version is None:
        advice = "检查进程、MINGQUAN_MEILI_URL 和密钥；数据丢失见 docs/runbooks.md “丢失 Meilisearch”"
        return failed("Meilisearch", "没有应答或拒绝密钥", advice)
    if not version.startswith(f"{MEILISEARCH}."):
        return warning(
            "Meilisearch", f"版本 {version}，测试用的是 {MEILISEARCH}", "升级前先在测试环境执行 mingquan verify"
        )
    return ok("Meilisearch", version)


def judge_disk(place: str, free_bytes: int, total_bytes: int) -> Finding:
    subject, text = f"磁盘 {place}", f"剩余 {free_bytes / _GB:.1f} GB（{free_bytes / total_bytes:.0%}）"
    advice = "见 docs/runbooks.md “磁盘写满”：先扩容，再删日志和旧备份；不要动数据库的文件"
    if free_bytes < min(1 * _GB, 0.05 * total_bytes) or free_bytes < 0.02 * total_bytes:
        return failed(subject, text, advice)
    if free_bytes < 0.15 * total_bytes and free_bytes < 50 * _GB:
        return warning(subject, text, advice)
    return ok(subject, text)


def judge_calendar(years: Iterable[int], today: date) -> Finding:
    """Twenty working days from December end in the next year, whose notice the State Council publishes in November."""
    subject, known = "工作日历", set(years)
    advice = "国务院办公厅的放假通知公布后导入，见 docs/runbooks.md “新一年的工作日历”"
    if today.year not in known:
        return failed(subject, f"没有{today.year}年", advice)
    if today.year + 1 in known:
        return ok(subject, f"至{max(known)}年")
    text = f"没有{today.year + 1}年"
    if today.month == 12:
        return failed(subject, f"{text}：跨年的期限只能暂按周一至周五计算", advice)
    if today.month == 11:
        return warning(subject, text, advice)
    return ok(subject, f"至{today.year}年")


def judge_reader(name: str, waiting: int | None, lag: timedelta) -> Finding:
    """`waiting` events it has yet to read (None: not known), and how long ago everything committed then had been read.

    Where nothing waits the time means nothing: it moves on with the next event, at the latest after one long poll.
    """
    subject = f"日志读者 {name}"
    if waiting == 0:
        return ok(subject, "没有落后")
    text = f"还有{'若干' if waiting is None else waiting}个事件未读，{lag.total_seconds():.0f}秒没有读完过"
    advice = "见 docs/runbooks.md “停住的读者”"
    if lag > timedelta(minutes=10):
        return failed(subject, text, advice)
    if lag > timedelta(minutes=1):
        return warning(subject, text, advice)
    return ok(subject, text)


def judge_index(
    outcome: Mapping[str, int] | None, finished_at: datetime | None, *, now: datetime, every: timedelta
) -> Finding:
    """`outcome` counts what the newest comparison found, by kind; it was repaired then."""
    subject = "检索索引"
    if outcome is None or finished_at is None:
        return warning(subject, "还没有核对过", "执行 mingquan verify")
    age = now - finished_at
    if age > 2 * every:
        return warning(subject, f"上次核对在{age.days}天前", "看 search-worker 是否在运行，再执行 mingquan verify")
    if found := sum(outcome.values()):
        return warning(
            subject, f"上次核对发现并修复了{found}处差异", "再执行一次 mingquan verify；仍有差异则执行 mingquan reindex"
        )
    return ok(subject, f"{finished_at.isoformat(timespec='minutes')} 核对无差异")


def judge_parked(count: int) -> Finding:
    if count:
        advice = "GET /api/search/v1/parked 列出原因；改正原文后会自动重试"
        return warning("搁置的文件", f"{count}件不能进入索引", advice)
    return ok("搁置的文件", "没有")


def judge_own_client(name: str, live_until: datetime | None, *, now: datetime) -> Finding:
    """Of the suite itself: without a secret that is good its service is cut off. None: there is none."""
    subject = f"内部客户端 {name}"
    advice = "执行 enrol（docker compose up 每次都会执行），或 mingquan clients rotate，见 docs/runbooks.md"
    if live_until is None or live_until <= now:
        return failed(subject, "没有有效的密钥", advice)
    if live_until - now < timedelta(days=30):
        return warning(subject, f"密钥将于{live_until.date().isoformat()}失效", advice)
    return ok(subject, f"密钥有效至{live_until.date().isoformat()}")


def judge_clients(ending: Sequence[str]) -> Finding:
    """`ending` are enabled clients of others whose newest secret ends within thirty days or has ended."""
    if ending:
        named = "、".join(ending[:5]) + (f"等{len(ending)}个" if len(ending) > 5 else "")
        return warning(
            "接口客户端", f"密钥即将或已经失效：{named}", "通知其单位轮换；不再使用的用 mingquan clients disable 停用"
        )
    return ok("接口客户端", "30天内没有密钥失效")


def judge_signing_key(created_at: datetime | None, *, opens: bool, now: datetime) -> Finding:
    subject = "签名密钥"
    if created_at is None:
        return failed(subject, "没有", "执行 mingquan keys rotate")
    if not opens:
        return failed(
            subject, "MINGQUAN_KEY_ENCRYPTION_KEY 解不开它", "放回建立密钥时的加密密钥；确已丢失则 mingquan keys rotate"
        )
    age = now - created_at
    if age > timedelta(days=366):
        return warning(subject, f"用了{age.days}天", "执行 mingquan keys rotate")
    return ok(subject, f"用了{age.days}天")


def judge_sealing(used: Mapping[str, int], ring: Sequence[str]) -> Finding:
    """`used` counts requests by the key that sealed them; the first of `ring` seals."""
    subject = "封存密钥"
    if lost := sorted(set(used) - set(ring)):
        count = sum(used[name] for name in lost)
        return failed(
            subject, f"{count}件申请所用的密钥 {'、'.join(lost)} 不在密钥环上", "把它加回 MINGQUAN_SEALING_KEYS 的末尾"
        )
    if waiting := sum(count for name, count in used.items() if name != ring[0]):
        advice = "request-worker 会自行重新封存；也可执行 mingquan keys reseal"
        return warning(subject, f"{waiting}件申请还由旧密钥封存", advice)
    return ok(subject, f"全部由 {ring[0]} 封存" if used else f"当前 {ring[0]}")


def judge_webhooks(dead: int, disabled: int) -> Finding:
    if dead or disabled:
        advice = "与接收方联系；恢复后 POST /api/exchange/v1/subscriptions/{id}:enable 并补发"
        return warning("推送", f"{disabled}个订阅被停用，{dead}条消息已放弃", advice)
    return ok("推送", "没有停用的订阅或放弃的消息")


def judge_files(lost: int, known: int) -> Finding:
    """`known` files have a row, `lost` of them no bytes."""
    if lost:
        advice = "从备份的 files 目录放回；检查 MINGQUAN_FILES_URL 是否指向原来的位置"
        return failed("附件", f"{known}个附件中有{lost}个没有内容", advice)
    return ok("附件", f"{known}个，内容都在")
