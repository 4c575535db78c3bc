"""The grammar of expressions: text to tokens to a tree of frozen nodes.

    either  := both ("or" both)*
    both    := negated ("and" negated)*
    negated := "not" negated | "(" either ")" | test
    test    := operand [("=" | "==" | "!=" | "<" | "<=" | ">" | ">=") operand
                        | ["not"] "in" "(" constant ("," constant)* ")" | "is" ["not"] "null"]
    operand := column | previous "(" column ")" | number | text | "true" | "false"

Columns with spaces or odd letters go in back quotes; texts in single or double quotes, a quote inside is
doubled. A column by itself means `column = true`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from cxcurve.errors import clip

DEEPEST = 50
"""How deep parentheses and `not` may be nested."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the row, or of the row before it with the same key."""

    name: str
    is_previous: bool = False


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text, true or false."""

    value: float | str | bool


@dataclass(frozen=True, slots=True)
class Compare:
    """`left operator right`; at least one side is a column."""

    operator: str
    left: Column | Constant
    right: Column | Constant


@dataclass(frozen=True, slots=True)
class IsNull:
    """Nothing is there."""

    column: Column


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One or more of the parts."""

    parts: tuple[Node, ...]


Node: TypeAlias = Compare | IsNull | Not | And | Or
Operand: TypeAlias = Column | Constant


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f'"{self.text}"'


_KEYWORDS = frozenset({"and", "or", "not", "in", "is", "null", "true", "false"})
_COMPARISONS = frozenset({"=", "==", "!=", "<", "<=", ">", ">="})
_PATTERN = re.compile(
    r"""\s*(?:
      (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.])
    | (?P<text>"(?:[^"]|"")*"|'(?:[^']|'')*')
    | (?P<quoted>`[^`]+`)
    | (?P<word>[^\W\d][\w.]*)
    | (?P<operator><=|>=|==|!=|[=<>(),])
    )""",
    re.VERBOSE,
)


def parse(text: str) -> Node:
    """The tree of `text`.

    Raises:
        ValueError: it is no expression; the message names the character, from 1.
    """
    return _Parser(text).whole()


def _failure(text: str, at: int, message: str) -> ValueError:
    return ValueError(f'expression "{clip(text)}", character {at + 1}: {message}')


def _tokens(text: str) -> list[_Token]:
    tokens, at, end = [], 0, len(text.rstrip())
    while at < end:
        match = _PATTERN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _unreadable(text, at + len(text[at:]) - len(text[at:].lstrip()))
        kind, found = match.lastgroup, match[match.lastgroup]
        if kind == "word" and found.lower() in _KEYWORDS:
            kind, found = "keyword", found.lower()
        tokens.append(_Token(kind, found, match.start(match.lastgroup)))
        at = match.end()
    return [*tokens, _Token("end", "", end)]


def _unreadable(text: str, at: int) -> ValueError:
    if text[at] in "\"'`":
        return _failure(text, at, f"the quote {text[at]} is never closed")
    return _failure(text, at, f'"{text[at]}" has no meaning here; odd column names go in back quotes: `a column`')


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._next, self._depth = text, _tokens(text), 0, 0

    def whole(self) -> Node:
        node = self._either()
        if self._peek.kind != "end":
            raise self._unexpected('"and", "or" or the end')
        return node

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._peek
        self._next += 1
        return token

    def _took(self, text: str) -> bool:
        """Whether the next token is this keyword or operator, which is then taken."""
        found = self._peek.kind in ("keyword", "operator") and self._peek.text == text
        self._next += found
        return found

    def _expect(self, text: str) -> None:
        if not self._took(text):
            raise self._unexpected(f'"{text}"')

    def _unexpected(self, expected: str) -> ValueError:
        return _failure(self._text, self._peek.at, f"expected {expected}, found {self._peek}")

    def _either(self) -> Node:
        parts = [self._both()]
        while self._took("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _both(self) -> Node:
        parts = [self._negated()]
        while self._took("and"):
            parts.append(self._negated())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _negated(self) -> Node:
        if self._took("not"):
            return Not(self._nested(self._negated))
        if self._took("("):
            node = self._nested(self._either)
            self._expect(")")
            return node
        return self._test()

    def _nested(self, inner: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _failure(self._text, self._peek.at, f"more than {DEEPEST} parentheses or nots inside one another")
        node = inner()
        self._depth -= 1
        return node

    def _test(self) -> Node:
        left = self._operand()
        if self._peek.kind == "operator" and self._peek.text in _COMPARISONS:
            return self._comparison(left)
        if self._peek.text in ("is", "in", "not") and self._peek.kind == "keyword":
            return self._membership(left)
        self._need_column(left)
        return Compare("=", left, Constant(True))

    def _comparison(self, left: Operand) -> Compare:
        operator = self._take()
        right = self._operand()
        self._need_column(left, right)
        ordering = operator.text not in ("=", "==", "!=")
        if ordering and any(isinstance(side, Constant) and isinstance(side.value, bool) for side in (left, right)):
            raise _failure(self._text, operator.at, f'true and false have no order for "{operator.text}"; use = or !=')
        return Compare(operator.text.replace("==", "="), left, right)

    def _membership(self, left: Operand) -> Node:
        column = self._need_column(left)
        if self._took("is"):
            negated = self._took("not")
            self._expect("null")
            return Not(IsNull(column)) if negated else IsNull(column)
        negated = self._took("not")
        self._expect("in")
        within = Or(tuple(Compare("=", column, constant) for constant in self._constants()))
        return Not(within) if negated else within

    def _constants(self) -> list[Constant]:
        self._expect("(")
        found = [self._constant()]
        while self._took(","):
            found.append(self._constant())
        self._expect(")")
        return found

    def _constant(self) -> Constant:
        if self._peek.kind not in ("number", "text") and self._peek.text not in ("true", "false"):
            raise self._unexpected("a number or a quoted text")
        constant = self._operand()
        assert isinstance(constant, Constant)
        return constant

    def _operand(self) -> Operand:
        token = self._peek
        if token.kind == "keyword" and token.text == "null":
            raise _failure(self._text, token.at, 'nothing equals null; write "is null" or "is not null" behind it')
        if token.kind == "keyword" and token.text in ("true", "false"):
            return Constant(self._take().text == "true")
        if token.kind == "number":
            return Constant(float(self._take().text))
        if token.kind == "text":
            return Constant(_unquoted(self._take().text))
        return self._column()

    def _column(self) -> Column:
        if self._peek.kind not in ("word", "quoted"):
            raise self._unexpected("a column, a number or a quoted text")
        name = self._take()
        if name.text == "previous" and self._took("("):
            column = self._column()
            self._expect(")")
            return Column(column.name, is_previous=True)
        return Column(name.text.strip("`"))

    def _need_column(self, *sides: Operand) -> Column:
        """The first column among the sides; constants alone say nothing about a row."""
        for side in sides:
            if isinstance(side, Column):
                return side
        raise self._unexpected("a comparison with a column")


def _unquoted(token: str) -> str:
    quote = token[0]
    return token[1:-1].replace(quote * 2, quote)
