"""Kingdee Galaxy: bills by `ExecuteBillQuery`, 2,000 rows a page; errors come inside HTTP 200.

Signed in by the secret of an application (`LoginByAppSecret`), or by a password (`ValidateUser`);
the session is a cookie, and its loss is message code 1. A query gives rows by position; what it
refuses comes as `Result.ResponseStatus`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx

from salesfc_lib.intake.sources.erp.door import Door, ErpError, Expired, Unclear
from salesfc_lib.intake.sources.erp.rows import text_of

STUB = "/K3Cloud/Kingdee.BOS.WebApi.ServicesStub"
PAGE = 2000
CHINESE = 2052
SESSION_LOST = 1  # ResponseStatus.MsgCode
STATUS = ("FDocumentStatus", "FModifyDate")
# fields and key of the lines of each form that `entry` may name; of deliveries and returns, which
# are another source with the role `returns`, the fields are not confirmed
FORMS = {
    "SAL_SaleOrder": (
        *("FBillNo", "FSaleOrderEntry_FEntryID", "FDate", "FCustId.FNumber"),
        *("FMaterialId.FNumber", "FUnitID.FNumber", "FQty", "FAllAmount", "FDeliveryDate"),
        *STATUS,
    ),
    "SAL_OUTSTOCK": (
        *("FBillNo", "FEntity_FEntryID", "FDate", "FCustomerID.FNumber", "FMaterialID.FNumber"),
        *("FUnitID.FNumber", "FRealQty", *STATUS),
    ),
    "SAL_RETURNSTOCK": (
        *("FBillNo", "FEntity_FEntryID", "FDate", "FRetcustId.FNumber", "FMaterialId.FNumber"),
        *("FUnitID.FNumber", "FRealQty", *STATUS),
    ),
}


class KingdeeGalaxy(Door):
    """A session of one data centre (`account`)."""

    per_second = 5.0
    watermark = "FModifyDate"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._is_signed_in = False

    def renew(self) -> None:
        """Sign in. Raises `ErpError` where the system does not let this user in."""
        self.client.cookies.clear()
        user, account = self.secret("user_env"), self.connection.account
        if self.connection.client_id_env:
            method, who = "LoginByAppSecret", ["client_id_env", "client_secret_env"]
        else:
            method, who = "ValidateUser", ["password_env"]
        values = [account, user, *map(self.secret, who), CHINESE]
        path = f"{STUB}.AuthService.{method}.common.kdsvc"
        self._is_signed_in = True
        answer = self.ask("POST", path, json={"parameters": values})
        self._is_signed_in = isinstance(answer, dict) and answer.get("LoginResultType") in (1, -5)
        if not self._is_signed_in:
            said = answer.get("Message") if isinstance(answer, dict) else answer
            raise self.refuse(f"the user is not let in: {said}", "Correct the user and its secrets")

    def run(self, service: str, body: dict[str, Any], *, again: bool = True) -> Any:
        """What a service of `DynamicFormService` answers."""
        if not self._is_signed_in:
            self.renew()
        path = f"{STUB}.DynamicFormService.{service}.common.kdsvc"
        return self.ask("POST", path, again=again, json=body)

    def judge(self, response: httpx.Response, body: Any) -> None:
        """Raise what an answer with HTTP 200 refuses."""
        found = body
        while isinstance(found, list) and len(found) == 1:
            found = found[0]
        status = found.get("Result", {}) if isinstance(found, dict) else {}
        status = status.get("ResponseStatus", {}) if isinstance(status, dict) else {}
        if not status or status.get("IsSuccess"):
            return
        said = "; ".join(str(each.get("Message")) for each in status.get("Errors") or [])
        if status.get("MsgCode") == SESSION_LOST:
            raise Expired(str(self.refuse(f"the session is lost: {said}")))
        raise self.refuse(said or str(status))

    def query(
        self, form: str, fields: Sequence[str], condition: str, order: str
    ) -> Iterator[dict[str, str]]:
        """Rows of a form's bills by the names of their fields.

        Raises `Unclear` for a row that has not as many values as fields were asked for.
        """
        size, start = min(self.connection.page_size or PAGE, PAGE), 0
        while True:
            body = {"FormId": form, "FieldKeys": ",".join(fields), "FilterString": condition}
            page = {"OrderString": order, "TopRowCount": 0, "StartRow": start, "Limit": size}
            rows = self.run("ExecuteBillQuery", {"data": {**body, **page}})
            if not isinstance(rows, list):
                raise ErpError(str(self.refuse("the query's answer is no list of rows")))
            for row in rows:
                if len(row) != len(fields):
                    raise Unclear(str(self.refuse(f"a row has {len(row)} of {len(fields)} values")))
                yield dict(zip(fields, map(text_of, row), strict=True))
            if len(rows) < size:
                return
            start += len(rows)

    def read_orders(self, since: str | None) -> Iterator[dict[str, str]]:
        """Rows of the audited sales orders, or of the form that `entry` names."""
        form = self.connection.entry or "SAL_SaleOrder"
        if form not in FORMS:
            raise ErpError.unknown_key(form, FORMS, "`entry` of a Kingdee source")
        condition = "FDocumentStatus='C'"
        condition += f" AND FModifyDate>='{since}'" if since else ""
        fields = FORMS[form]
        yield from self.query(form, fields, condition, f"FID,{fields[1]}")
