"""Acting on what waits: by a sheet that is sent back, or by the buttons of a notebook.

What waits for people enters (`coordination.waiting`), with what they want done about it; events
leave, by the same functions that the verbs of the command line call.
"""

from __future__ import annotations

from salesfc_lib.coordination.acting.reading import Acted, read_sheet
from salesfc_lib.coordination.acting.verbs import VERBS, Deed, act, list_choices
from salesfc_lib.coordination.acting.writing import write_sheet

__all__ = ["VERBS", "Acted", "Deed", "act", "list_choices", "read_sheet", "write_sheet"]
