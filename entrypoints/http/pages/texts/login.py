"""Signing in to the console. English and Arabic."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEXTS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "login.title": ("Sign in", "تسجيل الدخول"),
        "login.key": ("Admin key", "مفتاح المشرف"),
        "login.hint": (
            "The key that “wasl up” shows when it starts (ADMIN_API_KEY), or any key made by “wasl api-keys create”.",
            "المفتاح الذي يعرضه الأمر wasl up عند بدئه (ADMIN_API_KEY)، أو أي مفتاح أنشأه الأمر wasl api-keys create.",
        ),
        "login.button": ("Sign in", "دخول"),
        "login.wrong": ("This key is not right.", "هذا المفتاح غير صحيح."),
        "login.locked": (
            "Too many wrong keys. This one was not looked at.",
            "محاولات خاطئة كثيرة. لم يُفحص هذا المفتاح.",
        ),
        "login.wait": ("Seconds until the next try:", "الثواني المتبقية حتى المحاولة التالية:"),
        "login.over": (
            "You are signed out: the session has ended. Sign in again, nothing is lost.",
            "انتهت جلستك. سجّل الدخول من جديد، لم يضع شيء.",
        ),
        "login.https": (
            "Signing in needs https: PUBLIC_URL begins with http:// and is not this machine's own address.",
            "تسجيل الدخول يتطلب https: يبدأ PUBLIC_URL بـ http:// وليس عنوان هذا الجهاز نفسه.",
        ),
        "login.stale": ("The form was too old. Please try once more.", "انتهت صلاحية النموذج. حاول مرة أخرى."),
    }
)
