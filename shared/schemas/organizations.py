"""Organisations (机关单位) as they cross a service's border."""

from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


@lru_cache(maxsize=1024)
def credit_code_check_character(first17: str) -> str:
    """The 18th character for the first 17 of a unified social credit code (GB 32100-2015)."""
    total = sum(_ALPHABET.index(char) * weight for char, weight in zip(first17, _WEIGHTS, strict=True))
    return _ALPHABET[(31 - total % 31) % 31]


def check_credit_code(code: str) -> str:
    """The code itself when its form and check character are right; ValueError otherwise."""
    code = code.strip().upper()
    if len(code) != 18 or any(char not in _ALPHABET for char in code):
        raise ValueError("统一社会信用代码应为18位数字或大写字母（不含I、O、S、V、Z）")
    if credit_code_check_character(code[:17]) != code[17]:
        raise ValueError("统一社会信用代码校验位不正确")
    return code


CreditCode = Annotated[
    str,
    AfterValidator(check_credit_code),
    Field(
        title="统一社会信用代码",
        min_length=18,
        max_length=18,
        examples=["1137010000418859XL"],
        json_schema_extra={"pattern": "^[0-9A-HJ-NPQRTUWXY]{18}$"},
    ),
]
DivisionCode = Annotated[
    str,
    Field(
        title="行政区划代码",
        description="GB/T 2260: 6 digits, or 9/12 for towns and villages.",
        pattern=r"^[1-9]\d{5}(\d{3}){0,2}$",
        examples=["370102"],
    ),
]


class Level(StrEnum):
    """Level of government (层级)."""

    NATIONAL = "national"
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"
    TOWN = "town"


class OrganizationKind(StrEnum):
    """What an organisation is."""

    GOVERNMENT = "government"
    OFFICE = "office"
    DEPARTMENT = "department"
    ZONE = "zone"
    INSTITUTION = "institution"
    EXTERNAL = "external"  # 外部来源: outside this tree, kept for the documents mirrored from it


class OrganizationInput(BaseModel):
    """What a caller says of an organisation; its code stands in the address."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(title="名称", min_length=2, max_length=120)
    short_name: str | None = Field(default=None, title="简称", min_length=1, max_length=60)
    kind: OrganizationKind = Field(default=OrganizationKind.DEPARTMENT, title="性质")
    level: Level = Field(title="层级")
    division_code: DivisionCode
    zone_code: str | None = Field(default=None, title="功能区代码", pattern=r"^[0-9A-Z-]{2,20}$")
    parent: CreditCode | None = Field(default=None, title="上级机关", description="Empty only for the root.")
    valid_from: date | None = Field(default=None, title="设立日期")
    valid_to: date | None = Field(default=None, title="撤销日期", description="Inclusive last day.")
    merged_into: CreditCode | None = Field(default=None, title="并入机关")


class Organization(OrganizationInput):
    """An organisation as everybody may read it."""

    model_config = ConfigDict(extra="ignore")

    code: CreditCode
    path: list[str] = Field(title="路径", description="Codes from the root down to this organisation, itself included.")
    version: int = Field(title="版本", ge=1)

    def is_within(self, code: str) -> bool:
        """Whether this organisation is `code` or stands below it."""
        return code in self.path
