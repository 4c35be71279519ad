"""What belongs to a product: options, inputs, images, categories (products family)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import nothing, one
from adapters.zid.encoding import Parts, as_json, as_multipart, number, parts, record
from adapters.zid.headers import Family
from adapters.zid.listings import linked
from adapters.zid.route import Route, Table
from core.domain.operations.product_parts import (
    AddToCategories,
    AddToCategory,
    CreateCustomInput,
    CreateCustomOption,
    DeleteCustomOption,
    DeleteImage,
    ListImages,
    MoveImage,
    Offer,
    OptionFields,
    RemoveFromCategory,
    ReplaceCustomOption,
    UploadImage,
)
from core.domain.results.customization import CustomInput, CustomOption
from core.domain.results.product import Image

_PRODUCT: Final = "/v1/products/{product_id}/"
_OPTIONS: Final = _PRODUCT + "custom_options_fields/"
_IMAGES: Final = _PRODUCT + "images/"
_CATEGORIES: Final = _PRODUCT + "categories/"


def _option(made_of: OptionFields) -> Parts:
    return {**record(made_of), "choices": [_choice(offer) for offer in made_of.choices]}


def _choice(offer: Offer) -> Parts:
    """`{ar, en, price, id?}`: the names stand beside the price."""
    known = {"id": offer.id} if offer.id else {}
    return {**offer.name.written(), "price": offer.price, **known}


ROWS: Final[Table] = MappingProxyType(
    {
        CreateCustomOption: Route(
            "POST",
            Family.PRODUCTS,
            _OPTIONS,
            one(CustomOption.read),
            payload=as_json(lambda wanted: _option(wanted.fields)),
        ),
        ReplaceCustomOption: Route(
            "PUT",
            Family.PRODUCTS,
            _OPTIONS + "{option_id}/",
            one(CustomOption.read),
            payload=as_json(lambda wanted: _option(wanted.fields)),
        ),
        DeleteCustomOption: Route("DELETE", Family.PRODUCTS, _OPTIONS + "{option_id}/", nothing),
        CreateCustomInput: Route(
            "POST",
            Family.PRODUCTS,
            _PRODUCT + "custom_user_input_fields/",
            one(CustomInput.read),
            payload=as_json(parts("label", "hint", "price", kind="type")),
        ),
        ListImages: linked(_IMAGES, Image.read),
        UploadImage: Route(
            "POST", Family.PRODUCTS, _IMAGES, one(Image.read), payload=as_multipart(parts("image", "alt_text"))
        ),
        MoveImage: Route(
            "PATCH",
            Family.PRODUCTS,
            _IMAGES + "{image_id}/",
            one(Image.read),
            payload=as_json(parts("display_order")),
        ),
        DeleteImage: Route("DELETE", Family.PRODUCTS, _IMAGES + "{image_id}/", nothing),
        AddToCategory: Route(
            "POST",
            Family.PRODUCTS,
            _CATEGORIES,
            nothing,
            payload=as_json(lambda wanted: {"id": number(wanted.category_id)}),
        ),
        AddToCategories: Route(
            "PATCH",
            Family.PRODUCTS,
            _CATEGORIES + "bulk-add/",
            nothing,
            payload=as_json(lambda wanted: {"ids": [number(found) for found in wanted.category_ids]}),
        ),
        RemoveFromCategory: Route("DELETE", Family.PRODUCTS, _CATEGORIES + "{category_id}/", nothing),
    }
)
