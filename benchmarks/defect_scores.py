"""How many of the planted defects are found and treated, and how much clean data is touched: any
seed.

python benchmarks/defect_scores.py --seed 7 --out defects.json [--only 12,38] [--seeds 5] [--workers
2] [--why] [--init]

Writes a list of rows: seed, defect (number; 99: many at a time, 0: clean data), name, family,
planted, found, recall (found / planted; null where nothing is planted), false_repairs. `--seeds K`
takes K seeds from the first on. Prints the table, and with `--why` what was missed. `--init` leaves
it to `salesfc init` to say how the orders are read (cases of one source only).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from defects.scoring import EVERYTHING, draw_table, list_rows, score


def main() -> None:
    """Plant, clean, judge; print the table and write the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument(
        "--only",
        type=lambda text: [int(part) for part in text.split(",")],
        default=list(EVERYTHING),
    )
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--why", action="store_true")
    parser.add_argument("--init", action="store_true")
    wanted = parser.parse_args()
    rows = []
    for seed in range(wanted.seed, wanted.seed + wanted.seeds):
        scores = score(seed, wanted.only, workers=wanted.workers, by_init=wanted.init)
        print(f"seed {seed}\n{draw_table(scores)}")
        for item in scores if wanted.why else []:
            print(*(f"{item.defect}: {said}" for said in item.missed), sep="\n")
        rows += [{"seed": seed, **row} for row in list_rows(scores)]
    if wanted.out is not None:
        wanted.out.write_text(
            json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
