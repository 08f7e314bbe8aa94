"""A fake Kingdee Galaxy: sales orders, materials and forecast bills.

Enforced: the session's cookie, 2,000 rows a page, errors inside HTTP 200 (within lists for a
query), bill numbers once only, known materials and units, quantities above zero, and the order of
Save, Submit and Audit, with UnAudit before an audited bill is saved again.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import httpx

from fake_erp.server import Fake, read_json

STUB = "/K3Cloud/Kingdee.BOS.WebApi.ServicesStub."
ORG = "100"


class FakeKingdee(Fake):
    """One data centre with materials P0 … of organisation 100, kept in PC."""

    url = "https://galaxy.example.com"
    environment = {"K3_USER": "forecast", "K3_APP": "app-id-of-k3", "K3_SECRET": "secret-of-k3"}
    connection = {
        "account": "data-centre",
        "user_env": "K3_USER",
        "client_id_env": "K3_APP",
        "client_secret_env": "K3_SECRET",
        "plant": ORG,
    }
    active = {"draft": False}

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.bills: dict[str, dict[str, Any]] = {}  # by number
        self.sessions: set[str] = set()
        self._number = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one service."""
        service = request.url.path.removeprefix(STUB).removesuffix(".common.kdsvc")
        body = read_json(request)
        if service.startswith("AuthService."):
            return self._login(body["parameters"])
        cookie = request.headers.get("cookie", "").partition("kdservice-sessionid=")[2]
        is_query = service.endswith("ExecuteBillQuery")
        if cookie.partition(";")[0] not in self.sessions:
            return _refuse("会话信息已丢失，请重新登录", 1, is_query)
        if is_query:
            return self._query(body["data"])
        name = service.rpartition(".")[2]
        if name == "Save":
            return self._save(body["data"])
        return self._move(name, body["data"]["Numbers"][0])

    def end_session(self) -> None:
        self.sessions.clear()

    def is_write(self, method: str, path: str) -> bool:
        return "ExecuteBillQuery" not in path and "AuthService" not in path

    def clear(self) -> None:
        self.bills.clear()

    def contents(self) -> dict[tuple[str, str, str], list[Any]]:
        found: dict[tuple[str, str, str], list[Any]] = {}
        for bill in self.bills.values():
            for entry in bill["FEntity"]:
                key = (
                    entry["FMaterialID"]["FNumber"],
                    entry["FSupplyOrgId"]["FNumber"],
                    entry["FStartDate"][:7],
                )
                found.setdefault(key, []).append(entry["FQty"])
        return found

    def orders(self) -> Counter[str]:
        return Counter(f"SO{number}" for number in range(4500))

    def identify(self, row: dict[str, str]) -> str:
        return row["FBillNo"]

    def _login(self, values: list[Any]) -> httpx.Response:
        if values[1:4] != list(self.environment.values()):
            return httpx.Response(200, json={"LoginResultType": 0, "Message": "用户名或密码错误"})
        self._number += 1
        name = f"session-{self._number}"
        self.sessions.add(name)
        headers = {"set-cookie": f"kdservice-sessionid={name}; path=/"}
        return httpx.Response(200, json={"LoginResultType": 1}, headers=headers)

    def _query(self, data: dict[str, Any]) -> httpx.Response:
        if not 1 <= data["Limit"] <= 2000:
            return _refuse("Limit 不能超过 2000", 8, True)
        fields = data["FieldKeys"].split(",")
        rows = self._rows(data["FormId"], data["FilterString"])
        start = data["StartRow"]
        page = rows[start : start + data["Limit"]]
        if page and (unknown := set(fields) - set(page[0])):
            return _refuse(f"字段 {sorted(unknown)[0]} 不存在", 9, True)
        return httpx.Response(200, json=[[row[name] for name in fields] for row in page])

    def _rows(self, form: str, condition: str) -> list[dict[str, Any]]:
        if condition == "1=0":
            return []
        if form == "BD_MATERIAL":
            wanted = re.findall(r"'([^']*)'", condition)
            known = [each for each in wanted if re.fullmatch(r"P\d+", each)]
            return [
                {"FNumber": each, "FBaseUnitId.FNumber": "PC", "FUseOrgId.FNumber": ORG}
                for each in known
            ]
        if form == "SAL_SaleOrder":
            return [_order(number) for number in range(4500)]
        prefix = condition.partition("'")[2].rstrip("%'")
        bills = [bill for number, bill in self.bills.items() if number.startswith(prefix)]
        return [_flat(bill, entry) for bill in bills for entry in bill["FEntity"]]

    def _save(self, data: dict[str, Any]) -> httpx.Response:
        model = data["Model"]
        number, fid = model["FBillNo"], model["FID"]
        known = self.bills.get(number)
        if wrong := _judge(model):
            return _refuse(wrong, 11)
        if known and known["FID"] != fid:
            return _refuse(f"单据编号 {number} 重复", 11)
        if fid and not known:
            return _refuse("内码不存在", 10)
        if known and known["FDocumentStatus"] in "BC":
            return _refuse("单据已提交或已审核，不允许修改", 12)
        if known and not data.get("IsDeleteEntry"):
            return _refuse("IsDeleteEntry", 8)
        self._number += 1
        self.bills[number] = {**model, "FID": fid or self._number, "FDocumentStatus": "A"}
        return _accept(self.bills[number]["FID"], number)

    def _move(self, service: str, number: str) -> httpx.Response:
        """Submit, Audit or UnAudit a bill that is in the state before."""
        before, after = {"Submit": "AB", "Audit": "BC", "UnAudit": "CD"}[service]
        bill = self.bills.get(number)
        if bill is None:
            return _refuse("单据不存在", 10)
        status = bill["FDocumentStatus"]
        if status != before and not (service == "Submit" and status in "DZ"):
            return _refuse(f"单据状态 {status} 不允许 {service}", 12)
        bill["FDocumentStatus"] = after
        return _accept(bill["FID"], number)


