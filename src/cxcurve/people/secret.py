"""Secrets that we make: long and random, told once, kept as a hash."""

from __future__ import annotations

import hashlib
import secrets


def new_secret() -> str:
    """256 random bits that fit into an address."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What is kept of it; one round will do, for nobody chose it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
