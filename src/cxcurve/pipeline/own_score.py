"""The health score a company has already: any column of its customers, as it was known at the time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxcurve import tables
from cxcurve.errors import UnknownNameError
from cxcurve.store import Store

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_OWN_COLUMNS = [column.name for column in tables.CUSTOMERS.columns if column.type in {"float64", "int64"}]


@dataclass(frozen=True, eq=False)
class OwnScore:
    """A column of the customers, row by row in order of customer and time.

    Attributes:
        column: its name.
        key: the customer.
        valid_from_us: since when the value holds.
        value: higher is healthier, unless `is_risk`.
        is_risk: whether higher is worse.
    """

    column: str
    key: Ints
    valid_from_us: Ints
    value: Floats
    is_risk: bool = False

    @classmethod
    def read(cls, store: Store, column: str, *, is_risk: bool = False) -> OwnScore:
        """From the customers table or its further attributes; what is no number is left out.

        Raises:
            UnknownNameError: no customer has such a column.
        """
        quoted = column.replace("'", "''").replace('"', '\\"')
        value = column if column in _OWN_COLUMNS else f"json_extract_string(attributes, '$.\"{quoted}\"')"
        rows = store.fetch(f"""
            SELECT customer_key, valid_from_us, TRY_CAST({value} AS DOUBLE) AS value
            FROM customers JOIN customer_keys USING (customer_id)
            WHERE TRY_CAST({value} AS DOUBLE) IS NOT NULL ORDER BY customer_key, valid_from_us
        """)
        if not rows.num_rows:
            sql = "SELECT DISTINCT unnest(json_keys(attributes)) FROM customers"
            raise UnknownNameError("column of customers with numbers", column, [name for (name,) in store.rows(sql)])
        key, since, values = (rows[name].to_numpy() for name in ("customer_key", "valid_from_us", "value"))
        return cls(column, key.astype(np.int64), since, values, is_risk)

    def risk_at(self, customer: Ints, at_us: Ints) -> Floats:
        """(n,) the value each customer had just before a moment, higher is worse; nan where none was known."""
        # Positions of the times among all times keep the pair (customer, time) in one number.
        times = np.unique(np.concatenate([self.valid_from_us, at_us]))
        code = self.key * (len(times) + 1) + np.searchsorted(times, self.valid_from_us)
        place = np.searchsorted(code, customer * (len(times) + 1) + np.searchsorted(times, at_us), "left") - 1
        is_own = (place >= 0) & (self.key[np.maximum(place, 0)] == customer)
        value = np.where(is_own, self.value[np.maximum(place, 0)], np.nan)
        return value if self.is_risk else -value
