"""Whoever waits gets its turn, however often others ask."""

from __future__ import annotations

import threading
import time

from cxcurve.web.turns import Turns

LONGEST_S = 30.0


def until(is_so: object) -> None:
    end = time.monotonic() + LONGEST_S
    while not is_so() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.001)


def test_who_takes_it_again_at_once_comes_after_those_who_wait() -> None:
    turns, order = Turns(["store"]), []

    def come(name: str) -> None:
        with turns.taken():
            order.append(name)

    threads = [threading.Thread(target=come, args=(name,), daemon=True) for name in ("first", "second", "third")]
    with turns.taken():
        for n, thread in enumerate(threads):
            thread.start()
            until(lambda n=n: turns.n_waiting == n + 1)
    with turns.taken():
        order.append("again")
    for thread in threads:
        thread.join(LONGEST_S)
    assert order == ["first", "second", "third", "again"]


def test_who_has_one_has_the_same_when_it_asks_again() -> None:
    turns = Turns(["a", "b"])
    with turns.taken() as first, turns.taken() as same:
        assert first == same == "a"
    with turns.taken() as later:
        assert later == "a", "the one used last is the warm one"


def test_whatever_is_free_first_goes_to_who_waits() -> None:
    turns, found = Turns(["a", "b"]), []
    is_over = threading.Event()

    def hold() -> None:
        with turns.taken():
            is_over.wait(LONGEST_S)

    def come() -> None:
        with turns.taken() as thing:
            found.append(thing)

    holding, coming = threading.Thread(target=hold, daemon=True), threading.Thread(target=come, daemon=True)
    holding.start()
    until(lambda: len(turns._free) == 1)
    with turns.taken() as mine:
        coming.start()
        until(lambda: turns.n_waiting == 1)
    coming.join(LONGEST_S)
    is_over.set()
    holding.join(LONGEST_S)
    assert found == [mine] == ["b"]


def test_it_is_free_again_when_its_holder_fails() -> None:
    turns = Turns(["a"])
    for _ in range(2):
        try:
            with turns.taken():
                raise ValueError
        except ValueError:
            pass
    assert turns.n_waiting == 0
    with turns.taken() as thing:
        assert thing == "a"
