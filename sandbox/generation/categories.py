"""Made-up categories, shaped as the recorded category detail. They carry no timestamps."""

from __future__ import annotations

from sandbox.generation.blanks import blank
from sandbox.generation.vocabulary import CATEGORIES
from sandbox.world.records import Json, Store
from sandbox.world.world import World


def new_category(world: World, store: Store, parent_id: int | None = None) -> Json:
    """A category in the store's language (Arabic), below `parent_id` if given."""
    number = world.next_id("category")
    arabic, english = world.rng.choice(CATEGORIES)
    slug = f"{arabic.replace(' ', '-')}-{number}"
    titles = {"ar": arabic, "en": english}
    category = blank("category") | {"id": number, "uuid": world.new_uuid(), "slug": slug}
    category.update(name=arabic, flat_name=arabic, SEO_category_title=arabic, names=titles)
    category.update(i18n_SEO_category_title=titles, description={"en": f"All {english}", "ar": f"كل {arabic}"})
    category.update(url=f"{store.url}/categories/{number}/{slug}", parent_id=parent_id)
    category["is_published"] = world.rng.random() < 0.9
    return category


def in_product(category: Json) -> Json:
    """A category as product payloads name it: the id is a string there."""
    names = dict(category["names"])
    return blank("product_category") | {"id": str(category["id"]), "name": names, "slug": category["slug"]}
