"""Each finding of the doctor in Arabic: what was seen, why it matters, what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.domain.diagnosis.explanations import Explanation
from core.domain.diagnosis.findings import Code

_RANDOM: Final = "أنشئ سرًا بالأمر `wasl keys generate`؛ وتشرح docs/keys.md كيف يُغيَّر والخدمة تعمل."
_TLS: Final = "DATABASE_CA_CERT=<شهادة سلطة الخادم> و `?sslmode=verify-full` في DATABASE_URL."

_SETTINGS: Final = {
    Code.SETTING_INVALID: Explanation(
        "القيمة {setting}: {problem}",
        "لا تبدأ به أي عملية، ولم يُفحص شيء آخر.",
        "صحّح {setting}؛ ويشرح .env.example قيمه.",
    ),
    Code.SECRET_MISSING: Explanation(
        "{setting} غير محدد.",
        "لا يعمل ما يختمه أو يوقّعه؛ ولا تبدأ أي عملية في بيئة الإنتاج.",
        "أنشئ سرًا بالأمر `wasl keys generate` واضبط {setting}.",
    ),
    Code.SECRET_SHORT: Explanation(
        "طول {setting} هو {length} حرفًا؛ والحد الأدنى {least}.", "تُكتشف الأسرار القصيرة بالتجربة.", _RANDOM
    ),
    Code.SECRET_GUESSABLE: Explanation(
        "{setting} مثال منشور أو كلمة شائعة أو نص متكرر.", "هو من أول ما يجرّبه المهاجم.", _RANDOM
    ),
    Code.SECRET_REUSED: Explanation(
        "{setting} هو نفسه سر {other}.",
        "من عرف أحدهما عرف الآخر، ولا يمكن تغيير أي منهما وحده.",
        "اجعل لـ {setting} سرًا خاصًا: `wasl keys generate`.",
    ),
    Code.PUBLIC_URL_PLAIN: Explanation(
        "قيمة PUBLIC_URL هي {url}: بلا تشفير، وليست هذا الجهاز وحده.",
        "يمكن قراءة بيانات العملاء ومفاتيح الواجهة في الطريق، ولا يستطيع أحد الدخول إلى لوحة المتابعة.",
        "ضع أمام الخدمة وسيطًا يتحدث TLS واضبط PUBLIC_URL=https://…",
    ),
    Code.NO_TRUSTED_PROXIES: Explanation(
        "PUBLIC_URL يبدأ بـ https بينما TRUSTED_PROXIES فارغ.",
        "وصل نفسه يتحدث http، فأمامه وسيط: كل الزوار يظهرون بعنوانه ويتقاسمون حدًا واحدًا.",
        "TRUSTED_PROXIES=<شبكة الوسيط>؛ والأمثلة في docs/ways-in.md.",
    ),
    Code.METRICS_OPEN: Explanation(
        "METRICS_ALLOW يشمل {network}: يستطيع الجميع قراءة /metrics.",
        "يكشف للعالم حجم المبيعات وما يتعطل.",
        "METRICS_ALLOW=<شبكة Prometheus لديك>",
    ),
    Code.DEBUG_LOG: Explanation(
        "LOG_LEVEL هو DEBUG في بيئة الإنتاج.", "يُسجَّل كل طلب: كلفة كبيرة وفائدة قليلة.", "اضبط LOG_LEVEL=INFO"
    ),
    Code.SCHEDULE_OFF: Explanation(
        "{setting} يساوي 0.",
        "ما لم يوصله زد، أو توقف عن إيصاله، لا يُلاحظ تلقائيًا.",
        "احذف {setting} لتعود قيمته الأصلية.",
    ),
    Code.NOBODY_IS_TOLD: Explanation(
        "ALERT_WEBHOOK_URL فارغ.",
        "تُكتب التنبيهات في السجل ولا يُبلَّغ أحد، ما لم يفعل ذلك Alertmanager لديك.",
        "ALERT_WEBHOOK_URL=https://… و ALERT_WEBHOOK_SECRET؛ وتشرح docs/renewals.md ما يُرسل.",
    ),
    Code.HANDLER_OUTLASTS_GRACE: Explanation(
        "قد يستغرق {count} من المعالجات أكثر من SHUTDOWN_GRACE ({grace} ث)؛ أطولها {handler} بمدة {limit} ث.",
        "يُقطع العمل الجاري عند إعادة تشغيل المستهلك ويبدأ من جديد في مكان آخر. لا تُحتسب محاولة، "
        "لكن الآثار خارج قاعدة البيانات قد تحدث مرتين.",
        "SHUTDOWN_GRACE={needed} أو time_limit أصغر؛ أو اعتمد على ctx.idempotency_key.",
    ),
    Code.HANDLER_OUTLASTS_TRANSACTION: Explanation(
        "مهلة {handler} هي {limit} ث؛ ويمكن أن تبقى المعاملة ساكنة {longest} ث.",
        "تنهي Postgres وحدة العمل التي تنتظر أكثر، فتفشل المعالجة مهما سارت جيدًا.",
        "افتح ctx.unit_of_work في النهاية، أو اجعل time_limit لا يتجاوز {longest}.",
    ),
}

_MACHINE: Final = {
    Code.FILE_READABLE: Explanation(
        "صلاحيات {path} هي {mode}: يمكن لغيرك على هذا الجهاز قراءته.",
        "فيه المفاتيح التي تفتح رموز كل المتاجر.",
        "نفّذ: chmod 600 {path}",
    ),
    Code.FOLDER_NOT_WRITABLE: Explanation(
        "لا يمكن الكتابة في {setting} ({path}).",
        "لا يمكن حفظ الإشعارات التي تنتظر Postgres (SPOOL_DIR) أو قائمة من مُحيت بياناتهم (ERASURE_LOG).",
        "أعطِ المجلد للحساب الذي يشغّل وصل، أو اضبط {setting} على مجلد يمكنه الكتابة فيه.",
    ),
    Code.FOLDER_IN_MEMORY: Explanation(
        "{setting} ({path}) في الذاكرة (tmpfs).",
        "يفرغ بعد إعادة تشغيل الجهاز: تضيع الإشعارات المنتظرة (SPOOL_DIR) أو قائمة من مُحيت بياناتهم (ERASURE_LOG).",
        "اضبط {setting} على قرص يبقى بعد إعادة تشغيل الجهاز.",
    ),
    Code.FOLDER_IN_CONTAINER: Explanation(
        "{setting} ({path}) في طبقة الحاوية نفسها.",
        "يُرمى مع الحاوية: تضيع الإشعارات المنتظرة (SPOOL_DIR) أو قائمة من مُحيت بياناتهم (ERASURE_LOG).",
        "اربط وحدة تخزين هناك، أو اضبط SPOOL=redis للإشعارات.",
    ),
    Code.LITTLE_SPACE: Explanation(
        "المتاح {free} م.ب حيث {setting} ({path})؛ وقد يلزم {wanted} م.ب.",
        "عند امتلائه تُرفض إشعارات زد ما دامت Postgres غائبة (SPOOL_DIR)، أو يتعذر محو بيانات أحد (ERASURE_LOG).",
        "أفسح مكانًا، أو اخفض SPOOL_MAX_BYTES إلى المتاح.",
    ),
    Code.ERASURE_LOG_BESIDE_DATABASE: Explanation(
        "ERASURE_LOG ({path}) على الجهاز الذي تعمل عليه Postgres.",
        "إن ضاع قرصه ضاعت قائمة من مُحيت بياناتهم: فتعيدهم نسخة احتياطية أقدم.",
        "اضبط ERASURE_LOG على قرص جهاز آخر، مثل وحدة تخزين على الشبكة.",
    ),
    Code.PYTHON_OLD: Explanation(
        "لا إصلاحات أمنية لـ Python {version} منذ {since}.", "تبقى ثغراته مفتوحة.", "شغّل وصل على Python {newest}."
    ),
    Code.TIMEZONE: Explanation(
        "المنطقة الزمنية لـ {server} هي {zone} وليست UTC.",
        "يحسب وصل بتوقيت UTC في كل مكان؛ ولن تتفق معه سجلاتك واستعلاماتك.",
        "TZ=UTC للعمليات؛ و ALTER DATABASE … SET timezone = 'UTC' لـ Postgres.",
    ),
}

_DATABASE: Final = {
    Code.DATABASE_AWAY: Explanation(
        "Postgres لا تستجيب: {problem}.",
        "تُحفظ الإشعارات مؤقتًا الآن؛ ويتوقف كل ما عداها.",
        "هل هي تعمل، وهل DATABASE_URL صحيح؟",
    ),
    Code.DATABASE_OLD: Explanation(
        "لا إصلاحات لـ Postgres {version} منذ {since}.",
        "تبقى فيها الثغرات والأخطاء التي تضيع البيانات.",
        "انتقل إلى Postgres {newest}.",
    ),
    Code.DATABASE_READ_ONLY: Explanation(
        "يقود DATABASE_URL إلى خادم لا يقبل الكتابة (احتياطي).",
        "لا يمكن استلام شيء ولا معالجته.",
        "اجعل DATABASE_URL للخادم الأساسي، مثل `?target_session_attrs=read-write`.",
    ),
    Code.DATABASE_UNENCRYPTED: Explanation(
        "الاتصال بـ Postgres غير مشفَّر.",
        "يمكن قراءة بيانات العملاء وكلمة مرور القاعدة وتغييرها في الطريق.",
        _TLS,
    ),
    Code.DATABASE_UNVERIFIED: Explanation(
        "الاتصال بـ Postgres مشفَّر، ولا أحد يتحقق ممن يجيب.", "من يستطيع تحويل الاتصال يقرأ كل شيء.", _TLS
    ),
    Code.DATABASE_ROLE: Explanation(
        "صلاحيات الدور {role} أكثر مما يلزم: {powers}.",
        "من يسيطر على عملية يستطيع تغيير سجل التدقيق دون أن يظهر ذلك.",
        "اجعل DATABASE_URL بدور لا يملك شيئًا (wasl_app) و MIGRATE_DATABASE_URL بدور المالك: SECURITY.md.",
    ),
    Code.CLOCK_OFF: Explanation(
        "ساعة {server} وساعة هذا الجهاز تختلفان بمقدار {seconds} ث.",
        "تُجدَّد الرموز متأخرة أو مبكرة، وتكون أوقات الأحداث خاطئة.",
        "فعّل مزامنة الوقت: `timedatectl set-ntp true`.",
    ),
    Code.SCHEMA_BEHIND: Explanation(
        "{count} من تحديثات المخطط لم تُطبَّق، أولها {first}.",
        "لا تبدأ أي عملية من هذا الإصدار والقاعدة على هذه الحال.",
        "نفّذ: wasl migrate",
    ),
    Code.SCHEMA_AHEAD: Explanation(
        "في القاعدة {count} من تحديثات المخطط لا يعرفها هذا الإصدار، أحدثها {newest}.",
        "يعمل إصدار آخر بجانب هذا. وهذا متوقع أثناء النشر.",
        "أكمل النشر: الإصدار الأحدث في كل مكان.",
    ),
    Code.SCHEMA_CHANGED: Explanation(
        "طُبِّق {migration} من ملف يختلف عن الملف المرفق.",
        "لا أحد يعرف حال المخطط؛ ويرفض `wasl migrate` المتابعة.",
        "يسمي `wasl migrate verify` كل اختلاف؛ أعد الملف كما طُبِّق.",
    ),
    Code.INDEX_MISSING: Explanation(
        "الفهرس {index} مفقود.",
        "الاستعلامات السريعة تقرأ الآن جداول كاملة. والفهرس الفريد يمنع أيضًا كتابة الشيء مرتين.",
        "نفّذ: {statement}",
    ),
    Code.INDEX_INVALID: Explanation(
        "الفهرس {index} غير صالح: لم يكتمل بناؤه.",
        "يكلّف كل كتابة ولا يفيد أي قراءة. والفهرس الفريد يمنع أيضًا كتابة الشيء مرتين.",
        "نفّذ: REINDEX INDEX CONCURRENTLY {index};",
    ),
    Code.CONNECTIONS_OVER: Explanation(
        "قد تفتح {processes} عمليات {wanted} اتصالًا؛ ولدى Postgres منها {usable}.",
        "تحت الضغط لا تجد العمليات اتصالًا: تُحفظ الإشعارات مؤقتًا ويُجاب عن الطلبات بـ 503.",
        "DATABASE_POOL={pool} أو عمليات أقل أو max_connections أكبر أو مجمّع اتصالات (`?pgbouncer=true`).",
    ),
    Code.CONNECTIONS_TIGHT: Explanation(
        "قد تفتح {processes} عمليات {wanted} من أصل {usable} اتصالًا لدى Postgres.",
        "أثناء النشر المتدرج تعمل العمليات القديمة والجديدة معًا وتحتاج أكثر من ذلك.",
        "DATABASE_POOL={pool} أو max_connections أكبر.",
    ),
}

_REDIS: Final = {
    Code.REDIS_AWAY: Explanation(
        "Redis لا يستجيب: {problem}.",
        "لا يُعثر على العمل إلا بالمسح الدوري، ولا يمكن الدخول ولا التثبيت، وتتباطأ طلبات زد.",
        "هل هو يعمل، وهل REDIS_URL صحيح؟ يمكن الاستغناء عنه بـ `QUEUE=postgres` دون REDIS_URL.",
    ),
    Code.REDIS_NO_AOF: Explanation(
        "Redis{node} لا يحفظ ملف الإلحاق (AOF).",
        "بعد أي عطل يكون فارغًا: يعاد الدخول والتثبيت ويُنشر العمل من جديد. ومع SPOOL=redis تضيع إشعارات أُجيب عنها.",
        "CONFIG SET appendonly yes، و `appendonly yes` في إعداداته.",
    ),
    Code.REDIS_EVICTS: Explanation(
        "يرمي Redis{node} المفاتيح عند امتلاء ذاكرته (maxmemory-policy {policy}).",
        "تختفي الجلسات أو العمل المستحق، ومع SPOOL=redis الإشعارات، في أكثر الأوقات ازدحامًا.",
        "CONFIG SET maxmemory-policy noeviction، ومثله في إعداداته.",
    ),
    Code.REDIS_FULL: Explanation(
        "استهلك Redis{node} نسبة {percent}٪ من ذاكرته ({limit} م.ب).",
        "عند امتلائها يرفض الكتابة أو يرمي المفاتيح.",
        "maxmemory أكبر، أو INDEX_WINDOW أصغر.",
    ),
    Code.REDIS_REPLICA: Explanation(
        "Redis{node} نسخة تابعة.",
        "لا يقبل الكتابة: لا يُنشر عمل، ولا يمكن الدخول ولا التثبيت.",
        "اضبط REDIS_URL على الخادم الأساسي أو على المراقبين: redis+sentinel://…",
    ),
    Code.REDIS_CANNOT_SAVE: Explanation(
        "لم يستطع Redis{node} الكتابة على قرصه في آخر محاولة.",
        "يرفض الكتابة حتى يستطيع.",
        "انظر إلى قرصه وسجله: المساحة والصلاحيات.",
    ),
    Code.REDIS_OLD: Explanation(
        "إصدار Redis{node} هو {version}؛ والحد الأدنى 6.2.",
        "تنقصه أوامر يستخدمها وصل (XAUTOCLAIM و GETEX).",
        "انتقل إلى Valkey 8 أو Redis 7.",
    ),
    Code.REDIS_UNENCRYPTED: Explanation(
        "الاتصال بـ Redis غير مشفَّر، أو لا أحد يتحقق ممن يجيب.",
        "يمكن قراءة كلمة مروره وجلسات لوحة المتابعة في الطريق.",
        "REDIS_URL=rediss://…، و REDIS_CA_CERT لسلطة شهادات خاصة بك.",
    ),
}

_STORES: Final = {
    Code.TOKEN_UNSEALED: Explanation(
        "في {count} من صفوف الجدول {table} ما ليس مختومًا.",
        "الرمز المكشوف في القاعدة موجود في كل نسخها الاحتياطية. ولا يكتب وصل صفًا كهذا أبدًا.",
        "ابحث عمن كتبها (`wasl audit verify`)، واحذف الصفوف، ودع هؤلاء التجار يثبّتون من جديد.",
    ),
    Code.KEY_MISSING: Explanation(
        "ينقص TOKEN_KEYS المفتاح {key} الذي ما زال يختم رموز {count} من المتاجر.",
        "لا يمكن فتح رموزها: فلا يُطلب من زد شيء لها.",
        "أعد المفتاح إلى نهاية TOKEN_KEYS، ثم `wasl keys rotate`.",
    ),
    Code.STORES_QUARANTINED: Explanation(
        "{count} من المتاجر في الحجر: لا تُفتح صفوفها.",
        "لا يمكن أن يُطلب من زد شيء لها.",
        "يسميها `wasl keys status` والمفتاح الذي يحتاجه كل منها.",
    ),
    Code.RINGS_DIFFER: Explanation(
        "{setting}: تعمل {maker} بالمفتاح {member} الذي لا تملكه {stranger}.",
        "ما تصنعه إحداهما ترفضه الأخرى.",
        "اجعل الحلقة نفسها لكل العمليات وأعد تشغيلها: docs/keys.md.",
    ),
    Code.CLIENT_REJECTED: Explanation(
        "رفض زد التطبيق نفسه خلال الساعة الماضية.",
        "لا يمكن تثبيت متجر ولا تجديد رمز.",
        "قارن ZID_CLIENT_ID و ZID_CLIENT_SECRET و Callback URL بما في لوحة الشركاء.",
    ),
    Code.PUBLIC_URL_UNREACHABLE: Explanation(
        "{url} لا يستجيب: {problem}.",
        "إليه يوصل زد الإشعارات ويعود التجار من زد.",
        "هل PUBLIC_URL صحيح، وهل يُعرف اسمه، وهل يمرّر الوسيط الطلبات؟ "
        "إن كان جدار حماية يحجبه عن هذا الجهاز وحده فلا بأس.",
    ),
    Code.PUBLIC_URL_ELSEWHERE: Explanation(
        "يجيب {url} بـ {status}، وليس كما يجيب وصل.",
        "إليه يوصل زد الإشعارات ويعود التجار من زد: فتصل إلى غيرنا.",
        "دع الوسيط يمرّر كل المسارات إلى عمليات http، أو صحّح PUBLIC_URL.",
    ),
    Code.WEBHOOKS_SICK: Explanation(
        "{count} من الإشعارات المسجلة في زد لا توصل شيئًا: {states}.",
        "ما كان عليها أن تخبر به يأتي متأخرًا بالمطابقة، أو لا يأتي.",
        "يعرضها `wasl webhooks plan` لكل متجر، ويجددها `wasl webhooks apply`.",
    ),
    Code.PROCESS_MISSING: Explanation(
        "لا تعمل أي عملية {kind}.",
        "http تستلم الإشعارات، و consumer تعالجها، و scheduler تجدد الرموز وتعثر على العمل الضائع.",
        "نفّذ: wasl {kind}",
    ),
    Code.UNBALANCED: Explanation(
        "الدفاتر غير متوازنة: {difference} من الأحداث غير محسوبة.",
        "غيّر شيء ما السجل من خارج وصل، أو في وصل خطأ.",
        "يسمي `wasl verify` الأحداث؛ ونرجو الإبلاغ عنها.",
    ),
    Code.SPOOL_WAITS: Explanation(
        "{count} من الإشعارات محفوظة مؤقتًا.",
        "كانت Postgres غائبة أو بطيئة؛ وتُستلم حالما تجيب.",
        "إن بقي العدد فانظر إلى سجل عمليات http (`spool_…`).",
    ),
    Code.DEAD_LETTERS: Explanation(
        "{count} من الأحداث متوقفة.",
        "تنتظر شخصًا، وتُحفظ محتوياتها طوال ذلك.",
        "يجمعها `wasl dead list` حسب السبب؛ ويعيد المحاولة `wasl dead redrive --fingerprint … --canary`.",
    ),
    Code.ALERTS_OPEN: Explanation(
        "{count} من التنبيهات مفتوحة: {kinds}.", "على أحد أن يتصرف.", "نفّذ: wasl alerts list"
    ),
}

ARABIC: Final[Mapping[Code, Explanation]] = MappingProxyType(
    {**_SETTINGS, **_MACHINE, **_DATABASE, **_REDIS, **_STORES}
)
