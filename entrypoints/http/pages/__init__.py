"""Pages for people, in Arabic and English."""

from entrypoints.http.pages.language import Language, language_of
from entrypoints.http.pages.rendering import Message, page, part, problem_page, render, say
from entrypoints.http.pages.texts import Texts

__all__ = ["Language", "Message", "Texts", "language_of", "page", "part", "problem_page", "render", "say"]
