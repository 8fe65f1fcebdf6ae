"""No personal data in what is about to be public (PP-C4; 个人信息保护法第二十五条). Pure; the finding is `scans`' work."""

from collections.abc import Iterable

from services.policy_api.rules.scans import PERSONAL, ScanKind, scan_text
from shared.schemas.problems import InvalidField

_NAMES = {
    ScanKind.ID_CARD: "公民身份号码",
    ScanKind.MOBILE: "手机号码",
    ScanKind.BANK_CARD: "银行卡号",
    ScanKind.EMAIL: "个人电子邮箱",
}


def find_personal_data(texts: Iterable[tuple[str, str | None]]) -> list[InvalidField]:
    """By (pointer, text): each field that holds personal data, named by kind and masked."""
    found = []
    for pointer, text in texts:
        hits = [hit for hit in scan_text(text) if hit.kind in PERSONAL] if text else []
        if hits:
            named = "、".join(f"{_NAMES[hit.kind]}{hit.excerpt}" for hit in hits[:3])
            found.append(InvalidField(pointer=pointer, detail=f"含有个人信息（{named}），公开前请删去或隐去"))
    return found
