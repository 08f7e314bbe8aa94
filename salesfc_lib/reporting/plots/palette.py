"""Colours, sizes and matplotlib settings of figures, and the page's classes that stand for them."""

from __future__ import annotations

from typing import Any

INK, INK_2, RULE, RULE_2, BASE = "#1b2126", "#4a535b", "#dfdbd1", "#a9a498", "#878173"
ACCENT, BAND_80, BAND_95 = "#0b6483", "#b5d4de", "#dbe9ee"
SHADES = ["#eef4f5", "#d9e8ed", "#bcd7e0", "#9cc3d0", "#7bafc0"]  # of a heat map, small to large
OVER, UNDER, ALARM, PAPER = "#a85206", "#5b3a94", "#a3172b", "#fcfbf8"

TOKENS = {INK: "ink", INK_2: "ink-2", RULE: "rule", RULE_2: "rule-2", BASE: "base"}
TOKENS |= {ACCENT: "accent", BAND_80: "band-80", BAND_95: "band-95"}
TOKENS |= {OVER: "over", UNDER: "under", ALARM: "alarm", PAPER: "paper"}
TOKENS |= {shade: f"q{rank}" for rank, shade in enumerate(SHADES, 1)}
# class of page.css for a line by (colour, width, dashed), for an area, an outline or text by colour
LINES = {
    (RULE, 1.0, False): "grid",
    (RULE_2, 1.0, False): "axis",
    (INK_2, 1.0, True): "floor",
    (INK, 1.75, False): "actual",
    (ACCENT, 2.25, False): "fc",
    (ACCENT, 1.5, True): "fc2",
    (BASE, 1.75, False): "base",
    (INK, 2.0, False): "si k2",
    (INK, 3.0, False): "si k3",
    (ACCENT, 3.0, False): "sa k3",
    (ALARM, 3.0, False): "sx k3",
    (BASE, 3.0, False): "sg k3",
}
AREAS = {BAND_80: "b80", BAND_95: "b95", OVER: "fo", UNDER: "fu"}
AREAS |= {INK: "fi", ACCENT: "fa", ALARM: "fx", BASE: "fg"}
EDGES = {INK: "si", ACCENT: "sa", ALARM: "sx", BASE: "sg"}
TEXTS = {INK: "", INK_2: "m", ACCENT: "ta", OVER: "to", UNDER: "tu", ALARM: "tx"}

SIZE, SMALL = 13.0, 12.0  # px of labels and of axis numbers
NOTE: dict[str, Any] = {"color": INK_2, "size": SMALL}  # text that is second in rank
DOTS, DASHES = (0, (2, 3)), (0, (5, 3))  # of a line at the cutoff, of a limit
VIEWS = ("-", (0, (8, 3)), (0, (5, 2)), (0, (10, 2, 5, 2)))  # lines told apart by their dashes
WIDE, SLIM = 720, 350  # units of a page's figure and of a phone's

STYLE: dict[Any, Any] = {
    **dict.fromkeys(("figure.dpi", "savefig.dpi"), 72),
    **dict.fromkeys(("axes.facecolor", "figure.facecolor"), "none"),
    **dict.fromkeys(("axes.linewidth", "grid.linewidth"), 1.0),
    **{f"axes.spines.{side}": False for side in ("top", "right", "left", "bottom")},
    **{f"{axis}tick.{kind}.size": 0 for axis in "xy" for kind in ("major", "minor")},
    **{f"{axis}tick.major.pad": 8 for axis in "xy"},
    **{f"{axis}tick.color": INK_2 for axis in "xy"},
    **{f"{axis}tick.labelsize": SMALL for axis in "xy"},
    "axes.axisbelow": True,
    "axes.edgecolor": RULE_2,
    "axes.unicode_minus": True,
    "agg.path.chunksize": 0,
    "font.family": ["DejaVu Sans"],
    "font.size": SIZE,
    "grid.color": RULE,
    "lines.dashed_pattern": DASHES[1],
    "lines.scale_dashes": False,
    "path.simplify": False,
    "path.sketch": None,
    "text.color": INK,
    "text.parse_math": False,
    "text.usetex": False,
}
