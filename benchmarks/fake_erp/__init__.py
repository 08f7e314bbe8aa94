"""Fake ERP systems that enforce the documented contracts, and break them as networks do.

They stand in for live systems in the tests and in `erp_faults.py`; none was compared with one.
"""

from __future__ import annotations

from fake_erp.jiandaoyun import FakeJiandaoyun
from fake_erp.kingdee_galaxy import FakeKingdee
from fake_erp.netsuite import FakeNetSuite
from fake_erp.sap_s4 import FakeSap
from fake_erp.server import KINDS, Fake, serve, wire
from fake_erp.u8_cloud import FakeU8Cloud

FAKES: dict[str, type[Fake]] = {
    "sap_s4": FakeSap,
    "netsuite": FakeNetSuite,
    "kingdee_galaxy": FakeKingdee,
    "u8_cloud": FakeU8Cloud,
    "jiandaoyun": FakeJiandaoyun,
}

__all__ = ["FAKES", "KINDS", "Fake", "serve", "wire"]
