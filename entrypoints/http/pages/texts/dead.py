"""The console's dead letters: causes, one of them, and jobs. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "dead.title": ("Dead letters", "الأحداث المتوقفة"),
        "dead.groups": ("By cause", "حسب السبب"),
        "dead.groups.caption": ("Causes, the latest first", "الأسباب، الأحدث أولًا"),
        "dead.jobs.caption": ("Jobs, the latest first", "المهام، الأحدث أولًا"),
        "dead.job.caption": ("Its letters by cause", "ما فيها حسب السبب"),
        "dead.group": ("Cause", "سبب التوقف"),
        "dead.cause": ("Last reason, and handler", "آخر سبب، والمعالج"),
        "dead.before": ("before any handler", "قبل أي معالج"),
        "dead.no_reason": ("no reason was kept", "لا سبب محفوظ"),
        "dead.count": ("Letters", "العدد"),
        "dead.last_hour": ("Last hour", "آخر ساعة"),
        "dead.first_at": ("Died first", "أول توقف"),
        "dead.last_at": ("Died last", "آخر توقف"),
        "dead.version": ("Version", "الإصدار"),
        "dead.fingerprint": ("Fingerprint", "البصمة"),
        "dead.none": ("No event is dead.", "لا أحداث متوقفة."),
        "dead.none.hint": (
            "When a handler gives up on an event, it waits here for your decision.",
            "إذا عجز معالج عن حدث، ينتظر هنا قرارك.",
        ),
        "dead.none.events": ("See all events", "كل الأحداث"),
        "dead.alarm.reached": (
            "{n} events are dead: the alarm is at {most}.",
            "{n} حدثًا متوقفًا: حد الإنذار {most}.",
        ),
        "dead.alarm.reached.do": (
            "Begin with the cause that grew most within the last hour.",
            "ابدأ بالسبب الذي زاد أكثر في آخر ساعة.",
        ),
        "dead.alarm.growing": (
            "{n} more died within the last hour. Like this, the alarm at {most} is reached at",
            "توقف {n} في آخر ساعة. بهذا المعدل يُبلَغ حد الإنذار ({most}) في",
        ),
        "dead.alarm.growing.do": (
            "Look at the causes below; redrive what is mended.",
            "راجع الأسباب أدناه، وأعد معالجة ما أُصلح.",
        ),
        "dead.alarm.quiet": (
            "{n} events are dead, {hour} of them since an hour ago. The alarm is at {most}.",
            "{n} حدثًا متوقفًا، منها {hour} خلال الساعة الأخيرة. حد الإنذار {most}.",
        ),
        "dead.why": ("Why they died", "لماذا توقفت"),
        "dead.samples": ("The newest of them", "أحدثها"),
        "dead.samples.all": ("All events of this cause", "كل الأحداث لهذا السبب"),
        "dead.redrive": ("Redrive", "أعد المعالجة"),
        "dead.redrive.lead": (
            "When the cause is mended. The letters get fresh attempts, beside live work and never before it.",
            "بعد إصلاح السبب. تحصل على محاولات جديدة إلى جانب العمل الجاري، ولا تتقدّم عليه.",
        ),
        "dead.dry_run": ("Dry run: only count", "تجربة بلا تنفيذ: عدّ فقط"),
        "dead.dry.counted": ("{n} letters of {events} events match.", "يطابق {n} من {events} حدثًا."),
        "dead.dry.able": ("{n} can be handled.", "يمكن معالجة {n} منها."),
        "dead.dry.marked": ("{n} are in an open job already.", "{n} منها في مهمة جارية."),
        "dead.dry.stages": (
            "As a canary: {first}, then {second} more, then the other {third}.",
            "بالتدرّج: {first} ثم {second} ثم الباقي وعدده {third}.",
        ),
        "dead.dry.nothing": ("Nothing was changed.", "لم يتغيّر شيء."),
        "dead.canary": ("canary", "بالتدرّج"),
        "dead.canary.do": (
            "As a canary: try 5 once, then 5 %, then all; stop by itself where they go on failing",
            "بالتدرّج: جرّب 5 مرة واحدة، ثم 5 %، ثم الجميع؛ ويتوقف تلقائيًا إن استمر الفشل",
        ),
        "dead.stop_above": ("Stop above this share of failures, in per cent", "توقف عند تجاوز نسبة الفشل (%)"),
        "dead.fix.stop_above": ("Write a number from 0 to 100.", "اكتب رقمًا من 0 إلى 100."),
        "dead.fix.typed": (
            "That is not their number now. Look again, then type it.",
            "هذا ليس عددها الآن. راجعها ثم اكتب العدد.",
        ),
        "dead.fix.reason": ("Say why, in at most 200 characters.", "اذكر السبب في 200 حرف على الأكثر."),
        "dead.discard": ("Discard", "الاستبعاد"),
        "dead.discard.lead": (
            "For what nobody needs handled any more. To keep them, redrive instead.",
            "لما لم تعد معالجته لازمة. وللإبقاء عليها أعد المعالجة بدلًا من ذلك.",
        ),
        "dead.discard.will": (
            "{n} letters are cancelled for good.",
            "يُلغى {n} نهائيًا.",
        ),
        "dead.discard.delayed": (
            "It begins in {n} minutes and can be undone until then.",
            "يبدأ بعد {n} دقائق، ويمكن التراجع حتى ذلك الحين.",
        ),
        "dead.discard.at_once": ("It begins at once.", "يبدأ فورًا."),
        "dead.discard.kept": (
            "The events stay in the ledger as cancelled, with your reason.",
            "تبقى الأحداث في السجل ملغاة مع السبب.",
        ),
        "dead.discard.button": ("Discard {n} letters", "استبعد {n}"),
        "dead.jobs": ("Redrives and discards of many", "إعادات المعالجة والاستبعادات الكبيرة"),
        "dead.jobs.all": ("All of the last 30 days", "كل ما جرى في آخر 30 يومًا"),
        "dead.jobs.none": ("There was none in the last 30 days.", "لم يكن شيء منها في آخر 30 يومًا."),
        "dead.jobs.none.hint": (
            "Redrive or discard a cause of dead letters, and it is told here.",
            "أعد معالجة سبب توقف أو استبعده، فيظهر هنا.",
        ),
        "dead.job": ("Job", "المهمة"),
        "dead.by": ("By", "بواسطة"),
        "dead.opened": ("Begun", "بدأت"),
        "dead.closed": ("Ended", "انتهت"),
        "dead.facts": ("About this job", "عن هذه المهمة"),
        "dead.progress": ("Progress", "التقدّم"),
        "dead.left": ("Left", "المتبقي"),
        "dead.succeeded": ("Succeeded", "نجحت"),
        "dead.failed": ("Failed again", "فشلت مجددًا"),
        "dead.in_flight": ("Being handled", "قيد المعالجة"),
        "dead.pending": ("Waiting for their turn", "بانتظار دورها"),
        "dead.skipped": (
            "Skipped: no longer dead, or nobody can handle them",
            "تُركت: لم تعد متوقفة أو لا يمكن معالجتها",
        ),
        "dead.left_dead": ("Left as they were", "بقيت كما كانت"),
        "dead.stopped": ("Stopped", "أُوقفت"),
        "dead.stopped.do": ("Look at the causes again", "راجع الأسباب من جديد"),
        "dead.starts": ("It begins at", "تبدأ في"),
        "dead.starts.undo": ("Until then everything can be undone.", "وحتى ذلك الحين يمكن التراجع عن كل شيء."),
        "dead.stage.1": ("First 5 of each cause", "أول 5 من كل سبب"),
        "dead.stage.2": ("Then 5 %", "ثم 5 %"),
        "dead.stage.3": ("Then all", "ثم الجميع"),
        "dead.undo": ("Stop: leave the rest as it was", "أوقفها واترك الباقي كما كان"),
        "dead.action.redrive": ("Redrive", "إعادة معالجة"),
        "dead.action.discard": ("Discard", "استبعاد"),
        "dead.state.open": ("Open", "جارية"),
        "dead.state.done": ("Done", "منتهية"),
        "dead.state.stopped": ("Stopped where it failed", "أوقفت حيث فشلت"),
        "dead.state.undone": ("Undone", "متراجع عنها"),
        "dead.said.redrive.open": ("{n} of {total} succeeded so far.", "نجح {n} من {total} حتى الآن."),
        "dead.said.redrive.done": ("{n} of {total} succeeded.", "نجح {n} من {total}."),
        "dead.said.redrive.stopped": (
            "{n} of {total} succeeded; it stopped by itself, and the untried stay dead.",
            "نجح {n} من {total}؛ توقفت تلقائيًا، وما لم يُجرَّب بقي متوقفًا.",
        ),
        "dead.said.redrive.undone": (
            "{n} of {total} succeeded before somebody stopped it.",
            "نجح {n} من {total} قبل أن يوقفها شخص.",
        ),
        "dead.said.discard.open": ("{n} of {total} are discarded so far.", "استُبعد {n} من {total} حتى الآن."),
        "dead.said.discard.done": ("{n} of {total} are discarded.", "استُبعد {n} من {total}."),
        "dead.said.discard.stopped": ("{n} of {total} are discarded.", "استُبعد {n} من {total}."),
        "dead.said.discard.undone": (
            "{n} of {total} were discarded before somebody stopped it.",
            "استُبعد {n} من {total} قبل أن يوقفها شخص.",
        ),
        "notice.dead.redrive": (
            "The redrive of {n} letters has begun. You can leave this page.",
            "بدأت إعادة معالجة {n}. يمكنك مغادرة الصفحة.",
        ),
        "notice.dead.discard": ("The discard of {n} letters is under way.", "بدأ استبعاد {n}."),
        "notice.dead.nothing": (
            "There was nothing to do: none is dead any more, another job has them, or nobody can handle them.",
            "لا شيء لتنفيذه: لم يعد أي منها متوقفًا، أو هي في مهمة أخرى، أو لا يمكن معالجتها.",
        ),
        "notice.dead.undone": ("Stopped; {n} letters stay as they were.", "أُوقفت؛ بقي {n} كما كان."),
    }
)
