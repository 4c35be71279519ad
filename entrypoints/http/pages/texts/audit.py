"""The console's audit. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "audit.caption": ("Entries, newest first", "القيود، الأحدث أولًا"),
        "audit.number": ("No.", "الرقم"),
        "audit.actor": ("Who", "من"),
        "audit.action": ("What", "ماذا"),
        "audit.store_id": ("Store number", "رقم المتجر"),
        "audit.since": ("From", "من وقت"),
        "audit.until": ("Until", "حتى وقت"),
        "audit.details": ("Details", "التفاصيل"),
        "audit.none": ("Nothing is written down yet.", "لم يُكتب شيء بعد."),
        "audit.none.hint": (
            "Installs, renewals, and everything people and keys do appear here by themselves.",
            "يظهر هنا تلقائيًا كل تثبيت وتجديد وكل ما يفعله الأشخاص والمفاتيح.",
        ),
        "audit.no_match": ("No entry matches.", "لا قيد يطابق."),
        "audit.no_match.hint": (
            "Names of actions and people are compared exactly, such as token.refreshed or key:7.",
            "تُقارن أسماء الأفعال والأشخاص حرفيًا، مثل token.refreshed أو key:7.",
        ),
        "audit.wrong": ("This cannot be looked for.", "لا يمكن البحث عن هذا."),
        "audit.wrong.fix": ("Correct the fields that are marked.", "صحّح الحقول المؤشَّر عليها."),
        "audit.fix.store_id": ("A store's number, such as 1001.", "رقم متجر، مثل 1001."),
        "audit.fix.moment": ("A date and a time.", "تاريخ ووقت."),
        "audit.fix.order": ("Has to lie after the beginning.", "يجب أن يكون بعد البداية."),
        "audit.download": ("Download as JSON lines", "تنزيل بصيغة JSON lines"),
        "audit.download.lead": (
            "A download holds what the filter finds, the newest {n} entries at most.",
            "يضم التنزيل ما تجده التصفية، وأحدث {n} قيد على الأكثر.",
        ),
        "audit.seals": ("Seals", "الأختام"),
        "audit.seals.lead": (
            "A line that somebody changes or removes shows. The chain of seals vouches for every line up to this one.",
            "يظهر أي تغيير أو حذف لسطر. وتشهد سلسلة الأختام لكل سطر حتى هذا.",
        ),
        "audit.sealed": ("Sealed", "مختوم"),
        "audit.not_sealed": ("Not sealed yet", "لم يُختم بعد"),
        "audit.never": ("Nothing is sealed", "لا شيء مختوم"),
        "audit.never.fix": (
            "The scheduler seals within a minute. Is one running, and is TOKEN_KEYS set?",
            "يختم المجدوِل خلال دقيقة. هل هو يعمل، وهل TOKEN_KEYS محدد؟",
        ),
        "audit.altered": ("Altered", "تغيّر"),
        "audit.altered.fix": (
            "The seals are not as they were left. The command below names the lines; docs/audit.md tells what to do.",
            "الأختام ليست كما تُركت. يسمي الأمر أدناه السطور؛ وتشرح docs/audit.md ما العمل.",
        ),
        "audit.upto": ("Sealed up to entry", "مختوم حتى القيد"),
        "audit.last_seal": ("Last seal", "آخر ختم"),
        "audit.sealed_at": ("Sealed at", "خُتم في"),
        "audit.unsealed": ("Not sealed yet", "لم تُختم بعد"),
        "audit.verify": ("Every line is checked against its seal by", "يتحقق من كل سطر بختمه الأمر"),
        "audit.entry": ("Entry {n}", "القيد {n}"),
        "audit.facts": ("What happened", "ما حدث"),
        "audit.install_id": ("Install id", "معرّف التثبيت"),
        "audit.epoch": ("Install no.", "التثبيت رقم"),
        "audit.name": ("Name", "الاسم"),
        "audit.value": ("Value", "القيمة"),
        "audit.no_details": ("There is nothing more to tell.", "لا شيء آخر يُذكر."),
        "audit.same_actor": ("Everything by the same", "كل ما فعله نفسه"),
        "audit.same_store": ("Everything of this store", "كل ما يخص هذا المتجر"),
        "audit.same_action": ("Everything of this kind", "كل ما من هذا النوع"),
    }
)
