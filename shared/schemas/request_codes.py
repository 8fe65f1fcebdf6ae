"""Closed lists of disclosure on request: decisions, exemptions, rows of the annual report, applicants, channels.

Values are those of the specification and of the official report, so that a figure can be followed by its name.
"""

from enum import StrEnum


class DecisionCode(StrEnum):
    """决定类型 (条例第三十六条至第三十九条; rows of the annual report)."""

    A1 = "A1"
    A2 = "A2"
    B = "B"
    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    C6 = "C6"
    C7 = "C7"
    C8 = "C8"
    D1A = "D1a"
    D1B = "D1b"
    D2 = "D2"
    D3 = "D3"
    E1 = "E1"
    E2 = "E2"
    E3 = "E3"
    E4 = "E4"
    E5 = "E5"
    F1 = "F1"
    F2 = "F2"
    F3 = "F3"


class ExemptionCode(StrEnum):
    """不予公开的情形 (条例第十四条至第十六条、第三十六条第（七）项)."""

    EX14_SECRET = "EX14_SECRET"  # noqa: S105
    EX14_LAW = "EX14_LAW"
    EX14_SEC_NAT = "EX14_SEC_NAT"
    EX14_SEC_PUB = "EX14_SEC_PUB"
    EX14_SEC_ECO = "EX14_SEC_ECO"
    EX14_SEC_SOC = "EX14_SEC_SOC"
    EX15_TRADE = "EX15_TRADE"
    EX15_PRIVACY = "EX15_PRIVACY"
    EX15_OTHER = "EX15_OTHER"
    EX16_1_HR = "EX16_1_HR"
    EX16_1_LOG = "EX16_1_LOG"
    EX16_1_FLOW = "EX16_1_FLOW"
    EX16_2_DISCUSS = "EX16_2_DISCUSS"
    EX16_2_DRAFT = "EX16_2_DRAFT"
    EX16_2_LETTER = "EX16_2_LETTER"
    EX16_2_REPORT = "EX16_2_REPORT"
    EX16_2_CASEFILE = "EX16_2_CASEFILE"
    QRY36_7 = "QRY36_7"


class ReportRow(StrEnum):
    """Rows of table 3 under 本年度办理结果 (国办公开办函〔2021〕30号)."""

    GRANTED = "r.granted"
    PARTIAL = "r.partial"
    DENIED_SECRET = "r.denied.secret"  # noqa: S105
    DENIED_LAW = "r.denied.law"
    DENIED_SECURITY = "r.denied.security"
    DENIED_THIRD_PARTY = "r.denied.third_party"
    DENIED_INTERNAL = "r.denied.internal"
    DENIED_PROCESS = "r.denied.process"
    DENIED_CASEFILE = "r.denied.casefile"
    DENIED_QUERY = "r.denied.query"
    UNABLE_NOT_HELD = "r.unable.not_held"
    UNABLE_NEED_MAKE = "r.unable.need_make"
    UNABLE_UNCLEAR = "r.unable.unclear"
    REFUSED_PETITION = "r.refused.petition"
    REFUSED_REPEAT = "r.refused.repeat"
    REFUSED_PUBLICATION = "r.refused.publication"
    REFUSED_MASSIVE = "r.refused.massive"
    REFUSED_CONFIRM = "r.refused.confirm"
    OTHER_NO_CORRECTION = "r.other.no_correction"
    OTHER_NO_PAYMENT = "r.other.no_payment"
    OTHER_MISC = "r.other.misc"


class ApplicantKind(StrEnum):
    """申请人类型: the columns of table 3."""

    NATURAL = "natural"
    COMMERCIAL = "legal.commercial"
    RESEARCH = "legal.research"
    SOCIAL = "legal.social"
    LEGAL_SERVICE = "legal.legal_service"
    OTHER = "legal.other"


class SubmissionChannel(StrEnum):
    """提交方式 (条例第二十九条、第三十一条): decides which day counts as the day of receipt."""

    IN_PERSON = "in_person"
    MAIL_SIGNED = "mail_signed"
    MAIL_PLAIN = "mail_plain"
    ONLINE = "online"
    FAX = "fax"
    ORAL = "oral"


class RequestState(StrEnum):
    """办理状态 (domain.md §9.1)."""

    PENDING_CONFIRM = "pending_confirm"
    REGISTERED = "registered"
    PROCESSING = "processing"
    AWAITING_CORRECTION = "awaiting_correction"
    AWAITING_REASONS = "awaiting_reasons"
    AWAITING_PAYMENT = "awaiting_payment"
    IN_REVIEW = "in_review"
    DECIDED = "decided"
    SERVED = "served"
    CLOSED = "closed"
    ARCHIVED = "archived"


class StepKind(StrEnum):
    """办理环节: what happens to a request, one after another, never changed afterwards."""

    SUBMITTED = "submitted"
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"
    CORRECTION_REQUESTED = "correction_requested"
    CORRECTED = "corrected"
    CORRECTION_LAPSED = "correction_lapsed"
    CONSULTED = "consulted"
    CONSULTATION_RECEIVED = "consultation_received"
    CONSULTATION_ANSWERED = "consultation_answered"
    REASONS_ASKED = "reasons_asked"
    REASONS_GIVEN = "reasons_given"
    FEE_NOTICED = "fee_noticed"
    PAID = "paid"
    PAYMENT_LAPSED = "payment_lapsed"
    EXTENDED = "extended"
    DRAFTED = "drafted"
    REVIEWED = "reviewed"
    RETURNED = "returned"
    APPROVED = "approved"
    SERVED = "served"
    ARCHIVED = "archived"
    WITHDRAWN = "withdrawn"
    RECOMPUTED = "recomputed"


class ConsultationKind(StrEnum):
    """征求意见: whose silence means what differs (条例第三十二条、第三十四条)."""

    THIRD_PARTY = "third_party"
    CO_PRODUCER = "co_producer"
    OTHER_ORGAN = "other_organ"


class Opinion(StrEnum):
    """What was answered, or what silence stands for."""

    AGREES = "agrees"
    OBJECTS = "objects"
    SILENT = "silent"
    DEEMED_TO_AGREE = "deemed_to_agree"


class Colour(StrEnum):
    """How near the deadline is."""

    GREEN = "green"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"
    NONE = "none"


class DeliveryMethod(StrEnum):
    """送达方式: decides which day counts as the day of the answer."""

    IN_PERSON = "in_person"
    THROUGH_ORGAN = "through_organ"
    POST = "post"
    ELECTRONIC = "electronic"
