"""The pulse: scores may fail, what was sent goes into the store all the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cxcurve.store.inbox import Request
from cxcurve.web.pulse import Pulse
from cxcurve.web.reader import Reader
from cxcurve.workspace import init
from cxcurve.workspace import scored as scored_module

NOW = 1_793_520_000_000_000


def test_what_cannot_be_scored_is_stored_and_scored_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> int:
        raise ValueError("no score today")

    with init(tmp_path / "w", "b2b-saas") as workspace:
        message = {"type": "track", "messageId": "1", "event": "demo_held", "userId": "u"}
        body = json.dumps({"batch": [message]}).encode()
        workspace.live.inbox.put([Request("web", "segment/batch", NOW, 1, body)]).result()
        pulse = Pulse(Reader(workspace))
        with monkeypatch.context() as patch:
            patch.setattr(scored_module, "score", fails)
            with pytest.raises(ValueError, match="no score today"):
                pulse.beat()
        assert workspace.live.inbox.is_empty
        assert workspace.store.touched()
        assert not workspace.is_scored
        workspace.score()
        assert workspace.is_scored
