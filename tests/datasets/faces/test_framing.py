import numpy as np
import pytest
from PIL import Image

from tellbench.datasets.faces.finder import Face
from tellbench.datasets.faces.framing import FACE_SHARE, frame_portrait, only_face, portrait_square, read_portrait
from tellbench.errors import InputError


def face(x0: float, y0: float, x1: float, y1: float, probability: float = 0.99) -> Face:
    return Face(np.float32([x0, y0, x1, y1]), probability, np.zeros((5, 2), np.float32))


def finding(*faces: Face):
    return lambda frames: [list(faces) for _ in frames]


def picture(height: int = 300, width: int = 400) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_transparent_pictures_lie_on_grey(tmp_path):
    Image.fromarray(np.zeros((80, 90, 4), np.uint8)).save(tmp_path / "a.png")
    assert (read_portrait(tmp_path / "a.png") == 128).all()


def test_exif_rotation_is_applied(tmp_path):
    image = Image.fromarray(picture(100, 80))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "a.png", exif=exif)
    assert read_portrait(tmp_path / "a.png").shape == (80, 100, 3)


@pytest.mark.parametrize("mode", ["L", "P", "CMYK", "I;16"])
def test_other_modes_become_rgb(tmp_path, mode):
    grey = Image.fromarray(picture()[..., 0])
    image = Image.fromarray(picture()[..., 0].astype(np.uint16) * 200) if mode == "I;16" else grey.convert(mode)
    path = tmp_path / ("a.tiff" if mode == "CMYK" else "a.png")
    image.save(path)
    read = read_portrait(path)
    assert read.shape == (300, 400, 3) and read.dtype == np.uint8 and read.std() > 20


@pytest.mark.parametrize("content", [b"just text", b"", b"\x89PNG\r\n\x1a\n broken"])
def test_what_is_no_picture_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(InputError, match="not a readable picture") as error:
        read_portrait(path)
    assert "\n" not in str(error.value)


def test_absent_and_tiny_pictures_are_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_portrait(tmp_path / "none.png")
    Image.fromarray(picture(20, 20)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match="20x20"):
        read_portrait(tmp_path / "a.png")


def test_square_gives_the_face_its_share():
    x0, y0, side = portrait_square(face(180, 120, 220, 170), (400, 400))
    assert side == int(50 / FACE_SHARE)
    assert x0 < 180 and y0 < 120 and x0 + side > 220 and y0 + side > 170


@pytest.mark.parametrize("box", [(0, 0, 60, 80), (330, 200, 400, 290), (50, 0, 350, 300)])
def test_square_stays_inside_the_picture(box):
    x0, y0, side = portrait_square(face(*box), (300, 400))
    assert x0 >= 0 and y0 >= 0 and x0 + side <= 400 and y0 + side <= 300


def test_portrait_has_the_size_asked_for():
    framed = frame_portrait(picture(), 128, finding(face(180, 120, 220, 170)))
    assert framed.shape == (128, 128, 3) and framed.dtype == np.uint8


@pytest.mark.parametrize("size", [0, 63, 129])
def test_odd_and_tiny_sizes_are_refused(size):
    with pytest.raises(InputError, match="even"):
        frame_portrait(picture(), size, finding(face(180, 120, 220, 170)))


def test_no_face_is_refused_with_a_next_step():
    with pytest.raises(InputError, match=r"no face found.*give a picture"):
        frame_portrait(picture(), 128, finding())


def test_two_comparable_faces_are_refused_and_counted():
    with pytest.raises(InputError, match=r"2 faces found.*crop"):
        only_face([face(0, 0, 100, 100), face(200, 0, 270, 70)])


@pytest.mark.parametrize("other", [face(200, 0, 250, 50), face(200, 0, 300, 100, 0.9)])
def test_small_or_doubtful_second_faces_do_not_matter(other):
    main = face(0, 0, 100, 100)
    assert only_face([other, main]).box.tolist() == main.box.tolist() or other.probability < 0.95
