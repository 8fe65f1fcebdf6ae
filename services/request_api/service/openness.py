"""What is kept in the open is free of personal data: words are looked through before they are written down."""

from typing import Any

from services.request_api.rules.likeness import remaining
from shared.kit.errors import Conflict, RuleViolation
from shared.kit.identifiers import find_identifiers
from shared.schemas.patrol import FindingKind
from shared.schemas.problems import InvalidField

LEAKS = {
    "known": "含有本案申请人、代理人或者第三方的姓名、号码或者地址",
    "identity_number": "含有身份证号码",
    "bank_card": "含有银行卡号",
    "mobile_phone": "含有手机号码",
    "address": "含有详细住址",
    "email": "含有电子邮箱",
}
_NUMBERS = frozenset({FindingKind.IDENTITY_NUMBER, FindingKind.MOBILE_PHONE, FindingKind.BANK_CARD})


def ensure_not_erased(request: Any) -> None:
    """What personal data was in it is gone; nothing new comes in, and nothing can be checked against it."""
    if request["erased_on"] is not None:
        raise Conflict("这件申请的个人信息已按期删除，不能再增加内容")


def refuse_personal(texts: dict[str, str], known: list[str]) -> None:
    """RuleViolation when the words hold a number or address of anybody's, or one of the `known` values."""
    leaks = remaining(texts, known)
    if leaks:
        errors = [InvalidField(pointer=f"/{leak.place}", detail=LEAKS.get(leak.kind, "含有个人信息")) for leak in leaks]
        raise RuleViolation("这里的文字会公开保存，不能含有个人信息", errors=errors)


def refuse_numbers(texts: dict[str, str]) -> None:
    """RuleViolation when the words hold somebody's number; an office's address is none."""
    errors = [
        InvalidField(pointer=f"/{name}", detail="含有个人号码，请删去")
        for name, text in texts.items()
        if any(one.kind in _NUMBERS for one in find_identifiers(text))
    ]
    if errors:
        raise RuleViolation("这里的文字会公开保存，不能含有个人信息", errors=errors)
