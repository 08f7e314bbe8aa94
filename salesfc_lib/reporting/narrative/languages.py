"""What a cell shows, in each language of the run: said once for each, displayed once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from salesfc_lib.archive import UnitMonth
from salesfc_lib.foundation import language
from salesfc_lib.reporting.blocks import Block
from salesfc_lib.reporting.narrative.writer import Blocks

P = ParamSpec("P")
Shown = TypeVar("Shown", bound="Block | Blocks")


def in_languages(
    function: Callable[Concatenate[UnitMonth, P], Shown],
) -> Callable[Concatenate[UnitMonth, P], Shown]:
    """`function(run, ...)` whose blocks hold what they say in the run's other languages, too.

    Inside `language.speaking` the function speaks that language alone.
    """

    @wraps(function)
    def shown(run: UnitMonth, *args: P.args, **kwargs: P.kwargs) -> Shown:
        if language.is_chosen():
            return function(run, *args, **kwargs)
        return in_each(run.parameters.report.spoken, lambda: function(run, *args, **kwargs))

    return shown


def in_each(spoken: Sequence[str], say: Callable[[], Shown]) -> Shown:
    """What `say` returns in the first language; its blocks hold the same in the others."""
    said: dict[str, Any] = {}
    for each in spoken:
        with language.speaking(each):
            said[each] = say()
    first, *others = said.values()
    found: Any
    if isinstance(first, Blocks):
        rows = zip(*(blocks.blocks for blocks in said.values()), strict=True)
        found = Blocks(*(_join(spoken, row) for row in rows))
    else:
        found = _join(spoken, (first, *others))
    return found


def _join(spoken: Sequence[str], blocks: Sequence[Block]) -> Any:
    return replace(blocks[0], translations=dict(zip(spoken[1:], blocks[1:], strict=True)))
