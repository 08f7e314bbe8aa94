"""Declared effects: what people write is read or refused whole, and what it does to the forecast is
worked by hand.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesfc_lib import steps
from salesfc_lib.archive.unit_month import UnitMonth
from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import in_words
from salesfc_lib.foundation.contracts import INTERVALS
from salesfc_lib.foundation.parameters import defaults
from salesfc_lib.foundation.schema import Parameters
from salesfc_lib.foundation.tables import check, empty
from salesfc_lib.panel.hierarchy import build_series, coherence_gap, summing_matrix
from salesfc_lib.reconciliation.assumptions.application import (
    apply_effects,
    intervals_with_effects,
    sum_gap,
)
from salesfc_lib.reconciliation.assumptions.reading import list_heads, read_effects
from salesfc_lib.reconciliation.assumptions.selection import list_ends, select_effects
from salesfc_lib.reconciliation.methods import reconcile
from salesfc_lib.reporting.blocks import Table
from salesfc_lib.reporting.narrative.modeling import assumptions
from salesfc_lib.retrospective.compare import Past
from salesfc_lib.retrospective.value_added import value_added
from tests import orders

LEVELS = {"total": [], "line": ["line"], "region": ["region"], "bottom": ["line", "region"]}
KEYS = pd.DataFrame(
    [("Pots", "N"), ("Pots", "S"), ("Pans", "N"), ("Pans", "S")], columns=["line", "region"]
)
SERIES = build_series(KEYS, LEVELS)
SUMMING = summing_matrix(SERIES, LEVELS)
BOTTOM = [f"bottom:{name}" for name in ("Pans/N", "Pans/S", "Pots/N", "Pots/S")]
HEADS = {"line": ["line"], "region": ["region", "大区"]}
CUTOFF, MONTHS = pd.Timestamp("2026-06-01"), pd.date_range("2026-07-01", periods=3, freq="MS")
HEADER = "id,line,region,from,until,kind,change,carried_by,author,reason,declared_at,removed_at"
PARAMETERS = Parameters.model_validate(
    {"dimensions": ["line", "region"], "levels": LEVELS, "horizon": 3}
)
METHODS = ["bottom_up", "ols", "wls_struct"]


def combined(*bottoms: float, gap: float = 1.0) -> pd.DataFrame:
    """Three equal months of combined forecasts; `gap` is how far the series above are from the sum
    of their bottoms.
    """
    y = SUMMING.matrix @ np.array(bottoms or (10.0, 20.0, 30.0, 40.0))
    y[SUMMING.upper] *= gap
    rows = {"stage": "combined", "model": "combination", "cutoff": CUTOFF}
    parts = [
        pd.DataFrame(
            {
                "unique_id": SUMMING.ids,
                **rows,
                "ds": ds,
                "h": h,
                "y_hat": y,
                "lo-80": y * 0.8,
                "hi-80": y * 1.2,
                "lo-95": y * 0.6,
                "hi-95": y * 1.4,
            }
        )
        for h, ds in enumerate(MONTHS, 1)
    ]
    return check(pd.concat(parts, ignore_index=True), "forecast")


def write(project: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    (project / "effects").mkdir(exist_ok=True)
    (project / "effects" / "north.csv").write_bytes("\r\n".join([header, *lines]).encode(encoding))
    return project


def read(project: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8") -> pd.DataFrame:
    return read_effects(write(project, *lines, header=header, encoding=encoding), "north", HEADS)


def declare(*lines: str, tmp: Path, before: str | None = None) -> pd.DataFrame:
    """Effects of a file, chosen for the months forecast."""
    return select_effects(
        read(tmp, *lines), MONTHS, before=None if before is None else pd.Timestamp(before)
    )


def month(rows: pd.DataFrame, ds: pd.Timestamp, column: str = "y_hat") -> dict[str, float]:
    return dict(rows.loc[rows["ds"].eq(ds), ["unique_id", column]].itertuples(index=False))


class TestReading:
    def test_a_file_is_read_as_people_wrote_it(self, tmp_path):
        lines = [
            "a,Pots,,2026-07,2026/9,percent,+5%,,Ann,new price list,2026-06-20,",
            'b,,,2026-08,,amount,-1200.5,,Bob,"a, b",,',
        ]
        found = check(read(tmp_path, *lines, encoding="utf-8-sig"), "effect")
        first, second = found.to_dict("records")
        assert (first["scope"], first["kind"], first["change"]) == (
            '{"line": "Pots"}',
            "percent",
            5.0,
        )
        assert (first["start"], first["until"]) == (
            pd.Timestamp("2026-07-01"),
            pd.Timestamp("2026-09-01"),
        )
        assert (first["declared_at"], first["source"]) == (
            pd.Timestamp("2026-06-20"),
            "effects/north.csv line 2",
        )
        assert (second["scope"], second["change"], second["reason"]) == ("{}", -1200.5, "a, b")
        assert (
            pd.isna(second["until"])
            and pd.isna(second["declared_at"])
            and pd.isna(second["removed_at"])
        )

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
    def test_chinese_headers_and_names_are_read_as_any_spreadsheet_saves_them(
        self, tmp_path, encoding, delimiter
    ):
        header, line = (
            "编号,产品线,大区,开始月份,结束月份,类型,变化,作者,原因,声明日期",
            "甲,厨具,,2026年7月,,百分比,-10％,李雷,涨价,2026年6月20日",
        )
        write(
            tmp_path,
            line.replace(",", delimiter),
            header=header.replace(",", delimiter),
            encoding=encoding,
        )
        (found,) = read_effects(
            tmp_path, "north", {"line": ["line", "产品线"], "region": ["region", "大区"]}
        ).to_dict("records")
        assert [found[name] for name in ("id", "scope", "kind", "change", "author")] == [
            "甲",
            '{"line": "厨具"}',
            "percent",
            -10.0,
            "李雷",
        ]
        assert (found["start"], found["declared_at"]) == (
            pd.Timestamp("2026-07-01"),
            pd.Timestamp("2026-06-20"),
        )

    def test_a_dimension_is_known_by_the_headers_of_the_units_sources(self):
        source = {
            "kind": "csv",
            "path": "x.csv",
            "columns": {"region": ["大区", "Area"], "amount": "金额"},
        }
        parameters = Parameters.model_validate(
            {"dimensions": ["line", "region"], "levels": LEVELS, "sources": {"orders": source}}
        )
        assert list_heads(SERIES, parameters) == {
            "line": ["line"],
            "region": ["region", "大区", "Area"],
        }

    def test_the_example_of_the_readme_is_read(self, tmp_path):
        text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
        example = text.partition("```csv\n")[2].partition("```")[0].splitlines()
        write(tmp_path, *example[1:], header=example[0])
        found = read_effects(
            tmp_path, "north", {"product_line": ["product_line"], "region": ["region"]}
        )
        assert found["id"].tolist() == ["price", "closed", "tender", "south"]

    def test_no_file_or_one_without_lines_is_an_empty_table(self, tmp_path):
        assert len(check(read_effects(tmp_path, "north", HEADS), "effect")) == 0
        assert len(check(read(tmp_path, "", ",,,,,,,,,,,"), "effect")) == 0

    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("b,,,July,,percent,5,,Ann,why,,", "`from` is 'July'. A month as YYYY-MM"),
            ("b,,,2026-13,,percent,5,,Ann,why,,", "`from` is '2026-13'"),
            ("b,,,Jul-26,,percent,5,,Ann,why,,", "`from` is 'Jul-26'"),
            (
                "b,,,2026-07,2026-06,percent,5,,Ann,why,,",
                "`until` is '2026-06'. A month from 2026-07 on",
            ),
            ("b,,,2026-07,,percent,-101,,Ann,why,,", "`change` is '-101'. At least -100"),
            ("b,,,2026-07,,percent,,,Ann,why,,", "`change` is ''. A plain number"),
            ("b,,,2026-07,,amount,5%,,Ann,why,,", "`change` is '5%'. A plain number"),
            ("b,,,2026-07,,amount,inf,,Ann,why,,", "`change` is 'inf'"),
            ("b,,,2026-07,,replace,5,,Ann,why,,", "`kind` is 'replace'. 'percent' or 'amount'"),
            ("b,,,2026-07,,percent,5,,,why,,", "`author` is ''"),
            ("b,,,2026-07,,percent,5,,Ann,,,", "`reason` is ''"),
            (",,,2026-07,,percent,5,,Ann,why,,", "`id` is ''"),
            (
                "A,,,2026-07,,percent,5,,Ann,why,,",
                "`id` is 'A'. An id of its own; effects/north.csv line 2 has the same",
            ),
            ("declared-end x,,,2026-07,,percent,5,,Ann,why,,", "stands for master files"),
            ("b,,,2026-07,,percent,5,total,Ann,why,,", "`carried_by` is 'total'. Nothing"),
            (
                "b,,,2026-07,,percent,5,,Ann,why,3/4/2026,",
                "`declared_at` is '3/4/2026'. A date as YYYY-MM-DD",
            ),
            (
                "b,,,2026-07,,percent,5,,Ann,why,2026-06-02,2026-06-01",
                "`removed_at` is '2026-06-01'. A day from 2026-06-02 on",
            ),
            ("b,,,2026-07,,percent,5,,Ann,why,,,more", "line 3 has more cells"),
        ],
    )
    def test_what_is_unclear_is_named_with_file_and_line(self, tmp_path, line, words):
        with pytest.raises(SalesForecastError) as error:
            read(tmp_path, "a,,,2026-07,,percent,5,,Ann,why,,", line)
        assert "effects/north.csv line 3" in str(error.value)
        assert words in str(error.value)

    def test_everything_that_is_wrong_is_named_at_once_and_nothing_is_used(self, tmp_path):
        with pytest.raises(SalesForecastError) as error:
            read(
                tmp_path,
                "a,,,July,,percent,-200,,,why,,",
                "b,,,2026-07,,percent,5,,Ann,why,,",
                "b,,,2026-07,,many,5,,Ann,why,,",
            )
        assert "5 problems, and none of its effects is used" in str(error.value)
        for words in (
            "line 2: `from`",
            "line 2: `change`",
            "line 2: `author`",
            "line 4: `kind`",
            "line 4: `id`",
        ):
            assert words in str(error.value)

    def test_a_header_that_is_no_dimension_is_an_error_because_it_may_limit_the_effect(
        self, tmp_path
    ):
        with pytest.raises(
            SalesForecastError,
            match="line 1: 'regoin' is no column of this file.*Did you mean 'region'",
        ):
            read(tmp_path, header=HEADER.replace("region", "regoin"))
        with pytest.raises(SalesForecastError, match="line 1 lacks the column 'change', 'author'"):
            read(tmp_path, header="id,from,kind,reason")
        with pytest.raises(SalesForecastError, match="line 1 has several columns for 'region'"):
            read(tmp_path, header=HEADER + ",大区")
        with pytest.raises(
            SalesForecastError, match="`column 13` is 'N'. Nothing below a blank header"
        ):
            read(tmp_path, "a,,,2026-07,,percent,5,,Ann,why,,,N", header=HEADER + ",")

    @settings(max_examples=100)
    @given(text=st.text(st.characters(codec="utf-8"), max_size=200), header=st.booleans())
    def test_any_text_is_read_or_refused_by_name(self, tmp_path_factory, text, header):
        project = tmp_path_factory.mktemp("any")
        (project / "effects").mkdir()
        (project / "effects" / "north.csv").write_bytes(((HEADER + "\n") * header + text).encode())
        try:
            assert list(read_effects(project, "north", HEADS).columns) == list(
                empty("effect").columns
            )
        except SalesForecastError as error:
            assert "north.csv" in str(error)


class TestChoosing:
    LINES = (
        "early,,,2026-07,,percent,5,,Ann,why,2026-07-01,",
        "late,,,2026-07,,percent,5,,Ann,why,2026-08-01,",
        "undated,,,2026-07,,percent,5,,Ann,why,,",
        "gone,,,2026-07,,percent,5,,Ann,why,2026-07-01,2026-07-10",
        "later gone,,,2026-07,,percent,5,,Ann,why,2026-07-01,2026-08-10",
        "over,,,2026-01,2026-06,percent,5,,Ann,why,2026-01-01,",
        "ahead,,,2026-10,,percent,5,,Ann,why,2026-01-01,",
    )

    def test_a_run_knows_all_that_is_declared_and_not_taken_back(self, tmp_path):
        found = declare(*self.LINES, tmp=tmp_path)
        assert found["state"].tolist() == [
            "applied",
            "applied",
            "applied",
            "removed",
            "removed",
            "over",
            "ahead",
        ]

    def test_a_backfill_knows_nothing_declared_or_removed_after_that_months_publication(
        self, tmp_path
    ):
        found = declare(*self.LINES, tmp=tmp_path, before="2026-07-15")
        assert found["state"].tolist() == [
            "applied",
            "later",
            "later",
            "removed",
            "applied",
            "over",
            "ahead",
        ]

    def test_an_effect_can_be_left_out_by_parameter_and_a_wrong_id_is_named(self, tmp_path):
        effects = read(tmp_path, *self.LINES)
        assert select_effects(effects, MONTHS, without=["early"])["state"].tolist()[:2] == [
            "off",
            "applied",
        ]
        with pytest.raises(SalesForecastError, match="Unknown key 'erly'.*Did you mean 'early'"):
            select_effects(effects, MONTHS, without=["erly"])

    def test_an_effect_of_whom_no_role_lets_change_forecasts_is_refused(self, tmp_path):
        lines = [f"{who},Pots,,2026-07,,percent,5,,{who},why,2026-06-20," for who in ("Ann", "Bob")]
        found = select_effects(read(tmp_path, *lines), MONTHS, authors={"Ann"})
        assert found["state"].tolist() == ["applied", "refused"]
        assert found["remark"].iloc[0] == "" and "Bob" in found["remark"].iloc[1]
        _, table, applied = apply_effects(combined(), found, SERIES)
        assert table["state"].tolist() == ["applied", "refused"] and set(applied["id"]) == {"Ann"}

    def test_a_master_files_end_is_an_effect_from_the_month_after(self):
        declared = pd.DataFrame(
            {
                "dimension": ["line", "line", "customer"],
                "member": ["Pots", "Woks", "Pots"],
                "launched": pd.NaT,
                "discontinued": pd.to_datetime(["2026-08-31", "2026-08-31", "2026-08-31"]).astype(
                    "datetime64[ns]"
                ),
            }
        ).astype({"launched": "datetime64[ns]"})
        master = {
            "kind": "csv",
            "role": "lookup",
            "path": "m.csv",
            "join": {"line": "l"},
            "columns": {"discontinued": "end"},
        }
        parameters = PARAMETERS.model_copy(
            update={"sources": Parameters.model_validate({"sources": {"ranges": master}}).sources}
        )
        ends = check(list_ends(check(declared, "declared"), SERIES, parameters), "effect")
        ends = ends.assign(author=ends["author"].map(in_words))
        assert ends[["id", "scope", "change", "author"]].to_dict("records") == [
            {
                "id": "declared-end line Pots",
                "scope": '{"line": "Pots"}',
                "change": -100.0,
                "author": "master file 'ranges'",
            }
        ]
        assert ends["reason"].map(in_words).tolist() == ["discontinued 2026-08-31 as declared"]
        assert ends["start"].tolist() == [pd.Timestamp("2026-09-01")]
        found, _, _ = apply_effects(combined(), select_effects(ends, MONTHS), SERIES)
        assert [month(found, ds)["line:Pots"] for ds in MONTHS] == [70, 70, 0]
        early = select_effects(ends, MONTHS, before=pd.Timestamp("2026-07-15"))
        assert early["state"].tolist() == ["later"], (
            "a backfill does not know an end that had not come"
        )


class TestApplying:
    def test_a_percentage_multiplies_its_bottoms_and_scales_what_is_above_by_the_sums(
        self, tmp_path
    ):
        base = combined(gap=1.1)
        found, table, applied = apply_effects(
            base, declare("a,Pots,,2026-08,,percent,10,,Ann,why,,", tmp=tmp_path), SERIES
        )
        july, august = month(found, MONTHS[0]), month(found, MONTHS[1])
        assert july == month(base, MONTHS[0])
        assert [august[name] for name in BOTTOM] == pytest.approx([10, 20, 33, 44])
        assert august["line:Pots"] == pytest.approx(77 * 1.1)
        assert august["total"] == pytest.approx(110 * 107 / 100)
        assert august["line:Pans"] == 33
        assert table[["state", "before", "after"]].values.tolist() == [["applied", 140, 154]]
        assert len(check(applied, "effect_applied")) == 4 and set(
            check(found, "forecast")["stage"]
        ) == {"assumed"}
        assert set(
            found.loc[found["ds"].eq(MONTHS[1]) & found["unique_id"].eq("line:Pans"), "model"]
        ) == {"combination"}
        assert set(
            found.loc[found["ds"].eq(MONTHS[1]) & found["unique_id"].eq("line:Pots"), "model"]
        ) == {"assumption"}

    def test_an_amount_is_spread_in_proportion_and_added_as_it_is_above(self, tmp_path):
        found, _, _ = apply_effects(
            combined(gap=1.1),
            declare("a,,N,2026-07,2026-07,amount,8,,Ann,order,,", tmp=tmp_path),
            SERIES,
        )
        july = month(found, MONTHS[0])
        assert [july[name] for name in BOTTOM] == [12, 20, 36, 40]
        assert (july["region:N"], july["line:Pots"], july["total"]) == pytest.approx(
            (44 + 8, 77 + 6, 110 + 8)
        )
        assert month(found, MONTHS[1]) == month(combined(gap=1.1), MONTHS[1])

    def test_percentages_come_first_then_amounts_in_the_order_of_declaration(self, tmp_path):
        lines = (
            "x,,,2026-07,,amount,10,,Ann,why,2026-01-01,",
            "y,,,2026-07,,percent,50,,Ann,why,2026-05-01,",
            "z,,,2026-07,,percent,-10,,Ann,why,2026-04-01,",
        )
        found, table, _ = apply_effects(combined(), declare(*lines, tmp=tmp_path), SERIES)
        assert month(found, MONTHS[0])["total"] == pytest.approx(100 * 1.5 * 0.9 + 10)
        assert (
            table.set_index("id")["after"] - table.set_index("id")["before"]
        ).to_dict() == pytest.approx({"x": 30.0, "y": 3 * 45.0, "z": 3 * -10.0})

    def test_what_ends_is_zero_without_an_interval_and_no_amount_revives_it(self, tmp_path):
        lines = (
            "end,Pots,N,2026-08,,percent,-100,,Ann,lost,,",
            "order,,N,2026-07,,amount,4,,Ann,order,,",
        )
        found, _, _ = apply_effects(combined(), declare(*lines, tmp=tmp_path), SERIES)
        ended = found[found["unique_id"].eq("bottom:Pots/N") & found["ds"].ge(MONTHS[1])]
        assert (ended[["y_hat", *INTERVALS]] == 0).all(axis=None) and set(ended["model"]) == {
            "ended"
        }
        assert month(found, MONTHS[1])["bottom:Pans/N"] == 14

    def test_percentages_scale_an_interval_and_amounts_shift_it(self, tmp_path):
        lines = (
            "p,Pots,,2026-07,2026-07,percent,50,,Ann,why,,",
            "a,Pans,,2026-08,2026-08,amount,-15,,Ann,why,,",
        )
        found, _, _ = apply_effects(combined(), declare(*lines, tmp=tmp_path), SERIES)
        bounds = {name: [month(found, ds, name) for ds in MONTHS] for name in ("lo-95", "hi-95")}
        assert [bounds[name][0]["bottom:Pots/N"] for name in bounds] == pytest.approx(
            [18 * 1.5, 42 * 1.5]
        )
        assert [bounds[name][1]["bottom:Pans/S"] for name in bounds] == pytest.approx(
            [12 - 10, 28 - 10]
        )

    def test_an_amount_stops_at_zero_and_says_so(self, tmp_path):
        found, table, _ = apply_effects(
            combined(), declare("a,Pans,,2026-07,,amount,-50,,Ann,why,,", tmp=tmp_path), SERIES
        )
        assert month(found, MONTHS[0])["line:Pans"] == 0 and month(found, MONTHS[0])["total"] == 70
        assert table["remark"].map(in_words).tolist() == [
            "Not in full in 3 of 3 months (held at zero)."
        ]
        assert (found[["y_hat", "lo-95"]] >= 0).all(axis=None)

    def test_where_all_are_zero_an_amount_is_spread_equally_and_still_reaches_what_is_above(
        self, tmp_path
    ):
        base = combined(0.0, 20.0, 0.0, 40.0)
        found, _, _ = apply_effects(
            base, declare("a,,N,2026-07,,amount,6,,Ann,order,,", tmp=tmp_path), SERIES
        )
        july = month(found, MONTHS[0])
        assert [july[name] for name in ("bottom:Pans/N", "bottom:Pots/N", "region:N", "total")] == [
            3,
            3,
            6,
            66,
        ]

    def test_a_new_member_is_carried_by_the_series_that_is_named_until_it_sells_by_itself(
        self, tmp_path
    ):
        line = "w,,West,2026-08,,amount,6,line:Pans,Ann,new region,,"
        found, table, _ = apply_effects(combined(), declare(line, tmp=tmp_path), SERIES)
        august = month(found, MONTHS[1])
        assert [august[name] for name in BOTTOM] == pytest.approx([12, 24, 30, 40])
        assert table["remark"].map(in_words).tolist() == [
            "Carried by 'line:Pans' until it sells by itself."
        ]
        keys = pd.concat([KEYS, pd.DataFrame({"line": ["Pans"], "region": ["West"]})])
        grown = build_series(keys, LEVELS)
        summing = summing_matrix(grown, LEVELS)
        base = (
            combined()
            .iloc[: len(summing.ids)]
            .assign(unique_id=summing.ids, ds=MONTHS[0], y_hat=1.0)
        )
        found, table, _ = apply_effects(base, declare(line, tmp=tmp_path), grown)
        assert found.empty
        assert table["state"].tolist() == [
            "refused"
        ] and "region 'West' has series of its own" in in_words(table["remark"].iat[0])

    def test_members_that_do_not_exist_are_all_named_with_the_nearest_that_do(self, tmp_path):
        lines = (
            "a,Pot,,2026-07,,percent,5,,Ann,why,,",
            "b,,Nn,2026-07,,amount,5,,Ann,why,,",
            "c,,West,2026-07,,amount,5,line:Pan,Ann,why,,",
        )
        with pytest.raises(SalesForecastError) as error:
            apply_effects(combined(), declare(*lines, tmp=tmp_path), SERIES)
        for words in (
            "3 problems",
            "line 2: effect 'a' is for line 'Pot', which does not exist",
            "'Pots'",
            "region 'Nn'",
            "carried by 'line:Pan', which does not exist",
            "'line:Pans'",
            "name in `carried_by`",
        ):
            assert words in str(error.value)

    def test_members_that_never_met_are_named(self, tmp_path):
        series = build_series(KEYS.iloc[:3], LEVELS)
        base = combined().pipe(lambda rows: rows[rows["unique_id"].isin(series["unique_id"])])
        with pytest.raises(
            SalesForecastError, match="line 'Pans', region 'S', and no series is all of that"
        ):
            apply_effects(
                base, declare("a,Pans,S,2026-07,,percent,5,,Ann,why,,", tmp=tmp_path), series
            )

    def test_an_effect_that_is_over_or_removed_may_name_what_is_no_more(self, tmp_path):
        lines = (
            "a,Woks,,2025-01,2025-12,percent,5,,Ann,why,,",
            "b,Woks,,2026-01,,percent,5,,Ann,why,,2026-02-01",
        )
        found, table, _ = apply_effects(combined(), declare(*lines, tmp=tmp_path), SERIES)
        assert found.empty and table["state"].tolist() == ["over", "removed"]

    def test_a_change_that_is_in_the_data_already_is_applied_in_full_and_the_reader_is_told(
        self, tmp_path
    ):
        found, table, _ = apply_effects(
            combined(), declare("a,,,2026-03,,percent,10,,Ann,price,,", tmp=tmp_path), SERIES
        )
        assert month(found, MONTHS[0])["total"] == pytest.approx(110)
        assert in_words(table["remark"].iat[0]).startswith("In the data since 2026-03")

    def test_removal_gives_the_same_numbers_as_if_it_had_never_been(self, tmp_path):
        line = "a,Pots,,2026-07,,percent,7,,Ann,why,,"
        past = panel_and_backtest()
        without = published(combined(gap=1.1), past)
        found, _, _ = apply_effects(combined(gap=1.1), declare(line, tmp=tmp_path), SERIES)
        assert not published(pd.concat([combined(gap=1.1), found]), past).equals(without)
        found, table, applied = apply_effects(
            combined(gap=1.1), declare(line + "2026-07-01", tmp=tmp_path), SERIES
        )
        assert found.empty and applied.empty and table["state"].tolist() == ["removed"]
        pd.testing.assert_frame_equal(published(combined(gap=1.1), past), without, check_exact=True)

    def test_where_nothing_is_declared_there_is_no_such_stage(self, tmp_path):
        ends = list_ends(empty("declared"), SERIES, PARAMETERS)
        effects = select_effects(pd.concat([read_effects(tmp_path, "north", HEADS), ends]), MONTHS)
        assert [len(frame) for frame in apply_effects(combined(), effects, SERIES)] == [0, 0, 0]

    def test_arguments_are_left_as_they_were(self, tmp_path):
        base, effects = combined(), declare("a,Pots,,2026-07,,percent,7,,Ann,why,,", tmp=tmp_path)
        before = base.copy(deep=True), effects.copy(deep=True)
        apply_effects(base, effects, SERIES)
        pd.testing.assert_frame_equal(base, before[0])
        pd.testing.assert_frame_equal(effects, before[1])

    @settings(max_examples=60)
    @given(
        # nothing, or enough to be more than the rounding of a sum
        st.lists(st.one_of(st.just(0.0), st.floats(1e-3, 1e6)), min_size=4, max_size=4),
        st.lists(
            st.tuples(
                st.sampled_from(["Pots", "Pans", ""]),
                st.sampled_from(["N", "S", ""]),
                st.sampled_from(["2026-05", "2026-07", "2026-08"]),
                st.sampled_from(["", "2026-08"]),
                st.sampled_from(["percent", "amount"]),
                st.floats(-100, 1000).map(lambda n: round(n, 3)),
            ),
            max_size=5,
        ),
    )
    def test_whatever_is_declared_sums_agree_nothing_is_negative_and_every_change_is_accounted_for(
        self, tmp_path_factory, bottoms, declared
    ):
        lines = [
            f"{place},{line},{region},{start},{until},{kind},{change},,Ann,why,,"
            for place, (line, region, start, until, kind, change) in enumerate(declared)
        ]
        base = combined(*bottoms)
        found, table, applied = apply_effects(
            base, declare(*lines, tmp=tmp_path_factory.mktemp("any")), SERIES
        )
        if len(declared) == 0:
            assert found.empty
            return
        assert coherence_gap(found, SERIES, LEVELS) < 1e-9, "coherent forecasts stay coherent"
        assert sum_gap(pd.concat([base, found]), applied) < 1e-9
        assert (found[["y_hat", "lo-95"]] >= 0).all(axis=None)
        assert (
            found[["lo-95", "lo-80", "y_hat", "hi-80", "hi-95"]]
            .diff(axis=1)
            .iloc[:, 1:]
            .ge(-1e-6)
            .all(axis=None)
        )
        bottom = (
            pd.concat([base, found])
            .pipe(lambda rows: rows[rows["unique_id"].isin(BOTTOM)])
            .groupby("stage")["y_hat"]
            .sum()
        )
        worth = (table["after"] - table["before"]).sum()
        assert bottom["assumed"] - bottom["combined"] == pytest.approx(worth, rel=1e-9, abs=1e-3)


def panel_and_backtest(silent: str | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Thirty months of sales of every series, and forecasts at two earlier cutoffs that miss by a
    little.
    """
    months = pd.date_range("2024-01-01", periods=30, freq="MS")
    rng = np.random.default_rng(7)
    sold = rng.uniform(5, 50, (4, 30))
    if silent is not None:
        sold[BOTTOM.index(silent), -4:] = 0.0
    wide = pd.DataFrame(SUMMING.matrix @ sold, index=SUMMING.ids, columns=months)
    panel = (
        wide.rename_axis("unique_id")
        .melt(var_name="ds", value_name="y_raw", ignore_index=False)
        .reset_index()
    )
    parts = [
        wide[[cutoff + pd.DateOffset(months=h)]]
        .set_axis(["y_hat"], axis=1)
        .mul(rng.uniform(0.8, 1.2, (9, 1)))
        .rename_axis("unique_id")
        .reset_index()
        .assign(stage="combined", cutoff=cutoff, h=h, ds=cutoff + pd.DateOffset(months=h))
        for cutoff in (months[-7], months[-5])
        for h in (1, 2, 3)
    ]
    return panel, pd.concat(parts, ignore_index=True)


