"""Layers that send errors down through weights of their own (feedback alignment).

An ordinary layer with weights W sends the error of its output down as the transpose of W applied
to it.  These put a fixed matrix (or kernel) of the same shape in the place of W there (Lillicrap
et al. 2016); the gradients of W and of the bias are the ordinary ones, and the feedback gets none.

Imports PyTorch: import this module only where a circuit needs it.
"""

from __future__ import annotations

from typing import Any

import torch


class _Linear(torch.autograd.Function):
    """``y = x W' + b``, errors down through the feedback instead of W."""

    @staticmethod
    def forward(x: Any, weight: Any, bias: Any, feedback: Any) -> Any:
        del feedback
        return torch.nn.functional.linear(x, weight, bias)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        del output
        x, _, _, feedback = inputs
        ctx.save_for_backward(x, feedback)

    @staticmethod
    def backward(ctx: Any, error: Any) -> tuple[Any, ...]:
        x, feedback = ctx.saved_tensors
        down = error @ feedback if ctx.needs_input_grad[0] else None
        return down, error.T @ x, error.sum(0), None


class _Convolution(torch.autograd.Function):
    """A convolution without padding and bias, errors down through the feedback kernel."""

    @staticmethod
    def forward(x: Any, weight: Any, feedback: Any) -> Any:
        del feedback
        return torch.nn.functional.conv2d(x, weight)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        del output
        x, _, feedback = inputs
        ctx.save_for_backward(x, feedback)

    @staticmethod
    def backward(ctx: Any, error: Any) -> tuple[Any, ...]:
        x, feedback = ctx.saved_tensors
        wanted = [ctx.needs_input_grad[0], True, False]
        # The gradient of the weights does not depend on their values, that of the input is the
        # transposed convolution with the kernel given here.
        down, gradient, _ = torch.ops.aten.convolution_backward(
            error, x, feedback, None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1, wanted
        )
        return down, gradient, None


class Linear(torch.nn.Module):
    """A fully connected layer.

    Parameters
    ----------
    weight : Tensor, shape (outputs, inputs)
    bias : Tensor, shape (outputs,)
    feedback : Tensor, shape (outputs, inputs), optional
        Errors are sent down through it; without it through `weight`.
    """

    def __init__(self, weight: Any, bias: Any, feedback: Any | None) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(weight)
        self.bias = torch.nn.Parameter(bias)
        self.register_buffer("feedback", feedback)

    def forward(self, x: Any) -> Any:
        """Activations below to activations; shapes (batch, inputs) and (batch, outputs)."""
        if self.feedback is None:
            return torch.nn.functional.linear(x, self.weight, self.bias)
        return _Linear.apply(x, self.weight, self.bias, self.feedback)


class Convolution(torch.nn.Module):
    """A convolution, stride 1, without padding and bias.

    Parameters
    ----------
    weight : Tensor, shape (maps, channels, kernel, kernel)
    feedback : Tensor, shape of `weight`, optional
        Errors are sent down through it; without it through `weight`.
    """

    def __init__(self, weight: Any, feedback: Any | None) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(weight)
        self.register_buffer("feedback", feedback)

    def forward(self, x: Any) -> Any:
        """Maps below to maps, (batch, channels, rows, columns) each."""
        if self.feedback is None:
            return torch.nn.functional.conv2d(x, self.weight)
        return _Convolution.apply(x, self.weight, self.feedback)


__all__ = ["Convolution", "Linear"]
