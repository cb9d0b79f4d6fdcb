"""Arguments that are one of few words: `mode="bilinear"`, `norm="ortho"`. Another word is refused, whatever the shapes are.

    one_of("approximate", "none tanh", "F.gelu")

Only operations stand here whose stubs say no more than `str`; numpy's say the words themselves, so any type checker refuses
others. The words of `reduction=` are in `losses`. `refusals` puts the table on top of the families' rules.
"""

from __future__ import annotations

from dataclasses import dataclass

from shapecheck.core.shape import Mismatch
from shapecheck.core.value import UNKNOWN, Arguments, Result
from shapecheck.rules.families import TORCH, spelled


@dataclass(frozen=True, slots=True)
class Choice:
    """A parameter of operations (`names`), and its words in the order in which messages list them."""

    parameter: str
    words: tuple[str, ...]
    names: tuple[str, ...]

    def refused(self, a: Arguments) -> Result:
        """The mismatch of another word."""
        given = a.values.get(self.parameter)
        if not isinstance(given, str) or given in self.words:
            return UNKNOWN
        listed = ", ".join(map(repr, self.words))
        return Mismatch("shape-op", f"{self.parameter}={given!r} is none of {listed}", None, listed, repr(given))


def one_of(parameter: str, words: str, *names: str) -> Choice:
    """A row; `parameter` is the first spelling that the rules have."""
    return Choice(parameter, tuple(words.split()), names)


_RESIZED = "nearest linear bilinear bicubic trilinear area nearest-exact"
_TRANSFORMS = "fft ifft rfft irfft hfft ihfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn"
_CONVOLUTIONS = spelled("conv1d conv2d conv3d", "F.{}", "torch.{}")

TABLE: tuple[Choice, ...] = (
    one_of("approximate", "none tanh", "F.gelu"),
    one_of("mode", "sum mean max", "F.embedding_bag"),
    one_of("mode", "constant reflect replicate circular", "F.pad"),
    one_of("mode", _RESIZED, "F.interpolate", "F.upsample"),
    one_of("mode", "bilinear nearest bicubic", "F.grid_sample"),
    one_of("padding_mode", "zeros border reflection", "F.grid_sample"),
    one_of("padding", "valid same", *_CONVOLUTIONS),
    one_of("mode", "reduced complete r", "torch.linalg.qr"),
    one_of(
        "norm",
        "forward backward ortho",
        *spelled(_TRANSFORMS, "torch.fft.{}", "jnp.fft.{}"),
        *spelled("hfft2 ihfft2 hfftn ihfftn", "torch.fft.{}"),
    ),
    one_of("rounding_mode", "floor trunc", *spelled("div divide", *TORCH), "Tensor.div_", "Tensor.divide_"),
    one_of("interpolation", "linear lower higher midpoint nearest", *spelled("quantile nanquantile", *TORCH)),
    one_of("indexing", "ij xy", "torch.meshgrid"),
    one_of("side", "left right", "torch.searchsorted"),
    one_of(
        "compute_mode", "use_mm_for_euclid_dist_if_necessary use_mm_for_euclid_dist donot_use_mm_for_euclid_dist", "torch.cdist"
    ),
)
