"""Oracle NetSuite: sales order lines by SuiteQL, in a stable order, at most 1,000 a page.

Without SuiteAnalytics Connect a query gives at most 100,000 rows, so that a longer one goes on from
its last transaction. The sign of a sales line's quantity and amount is turned: NetSuite keeps what
is sold as negative. `Prefer: transient` is sent as its page asks (unconfirmed).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salesfc_lib.intake.sources.erp.door import Unclear
from salesfc_lib.intake.sources.erp.rows import text_of
from salesfc_lib.intake.sources.erp.tokens import Tokens

QUERY = "/services/rest/query/v1/suiteql"
PAGE = 1000
MOST = 100_000  # rows of one query
ORDERS = (
    "SELECT t.id, tl.id AS line, t.tranid, TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, "
    "BUILTIN.DF(t.entity) AS customer, BUILTIN.DF(tl.item) AS item, -tl.quantity AS quantity, "
    "BUILTIN.DF(tl.units) AS units, -tl.netamount AS netamount, "
    "BUILTIN.DF(t.currency) AS currency, BUILTIN.DF(tl.location) AS location, "
    "BUILTIN.DF(t.status) AS status, "
    "TO_CHAR(t.lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS lastmodifieddate "
    "FROM transaction t JOIN transactionline tl ON tl.transaction = t.id "
    "WHERE t.type = 'SalesOrd' AND tl.mainline = 'F' AND tl.taxline = 'F'"
    "{since} AND t.id >= {first} ORDER BY t.id, tl.id"
)


class NetSuite(Tokens):
    """A session of one NetSuite account."""

    per_second = 4.0
    watermark = "lastmodifieddate"
    token_path = "/services/rest/auth/oauth2/v1/token"

    def query(self, statement: str) -> Iterator[dict[str, Any]]:
        """Rows of a statement, page by page; no more than `MOST`.

        Raises `Unclear` where a page says that there is more and gives none.
        """
        size = min(self.connection.page_size or PAGE, PAGE)
        for offset in range(0, MOST, size):
            page = {"limit": str(size), "offset": str(offset)}
            headers = {"Prefer": "transient"}
            answer = self.ask("POST", QUERY, params=page, json={"q": statement}, headers=headers)
            if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
                raise self.refuse("the query's answer has no `items`")
            if answer.get("hasMore") and len(answer["items"]) < size:
                raise Unclear(str(self.refuse(f"a page of {size} has {len(answer['items'])} rows")))
            yield from answer["items"]
            if not answer.get("hasMore"):
                return

    def read_orders(self, since: str | None) -> Iterator[dict[str, str]]:
        """Rows of order lines."""
        after = f" AND t.lastmodifieddate >= TO_DATE('{since}', 'YYYY-MM-DD HH24:MI:SS')"
        first, rows = 0, list[dict[str, Any]]()
        while True:
            statement = ORDERS.format(since=after if since else "", first=first)
            rows = list(self.query(statement))
            is_all = len(rows) < MOST
            last = None if is_all else rows[-1]["id"]
            for row in rows:
                if row["id"] != last:
                    yield {n: text_of(value) for n, value in row.items() if n != "links"}
            if is_all:
                return
            first = int(str(last))
