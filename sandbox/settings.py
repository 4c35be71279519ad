"""What a sandbox is started with: where it listens, where it keeps its state, and the app it always knows."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# The names a real token carried (2024) and the documented names of what that token did not list.
DEFAULT_SCOPES = (
    "third_categories_write",
    "third_customers_write",
    "third_order_write",
    "third_coupons_write",
    "third_delivery_options_write",
    "third_webhook_write",
    "third_product_write",
    "third_catalog_write",
    "third_js_write",
    "third_create_order",
    "third_product_stock_write",
    "third_inventory_write",
    "embedded_apps_tokens_write",
    "third_account_profile_read",
    "abandoned_carts.read",
    "loyalty_program.read",
    "loyalty_program.read_write",
    "Subscription.read",
)


class SettingsError(ValueError):
    """The sandbox cannot start like this: `field` names the setting, `fix` what to do."""

    def __init__(self, field_name: str, fix: str) -> None:
        super().__init__(f"{field_name}: {fix}")
        self.field = field_name
        self.fix = fix


@dataclass(frozen=True, slots=True)
class AppRegistration:
    """One app of the Partner Dashboard. The client id is not the App id.

    `app_event_urls` maps an app event, or `*` for all of them, to the URL chosen in the dashboard.
    """

    client_id: str
    client_secret: str
    app_id: int
    callback_url: str
    redirection_url: str
    application_url: str = ""
    name: str = "Sandbox app"
    app_event_urls: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    event_username: str = ""
    event_password: str = ""

    def event_url(self, event: str) -> str | None:
        """The URL this app chose for an app event, if any."""
        return self.app_event_urls.get(event) or self.app_event_urls.get("*")


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Everything a sandbox needs to start. `app` and `knobs` are configuration: they survive a reset."""

    host: str = "127.0.0.1"
    port: int = 8090
    allow_remote: bool = False
    state_file: Path | None = None
    app: AppRegistration | None = None
    knobs: Mapping[str, object] = field(default_factory=dict)
    seed: int = 1
    save_every_seconds: float = 1.0
    deliveries_in_flight: int = 64
    delivery_log_limit: int = 200_000
    delivery_body_budget: int = 128 * 1024 * 1024

    def check(self) -> None:
        """Raises SettingsError when the sandbox would listen on more than loopback without being told to."""
        if not self.allow_remote and not is_loopback(self.host):
            raise SettingsError(
                "host",
                f"{self.host!r} is not a loopback address; the sandbox has no authentication of its own. "
                "Use 127.0.0.1, or set allow_remote=True",
            )


def is_loopback(host: str) -> bool:
    """True for localhost and literal loopback addresses; a name that would need DNS is not trusted."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
