"""The canvas that figures are drawn on: matplotlib artists in, small SVG out.

A renderer of the project's own, because colours must become the page's classes (dark mode and print
follow them), text must stay text, and the same frame must give the same bytes on every machine.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, cast
from xml.sax.saxutils import escape

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import FigureCanvasBase, GraphicsContextBase, RendererBase
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Transform

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.reporting.plots import palette
from salesfc_lib.reporting.plots.palette import AREAS, EDGES, INK, INK_2, SIZE, SMALL, TEXTS, TOKENS

LETTERS = dict(
    zip((Path.MOVETO, Path.LINETO, Path.CURVE3, Path.CURVE4, Path.CLOSEPOLY), "MLQCZ", strict=True)
)


def text_width(text: str, size: float = SIZE) -> float:
    """Width of a text in units, estimated from its characters: no font is known before a browser's.

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
    """Lines of at most `width` units; longer words, and Chinese text, break between characters."""
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
        wide = unicodedata.east_asian_width(character) in "WF"
        if character == " " or wide or len(word) >= 24:  # letters
            yield word
            word = ""
    if word:
        yield word


def axes(width: float, height: float) -> Axes:
    """An ax on a canvas of `width` x `height` units; `ax.figure` holds it."""
    figure = Figure(figsize=(width / 72, height / 72), dpi=72)
    FigureCanvasBase(figure)
    ax = figure.add_axes((0, 0, 1, 1))
    margins(ax, left=34, right=8, top=12, bottom=26)
    return ax


def margins(ax: Axes, *, left: float, right: float, top: float, bottom: float) -> None:
    """Place the ax inside its figure, with margins in units."""
    width, height = ax.figure.bbox.width, ax.figure.bbox.height
    across, down = max(width - left - right, 40), max(height - top - bottom, 40)
    ax.set_position((left / width, bottom / height, across / width, down / height))


def to_svg(ax: Axes) -> str:
    """What was drawn on the ax's figure, as SVG."""
    figure = cast(Figure, ax.get_figure(root=True))
    renderer = SvgRenderer(figure.bbox.width, figure.bbox.height)
    figure.draw(renderer)
    size = f"{_n(renderer.width)} {_n(renderer.height)}"
    return f'<svg viewBox="0 0 {size}">{"".join(renderer.elements)}</svg>'


class SvgRenderer(RendererBase):
    """matplotlib's drawing calls as SVG elements; x to the right, y downwards, one decimal."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__()
        self.width, self.height = width, height
        self.elements: list[str] = []

    def draw_path(
        self, gc: GraphicsContextBase, path: Path, transform: Transform, rgbFace: Any = None
    ) -> None:
        style = _shape_style(gc, rgbFace)
        if style is None or not np.size(path.vertices):
            return
        flip = transform + Affine2D().scale(1, -1).translate(0, self.height)
        if commands := _commands(path, flip):
            self.elements.append(f'<path d="{commands}" {style}/>')

    def draw_markers(self, gc: Any, marker_path: Any, marker_trans: Any, *rest: Any) -> None:
        path, trans, face = (*rest, None)[:3]
        style = _shape_style(gc, face)
        round_marker = Path.CURVE4 in set(np.ravel(marker_path.codes))
        if path.codes is not None or style is None or not round_marker:
            super().draw_markers(gc, marker_path, marker_trans, *rest)
            return
        radius = marker_path.get_extents(marker_trans).width / 2
        for x, y in trans.transform(path.vertices):
            at = f'cx="{_n(x)}" cy="{_n(self.height - y)}"'
            self.elements.append(f'<circle {at} r="{_n(radius)}" {style}/>')

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, *rest: Any, **more: Any
    ) -> None:
        anchor, artist = "", more.get("mtext")
        if artist is not None:
            x = float(artist.get_transform().transform(artist.get_unitless_position())[0])
            place = {"center": "middle", "right": "end"}.get(artist.get_ha())
            anchor = f' text-anchor="{place}"' if place else ""
        names = f' class="{classes}"' if (classes := _text_class(gc, prop)) else ""
        self.elements.append(f'<text x="{_n(x)}" y="{_n(y)}"{names}{anchor}>{escape(s)}</text>')

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
        raise _refused(f"the colour {name}", "One of the page's tokens (`plots.palette`)")
    return name


def _refused(what: str, expected: str) -> SalesForecastError:
    return SalesForecastError.of(f"A figure uses {what}", expected, "Draw in `plots.palette`")


def _shape_style(gc: GraphicsContextBase, face: Any) -> str | None:
    """Class, or paint and width, of a shape; None where nothing of it is painted."""
    fill, width = _colour(face), float(gc.get_linewidth())
    stroke = _colour(gc.get_rgb()) if width > 0 else None
    if fill is None:
        dashes = cast("Sequence[float] | None", gc.get_dashes()[1])
        return stroke and _line_style(stroke, width, dashes)
    if fill == palette.PAPER and stroke in EDGES:
        return f'class="hole {EDGES[stroke]}"'
    style = f'class="{AREAS[fill]}"' if fill in AREAS else f'fill="var(--{TOKENS[fill]})"'
    if stroke in (None, fill):
        return style
    return f'{style} stroke="var(--{TOKENS[str(stroke)]})" stroke-width="{_n(width)}"'


def _line_style(stroke: str, width: float, dashes: Sequence[float] | None) -> str:
    if stroke == INK_2 and dashes is not None and dashes[0] < palette.DASHES[1][0]:
        return 'class="cut"'  # the cutoff's dots are shorter than a limit's dashes
    if name := palette.LINES.get((stroke, width, dashes is not None)):
        return f'class="{name}"'
    dashed = f' stroke-dasharray="{" ".join(map(_n, dashes))}"' if dashes is not None else ""
    return f'fill="none" stroke="var(--{TOKENS[stroke]})" stroke-width="{_n(width)}"{dashed}'


def _text_class(gc: GraphicsContextBase, prop: Any) -> str:
    colour = _colour(gc.get_rgb()) or INK
    if colour not in TEXTS:
        text = f"text in the colour '{TOKENS[colour]}'"
        raise _refused(text, "Ink, accent, over, under or alarm, which can be read")
    if prop.get_size_in_points() <= SMALL and colour != INK_2:
        raise _refused("small text in a colour", "Small text in the second ink")
    bold = "b" if prop.get_weight() == "bold" else ""
    return " ".join(filter(None, (TEXTS[colour], bold)))


def _commands(path: Path, transform: Transform) -> str:
    """The path in SVG's letters; a letter that repeats, and a line after a move, is left out."""
    parts: list[str] = []
    last = ""
    segments = path.iter_segments(transform, remove_nans=True, simplify=False, curves=True)
    for vertices, code in segments:
        letter = LETTERS[code]
        points = " ".join(f"{_n(x)},{_n(y)}" for x, y in np.reshape(vertices, (-1, 2)))
        implied = letter == last or (last == "M" and letter == "L")
        parts.append("Z" if letter == "Z" else f"{' ' if implied else letter}{points}")
        last = "M" if letter == "L" and last == "M" else letter
    return "".join(parts)


def _n(value: float) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
