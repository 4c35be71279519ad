"""Changing products at Zid: themselves, their variants, options, images, stocks and categories."""

from __future__ import annotations

from typing import Annotated

import msgspec
from aiohttp import web

from core.domain.operations.files import Upload
from core.domain.operations.product_parts import (
    AddToCategories,
    CreateCustomInput,
    CreateCustomOption,
    DeleteCustomOption,
    DeleteImage,
    ListImages,
    MoveImage,
    RemoveFromCategory,
    ReplaceCustomOption,
    UploadImage,
)
from core.domain.operations.product_writes import (
    CombineVariants,
    CreateProduct,
    DeleteProduct,
    SetVariants,
    UpdateProduct,
    UpdateProducts,
)
from core.domain.operations.stocks import CreateStock, GetStock, ListStocks, UpdateStock, UpdateStocks
from core.domain.results.customization import CustomInput, CustomOption
from core.domain.results.product import Image, Product
from core.domain.results.stock import Stock
from entrypoints.http.api.shapes import Asked
from entrypoints.http.api.sources import ZidOneAsked, zid_one
from entrypoints.http.api.views import told
from entrypoints.http.api.zid_calls import lists, reads, writes
from entrypoints.http.path_ids import path_id
from entrypoints.http.reading import read_fields, read_query
from entrypoints.http.routing import Access, Route
from entrypoints.http.uploads import read_upload


class ImageFields(Asked, frozen=True):
    """Beside the file `image`."""

    alt_text: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")] = ""


async def upload_image(request: web.Request) -> web.Response:
    query = read_query(request, ZidOneAsked)
    sent = await read_upload(request)
    said = read_fields(sent.fields, ImageFields)
    image = Upload(sent.filename, sent.content, sent.content_type)
    operation = UploadImage(path_id(request, "product_id"), image, said.alt_text)
    return await zid_one(request, Image, operation, raw=query.raw, status=201)


_PRODUCTS = "/v1/stores/{store_id}/products"
_ONE = f"{_PRODUCTS}/{{product_id}}"

ROUTES = (
    writes(
        "POST",
        _PRODUCTS,
        CreateProduct,
        "Make a product",
        into="fields",
        needs=("name", "price"),
        result=Product,
        status=201,
    ),
    writes("PATCH", _PRODUCTS, UpdateProducts, "Change many products at once", result=Product, many=True),
    writes("PATCH", _ONE, UpdateProduct, "Change a product", into="fields", result=Product),
    writes("DELETE", _ONE, DeleteProduct, "Remove a product for good", body=False),
    writes("POST", f"{_ONE}/variants", SetVariants, "Add, change and remove variants", result=Product),
    writes(
        "POST", f"{_ONE}/variants/combinations", CombineVariants, "Make every combination a variant", result=Product
    ),
    writes(
        "POST", f"{_ONE}/options", CreateCustomOption, "Add an option", into="fields", result=CustomOption, status=201
    ),
    writes(
        "PUT",
        f"{_ONE}/options/{{option_id}}",
        ReplaceCustomOption,
        "Replace an option",
        into="fields",
        result=CustomOption,
    ),
    writes("DELETE", f"{_ONE}/options/{{option_id}}", DeleteCustomOption, "Remove an option", body=False),
    writes("POST", f"{_ONE}/inputs", CreateCustomInput, "Add a field to type in", result=CustomInput, status=201),
    lists(f"{_ONE}/images", ListImages, Image, "The images of a product"),
    Route(
        "POST",
        f"{_ONE}/images",
        upload_image,
        "Add an image: multipart/form-data with the file `image`",
        Access.API_KEY,
        query=ZidOneAsked,
        body=ImageFields,
        answer=told(Image),
        status=201,
        zid=True,
        raw=True,
        upload=True,
    ),
    writes("PATCH", f"{_ONE}/images/{{image_id}}", MoveImage, "Give an image its place", result=Image),
    writes("DELETE", f"{_ONE}/images/{{image_id}}", DeleteImage, "Remove an image", body=False),
    lists(f"{_ONE}/stocks", ListStocks, Stock, "The stock of a product, location by location"),
    writes(
        "POST",
        f"{_ONE}/stocks",
        CreateStock,
        "Stock at a location that had none",
        into="stock",
        result=Stock,
        status=201,
    ),
    writes("PATCH", f"{_ONE}/stocks", UpdateStocks, "Set several stock rows at once"),
    reads(f"{_ONE}/stocks/{{stock_id}}", GetStock, Stock, "One stock row"),
    writes("PATCH", f"{_ONE}/stocks/{{stock_id}}", UpdateStock, "Set one stock row", result=Stock),
    writes("POST", f"{_ONE}/categories", AddToCategories, "Put a product into categories"),
    writes(
        "DELETE",
        f"{_ONE}/categories/{{category_id}}",
        RemoveFromCategory,
        "Take a product out of a category",
        body=False,
    ),
)
