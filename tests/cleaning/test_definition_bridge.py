"""Claims about the bridge: two definitions of the same rows reconcile exactly, the panel too."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from salesfc_lib.cleaning.clean import read_all
from salesfc_lib.cleaning.definition_bridge import bridge, bridge_to_panel, draw_bridge
from salesfc_lib.cli import app
from salesfc_lib.errors import RequestError
from salesfc_lib.foundation import in_words
from tests.orders import COLUMNS, order, run, save, unit

ROWS = [
    order("A1", "2024-06-03", "113.00"),
    order("A2", "2024-06-04", "226.00", customer="us"),
    order("A1", "2024-07-02", "-56.50", quantity="-1", line="2"),
    order("A3", "2024-07-03", "0", quantity="5"),
]
TAXED = {"tax": "included", "tax_rate": "0.13"}
OWN = {"own_company": {"customer": ["us"]}}


def steps(table: Any, scope: str) -> list[tuple[str, int, Decimal, Decimal]]:
    rows = table[table["scope"].eq(scope)].map(in_words)
    return [
        tuple(row) for row in rows[["step", "rows", "quantity", "amount"]].itertuples(index=False)
    ]


def test_a_bridge_names_each_difference_and_sums_to_the_cent(tmp_path: Path) -> None:
    save(tmp_path, "orders", ROWS)
    first, second = (
        unit(orders=TAXED, measure=OWN),
        unit(
            orders=TAXED,
            measure={**OWN, "tax": "included", "within_company": "in", "returns": "month_of_sale"},
        ),
    )
    table = bridge(first, second, read_all(first, tmp_path), "2024-07")
    assert steps(table, "month") == [
        ("Under the first definition", 2, 4, Decimal(-50)),
        ("Returns: in the month of the return -> in the month of the sale", -1, 1, Decimal(50)),
        ("Tax: excluded -> included", 0, 0, 0),
        ("Sales within the company: out -> in", 0, 0, 0),
        ("Under the second definition", 1, 5, 0),
    ]
    assert steps(table, "through") == [
        ("Under the first definition", 3, 6, Decimal(50)),
        ("Returns: in the month of the return -> in the month of the sale", 0, 0, 0),
        ("Tax: excluded -> included", 0, 0, Decimal("6.50")),
        ("Sales within the company: out -> in", 1, 2, Decimal(226)),
        ("Under the second definition", 4, 8, Decimal("282.50")),
    ]


definitions = st.fixed_dictionaries(
    {
        "returns": st.sampled_from(["month_of_return", "month_of_sale", "apart"]),
        "tax": st.sampled_from(["excluded", "included"]),
        "samples": st.sampled_from(["in", "out"]),
        "within_company": st.sampled_from(["in", "out"]),
    }
)


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(definitions, definitions)
def test_there_and_back_is_nothing(
    tmp_path: Path, one: Mapping[str, Any], other: Mapping[str, Any]
) -> None:
    save(tmp_path, "orders", ROWS)
    first, second = (unit(orders=TAXED, measure={**OWN, **measure}) for measure in (one, other))
    extracts = read_all(first, tmp_path)
    there, back = (
        bridge(first, second, extracts, "2024-07"),
        bridge(second, first, extracts, "2024-07"),
    )
    for scope in ("month", "through"):
        forth, again = steps(there, scope), steps(back, scope)
        assert forth[0][1:] == again[-1][1:]
        assert forth[-1][1:] == again[0][1:]
        for place in (1, 2, 3):
            moved = sum((row[place] for row in [*forth[1:-1], *again[1:-1]]), Decimal(0))
            assert moved == 0
            assert (
                forth[0][place] + sum((row[place] for row in forth[1:-1]), Decimal(0))
                == forth[-1][place]
            )


def test_rows_become_the_panel_by_every_rule(tmp_path: Path) -> None:
    cleaned = run(tmp_path, [*ROWS, order("A4", "2025-01-01")], unit(orders=TAXED, measure=OWN))
    table = bridge_to_panel(cleaned.ledger, 50.0, "amount")
    values = table.set_index("step")["amount"]
    assert (
        values["opening"] + values.drop(["opening", "kept", "panel"]).sum()
        == values["kept"]
        == values["panel"]
        == 50
    )
    assert table.set_index("step").loc["within_company", "rows"] == -1
    assert draw_bridge(table, totals=2).splitlines() == [
        "                rows  quantity   amount",
        "---------------------------------------",
        "opening            5        10   382.50",
        "tax                0         0   -44.00",
        "within_company    -1        -2  -200.00",
        "sample             0         0     0.00",
        "after_month       -1        -2   -88.50",
        "---------------------------------------",
        "kept               3         6    50.00",
        "panel              3              50.00",
    ]


def test_other_sources_are_no_other_definition(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="read other sources"):
        bridge(unit(), unit(orders={"path": "others.csv"}), {}, "2024-07")


def test_the_command_prints_both_bridges(tmp_path: Path) -> None:
    save(tmp_path, "orders", ROWS)
    folder = tmp_path / "parameters" / "units"
    folder.mkdir(parents=True)
    tree = {
        "unit": {"title": "华东"},
        "sources": {"orders": {"kind": "csv", "path": "orders.csv", "columns": COLUMNS, **TAXED}},
        "calendar": {"closed_through": "2024-07"},
        "measure": OWN,
    }
    (folder / "east.yml").write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    called = ["bridge", "east", "--month", "2024-07", "--project", str(tmp_path)]
    printed = CliRunner().invoke(app, called).output
    assert "华东: from what was read to what the models see" in printed
    assert "Kept" in printed.splitlines()[-2]
    assert "50.00" in printed.splitlines()[-1]
    printed = CliRunner().invoke(app, [*called, "--set", "measure.tax=included"]).output
    assert "Tax: excluded -> included" in printed
    assert "+6.50" in printed
    assert CliRunner().invoke(app, [*called, "--set", "measure.taxes=x"]).exit_code == 1
