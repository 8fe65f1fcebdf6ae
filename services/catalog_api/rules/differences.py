"""How the items of two versions of a catalog differ. Pure."""

from collections.abc import Iterable

from services.catalog_api.rules.refinement import title_of
from shared.schemas.catalogs import CatalogItemInput, ItemDifference


def compare_items(before: Iterable[CatalogItemInput], after: Iterable[CatalogItemInput]) -> list[ItemDifference]:
    """In the order of the later version; what was removed last."""
    old = {item.key: item for item in before}
    found = []
    for item in after:
        earlier = old.pop(item.key, None)
        title = title_of(item.first_level, item.second_level)
        if earlier is None:
            found.append(ItemDifference(key=item.key, change="added", title=title, fields=[]))
        elif fields := [
            name for name in CatalogItemInput.model_fields if getattr(item, name) != getattr(earlier, name)
        ]:
            found.append(ItemDifference(key=item.key, change="changed", title=title, fields=fields))
    for item in old.values():
        title = title_of(item.first_level, item.second_level)
        found.append(ItemDifference(key=item.key, change="removed", title=title, fields=[]))
    return found
