"""The images of a product, in their order."""

from __future__ import annotations

from sandbox.api.answers import Answer, BadRequestError, NotFoundError
from sandbox.api.editing import Editing, open_product
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.pages import listed
from sandbox.api.products import product_seen
from sandbox.world.records import Json

# Sizes by what the file names say.
_SIZES = {"large": "1000x1000", "medium": "770x770", "small": "500x500", "thumbnail": "370x370"}


def list_images(call: Call) -> Answer:
    """Pages of 15."""
    images = sorted(product_seen(call)["images"], key=lambda image: image["display_order"])
    return Answer(document=listed(call, images, default=15) | {"filters": {}})


def add_image(call: Call) -> Answer:
    """Multipart: `image` and `alt_text`. The file itself is not kept."""
    editing, upload = open_product(call), call.incoming.body.uploads.get("image")
    if upload is None:
        raise BadRequestError({"image": ["No file was submitted."]})
    if not upload.content_type.startswith("image/") or not upload.content:
        raise BadRequestError({"image": ["Upload a valid image."]})
    images = editing.part["images"]
    image = _image(call, upload.filename.rpartition(".")[2] or "jpg")
    image["display_order"] = max((row["display_order"] for row in images), default=0) + 1
    images.append(image)
    editing.save()
    return Answer(201, image)


def move_image(call: Call) -> Answer:
    editing, fields = open_product(call), Fields(call.document)
    image = _image_meant(editing)
    fields.require("display_order")
    order = fields.whole("display_order")
    fields.check()
    image["display_order"] = order
    editing.save()
    return Answer(document=image)


def delete_image(call: Call) -> Answer:
    editing = open_product(call)
    editing.part["images"].remove(_image_meant(editing))
    editing.save()
    return Answer(204)


def _image(call: Call, ending: str) -> Json:
    number, folder = call.sandbox.world.new_uuid(), call.store.uuid
    stem = f"https://media.zid.example/thumbs/{folder}/{number}-thumbnail"
    sizes = {name: f"{stem}-{size}-70.{ending}" for name, size in _SIZES.items()}
    sizes["full_size"] = f"https://media.zid.example/{folder}/{number}.{ending}"
    return {"id": number, "image": sizes, "alt_text": call.document.get("alt_text")}


def _image_meant(editing: Editing) -> Json:
    wanted = editing.call.incoming.params["image"]
    for image in editing.part["images"]:
        if image["id"] == wanted:
            known: Json = image
            return known
    raise NotFoundError
