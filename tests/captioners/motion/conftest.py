from __future__ import annotations

import pytest

from ruler.captioners.base import Captioner
from ruler.captioners.motion import create
from ruler.schemas.captions import SceneModel
from tests.captioners.motion.footage import normal_clips


@pytest.fixture(scope="session")
def captioner() -> Captioner:
    return create("", {})


@pytest.fixture(scope="session")
def model(captioner: Captioner) -> SceneModel:
    found = captioner.fit(normal_clips(), cameras="one", place="walkway")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def blind(captioner: Captioner) -> SceneModel:
    """The same references taken as views of many cameras: no background."""
    found = captioner.fit(normal_clips(), cameras="many", place="any")
    assert found is not None
    return found
