"""A multi-layer perceptron in JAX that separates three spirals.

The network is written for one point; `jax.vmap` adds the batch, `jax.jit` compiles the step, and
per-example gradients show which points are still hard.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key


class Layer(NamedTuple):
    weight: Float[Array, "n_in n_out"]
    bias: Float[Array, " n_out"]


type Params = list[Layer]


def init(key: Key[Array, ""], sizes: Sequence[int]) -> Params:
    keys = jax.random.split(key, len(sizes) - 1)
    return [
        Layer(
            weight=jax.random.normal(k, (n_in, n_out)) * jnp.sqrt(2.0 / n_in),
            bias=jnp.zeros((n_out,)),
        )
        for k, n_in, n_out in zip(keys, sizes[:-1], sizes[1:], strict=True)
    ]


def predict(params: Params, x: Float[Array, " features"]) -> Float[Array, " classes"]:
    for layer in params[:-1]:
        x = jax.nn.gelu(x @ layer.weight + layer.bias)
    last = params[-1]
    return x @ last.weight + last.bias


predict_batch = jax.vmap(predict, in_axes=(None, 0))


def example_loss(
    params: Params, x: Float[Array, " features"], label: Int[Array, ""]
) -> Float[Array, ""]:
    return -jax.nn.log_softmax(predict(params, x))[label]


def loss_fn(
    params: Params, x: Float[Array, "batch features"], labels: Int[Array, " batch"]
) -> Float[Array, ""]:
    logits: Float[Array, "batch classes"] = predict_batch(params, x)
    log_probs = jax.nn.log_softmax(logits, axis=-1)
    picked = jnp.take_along_axis(log_probs, labels[:, None], axis=-1)
    return -jnp.mean(picked)


@jax.jit
def train_step(
    params: Params,
    velocity: Params,
    x: Float[Array, "batch features"],
    labels: Int[Array, " batch"],
) -> tuple[Params, Params, Float[Array, ""]]:
    loss, grads = jax.value_and_grad(loss_fn)(params, x, labels)
    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, grads)
    params = jax.tree.map(lambda p, v: p - 0.1 * v, params, velocity)
    return params, velocity, loss


@jax.jit
def gradient_norms(
    params: Params, x: Float[Array, "batch features"], labels: Int[Array, " batch"]
) -> Float[Array, " batch"]:
    """The size of every example's own gradient."""
    per_example = jax.vmap(jax.grad(example_loss), in_axes=(None, 0, 0))(params, x, labels)
    squares = [
        jnp.sum(g.reshape(g.shape[0], -1) ** 2, axis=1) for g in jax.tree.leaves(per_example)
    ]
    return jnp.sqrt(jnp.sum(jnp.stack(squares), axis=0))


def spirals(
    key: Key[Array, ""], n_per_class: int, n_classes: int = 3
) -> tuple[Float[Array, "n 2"], Int[Array, " n"]]:
    labels = jnp.repeat(jnp.arange(n_classes), n_per_class)
    radius = jnp.tile(jnp.linspace(0.1, 1.0, n_per_class), n_classes)
    angle = 4.0 * radius + labels * (2 * jnp.pi / n_classes)
    points = radius[:, None] * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=-1)
    return points + 0.03 * jax.random.normal(key, points.shape), labels


def accuracy(
    params: Params, x: Float[Array, "batch features"], labels: Int[Array, " batch"]
) -> Float[Array, ""]:
    predicted = jnp.argmax(predict_batch(params, x), axis=-1)
    return jnp.mean(predicted == labels)


def main() -> None:
    data_key, init_key, shuffle_key = jax.random.split(jax.random.key(0), 3)
    x, labels = spirals(data_key, n_per_class=100)
    params = init(init_key, (2, 32, 32, 3))
    velocity = jax.tree.map(jnp.zeros_like, params)
    for step in range(300):
        batch = jax.random.choice(
            jax.random.fold_in(shuffle_key, step), len(x), (64,), replace=False
        )
        params, velocity, loss = train_step(params, velocity, x[batch], labels[batch])
        if step % 50 == 0 or step == 299:
            print(f"step {step:3d}  loss {loss:.4f}")
    print(f"accuracy {accuracy(params, x, labels):.3f}")
    norms = gradient_norms(params, x, labels)
    print("hardest points", *jnp.argsort(norms)[-3:].tolist())


if __name__ == "__main__":
    main()
