"""What each part of the forecast brings: the same panels without it, on months that are not judged.

    python benchmarks/ablation.py --out ablation.json [--only iowa,m3] [--full] [--named 60]
        [--data DIR]

Writes a list of rows: panel, origin, variant, series, mase, rmsse, wape, bias, change_percent (of
rmsse where the panel is intermittent, else of mase; above zero: worse than everything together),
seconds (of what had to be computed anew). One candidate at a time is left out of what all said, so
its share in the gate of others stays; the same holds for weights and correction. Drivers and breaks
are left out before candidates are asked. By default the latest origin, and the candidates one by
one; `--full` adds an origin half a year earlier and, on up to `--named` series, the models of
statsforecast, with everything on these series beside them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

import panels
from accuracy import Row, write
from earlier import (
    NAMES,
    change_percent,
    choose_measure,
    judge,
    lacks_data,
    lay_out,
    open_panels,
    parse,
    take_series,
)
from reading import Panel
from salesfc_lib.forecasting.backtest.backtest import CandidateForecasts, run_candidates
from salesfc_lib.forecasting.candidates.registry import BOOSTING
from salesfc_lib.forecasting.forecast import Modeled, combine_candidates
from salesfc_lib.forecasting.history import History
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.foundation.schema import CandidateSettings, Parameters

NAMED = ("ets", "optimised_theta", "ces")  # of statsforecast
EVERYTHING = "everything"

Variant = tuple[str, Callable[[], np.ndarray]]


def list_said(said: CandidateForecasts, parameters: Parameters) -> Iterator[Variant]:
    """Variants that need no candidate to be asked again."""
    yield EVERYTHING, lambda: combine_candidates(said, parameters).combined[0]
    equal = parameters.model_copy(
        update={"combine": parameters.combine.model_copy(update={"power": 0.0})}
    )
    yield "equal weights", lambda: combine_candidates(said, equal).combined[0]
    yield (
        "best single by backtest",
        lambda: take_best(combine_candidates(said, without_correction(parameters))),
    )
    yield (
        "median of candidates",
        lambda: take_median(combine_candidates(said, without_correction(parameters))),
    )
    yield (
        "without the correction",
        lambda: combine_candidates(said, without_correction(parameters)).combined[0],
    )
    yield "the correction alone", lambda: take_corrected(combine_candidates(said, parameters))
    spoke = [name for name, values in said.values.items() if np.isfinite(values[-1]).any()]
    for name in spoke if len(spoke) > 1 else ():
        kept = replace(
            said, values={other: values for other, values in said.values.items() if other != name}
        )
        yield f"without {name}", lambda kept=kept: combine_candidates(kept, parameters).combined[0]  # type: ignore[misc]


def list_asked(panel: Panel, parameters: Parameters) -> Iterator[Variant]:
    """Variants that ask all candidates again."""
    unbroken = parameters.model_copy(
        update={"breaks": parameters.breaks.model_copy(update={"enabled": False})}
    )
    yield "without breaks", lambda: forecast(lay_out(panel), unbroken, panel.reach)
    if panel.known:
        yield (
            "without drivers",
            lambda: forecast(lay_out(panel, blind=True), parameters, panel.reach),
        )


def without_correction(parameters: Parameters) -> Parameters:
    """The parameters with the correction off."""
    return switch(parameters, (BOOSTING,), enabled=False)


def switch(parameters: Parameters, names: tuple[str, ...], *, enabled: bool) -> Parameters:
    """The parameters with these candidates on or off."""
    blocks = {
        name: parameters.candidates.get(name, CandidateSettings()).model_copy(
            update={"enabled": enabled}
        )
        for name in names
    }
    return parameters.model_copy(update={"candidates": {**parameters.candidates, **blocks}})


def forecast(history: History, parameters: Parameters, horizon: int) -> np.ndarray:
    """The combination of all candidates, asked anew (n, horizon)."""
    return combine_candidates(
        run_candidates(history, parameters, horizon=horizon), parameters
    ).combined[0]


def take_best(modeled: Modeled) -> np.ndarray:
    """The best single candidate of each series (n, horizon), the combination where there is
    none.
    """
    best = modeled.best
    chosen = modeled.candidates.at(0)[best, np.arange(len(best))]
    return end(modeled, np.where((best < 0)[:, None], modeled.combined[0], chosen))


def take_median(modeled: Modeled) -> np.ndarray:
    """The median of all candidates (n, horizon)."""
    said = modeled.candidates.at(0)
    given = np.isfinite(said).any(axis=0)
    middle = np.nanmedian(np.where(given, said, 0.0), axis=0)
    return end(modeled, np.where(given, middle, modeled.combined[0]))


def take_corrected(modeled: Modeled) -> np.ndarray:
    """The corrected candidates alone (n, horizon), the combination where they were not
    corrected.
    """
    corrected = modeled.boosted.get(0, np.full_like(modeled.combined[0], np.nan))
    positive = np.where(
        np.any(modeled.candidates.history.y < 0, axis=1)[:, None], corrected, corrected.clip(0)
    )
    return end(modeled, np.where(np.isfinite(positive), positive, modeled.combined[0]))


def end(modeled: Modeled, values: np.ndarray) -> np.ndarray:
    """Forecasts with zero for series that came to an end."""
    ended = np.isin(np.arange(len(values)), list(modeled.ended))
    return np.where(ended[:, None], 0.0, values)


def ablate(panel: Panel, parameters: Parameters) -> list[Row]:
    """Rows of one panel and origin: everything first, then each variant."""
    history = lay_out(panel)
    started = time.perf_counter()
    said = run_candidates(history, parameters, horizon=panel.reach)
    asked = time.perf_counter() - started
    variants = [*list_said(said, parameters), *list_asked(panel, parameters)]
    rows = [measure(panel, history, variant) for variant in variants]
    rows[0]["seconds"] += asked
    return compare(panel, rows)


def ablate_named(panel: Panel, parameters: Parameters, count: int) -> list[Row]:
    """Rows of `count` series with the models of statsforecast: all of them and one at a time."""
    some = take_series(panel, count)
    history, words = lay_out(some), f"of {history_size(some)} series"
    variants = [
        (EVERYTHING, parameters),
        ("with all three named models", switch(parameters, NAMED, enabled=True)),
    ]
    variants += [(f"with {name}", switch(parameters, (name,), enabled=True)) for name in NAMED]
    runs = [
        (f"{name}, {words}", lambda each=each: forecast(history, each, some.reach))
        for name, each in variants
    ]
    return compare(some, [measure(some, history, run) for run in runs])


def history_size(panel: Panel) -> int:
    """Series of a panel."""
    return int(panel.history["unique_id"].nunique())


def measure(panel: Panel, history: History, variant: Variant) -> Row:
    """Scores and seconds of one variant."""
    name, run = variant
    started = time.perf_counter()
    values = run()
    seconds = time.perf_counter() - started
    return {
        "variant": name,
        "series": len(history),
        **judge(panel, history, values),
        "seconds": seconds,
    }


def compare(panel: Panel, rows: list[Row]) -> list[Row]:
    """Rows with the change against the first, in percent of the panel's measure."""
    by = choose_measure(panel)
    return [
        {**row, "measure": by, "change_percent": change_percent(row[by], rows[0][by])}
        for row in rows
    ]


