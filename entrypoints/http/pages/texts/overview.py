"""The console's first page. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "as_of": ("As of", "حتى"),
        "overview.all_stores": ("All stores", "كل المتاجر"),
        "overview.all_events": ("All events", "كل الأحداث"),
        "attention": ("What needs you first", "ما يحتاج إليك أولًا"),
        "attention.open": ("Look", "عرض"),
        "attention.none": ("All is well", "كل شيء على ما يرام"),
        "attention.none.lead": (
            "No event is dead, every store is authorized, and the books balance.",
            "لا أحداث متوقفة، وكل متجر مصرَّح به، والسجل متوازن.",
        ),
        "attention.scheduler": (
            "No scheduler has counted for minutes: these numbers are old",
            "لم يعُدّ أي مجدوِل منذ دقائق: هذه الأرقام قديمة",
        ),
        "attention.scheduler.do": (
            "Start “wasl scheduler”, or read its log. Until then tokens are not renewed.",
            "شغّل الأمر wasl scheduler أو اقرأ سجله. وإلى ذلك الحين لا تُجدَّد الرموز.",
        ),
        "attention.balance": ("The books do not balance", "السجل غير متوازن"),
        "attention.balance.do": (
            "Run “wasl verify”: it names the events that differ.",
            "نفّذ الأمر wasl verify، فهو يسمّي الأحداث المختلفة.",
        ),
        "attention.dead": ("Dead events: {n}", "أحداث متوقفة: {n}"),
        "attention.dead.do": (
            "Mend the cause, then redrive them: first one, then a few, then all.",
            "أصلح السبب ثم أعد معالجتها: واحدًا أولًا، ثم قليلًا منها، ثم جميعها.",
        ),
        "attention.family": (
            "Kinds of calls that Zid fails for every store: {n}",
            "أنواع طلبات يتعثر فيها زد لكل المتاجر: {n}",
        ),
        "attention.family.do": (
            "Calls rest and are tried again by themselves. If it lasts, look at Zid's status.",
            "تتوقف الطلبات قليلًا ثم تُعاد تلقائيًا. إن طال ذلك فراجع حالة زد.",
        ),
        "attention.breakers": ("Stores that are not called for a while: {n}", "متاجر لا تُطلب مؤقتًا: {n}"),
        "attention.breakers.do": (
            "Zid failed for them several times. They are tried again by themselves.",
            "تعثر زد معها مرات عدة. تُعاد المحاولة تلقائيًا.",
        ),
        "attention.reauthorize": ("Stores to be authorized again: {n}", "متاجر تحتاج إلى موافقة جديدة: {n}"),
        "attention.reauthorize.do": (
            "Zid refuses their tokens. Send each merchant an authorization link; nothing is lost by it.",
            "يرفض زد رموزها. أرسل إلى كل تاجر رابط موافقة، ولن يضيع شيء.",
        ),
        "attention.expired": ("Installs whose tokens have expired: {n}", "تثبيتات انتهت صلاحية رموزها: {n}"),
        "attention.expired.do": (
            "Refresh their tokens on the store's page; where Zid refuses, the merchant authorizes again.",
            "جدّد رموزها من صفحة المتجر؛ وإن رفض زد فليوافق التاجر من جديد.",
        ),
        "attention.expiring": ("Tokens that expire within a week: {n}", "رموز تنتهي خلال أسبوع: {n}"),
        "attention.expiring.do": (
            "They should have been renewed long before. Look at the last renewals: “wasl status”.",
            "كان يجب أن تُجدَّد قبل ذلك بكثير. راجع آخر عمليات التجديد بالأمر wasl status.",
        ),
        "attention.quarantined": ("Stores whose tokens do not open: {n}", "متاجر لا تُفتح رموزها: {n}"),
        "attention.quarantined.do": (
            "A key of TOKEN_KEYS is missing, or rows were changed. “wasl keys status” names them.",
            "ينقص مفتاح من TOKEN_KEYS أو عُدِّلت بيانات. الأمر wasl keys status يسمّيها.",
        ),
        "attention.webhooks": ("Subscriptions that do not deliver: {n}", "اشتراكات لا تصل إشعاراتها: {n}"),
        "attention.webhooks.do": (
            "They are put right by themselves. If some stay so, apply the webhooks on the store's page.",
            "تُصلَح تلقائيًا. إن بقي بعضها فأعد تطبيق الإشعارات من صفحة المتجر.",
        ),
        "attention.in_doubt": ("Renewals whose answer was lost: {n}", "عمليات تجديد ضاعت إجابتها: {n}"),
        "attention.in_doubt.do": (
            "The old tokens are used while Zid takes them. Check them at Zid on the store's page.",
            "تُستخدم الرموز السابقة ما دام زد يقبلها. افحصها لدى زد من صفحة المتجر.",
        ),
        "attention.gaps": ("Spans that are still to be read again: {n}", "فترات ما زالت تنتظر القراءة من جديد: {n}"),
        "attention.gaps.do": (
            "Deliveries may be missing in them. Reconciliation reads them by itself.",
            "قد تنقصها إشعارات. تقرؤها المطابقة تلقائيًا.",
        ),
        "attention.alert.client_rejected": (
            "Zid does not know our client id or secret",
            "لا يعرف زد معرّف التطبيق أو سره",
        ),
        "attention.alert.client_rejected.do": (
            "Correct ZID_CLIENT_ID and ZID_CLIENT_SECRET. Until then no token can be renewed.",
            "صحّح ZID_CLIENT_ID وZID_CLIENT_SECRET. وإلى ذلك الحين لا يُجدَّد أي رمز.",
        ),
        "attention.alert.audit_altered": ("The audit's seals were changed", "غُيِّرت أختام سجل التدقيق"),
        "attention.alert.audit_altered.do": (
            "Run “wasl audit verify”: it names the first entry that differs.",
            "نفّذ الأمر wasl audit verify، فهو يسمّي أول قيد مختلف.",
        ),
        "attention.alert.events_stuck": ("Work that nobody takes up", "عمل لا يتولاه أحد"),
        "attention.alert.events_stuck.do": (
            "Look whether “wasl consumer” runs, and at its log.",
            "تأكد من عمل wasl consumer واقرأ سجله.",
        ),
        "attention.alert.renewals_late": ("Renewals of tokens are late", "تأخر تجديد الرموز"),
        "attention.alert.renewals_late.do": (
            "Look at the scheduler's log; Zid may refuse or be slow.",
            "اقرأ سجل المجدوِل؛ فقد يرفض زد أو يتباطأ.",
        ),
        "attention.alert.spool_stays_full": (
            "Deliveries wait outside the database",
            "إشعارات تنتظر خارج قاعدة البيانات",
        ),
        "attention.alert.spool_stays_full.do": (
            "They are taken in as soon as the database takes them; look whether it answers.",
            "تُستقبل حالما تقبلها قاعدة البيانات؛ تأكد من استجابتها.",
        ),
        "attention.alert.process_absent": ("A needed process is not running: {n}", "عملية لازمة لا تعمل: {n}"),
        "attention.alert.process_absent.do": (
            "Start it: “wasl http” takes webhooks in, “wasl consumer” handles them.",
            "شغّلها: wasl http يستقبل الإشعارات، وwasl consumer يعالجها.",
        ),
        "attention.alert.database_away": ("The database does not answer", "قاعدة البيانات لا تستجيب"),
        "attention.alert.database_away.do": (
            "Webhooks are kept on disk meanwhile. Bring the database back; nothing else is to be done.",
            "تُحفظ الإشعارات على القرص في الأثناء. أعد تشغيل قاعدة البيانات، ولا حاجة إلى غير ذلك.",
        ),
        "traffic.title": ("The last hour", "الساعة الأخيرة"),
        "traffic.chart": (
            "Events that came in and events that were done, per minute; the table below has the numbers.",
            "الأحداث الواردة والمنجَزة في كل دقيقة؛ والأرقام في الجدول أدناه.",
        ),
        "traffic.received": ("In per minute", "الواردة في الدقيقة"),
        "traffic.done": ("Done per minute", "المنجَزة في الدقيقة"),
        "traffic.table": ("The hour as a table", "الساعة في جدول"),
        "traffic.depth": ("In the work index", "في فهرس العمل"),
        "traffic.p50": ("Half within", "النصف خلال"),
        "traffic.p95": ("95 % within", "95% خلال"),
        "traffic.p99": ("99 % within", "99% خلال"),
        "traffic.none": ("Nothing has been counted yet.", "لم يُعَدّ شيء بعد."),
        "traffic.none.hint": (
            "A scheduler counts every few seconds. If this stays, start “wasl scheduler”.",
            "يعُدّ المجدوِل كل بضع ثوانٍ. إن بقي هذا فشغّل wasl scheduler.",
        ),
        "health": ("How stores and Zid do", "حال المتاجر وزد"),
        "health.tokens": ("Days until tokens expire, by installs", "الأيام المتبقية لصلاحية الرموز، بعدد التثبيتات"),
        "health.stores": ("Stores by state", "المتاجر حسب الحالة"),
        "health.missed": ("Webhooks that never came, by topic", "إشعارات لم تصل قط، حسب الموضوع"),
        "health.missed.none": (
            "No reconciliation has compared anything yet.",
            "لم تقارن أي مطابقة شيئًا بعد.",
        ),
        "health.breakers": ("Calls to Zid, by kind", "الطلبات إلى زد، حسب النوع"),
        "health.breakers.none": ("None has been made by this process yet.", "لم تُرسل هذه العملية أي طلب بعد."),
        "health.breakers.stores": ("Stores that rest: {n}", "متاجر متوقفة مؤقتًا: {n}"),
        "health.rates": ("Stores that Zid told to slow down", "متاجر طلب زد إبطاء الطلبات إليها"),
        "health.rates.none": ("Every store has its whole allowance.", "لكل متجر حصته كاملة."),
        "rate.share": ("{percent} % of its allowance", "{percent}% من حصته"),
        "rate.pause": ("not called for {seconds} s", "لن يُطلب لمدة {seconds} ث"),
        "breaker.closed": ("Working", "تعمل"),
        "breaker.half_open": ("Being tried", "قيد التجربة"),
        "breaker.open": ("Resting", "متوقفة مؤقتًا"),
        "days.0": ("expired", "منتهية"),
        "days.1": ("less than 1", "أقل من 1"),
        "days.7": ("1 to 7", "من 1 إلى 7"),
        "days.30": ("7 to 30", "من 7 إلى 30"),
        "days.90": ("30 to 90", "من 30 إلى 90"),
        "days.180": ("90 to 180", "من 90 إلى 180"),
        "days.365": ("180 to 365", "من 180 إلى 365"),
        "days.longer": ("longer", "أكثر"),
        "ledger": ("Ledger", "سجل الأحداث"),
        "ledger.lead": ("Every delivery from Zid is accounted for.", "كل إشعار من زد محسوب."),
        "balanced": ("Balanced", "متوازن"),
        "unbalanced": ("Does not balance", "غير متوازن"),
        "off_by": ("Difference", "الفرق"),
        "received": ("Received", "مستلَمة"),
        "duplicates": ("Repeats recognised", "مكررات متعرَّف عليها"),
        "spooled": ("Spooled", "محفوظة مؤقتًا"),
        "derived": ("Derived events", "أحداث مستنتجة"),
    }
)
