"""Error bodies in every dialect that was seen or documented, in English and Arabic."""

from __future__ import annotations

import math

from sandbox.api.answers import Answer, Family, RefusalError, ThrottledError
from sandbox.knobs import Knobs
from sandbox.world.records import Json

TEXTS = {
    "authentication": ("Unauthenticated", "غير مصرح"),
    "forbidden": ("Permission denied", "لا تملك الصلاحية"),
    "not_found": ("Not found", "غير موجود"),
    "not_allowed": ("Method not allowed", "طريقة الطلب غير مسموحة"),
    "validation": ("The given data was invalid.", "البيانات المدخلة غير صحيحة"),
    "conflict": ("This already exists.", "موجود مسبقا"),
    "throttled": ("Too Many Attempts.", "محاولات كثيرة"),
    "refused": ("Bad request", "طلب غير صالح"),
}
CODES = {"authentication": "ERROR_SESSION_INVALID", "forbidden": "ERROR_FORBIDDEN", "validation": "ERROR_POPUP_OK"}
# What the products family says, whatever the language was asked for.
DRF = {
    "authentication": "No such user",
    "forbidden": "You do not have permission to perform this action.",
    "not_found": "Not found.",
    "throttled": "Request was throttled.",
}
GENERIC_CODES = {
    "authentication": "unauthorized",
    "forbidden": "forbidden",
    "validation": "validation_failed",
    "throttled": "too_many_requests",
}


def refusal_answer(refusal: RefusalError, family: Family, knobs: Knobs, language: str, *, html: bool) -> Answer:
    """The answer to a refused request, as the knobs want it. `html`: the client did not ask for JSON."""
    text = refusal.detail or TEXTS[refusal.kind][language == "ar"]
    if refusal.kind == "throttled":
        return _throttled(refusal, family, knobs, text)
    if refusal.kind == "authentication" and family == "managers":
        return _managers_401(knobs.text("errors.managers_401"), text, html=html)
    if refusal.kind == "forbidden" and knobs.text("errors.403") == "root":
        return Answer(403, {"message": text, "error_code": "ERROR_FORBIDDEN"})
    return _in_dialect(refusal, family, knobs.text("errors.dialect"), text)


def zid_envelope(text: str, code: str | None) -> Json:
    """`{"status": "error", "message": {…}}`, the live form of the managers family and of OAuth."""
    return {"status": "error", "message": {"type": "error", "code": code, "name": None, "description": text}}


def server_error(status: int, knobs: Knobs) -> Answer:
    """An injected 5xx without a body of its own."""
    if knobs.text("errors.5xx") == "json":
        return Answer(status, {"status": "error", "message": {"description": "Internal Server Error"}})
    page = f"<html><head><title>{status}</title></head><body><h1>{status} Server Error</h1></body></html>"
    return Answer(status, text=page, content_type="text/html")


def _in_dialect(refusal: RefusalError, family: Family, dialect: str, text: str) -> Answer:
    if dialect == "html":
        page = f"<html><body><h1>{refusal.status}</h1></body></html>"
        return Answer(refusal.status, text=page, content_type="text/html")
    return Answer(refusal.status, _document(refusal, family, dialect, text))


def _document(refusal: RefusalError, family: Family, dialect: str, text: str) -> object:
    match dialect:
        case "generic":
            code = GENERIC_CODES.get(refusal.kind, refusal.kind)
            error = {"code": code, "message": text, "fields": refusal.fields}
            return {"status": refusal.status, "success": False, "error": error}
        case "list":
            return refusal.rows or [refusal.fields or {"detail": [text]}]
        case "fastapi":
            found = [{"loc": ["body", name], "msg": texts[0]} for name, texts in refusal.fields.items()]
            return {"detail": found or [{"loc": ["body"], "msg": text}]}
        case "root":
            found_code: Json = {"error_code": CODES[refusal.kind]} if refusal.kind in CODES else {}
            return {"message": text} | (refusal.fields or found_code)
        case _ if family == "products":
            return refusal.rows or refusal.fields or {"detail": refusal.detail or DRF.get(refusal.kind, text)}
        case _:
            return zid_envelope(text, CODES.get(refusal.kind)) | refusal.fields


def _managers_401(form: str, text: str, *, html: bool) -> Answer:
    match form:
        case "root":
            return Answer(401, {"message": text, "error_code": "ERROR_SESSION_INVALID"})
        case "unauthenticated":
            return Answer(401, {"message": "Unauthenticated"})
        case "redirect" if html:
            return Answer(302, text="", headers={"Location": "/login"}, content_type="text/html")
        case _:
            return Answer(401, zid_envelope(text, CODES["authentication"]))


def _throttled(refusal: RefusalError, family: Family, knobs: Knobs, text: str) -> Answer:
    form = knobs.text("rate.body")
    if form == "family":
        form = "drf" if family == "products" else "zid"
    bodies: dict[str, Json] = {
        "drf": {"detail": DRF["throttled"]},
        "laravel": {"message": "Too Many Attempts."},
        "zid": zid_envelope(text, None),
    }
    headers = {}
    if isinstance(refusal, ThrottledError) and knobs.flag("rate.retry_after"):
        headers["Retry-After"] = str(max(1, math.ceil(refusal.wait)))
    return Answer(429, bodies[form], headers)
