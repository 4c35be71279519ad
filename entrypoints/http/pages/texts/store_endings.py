"""What cannot be undone, and what is certified about it. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "ending.type": ("Type the store's id to confirm", "اكتب رقم المتجر للتأكيد"),
        "ending.type.customer": ("Type the customer's id to confirm", "اكتب رقم العميل للتأكيد"),
        "ending.mistyped": (
            "That is not the id; nothing was done. Type exactly:",
            "هذا ليس الرقم، ولم يُنفَّذ شيء. اكتب بالضبط:",
        ),
        "ending.back": ("Back without doing anything", "رجوع دون تنفيذ شيء"),
        "revoke.title": ("Remove the app from {store}", "إزالة التطبيق من {store}"),
        "revoke.webhooks": (
            "Its webhooks are removed at Zid, as far as Zid lets us.",
            "تُزال إشعاراته لدى زد، بقدر ما يسمح زد.",
        ),
        "revoke.tokens": (
            "Its tokens and their key are destroyed. Only the merchant can authorize the app again.",
            "تُتلف رموزه ومفتاحها. ولا يستطيع الموافقة على التطبيق من جديد إلا التاجر.",
        ),
        "revoke.work": (
            "Unfinished work is cancelled, and the bodies of its events are dropped.",
            "يُلغى العمل غير المنتهي، وتُحذف محتويات أحداثه.",
        ),
        "revoke.mirror": (
            "What was read of orders, products and customers stays, until the store is erased.",
            "يبقى ما قُرئ من الطلبات والمنتجات والعملاء إلى أن يُمحى المتجر.",
        ),
        "revoke.button": ("Remove the app", "أزل التطبيق"),
        "erase.title": ("Erase {store}", "محو {store}"),
        "erase.what": ("What goes", "ما يُمحى"),
        "erase.install": (
            "The install: webhooks at Zid, tokens and their key, unfinished work.",
            "التثبيت: إشعاراته لدى زد، والرموز ومفتاحها، والعمل غير المنتهي.",
        ),
        "erase.name": ("The store's title, address and plan.", "اسم المتجر وعنوانه وباقته."),
        "erase.mirror": ("Everything in the catalog:", "كل ما في صفحة البيانات:"),
        "erase.mirror.empty": ("The catalog, which is empty.", "صفحة البيانات، وهي فارغة."),
        "erase.records": (
            "Notes, tags, preferences, segments and stock movements that we keep.",
            "الملاحظات والوسوم والتفضيلات والشرائح وحركات المخزون المحفوظة لدينا.",
        ),
        "erase.events": (
            "The content of every event, its attempts and its dead letters.",
            "محتوى كل حدث ومحاولاته وأحداثه المتوقفة.",
        ),
        "erase.stays": ("What stays", "ما يبقى"),
        "erase.numbers": (
            "Numbers, so that the books balance; the audit, which holds ids only; the store's own id.",
            "الأعداد، ليبقى السجل متوازنًا؛ وسجل التدقيق الذي لا يحوي إلا معرّفات؛ ورقم المتجر نفسه.",
        ),
        "erase.backups": (
            "Backups may hold copies until {day}, if it is finished today.",
            "قد تحتفظ النسخ الاحتياطية بنسخ حتى {day}، إذا انتهى المحو اليوم.",
        ),
        "erase.button": ("Erase it", "امحُه"),
        "certificate.title": ("Erasure no. {n}", "المحو رقم {n}"),
        "certificate.open": (
            "It is being carried out; this page follows it. It goes on when you leave.",
            "يجري تنفيذه، وتتابعه هذه الصفحة. ويستمر إن غادرتها.",
        ),
        "certificate.done": ("Certificate", "شهادة"),
        "certificate.of": ("Erased", "ما مُحي"),
        "certificate.asked_at": ("Asked for", "طُلب في"),
        "certificate.asked_by": ("Asked for by", "طلبه"),
        "certificate.finished_at": ("Finished", "انتهى في"),
        "certificate.backups": ("No backup holds a copy after", "لا نسخة احتياطية تحويه بعد"),
        "certificate.removed": ("Rows removed", "الصفوف المزالة"),
        "certificate.nothing": ("There was nothing to remove.", "لم يكن هناك ما يُزال."),
    }
)
