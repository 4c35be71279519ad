"""Every sentence of the pages, in English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from entrypoints.http.pages.embedded_texts import EMBEDDED_TEXTS
from entrypoints.http.pages.language import Language

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        # Every page
        "app": ("Wasl", "وصل"),
        "tagline": ("The connection between Zid and your app", "الصلة بين زد وتطبيقك"),
        "switch": ("العربية", "English"),
        "skip": ("Skip to content", "انتقل إلى المحتوى"),
        "request_id": ("Request id", "رقم الطلب"),
        "start_again": ("Start the installation again", "ابدأ التثبيت من جديد"),
        "open_console": ("For the operator: open the console", "للمشغّل: افتح لوحة المتابعة"),
        # Installing
        "installed.title": ("Installed", "تم التثبيت"),
        "installed.lead": ("This store is connected:", "أصبح هذا المتجر متصلًا:"),
        "installed.next": ("What happens now", "ماذا بعد؟"),
        "installed.flow": (
            "New orders, products and customers of the store arrive here by themselves.",
            "ستصل طلبات المتجر ومنتجاته وعملاؤه الجدد إلى هنا تلقائيًا.",
        ),
        "installed.close": ("You can close this page.", "يمكنك إغلاق هذه الصفحة."),
        "installed.subscribed": ("Notifications that Zid sends from now on", "الإشعارات التي يرسلها زد من الآن"),
        "installed.failed": (
            "Zid did not switch on these notifications. The installation stands; the operator can repair it:",
            "لم يفعّل زد هذه الإشعارات. التثبيت قائم، ويمكن للمشغّل إصلاح ذلك:",
        ),
        "refused.title": ("The installation was not approved", "لم تتم الموافقة على التثبيت"),
        "refused.lead": (
            "Zid says that the permission was refused. Nothing was installed.",
            "أفاد زد بأن الإذن رُفض. لم يُثبَّت أي شيء.",
        ),
        "zid_error.title": ("Zid stopped the installation", "أوقف زد عملية التثبيت"),
        "zid_error.lead": (
            "Zid sent an error instead of a permission. Nothing was installed.",
            "أرسل زد خطأً بدلًا من الإذن. لم يُثبَّت أي شيء.",
        ),
        "zid_error.code": ("Zid's error code", "رمز الخطأ من زد"),
        "zid_error.said": ("Zid's message", "رسالة زد"),
        "ec3.title": ("The store has not subscribed to the app yet", "لم يشترك المتجر في التطبيق بعد"),
        "ec3.lead": (
            "Open the app in Zid's App Market, choose a plan (the free one is enough) and press “Activate app”. "
            "The installation then starts by itself.",
            "افتح التطبيق في سوق تطبيقات زد، واختر باقة (تكفي الباقة المجانية)، ثم اضغط «تفعيل التطبيق». "
            "سيبدأ التثبيت بعدها تلقائيًا.",
        ),
        "state.title": ("This installation cannot be continued", "لا يمكن متابعة هذا التثبيت"),
        "state.forged": (
            "The link does not come from an installation that was started here. Nothing was installed.",
            "هذا الرابط ليس من عملية تثبيت بدأت من هنا. لم يُثبَّت أي شيء.",
        ),
        "state.expired_or_used": (
            "The link was used already, or more than ten minutes have passed. Nothing was installed by it now.",
            "استُخدم هذا الرابط من قبل، أو مضى عليه أكثر من عشر دقائق. لم يُثبَّت به شيء الآن.",
        ),
        "state.other_browser": (
            "The installation was started in another browser, or cookies are blocked. Nothing was installed.",
            "بدأ التثبيت في متصفح آخر، أو أن ملفات تعريف الارتباط محظورة. لم يُثبَّت أي شيء.",
        ),
        "state.nothing_came": (
            "Zid sent the browser back without an approval, twice. Nothing was installed.",
            "أعاد زد المتصفح مرتين دون موافقة. لم يُثبَّت أي شيء.",
        ),
        "state.link_over": (
            "This link has led to an installation already, or more than a day has passed since it was made. "
            "Nothing was installed by it now. Ask for a new one where you got it.",
            "أدّى هذا الرابط إلى تثبيت من قبل، أو مضى على إنشائه أكثر من يوم. لم يُثبَّت به شيء الآن. "
            "اطلب رابطًا جديدًا ممن أرسله إليك.",
        ),
        "code.title": ("Zid no longer accepts this approval", "لم يعد زد يقبل هذه الموافقة"),
        "code.lead": (
            "The one-time code was used already, has expired, or its answer was lost. Nothing was installed by it now; "
            "start again, nothing is lost by that.",
            "استُخدم رمز الموافقة من قبل، أو انتهت صلاحيته، أو ضاعت إجابته. لم يُثبَّت به شيء الآن؛ "
            "ابدأ من جديد، ولن يضيع شيء.",
        ),
        # Problems
        "problem.unavailable": (
            "Something we need does not answer right now. Try again in a moment.",
            "خدمة نعتمد عليها لا تستجيب الآن. حاول بعد قليل.",
        ),
        "problem.not-found": ("There is no page at this address.", "لا توجد صفحة بهذا العنوان."),
        "problem.rate-limited": (
            "Too many requests came from here. Wait a moment, then try again.",
            "وردت طلبات كثيرة من هنا. انتظر قليلًا ثم حاول مجددًا.",
        ),
        "problem.wrong-host": (
            "This service is not reached by that name. The operator can allow it in ALLOWED_HOSTS.",
            "لا يُوصل إلى هذه الخدمة بهذا الاسم. يمكن للمشغّل السماح به في ALLOWED_HOSTS.",
        ),
        "problem.configuration": (
            "This installation is set up wrongly. The operator finds the cause in the log under the request id.",
            "إعداد هذه النسخة غير صحيح. يجد المشغّل السبب في السجل برقم الطلب.",
        ),
        "problem.other": (
            "This did not work. The operator finds the cause in the log under the request id.",
            "لم ينجح ذلك. يجد المشغّل السبب في السجل برقم الطلب.",
        ),
        "problem.title": ("That did not work", "لم ينجح ذلك"),
        # Signing in
        "login.title": ("Sign in", "تسجيل الدخول"),
        "login.key": ("Admin key", "مفتاح المشرف"),
        "login.hint": (
            "The key that “wasl up” shows when it starts (ADMIN_API_KEY), or any key made by “wasl api-keys create”.",
            "المفتاح الذي يعرضه الأمر wasl up عند بدئه (ADMIN_API_KEY)، أو أي مفتاح أنشأه الأمر wasl api-keys create.",
        ),
        "login.button": ("Sign in", "دخول"),
        "login.wrong": ("This key is not right.", "هذا المفتاح غير صحيح."),
        "login.locked": (
            "Too many wrong keys. This one was not looked at.",
            "محاولات خاطئة كثيرة. لم يُفحص هذا المفتاح.",
        ),
        "login.wait": ("Seconds until the next try:", "الثواني المتبقية حتى المحاولة التالية:"),
        "login.over": (
            "You are signed out: the session has ended. Sign in again, nothing is lost.",
            "انتهت جلستك. سجّل الدخول من جديد، لم يضع شيء.",
        ),
        "login.https": (
            "Signing in needs https: PUBLIC_URL begins with http:// and is not this machine's own address.",
            "تسجيل الدخول يتطلب https: يبدأ PUBLIC_URL بـ http:// وليس عنوان هذا الجهاز نفسه.",
        ),
        "signed_in_as": ("Signed in as", "مسجَّل الدخول باسم"),
        "login.stale": ("The form was too old. Please try once more.", "انتهت صلاحية النموذج. حاول مرة أخرى."),
        "logout": ("Sign out", "تسجيل الخروج"),
        # Console
        "console.title": ("Console", "لوحة المتابعة"),
        "live.on": ("Live", "مباشر"),
        "live.off": ("Connection lost, trying again", "انقطع الاتصال، نعيد المحاولة"),
        "live.wait": ("Connecting", "جارٍ الاتصال"),
        "live.trouble": (
            "The database does not answer; these numbers are old.",
            "قاعدة البيانات لا تستجيب؛ الأرقام قديمة.",
        ),
        "refresh.every": ("Refresh every 5 seconds", "تحديث كل 5 ثوانٍ"),
        "refresh.stop": ("Stop refreshing", "إيقاف التحديث"),
        "as_of": ("As of", "حتى"),
        "ledger": ("Ledger", "سجل الأحداث"),
        "ledger.lead": ("Every delivery from Zid is accounted for.", "كل إشعار من زد محسوب."),
        "balanced": ("Balanced", "متوازن"),
        "unbalanced": ("Does not balance", "غير متوازن"),
        "off_by": ("Difference", "الفرق"),
        "received": ("Received", "مستلَمة"),
        "duplicates": ("Repeats recognised", "مكررات متعرَّف عليها"),
        "spooled": ("Spooled", "محفوظة مؤقتًا"),
        "derived": ("Derived events", "أحداث مستنتجة"),
        "stores": ("Stores", "المتاجر"),
        "stores.none": ("No store is installed yet.", "لا يوجد متجر مثبَّت بعد."),
        "stores.none.hint": (
            "Activate the app in a store, and it appears here.",
            "فعّل التطبيق في متجر، وسيظهر هنا.",
        ),
        "stores.more": ("Only the first stores are shown; the rest are at", "تظهر أول المتاجر فقط؛ والبقية في"),
        "store": ("Store", "المتجر"),
        "state": ("State", "الحالة"),
        "installed_at": ("Installed", "ثُبِّت في"),
        "expires_at": ("Tokens valid until", "الرموز صالحة حتى"),
        "refresh_due_at": ("Renewal from", "التجديد من"),
        "epoch": ("Install no.", "التثبيت رقم"),
        "store.active": ("Active", "نشط"),
        "store.needs_reauthorization": ("Must be authorized again", "يحتاج إلى موافقة جديدة"),
        "store.uninstalled": ("Uninstalled", "أُزيل"),
        "store.paused": ("Paused", "متوقف مؤقتًا"),
        "backfill": ("Earlier data", "البيانات السابقة"),
        "backfill.queued": ("To be read", "بانتظار القراءة"),
        "backfill.running": ("Being read", "تُقرأ الآن"),
        "backfill.waiting": ("Waiting", "مؤجَّلة"),
        "backfill.done": ("Complete", "مكتملة"),
        "backfill.failed": ("Given up", "توقفت"),
        "backfill.cancelled": ("Cancelled", "أُلغيت"),
        "events": ("Latest events", "أحدث الأحداث"),
        "dead.title": ("Dead letters", "الأحداث المتوقفة"),
        "dead.back": ("Back to the console", "العودة إلى لوحة المتابعة"),
        "dead.groups": ("By cause", "حسب السبب"),
        "dead.cause": ("Handler and last reason", "المعالج وآخر سبب"),
        "dead.before": ("before any handler", "قبل أي معالج"),
        "dead.count": ("Letters", "العدد"),
        "dead.last_hour": ("Last hour", "آخر ساعة"),
        "dead.last_at": ("Died last", "آخر توقف"),
        "dead.fingerprint": ("Fingerprint", "البصمة"),
        "dead.none": ("No event is dead.", "لا أحداث متوقفة."),
        "dead.how": ("When the cause is mended:", "بعد إصلاح السبب:"),
        "dead.jobs": ("Redrives and discards of many", "إعادات المعالجة والاستبعادات الكبيرة"),
        "dead.job": ("Job", "المهمة"),
        "dead.left": ("Left", "المتبقي"),
        "dead.failed": ("Failed again", "فشلت مجددًا"),
        "dead.action.redrive": ("redrive", "إعادة معالجة"),
        "dead.action.discard": ("discard", "استبعاد"),
        "dead.state.open": ("open", "جارية"),
        "dead.state.done": ("done", "منتهية"),
        "dead.state.stopped": ("stopped where it failed", "أوقفت حيث فشلت"),
        "dead.state.undone": ("undone", "متراجع عنها"),
        "events.none": ("No event has arrived yet.", "لم يصل أي حدث بعد."),
        "time": ("Time (UTC)", "الوقت (UTC)"),
        "topic": ("Topic", "الموضوع"),
        "entity": ("About", "عن"),
        "origin": ("Origin", "المصدر"),
        "origin.zid": ("Zid", "زد"),
        "origin.derived": ("Derived", "مستنتج"),
        "origin.synthetic": ("Read back", "مقروء"),
        "origin.replay": ("Replay", "إعادة"),
        "entity.order": ("Order", "طلب"),
        "entity.product": ("Product", "منتج"),
        "entity.customer": ("Customer", "عميل"),
        "entity.category": ("Category", "تصنيف"),
        "entity.cart": ("Cart", "سلة"),
        "entity.store": ("Store", "متجر"),
        "state.queued": ("Queued", "في الانتظار"),
        "state.running": ("Running", "قيد المعالجة"),
        "state.waiting": ("Waiting", "مؤجَّل"),
        "state.done": ("Done", "منجَز"),
        "state.dead": ("Dead", "متوقف"),
        "state.cancelled": ("Cancelled", "ملغى"),
        "state.erased": ("Erased", "ممحو"),
        # API pages
        "docs.title": ("API", "واجهة البرمجة"),
        "docs.keys": ("Keys travel like this:", "تُرسل المفاتيح هكذا:"),
        "docs.machine": ("For machines:", "للبرامج:"),
        "docs.shapes": ("What travels", "ما يُتبادل"),
        **EMBEDDED_TEXTS,
    }
)


class Texts:
    """The sentences in one language; an unknown key is a mistake and raises KeyError."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str) -> str:
        english, arabic = TEXTS[key]
        return arabic if self.language is Language.ARABIC else english


def problem_key(slug: str) -> str:
    """The key of what a person is told about a kind of problem."""
    key = f"problem.{slug}"
    return key if key in TEXTS else "problem.other"
