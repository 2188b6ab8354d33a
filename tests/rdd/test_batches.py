"""Batches for rdd/learning, scaled as published; no PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from neuromodels_rdd.learning.batches import scaled, training_batches

from neuromodels import images


@pytest.fixture
def coloured():
    rng = np.random.default_rng(3)
    return images.Images(rng.integers(1, 256, (41, 2, 6, 6), dtype=np.uint8), np.arange(41))


def test_every_image_once(coloured):
    rng = np.random.default_rng(1)
    batches = list(training_batches(coloured, 10, rng, shift=0, mirror=False))
    # The last one, a single image, is left out.
    assert [len(labels) for _, labels in batches] == [10, 10, 10, 10]
    for values, labels in batches:
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, scaled(coloured.pixels[labels], 255))
    seen = np.concatenate([labels for _, labels in batches])
    assert len(set(seen)) == 40
    assert not np.array_equal(seen, np.sort(seen))


def test_scaled_as_published():
    values = np.arange(256, dtype=np.uint8)
    np.testing.assert_allclose(scaled(values, 255), (values / 255 - 0.5) / 0.5, atol=1e-7)
    np.testing.assert_array_equal(scaled(np.array([0, 8, 16], dtype=np.uint8), 16), [-1, 0, 1])


def test_shifted_and_mirrored_images(coloured):
    """Each is a crop of the image in a frame of zeros, or of its mirror image: by exhaustion."""
    rng, shift = np.random.default_rng(2), 2
    seen = set()
    for _ in range(20):
        for values, labels in training_batches(coloured, 8, rng, shift=shift, mirror=True):
            for value, label in zip(values, labels, strict=True):
                frame = np.pad(coloured.pixels[label], ((0, 0), (shift, shift), (shift, shift)))
                crops = {
                    (y, x, flip): frame[:, y : y + 6, x : x + 6][..., :: -1 if flip else 1]
                    for y in range(5)
                    for x in range(5)
                    for flip in (False, True)
                }
                found = [k for k, crop in crops.items() if np.array_equal(scaled(crop, 255), value)]
                assert len(found) == 1
                seen.update(found)
    assert len(seen) == 50


def test_batches_depend_on_the_generator_only(coloured):
    def batches(seed):
        rng = np.random.default_rng(seed)
        return [v.sum() for v, _ in training_batches(coloured, 7, rng, shift=1, mirror=True)]

    assert batches(1) == batches(1)
    assert batches(1) != batches(2)
