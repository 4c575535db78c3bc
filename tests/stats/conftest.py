"""Properties may take their time on a busy machine: only their truth is tested here."""

from hypothesis import settings

settings.register_profile("statistics", deadline=None)
settings.load_profile("statistics")
