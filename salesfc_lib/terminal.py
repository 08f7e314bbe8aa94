"""What a verb of the command line says: in the reader's language, without secrets of addresses.

A verb that fails ends in a paragraph on stderr and an exit status, not in a traceback.
"""

from __future__ import annotations

import gettext
import os
from typing import Any

import typer
from typer.core import TyperGroup

from salesfc_lib.errors import RequestError, SalesForecastError

LOCALES = ("SALESFC_LANG", "LC_ALL", "LC_MESSAGES", "LANG")


def is_english() -> bool:
    """Whether the environment asks for English: no catalogue is read, and help is immediate."""
    return all(os.environ.get(name, "")[:2] in ("", "en", "C", "C.", "PO") for name in LOCALES)


def translate(text: str) -> str:
    """A message in the language that the environment asks for."""
    if is_english():
        return text
    from salesfc_lib.foundation import language, translate_message

    with language.speaking(language.of_reader()):
        return translate_message(text)


def echo(text: str, *, err: bool = False) -> None:
    """Print a message in the reader's language, without the secrets of addresses."""
    from salesfc_lib.foundation import hide_secrets

    typer.echo(translate(hide_secrets(text)), err=err)


def translate_libraries() -> None:
    """Let what typer says by gettext come from the catalogue, in the reader's language."""
    from salesfc_lib.foundation import language

    def look_up(domain: str | None, message: str) -> str:
        with language.speaking(language.of_reader()):
            return language.translate(message)

    gettext.dgettext = look_up  # which `gettext.gettext` calls


class Verbs(TyperGroup):
    """The verbs, each of which ends in a paragraph on stderr and a status where it fails."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        if not is_english():
            translate_libraries()
        return super().main(*args, **kwargs)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command = super().get_command(ctx, cmd_name)
        shown: list[Any] = [self, *([command, *command.params] if command else [])]
        for each in shown:
            if getattr(each, "help", None):
                each.help = translate(each.help)
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.help = translate(self.help or "")
        super().format_help(ctx, formatter)

    def invoke(self, ctx: Any) -> Any:
        try:
            translate("")
        except RequestError as error:  # there is no such language to say anything in
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from None
        try:
            return super().invoke(ctx)
        except SalesForecastError as error:
            message, status = str(error), 2 if isinstance(error, RequestError) else 1
        except BrokenPipeError:  # whoever read it, such as `head`, has seen enough
            raise
        except OSError as error:
            about = f"{error.strerror or error}: '{error.filename}'" if error.filename else error
            message, status = f"{about}.", 1
        echo(message, err=True)
        raise typer.Exit(status)
