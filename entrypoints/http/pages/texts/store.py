"""One store: how it stands and what can be done to it. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "store.at": ("When", "متى"),
        "store.table": ("{what}: the table", "جدول: {what}"),
        "store.needs": ("What it needs next", "ما يحتاجه الآن"),
        "store.needs.none": ("Nothing: all is well.", "لا شيء: كل شيء على ما يرام."),
        "store.need.being_erased": (
            "It is being erased; until that is finished it cannot be installed anew.",
            "يجري محوه؛ ولا يمكن تثبيته من جديد حتى ينتهي ذلك.",
        ),
        "store.need.install_again": (
            "It is not installed. The merchant can install the app again from Zid's App Market, or by a link.",
            "ليس مثبَّتًا. يمكن للتاجر تثبيت التطبيق من جديد من سوق تطبيقات زد، أو عبر رابط.",
        ),
        "store.need.authorize_again": (
            "Zid refuses its tokens. Send the merchant a link, so that they authorize the app again; "
            "nothing that arrives until then is lost.",
            "يرفض زد رموزه. أرسل إلى التاجر رابطًا ليوافق على التطبيق من جديد؛ ولن يضيع شيء مما يصل حتى ذلك الحين.",
        ),
        "store.need.renewal_in_doubt": (
            "Zid's answer to the last renewal was lost. The old tokens are used while Zid takes them. Check "
            "them at Zid now.",
            "ضاع رد زد على آخر تجديد. تُستخدم الرموز السابقة ما دام زد يقبلها؛ افحصها لدى زد.",
        ),
        "store.need.renewal_fails": (
            "Renewing its tokens has failed; it is tried again by itself. Refresh them now to see why.",
            "أخفق تجديد رموزه، وتُعاد المحاولة تلقائيًا. جدّدها الآن لترى السبب.",
        ),
        "store.need.expires_soon": (
            "Its tokens expire soon. Refresh them now.",
            "ستنتهي رموزه قريبًا. جدّدها الآن.",
        ),
        "store.need.webhooks": (
            "Some webhooks do not reach us. Apply the subscriptions; what was missed is then read back.",
            "بعض الإشعارات لا يصل إلينا. طبّق الاشتراكات، ثم يُقرأ ما فات.",
        ),
        "store.need.resume": (
            "It is paused: events are taken in and wait. Resume it when you are ready.",
            "متوقف مؤقتًا: تُستلم الأحداث وتنتظر. استأنفه متى كنت جاهزًا.",
        ),
        "store.need.backfill": (
            "Reading its earlier data was given up. Read the reason below, then ask for it again.",
            "توقفت قراءة بياناته السابقة. اقرأ السبب أدناه ثم اطلبها من جديد.",
        ),
        "store.need.dead_letters": (
            "Some of its events are dead. See why, mend the cause, redrive them.",
            "بعض أحداثه متوقف. اعرف السبب وأصلحه، ثم أعد معالجتها.",
        ),
        "store.address": ("Address", "العنوان"),
        "store.currency": ("Currency", "العملة"),
        "store.ended_at": ("Ended", "انتهى في"),
        "store.paused_at": ("Paused since", "متوقف منذ"),
        "store.install_id": ("Install id", "معرّف التثبيت"),
        # Tokens
        "store.tokens": ("Tokens", "الرموز"),
        "store.tokens.none": (
            "It has no tokens: it is not installed now.",
            "لا رموز له: ليس مثبَّتًا الآن.",
        ),
        "store.generation": ("Generation", "الجيل"),
        "store.renewed_at": ("Last renewal", "آخر تجديد"),
        "store.renewal": ("How it went", "نتيجته"),
        "store.renewal.first": ("not renewed yet", "لم تُجدَّد بعد"),
        "store.renewal.renewed": ("renewed", "جُدِّدت"),
        "store.renewal.failing": ("failed {n} times since", "أخفق {n} مرات منذئذ"),
        "store.renewal.in_doubt": ("answer lost, in doubt since", "ضاع الرد، مشكوك فيه منذ"),
        "store.due": ("Next renewal", "التجديد القادم"),
        "store.due.parked": ("not planned", "غير مخطط"),
        "store.scopes": ("Permissions", "الأذونات"),
        "store.unreadable": ("They cannot be opened", "لا يمكن فتحها"),
        "store.findings": ("Odd about them", "ما يلفت النظر فيها"),
        "finding.expired": ("their lifetime is over", "انتهت مدتها"),
        "finding.authorization_expired": ("the authorization token has expired", "انتهى رمز التفويض"),
        "finding.not_yet_valid": (
            "not valid yet: is this machine's clock right?",
            "لم تبدأ صلاحيتها بعد: هل ساعة هذا الجهاز صحيحة؟",
        ),
        "finding.other_client": ("they were given to another app", "أُعطيت لتطبيق آخر"),
        "finding.authorization_no_jwt": ("the authorization token is no JWT", "رمز التفويض ليس بصيغة JWT"),
        "finding.manager_token_odd": ("the manager token has an unusual shape", "رمز المدير بصيغة غير معتادة"),
        "store.proof": ("What Zid says of the tokens", "ماذا يقول زد عن الرموز"),
        "store.proof.works": ("Zid takes them, for this store.", "يقبلها زد لهذا المتجر."),
        "store.proof.fails": ("Zid does not take them.", "لا يقبلها زد."),
        "store.proof.open": (
            "Zid has not said: it did not answer, throttled or failed. Check again in a minute.",
            "لم يحسم زد الأمر: لم يرد أو حدّ من الطلبات أو أخفق. افحصها مرة أخرى بعد دقيقة.",
        ),
        "store.proof.headers": ("Header at fault", "الترويسة المعيبة"),
        "store.proof.question": ("Question", "السؤال"),
        "store.proof.verdict": ("Verdict", "الحكم"),
        "store.proof.status": ("Zid's status", "رد زد"),
        "verdict.accepted": ("accepted", "مقبولة"),
        "verdict.refused": ("refused", "مرفوضة"),
        "verdict.undecided": ("not decided", "لم يُحسم"),
        "dialect.managers": ("Profile, X-Manager-Token", "الملف، X-Manager-Token"),
        "dialect.access_token": ("Profile, Access-Token", "الملف، Access-Token"),
        "dialect.products": ("Products, Access-Token", "المنتجات، Access-Token"),
        # Webhooks
        "store.webhooks": ("Webhooks", "الإشعارات"),
        "store.webhooks.lead": (
            "What the handlers need against what Zid listed last.",
            "ما تحتاجه المعالجات مقابل ما عرضه زد آخر مرة.",
        ),
        "store.webhooks.now": (
            "What the handlers need against what Zid lists now.",
            "ما تحتاجه المعالجات مقابل ما يعرضه زد الآن.",
        ),
        "store.webhooks.checked": ("Last look", "آخر فحص"),
        "store.webhooks.settled": ("Nothing differs.", "لا فرق."),
        "store.webhooks.drift": (
            "They differ: applying makes what is missing and removes what nobody needs.",
            "يوجد فرق: التطبيق يُنشئ الناقص ويزيل ما لا يحتاجه أحد.",
        ),
        "store.webhooks.events": ("Events: {n}", "الأحداث: {n}"),
        "store.webhooks.ask": ("Ask Zid now", "اسأل زد الآن"),
        "store.webhooks.ask.hint": ("One call of the store's allowance.", "طلب واحد من حصة المتجر."),
        "store.webhooks.none": ("Nothing is to be subscribed.", "لا شيء للاشتراك فيه."),
        "store.webhooks.problems": ("Could not be subscribed", "تعذّر الاشتراك"),
        "store.webhooks.apply": ("Apply", "طبّق"),
        "store.webhooks.todo": ("To do", "المطلوب"),
        "todo.keep": ("keep", "يبقى"),
        "todo.create": ("create", "يُنشأ"),
        "todo.replace": ("make anew", "يُنشأ من جديد"),
        "todo.remove": ("remove", "يُزال"),
        "todo.foreign": ("not ours", "ليس لنا"),
        # Backfill
        "store.backfill": ("Earlier data", "البيانات السابقة"),
        "store.backfill.none": (
            "Nothing was ever read. Ask for it below.",
            "لم يُقرأ شيء بعد. اطلب القراءة أدناه.",
        ),
        "store.backfill.kind": ("Kind", "النوع"),
        "store.backfill.read": ("Read", "المقروء"),
        "store.backfill.left": ("Time left", "المتبقي"),
        "store.backfill.of": ("{read} of {total}", "{read} من {total}"),
        "store.backfill.everything": ("Everything", "كل شيء"),
        "store.backfill.ask": ("Read again", "اقرأ من جديد"),
        "store.backfill.why": ("Why", "السبب"),
        "store.backfill.pace": ("{n} a minute", "{n} في الدقيقة"),
        "store.minutes": ("{n} min", "{n} دقيقة"),
        # Reconciliation
        "store.reconciliation": ("Comparison with Zid", "المقارنة مع زد"),
        "store.reconciliation.none": (
            "It was not compared yet. That happens by itself every hour.",
            "لم تُجرَ مقارنة بعد. تحدث تلقائيًا كل ساعة.",
        ),
        "store.reconciliation.ask": ("Compare now …", "قارن الآن …"),
        "store.reconciliation.when": ("When", "متى"),
        "store.reconciliation.why": ("What for", "السبب"),
        "store.reconciliation.calls": ("Calls", "الطلبات"),
        "store.reconciliation.missed": ("Missed webhooks", "إشعارات فاتت"),
        "store.reconciliation.nothing": ("none", "لا شيء"),
        "why.scheduled": ("its time had come", "حان موعدها"),
        "why.requested": ("asked for", "طُلبت"),
        "why.gap": ("a known gap", "فجوة معروفة"),
        "store.gaps": ("Gaps", "الفجوات"),
        "store.gaps.none": ("No gap is known.", "لا فجوات معروفة."),
        "store.lost": ("lost for good", "ضاع نهائيًا"),
        "store.beyond": ("What no reading brings back", "ما لا تعيده أي قراءة"),
        "reconcile.title": ("Compare with Zid", "المقارنة مع زد"),
        "reconcile.lead": (
            "Zid's lists are read and compared with the mirror. What no webhook told reaches the handlers as the event "
            "that should have come.",
            "تُقرأ قوائم زد وتُقارن بنسختنا. وما لم يصل به إشعار يصل إلى المعالجات كالحدث الذي كان يجب أن يأتي.",
        ),
        "reconcile.cost": ("At most {n} calls to Zid", "بحد أقصى {n} طلبًا إلى زد"),
        "reconcile.share": (
            "The calls come out of the share that backfills have of this store's allowance; nothing else has to wait.",
            "تُؤخذ الطلبات من حصة القراءة في رصيد هذا المتجر؛ ولا ينتظر غيرها.",
        ),
        "reconcile.list": ("List", "القائمة"),
        "reconcile.how": ("How much of it", "مقدارها"),
        "reconcile.estimate": ("Calls", "الطلبات"),
        "reconcile.gaps": ("Gaps that it closes", "فجوات تغلقها"),
        "reconcile.start": ("Compare now", "قارن الآن"),
        "scan.full": ("all of it", "كاملة"),
        "scan.window": ("what changed in a time", "ما تغيّر في فترة"),
        "scan.down_to": ("the latest changes", "أحدث التغييرات"),
        # Lists of its events
        "store.events": ("Latest events", "أحدث الأحداث"),
        "store.events.none": (
            "Nothing has arrived of this store yet.",
            "لم يصل شيء من هذا المتجر بعد.",
        ),
        "store.events.all": ("All its events", "كل أحداثه"),
        "store.dead": ("Dead letters", "الأحداث المتوقفة"),
        "store.dead.none": ("None of its events is dead.", "لا أحداث متوقفة له."),
        "store.dead.all": ("All its dead letters", "كل أحداثه المتوقفة"),
        "store.rejected": ("Turned away at the door", "رُفضت عند الباب"),
        "store.rejected.none": ("Nothing was turned away.", "لم يُرفض شيء."),
        "store.rejected.size": ("Bytes", "البايتات"),
        "store.reason": ("Reason", "السبب"),
        "store.erasures": ("Erasures", "عمليات المحو"),
        "erasure.store": ("the whole store", "المتجر كله"),
        "erasure.customer": ("one customer", "عميل واحد"),
        # Actions
        "store.actions": ("Actions", "الإجراءات"),
        "store.actions.needs": (
            "Your key may look, not operate.",
            "مفتاحك للاطلاع فقط، لا للتشغيل.",
        ),
        "store.refresh": ("Refresh tokens", "جدّد الرموز"),
        "store.check": ("Check tokens at Zid", "افحص الرموز لدى زد"),
        "store.pause": ("Pause", "أوقف مؤقتًا"),
        "store.resume": ("Resume", "استأنف"),
        "store.pause.reason": ("Why (kept in the audit)", "السبب (يُحفظ في سجل التدقيق)"),
        "store.endings": ("What cannot be undone", "ما لا يمكن التراجع عنه"),
        "store.revoke": ("Remove the app …", "أزل التطبيق …"),
        "store.erase": ("Erase the store …", "امحُ المتجر …"),
        "store.refused": ("That could not be done", "تعذّر ذلك"),
        "notice.store.not_installed": (
            "Nothing was done: the store is not installed now.",
            "لم يُنفَّذ شيء: المتجر ليس مثبَّتًا الآن.",
        ),
        "notice.store.refreshed": ("The tokens are renewed.", "جُدِّدت الرموز."),
        "notice.store.refresh_unknown": (
            "Zid's answer was lost. The old tokens work and are used; the renewal is tried once more later.",
            "ضاع رد زد. الرموز السابقة تعمل وتُستخدم؛ وتُعاد محاولة التجديد لاحقًا.",
        ),
        "notice.store.backfill": ("Reading has been asked for; it begins by itself.", "طُلبت القراءة، وتبدأ تلقائيًا."),
        "notice.store.reconcile": (
            "The comparison has been asked for; its report appears below.",
            "طُلبت المقارنة؛ ويظهر تقريرها أدناه.",
        ),
        "notice.store.paused": (
            "Paused: events are taken in and wait.",
            "أُوقف مؤقتًا: تُستلم الأحداث وتنتظر.",
        ),
        "notice.store.paused_already": ("It was paused already.", "كان متوقفًا بالفعل."),
        "notice.store.resumed": ("Resumed: what waited is handled now.", "استُؤنف: يُعالَج الآن ما كان ينتظر."),
        "notice.store.resumed_already": ("It was not paused.", "لم يكن متوقفًا."),
        "notice.store.webhooks": ("Every event is subscribed.", "اشتُرك في كل الأحداث."),
        "notice.store.webhooks_failed": (
            "Some events could not be subscribed; the reasons stand with the webhooks below.",
            "تعذّر الاشتراك في بعض الأحداث؛ والأسباب مذكورة مع الإشعارات أدناه.",
        ),
        "notice.store.revoked": (
            "The app is removed: tokens are destroyed, webhooks are gone.",
            "أُزيل التطبيق: أُتلفت الرموز وأُزيلت الإشعارات.",
        ),
        "notice.store.revoked_partly": (
            "The app is removed and its tokens destroyed. Zid may still list webhooks; what they deliver is cancelled.",
            "أُزيل التطبيق وأُتلفت رموزه. قد يعرض زد إشعارات بعد، لكن ما تحمله يُلغى.",
        ),
    }
)
