"""Pages: executed notebooks, a unit's month, and the indexes over all units and months.

Notebooks and summaries enter, self-contained HTML leaves. The decision made here: pages are built from what a month
published about itself, never from tables, so that an index over years stays quick and can be rebuilt at any time.
"""

from __future__ import annotations

from salesfc_lib.site.index_page import write_index
from salesfc_lib.site.key_page import write_key_page
from salesfc_lib.site.notebook import render_notebook
from salesfc_lib.site.unit_page import write_unit_page

__all__ = ["render_notebook", "write_index", "write_key_page", "write_unit_page"]
