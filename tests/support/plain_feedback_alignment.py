"""Feedback alignment by hand in NumPy: one pass forward and back through the learning network.

Convolution, ReLU, batch norm, max pooling; then fully connected layers with ReLU and batch norm;
the softmax of the output goes through log-softmax once more.  Written from the equations; errors
pass every matrix and kernel through its feedback weights, everything else by its exact derivative.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

EPSILON = 1e-5  # batch norm


def softmax(a):
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def norm(x, axes):
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(var + EPSILON), 1.0 / np.sqrt(var + EPSILON)


def norm_back(error, hat, inverse_sd, axes):
    """Through the normalisation; the gain comes before."""
    centred = error - error.mean(axes, keepdims=True)
    return inverse_sd * (centred - hat * (error * hat).mean(axes, keepdims=True))


def pool(x):
    b, c, h, w = x.shape
    cut = x[:, :, : h // 2 * 2, : w // 2 * 2]
    return (
        cut.reshape(b, c, h // 2, 2, w // 2, 2)
        .transpose(0, 1, 2, 4, 3, 5)
        .reshape(b, c, h // 2, w // 2, 4)
    )


def pool_back(error, shape, winner):
    b, c, h, w = shape
    spread = np.zeros((*error.shape, 4))
    np.put_along_axis(spread, winner[..., np.newaxis], error[..., np.newaxis], axis=-1)
    spread = spread.reshape(b, c, h // 2, w // 2, 2, 2).transpose(0, 1, 2, 4, 3, 5)
    whole = np.zeros(shape)
    whole[:, :, : h // 2 * 2, : w // 2 * 2] = spread.reshape(b, c, h // 2 * 2, w // 2 * 2)
    return whole


def convolve(x, kernel):
    return np.einsum("bchwij,ocij->bohw", sliding_window_view(x, kernel.shape[2:], (2, 3)), kernel)


def transposed_convolve(error, kernel):
    size = kernel.shape[2]
    edges = ((0, 0), (0, 0), (size - 1, size - 1), (size - 1, size - 1))
    windows = sliding_window_view(np.pad(error, edges), kernel.shape[2:], (2, 3))
    return np.einsum("bohwij,ocij->bchw", windows, kernel[:, :, ::-1, ::-1])


def gradients(x, labels, values, convolutions, full, *, transported, double_softmax=True):
    """Loss, and gradients ``layer/weight``, ``layer/bias``, and ``layer_norm/`` both.

    Gains and biases of batch norm are 1 and 0 where `values` has none.
    """
    b, found, tape = len(x), {}, []

    def affine(name, maps):
        shape = (-1, 1, 1) if maps else (-1,)
        gain = values.get(f"{name}_norm/weight", np.ones(len(values[f"{name}/weight"])))
        bias = values.get(f"{name}_norm/bias", np.zeros(len(values[f"{name}/weight"])))
        return gain.reshape(shape), bias.reshape(shape)

    for name in convolutions:
        a = convolve(x, values[f"{name}/weight"])
        hat, inverse = norm(np.maximum(a, 0.0), (0, 2, 3))
        gain, bias = affine(name, maps=True)
        squares = pool(gain * hat + bias)
        tape.append((name, x, a, hat, inverse, squares.argmax(-1)))
        x = squares.max(-1)
    maps_shape, x = x.shape, x.reshape(b, -1)
    for name in full[:-1]:
        a = x @ values[f"{name}/weight"].T + values[f"{name}/bias"]
        hat, inverse = norm(np.maximum(a, 0.0), 0)
        tape.append((name, x, a, hat, inverse, None))
        gain, bias = affine(name, maps=False)
        x = gain * hat + bias
    last = full[-1]
    a = x @ values[f"{last}/weight"].T + values[f"{last}/bias"]

    onehot = np.eye(a.shape[1])[labels]
    if double_softmax:
        p = softmax(a)
        q = softmax(p)
        loss = -np.log(q[np.arange(b), labels]).mean()
        error = (q - onehot) / b
        error = p * (error - (p * error).sum(axis=1, keepdims=True))
    else:
        q = softmax(a)
        loss = -np.log(q[np.arange(b), labels]).mean()
        error = (q - onehot) / b

    down = "weight" if transported else "feedback"
    found[f"{last}/weight"], found[f"{last}/bias"] = error.T @ x, error.sum(0)
    error = error @ values[f"{last}/{down}"]
    for name, x, a, hat, inverse, winner in reversed(tape):
        if winner is None:
            found[f"{name}_norm/weight"] = (error * hat).sum(0)
            found[f"{name}_norm/bias"] = error.sum(0)
            error = norm_back(error * affine(name, maps=False)[0], hat, inverse, 0) * (a > 0)
            found[f"{name}/weight"], found[f"{name}/bias"] = error.T @ x, error.sum(0)
            error = error @ values[f"{name}/{down}"]
            continue
        if error.ndim == 2:
            error = error.reshape(maps_shape)
        error = pool_back(error, hat.shape, winner)
        found[f"{name}_norm/weight"] = (error * hat).sum((0, 2, 3))
        found[f"{name}_norm/bias"] = error.sum((0, 2, 3))
        error = error * affine(name, maps=True)[0]
        error = norm_back(error, hat, inverse, (0, 2, 3)) * (a > 0)
        windows = sliding_window_view(x, values[f"{name}/weight"].shape[2:], (2, 3))
        found[f"{name}/weight"] = np.einsum("bohw,bchwij->ocij", error, windows)
        if name != convolutions[0]:
            error = transposed_convolve(error, values[f"{name}/{down}"])
    return loss, found
