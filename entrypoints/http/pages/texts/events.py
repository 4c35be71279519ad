"""The console's events: the list, and one of them. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "events.none": ("No event has arrived yet.", "لم يصل أي حدث بعد."),
        "events.none.hint": (
            "Once a store is installed, whatever happens in it appears here. If nothing comes, look at a store's "
            "webhooks. To try it with the sandbox:",
            "بعد تثبيت متجر، يظهر هنا كل ما يحدث فيه. إن لم يصل شيء فراجع إشعارات أحد المتاجر. "
            "للتجربة مع البيئة التجريبية:",
        ),
        "events.none.webhooks": ("Look at the stores", "راجع المتاجر"),
        "events.no_match": ("No event matches.", "لا حدث يطابق اختيارك."),
        "events.no_match.hint": (
            "Choose less, or another time; what has been settled for long is pruned.",
            "خفّف الشروط أو اختر وقتًا آخر؛ فما انتهى منذ زمن يُحذف.",
        ),
        "events.caption": ("Events, newest first", "الأحداث، الأحدث أولًا"),
        "events.time": ("Received", "وقت الاستلام"),
        "events.any": ("Any", "الكل"),
        "events.stale": ("old version", "نسخة قديمة"),
        "events.field.store_id": ("Store number", "رقم المتجر"),
        "events.field.entity_id": ("About (Zid's id)", "عن (المعرّف في زد)"),
        "events.field.since": ("From (Riyadh)", "من (بتوقيت الرياض)"),
        "events.field.until": ("Before (Riyadh)", "قبل (بتوقيت الرياض)"),
        "events.field.fingerprint": ("Cause of death", "سبب التوقف"),
        "events.wrong": ("One of the fields cannot be meant like this.", "أحد الحقول غير صالح."),
        "events.wrong.fix": ("What to write instead stands below it.", "تجد الصيغة الصحيحة تحته."),
        "events.fix.store_id": (
            "Zid's number of the store, in digits alone, such as 1001.",
            "رقم المتجر في زد، أرقام فقط، مثل 1001.",
        ),
        "events.fix.topic": ("A topic such as order.create.", "موضوع مثل order.create."),
        "events.fix.state": ("Choose one of the states in the list.", "اختر حالة من القائمة."),
        "events.fix.origin": ("Choose one of the origins in the list.", "اختر مصدرًا من القائمة."),
        "events.fix.entity_id": ("At most 200 characters.", "200 حرف على الأكثر."),
        "events.fix.since": (
            "A date and time, such as 2026-01-31T14:30.",
            "تاريخ ووقت، مثل 2026-01-31T14:30.",
        ),
        "events.fix.until": (
            "A date and time, such as 2026-01-31T14:30.",
            "تاريخ ووقت، مثل 2026-01-31T14:30.",
        ),
        "events.fix.order": ("This must be later than where it begins.", "يجب أن يكون بعد وقت البداية."),
        "events.fix.fingerprint": (
            "A fingerprint as the dead letters show it, such as 3f0c9a17be@1.4.0.",
            "بصمة كما تعرضها صفحة الأحداث المتوقفة، مثل 3f0c9a17be@1.4.0.",
        ),
        "events.short": ("Older events were not looked through yet.", "لم تُفحص الأحداث الأقدم بعد."),
        "events.short.hint": (
            "This choice is rare among so many; each look goes through the next part of them.",
            "ما اخترته نادر بين أحداث كثيرة؛ كل بحث يفحص الجزء التالي منها.",
        ),
        "events.further": ("Look further back", "تابع إلى الأقدم"),
        "events.tail.start": ("Watch live", "متابعة مباشرة"),
        "events.tail.stop": ("Back to the list", "العودة إلى القائمة"),
        "events.tail.lead": (
            "The newest 50 that match, as they come. Pause to read in peace.",
            "أحدث 50 حدثًا مطابقًا لحظة وصولها. أوقف المتابعة مؤقتًا لتقرأ بهدوء.",
        ),
        "event.facts": ("What it is", "بيانات الحدث"),
        "event.id": ("Event", "الحدث"),
        "event.reason": ("Reason", "السبب"),
        "event.received": ("Received", "وقت الاستلام"),
        "event.settled": ("Settled", "وقت الانتهاء"),
        "event.due": ("Next try", "المحاولة التالية"),
        "event.attempts": ("Attempts", "المحاولات"),
        "event.seconds": ("{n} s", "{n} ث"),
        "event.stale": (
            "Zid's version in it is older than what was known already: it was recorded and changed nothing.",
            "نسخة زد فيه أقدم مما كان معروفًا: سُجّل ولم يغيّر شيئًا.",
        ),
        "event.refused": ("That was not done.", "لم يُنفَّذ ذلك."),
        "event.from": ("Where it came from", "من أين جاء"),
        "event.from.zid": ("Zid delivered it as a webhook.", "أرسله زد إشعارًا."),
        "event.from.derived": (
            "It was found by comparing an event with what was known before:",
            "استُنتج بمقارنة حدث بما كان معروفًا قبله:",
        ),
        "event.from.replay": ("A person had this event handled again:", "طلب شخص معالجة هذا الحدث من جديد:"),
        "event.from.synthetic": ("It was read from Zid.", "قُرئ من زد."),
        "event.from.backfill": ("The backfill read it when the store was first read.", "قرأته القراءة الأولى للمتجر."),
        "event.from.reconciliation": (
            "A reconciliation found that its webhook was missing.",
            "اكتشفت المطابقة أن إشعاره لم يصل.",
        ),
        "event.from.store": ("See the store", "صفحة المتجر"),
        "event.parent.gone": ("That one has been pruned:", "حُذف ذاك الحدث لقِدمه:"),
        "event.replays": ("It was handled again as:", "أُعيدت معالجته باسم:"),
        "event.changed": ("What changed", "ما الذي تغيّر"),
        "event.change": ("Change", "التغيير"),
        "event.old": ("Before", "قبل"),
        "event.new": ("After", "بعد"),
        "event.changed.none": (
            "Nothing that Wasl derives events from.",
            "لم يتغيّر شيء مما يُستنتج منه حدث.",
        ),
        "event.changed.stale": (
            "Nothing: a newer version was known already.",
            "لا شيء: كانت نسخة أحدث معروفة.",
        ),
        "event.runs": ("Handlers", "المعالجات"),
        "event.handler": ("Handler", "المعالج"),
        "event.runs.none": (
            "No handler of the app listens to this topic, or the event has not come to them.",
            "لا معالج في التطبيق يستمع إلى هذا الموضوع، أو لم يصل الحدث إليه بعد.",
        ),
        "event.attempts.title": ("Attempts", "المحاولات"),
        "event.attempts.none": ("No attempt is on record.", "لا محاولات مسجَّلة."),
        "event.outcome": ("Outcome", "النتيجة"),
        "event.duration": ("Took", "المدة"),
        "event.worker": ("Worker", "العامل"),
        "event.ended": ("Ended", "انتهت"),
        "event.traceback": ("Traceback", "تتبّع الخطأ"),
        "attempt.done": ("Done", "تمّت"),
        "attempt.failed": ("Failed", "فشلت"),
        "attempt.timed_out": ("Too long", "تجاوزت الوقت"),
        "attempt.retry": ("Asked for another try", "طلبت إعادة المحاولة"),
        "attempt.snoozed": ("Put off", "أُجّلت"),
        "attempt.cancelled": ("Cancelled", "أُلغيت"),
        "attempt.given_back": ("Given back", "أُعيدت"),
        "attempt.lost": ("Worker lost", "فُقد العامل"),
        "event.lane": ("Its lane", "مساره"),
        "event.lane.lead": (
            "Events about the same thing are handled one after the other, in the order of their arrival.",
            "الأحداث عن الشيء نفسه تُعالج واحدًا تلو الآخر بترتيب وصولها.",
        ),
        "event.paused": ("The store is paused, so this waits.", "المتجر متوقف مؤقتًا، لذا ينتظر هذا الحدث."),
        "event.blocked": ("It waits for these before it:", "ينتظر هذه التي قبله:"),
        "event.later": ("After it:", "بعده:"),
        "event.earlier": ("Before it:", "قبله:"),
        "event.alone": ("Nothing else about it is in the ledger.", "لا شيء آخر عنه في السجل."),
        "event.body": ("Body", "المحتوى"),
        "event.body.cut": (
            "It is long: this is its beginning.",
            "المحتوى طويل: هذه بدايته.",
        ),
        "event.body.whole": ("The whole body", "المحتوى كاملًا"),
        "event.body.size": ("{n} bytes", "{n} بايت"),
        "event.body.gone": (
            "It was removed: the install is over, its time is up, or somebody was erased.",
            "أُزيل المحتوى: انتهى التثبيت، أو مضى وقته، أو مُحيت بيانات صاحبه.",
        ),
        "event.decide": ("Decide", "القرار"),
        "event.replay": ("Handle again as a new event", "عالجه من جديد كحدث جديد"),
        "event.redrive": ("Redrive", "أعد المعالجة"),
        "event.discard": ("Discard", "استبعِد"),
        "event.discard.what": (
            "It is cancelled for good: no handler will have it any more.",
            "يُلغى نهائيًا: لن يصل إلى أي معالج بعد ذلك.",
        ),
        "event.discard.reason": ("Reason, kept with the event", "السبب، يُحفظ مع الحدث"),
        "event.export": ("Export as a test", "صدّره كاختبار"),
        "event.export.what": (
            "A pytest file that fails as the handler did, until it is mended. It holds the body.",
            "ملف pytest يفشل كما فشل المعالج إلى أن يُصلَح. وفيه محتوى الحدث.",
        ),
        "event.export.mask": ("Make people unrecognisable", "أخفِ بيانات الأشخاص"),
        "event.export.button": ("Download", "تنزيل"),
        "notice.event.replayed": ("Queued as a new event: this one.", "أُضيف إلى الانتظار كحدث جديد: هذا الحدث."),
        "notice.event.redriven": ("Queued again with fresh attempts.", "أُعيد إلى الانتظار بمحاولات جديدة."),
        "notice.event.cannot_redrive": (
            "Nothing was queued: the event is not dead any more, nobody can read it, or its install is over.",
            "لم يُعَد شيء: لم يعد الحدث متوقفًا، أو لا يمكن قراءته، أو انتهى تثبيته.",
        ),
        "notice.event.discarded": ("Discarded.", "استُبعد."),
        "notice.event.not_dead": (
            "The event is not dead any more; nothing was changed.",
            "لم يعد الحدث متوقفًا؛ لم يتغيّر شيء.",
        ),
    }
)
