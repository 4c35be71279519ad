"""The timeline of a store: one sentence for each audited action. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "life.title": ("Life of this store", "حياة هذا المتجر"),
        "life.none": ("Nothing has happened yet.", "لم يحدث شيء بعد."),
        "life.all": ("The whole timeline", "السجل الزمني كاملًا"),
        "life.lead": (
            "Installs, renewals, webhooks, pauses and gaps, newest first. What single requests changed at Zid "
            "stands in the audit.",
            "التثبيتات والتجديدات والإشعارات والإيقافات والفجوات، الأحدث أولًا. أما ما غيّرته الطلبات المفردة في زد "
            "فتجده في سجل التدقيق.",
        ),
        "life.by": ("by", "بواسطة"),
        "life.epoch": ("install no. {n}", "التثبيت رقم {n}"),
        "life.gap": (
            "Notifications may be missing from this time",
            "قد تكون إشعارات هذه الفترة مفقودة",
        ),
        "life.gap.open": ("not read back yet", "لم تُقرأ بعد"),
        "life.gap.closed": ("read back", "قُرئت من زد"),
        "life.gap.every": ("all topics", "كل المواضيع"),
        "life.install.activated": ("Installed", "ثُبِّت التطبيق"),
        "life.install.superseded": ("Ended: a newer install took over", "انتهى: حلّ محله تثبيت أحدث"),
        "life.install.uninstalled": ("Uninstalled by the merchant", "أزاله التاجر"),
        "life.install.revoked": ("Removed from the store by hand", "أُزيل من المتجر يدويًا"),
        "life.install.needs_reauthorization": (
            "Zid refuses the tokens: the merchant has to authorize again",
            "يرفض زد الرموز: على التاجر أن يوافق من جديد",
        ),
        "life.install.active_again": ("Works again", "عاد إلى العمل"),
        "life.install.erased_before": (
            "Ended: it was erased before a backup was restored",
            "انتهى: كان قد مُحي قبل استعادة نسخة احتياطية",
        ),
        "life.token.refreshed": ("Tokens renewed", "جُدِّدت الرموز"),
        "life.token.refresh_asked": ("Renewal of the tokens asked for", "طُلب تجديد الرموز"),
        "life.token.refresh_lost": (
            "Zid's answer to a renewal was lost; the old tokens are used while they work",
            "ضاع رد زد على التجديد؛ تُستخدم الرموز السابقة ما دامت تعمل",
        ),
        "life.token.tested": ("Tokens checked at Zid", "فُحصت الرموز لدى زد"),
        "life.webhooks.subscribed": ("Webhooks subscribed", "اشتُرك في الإشعارات"),
        "life.webhooks.subscribing_asked": ("Subscribing the webhooks asked for", "طُلب الاشتراك في الإشعارات"),
        "life.webhooks.subscription_failed": (
            "Webhooks could not be subscribed",
            "تعذّر الاشتراك في الإشعارات",
        ),
        "life.store.paused": ("Paused", "أُوقف مؤقتًا"),
        "life.store.resumed": ("Resumed", "استُؤنف"),
        "life.store.erasure_asked": ("Erasure asked for", "طُلب المحو"),
        "life.store.erased": ("Erased", "مُحي"),
        "life.backfill.requested": ("Reading of earlier data asked for", "طُلبت قراءة البيانات السابقة"),
        "life.reconciliation.requested": ("Comparison with Zid asked for", "طُلبت المقارنة مع زد"),
        "life.subscription.changed": ("What it pays the app for changed", "تغيّر اشتراكه في التطبيق"),
        "life.uninstall.hint_ignored": (
            "Zid said that it was uninstalled, but its tokens work: ignored",
            "أفاد زد بإزالته، لكن رموزه تعمل: تُجوهل ذلك",
        ),
        "life.embedded.registered": ("The page in Zid's dashboard registered", "سُجِّلت الصفحة داخل لوحة زد"),
    }
)
