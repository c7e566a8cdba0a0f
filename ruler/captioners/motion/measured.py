"""What the motion captioner can measure: known without any of the vision that measures it."""

from __future__ import annotations

SHAPE_FACTS = ("aspect_ratio", "at_border", "fill_ratio", "height_ratio", "low_area")
MOTION_FACTS = ("direction_degrees", "fall_speed", "motion_disorder", "rise_speed", "speed_ratio")
THING_FACTS = ("edge_gain", "stillness")

MEASURED = tuple(sorted((*SHAPE_FACTS, *MOTION_FACTS, "figures")))
MEASURED_STILL = tuple(sorted((*SHAPE_FACTS, "figures")))
"""What a window of a single frame can tell."""

SIGHT_FACTS = ("camera_shift", "lighting_change", "picture_contrast", "view_kept")
CLUTTER_FACTS = ("changed_ratio", "picture_change", "speckle_ratio")
EYE_FACTS = (*SIGHT_FACTS, *CLUTTER_FACTS)
"""What a background tells of the camera."""
