"""The first look at an export: how it has to be read, what its columns mean, and what to ask its
owner.

A file enters; a proposal with its evidence, or a unit's first parameter file, leaves.
"""

from __future__ import annotations

from salesfc_lib.inspection.init import write_unit_file
from salesfc_lib.inspection.show import inspect_exports

__all__ = ["inspect_exports", "write_unit_file"]
