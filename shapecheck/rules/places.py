"""What libraries take by place after the parameters that a rule lists: `F.dropout(x, 0.1)`, `np.add(a, b, out)`.

A row of a table serves several operations and lists what their shapes depend on. The rest of an operation's own signature
stands here, so that an argument passed by place means the same as one passed by name. Read when a rule or layer is applied; the
tests compare it with the libraries' signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ROWS: Mapping[str, str] = MappingProxyType(
    {
        "UPLO": "jnp.linalg.eigvalsh np.linalg.eigh np.linalg.eigvalsh torch.linalg.eigh torch.linalg.eigvalsh",
        "UPLO symmetrize_input": "jnp.linalg.eigh",
        "accumulate": "Tensor.index_put Tensor.index_put_ torch.index_put",
        "algorithm": "jax.lax.rng_bit_generator",
        "alpha": ("F.celu_ F.elu_ Tensor.subtract Tensor.subtract_ torch.celu torch.rsub torch.subtract"),
        "alpha beta": "torch.hamming_window",
        "alpha inplace": "F.celu F.elu",
        "approximate": "jax.nn.gelu",
        "assume_unique invert": "jnp.isin np.isin",
        "axes": "jnp.fft.fftshift jnp.fft.ifftshift np.fft.fftshift np.fft.ifftshift",
        "axis": "jnp.trim_zeros np.trim_zeros",
        "axis independent": "jax.random.permutation",
        "axis mean variance epsilon where": "jax.nn.standardize",
        "base dtype axis": "jnp.logspace np.logspace",
        "beta threshold": "F.softplus",
        "bias ddof fweights aweights": "np.cov",
        "bias ddof fweights aweights dtype": "jnp.cov",
        "check_valid tol": "np.random.Generator.multivariate_normal np.random.multivariate_normal",
        "contraction_dim use_fast_accum": "F.scaled_grouped_mm F.scaled_mm",
        "copy device": "Array.astype",
        "copy nan posinf neginf": "jnp.nan_to_num np.nan_to_num",
        "cudnn_enable": "torch.layer_norm",
        "deg": "jnp.angle np.angle",
        "device": "np.fft.fftfreq np.fft.rfftfreq torch.as_tensor",
        "device dtype": (
            "nn.BatchNorm1d nn.BatchNorm2d nn.BatchNorm3d nn.Bilinear nn.Conv1d nn.Conv2d nn.Conv3d nn.ConvTranspose1d "
            "nn.ConvTranspose2d nn.ConvTranspose3d nn.EmbeddingBag nn.GRUCell nn.GroupNorm nn.InstanceNorm1d "
            "nn.InstanceNorm2d nn.InstanceNorm3d nn.LSTMCell nn.LayerNorm nn.LazyBatchNorm1d nn.LazyBatchNorm2d "
            "nn.LazyBatchNorm3d nn.LazyConv1d nn.LazyConv2d nn.LazyConv3d nn.LazyConvTranspose1d "
            "nn.LazyConvTranspose2d nn.LazyConvTranspose3d nn.LazyInstanceNorm1d nn.LazyInstanceNorm2d "
            "nn.LazyInstanceNorm3d nn.LazyLinear nn.Linear nn.MultiheadAttention nn.PReLU nn.RMSNorm "
            "nn.TransformerDecoderLayer nn.TransformerEncoderLayer"
        ),
        "dim": "torch.fft.fftshift torch.fft.ifftshift",
        "discont axis": "np.unwrap",
        "discont axis period": "jnp.unwrap",
        "div_value head_bias device dtype": "nn.AdaptiveLogSoftmaxWithLoss",
        "dropout activation custom_encoder custom_decoder layer_norm_eps batch_first norm_first bias device dtype": "nn.Transformer",
        "dtype": "Tensor.norm jnp.concatenate jnp.corrcoef jnp.dstack jnp.hstack jnp.vstack np.ascontiguousarray",
        "dtype axis": "jnp.geomspace np.geomspace",
        "dtype device requires_grad pin_memory": "Tensor.new_tensor torch.tensor",
        "enable_nested_tensor mask_check": "nn.TransformerEncoder",
        "eps": "F.cosine_similarity torch.cosine_similarity",
        "eps channelwise_affine dtype": "equinox.nn.GroupNorm",
        "eps out": "F.normalize",
        "eps use_weight use_bias dtype": "equinox.nn.LayerNorm equinox.nn.RMSNorm",
        "equal_nan": "jnp.array_equal np.array_equal",
        "generator": "torch.poisson",
        "hermitian": "np.linalg.svd",
        "hermitian subset_by_index": "jnp.linalg.svd",
        "inference": "equinox.nn.Dropout",
        "initial where": (
            "Array.max Array.min jnp.amax jnp.amin jnp.max jnp.min jnp.minmax jnp.nanmax jnp.nanmin jnp.nanprod "
            "jnp.nansum np.amax np.amin np.max np.min np.nanmax np.nanmin np.nanprod np.nansum np.prod np.sum"
        ),
        "inplace": "F.hardsigmoid F.hardswish F.mish F.relu F.relu6 F.selu F.silu jnp.put_along_axis",
        "is_stable": "jax.lax.sort_key_val",
        "is_stable num_keys": "jax.lax.sort",
        "keepdims": "jnp.count_nonzero",
        "kind order": "ndarray.argpartition ndarray.argsort np.argpartition np.argsort np.partition np.sort",
        "lambd": "F.hardshrink F.softshrink",
        "left right period": "jnp.interp np.interp",
        "lhs_dilation rhs_dilation dimension_numbers precision": "jax.lax.conv_general_dilated_local",
        "lhs_dilation rhs_dilation dimension_numbers precision preferred_element_type": "jax.lax.conv_general_dilated_patches",
        "lower upper training generator": "torch.rrelu",
        "lower upper training inplace": "F.rrelu",
        "mask src_key_padding_mask is_causal": "nn.TransformerEncoder.__call__",
        "max_norm norm_type scale_grad_by_freq sparse _weight _freeze device dtype": "nn.Embedding",
        "memory_mask src_key_padding_mask tgt_key_padding_mask memory_key_padding_mask src_is_causal tgt_is_causal memory_is_causal": "nn.Transformer.__call__",
        "method": "jax.random.multivariate_normal",
        "method out": "np.random.Generator.standard_exponential",
        "min_val max_val inplace": "F.hardtanh",
        "minval maxval": "jax.random.uniform",
        "mode": "jax.random.bernoulli jax.random.choice jax.random.gumbel jnp.put ndarray.put np.put",
        "mode fill_value": "jnp.take_along_axis",
        "mode order": "jnp.ravel_multi_index np.ravel_multi_index",
        "nan posinf neginf": "Tensor.nan_to_num torch.nan_to_num",
        "negative_slope inplace": "F.leaky_relu",
        "non_blocking": "Tensor.copy_ Tensor.type",
        "nonlinearity device dtype": "nn.RNNCell",
        "offset": "jnp.frombuffer np.frombuffer",
        "order": "jnp.asarray jnp.copy ndarray.copy np.asarray np.empty np.eye np.full np.ones np.unravel_index np.zeros",
        "order casting subok copy": "ndarray.astype",
        "order subok": "np.copy",
        "out": (
            "Array.cumprod Array.cumsum Array.round jnp.around jnp.cumprod jnp.cumsum jnp.isneginf jnp.isposinf "
            "jnp.modf jnp.nancumprod jnp.nancumsum jnp.outer jnp.round ndarray.clip ndarray.compress ndarray.cumprod "
            "ndarray.cumsum ndarray.dot ndarray.round np.abs np.absolute np.acos np.acosh np.add np.arccos np.arccosh "
            "np.arcsin np.arcsinh np.arctan np.arctan2 np.arctanh np.around np.asin np.asinh np.atan np.atan2 np.atanh "
            "np.bitwise_and np.bitwise_count np.bitwise_invert np.bitwise_left_shift np.bitwise_not np.bitwise_or "
            "np.bitwise_right_shift np.bitwise_xor np.cbrt np.ceil np.clip np.compress np.concat np.concatenate "
            "np.conj np.conjugate np.copysign np.cos np.cosh np.cumprod np.cumsum np.deg2rad np.degrees np.divide "
            "np.divmod np.dot np.equal np.exp np.exp2 np.expm1 np.fabs np.fft.fft np.fft.fft2 np.fft.fftn np.fft.hfft "
            "np.fft.ifft np.fft.ifft2 np.fft.ifftn np.fft.ihfft np.fft.irfft np.fft.irfft2 np.fft.irfftn np.fft.rfft "
            "np.fft.rfft2 np.fft.rfftn np.fix np.float_power np.floor np.floor_divide np.fmax np.fmin np.fmod np.frexp "
            "np.gcd np.greater np.greater_equal np.heaviside np.hypot np.invert np.isfinite np.isinf np.isnan "
            "np.isneginf np.isposinf np.lcm np.ldexp np.left_shift np.less np.less_equal np.log np.log10 np.log1p "
            "np.log2 np.logaddexp np.logaddexp2 np.logical_and np.logical_not np.logical_or np.logical_xor np.matmul "
            "np.matvec np.maximum np.minimum np.mod np.modf np.multiply np.nancumprod np.nancumsum np.negative "
            "np.nextafter np.not_equal np.outer np.positive np.pow np.power np.rad2deg np.radians "
            "np.random.Generator.random np.random.Generator.standard_gamma np.random.Generator.standard_normal "
            "np.reciprocal np.remainder np.right_shift np.rint np.round np.sign np.signbit np.sin np.sinh np.spacing "
            "np.sqrt np.square np.stack np.subtract np.tan np.tanh np.true_divide np.trunc np.vecdot np.vecmat "
            "torch.tensordot"
        ),
        "out dtype": "jnp.stack torch.norm",
        "out mode": "Array.choose jnp.choose ndarray.take np.choose np.take",
        "out mode unique_indices indices_are_sorted fill_value": "Array.take jnp.take",
        "out_dtype": "torch.addmm torch.baddbmm torch.bmm torch.mm",
        "out_sharding": "jax.lax.conv_general_dilated jax.lax.ragged_dot",
        "p train": "torch.dropout",
        "p training inplace": "F.alpha_dropout F.dropout F.feature_alpha_dropout",
        "padding_idx max_norm norm_type scale_grad_by_freq sparse": "F.embedding",
        "precision": "jax.lax.batch_matmul",
        "precision preferred_element_type": "jax.lax.conv_with_general_padding",
        "precision preferred_element_type group_offset out_sharding": "jax.lax.ragged_dot_general",
        "preferred_element_type configs implementation": "jax.nn.scaled_dot_general",
        "process_group device dtype": "nn.SyncBatchNorm",
        "range density weights": "np.histogram np.histogram2d np.histogramdd",
        "range weight density": "torch.histogramdd",
        "range weights density": "jnp.histogram2d jnp.histogramdd",
        "range weights density out_sharding": "jnp.histogram",
        "rcond": "Tensor.pinverse torch.pinverse",
        "rcond hermitian": "np.linalg.pinv",
        "recall_target reduction_input_size_override aggregate_to_topk": "jax.lax.approx_max_k jax.lax.approx_min_k",
        "recompute_scale_factor": "nn.Upsample",
        "recompute_scale_factor antialias": "F.interpolate",
        "replace mode": "jax.random.categorical",
        "retstep dtype axis": "jnp.linspace np.linspace",
        "reverse axis": "jax.lax.associative_scan",
        "rhs_dilation dimension_numbers transpose_kernel precision preferred_element_type use_consistent_padding": "jax.lax.conv_transpose",
        "rounding_method": "jax.lax.round",
        "rtol": "jnp.linalg.matrix_rank",
        "rtol atol equal_nan": (
            "Tensor.allclose Tensor.isclose jnp.allclose jnp.isclose np.allclose np.isclose torch.allclose torch.isclose"
        ),
        "rtol hermitian": "jnp.linalg.pinv",
        "sep offset": "np.fromfile",
        "sharding": "jax.lax.full_like",
        "state": "equinox.nn.GroupNorm.__call__ equinox.nn.LayerNorm.__call__ equinox.nn.RMSNorm.__call__",
        "tgt_key_padding_mask memory_key_padding_mask tgt_is_causal memory_is_causal": "nn.TransformerDecoderLayer.__call__",
        "tgt_mask memory_mask tgt_key_padding_mask memory_key_padding_mask tgt_is_causal memory_is_causal": "nn.TransformerDecoder.__call__",
        "theta dtype": "equinox.nn.RotaryPositionalEmbedding",
        "tol hermitian": "np.linalg.matrix_rank torch.linalg.matrix_rank",
        "type": "Array.view",
        "upper": "Tensor.cholesky_solve torch.cholesky_solve",
        "upper transpose unitriangular": "Tensor.triangular_solve torch.triangular_solve",
        "use_input_stats momentum eps": "F.instance_norm",
        "where": "jax.nn.log_softmax jax.nn.logsumexp jax.nn.softmax jax.scipy.special.logsumexp jnp.nanmean",
        "where mean": "jnp.nanstd jnp.nanvar",
        "wrap": "jnp.fill_diagonal",
    }
)
"""The parameters, and the operations that take them; a layer's name is its constructor, `__call__` its call."""

FURTHER: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {name: tuple(names.split()) for names, operations in _ROWS.items() for name in operations.split()}
)
"""What an operation takes by place after what its rule lists, in order."""
