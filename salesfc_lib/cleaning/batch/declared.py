"""What a source declares of its columns, and what the unit's definition needs of them."""

from __future__ import annotations

from salesfc_lib.errors import SalesForecastError
from salesfc_lib.foundation import Parameters, Source
from salesfc_lib.intake import header_of

DOCUMENTED = {"order_id", "kind", "reference"}  # columns of rows that are one sale or one return


def is_notice(source: Source) -> bool:
    """Whether a returns source only names orders, without amounts of its own."""
    return source.role == "returns" and not {"amount", "quantity"} & set(source.columns)


def list_mapped(source: Source) -> dict[str, str]:
    """This project's name of each carried column (of a key also its header), and its header."""
    named = [*source.key, *filter(None, [source.extract_header])]
    known = {*source.columns, *source.columns.values()}
    dated = {"date"} if source.has_months else set()
    own_keys = {key: key for key in named if key not in known | dated}
    return {**own_keys, **(source.join if source.role == "returns" else {}), **source.columns}


def key_columns(source: Source) -> list[str]:
    """Columns of the lines that hold the source's declared key."""
    ours = {header: column for column, header in source.columns.items()}
    return [ours.get(header_of(source, key), key) for key in source.key]


def needs_part(part: str, source: Source, parameters: Parameters) -> bool:
    """Whether the unit's amounts hold 'discounts' or 'freight' otherwise than this source's."""
    return (
        not is_notice(source)
        and source.has_amount
        and getattr(source, part) != getattr(parameters.measure, part)
        and (source.role == "orders" or part.removesuffix("s") in source.columns)
    )


def takes_share(source: Source) -> bool:
    """Whether the amounts are made with a discount that is a share of them."""
    return source.amount is not None and "discount" in source.amount


def list_parts(source: Source, parameters: Parameters) -> set[str]:
    """Columns beside the amount that the unit's definition needs of this source."""
    needed = {
        "discount": needs_part("discounts", source, parameters) or takes_share(source),
        "freight": needs_part("freight", source, parameters),
        "price": source.amount is not None,
        "tax_amount": source.tax != parameters.measure.tax and "tax_amount" in source.columns,
    }
    return {name for name, used in needed.items() if used}


def require_columns(name: str, source: Source, parameters: Parameters) -> None:
    """Raise `SalesForecastError` if `columns` lacks what a source of transactions must have."""
    needed = {"date", parameters.measure.value} if source.role == "orders" else set()
    if source.role == "returns" and is_notice(source) and not source.join:
        needed = {parameters.measure.value}
    needed |= list_parts(source, parameters)
    needed -= {"amount"} if source.amount else set()
    needed -= {"date"} if source.has_months else set()
    if missing := sorted(needed - set(source.columns)):
        raise SalesForecastError.missing_columns(
            missing, source.columns, f"`sources.{name}.columns`"
        )
