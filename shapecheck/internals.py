"""Library modules that mypy need not read: no public annotation leads through them, and reading them takes most of its time.

The only home of this list: `shapecheck check`, the codemod's verification, our tests and the documentation's configuration
use it. A leaf module of plain data, so that every door may import it.
"""

from __future__ import annotations

PRIVATE: tuple[str, ...] = (
    "torch._inductor",
    "torch._dynamo",
    "torch._functorch._aot_autograd",
    "torch._functorch.aot_autograd",
    "torch._functorch.compilers",
    "torch._functorch.eager_transforms",
    "torch._functorch.partitioners",
    "torch._higher_order_ops",
    "torch._export",
    "torch._subclasses",
    "torch._numpy",
    "torch._refs",
    "torch._prims",
    "torch._prims_common",
    "torch._meta_registrations",
    "torch._native",
    "torch._decomp",
    "torch._guards",
    "torch._library",
    "torch._logging",
    "torch._vendor",
    "torch.testing._internal",
    "torch.utils._sympy",
    "jax._src.pallas",
)
"""Skipped always: programs do not import them. Nothing of jaxlib: mypy 2.4.1's daemon fails after an edit when it is skipped."""

SELDOM: tuple[str, ...] = (
    "torch.ao",
    "torch.distributed",
    "torch.export",
    "torch.fx",
    "torch.onnx",
    "torch.package",
    "torch.profiler",
    "torch.quantization",
    "torch.utils.tensorboard",
    "jax.experimental",
)
"""Skipped unless the checked program imports them: a class with a skipped base would be `Any` to mypy."""

SKIPPED: tuple[str, ...] = PRIVATE + SELDOM
