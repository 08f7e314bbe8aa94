"""How figures of an analyst's own notebooks look: seaborn, as SVG whose text is text."""

from __future__ import annotations

import warnings

CHINESE = (
    *("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "SimHei", "PingFang SC"),
    *("Heiti SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Arial Unicode MS"),
)


def use_lab_style() -> None:
    """Set seaborn's white grid and SVG output, with a Chinese font where one is installed.

    Text is drawn by the browser with its own fonts, so a missing glyph is no fault of the figure
    and is not warned of.
    """
    import seaborn as sns
    from matplotlib import font_manager
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    installed = {font.name for font in font_manager.fontManager.ttflist}
    fonts = ["DejaVu Sans", *(name for name in CHINESE if name in installed)]
    sns.set_theme(style="whitegrid", rc={"font.sans-serif": fonts, "svg.fonttype": "none"})
    set_matplotlib_formats("svg")
    warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from font")
