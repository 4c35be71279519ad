"""What merchants read in the embedded app, in English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "installed.not_shown": (
            "Zid has not taken in yet how its dashboard opens the app. That is tried again by itself; "
            "the app opens from the dashboard in a few minutes.",
            "لم يستقبل زد بعد ما تفتح به لوحة تحكمه التطبيق. نعيد المحاولة تلقائيًا، "
            "وسيُفتح التطبيق من اللوحة بعد دقائق.",
        ),
        "embedded.title": ("Your store's connection", "اتصال متجرك"),
        "embedded.closed.title": ("Please open the app again", "افتح التطبيق من جديد"),
        "embedded.closed": (
            "This page opens from the apps in your Zid dashboard, and only from there. "
            "If it does not, install the app again.",
            "تُفتح هذه الصفحة من قسم التطبيقات في لوحة تحكم زد فقط. إن لم تُفتح من هناك، فثبّت التطبيق من جديد.",
        ),
        "embedded.connection": ("Connection", "الاتصال"),
        "embedded.active": ("Your store is connected.", "متجرك متصل."),
        "embedded.needs_reauthorization": (
            "Zid no longer accepts our access to your store. Authorize the app again; nothing is lost by that.",
            "لم يعد زد يقبل وصولنا إلى متجرك. وافق على التطبيق من جديد، ولن يضيع شيء.",
        ),
        "embedded.paused": (
            "Your store is paused: what arrives is kept and handled later.",
            "متجرك متوقف مؤقتًا: ما يصل محفوظ وسيُعالج لاحقًا.",
        ),
        "embedded.authorize": ("Authorize again", "الموافقة من جديد"),
        "embedded.backfill.none": ("There is nothing to be read.", "لا شيء بانتظار القراءة."),
        "embedded.webhooks": ("Notifications from Zid", "إشعارات زد"),
        "embedded.webhooks.good": ("All of them arrive.", "تصل جميعها."),
        "embedded.webhooks.some": (
            "Some do not arrive; this is repaired by itself, and what was missed is read again.",
            "بعضها لا يصل؛ يُصلَح ذلك تلقائيًا، ويُقرأ ما فات من جديد.",
        ),
        "embedded.webhooks.none": ("None is switched on yet.", "لم يُفعَّل أي منها بعد."),
        "embedded.webhooks.unknown": ("Not looked at yet.", "لم تُفحص بعد."),
        "embedded.arriving": ("arriving", "تصل"),
        "embedded.of": ("of", "من"),
        "embedded.last": ("Latest event", "آخر حدث"),
        "embedded.mirror": ("Known of your store", "المعروف عن متجرك"),
        "embedded.orders": ("Orders", "الطلبات"),
        "embedded.products": ("Products", "المنتجات"),
        "embedded.customers": ("Customers", "العملاء"),
        "embedded.live": ("Live", "مباشر"),
        "embedded.trouble": ("Connection lost, trying again", "انقطع الاتصال، نعيد المحاولة"),
        "embedded.over": (
            "This visit is over. Open the app again from your Zid dashboard.",
            "انتهت هذه الزيارة. افتح التطبيق من جديد من لوحة تحكم زد.",
        ),
    }
)
