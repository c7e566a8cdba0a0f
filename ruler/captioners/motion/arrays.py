"""Names for the arrays that the motion captioner passes around."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
"""(height, width), grey levels."""

Mask = NDArray[np.bool_]
"""(height, width) of an image, or (rows, columns) of the measuring grid."""

Flow = NDArray[np.float32]
"""(height, width, 2), displacement (x, y) in pixels."""

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Labels = NDArray[np.int32]
"""0 is none, n is the n-th region."""
