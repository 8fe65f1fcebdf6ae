"""Whether a hearing (听证会) was prepared as the law asks (PP-05; P-17, P-20). Pure."""

from collections.abc import Iterator
from datetime import timedelta

from shared.schemas.consultations import HearingRecord
from shared.schemas.problems import InvalidField

MATERIAL_DAYS = 7
"""国令713 第十六条：听证材料应当于召开听证会7日前送达听证参加人."""
REGULATION_NOTICE_DAYS = 30
"""规章制定程序条例第十六条：起草单位应当在举行听证会的30日前公布听证会的时间、地点和内容."""


def check_hearing(hearing: HearingRecord, pointer: str, *, notice_days: int = 1) -> list[InvalidField]:
    """Every date that is too late. `notice_days`: how long before the hearing it is announced at the latest.

    Held 2026-05-20: materials by 05-13; announced by 05-19, for 规章 by 04-20.
    """
    return [InvalidField(pointer=f"{pointer}/{name}", detail=detail) for name, detail in _faults(hearing, notice_days)]


def _faults(hearing: HearingRecord, notice_days: int) -> Iterator[tuple[str, str]]:
    latest = hearing.held_on - timedelta(days=notice_days)
    if hearing.announced_on > latest:
        yield "announced_on", f"听证会应提前公告，至迟{latest.isoformat()}（提前{notice_days}日）"
    if hearing.participants_published_on >= hearing.held_on:
        yield "participants_published_on", "听证参加人名单应在听证会之前公布（国务院令第713号第十六条）"
    latest = hearing.held_on - timedelta(days=MATERIAL_DAYS)
    if hearing.materials_sent_on > latest:
        yield (
            "materials_sent_on",
            f"听证材料应在听证会{MATERIAL_DAYS}日前送达参加人，至迟{latest.isoformat()}（国务院令第713号第十六条）",
        )
