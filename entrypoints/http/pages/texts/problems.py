"""What a person is told when something did not work. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "problem.unavailable": (
            "Something we need does not answer right now. Try again in a moment.",
            "خدمة نعتمد عليها لا تستجيب الآن. حاول بعد قليل.",
        ),
        "problem.not-found": ("There is no page at this address.", "لا توجد صفحة بهذا العنوان."),
        "problem.rate-limited": (
            "Too many requests came from here. Wait a moment, then try again.",
            "وردت طلبات كثيرة من هنا. انتظر قليلًا ثم حاول مجددًا.",
        ),
        "problem.wrong-host": (
            "This service is not reached by that name. The operator can allow it in ALLOWED_HOSTS.",
            "لا يُوصل إلى هذه الخدمة بهذا الاسم. يمكن للمشغّل السماح به في ALLOWED_HOSTS.",
        ),
        "problem.configuration": (
            "This installation is set up wrongly. The operator finds the cause in the log under the request id.",
            "إعداد هذه النسخة غير صحيح. يجد المشغّل السبب في السجل برقم الطلب.",
        ),
        "problem.other": (
            "This did not work. The operator finds the cause in the log under the request id.",
            "لم ينجح ذلك. يجد المشغّل السبب في السجل برقم الطلب.",
        ),
        "problem.title": ("That did not work", "لم ينجح ذلك"),
    }
)
