"""The first look at an export: how it has to be read, what its columns mean, and what to ask its
owner.

A file enters; a proposal with its evidence, or a unit's first parameter file, leaves.
"""

from __future__ import annotations

from salesfc_lib.inspection.writing.inspect_exports import inspect_exports
from salesfc_lib.inspection.writing.split import write_split_files
from salesfc_lib.inspection.writing.start import describe_start
from salesfc_lib.inspection.writing.unit_file import write_unit_file

__all__ = ["describe_start", "inspect_exports", "write_split_files", "write_unit_file"]
