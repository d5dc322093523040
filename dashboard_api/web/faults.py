"""What is wrong with a value of a request, in the reader's language.

pydantic says it in English. What it says most often is in the catalogue, in its own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from contract.language import N_, _, ngettext

__all__ = ["FAULTS", "detail_text", "fault_text"]

FAULTS: Final[Mapping[str, str]] = {
    "bool_parsing": N_("Input should be a valid boolean, unable to interpret input"),
    "date_from_datetime_parsing": N_("Input should be a valid date or datetime, {error}"),
    "extra_forbidden": N_("Extra inputs are not permitted"),
    "finite_number": N_("Input should be a finite number"),
    "float_parsing": N_("Input should be a valid number, unable to parse string as a number"),
    "float_type": N_("Input should be a valid number"),
    "greater_than": N_("Input should be greater than {gt}"),
    "greater_than_equal": N_("Input should be greater than or equal to {ge}"),
    "int_from_float": N_("Input should be a valid integer, got a number with a fractional part"),
    "int_parsing": N_("Input should be a valid integer, unable to parse string as an integer"),
    "int_type": N_("Input should be a valid integer"),
    "less_than": N_("Input should be less than {lt}"),
    "less_than_equal": N_("Input should be less than or equal to {le}"),
    "list_type": N_("Input should be a valid list"),
    "literal_error": N_("Input should be {expected}"),
    "missing": N_("Field required"),
    "string_pattern_mismatch": N_("String should match pattern '{pattern}'"),
    "string_type": N_("Input should be a valid string"),
    "value_error": N_("Value error, {error}"),
}
"""By pydantic's name of the fault; the values in braces are its own."""
_DETAILS: Final = frozenset({
    N_("Method Not Allowed"),
    N_("There was an error parsing the body"),
})  # fmt: skip
"""What the framework says."""


def fault_text(fault: Mapping[str, Any]) -> str:
    """The words for one of the faults that a validation found, without a full stop."""
    values = dict(fault.get("ctx", {}))
    match fault["type"]:
        case "string_too_long":
            return ngettext(
                "String should have at most {n} character",
                "String should have at most {n} characters",
                values["max_length"],
            )
        case "string_too_short":
            return ngettext(
                "String should have at least {n} character",
                "String should have at least {n} characters",
                values["min_length"],
            )
        case kind if kind in FAULTS:
            return _(FAULTS[kind], **values)
    return str(fault["msg"])


def detail_text(detail: str) -> str:
    """The words of an HTTPException: our own ones are in the reader's language already."""
    return _(detail) if detail in _DETAILS else detail
