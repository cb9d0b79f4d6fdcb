"""What the coverage command counts as covered or leaves out, name by name, each group with its reason.

A name with a rule needs no entry. Names are written as in the rule tables: `nn.Sequential`, `Tensor.stride`, `jnp.dtype`.
"""

from __future__ import annotations

from collections.abc import Mapping

HANDLED_BY_THE_PLUGIN: Mapping[str, str] = {
    "mypy_plugin/containers.py": "nn.Sequential nn.ModuleList nn.ModuleDict",
    "mypy_plugin/operations.py, iteration": "Tensor.__iter__ Array.__iter__ ndarray.__iter__",
    "mypy_plugin/transforms.py": "jax.lax.scan",
    "mypy_plugin/branches.py": "jax.lax.cond jax.lax.switch jax.lax.map",
}
"""Operations whose results the plugin knows without a rule, by the module that does."""

NO_OPERATION: Mapping[str, str] = {
    "answers about dtypes, settings or memory: no array goes in or comes out that has a shape of its own": """
        torch.promote_types torch.result_type torch.can_cast torch.finfo torch.iinfo torch.get_default_dtype
        torch.set_default_dtype torch.get_autocast_cpu_dtype torch.is_autocast_cpu_enabled torch.get_autocast_dtype
        torch.is_autocast_enabled torch.is_grad_enabled torch.set_grad_enabled torch.device torch.Size torch.is_tensor
        jnp.result_type jnp.issubdtype jnp.finfo jnp.iinfo jnp.promote_types jnp.dtype jnp.iscomplexobj jnp.isrealobj
        jnp.isdtype jnp.can_cast jnp.isscalar jnp.iterable jnp.get_printoptions jnp.set_printoptions jnp.printoptions
        jnp.einsum_path jax.lax.dtype jax.lax.padtype_to_pads jax.lax.broadcast_shapes
        jax.lax.shape_as_value jax.lax.conv_dimension_numbers jax.lax.ConvDimensionNumbers jax.lax.conv_general_permutations
        jax.lax.conv_general_shape_tuple jax.lax.conv_shape_tuple jax.lax.conv_transpose_shape_tuple
        jax.lax.reduce_window_shape_tuple jax.lax.axis_size jax.nn.get_scaled_dot_general_config jax.random.key_dtype
        jax.random.key_impl np.result_type np.promote_types np.issubdtype np.finfo np.iinfo np.iscomplexobj np.isrealobj
        np.dtype np.can_cast einops.parse_shape F.assert_int_or_pair nn.factory_kwargs
        Tensor.element_size Tensor.stride Tensor.is_contiguous Tensor.data_ptr Tensor.untyped_storage Tensor.storage_offset
        Tensor.device Tensor.requires_grad Tensor.is_cuda Tensor.layout Tensor.grad_fn Tensor.is_leaf Tensor.is_sparse
        Tensor.is_quantized Tensor.is_meta Tensor.names Tensor.indices Tensor.q_scale Tensor.get_device Tensor.is_complex
        Array.device Array.devices Array.sharding Array.nbytes Array.itemsize Array.addressable_data
        Array.addressable_shards Array.committed Array.global_shards Array.is_fully_addressable
        Array.is_fully_replicated Array.copy_to_host_async Array.weak_type Array.aval
        ndarray.device ndarray.nbytes ndarray.itemsize ndarray.strides ndarray.flags ndarray.ctypes ndarray.base ndarray.data
        Array.data ndarray.setflags
    """,
    "a dtype object, or a scalar of it": """
        np.float32 np.int64 np.int32 np.float64 np.uint8 np.int8 np.int16 np.uint16 np.uint32 np.uint64 np.float16 np.bool_
        jnp.float32 jnp.uint32 jnp.int32 jnp.bfloat16 jnp.float16 jnp.int8 jnp.uint8
    """,
    "reads or writes a file, or text: what is in it is known when the program runs": """
        torch.save torch.load np.save np.load np.savez np.savez_compressed np.loadtxt np.genfromtxt np.savetxt np.memmap
        jnp.save jnp.load jnp.savez jnp.fromfile ndarray.tofile ndarray.tobytes ndarray.dump ndarray.dumps Array.tobytes
    """,
    "sets a seed or the state of a generator": """
        torch.manual_seed torch.seed torch.get_rng_state torch.set_rng_state np.random.seed np.random.RandomState
        np.random.default_rng np.random.get_state np.random.set_state torch.Generator
    """,
    "turns an array into Python objects": """
        Tensor.tolist ndarray.tolist Array.tolist Tensor.__array__ ndarray.__array__ ndarray.__array_interface__
        ndarray.__buffer__ Array.__jax_array__ ndarray.__complex__ Array.__complex__ Tensor.__repr__ Tensor.__str__
        Array.__repr__ ndarray.__repr__
    """,
    "takes a function: what it answers depends on that function": """
        np.vectorize jnp.vectorize jnp.frompyfunc jnp.fromfunction np.fromfunction jnp.apply_along_axis
        np.apply_along_axis jnp.apply_over_axes jnp.piecewise np.piecewise jnp.mask_indices jax.lax.composite
        jax.lax.custom_root jax.lax.custom_linear_solve jax.lax.platform_dependent jax.lax.reduce jax.lax.scatter_apply
        np.frompyfunc
    """,
    "machinery of classes and of gradients, not of arrays": """
        Tensor.__init__ Tensor.__post_init__ Tensor.__setattr__ Tensor.__getattr__ Tensor.__getattribute__ Tensor.__class__
        Tensor.__exit__ Tensor.__call__ Tensor.__new__ Tensor.backward Tensor.register_hook Tensor.retain_grad
        Tensor.as_subclass Tensor.__dict__ Tensor.__name__ Tensor.apply_ Tensor.map_ nn.__getattr__ torch.linalg.__getattr__
        Array.__setattr__ Array.__new__ Array.__getattribute__ Array.__nnx_repr__ Array.__get__ Array.__set__
        Array.__delete__ Array.__set_name__ Array.__dir__ Array.__post_init__ Array.__enter__ Array.__exit__ Array.__init__
        Array.__delattr__ Array.__round__ Array.__call__ jax.lax.after_all jax.lax.create_token jax.lax.dce_sink
        Array.clone Array.grad
    """,
    "the storage of sparse or quantized arrays": """
        Tensor._values Tensor._indices Tensor.int_repr Tensor.dequantize Tensor.sparse_mask Tensor.coalesce
        Tensor.values torch.sparse_coo_tensor torch.quantize_per_tensor np.ma.array
    """,
    "no longer in the library": """
        torch.cholesky torch.eig torch.eigh torch.solve torch.lstsq torch.matrix_rank torch.symeig Tensor.cholesky
        ndarray.__array_wrap__ jax.lax.pshuffle jnp.fromiter jnp.fromstring torch.rank
    """,
    "writes into memory in place, and answers nothing": """
        ndarray.fill ndarray.setfield ndarray.partition ndarray.sort ndarray.resize ndarray.itemset
    """,
}
"""Names that are no operations on arrays, by the reason."""

TRACKED_KINDS: Mapping[str, str] = {
    "torch functions": "torch",
    "torch class Tensor methods": "Tensor",
    "torch.linalg functions": "torch.linalg",
    "torch.fft functions": "torch.fft",
    "torch.nn.functional functions": "F",
    "torch.nn functions": "nn",
    "torch.nn module forward()": "nn",
    "numpy functions": "np",
    "numpy class ndarray methods": "ndarray",
    "numpy.linalg functions": "np.linalg",
    "jax Array class Array methods": "Array",
    "jax.numpy functions": "jnp",
    "jax.lax functions": "jax.lax",
    "jax.nn functions": "jax.nn",
    "jax.random functions": "jax.random",
    "einops functions": "einops",
}
"""The headings of a list of names, and what stands before the names in the rule tables."""
