"""Pages for people: small, without inline script or style, readable without JavaScript."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from entrypoints.http.pages.assets import asset_path
from entrypoints.http.pages.language import Language, language_of, remember
from entrypoints.http.pages.texts import Texts, problem_key
from entrypoints.http.problems import Problem, headers_of
from entrypoints.http.tracing import REQUEST_ID

_TEMPLATES: Final = Path(__file__).parent / "templates"
_ONCE: Final = ("/auth/", "/embedded")
"""Pages at these addresses answer a one-time request: they must not link to themselves in the other language."""


def page(request: web.Request, template: str, values: Mapping[str, object], *, status: int = 200) -> web.Response:
    """The template in the asker's language, with the headers that pages need."""
    language = language_of(request)
    html = render(template, language, {**values, "repeatable": not request.path.startswith(_ONCE)})
    response = web.Response(text=html, content_type="text/html", status=status)
    response.headers["Content-Language"] = language.value
    response.headers["Vary"] = "Accept-Language, Cookie"
    remember(request, response)
    return response


@dataclass(frozen=True, slots=True)
class Message:
    """A page that says one thing; `again` adds the link that starts an installation.

    `facts` are shown below it, by the key of their label; empty ones are left out.
    """

    title: str
    lead: str
    status: int = 200
    again: bool = False
    facts: Mapping[str, str | None] = field(default_factory=dict)


def say(request: web.Request, message: Message) -> web.Response:
    """The message as a page; title and lead are keys of texts."""
    known = {name: value for name, value in message.facts.items() if value}
    values = {"title": message.title, "lead": message.lead, "again": message.again, "facts": known}
    return page(request, "message.html", values, status=message.status)


def problem_page(request: web.Request, problem: Problem) -> web.Response:
    """The problem for a person: what happened, and the request id to tell an operator."""
    shown = Message(
        "problem.title",
        problem_key(problem.kind.slug),
        problem.kind.status,
        facts={"request_id": request[REQUEST_ID]},
    )
    response = say(request, shown)
    response.headers.update(headers_of(problem))
    return response


def render(template: str, language: Language, values: Mapping[str, object]) -> str:
    """The template as text, everything in it escaped."""
    return _environment().get_template(template).render({**values, "t": Texts(language), "language": language})


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=_number, moment=_moment, day=_day, whole=_whole)
    environment.globals["asset"] = asset_path
    return environment


def _number(value: int) -> str:
    return f"{value:,}"


def _moment(value: datetime | None) -> Markup:
    """The time of day, with the whole moment for machines and on hover."""
    return _time(value, "%H:%M:%S")


def _day(value: datetime | None) -> Markup:
    return _time(value, "%Y-%m-%d")


def _whole(value: datetime | None) -> Markup:
    return _time(value, "%Y-%m-%d %H:%M UTC")


def _time(value: datetime | None, form: str) -> Markup:
    if value is None:
        return Markup("–")
    whole = value.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(value.isoformat(), whole, value.strftime(form))
