"""What the doctor says of a set-up. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.domain.diagnosis.explanations import EXPLANATIONS
from core.domain.diagnosis.findings import CheckName, Group
from core.domain.diagnosis.titles import CHECK_TITLES, GROUP_TITLES
from entrypoints.http.pages.texts.doctor_arabic import ARABIC

_GROUPS: Final[Mapping[Group, str]] = {
    Group.SETTINGS: "الإعدادات",
    Group.MACHINE: "هذا الجهاز",
    Group.DATABASE: "Postgres وخزنة الرموز",
    Group.REDIS: "خادم Redis",
    Group.ZID: "زد والطريق إلينا",
    Group.WORK: "العمل",
}
_CHECKS: Final[Mapping[CheckName, str]] = {
    CheckName.SETTINGS: "الإعدادات مقروءة",
    CheckName.SECRETS: "الأسرار طويلة وعشوائية وغير مكررة",
    CheckName.ADDRESSES: "العناوين ومن يصل إليها",
    CheckName.WATCHING: "الجداول مفعّلة وهناك من يُبلَّغ",
    CheckName.HANDLERS: "مُهل المعالجات",
    CheckName.FILES: "ملفات الأسرار خاصة",
    CheckName.SPOOL: "مجلد الحفظ المؤقت",
    CheckName.ERASURE_LOG: "قائمة من مُحيت بياناتهم",
    CheckName.RUNTIME: "Python والمنطقة الزمنية",
    CheckName.DATABASE: "الخادم والتشفير والدور والساعة",
    CheckName.SCHEMA: "تحديثات المخطط مطبَّقة",
    CheckName.INDEXES: "الفهارس موجودة وصالحة",
    CheckName.CONNECTIONS: "الاتصالات تكفي كل العمليات",
    CheckName.VAULT: "الرموز مختومة",
    CheckName.KEYS: "رموز كل المتاجر تُفتح",
    CheckName.REDIS: "الحفظ والإخلاء والذاكرة والساعة",
    CheckName.ZID: "زد يعرف التطبيق والساعات متفقة",
    CheckName.PUBLIC_URL: "PUBLIC_URL يقود إلى هنا",
    CheckName.WEBHOOKS: "إشعارات زد تصل",
    CheckName.PROCESSES: "كل أنواع العمليات تعمل ومفاتيحها متفقة",
    CheckName.LEDGER: "الدفاتر متوازنة ولا شيء عالق",
    CheckName.ALERTS: "لا تنبيه مفتوح",
}
_PAGE: Final = {
    "doctor.title": ("Doctor", "الطبيب"),
    "doctor.lead": (
        "Looks at this set-up as “wasl doctor” does, from this http process. Changes nothing, takes a few seconds.",
        "يفحص هذا الإعداد كما يفعل الأمر wasl doctor، من عملية http هذه. لا يغيّر شيئًا ويستغرق ثواني.",
    ),
    "doctor.run": ("Examine now", "افحص الآن"),
    "doctor.again": ("Examine again", "افحص مرة أخرى"),
    "doctor.busy": ("Looking: this takes a few seconds.", "يجري الفحص: يستغرق ثواني."),
    "doctor.fix": ("What to do", "ما العمل"),
    "doctor.unseen": ("could not look:", "تعذر الفحص:"),
    "doctor.result": ("Result", "النتيجة"),
    "doctor.clean": ("{checks} checks, nothing found.", "{checks} فحصًا، ولم يوجد شيء."),
    "doctor.found": (
        "{checks} checks: problems {problem}, warnings {warning}, notes {note}, could not look {unseen}.",
        "{checks} فحصًا: مشكلات {problem}، تحذيرات {warning}، ملاحظات {note}، تعذر الفحص {unseen}.",
    ),
    "doctor.severity.ok": ("fine", "سليم"),
    "doctor.severity.note": ("note", "ملاحظة"),
    "doctor.severity.unseen": ("not seen", "لم يُفحص"),
    "doctor.severity.warning": ("warning", "تحذير"),
    "doctor.severity.problem": ("problem", "مشكلة"),
}
_FINDINGS: Final = {
    f"doctor.{code}.{part}": (getattr(english, part), getattr(ARABIC[code], part))
    for code, english in EXPLANATIONS.items()
    for part in ("seen", "why", "fix")
}

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        **_PAGE,
        **{f"doctor.group.{group}": (GROUP_TITLES[group], arabic) for group, arabic in _GROUPS.items()},
        **{f"doctor.check.{check}": (CHECK_TITLES[check], arabic) for check, arabic in _CHECKS.items()},
        **_FINDINGS,
    }
)
