"""The paragraphs on remedies as the legal reviewer keeps them: data of this package, checked when it is loaded."""

import json
from functools import cache
from importlib import resources

from services.request_api.rules.remedies import Remedy, RemedyTexts
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
