"""Settings of request_api."""

from typing import ClassVar

from pydantic import Field, SecretStr, field_validator

from shared.kit.sealing import MIN_SECRET, KeyRing
from shared.kit.settings import KitSettings
from shared.schemas.notices import DEFAULT_NUMBER, NumberFormat


class Settings(KitSettings):
    """Adds the keys of personal data, and the periods that the law leaves to a city."""

    schema_name: ClassVar[str] = "request"
    source: ClassVar[str] = "/api/request"

    sealing_keys: SecretStr = Field(
        description="Keys of personal data: `name:aes-256-gcm:secret` or `name:sm4-gcm:secret`, the current one first."
    )
    fingerprint_key: SecretStr = Field(
        min_length=MIN_SECRET,
        description="Finds equal identity numbers without keeping them; makes query codes. Never rotates.",
    )
    correction_workdays: int = Field(default=10, ge=1, le=60, description="合理的补正期限, where a notice names none.")
    reasons_workdays: int = Field(
        default=10, ge=1, le=60, description="Time an applicant has to explain many requests."
    )
    lapse_grace_workdays: int = Field(
        default=3,
        ge=0,
        le=30,
        description="Working days after a lapsed correction or payment until the request is closed.",
    )
    backdate_workdays: int = Field(
        default=5,
        ge=0,
        le=60,
        description="Working days by which a step may be recorded late without `request:backfill`.",
    )
    track_failures: int = Field(default=10, ge=1, description="Wrong query codes an address may give in the window.")
    track_window_seconds: float = Field(default=300.0, gt=0, description="The window of wrong query codes.")
    confirm_alarm_workdays: int = Field(
        default=1, ge=0, description="After these an unconfirmed request is shown as an alarm."
    )
    retention_years: int = Field(
        default=10, ge=1, le=100, description="Years after its closing that an archived request keeps personal data."
    )
    repeated_likeness: float = Field(
        default=0.6, gt=0, le=1, description="From which likeness on a request is a repeat."
    )
    conversion_applicants: int = Field(default=3, ge=2, description="多个申请人: how many make a conversion.")
    search_url: str | None = Field(
        default=None, description="Where search_sync is asked what is public; unset: it is not."
    )
    catalog_url: str | None = Field(default=None, description="Where catalog_api takes candidates; unset: they wait.")
    client_id: str | None = Field(default=None, description="This service's own client, for catalog_api.")
    client_secret: SecretStr | None = Field(default=None, description="Its secret.")
    max_file_bytes: int = Field(default=20_000_000, ge=1024, description="Largest file of a request or an answer.")
    files_at_once: int = Field(
        default=2, ge=1, description="Files a process looks into at once; more wait or come back."
    )
    reader_memory_bytes: int = Field(default=600_000_000, ge=100_000_000, description="Address space of one look.")
    reader_seconds: float = Field(default=20.0, gt=0, description="Longest computing on one file, however large.")
    max_files: int = Field(default=30, ge=1, description="Files of one request.")

    province_government: str = Field(
        default="山东省人民政府", min_length=2, max_length=120, description="Reviews what the city itself decided."
    )
    vertical_reviewers: dict[str, str] = Field(
        default_factory=dict, description="行政复议法第二十七条: who reviews organs led from above, by their code."
    )
    court: str = Field(
        default="有管辖权的人民法院", min_length=2, max_length=120, description="The court that remedies name."
    )
    courts: dict[str, str] = Field(default_factory=dict, description="Of single organisations, by code.")
    fee_payment: str = Field(
        default="请持本通知向同级财政部门指定的非税收入账户缴纳，并索取财政票据",
        min_length=2,
        max_length=300,
        description="How to pay a fee.",
    )
    max_template_bytes: int = Field(default=2_000_000, ge=1024, description="Largest template of a notice.")
    notice_number_format: NumberFormat = Field(
        default=DEFAULT_NUMBER, description="文号: `{prefix}`, `{mark}`, `{year}`, `{n}`."
    )
    notice_number_formats: dict[str, NumberFormat] = Field(
        default_factory=dict, description="Of single organisations, by code; in place of the common one."
    )

    @field_validator("sealing_keys")
    @classmethod
    def _keys_can_be_read(cls, value: SecretStr) -> SecretStr:
        KeyRing.parse(value.get_secret_value())
        return value
