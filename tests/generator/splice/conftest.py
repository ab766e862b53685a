"""A person who turns, talks and blinks, with true landmarks, and a donor's photograph."""

import numpy as np
import pytest

from tellbench.datasets.expression import COEFFICIENTS
from tellbench.datasets.studio.people.identity import Identity
from tellbench.datasets.studio.people.person import Person
from tellbench.datasets.studio.renderer import Studio
from tellbench.generator.splice.donor import donor_of, photograph

SIZE, SEED = 128, 12


@pytest.fixture(scope="session")
def shot():
    """Four frames: at rest, mouth open, eyes shut, turned by 12 degrees."""
    face, pose = np.zeros((4, 52), np.float32), np.zeros((4, 6), np.float32)
    face[1, COEFFICIENTS.index("jawOpen")] = 0.7
    face[2, [COEFFICIENTS.index(f"eyeBlink{side}") for side in ("Left", "Right")]] = 1
    pose[3, :3] = 12, -3, 2
    return Studio(Person(Identity.sample(12)), seed=SEED, size=SIZE).render(face, pose, np.zeros((4, 2), np.float32))


@pytest.fixture(scope="session")
def photo(shot):
    """Picture and true landmarks of the donor."""
    return photograph(donor_of(shot.frames[0], SEED), SEED, SIZE)
