"""Who may know what: users and their roles, sessions, one-time links, second factors, and the log of what was done.

Kept in the workspace's app.db. Nothing here knows of events or pages; times are handed in.
"""
