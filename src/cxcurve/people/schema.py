"""The tables of people: who they are, what they hold, what they did. Times are microseconds; secrets are hashes."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Integer, MetaData, String, Table, Text

VERSION = 2
"""1: people. 2: their saved views. A table that is new is made when the file is opened."""
METADATA = MetaData()

FACTS = Table("facts", METADATA, Column("name", String(40), primary_key=True), Column("value", Text, nullable=False))

USERS = Table(
    "users",
    METADATA,
    Column("user_id", String(32), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", String(20), nullable=False),
    Column("scope", JSON(none_as_null=True)),
    Column("password", Text),
    Column("totp_secret", String(64)),
    Column("totp_step", BigInteger, nullable=False, default=0),
    Column("recovery", JSON, nullable=False, default=list),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("made_us", BigInteger, nullable=False),
    Column("subject", Text, unique=True),
    Column("external_id", Text),
)
"""`subject`: issuer and subject of whoever signs in by OIDC; `external_id`: what SCIM calls them."""

SESSIONS = Table(
    "sessions",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.user_id", ondelete="CASCADE"), nullable=False, index=True),
    Column("made_us", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
    Column("address", String(64), nullable=False),
    Column("agent", Text, nullable=False),
)

LINKS = Table(
    "one_time",
    METADATA,
    Column("hash", String(64), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("user_id", ForeignKey("users.user_id", ondelete="CASCADE")),
    Column("payload", JSON, nullable=False),
    Column("until_us", BigInteger, nullable=False),
)

GROUPS = Table(
    "groups",
    METADATA,
    Column("group_id", String(32), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("external_id", Text),
)
MEMBERS = Table(
    "members",
    METADATA,
    Column("group_id", ForeignKey("groups.group_id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.user_id", ondelete="CASCADE"), primary_key=True),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at_us", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", String(40), nullable=False),
    Column("about", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Column("before", String(64), nullable=False),
    Column("mark", String(64), nullable=False),
)

VIEWS = Table(
    "views",
    METADATA,
    Column("view_id", String(32), primary_key=True),
    Column("owner", String(32), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("is_shared", Boolean, nullable=False),
    Column("made_us", BigInteger, nullable=False),
)
"""`owner`: a user's id, of one who is gone, too; "" is whoever was at this computer before anybody signed in."""
