"""Reports to people: an e-mail, or a message in a chat; each handed over once."""

from cxcurve.sources.posting.contract import File, Letter, Post, UnsureError
from cxcurve.sources.posting.opening import CHAT, check_subscription_ready, open_post

__all__ = ["CHAT", "File", "Letter", "Post", "UnsureError", "check_subscription_ready", "open_post"]
