"""The paragraphs on remedies as the legal reviewer keeps them: data of this package, checked when it is loaded."""

import json
from functools import cache
from importlib import resources

from services.request_api.rules.notices import FORMS, reply_kind
from services.request_api.rules.remedies import Remedy, RemedyTexts, find_reviewing_body, remedies_of
from services.request_api.settings import Settings
from shared.kit.errors import RuleViolation
from shared.kit.organizations import OrganizationDirectory
from shared.schemas.organizations import Organization
from shared.schemas.problems import InvalidField
from shared.schemas.request_codes import DecisionCode


@cache
def load_remedy_texts() -> RemedyTexts:
    """What is printed unless an office sets other paragraphs."""
    text = resources.files("services.request_api.service.notices").joinpath("data/remedies.json").read_text("utf-8")
    return read_remedy_texts(text)


def read_remedy_texts(text: str) -> RemedyTexts:
    """Paragraphs from their JSON; ValueError with every fault when they cannot be used."""
    data = json.loads(text)
    return RemedyTexts(
        variants={DecisionCode(code): Remedy(remedy) for code, remedy in data["variants"].items()},
        texts={Remedy(remedy): paragraph for remedy, paragraph in data["texts"].items()},
    )


async def remedies_for(
    organization: Organization, decision: DecisionCode, directory: OrganizationDirectory, settings: Settings
) -> str:
    """The paragraph on remedies of an organisation's decision. RuleViolation where nobody is known to review it."""
    chain = [await directory.get(code) for code in organization.path]
    body = find_reviewing_body(chain, province=settings.province_government, vertical=settings.vertical_reviewers)
    if body is None:
        raise RuleViolation(
            "不能确定行政复议机关：机关树中没有上级人民政府",
            errors=[InvalidField(pointer="/remedies", detail="请补充机关的上级人民政府，或者在设置中指明复议机关")],
        )
    court = settings.courts.get(organization.code, settings.court)
    document = FORMS[reply_kind(decision)].title[-3:]
    return remedies_of(decision, load_remedy_texts(), body=body, court=court, document=document)
