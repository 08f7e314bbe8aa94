"""KPIs over 3, 6 and 12 months: what they rest on, and the one list of them."""

from __future__ import annotations

from salesfc_lib.retrospective.kpis.known import Known, read_known
from salesfc_lib.retrospective.kpis.kpis import KPIS, WINDOWS, Kpi, list_kpis

__all__ = ["KPIS", "WINDOWS", "Kpi", "Known", "list_kpis", "read_known"]
