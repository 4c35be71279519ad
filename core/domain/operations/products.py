"""Products (docs group "managing products")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.domain.documents import Document
from core.domain.operations.operation import Operation


@dataclass(frozen=True, slots=True)
class GetProduct(Operation[Document]):
    """One product with its variants (GET /v1/products/{uuid}/)."""

    product_id: str
    scope: ClassVar[str] = "products.read"
