"""Library modules that mypy need not read: no public annotation leads through them, and reading them takes most of its time.

The only home of this list: `shapecheck check`, the codemod's verification, our tests and the documentation's configuration
use it. A leaf module of plain data, so that every door may import it. Not for mypy's daemon: version 2.4.1 reads skipped
modules after all when a file is edited, for minutes, and then fails with a KeyError.
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
    "jaxlib.mlir",
    "jaxlib.mosaic",
    "jaxlib.triton",
    "jax._src.pallas",
)
"""Skipped always: programs do not import them."""

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
    "IPython",  # jax and jaxtyping import it where it is installed
)
"""Skipped unless the checked program imports them: a class with a skipped base would be `Any` to mypy."""

SKIPPED: tuple[str, ...] = PRIVATE + SELDOM
