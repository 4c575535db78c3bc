"""Letters that no font at hand draws: found before a document is set, shown as a question mark, and told.

The typesetter leaves such a letter out without a word: a name in Japanese would be a gap.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

SHOWN_AS = "?"
_UNSEEN = ("Z", "Cc", "Cf", "Cs", "Cn")
"""Kinds of characters that draw nothing anyway: spaces and what steers."""
_PAGES = '#set page(width: auto, height: auto, fill: none)\n#set text(font: ("{fonts}"))\n'
FONTS = ("CX Report Sans", "DejaVu Sans", "Libertinus Serif")
"""As `shared.typ` has them: the package's own, then any the typesetter or the computer has."""


def undrawn(text: str, pages_of: Callable[[str], Sequence[bytes]]) -> str:
    """Of the letters of a text those that no font draws, each once, in order.

    Args:
        text: all that is to be set.
        pages_of: typst's source to its pages as SVG.
    """
    letters = sorted({one for one in text if not one.isascii() and not unicodedata.category(one).startswith(_UNSEEN)})
    if not letters:
        return ""
    source = _PAGES.format(fonts='", "'.join(FONTS))
    pages = pages_of(source + "#pagebreak()\n".join(f'#"\\u{{{ord(one):x}}}"\n' for one in letters))
    drawn = (b"<use" in page or b"<image" in page for page in pages)
    return "".join(one for one, is_drawn in zip(letters, drawn, strict=True) if not is_drawn)


def without(text: str, letters: str) -> str:
    """The text with a question mark for each of these letters."""
    return text.translate(dict.fromkeys(map(ord, letters), SHOWN_AS))


def said(letters: str) -> str:
    """What a document says of them: which scripts, and what to do."""
    scripts = sorted({_script(one) for one in letters})
    n = f"{len(letters)} letter{'' if len(letters) == 1 else 's'}"
    return (
        f'Shown as "{SHOWN_AS}": {n} that no font of the computer that made this file draws ({", ".join(scripts)}). '
        "With such a font installed (Noto Sans, for instance) it is made with them; the HTML has them."
    )


def _script(letter: str) -> str:
    """As its name in Unicode begins."""
    word = unicodedata.name(letter, "unnamed").partition(" ")[0]
    return word if word == "CJK" else word.capitalize()
