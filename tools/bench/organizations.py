"""Makes known to exchange_api who the invented documents come from."""

import httpx

from shared.schemas.organizations import Level, OrganizationInput, OrganizationKind
from tools.bench.corpus import CITY, PUBLISHERS, RARE_PUBLISHER


def create_organizations(exchange_url: str, token: str) -> None:
    """Every publisher but the city, which is the root and there already. The rare one belongs to a district."""
    with httpx.Client(base_url=exchange_url, headers={"authorization": f"Bearer {token}"}, trust_env=False) as client:
        for publisher in (*PUBLISHERS[1:], RARE_PUBLISHER):
            in_district = publisher is RARE_PUBLISHER
            organization = OrganizationInput(
                name=publisher.name,
                kind=OrganizationKind.DEPARTMENT,
                level=Level.DISTRICT if in_district else Level.CITY,
                division_code="370102" if in_district else "370100",
                parent=CITY,
            )
            body = organization.model_dump(mode="json")
            client.put(f"/v1/organizations/{publisher.code}", json=body).raise_for_status()
