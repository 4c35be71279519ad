"""A store, its subscriptions at a model of Zid, and the features that install, subscribe and end it."""

from __future__ import annotations

from adapters.memory.backfills import MemoryBackfills
from adapters.memory.gaps import MemoryGaps
from adapters.memory.guards import MemoryLocks, MemoryStateStore
from adapters.memory.system import SequentialIds
from core.domain.secret import Secret
from core.features.install_store import InstallStore, OAuthApp
from core.features.subscribe_webhooks import SubscribeWebhooks, WebhookTarget
from core.features.uninstall_store import UninstallStore
from tests.unit.zid.oauth_model import StoreWorld
from tests.unit.zid.webhooks_model import WebhooksModel

RING = (Secret("webhook-secret"),)
TARGET = WebhookTarget("https://wasl.example", "7367", RING)
APP = OAuthApp("48", "https://wasl.example/auth/zid/callback", "https://oauth.zid.sa", Secret("state-secret"))
TOPICS = ("order.create", "order.status.update", "product.update")


class SubscribingWorld(StoreWorld):
    """Memory adapters throughout."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.webhooks = WebhooksModel()
        self.locks = MemoryLocks()
        self.states = MemoryStateStore(self.clock)
        self.ids = SequentialIds()

    def feature(self) -> SubscribeWebhooks:
        return SubscribeWebhooks(
            gateway=self.webhooks,
            installations=self.installations,
            locks=self.locks,
            trail=self.trail,
            target=TARGET,
            gaps=MemoryGaps(self.database),
            clock=self.clock,
        )

    def installer(self, app: OAuthApp = APP) -> InstallStore:
        return InstallStore(
            app=app,
            topics=TOPICS,
            states=self.states,
            exchange=self.zid,
            probe=self.zid,
            installations=self.installations,
            webhooks=self.feature(),
            backfills=MemoryBackfills(self.database),
            trail=self.trail,
            clock=self.clock,
            chance=self.chance,
            ids=self.ids,
        )

    def uninstaller(self) -> UninstallStore:
        worker = self.worker(50)
        return UninstallStore(
            installations=self.installations,
            vault=self.vault,
            book=self.book,
            tokens=self.refresher(worker),
            probe=self.zid,
            webhooks=self.feature(),
            trail=self.trail,
            clock=self.clock,
            worker=lambda: worker,
        )

    def targets(self) -> set[str]:
        return {one.target_url for one in self.webhooks.standing}
