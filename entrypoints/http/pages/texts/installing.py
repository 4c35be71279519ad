"""What a merchant reads while a store is being installed. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
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
    }
)
