"""The second factor: codes of an app (TOTP, RFC 6238), each used once, and recovery codes for a lost phone."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import pyotp
import segno

from cxcurve.people.secret import hashed
from cxcurve.people.users import User, Users

STEP_S = 30
N_RECOVERY = 8


def new_totp() -> str:
    """A secret for an app, in base 32."""
    return pyotp.random_base32()


def address_of(secret: str, email: str, workspace: str) -> str:
    """What apps read: an otpauth:// address."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=f"cxcurve {workspace}")


def picture_of(address: str) -> str:
    """The address as a QR code: SVG, black on white in every theme, for cameras read no other."""
    return str(
        segno.make_qr(address).svg_inline(scale=4, light="white", title="The secret as a QR code", svgclass=None)
    )


def step_of(secret: str, code: str, now_us: int) -> int | None:
    """The step that a code is of: this one, the one before or the next, for clocks differ; None where it is wrong."""
    now = now_us // 1_000_000 // STEP_S
    totp, shown = pyotp.TOTP(secret), "".join(code.split())
    fits = [step for step in (now - 1, now, now + 1) if _is_same(totp.at(_moment(step)), shown)]
    return max(fits, default=None)


def new_recovery() -> tuple[str, ...]:
    """Codes to write down: 80 bits each."""
    made = (secrets.token_hex(10) for _ in range(N_RECOVERY))
    return tuple("-".join(code[i : i + 5] for i in range(0, 20, 5)) for code in made)


def recovery_hash(code: str) -> str:
    """What is kept of one, however it is typed."""
    return hashed("".join(char for char in code.casefold() if char.isalnum()))


def is_right(users: Users, user: User, code: str, now_us: int) -> bool:
    """Whether a code is the app's, or a recovery code; either is good once."""
    if user.totp_secret is None:
        return False
    step = step_of(user.totp_secret, code, now_us)
    if step is not None:
        return users.take_step(user.user_id, step)
    return users.take_recovery(user.user_id, recovery_hash(code))


def _moment(step: int) -> datetime:
    return datetime.fromtimestamp(step * STEP_S, UTC)


def _is_same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode("utf-8", "surrogateescape"))
