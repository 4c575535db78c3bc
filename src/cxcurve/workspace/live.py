"""What is sent to a workspace: its inbox and the keys of those who send."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from cxcurve.pipeline.moving import Account, accounts, moved_until
from cxcurve.store import Store
from cxcurve.store.inbox import Inbox
from cxcurve.store.keys import Keys

INBOX_FILE, KEYS_FILE = "inbox.db", "app.db"
_EVENTS = ("made", "loaded", "duplicate", "conflict", "quarantined")


class Live:
    """The inbox and the keys, each opened when first needed. Close it when done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def inbox(self) -> Inbox:
        """What was sent and is not in the store yet."""
        return Inbox(self.folder / INBOX_FILE)

    @cached_property
    def keys(self) -> Keys:
        """The keys of those who send and read."""
        return Keys(self.folder / KEYS_FILE)

    def close(self) -> None:
        """Write what waits and give the files back."""
        for name in ("inbox", "keys"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    def ledger(self, store: Store) -> dict[str, object]:
        """Where everything is that was ever acknowledged.

        Returns:
            `items` (received = waiting + used + no_event + quarantined + duplicate), `events` (made = loaded +
            duplicate + conflict + quarantined), and both for each of the `sources`.
        """
        done, waiting = accounts(store), self.inbox.waiting(moved_until(store, self.inbox))
        names = sorted({*done, *waiting})
        total = sum((done[name] for name in done), Account())
        each = {name: _told(done.get(name, Account()), waiting.get(name, 0)) for name in names}
        return {**_told(total, sum(waiting.values())), "sources": each}


def _told(account: Account, n_waiting: int) -> dict[str, object]:
    items = {
        "waiting": n_waiting,
        "used": account.used,
        "no_event": account.no_event,
        "quarantined": account.refused_items,
        "duplicate": account.repeated_items,
    }
    return {
        "items": {"received": sum(items.values()), **items},
        "events": {name: getattr(account, name) for name in _EVENTS},
    }