def published(
    modeled: pd.DataFrame, past: tuple[pd.DataFrame, pd.DataFrame], method: str = "ols"
) -> pd.DataFrame:
    parameters = PARAMETERS.model_copy(
        update={"reconcile": PARAMETERS.reconcile.model_copy(update={"methods": [method]})}
    )
    found, _ = reconcile(modeled, past[1], past[0], SERIES, parameters=parameters, month="2026-06")
    return found


class TestReconciling:
    @pytest.mark.parametrize("method", METHODS)
    def test_what_is_published_adds_up_and_starts_from_what_was_assumed(self, tmp_path, method):
        base, past = combined(gap=1.2), panel_and_backtest()
        found, _, _ = apply_effects(
            base, declare("a,,,2026-07,,percent,50,,Ann,why,,", tmp=tmp_path), SERIES
        )
        with_effect, without = (
            published(pd.concat([base, found]), past, method),
            published(base, past, method),
        )
        assert coherence_gap(with_effect, SERIES, LEVELS) < 1e-9
        np.testing.assert_allclose(with_effect["y_hat"], 1.5 * without["y_hat"], rtol=1e-9)

    @pytest.mark.parametrize("method", METHODS)
    def test_what_a_declared_effect_ended_stays_at_zero_from_its_month_on(self, tmp_path, method):
        base, past = combined(gap=1.2), panel_and_backtest()
        found, _, _ = apply_effects(
            base, declare("a,Pots,N,2026-08,,percent,-100,,Ann,why,,", tmp=tmp_path), SERIES
        )
        final = published(pd.concat([base, found]), past, method)
        values = [month(final, ds)["bottom:Pots/N"] for ds in MONTHS]
        assert values[0] > 0 and values[1:] == [0, 0]
        assert coherence_gap(final, SERIES, LEVELS) < 1e-9

    @pytest.mark.parametrize("method", METHODS)
    def test_a_known_order_of_a_customer_who_fell_silent_is_not_lost(self, tmp_path, method):
        base, past = combined(0.0, 20.0, 30.0, 40.0), panel_and_backtest(silent="bottom:Pans/N")
        assert month(published(base, past, method), MONTHS[0])["bottom:Pans/N"] == 0
        found, _, _ = apply_effects(
            base, declare("a,Pans,N,2026-07,2026-07,amount,9,,Ann,order,,", tmp=tmp_path), SERIES
        )
        final = published(pd.concat([base, found]), past, method)
        assert month(final, MONTHS[0])["bottom:Pans/N"] == pytest.approx(9)
        assert month(final, MONTHS[1])["bottom:Pans/N"] == 0

    def test_intervals_of_what_is_published_are_scaled_as_the_effect_scaled_them(self, tmp_path):
        base, past = combined(), panel_and_backtest()
        lines = (
            "a,Pots,,2026-07,,percent,50,,Ann,why,,",
            "b,Pans,N,2026-08,,percent,-100,,Ann,why,,",
        )
        found, _, _ = apply_effects(base, declare(*lines, tmp=tmp_path), SERIES)
        modeled = pd.concat([base, found], ignore_index=True)
        final = published(modeled, past, "bottom_up")

        def add(rows: pd.DataFrame) -> pd.DataFrame:
            low = (rows["y_hat"] - 25).clip(lower=0)
            return rows.assign(
                **{
                    "lo-80": low,
                    "hi-80": rows["y_hat"] + 25,
                    "lo-95": low,
                    "hi-95": rows["y_hat"] + 25,
                }
            )

        told = intervals_with_effects(final, modeled, add)
        pd.testing.assert_series_equal(told["y_hat"], final["y_hat"], rtol=1e-12)
        assert month(told, MONTHS[0], "lo-80")["bottom:Pots/N"] == pytest.approx((30 - 25) * 1.5)
        assert month(told, MONTHS[0], "hi-80")["bottom:Pots/N"] == pytest.approx((30 + 25) * 1.5)
        assert month(told, MONTHS[0], "hi-80")["bottom:Pans/S"] == 45
        assert [month(told, MONTHS[1], name)["bottom:Pans/N"] for name in INTERVALS] == [0, 0, 0, 0]
        pd.testing.assert_frame_equal(intervals_with_effects(final, base, add), add(final))


