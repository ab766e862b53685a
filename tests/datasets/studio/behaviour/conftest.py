import pytest

from tellbench.datasets.speech import speak
from tellbench.datasets.speech.texts import passage
from tellbench.datasets.studio.behaviour.scene import listen


@pytest.fixture(scope="session")
def ten_minutes():
    """Ten minutes of one person talking, as the behaviours hear it."""
    parts = speak(passage("en", 0, 160), "en-us+f2")
    return listen(parts, 600.0)


@pytest.fixture(scope="session")
def short_talk():
    return speak(passage("en", 4, 3), "en-us+m3")


@pytest.fixture(scope="session")
def long_talk():
    return speak(passage("en", 1, 50), "en-gb+m3")


@pytest.fixture(scope="session")
def three_minutes(long_talk):
    return listen(long_talk, 180.0)


@pytest.fixture(scope="session")
def listening(long_talk):
    """Three minutes of listening to the same voice."""
    return listen(long_talk, 180.0, "listening")
