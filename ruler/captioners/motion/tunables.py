"""The numbers that decide what the motion captioner measures, with their units and reasons.

They were chosen on public footage (docs/perception, steps 1 to 12), none of them for one scene, and
all are part of the caption's key. A change to anything else that alters captions, such as how
regions are split or what the words are, is a new `captioner.VERSION`.
"""

from __future__ import annotations

from ruler.captioners.motion.opencv import opencv_version

WIDTH = 360
"""Frames are shrunk to this many pixels across; people should be 25 px tall or more then."""

STEP_SECONDS = 0.1
"""The analysis grid, and the unit of time of every velocity: pixels per 0.1 s."""

STEPS = 8
"""Grid steps that a window reaches back: a walking leg nets out over 0.4 to 0.8 s."""

MIN_STEPS = 5
"""Half-built chains at the start of a clip are noisy: reach forward instead."""

SHORT_SECONDS, LONG_SECONDS = 0.4, 0.8
"""The two strides over which net motion is taken."""

FINEST_SCALE = 1
"""Flow at half the resolution. OpenCV's fast presets stop at scale 2, a quarter: people of 30 px
then move as their surroundings do, and fast ones are missed (docs/perception, flow table)."""

REFINEMENTS = 2
"""Rounds of variational refinement of flow. The preset's 5 take a third of the time more and follow
people no better."""

FOREGROUND_LEVEL = 18
"""Grey levels by which a pixel differs from the background (docs/perception, step 1)."""

MOVING = 0.4
"""Pixels per 0.1 s at `WIDTH` above which a pixel moves."""

BRISK = 0.002
"""Image diagonals per 0.1 s below which motion does not count for disorder."""

CHANGE = 3
"""Mean grey levels by which the surroundings of a moving pixel change from frame to frame."""

STRIDE = 4
"""Pixels between the points of the measuring grid."""

FILL_GATE = 0.15
"""Share of foreground below which a person-size window is not measured."""

FLOOR = 0.6
"""Row, as a share of the image height, below which somebody may lie on the floor."""

WIDE = 0.6
"""Half the side of the wide window, in figure heights."""

TOP = 20
"""Windows that a pooled fact averages: an area demand of one small figure, zero-padded."""

SPEED_FLOOR = 0.15
"""Least usual speed, pixels per 0.1 s at `WIDTH`."""

FILL_FLOOR = 0.05
"""Least usual fill of the wide window."""

MIN_AREA = 0.2
"""Least area of a figure, in areas of a typical one (height x height / `SLENDER`)."""

SLENDER = 2.5
"""Height over width of a typical upright figure."""

BLIND_HEIGHT = 0.35
"""Typical figure height where no background can be learned, share of the image height."""

HEIGHT_GUESS, SPEED_GUESS, FILL_GUESS = 0.25, 0.006, 0.3
"""Where the references teach nothing: figure height (share of the image height), speed (image
widths per 0.1 s), fill of the wide window."""

STILL = 0.2
"""Speed ratio below which a figure stands still and has no direction."""

DIRECTIONS = 8
"""Bins of direction for `motion_disorder`."""

MAX_FIGURES = 12
"""Figures that a caption keeps, the fastest first."""

ASPECT_SLACK = 0.03
"""Difference in width / height up to which a clip is resized to the scene's shape."""

PARAMETERS: dict[str, object] = {
    name.lower(): value
    for name, value in sorted(globals().items())
    if name.isupper() and isinstance(value, int | float)
} | {"opencv": opencv_version()}
"""What the captioner's identity holds. OpenCV is part of it: another release may compute another
flow."""
