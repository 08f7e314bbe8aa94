"""Addresses of databases in texts: nothing of one but its scheme is written or shown anywhere.

A text for people enters (a message, a value of a parameter, a traceback); the same text without
passwords leaves. What is hidden is whatever looks like an address or a password, and the passwords
of all addresses that the environment holds, however they are spelled.
"""

from __future__ import annotations

import html
import json
import os
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus

HIDDEN = "***"
PUBLIC = ("http", "https", "file")  # addresses of pages: hidden only where they hold a password
LONG = 4  # characters from which a part of an address is hidden inside of words too

ADDRESS = re.compile(r"\b(?P<scheme>[A-Za-z][\w+.-]*)://(?:[^\n]*@)?\S*")
# an option as in `?sslpassword=…`, `host=… password='…'`, `PWD={…};` and percent-encoded
PASSWORD = re.compile(
    r"(?P<name>\w*(?:password|passwd|passphrase|passcode|pwd|token|secret|credential|api_?key)\w*"
    r"\s*(?:=|%3D)\s*)(?P<value>'(?:\\.|[^'\\])*'|\"[^\"]*\"|\{[^}]*\}|[^\s'\"&]+)",
    re.IGNORECASE,
)
OPTION = re.compile(r"[\w.-]+\s*=\s*('(?:\\.|[^'\\])*'|[^\s]+)")
SPELLINGS = (
    str,
    quote,
    quote_plus,
    unquote,
    unquote_plus,
    html.escape,
    lambda text: quote(text, safe=""),
    lambda text: repr(text)[1:-1],
    lambda text: json.dumps(text)[1:-1],
)


def find_secret(text: str) -> bool:
    """Whether a text holds a database's address, or a password.

    >>> find_secret("postgresql://me@host/db"), find_secret("https://salesfc.example/help?page=2")
    (True, False)
    """
    return hide_written(text) != text


def hide_secrets(text: str) -> str:
    """The text without addresses and passwords, written out or held by the environment.

    >>> hide_secrets("no answer from postgresql://me:pw@host/db?password=pw, said host=a pwd=b")
    'no answer from postgresql://***, said host=a pwd=***'
    """
    held = [value for value in os.environ.values() if find_secret(value)]
    return hide_written(hide_parts(text, (part for value in held for part in passwords_of(value))))


def hide_written(text: str) -> str:
    """The text without what looks like an address or a password."""
    return PASSWORD.sub(rf"\g<name>{HIDDEN}", ADDRESS.sub(_hide_address, text))


def hide_parts(text: str, parts: Iterable[str]) -> str:
    """The text without these parts of an address, however they are spelled."""
    spelled = {spell(part) for part in parts for spell in SPELLINGS}
    for part in sorted(filter(None, spelled), key=len, reverse=True):
        alone = (r"(?<!\w)", r"(?!\w)") if len(part) < LONG else ("", "")
        text = re.sub(re.escape(part).join(alone), HIDDEN, text)
    return text


def passwords_of(address: str) -> set[str]:
    """The password of an address, and the values of its options that are named like one."""
    before, at, after = address.partition("://")[2].rpartition("@")
    password = before.partition(":")[2] if at else ""
    named = [match["value"].strip("'\"{}") for match in PASSWORD.finditer(address)]
    options = parse_qsl(after.partition("?")[2])
    named += [value for name, value in options if PASSWORD.match(f"{name}={value}")]
    return {address, password, *named} - {""}


def parts_of(address: str) -> set[str]:
    """All of an address that is not its scheme, host or database's name: user, port, options."""
    before, _, after = address.partition("://")[2].rpartition("@")
    values = [value for _, value in parse_qsl(after.partition("?")[2])]
    inner = [part for value in values for part in re.split(r"[\s=,;]+", value)]
    options = [match[1].strip("'") for match in OPTION.finditer(address)]
    parts = {before, before.partition(":")[0], *values, *inner, *options}
    return passwords_of(address) | parts - {""}


def _hide_address(match: re.Match[str]) -> str:
    text, scheme = match[0], match["scheme"]
    if scheme.lower() in PUBLIC and "@" not in text:
        return text
    end = text[len(text.rstrip("'\"`)]>.,;:")) :]
    return f"{scheme}://{HIDDEN}{end}"
