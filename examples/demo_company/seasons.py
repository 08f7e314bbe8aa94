"""The sales festivals that every unit joins.

How much each lifts sales enters; the festivals of every year leave. The two online festivals keep
their days, the one before Chinese New Year moves with it.
"""

from __future__ import annotations

from datetime import date, timedelta

from demo_company.company import Promotion, Where
from demo_company.months import FIRST_YEAR, NEW_YEARS

LAST_YEAR = 2027  # promotions are known a year ahead


def festivals(where: Where, *, new_year: int, june: int, november: int) -> tuple[Promotion, ...]:
    """The three festivals of every year from 2022-07 to 2027-06, with their lifts in thousandths of
    a whole month.
    """
    years = range(FIRST_YEAR + 1, LAST_YEAR + 1)
    held = [
        Promotion("年货节", day - timedelta(days=28), day - timedelta(days=10), new_year, where)
        for day in NEW_YEARS[1:]
    ]
    held += [
        Promotion("618大促", date(year, 6, 1), date(year, 6, 20), june, where) for year in years
    ]
    held += [
        Promotion("双十一", date(year - 1, 11, 1), date(year - 1, 11, 11), november, where)
        for year in years
    ]
    return tuple(sorted(held, key=lambda promotion: promotion.start))
