"""The console's alerts: what is wrong, and what to do about it. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "alerts.caption": ("Alerts, latest first", "التنبيهات، الأحدث أولًا"),
        "alerts.what": ("What", "ماذا"),
        "alerts.about": ("About", "بشأن"),
        "alerts.since": ("Since", "منذ"),
        "alerts.until": ("Until", "حتى"),
        "alerts.open": ("open", "مفتوح"),
        "alerts.healed": ("over", "انتهى"),
        "alerts.fix": ("What to do", "ما العمل"),
        "alerts.app": ("the whole service", "الخدمة كلها"),
        "alerts.show": ("Show", "عرض"),
        "alerts.show.open": ("Open ones", "المفتوحة الآن"),
        "alerts.show.all": ("Also those that are over", "مع ما انتهى"),
        "alerts.none": ("Nothing is wrong.", "لا مشكلة."),
        "alerts.none.hint": (
            "What needs somebody appears here, in the log and at ALERT_WEBHOOK_URL, and goes when it is over.",
            "يظهر هنا تلقائيًا ما يحتاج إلى أحد، وكذلك في السجل وعلى ALERT_WEBHOOK_URL، ويزول حين ينتهي.",
        ),
        "alerts.none.ever": ("There was no alert yet.", "لم يكن هناك تنبيه بعد."),
        "alerts.none.ever.hint": (
            "Alerts that are over are kept for 90 days.",
            "تُحفظ التنبيهات المنتهية 90 يومًا.",
        ),
        "alerts.kind.needs_reauthorization": ("A store needs its merchant", "متجر يحتاج إلى تاجره"),
        "alerts.fix.needs_reauthorization": (
            "Send the merchant a link to authorize the app again.",
            "أرسل إلى التاجر رابطًا ليأذن للتطبيق من جديد.",
        ),
        "alerts.kind.refresh_in_doubt": ("A renewal is in doubt", "تجديد غير مؤكد"),
        "alerts.fix.refresh_in_doubt": (
            "Nothing: the old tokens are used, and one last try follows in time.",
            "لا شيء: تُستخدم الرموز القديمة، وتلي محاولة أخيرة في وقتها.",
        ),
        "alerts.kind.client_rejected": ("Zid does not know this app", "زد لا يعرف هذا التطبيق"),
        "alerts.fix.client_rejected": (
            "Correct ZID_CLIENT_ID, ZID_CLIENT_SECRET or the Callback URL, and restart.",
            "صحّح ZID_CLIENT_ID أو ZID_CLIENT_SECRET أو Callback URL، ثم أعد التشغيل.",
        ),
        "alerts.kind.stores_do_not_open": ("Tokens cannot be opened", "رموز لا يمكن فتحها"),
        "alerts.fix.stores_do_not_open": (
            "Put the missing key back at the end of TOKEN_KEYS.",
            "أعد المفتاح المفقود إلى نهاية TOKEN_KEYS.",
        ),
        "alerts.kind.audit_altered": ("The audit is not as it was left", "سجل التدقيق ليس كما تُرك"),
        "alerts.fix.audit_altered": (
            "See what was altered, and tell whoever is responsible for security.",
            "انظر ما الذي تغيّر، وأبلغ المسؤول عن الأمن.",
        ),
        "alerts.kind.dead_letters": ("Too many dead letters", "أحداث متوقفة كثيرة"),
        "alerts.fix.dead_letters": (
            "Look at the causes, mend them, and redrive with a few first.",
            "انظر في الأسباب وأصلحها، ثم أعد المعالجة بدءًا بعدد قليل.",
        ),
        "alerts.kind.books_not_balanced": ("The books do not balance", "الدفاتر غير متوازنة"),
        "alerts.fix.books_not_balanced": (
            "Keep what this command says, and change nothing by hand.",
            "احتفظ بما يقوله هذا الأمر، ولا تغيّر شيئًا يدويًا.",
        ),
        "alerts.kind.events_stuck": ("Events are taken up by nobody", "أحداث لا يتولاها أحد"),
        "alerts.fix.events_stuck": (
            "Look whether consumers run and what their log says; restart them one by one.",
            "انظر هل تعمل عمليات consumer وما يقوله سجلها، وأعد تشغيلها واحدة بعد الأخرى.",
        ),
        "alerts.kind.webhooks_not_delivered": ("Zid does not deliver some webhooks", "زد لا يسلّم بعض الـ webhooks"),
        "alerts.fix.webhooks_not_delivered": (
            "See what differs from what should be, and apply it.",
            "انظر ما يختلف عمّا ينبغي، ثم طبّقه.",
        ),
        "alerts.kind.gaps_stay_open": ("Gaps are not read", "فجوات لم تُقرأ"),
        "alerts.fix.gaps_stay_open": (
            "Look why reconciliation fails for the store, and start it again.",
            "انظر لماذا تفشل المطابقة لهذا المتجر، وابدأها من جديد.",
        ),
        "alerts.kind.renewals_late": ("Tokens are renewed late", "رموز يتأخر تجديدها"),
        "alerts.fix.renewals_late": (
            "See what stopped the last run: Zid, our client, or a key.",
            "انظر ما الذي أوقف آخر جولة: زد، أو تطبيقنا، أو مفتاح.",
        ),
        "alerts.kind.spool_stays_full": ("Deliveries wait outside the database", "تسليمات خارج قاعدة البيانات"),
        "alerts.fix.spool_stays_full": (
            "Look for a key that left TOKEN_KEYS, and for a database that is too slow.",
            "ابحث عن مفتاح أُزيل من TOKEN_KEYS، أو عن قاعدة بيانات بطيئة.",
        ),
        "alerts.kind.process_absent": ("No process of a kind runs", "لا تعمل أي عملية من نوع مطلوب"),
        "alerts.fix.process_absent": (
            "Start it; its last line in the log says why it ended.",
            "شغّلها؛ آخر سطر في سجلها يقول لماذا انتهت.",
        ),
        "alerts.kind.database_away": ("The database is away", "قاعدة البيانات غائبة"),
        "alerts.fix.database_away": (
            "Bring it back; deliveries are kept meanwhile.",
            "أعدها إلى العمل؛ تُحفظ التسليمات إلى ذلك الحين.",
        ),
    }
)
