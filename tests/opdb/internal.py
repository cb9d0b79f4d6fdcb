"""Entries of the databases that are no operations for users, each with the reason. They need no rule."""

from __future__ import annotations

from collections.abc import Mapping

KERNELS: Mapping[str, str] = {
    "native_group_norm": "the kernel of F.group_norm",
    "native_layer_norm": "the kernel of F.layer_norm",
    "native_batch_norm": "the kernel of F.batch_norm",
    "constant_pad_nd": "the kernel of F.pad",
    "grid_sampler_2d": "the kernel of F.grid_sample",
    "grid_sampler_3d": "the kernel of F.grid_sample",
    "slice": "the kernel of x[a:b]",
    "max_pool2d_with_indices_backward": "a backward pass",
    "native_dropout_backward": "a backward pass",
    "sparse.sampled_addmm": "of sparse arrays",
    "sparse.mm": "of sparse arrays",
}
"""Entries without an underscore in front, and what they are."""


def why_internal(entry: str) -> str | None:
    """Why an entry is internal, None when users call it.

    Args:
        entry: as the databases call it, perhaps with a variant: `_segment_reduce offsets`.
    """
    name = entry.partition(" ")[0]
    path = name.removeprefix("torch.").split(".")
    if path[0] == "ops" or any(part.startswith("_") and not part.startswith("__") for part in path):
        return "a private name"
    if name.startswith("jiterator"):
        return "compiled from text at run time, on GPUs"
    return KERNELS.get(name)
