"""Segment rules as people write them, read into values. An error says where, and what would be right there."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from core.domain.arabic import fold
from core.domain.segment_rules import KINDS, And, Comparison, Field, Kind, Not, Operator, Or, Rule

LONGEST: Final = 2000
DEEPEST: Final = 20
_DIGITS_LENGTH: Final = 15


class RuleError(ValueError):
    """A rule that cannot be read. `position` counts characters from 0; `allowed` is what could stand there."""

    def __init__(self, position: int, problem: str, allowed: Sequence[str] = ()) -> None:
        hint = f"; allowed: {', '.join(allowed)}" if allowed else ""
        super().__init__(f"at character {position + 1}: {problem}{hint}")
        self.position = position
        self.problem = problem
        self.allowed = tuple(allowed)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int

    @property
    def shown(self) -> str:
        return "the end of the rule" if self.kind == "end" else repr(self.text)

    def is_word(self, word: str) -> bool:
        return self.kind == "word" and self.text.lower() == word


_TOKENS: Final = re.compile(
    r"(?P<space>\s+)|(?P<word>[A-Za-z_]\w*)|(?P<number>-?\d+(?:[.٫]\d+)?)"
    r"|(?P<text>\"[^\"]*\"|'[^']*'|«[^»]*»|“[^”]*”)|(?P<operator><=|>=|!=|==|≠|≤|≥|=|<|>)|(?P<bracket>[()])"
)
_SPELLINGS: Final = {"==": "=", "≠": "!=", "≤": "<=", "≥": ">="}
_OPERATORS: Final = {
    Kind.NUMBER: tuple(operator.value for operator in Operator),
    Kind.TEXT: ("=", "!="),
    Kind.TEXTS: ("=", "!="),
}


def parse(rule: str) -> Rule:
    """The rule as a value. Raises RuleError."""
    if len(rule) > LONGEST:
        raise RuleError(LONGEST, f"a rule has at most {LONGEST} characters")
    return _Reader(_tokens(rule)).whole()


def _tokens(rule: str) -> list[_Token]:
    found, position = [], 0
    while position < len(rule):
        match = _TOKENS.match(rule, position)
        if match is None or match.lastgroup is None:
            raise RuleError(position, f"{rule[position]!r} does not belong here", _ANYTHING)
        if match.lastgroup != "space":
            found.append(_Token(match.lastgroup, match.group(), position))
        position = match.end()
    return [*found, _Token("end", "", len(rule))]


_ANYTHING: Final = ("a field", "an operator", "a number", 'a "text"', "and", "or", "not", "( )")
_START: Final = (*(field.value for field in Field), "not", "(")


class _Reader:
    """Walks the tokens once, one method per line of the grammar."""

    def __init__(self, tokens: Sequence[_Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    @property
    def _here(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._here
        self._next += 1
        return token

    def whole(self) -> Rule:
        rule = self._rule()
        if self._here.kind != "end":
            raise RuleError(self._here.position, f"{self._here.shown} after the rule", ("and", "or"))
        return rule

    def _rule(self) -> Rule:
        terms = [self._term()]
        while self._here.is_word("or"):
            self._take()
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def _term(self) -> Rule:
        factors = [self._factor()]
        while self._here.is_word("and"):
            self._take()
            factors.append(self._factor())
        return factors[0] if len(factors) == 1 else And(tuple(factors))

    def _factor(self) -> Rule:
        if self._here.is_word("not"):
            with_not = self._take()
            return Not(self._deeper(with_not, self._factor))
        if self._here.text == "(" and self._here.kind == "bracket":
            return self._deeper(self._take(), self._in_brackets)
        return self._comparison()

    def _in_brackets(self) -> Rule:
        rule = self._rule()
        closing = self._take()
        if closing.text != ")":
            raise RuleError(closing.position, f"{closing.shown} where a bracket is open", (")", "and", "or"))
        return rule

    def _comparison(self) -> Rule:
        field = self._field()
        comparing = self._operator(field)
        return Comparison(field, comparing, self._value(field))

    def _field(self) -> Field:
        token = self._take()
        try:
            return Field(token.text.lower())
        except ValueError:
            raise RuleError(token.position, f"{token.shown} is no field", _START) from None

    def _operator(self, field: Field) -> Operator:
        token, allowed = self._take(), _OPERATORS[KINDS[field]]
        spelling = _SPELLINGS.get(token.text, token.text)
        if token.kind != "operator" or spelling not in allowed:
            raise RuleError(token.position, f"{token.shown} cannot compare {field}", allowed)
        return Operator(spelling)

    def _value(self, field: Field) -> Decimal | str:
        token, kind = self._take(), KINDS[field]
        if kind is Kind.NUMBER and token.kind == "number":
            return _number(token)
        if kind is not Kind.NUMBER and token.kind == "text":
            return fold(token.text[1:-1])
        raise RuleError(token.position, f"{token.shown} is no value of {field}", (kind.value,))

    def _deeper(self, token: _Token, read: Callable[[], Rule]) -> Rule:
        if self._depth == DEEPEST:
            raise RuleError(token.position, f"nested more than {DEEPEST} deep")
        self._depth += 1
        rule = read()
        self._depth -= 1
        return rule


def _number(token: _Token) -> Decimal:
    """Decimal reads the digits of every script."""
    if len(token.text) > _DIGITS_LENGTH:
        raise RuleError(token.position, f"a number has at most {_DIGITS_LENGTH} characters")
    return Decimal(token.text.replace("٫", "."))
