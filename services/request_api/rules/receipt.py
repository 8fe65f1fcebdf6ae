"""The day of receipt (收到日期): which of a submission's days the law counts from (条例第三十一条)."""

from datetime import date

from shared.schemas.problems import InvalidField
from shared.schemas.request_codes import SubmissionChannel
from shared.schemas.requests import RequestInput

_BY_CONFIRMATION = frozenset({SubmissionChannel.MAIL_PLAIN, SubmissionChannel.ONLINE, SubmissionChannel.FAX})


def received_on(
    channel: SubmissionChannel, *, submitted_on: date, signed_on: date | None, confirmed_on: date | None
) -> date | None:
    """REG-31: the day submitted, signed for, or confirmed by both sides; None while the confirmation is missing.

    Never the moment an online form was sent: 通过互联网渠道提交的，以双方确认之日为收到申请之日.
    """
    if channel in _BY_CONFIRMATION:
        return confirmed_on
    if channel is SubmissionChannel.MAIL_SIGNED:
        return signed_on
    return submitted_on


def only_for_the_desk(wanted: RequestInput) -> str | None:
    """What the receiving office alone can know, in words: it sets the day of receipt. None: a website may hand it in."""
    if wanted.channel is not SubmissionChannel.ONLINE:
        return "来信、当面、传真和口头申请"
    if wanted.confirmed_on is not None:
        return "双方确认之日"
    if wanted.filled_by_staff:
        return "代填的申请"
    return None if wanted.province_id is None else "省平台编号"


def check_submission(wanted: RequestInput, *, submitted_on: date, today: date) -> list[InvalidField]:
    """What is wrong with a submission's days; empty when they can be so."""
    days = {
        "arrived_on": wanted.arrived_on,
        "signed_on": wanted.signed_on,
        "confirmed_on": wanted.confirmed_on,
    }
    errors = [
        InvalidField(pointer=f"/{name}", detail="不能早于提交日期")
        for name, day in days.items()
        if day is not None and day < submitted_on
    ]
    errors += [
        InvalidField(pointer=f"/{name}", detail="不能晚于今天")
        for name, day in {"submitted_at": submitted_on, **days}.items()
        if day is not None and day > today
    ]
    if wanted.channel is SubmissionChannel.MAIL_SIGNED and wanted.signed_on is None:
        errors.append(
            InvalidField(pointer="/signed_on", detail="需签收的邮寄申请应有签收日期（条例第三十一条第（二）项）")
        )
    if wanted.channel is SubmissionChannel.MAIL_PLAIN and wanted.arrived_on is None:
        errors.append(
            InvalidField(pointer="/arrived_on", detail="平常信函应有到达日期，当日与申请人确认（条例第三十一条）")
        )
    if wanted.channel is not SubmissionChannel.MAIL_SIGNED and wanted.signed_on is not None:
        errors.append(InvalidField(pointer="/signed_on", detail="只有需签收的邮寄申请有签收日期"))
    if wanted.channel not in _BY_CONFIRMATION and wanted.confirmed_on is not None:
        errors.append(InvalidField(pointer="/confirmed_on", detail="这一提交方式不需要双方确认"))
    return errors
