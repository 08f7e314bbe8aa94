"""Paths of files that come with the library: defaults, aliases, notebooks, the lock.

An installed wheel holds them in `salesfc_lib/shipped/` (`force-include` in pyproject.toml), a
checkout beside the package; the paths below `SHIPPED` are the same in both.
"""

from __future__ import annotations

from pathlib import Path

import salesfc_lib
from salesfc_lib.errors import RequestError

PACKAGE = Path(salesfc_lib.__file__).resolve().parent
CHECKOUT = None if (PACKAGE / "shipped").is_dir() else PACKAGE.parent
SHIPPED = CHECKOUT or PACKAGE / "shipped"
NOTEBOOKS = SHIPPED / "notebooks"
DEFAULTS = SHIPPED / "parameters" / "defaults.yml"
ALIASES = SHIPPED / "parameters" / "aliases.yml"
LOCK = SHIPPED / "requirements.lock"


def find_examples() -> Path:
    """Folder of the checkout that holds the demo company.

    Raises
    ------
    RequestError
        Where the library was installed without its checkout.
    """
    folder = SHIPPED / "examples"
    if not (folder / "demo_company").is_dir():
        raise RequestError.of(
            f"There is no demo company at '{folder / 'demo_company'}'",
            "The demo is part of the checkout, not of the installed package",
            "Clone the repository and run `salesfc demo` there, or begin with your own exports: "
            "`salesfc init EXPORT`",
        )
    return folder