def _judge(model: dict[str, Any]) -> str:
    if model["FBillTypeID"] != {"FNUMBER": "YCD01_SYS"} or model["FForeOrgId"] != {"FNumber": ORG}:
        return "单据类型或组织不正确"
    for entry in model["FEntity"]:
        if not re.fullmatch(r"P\d+", entry["FMaterialID"]["FNumber"]):
            return "物料不存在"
        if entry["FUnitID"]["FNumber"] != "PC":
            return "单位不正确"
        if not entry["FQty"] > 0:
            return "数量必须大于0"
    return "" if model["FEntity"] else "分录不能为空"


def _flat(bill: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    return {
        "FID": bill["FID"],
        "FBillNo": bill["FBillNo"],
        "FDocumentStatus": bill["FDocumentStatus"],
        "FEntity_FEntryID": 1,
        "FMaterialID.FNumber": entry["FMaterialID"]["FNumber"],
        "FSupplyOrgId.FNumber": entry["FSupplyOrgId"]["FNumber"],
        "FUnitID.FNumber": entry["FUnitID"]["FNumber"],
        "FQty": entry["FQty"],
        "FWRITEOFFQTY": entry.get("off", 0.0),
        "FStartDate": f"{entry['FStartDate']}T00:00:00",
    }


def _order(number: int) -> dict[str, Any]:
    return {
        "FBillNo": f"SO{number}",
        "FSaleOrderEntry_FEntryID": number,
        "FDate": "2026-06-01T00:00:00",
        "FCustId.FNumber": "C1",
        "FMaterialId.FNumber": "P1",
        "FUnitID.FNumber": "PC",
        "FQty": 5.0,
        "FAllAmount": 12.5,
        "FDeliveryDate": "2026-06-05T00:00:00",
        "FDocumentStatus": "C",
        "FModifyDate": "2026-06-01T00:00:00",
    }


def _accept(fid: int, number: str) -> httpx.Response:
    status = {"IsSuccess": True, "Errors": [], "MsgCode": 0}
    return httpx.Response(
        200, json={"Result": {"ResponseStatus": status, "Id": fid, "Number": number}}
    )


def _refuse(message: str, code: int, is_query: bool = False) -> httpx.Response:
    errors = [{"FieldName": None, "Message": message, "DIndex": 0}]
    status = {"IsSuccess": False, "ErrorCode": 500, "Errors": errors, "MsgCode": code}
    body: Any = {"Result": {"ResponseStatus": status}}
    return httpx.Response(200, json=[[body]] if is_query else body)
