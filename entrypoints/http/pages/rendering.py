"""Pages for people: small, without inline script or style, readable without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from entrypoints.http.pages.assets import asset_path
from entrypoints.http.pages.bodies import foldable, pretty
from entrypoints.http.pages.language import Language, language_of, remember
from entrypoints.http.pages.texts import Texts, problem_key
from entrypoints.http.pages.theme import Theme, remember_theme, theme_of
from entrypoints.http.pages.times import clock, day, moment
from entrypoints.http.problems import Problem, headers_of
from entrypoints.http.tracing import REQUEST_ID

_TEMPLATES: Final = Path(__file__).parent / "templates"
_CHOICES: Final = frozenset({"lang", "theme"})
"""What of an address is a choice that a cookie keeps from then on."""
_ONCE: Final = ("/auth/", "/embedded")
"""Pages at these addresses answer a one-time request: they must not link to themselves in the other language."""


def page(request: web.Request, template: str, values: Mapping[str, object], *, status: int = 200) -> web.Response:
    """The template in the asker's language, with the headers that pages need."""
    language = language_of(request)
    shown = {"repeatable": not request.path.startswith(_ONCE), "theme": theme_of(request), "here": _here(request)}
    html = render(template, language, {**shown, **values})
    response = web.Response(text=html, content_type="text/html", status=status)
    response.headers["Content-Language"] = language.value
    response.headers["Vary"] = "Accept-Language, Cookie"
    remember(request, response)
    remember_theme(request, response)
    return response


def part(request: web.Request, template: str, values: Mapping[str, object], *, status: int = 200) -> web.Response:
    """A piece of a page in the asker's language, for a script to put where it belongs."""
    html = render(template, language_of(request), {"here": _here(request), **values})
    return web.Response(text=html, content_type="text/html", status=status)


def _here(request: web.Request) -> Callable[..., str]:
    """Makes links to the same page, with something of its query changed, or left out when None."""
    kept = {name: value for name, value in request.query.items() if name not in _CHOICES}

    def here(**changed: object) -> str:
        query = {name: value for name, value in {**kept, **changed}.items() if value is not None}
        return f"{request.path}?{urlencode(query)}" if query else request.path

    return here


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
    environment.filters.update(number=_number, moment=moment, clock=clock, day=day, pretty=pretty, foldable=foldable)
    environment.globals.update(asset=asset_path, themes=tuple(Theme))
    return environment


def _number(value: int) -> str:
    return f"{value:,}"
