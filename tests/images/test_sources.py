"""Reading sets of images, and showing them in batches."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from neuromodels import images
from neuromodels.errors import EnvironmentProblem, UsageError
from neuromodels.images import sources


def idx(values):
    values = np.asarray(values, dtype=np.uint8)
    return (
        bytes((0, 0, 8, values.ndim))
        + struct.pack(f">{values.ndim}I", *values.shape)
        + bytes(values.ravel())
    )


@pytest.fixture
def pixels():
    return np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)


@pytest.fixture
def folder(tmp_path, pixels):
    """A set of five training and two test images, two of its files compressed."""
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(pixels))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx([0, 1, 2, 1, 0])))
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(pixels[:2])))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx([1, 3]))
    return tmp_path


def test_a_directory_of_idx_files(folder, pixels):
    for name in ("idx", "fashion-mnist"):
        found = images.load(name, str(folder))
        assert np.array_equal(found.train.pixels, pixels[:, np.newaxis])
        assert np.array_equal(found.train.labels, [0, 1, 2, 1, 0])
        assert np.array_equal(found.test.pixels, pixels[:2, np.newaxis])
        assert found.classes == 4


def test_other_names_of_idx_files(folder):
    for path in list(folder.iterdir()):
        new = "letters-" + path.name.replace("t10k", "test").replace("s-idx", "s.idx")
        path.rename(folder / new)
    assert len(images.load("idx", str(folder)).test) == 2


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train-images-idx3-ubyte", lambda old: old[:-1], "has 75 bytes, its header says 76"),
        ("train-images-idx3-ubyte", lambda old: old + b"x", "has 77 bytes, its header says 76"),
        ("train-images-idx3-ubyte", lambda old: old[:10], "ends within its header"),
        ("train-images-idx3-ubyte", lambda _: b"<html>", "no IDX file of bytes in 3 dimensions"),
        ("train-images-idx3-ubyte", lambda _: b"", "no IDX file of bytes in 3 dimensions"),
        ("train-images-idx3-ubyte", lambda _: idx([1, 2]), "no IDX file of bytes in 3 dimensions"),
        ("train-images-idx3-ubyte", lambda _: idx(np.zeros((0, 4, 3))), "0 images"),
        ("t10k-labels-idx1-ubyte", lambda _: idx([1, 2, 3]), "3 labels for the 2 images"),
        ("t10k-images-idx3-ubyte.gz", lambda old: old[:-12], "cannot be decompressed"),
        ("t10k-images-idx3-ubyte.gz", lambda _: idx([1]), "cannot be decompressed"),
    ],
)
def test_broken_idx_files(folder, name, content, message):
    path = folder / name
    path.write_bytes(content(path.read_bytes()))
    with pytest.raises(UsageError) as caught:
        images.load("idx", str(folder))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_and_ambiguous_files(folder):
    with pytest.raises(UsageError, match="no directory of images is given"):
        images.load("idx")
    with pytest.raises(UsageError, match="nowhere: cannot be read"):
        images.load("idx", str(folder / "nowhere"))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx([0]))
    with pytest.raises(UsageError, match=r"both train-labels-idx1-ubyte and train-.*\.gz"):
        images.load("idx", str(folder))
    for path in folder.glob("t10k-images*"):
        path.unlink()
    (folder / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(UsageError, match=r"no file t10k-images-idx3-ubyte\[\.gz\]"):
        images.load("idx", str(folder))


def test_fashion_mnist_where_debian_puts_it(folder, monkeypatch):
    monkeypatch.setattr(sources, "FASHION_MNIST", folder)
    assert len(images.load("fashion-mnist").train) == 5
    monkeypatch.setattr(sources, "FASHION_MNIST", folder / "nowhere")
    with pytest.raises(EnvironmentProblem, match="apt-get install dataset-fashion-mnist"):
        images.load("fashion-mnist")


def test_cifar_10(tmp_path):
    rng = np.random.default_rng(1)
    planes = rng.integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)
    names = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
    for i, name in enumerate(names):
        records = [bytes([j % 10]) + planes[j].tobytes() for j in (2 * i, 2 * i + 1)]
        (tmp_path / name).write_bytes(b"".join(records))
    found = images.load("cifar-10", str(tmp_path))
    assert np.array_equal(found.train.pixels, planes[:10])
    assert np.array_equal(found.train.labels, np.arange(10))
    assert np.array_equal(found.test.pixels, planes[10:])

    batch = tmp_path / "data_batch_3.bin"
    whole = batch.read_bytes()
    for content, message in (
        (whole[:-1], "has 6145 bytes, no multiple of 3073"),
        (b"", "has 0 bytes"),
        (b"\x0b" + whole[1:], "has the label 11"),
    ):
        batch.write_bytes(content)
        with pytest.raises(UsageError, match=message):
            images.load("cifar-10", str(tmp_path))
    batch.unlink()
    with pytest.raises(UsageError, match=r"data_batch_3\.bin: cannot be read"):
        images.load("cifar-10", str(tmp_path))


def test_digits_need_no_directory():
    with pytest.raises(UsageError, match="leave data_dir out"):
        images.load("digits", ".")


def test_first_and_padded(pixels):
    whole = images.Images(pixels[:, np.newaxis], np.arange(5))
    assert whole.first(None) is whole
    assert np.array_equal(whole.first(2).labels, [0, 1])
    with pytest.raises(UsageError, match="6 images are asked for, the set has 5"):
        whole.first(6)
    padded = whole.padded(7).pixels
    assert padded.shape == (5, 1, 7, 7)
    assert np.array_equal(padded[:, 0, 1:5, 2:5], pixels)
    assert padded.sum() == pixels.sum()
    assert whole.padded(None) is whole
    with pytest.raises(UsageError, match="4 x 3 pixels do not fit into 3 x 3"):
        whole.padded(3)


def test_shuffled_without_shifts_is_one_permutation(pixels):
    whole = images.Images(pixels[:, np.newaxis], np.arange(5))
    rng = np.random.default_rng(7)
    shown = list(whole.shuffled(2, rng, shift=0, mirror=False))
    assert [len(labels) for _, labels in shown] == [2, 2, 1]
    order = np.concatenate([labels for _, labels in shown])
    again = np.random.default_rng(7)
    assert np.array_equal(order, again.permutation(5))
    assert np.array_equal(np.concatenate([p for p, _ in shown])[:, 0], pixels[order])
    # Nothing else was drawn.
    assert rng.random() == again.random()


def test_in_order(pixels):
    whole = images.Images(pixels[:, np.newaxis], np.arange(5))
    assert [list(labels) for _, labels in whole.in_order(2)] == [[0, 1], [2, 3], [4]]


def test_digits_keep_their_grey_levels():
    pytest.importorskip("sklearn", reason="scikit-learn, which has the digits, is missing")
    found = images.load("digits")
    assert (len(found.train), len(found.test), found.classes) == (1437, 360, 10)
    assert found.train.white == found.train.pixels.max() == 16
    assert found.train.first(10).white == found.train.padded(12).white == 16