def test_value_added_tells_what_assumptions_brought_and_counts_months_without_any_as_unchanged():
    rows = combined().assign(stage="combined")
    frames = []
    for cutoff, stages in (
        ("2026-05-01", {"combined": 90, "reconciled": 90}),
        ("2026-06-01", {"combined": 80, "assumed": 100, "reconciled": 100}),
    ):
        for stage, y_hat in stages.items():
            ds = pd.Timestamp(cutoff) + pd.DateOffset(months=1)
            frames.append(
                rows[rows["h"].eq(1)].assign(
                    stage=stage, cutoff=pd.Timestamp(cutoff), ds=ds, y_hat=y_hat
                )
            )
    actual = pd.concat(
        [
            rows[rows["h"].eq(1)].assign(ds=pd.Timestamp(ds), y_raw=100.0)
            for ds in ("2026-06-01", "2026-07-01")
        ]
    )
    found = value_added(
        Past(pd.concat(frames), actual[["unique_id", "ds", "y_raw"]], SERIES),
        month="2026-07-01",
        months=2,
    )
    bottom = found[found["level"].eq("bottom")].set_index("stage")
    assert list(bottom.index) == ["combined", "assumed", "reconciled", "adjusted"]
    assert bottom.at["assumed", "gain"] == pytest.approx(0.15 - 0.05)
    assert bottom.at["reconciled", "gain"] == pytest.approx(0.0)
    assert (bottom.at["assumed", "before"], bottom.at["assumed", "own_months"]) == ("combined", 1)
    plain = value_added(
        Past(pd.concat(frames[:2]), actual[["unique_id", "ds", "y_raw"]], SERIES),
        month="2026-06-01",
    )
    assert "assumed" not in set(plain["stage"])


