"""The demo company: what `salesfc demo` writes.

`write_demo` writes the exports of the three `UNITS`, their overrides, parameter files and the truth
into a project folder; `trade` gives one unit's rows as Python values. The units stand in
`units.yml`. `go_on` writes the exports again on a later day of the month in progress,
and `play` what people did in it.
"""

from demo_company.july import play
from demo_company.running_month import go_on
from demo_company.write import UNITS, trade, write_demo

__all__ = ["UNITS", "go_on", "play", "trade", "write_demo"]
