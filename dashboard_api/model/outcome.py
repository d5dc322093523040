"""How many of n were right, with an interval, as dots and in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from contract.language import _, pgettext
from dashboard_api.language.dates import number_text
from models.school_model.labels import wilson

__all__ = ["Outcome"]

_DOTS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many of n were right, with their 95 % interval after Wilson (1927)."""

    right: int
    n: int
    low: float
    high: float

    @classmethod
    def of(cls, share: float | None, n: float | None) -> Outcome | None:
        """From a share and the number it was computed from; None if either is missing."""
        if share is None or not n or math.isnan(share):
            return None
        return cls.count(round(share * int(n)), int(n))

    @classmethod
    def count(cls, right: int, n: int) -> Outcome:
        low, high = wilson(right, n)
        return cls(right=right, n=n, low=low, high=high)

    @property
    def dots(self) -> int:
        """How many of ten dots are filled."""
        return round(self.right / self.n * _DOTS)

    @property
    def of_ten(self) -> str:
        """Such as `about 2`; `none` and `all` only where that is exact."""
        if self.right == 0:
            return pgettext("of ten", "none")
        if self.right == self.n:
            return pgettext("of ten", "all")
        if self.right * _DOTS == self.dots * self.n:
            return f"{self.dots}"
        return (
            pgettext("of ten", "about {n}", n=self.dots)
            if self.dots
            else pgettext("of ten", "less than 1")
        )

    @property
    def interval(self) -> str:
        """Such as `19 and 49 %`."""
        low, high = number_text(self.low * 100), number_text(self.high * 100)
        return _("{low} and {high}\u00a0%", low=low, high=high)
