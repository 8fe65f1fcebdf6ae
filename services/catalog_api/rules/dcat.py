"""The public catalogs as DCAT-AP 3 (JSON-LD): a catalogue, a dataset each, its tables as distributions. Pure.

Mandatory properties of DCAT-AP 3.0: of the catalogue title, description, publisher; of a dataset title and description; of
a distribution its access address. What is recommended and known is given beside them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_TYPES = "http://publications.europa.eu/resource/authority/file-type/"
_LANGUAGE = {"@id": "http://publications.europa.eu/resource/authority/language/ZHO"}
_FREQUENCY = {"@id": "http://publications.europa.eu/resource/authority/frequency/IRREG"}


def describe_catalogs(
    catalogs: Iterable[Mapping[str, Any]], *, base: str, publisher: Mapping[str, str]
) -> dict[str, Any]:
    """`base` is catalog_api's address at the gateway; `catalogs` are public representations; JSON-LD with its context."""
    datasets = [_dataset(catalog, base) for catalog in catalogs]
    return {
        "@context": CONTEXT,
        "@id": f"{base}/v1/dcat",
        "@type": "dcat:Catalog",
        "dct:title": _chinese(f"{publisher['name']}政务公开标准目录"),
        "dct:description": _chinese(
            "本级及下级机关施行中的政务公开标准目录：应公开的事项、内容、依据、时限、主体和渠道。"
        ),
        "dct:publisher": _agent(publisher, base),
        "dct:language": _LANGUAGE,
        "foaf:homepage": {"@id": f"{base}/docs", "@type": "foaf:Document"},
        "dcat:dataset": datasets,
    }


def _dataset(catalog: Mapping[str, Any], base: str) -> dict[str, Any]:
    place = f"{base}/v1/catalogs/{catalog['id']}"
    return {
        "@id": place,
        "@type": "dcat:Dataset",
        "dct:identifier": catalog["id"],
        "dct:title": _chinese(catalog["title"]),
        "dct:description": _chinese(f"{catalog['title']}，第{catalog['number']}版，{catalog['items']}项公开事项。"),
        "dct:publisher": _agent(catalog["organization"], base),
        "dct:language": _LANGUAGE,
        "dct:accrualPeriodicity": _FREQUENCY,
        "dct:issued": {"@value": catalog["effective_on"], "@type": "xsd:date"},
        "dcat:keyword": [_chinese("政务公开"), _chinese("标准目录")],
        "dcat:landingPage": {"@id": place, "@type": "foaf:Document"},
        "dcat:distribution": [_distribution(place, kind) for kind in ("xlsx", "csv")],
    }


def _distribution(place: str, kind: str) -> dict[str, Any]:
    address = f"{place}/table?format={kind}"
    return {
        "@id": address,
        "@type": "dcat:Distribution",
        "dct:title": _chinese(f"目录表格（{kind}）"),
        "dcat:accessURL": {"@id": address},
        "dcat:downloadURL": {"@id": address},
        "dct:format": {"@id": f"{_TYPES}{kind.upper()}"},
    }


def _agent(organization: Mapping[str, str], base: str) -> dict[str, Any]:
    return {
        "@id": f"{base.replace('/catalog', '/exchange')}/v1/organizations/{organization['code']}",
        "@type": "foaf:Agent",
        "foaf:name": _chinese(organization["name"]),
    }


def _chinese(text: str) -> dict[str, str]:
    return {"@value": text, "@language": "zh"}
