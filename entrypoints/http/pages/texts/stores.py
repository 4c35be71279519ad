"""The console's stores. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from entrypoints.http.pages.texts.store import TEXTS as STORE_TEXTS
from entrypoints.http.pages.texts.store_endings import TEXTS as ENDING_TEXTS
from entrypoints.http.pages.texts.store_life import TEXTS as LIFE_TEXTS

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "stores.none": ("No store is installed yet.", "لا يوجد متجر مثبَّت بعد."),
        "stores.none.hint": (
            "Activate the app in a store, and it appears here.",
            "فعّل التطبيق في متجر، وسيظهر هنا.",
        ),
        "installed_at": ("Installed", "ثُبِّت في"),
        "expires_at": ("Tokens valid until", "الرموز صالحة حتى"),
        "refresh_due_at": ("Renewal from", "التجديد من"),
        "epoch": ("Install no.", "التثبيت رقم"),
        "backfill": ("Earlier data", "البيانات السابقة"),
        "backfill.queued": ("To be read", "بانتظار القراءة"),
        "backfill.running": ("Being read", "تُقرأ الآن"),
        "backfill.waiting": ("Waiting", "مؤجَّلة"),
        "backfill.done": ("Complete", "مكتملة"),
        "backfill.failed": ("Given up", "توقفت"),
        "backfill.cancelled": ("Cancelled", "أُلغيت"),
        # The list
        "stores.lead": (
            "Every store that installed the app, and how it stands.",
            "كل متجر ثبَّت التطبيق، وحالته الآن.",
        ),
        "stores.search": ("Title or id", "الاسم أو الرقم"),
        "stores.search.hint": (
            "Search by the beginning of any word of the title, or of the id.",
            "ابحث ببداية أي كلمة من اسم المتجر، أو ببداية رقمه.",
        ),
        "stores.find": ("Search", "بحث"),
        "stores.all": ("All states", "كل الحالات"),
        "stores.clear": ("Show all stores", "عرض كل المتاجر"),
        "stores.nothing": ("No store matches this search.", "لا متجر يطابق هذا البحث."),
        "stores.next": ("Next stores", "المتاجر التالية"),
        "stores.first": ("First stores", "أول المتاجر"),
        "stores.install": ("Install a store", "تثبيت متجر"),
        "stores.id": ("Id", "الرقم"),
        "stores.plan": ("Plan", "الباقة"),
        "stores.tokens": ("Tokens", "الرموز"),
        "stores.days": ("{n} days left", "باقٍ {n} يومًا"),
        "stores.expired": ("Expired", "انتهت"),
        "stores.webhooks": ("Webhooks", "الإشعارات"),
        "stores.last": ("Last event", "آخر حدث"),
        "stores.unverified": ("not confirmed by Zid", "لم يؤكدها زد"),
        "stores.list": ("The stores", "قائمة المتاجر"),
        "webhook.healthy": ("Delivered", "تصل"),
        "webhook.degraded": ("Zid counts failures", "يسجّل زد إخفاقات"),
        "webhook.broken": ("Broken", "معطّلة"),
        "webhook.inactive": ("Switched off", "موقوفة"),
        "webhook.missing": ("Missing", "مفقودة"),
        "webhook.unknown": ("Not looked at yet", "لم تُفحص بعد"),
        # Installing one
        "link.title": ("Install a store", "تثبيت متجر"),
        "link.lead": (
            "A merchant installs the app from Zid's App Market. There are two ways to begin from here.",
            "يثبّت التاجر التطبيق من سوق تطبيقات زد. ومن هنا طريقتان للبدء.",
        ),
        "link.here": ("In this browser", "في هذا المتصفح"),
        "link.here.hint": (
            "For a store that you are signed in to at Zid yourself.",
            "لمتجر سجّلت الدخول إليه في زد بنفسك.",
        ),
        "link.start": ("Start the installation", "ابدأ التثبيت"),
        "link.send": ("A link for a merchant", "رابط للتاجر"),
        "link.send.hint": (
            "It works in any browser, for one installation, for a day. Whoever has it can authorize a store with it.",
            "يعمل في أي متصفح، لتثبيت واحد، لمدة يوم. ومن يملكه يستطيع أن يوافق به على متجر.",
        ),
        "link.return": ("Where the merchant goes afterwards (optional)", "إلى أين يعود التاجر بعدها (اختياري)"),
        "link.return.hint": (
            "An https address at or below one of AUTH_RETURN_URLS; without it our own page says that it worked.",
            "عنوان https ضمن AUTH_RETURN_URLS؛ وبدونه تخبره صفحتنا بأن التثبيت تم.",
        ),
        "link.make": ("Make the link", "أنشئ الرابط"),
        "link.made": ("The link, shown only now", "الرابط، يظهر الآن فقط"),
        "link.until": ("It can be used until", "صالح حتى"),
        "link.needs": (
            "Your key may look, not operate. Ask somebody with the scope operate for a link.",
            "مفتاحك للاطلاع فقط. اطلب الرابط ممن لديه صلاحية التشغيل.",
        ),
        **STORE_TEXTS,
        **ENDING_TEXTS,
        **LIFE_TEXTS,
    }
)
