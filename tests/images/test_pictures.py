"""Sets of image files: SVHN, PASCAL VOC, ImageNet as a folder of classes."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.io import savemat

from neuromodels import images
from neuromodels.errors import NeuromodelsError, UsageError

Image = pytest.importorskip("PIL.Image", reason="Pillow is missing")


def refused(message, name, *where, **how):
    """Reading is refused in one line that has `message`."""
    with pytest.raises(NeuromodelsError) as caught:
        images.load(name, *map(str, where), **how)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def picture(path, width, height, colour, kind="JPEG"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.broadcast_to(np.array(colour, dtype=np.uint8), (height, width, 3))
    Image.fromarray(np.ascontiguousarray(pixels)).save(path, kind)


# -- SVHN -----------------------------------------------------------------------------------------


@pytest.fixture
def svhn(tmp_path):
    rng = np.random.default_rng(1)
    for part, n in (("train", 5), ("test", 2)):
        X = rng.integers(0, 256, (32, 32, 3, n), dtype=np.uint8)
        y = np.array([[10], [1], [9], [2], [10]][:n], dtype=np.uint8)
        savemat(tmp_path / f"{part}_32x32.mat", {"X": X, "y": y})
        np.save(tmp_path / f"{part}.npy", X)
    return tmp_path


def test_svhn(svhn):
    found = images.load("svhn", str(svhn))
    X = np.load(svhn / "train.npy")
    assert found.train.pixels.shape == (5, 3, 32, 32)
    assert found.train.pixels[3, 2, 7, 30] == X[7, 30, 2, 3]
    assert np.array_equal(found.train.labels, [0, 1, 9, 2, 0])
    assert np.array_equal(found.test.labels, [0, 1])
    assert found.classes == 10


def test_one_image_of_svhn_has_no_last_axis(svhn):
    X = np.load(svhn / "test.npy")[..., 0]
    savemat(svhn / "test_32x32.mat", {"X": X, "y": np.array([[3]], dtype=np.uint8)})
    assert images.load("svhn", str(svhn)).test.pixels.shape == (1, 3, 32, 32)


def test_damaged_svhn(svhn):
    path = svhn / "train_32x32.mat"
    whole = path.read_bytes()
    X = np.load(svhn / "train.npy")
    y = np.ones((5, 1), dtype=np.uint8)
    for content in (whole[: len(whole) // 2], b"", b"<html>", b"\x00" * 500, whole[:140]):
        path.write_bytes(content)
        refused("train_32x32.mat", "svhn", svhn)
    for values, message in (
        ({"X": X}, "has no variable y"),
        ({"Z": X}, "has no variable X and no y"),
        ({"X": X.astype(float), "y": y}, "has X of 32 x 32 x 3 x 5 numbers (float64)"),
        ({"X": X[:20], "y": y}, "has X of 20 x 32 x 3 x 5 numbers"),
        ({"X": X, "y": y[:4]}, "has 4 labels for 5 images"),
        ({"X": X, "y": y + 10}, "has labels that are not 1 to 10"),
        ({"X": X, "y": y * 0}, "has labels that are not 1 to 10"),
    ):
        savemat(path, values)
        refused(message, "svhn", svhn)
    path.unlink()
    refused("train_32x32.mat: cannot be read: No such file or directory", "svhn", svhn)
    refused("no directory of images is given", "svhn")


# -- PASCAL VOC -----------------------------------------------------------------------------------


@pytest.fixture
def voc(tmp_path):
    """Five photographs for training, of which two show one class, and one for testing."""
    lists = tmp_path / "VOCdevkit" / "VOC2012" / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    said = {
        "train": {"a": "cat", "b": "dog", "c": "cat dog", "d": "cat (dog)", "e": ""},
        "val": {"f": "dog"},
    }
    for part, photographs in said.items():
        for kind in ("cat", "dog"):
            lines = []
            for name, shown in photographs.items():
                words = shown.split()
                value = 1 if kind in words else 0 if f"({kind})" in words else -1
                lines.append(f"{name} {value:2d}\n")
            (lists / f"{kind}_{part}.txt").write_text("".join(lines))
        (lists / f"{part}.txt").write_text("".join(f"{name}\n" for name in photographs))
    jpeg = lists.parents[1] / "JPEGImages"
    for number, name in enumerate("abcdef"):
        picture(jpeg / f"{name}.jpg", 60 + number, 40, (40 * number, 100, 200))
    return tmp_path / "VOCdevkit"


def test_voc(voc):
    for where in (voc, voc / "VOC2012"):
        found = images.load("voc", str(where), 16)
        assert found.train.pixels.shape == (2, 3, 16, 16)
        assert np.array_equal(found.train.labels, [0, 1])
        assert np.array_equal(found.test.labels, [1])
        # JPEG keeps a plain colour but for rounding.
        np.testing.assert_allclose(found.train.pixels[1].mean((1, 2)), [40, 100, 200], atol=3)
    assert images.load("voc", str(voc)).train.shape == (3, 32, 32)


def test_damaged_voc(voc):
    year = voc / "VOC2012"
    refused("no directory of images is given", "voc")
    refused("no directory ImageSets in it", "voc", year / "JPEGImages")
    photograph = year / "JPEGImages" / "b.jpg"
    whole = photograph.read_bytes()
    for content, message in (
        (b"", "b.jpg: is no image"),
        (b"<html>", "b.jpg: is no image"),
        (whole[:-200], "b.jpg: cannot be decoded"),
    ):
        photograph.write_bytes(content)
        refused(message, "voc", voc)
    photograph.unlink()
    refused("b.jpg: cannot be read: No such file or directory", "voc", voc)
    photograph.write_bytes(whole)
    names = year / "ImageSets" / "Main" / "dog_train.txt"
    right = names.read_text()
    names.write_text(right + "x 2\n")
    refused("line 6: 'x 2' is no name with 1, 0 or -1", "voc", voc)
    names.unlink()
    refused("no lists CLASS_train.txt of at least two classes", "voc", voc)
    names.write_text(right)
    (voc / "VOC2007" / "ImageSets").mkdir(parents=True)
    refused("has VOC2007, VOC2012", "voc", voc)


def test_circuits_learn_from_all_of_them(svhn, voc, folders):
    """The same command, another data set: what a circuit is made from."""
    from neuromodels_burstprop.deep.circuit import Deep, DeepParameters

    for dataset, where, shape, classes in (
        ("svhn", svhn, (3, 32, 32), 10),
        ("voc", voc, (3, 32, 32), 2),
        ("imagenet", folders, (3, 224, 224), 2),
    ):
        values = {
            "dataset": dataset, "data_dir": str(where), "hidden": (5,), "batch": 2,
            "rate_hidden": 0.1, "rate_output": 0.1,
        }  # fmt: skip
        circuit = Deep(DeepParameters.resolve(values))
        assert circuit.images.train.shape == shape
        assert circuit.layers[-1].units == classes
        circuit.build(_Kernel())
        circuit._learn(_Kernel())
        assert 0 <= circuit.test_error <= 100
        assert circuit.learner.epochs == 1


class _Kernel:
    """What a circuit without neurons asks of its network."""

    nest = SimpleNamespace(local_num_threads=1, total_num_virtual_procs=1, num_processes=1)

    def signal(self, *args, **kwargs):
        pass

    def once(self, do):
        return do()


# -- a folder of classes --------------------------------------------------------------------------


@pytest.fixture
def folders(tmp_path):
    for part, n in (("train", 3), ("val", 1)):
        for label, name in enumerate(("n01", "n02")):
            for number in range(n - (label if part == "train" else 0)):
                colour = (100 * label, 50 * number, 7)
                picture(tmp_path / part / name / f"{number}.JPEG", 40, 30, colour)
    return tmp_path


def test_a_folder_of_classes(folders):
    found = images.load("imagenet", str(folders), 20)
    assert found.classes == 2
    assert found.train.shape == (3, 20, 20)
    # The first of every class, the second of every class, ...
    assert np.array_equal(found.train.labels, [0, 1, 0, 1, 0])
    assert np.array_equal(found.train.first(2).labels, [0, 1])
    batches = list(found.train.in_order(4))
    assert [len(labels) for _, labels in batches] == [4, 1]
    colours = np.concatenate([pixels.mean((2, 3)) for pixels, _ in batches])
    np.testing.assert_allclose(colours[:, 0], 100 * found.train.labels, atol=4)
    np.testing.assert_allclose(colours[:, 1], [0, 0, 50, 50, 100], atol=4)


def test_the_centre_is_tested_and_a_random_part_is_learned_from(folders):
    """A picture whose red is its column, whose green is its row."""
    path = folders / "train" / "n01" / "0.JPEG"
    columns, rows = np.meshgrid(np.arange(200), np.arange(100))
    pixels = np.stack([columns, rows, 0 * rows], axis=-1).astype(np.uint8)
    Image.fromarray(pixels).save(path, "PNG")
    whole = images.load("imagenet", str(folders), 40).train.first(1)
    [(centre, _)] = whole.in_order(1)
    # 7/8 of the shorter side: 87.5 of 100 rows, and columns around 99.5.
    red, green = centre[0, 0].astype(float), centre[0, 1].astype(float)
    assert red.mean() == pytest.approx(99.5, abs=1)
    assert np.ptp(red) == pytest.approx(87.5 * 39 / 40, abs=2)
    assert np.ptp(green) == pytest.approx(87.5 * 39 / 40, abs=2)

    rng = np.random.default_rng(2)
    areas, mirrored = [], 0
    for _ in range(300):
        [(shown, _)] = whole.shuffled(1, rng, shift=0, mirror=True)
        red, green = shown[0, 0].astype(float), shown[0, 1].astype(float)
        width, height = np.ptp(red) * 40 / 39, np.ptp(green) * 40 / 39
        mirrored += red[0, 0] > red[0, -1]
        areas.append(width * height / (200 * 100))
        assert width <= 202
        assert height <= 102
    assert 110 < mirrored < 190
    assert 0.05 < min(areas) < 0.15
    assert max(areas) > 0.6


def test_broken_folders(folders):
    refused("no directory of images is given", "imagenet")
    (folders / "train" / "n01" / "0.JPEG").write_bytes(b"no")
    with pytest.raises(UsageError, match=r"0\.JPEG: is no image"):
        list(images.load("imagenet", str(folders)).train.in_order(2))
    (folders / "val" / "n03").mkdir()
    refused("n03: has no images", "imagenet", folders)
    picture(folders / "val" / "n03" / "1.png", 8, 8, (1, 2, 3), "PNG")
    refused("only one of them has n03", "imagenet", folders)
    refused("train: has folders of 0 classes", "imagenet", _only_val(folders))


def _only_val(folders):
    for path in (folders / "train").rglob("*.JPEG"):
        path.unlink()
    for path in (folders / "train").iterdir():
        path.rmdir()
    return folders
