import numpy as np

from tellbench.generator.meshwarp.raster import FAR, cubic, draw, draw_ids, linear

SQUARE = np.array([[0, 0], [8, 0], [0, 8], [8, 8]], np.float32)
FACES = np.array([[0, 2, 1], [1, 2, 3]], np.int32)


def _canvas():
    return np.zeros((8, 8, 2), np.float32), np.full((8, 8), FAR, np.float32), np.zeros((8, 8), np.uint8)


def _at_depth(z):
    return np.column_stack([SQUARE, np.full(4, z, np.float32)])


def test_values_are_interpolated_at_pixel_centres_without_holes():
    out, depth, label = _canvas()
    draw(_at_depth(5), SQUARE, FACES, np.ones(2, np.uint8), out, depth, label)
    x, y = np.meshgrid(np.arange(8) + 0.5, np.arange(8) + 0.5)
    np.testing.assert_allclose(out, np.stack([x, y], -1), atol=1e-5)
    assert (label == 1).all()


def test_nearest_wins_whatever_the_order():
    for order in ((3, 7), (7, 3)):
        out, depth, label = _canvas()
        for z in order:
            draw(_at_depth(z), SQUARE, FACES, np.full(2, z, np.uint8), out, depth, label)
        assert (label == 3).all()


def test_triangles_beyond_the_picture_and_edge_on_ones_do_no_harm():
    out, depth, label = _canvas()
    points = _at_depth(2) + np.array([100, 0, 0], np.float32)
    draw(points, SQUARE, FACES, np.ones(2, np.uint8), out, depth, label)
    flat = _at_depth(2)
    flat[:, 0] = 3
    draw(flat, SQUARE, FACES, np.ones(2, np.uint8), out, depth, label)
    assert not label.any()


def test_ids_and_weights_give_the_place_back():
    index, weights, depth = (
        np.full((8, 8), -1, np.int32),
        np.zeros((8, 8, 3), np.float32),
        np.full((8, 8), FAR, np.float32),
    )
    draw_ids(_at_depth(5), FACES, index, weights, depth)
    place = (SQUARE[FACES[index]] * weights[..., None]).sum(2)
    x, y = np.meshgrid(np.arange(8) + 0.5, np.arange(8) + 0.5)
    np.testing.assert_allclose(place, np.stack([x, y], -1), atol=1e-5)


def test_lookups_are_exact_at_centres_and_on_ramps():
    picture = np.random.default_rng(0).uniform(0, 255, (9, 9, 3)).astype(np.float32)
    out = np.zeros(3, np.float32)
    for lookup in (linear, cubic):
        lookup(picture, 4.5, 3.5, out)
        np.testing.assert_allclose(out, picture[3, 4], atol=1e-2)
    ramp = np.repeat(np.arange(9, dtype=np.float32)[None, :, None], 9, 0).repeat(3, 2).copy()
    cubic(ramp, 4.8, 4.1, out)
    np.testing.assert_allclose(out, 4.3, atol=1e-4)
