"""The wiring: which adapter stands behind which port, and what each feature is given, part by part.

Synchronous on purpose: what has to be opened is opened by `config.lifespan` and handed
in. Entrypoints ask these containers once and pass features on as arguments.
"""

from __future__ import annotations

from config.parts.audit import AuditAdapters, AuditFeatures
from config.parts.calls import CallAdapters, CallFeatures
from config.parts.dead_letters import DeadLetterAdapters, DeadLetterFeatures
from config.parts.doors import DoorAdapters, DoorFeatures
from config.parts.embedded import EmbeddedAdapters, EmbeddedFeatures
from config.parts.events import EventAdapters, EventFeatures
from config.parts.examination import ExaminationAdapters
from config.parts.intake import IntakeAdapters, IntakeFeatures
from config.parts.keys import KeyAdapters
from config.parts.mirror import MirrorAdapters, MirrorFeatures
from config.parts.retention import RetentionAdapters, RetentionFeatures
from config.parts.stores import StoreAdapters, StoreFeatures
from config.parts.tokens import TokenAdapters, TokenFeatures
from config.parts.watching import WatchingAdapters, WatchingFeatures
from config.parts.webhooks import WebhookAdapters, WebhookFeatures


class Adapters(
    CallAdapters,
    TokenAdapters,
    StoreAdapters,
    WebhookAdapters,
    IntakeAdapters,
    EventAdapters,
    DeadLetterAdapters,
    MirrorAdapters,
    RetentionAdapters,
    AuditAdapters,
    DoorAdapters,
    EmbeddedAdapters,
    KeyAdapters,
    WatchingAdapters,
    ExaminationAdapters,
):
    """One adapter per port, over connections that are open already."""


class Features(
    CallFeatures,
    TokenFeatures,
    StoreFeatures,
    WebhookFeatures,
    IntakeFeatures,
    EventFeatures,
    DeadLetterFeatures,
    MirrorFeatures,
    RetentionFeatures,
    AuditFeatures,
    EmbeddedFeatures,
    DoorFeatures,
    WatchingFeatures,
):
    """What the service does."""
