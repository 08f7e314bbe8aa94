"""The canvas that figures are drawn on: matplotlib artists in, small SVG out.

A drawing function gets a frame and an `ax`; this module gives it a canvas measured in the page's units and writes what
it drew as SVG of shapes and text. The decision made here: a small matplotlib renderer of the project's own writes the
SVG, because colours must become the page's classes (so that dark mode and print follow), text must stay text (the
browser brings the fonts, Chinese ones too) and the same frame must give the same bytes on every machine.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast
from xml.sax.saxutils import escape

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase, GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Transform

from salesfc_lib.errors import SalesForecastError

INK, INK_2, RULE, RULE_2, BASE = "#1b2126", "#4a535b", "#dfdbd1", "#a9a498", "#878173"
ACCENT, BAND_80, BAND_95 = "#0b6483", "#b5d4de", "#dbe9ee"
OVER, UNDER, ALARM, PAPER = "#a85206", "#5b3a94", "#a3172b", "#fcfbf8"

TOKENS = {
    INK: "ink", INK_2: "ink-2", RULE: "rule", RULE_2: "rule-2", BASE: "base", ACCENT: "accent",
    BAND_80: "band-80", BAND_95: "band-95",
    OVER: "over", UNDER: "under", ALARM: "alarm", PAPER: "paper",
}  # fmt: skip
# class of page.css for a line by (colour, width, dashed), for an area by colour, for text by colour
LINES = {
    (RULE, 1.0, False): "grid", (RULE_2, 1.0, False): "axis", (INK_2, 1.0, True): "floor", (INK, 1.75, False): "actual",
    (ACCENT, 2.25, False): "fc", (ACCENT, 1.5, True): "fc2", (BASE, 1.75, False): "base", (INK, 3.0, False): "si k3",
    (INK, 2.0, False): "si k2", (ACCENT, 3.0, False): "sa k3", (ALARM, 3.0, False): "sx k3", (BASE, 3.0, False): "sg k3",
}  # fmt: skip
AREAS = {
    BAND_80: "b80",
    BAND_95: "b95",
    OVER: "fo",
    UNDER: "fu",
    INK: "fi",
    ACCENT: "fa",
    ALARM: "fx",
    BASE: "fg",
}
EDGES = {INK: "si", ACCENT: "sa", ALARM: "sx", BASE: "sg"}
TEXTS = {INK: "", INK_2: "m", ACCENT: "ta", OVER: "to", UNDER: "tu", ALARM: "tx"}

SIZE, SMALL = 13.0, 12.0  # px of labels and of axis numbers
WIDE, SLIM = 720, 350  # units
STYLE: dict[Any, Any] = {
    "figure.dpi": 72, "savefig.dpi": 72, "text.parse_math": False, "text.usetex": False,
    "font.family": ["DejaVu Sans"], "font.size": SIZE, "path.simplify": False, "axes.edgecolor": RULE_2, "axes.linewidth": 1.0,
    "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False,
    "axes.spines.bottom": False, "axes.axisbelow": True,
    "axes.facecolor": "none", "figure.facecolor": "none", "axes.unicode_minus": True, "grid.color": RULE, "grid.linewidth": 1.0,
    "text.color": INK, "xtick.color": INK_2, "ytick.color": INK_2, "xtick.labelsize": SMALL, "ytick.labelsize": SMALL,
    "xtick.major.size": 0, "ytick.major.size": 0, "xtick.minor.size": 0, "ytick.minor.size": 0, 
    "xtick.major.pad": 8, "ytick.major.pad": 8,
    "lines.dashed_pattern": (5.0, 3.0), "lines.scale_dashes": False, "path.sketch": None, "agg.path.chunksize": 0,
}  # fmt: skip


def text_width(text: str, size: float = SIZE) -> float:
    """Width of a text in units, estimated from its characters, because no font is known before a browser chooses one.

    >>> round(text_width("厨具", 10)), round(text_width("il.", 10)) < round(text_width("MWm", 10))
    (20, True)
    """
    return size * sum(_em(character) for character in text)


def _em(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    if character in "iljtfrI.,:;'|!·()[] \u202f\u00a0":
        return 0.37
    return 0.92 if character in "mwMW%@—" else 0.68 if character.isupper() else 0.6


def wrap(text: str, width: float, size: float = SIZE) -> list[str]:
    """Lines of at most `width` units; a word that is longer, and Chinese text, is broken between characters."""
    lines, line = [], ""
    for word in _words(text):
        if line and text_width(line + word.rstrip(), size) > width:
            lines.append(line.rstrip())
            line = ""
        line += word
    return [*lines, line.rstrip()] if line.strip() else lines


def _words(text: str) -> Iterator[str]:
    word = ""
    for character in text:
        word += character
        if (
            character == " " or unicodedata.east_asian_width(character) in "WF" or len(word) >= 24
        ):  # letters
            yield word
            word = ""
    if word:
        yield word


@contextmanager
def page_style() -> Iterator[None]:
    """matplotlib set to the page's sizes and colours while a figure is drawn."""
    with mpl.rc_context(STYLE):
        yield