def open_unit(folder: Path, kind: str = "run", **effects: object) -> UnitMonth:
    """A unit of two lines in two regions, 36 months of orders, and a master that says when a line
    ends.
    """
    rows = [
        orders.order(
            f"{line}{region}{day:%y%m}",
            f"{day:%Y-%m-03}",
            f"{amount + 5 * day.month}",
            region=region,
            product=line,
        )
        for (line, region), amount in {
            ("锅", "east"): 100,
            ("锅", "west"): 60,
            ("盘", "east"): 40,
            ("盘", "west"): 20,
        }.items()
        for day in pd.date_range("2022-01-01", "2024-12-01", freq="MS")
    ]
    orders.save(folder, "orders", rows)
    orders.save(folder, "master", [{"sku": "盘", "end": "2025-03-31"}, {"sku": "锅", "end": ""}])
    master = {
        "kind": "csv",
        "role": "lookup",
        "path": "master.csv",
        "join": {"product": "sku"},
        "columns": {"discontinued": "end"},
    }
    parameters = orders.unit(
        {"master": master},
        dimensions=["product", "region"],
        horizon=6,
        effects=effects,
        levels={"total": [], "region": ["region"], "bottom": ["product", "region"]},
        backtest={"cutoffs": 2, "step": 1},
        candidates={
            "seasonal_naive": {},
            "recent_mean": {},
            "level": {},
            "xgboost": {"settings": {"trees": 5}},
        },
    )
    return UnitMonth(folder, "north", "2024-12", parameters, {}, {}, folder / kind, kind)


