"""Words as a shell reads them and a terminal shows them."""

from __future__ import annotations

import shlex


def quote(word: str, encoding: str = "utf-8") -> str:
    r"""Return a word as a shell reads it and a terminal shows it, whatever is in it.

    Args:
        word: any text.
        encoding: of the terminal; what that lacks is escaped too.

    >>> print(quote("photo.jpg"), quote("my photo.jpg"), quote("a\x1b[31m.jpg"))
    photo.jpg 'my photo.jpg' $'a\x1b[31m.jpg'
    """
    if _is_shown(word, encoding):
        return shlex.quote(word)
    return f"$'{''.join(_escape(each, encoding) for each in word)}'"


def _is_shown(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeError:
        return False
    return text.isprintable()


def _escape(each: str, encoding: str) -> str:
    if _is_shown(each, encoding):
        return f"\\{each}" if each in "\\'" else each
    is_byte = "\udc80" <= each <= "\udcff"  # of a name that is no text
    raw = each.encode(errors="surrogateescape" if is_byte else "surrogatepass")
    return "".join(f"\\x{byte:02x}" for byte in raw)


def as_file(name: str) -> str:
    """Return a name that no command takes for an option; `-` alone is standard input."""
    return f"./{name}" if name.startswith("-") and name != "-" else name


def printable(text: str) -> str:
    r"""Return text without anything that a terminal would obey or could not show.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