def axes(
    width: float,
    height: float,
    *,
    left: float = 34,
    right: float = 8,
    top: float = 12,
    bottom: float = 26,
) -> Axes:
    """An ax on a canvas of `width` x `height` units with margins in units; `ax.figure` holds it."""
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    FigureCanvasBase(figure)
    return figure.add_axes(
        (
            left / width,
            bottom / height,
            (width - left - right) / width,
            (height - top - bottom) / height,
        )
    )


def to_svg(ax: Axes) -> str:
    """What was drawn on the ax's figure, as SVG."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    width, height = figure.bbox.width, figure.bbox.height
    renderer = Writer(width, height)
    figure.draw(renderer)
    return f'<svg viewBox="0 0 {_n(width)} {_n(height)}">{"".join(renderer.written)}</svg>'


class Writer(RendererBase):
    """matplotlib's drawing calls as SVG elements; x to the right, y downwards, one decimal."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height = width, height
        self.written: list[str] = []

    def draw_path(
        self, gc: GraphicsContextBase, path: Path, transform: Transform, rgbFace: Any = None
    ) -> None:
        style = _shape_style(gc, rgbFace)
        if style is None or not np.size(path.vertices):
            return
        flip = transform + Affine2D().scale(1, -1).translate(0, self.height)
        if commands := _commands(path, flip):
            self.written.append(f'<path d="{commands}" {style}/>')

    def draw_markers(  # noqa: PLR0917 matplotlib calls it so
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: Any = None,
    ) -> None:
        style = _shape_style(gc, rgbFace)
        if (
            path.codes is None
            and style is not None
            and Path.CURVE4 in set(np.ravel(cast(Any, marker_path.codes)))
        ):
            radius = marker_path.get_extents(marker_trans).width / 2
            for x, y in trans.transform(path.vertices):
                self.written.append(
                    f'<circle cx="{_n(x)}" cy="{_n(self.height - y)}" r="{_n(radius)}" {style}/>'
                )
            return
        super().draw_markers(gc, marker_path, marker_trans, path, trans, rgbFace)

    def draw_text(  # noqa: PLR0913, PLR0917 matplotlib calls it so
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: Any,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        anchor = ""
        if mtext is not None:
            x = float(mtext.get_transform().transform(mtext.get_unitless_position())[0])
            anchor = {"center": ' text-anchor="middle"', "right": ' text-anchor="end"'}.get(
                mtext.get_ha(), ""
            )
        classes = " ".join(filter(None, (_text_class(gc, prop), "b" if _is_bold(prop) else "")))
        names = f' class="{classes}"' if classes else ""
        self.written.append(f'<text x="{_n(x)}" y="{_n(y)}"{names}{anchor}>{escape(s)}</text>')

    def get_text_width_height_descent(
        self, s: str, prop: Any, ismath: Any
    ) -> tuple[float, float, float]:
        size = prop.get_size_in_points()
        return text_width(s, size), size * 0.95, size * 0.22

    def get_canvas_width_height(self) -> tuple[float, float]:
        return self.width, self.height

    def points_to_pixels(self, points: Any) -> Any:
        return points

    def flipy(self) -> bool:
        return True


def _colour(colour: Any) -> str | None:
    """Token colour as hex, None where nothing is painted."""
    if colour is None or to_rgba(colour)[3] == 0:
        return None
    name = to_hex(colour)
    if name not in TOKENS:
        raise SalesForecastError.say(
            f"A figure uses the colour {name}",
            "One of the page's tokens (`plots.canvas`)",
            "Draw with `plots.canvas` colours",
        )
    return name


def _shape_style(gc: GraphicsContextBase, face: Any) -> str | None:
    fill = _colour(face)
    width = float(gc.get_linewidth())
    stroke = _colour(gc.get_rgb()) if width > 0 else None
    if fill is None and stroke is None:
        return None
    if fill is None:
        return _line_style(str(stroke), width, cast("Sequence[float] | None", gc.get_dashes()[1]))
    if fill == PAPER and stroke in EDGES:
        return f'class="hole {EDGES[stroke]}"'
    style = f'class="{AREAS[fill]}"' if fill in AREAS else f'fill="var(--{TOKENS[fill]})"'
    return (
        style
        if stroke in (None, fill)
        else f'{style} stroke="var(--{TOKENS[str(stroke)]})" stroke-width="{_n(width)}"'
    )


def _line_style(stroke: str, width: float, dashes: Sequence[float] | None) -> str:
    if (
        stroke == INK_2 and dashes is not None and dashes[0] < 5
    ):  # the cutoff's dots are shorter than a floor's dashes
        return 'class="cut"'
    if known := LINES.get((stroke, width, dashes is not None)):
        return f'class="{known}"'
    dashed = f' stroke-dasharray="{" ".join(map(_n, dashes))}"' if dashes is not None else ""
    return f'fill="none" stroke="var(--{TOKENS[stroke]})" stroke-width="{_n(width)}"{dashed}'


def _text_class(gc: GraphicsContextBase, prop: Any) -> str:
    colour = _colour(gc.get_rgb()) or INK
    if colour not in TEXTS:
        raise SalesForecastError.say(
            f"Text in the colour '{TOKENS[colour]}'",
            "Ink, accent, over, under or alarm",
            "Choose one that can be read",
        )
    if prop.get_size_in_points() <= SMALL and colour != INK_2:
        raise SalesForecastError.say(
            "Small text in a colour",
            "Small text is in the second ink",
            "Use the normal size for it",
        )
    return TEXTS[colour]


def _is_bold(prop: Any) -> bool:
    weight = prop.get_weight()
    return weight in ("bold", "semibold") or (
        isinstance(weight, (int, float)) and weight >= 600
    )  # CSS weight


LETTERS = {
    Path.MOVETO: "M",
    Path.LINETO: "L",
    Path.CURVE3: "Q",
    Path.CURVE4: "C",
    Path.CLOSEPOLY: "Z",
}


def _commands(path: Path, transform: Transform) -> str:
    parts: list[str] = []
    last = ""
    for vertices, code in path.iter_segments(
        transform, remove_nans=True, simplify=False, curves=True
    ):
        letter = LETTERS[code]
        if letter == "Z":
            parts.append("Z")
        else:
            pairs = " ".join(
                f"{_n(vertices[i])},{_n(vertices[i + 1])}" for i in range(0, len(vertices), 2)
            )
            parts.append(
                (" " if (last == "M" and letter == "L") or letter == last else letter) + pairs
            )
        last = "M" if letter == "L" and last in ("M",) else letter
    return "".join(parts)


def _n(value: float) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
