"""Tables of request_api. No behaviour."""

from services.request_api.models.base import Base
from services.request_api.models.cases import ConversionRow, JointConsultationRow, LibraryCaseRow, RequestUrgingRow
from services.request_api.models.notices import NoticeRow, NoticeTemplateRow
from services.request_api.models.records import RecordCorrectionRow, WorkRecordRow
from services.request_api.models.reports import AnnualReportRow, ReviewCaseRow
from services.request_api.models.requests import ApplicantRow, FeeRow, FileRow, RequestRow, SeriesRow, StepRow

__all__ = [
    "AnnualReportRow",
    "ApplicantRow",
    "Base",
    "ConversionRow",
    "FeeRow",
    "FileRow",
    "JointConsultationRow",
    "LibraryCaseRow",
    "NoticeRow",
    "NoticeTemplateRow",
    "RecordCorrectionRow",
    "RequestRow",
    "RequestUrgingRow",
    "ReviewCaseRow",
    "SeriesRow",
    "StepRow",
    "WorkRecordRow",
]
