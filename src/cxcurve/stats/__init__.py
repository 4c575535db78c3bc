"""Statistics: arrays and small counts that add up go in, estimates with their uncertainty come out; no tables."""
