"""Addresses of databases in texts: nothing of one but scheme, host and database is shown anywhere.

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

EXAMPLES = ("user@host/database", "…")  # what messages of this library write of an address

# up to the last @ of the line, because a password may hold anything; a Path halves the slashes
ADDRESS = re.compile(
    r"\b(?P<scheme>[A-Za-z][\w+.-]{1,30})(?:://(?:[^\n]{0,1000}@)?|:/[^\n/]{1,1000}@)\S*"
)
# an address with one @ and plain names behind it: none of them can be a part of the password
PLAIN = re.compile(
    r"[\w+.-]+://[^@\s]*@(?P<place>[A-Za-z0-9.-]+)(?::\d+)?(?P<base>/[\w-]+)?(?P<more>\?\S*)?$"
)
# without a scheme: user:password@host/database
BARE = re.compile(r"(?<![\w.-])[\w.-]{1,60}:(?!/)[^\s@]{1,1000}@(?=[\w.-]+[:/])\S*")
# an option as in `?sslpassword=…`, `host=… password='…'`, `PWD={…};` and percent-encoded
PASSWORD = re.compile(
    r"(?P<name>(?:password|passwd|passphrase|passcode|pwd|token|secret|credential|api_?key)"
    r"\w{0,20}\s{0,3}(?:=|%3D)\s{0,3})"
    r"(?P<value>'(?:\\.|[^'\\]){0,1000}'|\"[^\"]{0,1000}\"|\{[^}]{0,1000}\}|[^\s'\"&]+)",
    re.IGNORECASE,
)
OPTION = re.compile(r"[\w.-]+\s*=\s*('(?:\\.|[^'\\])*'|[^\s]+)")
SPELLINGS = (
    str,
    quote,
    quote_plus,
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
    'no answer from postgresql://***@host/db?***, said host=a pwd=***'
    """
    held = [value for value in os.environ.values() if find_secret(value)]
    for address in held:
        text = text.replace(address, hide_written(address))
    return hide_written(hide_parts(text, (part for value in held for part in passwords_of(value))))


def hide_written(text: str) -> str:
    """The text without what looks like an address or a password."""
    text = BARE.sub(HIDDEN, ADDRESS.sub(_hide_address, text))
    return PASSWORD.sub(rf"\g<name>{HIDDEN}", text)


def hide_parts(text: str, parts: Iterable[str]) -> str:
    """The text without these parts of an address, however they are spelled."""
    plain = {spell(part) for part in parts for spell in (str, unquote, unquote_plus)}
    spelled = {spell(part) for part in plain for spell in SPELLINGS}
    for part in sorted(filter(None, spelled), key=len, reverse=True):
        alone = (r"(?<!\w)", r"(?!\w)") if len(part) < LONG else ("", "")
        text = re.sub(re.escape(part).join(alone), HIDDEN, text)
    return text


def passwords_of(address: str) -> set[str]:
    """The password of an address, and the values of its options that are named like one."""
    _, users, options = _split(address)
    passwords = [cut(":")[2] for user in users for cut in (user.partition, user.rpartition)]
    passwords = [password for password in passwords if password not in users]  # a user alone
    named = [match["value"].strip("'\"{}") for match in PASSWORD.finditer(address)]
    named += [value for name, value in options if PASSWORD.match(f"{name}={value}")]
    return {address, *passwords, *named} - {""}


def parts_of(address: str) -> set[str]:
    """All of an address that is not its scheme, host or database's name: user, port, options.

    A path of several parts is no database's name.
    """
    place, users, options = _split(address)
    values = [value or name for name, value in options]
    values += [match[1].strip("'") for match in OPTION.finditer(address)]
    inner = [part for value in values for part in re.split(r"[\s=,;]+", value)]
    path = re.split(r"[/:;@]", place.partition("/")[2])
    names = [user.partition(":")[0] for user in users]
    more = {*users, *names, *values, *inner, *(path if len(path) > 1 else [])}
    return passwords_of(address) | more - {""}


def _split(address: str) -> tuple[str, set[str], list[tuple[str, str]]]:
    """Host and path; what may be `user:password`; options. An @ or ? may stand in a password."""
    rest = address.partition("://")[2] or address
    users = {rest.partition("@")[0], rest.rpartition("@")[0]} if "@" in rest else set()
    users |= {rest.partition("?")[0].rpartition("@")[0]}
    place = rest.partition("?")[0].rpartition("@")[2]
    queries = {rest.partition("?")[2], rest.rpartition("?")[2]}
    options = [pair for query in queries for pair in parse_qsl(query, keep_blank_values=True)]
    return place, users - {""}, options


def _hide_address(match: re.Match[str]) -> str:
    text, scheme = match[0], match["scheme"]
    bare = text.rstrip("'\"`)]>.,;:")
    if scheme.lower() in PUBLIC and "@" not in text:
        return text
    if bare.partition("://")[2] in EXAMPLES:
        return text
    if plain := PLAIN.match(bare):
        more = f"?{HIDDEN}" if plain["more"] else ""
        place = f"{plain['place']}{plain['base'] or ''}{more}"
        return f"{scheme}://{HIDDEN}@{place}{text[len(bare) :]}"
    return f"{scheme}://{HIDDEN}{text[len(bare) :]}"
