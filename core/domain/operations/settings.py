"""What a store is set up with. The lists of places and methods change rarely: keep them a while."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from core.domain.operations.operation import Operation
from core.domain.results.settings import City, Country, DeliveryOption, PaymentMethod, TaxSettings


@dataclass(frozen=True, slots=True)
class GetTaxSettings(Operation[TaxSettings]):
    """The store's VAT."""

    scope: ClassVar[str] = "account.read"


@dataclass(frozen=True, slots=True)
class ListPaymentMethods(Operation[Sequence[PaymentMethod]]):
    """How customers can pay."""

    scope: ClassVar[str] = "account.read"


@dataclass(frozen=True, slots=True)
class ListDeliveryOptions(Operation[Sequence[DeliveryOption]]):
    """How orders are delivered."""

    scope: ClassVar[str] = "shipping.read"


@dataclass(frozen=True, slots=True)
class ListOperatingCountries(Operation[Sequence[Country]]):
    """The countries the store sells to."""

    scope: ClassVar[str] = "account.read"


@dataclass(frozen=True, slots=True)
class ListCountries(Operation[Sequence[Country]]):
    """All countries."""

    scope: ClassVar[str] = "account.read"


@dataclass(frozen=True, slots=True)
class ListCities(Operation[Sequence[City]]):
    """The cities of a country (184 is Saudi Arabia)."""

    country_id: str
    scope: ClassVar[str] = "account.read"
