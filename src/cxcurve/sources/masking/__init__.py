"""Personal data in free text, found and replaced by marks before anything is stored."""

from cxcurve.sources.masking.hashing import keyed_hash, normal_contact
from cxcurve.sources.masking.masking import find_personal, mask, mask_texts
from cxcurve.sources.masking.values import mask_value

__all__ = ["find_personal", "keyed_hash", "mask", "mask_texts", "mask_value", "normal_contact"]
