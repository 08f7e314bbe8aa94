"""Figures: the same frame gives the same bytes, text stays text, and no colour leaves the page's
tokens.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import amounts, language
from salesfc_lib.reporting import blocks as components
from salesfc_lib.reporting import markup, plots
from salesfc_lib.reporting.plots import canvas, palette
from salesfc_lib.reporting.plots.axes import month_number
from salesfc_lib.reporting.plots.canvas import text_width
from salesfc_lib.reporting.plots.lines import LINE_HEIGHT, clear_place, spread

NASTY = "厨具 <b>&\"'</b> / $x_1$"
MONTHS = pd.date_range("2023-07-01", periods=42, freq="MS")


def fan_frame(level: float = 45e6) -> pd.DataFrame:
    at = np.arange(42)
    y = level * (1 + 0.1 * np.sin(at))
    width = np.where(at >= 36, (at - 35) * 0.02 * level, np.nan)
    frame = pd.DataFrame(
        {"ds": MONTHS, "y": np.where(at < 36, y, np.nan), "y_hat": np.where(at < 36, np.nan, y)}
    )
    for interval, factor in ((80, 1.0), (95, 1.5)):
        frame[f"lo-{interval}"], frame[f"hi-{interval}"] = (
            frame["y_hat"] - factor * width,
            frame["y_hat"] + factor * width,
        )
    return frame


def by_group() -> pd.DataFrame:
    return pd.DataFrame(
        [
            (ds, group, value)
            for group, value in ((NASTY, 0.86), ("Seasonal naive", 0.77))
            for ds in MONTHS[24:36]
        ],
        columns=["ds", "group", "value"],
    )


STAGES = pd.DataFrame(
    {
        "label": [NASTY, "Combined", "Adjusted by people"],
        "value": [0.77, 0.86, 0.85],
        "added": [np.nan, 0.09, -0.01],
        "mean": [np.nan, 0.08, 0.0],
    }
)
CAUSES = pd.DataFrame(
    {
        "label": ["Forecast", "small loss", NASTY, "gain", "Not explained", "Actual"],
        "value": [51.42e6, -0.34e6, -1.38e6, 0.47e6, -0.27e6, 49.90e6],
        "kind": ["start", "cause", "cause", "cause", "unexplained", "end"],
    }
)
OWNERS = pd.DataFrame(
    {
        "label": ["林巧", NASTY],
        "detail": ["key accounts", NASTY],
        "bias": [0.128, -0.025],
        "mean": [0.03, -0.081],
    }
)
EFFECTS = pd.DataFrame(
    {
        "label": [NASTY, "A year of trend"],
        "value": [12.0, -1.0],
        "low": [8.0, -3.0],
        "high": [16.0, 1.0],
        "text": ["+12", "−1"],
    }
)
COVERED = pd.DataFrame(
    {"h": [1, 2, 1, 2], "level": [80, 80, 95, 95], "share": [0.8, 0.79, 0.95, 0.91]}
)

ERRORS = pd.DataFrame(
    {
        "label": [NASTY] * 4 + ["Combination"] * 4,
        "value": [0.1, 0.2, 0.3, 0.9, 0.1, 0.1, 0.2, 0.4],
        "marked": [False] * 4 + [True] * 4,
    }
)
BY_LAG = pd.DataFrame(
    [
        (ds, lag, 0.05 * lag + 0.01 * place)
        for place, ds in enumerate(MONTHS[24:36])
        for lag in (1, 2, 3)
        if place >= lag
    ],
    columns=["ds", "lag", "value"],
)


def years() -> pd.DataFrame:
    """Two years by month and the forecast of the next, the latest of them ended in June 2026."""
    at = np.arange(12)
    parts = [
        pd.DataFrame({"group": group, "role": role, "at": at, "value": level + 4e6 * np.cos(at)})
        for group, role, level in (
            (NASTY, "baseline", 10e6),
            ("2025/26", "actual", 12e6),
            ("Forecast", "forecast", 14e6),
        )
    ]
    frame = pd.concat(parts, ignore_index=True).assign(ds=np.tile(MONTHS[24:36], 3))
    ahead = frame["role"] == "forecast"
    frame["lo"], frame["hi"] = frame["value"].where(ahead) - 2e6, frame["value"].where(ahead) + 2e6
    return frame


FIGURES: list[tuple[Callable[..., None], pd.DataFrame, dict[str, object]]] = [
    (
        plots.fan,
        fan_frame(),
        {"cutoff": "2026-06", "scale": amounts.SCALES["en"][1], "earlier": 51e6, "named": [NASTY]},
    ),
    (
        plots.lines,
        by_group(),
        {"roles": {NASTY: "forecast", "Seasonal naive": "baseline"}, "floor": 0.85},
    ),
    (plots.stage_accuracy, STAGES, {"heads": ["June", "12-month mean"]}),
    (plots.waterfall, CAUSES, {"scale": amounts.SCALES["en"][1]}),
    (plots.bias_by_owner, OWNERS, {"limit": 0.05, "heads": ["June", "Jan–Jun"]}),
    (plots.coverage, COVERED, {"band": (0.77, 0.83)}),
    (plots.whiskers, EFFECTS, {}),
    (plots.error_ranges, ERRORS, {}),
    (plots.lag_heat_map, BY_LAG, {}),
    (plots.season, years(), {"scale": amounts.SCALES["en"][1]}),
]
each_figure = pytest.mark.parametrize(
    ("function", "frame", "options"), FIGURES, ids=[figure[0].__name__ for figure in FIGURES]
)


@each_figure
def test_the_same_frame_gives_the_same_bytes_whatever_was_drawn_before(
    function: Callable[..., None], frame: pd.DataFrame, options: dict[str, object]
) -> None:
    first = plots.draw(function, frame, **options)
    plots.draw(plots.whiskers, EFFECTS)
    assert plots.draw(function, frame, **options) == first


@each_figure
def test_figures_hold_shapes_classes_and_text_only(
    function: Callable[..., None], frame: pd.DataFrame, options: dict[str, object]
) -> None:
    for drawing, width in zip(plots.draw(function, frame, **options), (720, 350), strict=True):
        assert drawing.startswith(f'<svg viewBox="0 0 {width} ')
        assert not re.search(r"style=|#[0-9a-fA-F]{3}|<defs|clip-path|font|href|<metadata", drawing)
        assert str(markup.svg(drawing, "alt", "wide")).count("<path") == drawing.count("<path")
        assert len(drawing) < (8_000 if function is plots.lag_heat_map else 6_000)


@each_figure
def test_figures_draw_without_a_warning_and_leave_their_frame_alone(
    function: Callable[..., None], frame: pd.DataFrame, options: dict[str, object]
) -> None:
    before = frame.copy(deep=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.draw(function, frame, **options)
    pd.testing.assert_frame_equal(frame, before)


@each_figure
def test_names_stay_text_in_figures(
    function: Callable[..., None], frame: pd.DataFrame, options: dict[str, object]
) -> None:
    for drawing in plots.draw(function, frame, **options):
        words = "".join(ElementTree.fromstring(drawing).itertext())
        assert "<b>" not in drawing
        if function not in (plots.coverage, plots.lag_heat_map):  # they name months and lags only
            assert "厨具" in words


@each_figure
def test_a_figure_in_chinese_has_no_english_word_of_its_own(
    function: Callable[..., None], frame: pd.DataFrame, options: dict[str, object]
) -> None:
    given = set(re.findall("[A-Za-z]{2,}", f"{frame.to_dict()} {options}"))
    with language.speaking("zh"):
        drawings = plots.draw(function, frame, **options)  # type: ignore[arg-type]
    for drawing in drawings:
        words = " ".join(ElementTree.fromstring(drawing).itertext())
        assert set(re.findall("[A-Za-z]{2,}", words)) <= given


@each_figure
def test_text_stays_on_its_canvas(
    function: Callable[..., None], frame: pd.DataFrame, options: dict[str, object]
) -> None:
    short = {**options, "named": ["June forecast 51.4"]} if function is plots.fan else options
    for drawing, width in zip(
        plots.draw(
            function,
            frame.replace(NASTY, "厨具 · 华东"),
            **{
                **short,
                **(
                    {"roles": {"厨具 · 华东": "forecast", "Seasonal naive": "baseline"}}
                    if function is plots.lines
                    else {}
                ),
            },
        ),
        (720, 350),
        strict=True,
    ):
        for text in ElementTree.fromstring(drawing).iter("text"):
            size = palette.SMALL if "m" in text.get("class", "").split() else palette.SIZE
            length = canvas.text_width(str(text.text), size) * 0.92
            x = float(text.get("x", "0")) - {"middle": length / 2, "end": length}.get(
                text.get("text-anchor", ""), 0
            )
            assert x >= -2 and x + length <= width + 6, text.text


def test_a_line_starts_and_ends_where_its_values_say() -> None:
    wide, _ = plots.draw(
        plots.lines,
        pd.DataFrame({"ds": MONTHS[:2], "group": "a", "value": [0.7, 0.8]}),
        roles={"a": "forecast"},
        height=(244, 244),
    )
    x0, y0, x1, y1 = map(
        float, re.findall(r'd="M([\d.]+),([\d.]+) ([\d.]+),([\d.]+)" class="fc"', wide)[0]
    )
    tick = {
        text: float(y) - 4.5
        for y, text in re.findall(r'y="([\d.]+)" class="m" text-anchor="end">(\d+)<', wide)
    }
    assert x0 == 34 and x1 > x0
    assert (y0, y1) == pytest.approx((tick["70"], tick["80"]), abs=1)


def test_the_forecast_continues_from_the_last_actual() -> None:
    wide, _ = plots.draw(plots.fan, fan_frame(), cutoff="2026-06")
    actual = re.findall(r'd="M([^"]+)" class="actual"', wide)[0].split()
    forecast = re.findall(r'd="M([^"]+)" class="fc"', wide)[0].split()
    assert (len(actual), len(forecast)) == (36, 7)
    assert actual[-1] == forecast[0]


def test_causes_are_sorted_by_size_gains_after_losses_and_the_unexplained_last() -> None:
    wide, _ = plots.draw(plots.waterfall, CAUSES, scale=amounts.SCALES["en"][1])
    order = [
        text
        for text in ElementTree.fromstring(wide).itertext()
        if text.split()[0] in ("厨具", "small", "gain", "Not", "Actual", "Forecast")
    ]
    assert [text.split()[0] for text in order if "Wide" not in text] == [
        "Forecast",
        "厨具",
        "small",
        "gain",
        "Not",
        "Actual",
    ]
    assert 'class="fg"' in wide and wide.count('class="fo"') == 2 and wide.count('class="fu"') == 1


def test_too_high_and_too_low_keep_their_colours_and_signs() -> None:
    wide, _ = plots.draw(plots.bias_by_owner, OWNERS, limit=0.05, heads=["June", "Mean"])
    assert (
        'class="to b" text-anchor="end">+12.8<' in wide
        and 'class="tu" text-anchor="end">−2.5<' in wide
    )
    assert 'class="b" text-anchor="end">−8.1<' in wide  # the mean is outside the limit


def test_a_stage_that_took_accuracy_away_is_an_alarm() -> None:
    wide, _ = plots.draw(plots.stage_accuracy, STAGES, heads=("June", "Mean"))
    assert 'class="tx b" text-anchor="end">−1.0<' in wide and wide.count('class="sx k3"') == 1


def test_an_analysts_own_figure_keeps_to_the_tokens() -> None:
    def own(frame: pd.DataFrame, ax: canvas.Axes) -> None:
        ax.plot(frame["x"], frame["y"], color="red")

    with pytest.raises(SalesForecastError, match="#ff0000.*tokens"):
        plots.draw(own, pd.DataFrame({"x": [1, 2], "y": [1, 2]}))


def test_a_figure_block_carries_its_alternative_text_on_both_drawings() -> None:
    wide, slim = plots.draw(plots.whiskers, EFFECTS)
    html = components.Figure("t", "s", "Bars: 212 and 14", wide, slim)._repr_mimebundle_()[
        "text/html"
    ]
    assert html.count('role="img" aria-label="Bars: 212 and 14"') == 2


@pytest.mark.parametrize(
    ("places", "heights"),
    [([50.0, 50.0, 50.0], [15.0] * 3), ([90.0, 89.0, 60.0, 59.0], [15.0, 30.0, 15.0, 15.0])],
)
def test_labels_never_cover_each_other_and_keep_their_order(
    places: list[float], heights: list[float]
) -> None:
    placed = spread(places, heights)
    assert all(
        above - height >= below - 1e-9
        for above, height, below in zip(placed, heights, placed[1:], strict=False)
    )


@pytest.mark.parametrize(
    "frame",
    [fan_frame(3.0), fan_frame().assign(y=np.nan), fan_frame().iloc[30:], fan_frame(0.0)],
    ids=["small", "no history", "short history", "zero"],
)
def test_a_fan_draws_whatever_a_first_month_has(frame: pd.DataFrame) -> None:
    for drawing in plots.draw(plots.fan, frame, cutoff="2026-06"):
        assert "nan" not in drawing and 'class="fc"' in drawing


def test_an_effect_that_may_be_none_is_open_and_grey() -> None:
    wide, _ = plots.draw(plots.whiskers, EFFECTS)
    assert wide.count('class="hole sg"') == 1
    assert wide.count('class="sg k3"') == 1
    assert wide.count('class="sa k3"') == 1
    assert (
        plots.draw(plots.whiskers, EFFECTS.assign(low=[8.0, -3.0], high=[16.0, -0.5]))[0].count(
            "hole"
        )
        == 0
    )


def test_a_value_without_an_interval_is_a_dot_alone() -> None:
    bare = EFFECTS.assign(low=[8.0, float("nan")], high=[16.0, float("nan")])
    for drawing in plots.draw(plots.whiskers, bare):
        assert "nan" not in drawing and "hole" not in drawing
    assert plots.draw(plots.whiskers, bare)[0].count('class="sa k3"') == 1  # one whisker


def test_lags_that_stand_close_are_numbered_alone_so_that_none_covers_another() -> None:
    def label(lags: int) -> str:
        rows = pd.DataFrame({"h": range(1, lags + 1), "level": 80, "share": 0.8})
        return plots.draw(plots.coverage, rows)[0]

    assert "1 month ahead" in label(3)
    assert "1 month ahead" not in label(12)


def test_a_heat_map_writes_each_error_and_shades_the_largest_darkest() -> None:
    for drawing in plots.draw(plots.lag_heat_map, BY_LAG):
        texts = [str(text.text) for text in ElementTree.fromstring(drawing).iter("text")]
        assert texts.count("6") == 1 and "26" in texts  # the first month one ahead, the last three
        first, last = BY_LAG["value"].idxmin(), BY_LAG["value"].idxmax()
        shades = re.findall(r'fill="var\(--(q\d)\)', drawing)
        drawn = BY_LAG.sort_values(["lag", "ds"], ascending=[False, True]).index
        by_row = dict(zip(drawn, shades, strict=True))
        assert (by_row[first], by_row[last]) == ("q1", "q5")


def test_ranges_of_errors_stand_at_their_medians_with_the_marked_one_in_accent() -> None:
    wide, _ = plots.draw(plots.error_ranges, ERRORS)
    texts = [text for text in ElementTree.fromstring(wide).iter("text")]
    assert {"25.0", "15.0"} <= {str(text.text) for text in texts}
    accent = [str(text.text) for text in texts if "ta" in text.get("class", "").split()]
    assert accent == ["15.0"]
    dots = [
        (float(dot.get("cx", "0")), dot.get("class"))
        for dot in ElementTree.fromstring(wide).iter("circle")
    ]
    assert [name for _, name in sorted(dots)] == ["fa", "fg"]


def test_a_season_draws_the_forecast_in_accent_over_the_years_and_names_each() -> None:
    wide, slim = plots.draw(plots.season, years(), scale=amounts.SCALES["en"][1])
    assert (wide.count('class="fc"'), wide.count('class="actual"'), wide.count('class="base"')) == (
        1,
        1,
        1,
    )
    for drawing in (wide, slim):
        words = "".join(ElementTree.fromstring(drawing).itertext())
        assert "Forecast" in words and "2025/26" in words and "Jul" in words


def test_ticks_that_stand_close_keep_the_decimals_that_tell_them_apart() -> None:
    near = CAUSES.assign(value=[6.92e6, -0.01e6, -0.05e6, 0.01e6, 0.0, 6.87e6])
    for drawing in plots.draw(plots.waterfall, near, scale=amounts.SCALES["en"][1]):
        ticks = [
            str(text.text)
            for text in ElementTree.fromstring(drawing).iter("text")
            if text.get("class") == "m" and re.fullmatch(r"[\d.]+", str(text.text))
        ]
        assert len(ticks) == len(set(ticks)) >= 2


def test_months_of_several_years_are_named_by_year_and_the_last_has_room() -> None:
    frame = pd.DataFrame({"ds": pd.date_range("2022-07-01", periods=48, freq="MS"), "group": "a"})
    wide, _ = plots.draw(plots.lines, frame.assign(value=0.5), roles={"a": "actual"})
    places = {
        str(text.text): float(text.get("x", "0"))
        for text in ElementTree.fromstring(wide).iter("text")
        if str(text.text).startswith(("Jan", "Jun"))
    }
    assert list(places) == ["Jan 2023", "Jan 2024", "Jan 2025", "Jan 2026", "Jun"]
    assert min(np.diff(list(places.values()))) >= 50


def test_sales_are_drawn_on_an_axis_from_zero_with_room_for_its_numbers() -> None:
    frame = pd.DataFrame({"ds": MONTHS[:2], "group": "a", "value": [9_900.0, 9_500.0]})
    for drawing in plots.draw(plots.lines, frame, roles={"a": "actual"}, percent=False):
        texts = {str(text.text): text for text in ElementTree.fromstring(drawing).iter("text")}
        top = texts["10,000"]
        assert "0" in texts and float(top.get("x", "0")) >= text_width("10,000", 12)


def test_what_was_sent_back_after_the_last_sale_is_drawn_inside_the_fan() -> None:
    frame = fan_frame()
    back = frame.assign(**{name: frame[name] * 0 for name in frame if name != "ds"})
    back.loc[20, "y"] = -1_200.0
    for drawing in plots.draw(plots.fan, back, cutoff="2026-06"):
        height = float(re.findall(r'viewBox="0 0 [\d.]+ ([\d.]+)"', drawing)[0])
        line = re.findall(r'd="M([^"]+)" class="actual"', drawing)[0]
        assert all(0 <= float(y) <= height for y in re.findall(r",(-?[\d.]+)", line))


def test_a_fan_without_sales_has_no_number_twice_on_its_axis() -> None:
    frame = fan_frame()
    nothing = frame.assign(**{name: frame[name] * 0 for name in frame if name != "ds"})
    for drawing in plots.draw(plots.fan, nothing, cutoff="2026-06", scale=amounts.SCALES["zh"][1]):
        numbers = re.findall(r'text-anchor="end">([\d.,]+)<', drawing)
        assert len(numbers) == len(set(numbers)) >= 2


def test_an_axis_of_shares_ends_at_the_whole() -> None:
    full = COVERED.assign(share=[0.8, 0.79, 1.0, 0.97])
    for drawing in plots.draw(plots.coverage, full, band=(0.77, 0.83)):
        words = [str(text.text) for text in ElementTree.fromstring(drawing).iter("text")]
        assert max(int(word) for word in words if word.isdigit()) == 100


@pytest.mark.parametrize("width", [640, 340])
@pytest.mark.parametrize("earlier", [5.2, 12.0, 17.0, 24.0])
def test_the_label_of_the_earlier_forecast_never_sits_on_the_line(
    width: float, earlier: float
) -> None:
    months = pd.date_range("2023-07-01", "2026-06-01", freq="MS")
    values = 12 + 6 * np.sin(np.arange(len(months)))
    past = pd.DataFrame({"x": [month_number(ds) for ds in months], "y": values})
    figure = Figure(figsize=(width / 72, 300 / 72), dpi=72)
    ax = figure.subplots()
    ax.set_xlim(past["x"].min(), past["x"].max() + 12)
    ax.set_ylim(0, 25)
    right, at = ax.transData.transform((past["x"].iloc[-1], earlier))
    begin = right - 9 - text_width("June forecast 17.1")
    bottom = clear_place(ax, past, begin, at)
    drawn = ax.transData.transform(past.to_numpy(dtype=float))
    spans = np.linspace(begin, right - 9, 200)
    heights = np.interp(spans, drawn[:, 0], drawn[:, 1])
    assert ax.bbox.y0 < bottom < ax.bbox.y1 - LINE_HEIGHT
    assert not ((heights > bottom) & (heights < bottom + 11)).any()
