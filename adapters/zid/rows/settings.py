"""What a store is set up with (managers family)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import many, read_document
from adapters.zid.headers import Family
from adapters.zid.route import Route, Table
from core.domain.operations.settings import (
    GetTaxSettings,
    ListCities,
    ListCountries,
    ListDeliveryOptions,
    ListOperatingCountries,
    ListPaymentMethods,
)
from core.domain.results.settings import City, Country, DeliveryOption, PaymentMethod, TaxSettings

_STORE: Final = "/v1/managers/store"

ROWS: Final[Table] = MappingProxyType(
    {
        GetTaxSettings: Route(
            "GET",
            Family.MANAGERS,
            _STORE + "/third-party/vat",
            lambda answer, _: TaxSettings.read(read_document(answer)),
        ),
        ListPaymentMethods: Route(
            "GET", Family.MANAGERS, _STORE + "/payment-methods", many(PaymentMethod.read, "payload", "payment_methods")
        ),
        ListDeliveryOptions: Route(
            "GET",
            Family.MANAGERS,
            _STORE + "/delivery-options",
            many(DeliveryOption.read, "delivery_options"),
            query=lambda _: {"payload_type": "simple"},
        ),
        ListOperatingCountries: Route(
            "GET", Family.MANAGERS, "/v1/managers/countries", many(Country.read, "countries")
        ),
        ListCountries: Route("GET", Family.MANAGERS, "/v1/settings/countries", many(Country.read, "countries")),
        ListCities: Route(
            "GET", Family.MANAGERS, "/v1/managers/cities/by-country-id/{country_id}", many(City.read, "cities")
        ),
    }
)
