"""Databases by an address of SQLAlchemy: the password from a secret, and errors without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, TypeVar
from urllib.parse import quote

from cxcurve.errors import ConnectError, clip
from cxcurve.sources.connectors.contract import SecretOf
from cxcurve.sources.connectors.secrets import scrubbed

T = TypeVar("T")


@dataclass
class Database:
    """One database; `label` is what messages call it."""

    label: str
    url: str
    secret_of: SecretOf = field(repr=False)

    def __post_init__(self) -> None:
        if find_spec("sqlalchemy") is None:
            raise ConnectError(
                f'{self.label}: needs SQLAlchemy: pip install "cxcurve[sql]", and the driver of your database'
            )
        self._secrets: list[str] = []
        self.engine: Any = self.said(self._engine)

    def said(self, do: Callable[[], T]) -> T:
        """Drivers have errors of their own, too many to name, and some quote the address with the password.

        Raises:
            ConnectError: whatever failed.
        """
        try:
            return do()
        except ConnectError:
            raise
        except Exception as error:
            raise ConnectError(self.told(error)) from None

    def told(self, error: Exception) -> str:
        """An error in its first line, without a secret; SQLAlchemy wraps what the driver said."""
        cause = getattr(error, "orig", None) or error
        text = clip(str(cause).strip().partition("\n")[0], 200)
        return scrubbed(f"{self.label}: {type(cause).__name__}: {text}", self._secrets)

    def _engine(self) -> Any:
        import sqlalchemy as sa

        url = sa.make_url(self.url)
        if url.username and url.password is None:
            password = self.secret_of("password")
            self._secrets += [password, quote(password, safe="")]
            url = url.set(password=password)
        # Errors of SQLAlchemy would show the values that were sent.
        return sa.create_engine(url, hide_parameters=True, poolclass=sa.pool.NullPool)
