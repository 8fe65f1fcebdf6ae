"""What the routes of notices are called with, for the walks over every route."""

from collections.abc import Callable
from typing import Any

from services.request_api.rules.notices import FIELDS, FORMS
from services.request_api.service.notices.rendering import built_in_template
from shared.schemas.notices import NoticeKind

KIND = NoticeKind.EXTENSION


def notice_bodies() -> dict[str, Callable[[Any], Any]]:
    """The body with which each route would do its work for somebody who may."""
    fields = {name: FIELDS[name] for name in FORMS[KIND].needs}
    return {
        "request PUT /v1/organizations/{org}/notice-templates/{notice_kind}": lambda _victim: (
            built_in_template(KIND).content
        ),
        "request POST /v1/notices:preview": lambda victim: {
            "organization": victim.code,
            "kind": KIND.value,
            "fields": fields,
        },
    }
