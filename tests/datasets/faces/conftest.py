from __future__ import annotations

import numpy as np
import pytest

from tellbench.datasets.expression import expression


@pytest.fixture(scope="session")
def renders():
    """A studio person the network has never seen: three open-eyed poses, then lids closed."""
    from tellbench.datasets.studio import Identity, Person, Studio

    coefficients = np.stack(
        [expression(), expression(jawOpen=0.5), expression(mouthSmile=0.8), expression(eyeBlink=1.0)]
    )
    pose = np.zeros((4, 6), np.float32)
    pose[:, 0], pose[:, 2] = [0, 20, -15, 0], [0, 10, -8, 0]
    return Studio(Person(Identity.sample(11)), seed=11, size=256).render(
        coefficients, pose, np.zeros((4, 2), np.float32)
    )