def average(rows: list[Row]) -> list[tuple[str, str, float]]:
    """Panel, variant and mean change over the origins, in the order they were measured."""
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        if row["change_percent"] is not None:
            found.setdefault((row["panel"], row["variant"]), []).append(row["change_percent"])
    return [(*key, float(np.mean(values))) for key, values in found.items()]


def main() -> None:
    """Measure, write the rows after each panel, and print the mean changes."""
    wanted = read_command()
    if lacks_data(wanted):
        return
    import xgboost  # noqa: F401  what is imported on first use is not on the clock

    if wanted.named:
        import statsforecast.models  # noqa: F401
    rows: list[Row] = []
    parameters = defaults()
    for origin, panel in open_panels(wanted.data, wanted.only, origins=2 if wanted.full else 1):
        found = ablate(panel, parameters)
        if wanted.named:
            found += ablate_named(panel, parameters, wanted.named)
        rows += [{"panel": panel.name, "origin": origin, **row} for row in found]
        write(wanted.out, rows)
        print(f"{panel.name}, {origin}: {found[0]['seconds']:.1f} s for everything", flush=True)
    for name, variant, change in average(rows):
        print(f"{name:<9} {variant:<42} {change:+7.2f} %")


def read_command() -> argparse.Namespace:
    """The command line."""
    parser = parse(__doc__)
    parser.add_argument(
        "--only",
        type=lambda text: tuple(text.split(",")),
        default=NAMES,
        help=f"of {', '.join(NAMES)}",
    )
    parser.add_argument(
        "--named",
        type=int,
        help="series on which the models of statsforecast run; 0, or 60 with --full",
    )
    wanted = parser.parse_args()
    wanted.named = (60 if wanted.full else 0) if wanted.named is None else wanted.named
    unknown = [name for name in wanted.only if name not in panels.SOURCES]
    if unknown:
        parser.error(f"no panel is called '{unknown[0]}'; there are {', '.join(panels.SOURCES)}")
    return wanted


if __name__ == "__main__":
    main()
