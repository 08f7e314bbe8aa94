"""The archive as a star schema: Parquet files, a DuckDB file, and the same in PostgreSQL.

Published months and records enter; a folder that Power BI, Excel, Metabase and DuckDB read leaves.
"""

from __future__ import annotations

from salesfc_lib.handover.star_schema.database import load_star
from salesfc_lib.handover.star_schema.model import render_page
from salesfc_lib.handover.star_schema.write import Written, write_star

__all__ = ["Written", "load_star", "render_page", "write_star"]