def month_of(folder: Path, kind: str = "run", **effects: object) -> UnitMonth:
    """The unit's month, cleaned, modeled and reconciled."""
    run = open_unit(folder, kind, **effects)
    steps.clean(run)
    steps.model(run)
    steps.reconcile(run)
    return run


PRICE = "price,,east,2025-02,,percent,10,Ann,price list,2024-12-20"


class TestSteps:
    @pytest.fixture(autouse=True)
    def declared(self, tmp_path):
        write(
            tmp_path,
            PRICE,
            header="id,product,region,from,until,kind,change,author,reason,declared_at",
        )

    def test_a_month_with_effects_keeps_the_forecast_without_them_and_publishes_the_one_with_them(
        self, tmp_path
    ):
        run = month_of(tmp_path)
        forecast, effect = run.read("forecast"), run.read("effect").set_index("id")
        assert set(forecast["stage"]) == {
            "baseline",
            "statistical",
            "combined",
            "assumed",
            "reconciled",
        }
        assert effect["state"].to_dict() == {
            "price": "applied",
            "declared-end product 盘": "applied",
        }
        reason = in_words(effect.at["declared-end product 盘", "reason"])
        assert reason == "discontinued 2025-03-31 as declared"
        final = forecast[forecast["stage"].eq("reconciled")].merge(
            run.read("series"), on="unique_id"
        )
        gone = final[final["product"].eq("盘") & final["ds"].ge("2025-04-01")]
        assert len(gone) == 6 and (gone[["y_hat", "lo-95", "hi-95"]] == 0).all(axis=None)
        assert (
            final.loc[final["product"].eq("盘") & final["ds"].lt("2025-04-01"), "y_hat"] > 0
        ).all()
        modeled = steps.read_modeled(run)
        assert all(check.passed for check in (*modeled.checks, *steps.read_reconciled(run).checks))
        assert "What the effects changed is what the forecast with them differs by" in {
            check.name for check in modeled.checks
        }
        prose, table = assumptions.effects(run, modeled).blocks
        assert isinstance(table, Table) and prose.plain().startswith(
            "2 assumptions act between January 2025 and June 2025"
        )
        cells = [[cell.text for cell in row] for row in table.rows]
        worth = effect.at["price", "after"] - effect.at["price", "before"]
        (row,) = [row for row in cells if row[0] == "region east"]
        assert row[1:] == [
            "Feb 2025 on",
            "+10.0\u202f%",
            f"+{worth:,.2f}",
            "Ann: price list",
            "active",
        ]

    def test_a_backfill_does_not_know_what_was_declared_after_that_months_publication(
        self, tmp_path
    ):
        write(
            tmp_path,
            PRICE.replace("2024-12-20", "2025-01-20"),
            header="id,product,region,from,until,kind,change,author,reason,declared_at",
        )
        run = month_of(tmp_path, "backfill")
        assert run.read("effect")["state"].tolist() == ["later", "later"]
        assert set(run.read("forecast")["stage"]) == {
            "baseline",
            "statistical",
            "combined",
            "reconciled",
        }

    def test_a_backfill_applies_no_override_of_the_day_of_publication_or_later(self, tmp_path):
        (tmp_path / "overrides").mkdir()
        lines = [
            "made_in,unique_id,ds,sequence,percent,author,reason,created_at",
            "2024-12,total,2025-01,1,5,Ann,foresight,2025-01-14",
            "2024-12,total,2025-01,2,5,Ann,hindsight,2025-01-15",
        ]
        (tmp_path / "overrides" / "north.csv").write_text("\n".join(lines), encoding="utf-8")
        run = month_of(tmp_path, "backfill")
        assert set(run.read("adjustment")["reason"]) == {"foresight"}
        assert len(run.read("override")) == 2

    def test_switched_off_or_never_declared_the_numbers_are_the_same(self, tmp_path):
        off = month_of(tmp_path, enabled=False)
        assert off.read("effect")["state"].tolist() == ["off", "off"]
        first = off.read("forecast")
        (tmp_path / "effects" / "north.csv").unlink()
        run = month_of(tmp_path, without=["declared-end product 盘"])
        pd.testing.assert_frame_equal(run.read("forecast"), first, check_exact=True)
        assert (
            "1 assumption on record, and none of them acts"
            in assumptions.effects(run, steps.read_modeled(run)).blocks[0].plain()
        )

    def test_a_bad_file_stops_the_unit_before_anything_is_written(self, tmp_path):
        write(
            tmp_path,
            PRICE.replace("east", "esat"),
            header="id,product,region,from,until,kind,change,author,reason,declared_at",
        )
        run = open_unit(tmp_path)
        steps.clean(run)
        with pytest.raises(
            SalesForecastError,
            match="effects/north.csv line 2: effect 'price' is for region 'esat'.*'east'",
        ):
            steps.model(run)
        assert not (run.folder / "tables" / "forecast.parquet").exists()


def test_a_manifest_names_the_effects_among_what_went_in(tmp_path):
    from salesfc_lib.running.provenance import list_own_files
    from salesfc_lib.running.tasks import Task

    write(tmp_path)
    task = Task(tmp_path, "north", ("2026-06",))
    assert [
        path.name for path in list_own_files(task, SimpleNamespace(files=[], parameters=defaults()))
    ] == ["north.csv"]
