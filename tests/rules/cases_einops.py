"""Generated einops patterns, for its functions and its layers."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, built, call, generates

NAMES = ("b", "h", "w", "c", "time")


def grouped(rng: random.Random, names: list[str]) -> list[list[str]]:
    """The names as axes, some of them together."""
    axes: list[list[str]] = []
    for name in names:
        if axes and rng.random() < 0.3:
            axes[-1].append(name)
        else:
            axes.append([name])
    return axes


def written(rng: random.Random, axes: list[list[str]]) -> str:
    """A side of a pattern."""
    parts = [axis[0] if len(axis) == 1 else f"({' '.join(axis)})" for axis in axes]
    if rng.random() < 0.1:
        parts.insert(rng.randint(0, len(parts)), "1")
    return " ".join(parts)


def sized(rng: random.Random, text: str, sizes: dict[str, int], dots: tuple[int, ...]) -> tuple[int, ...]:
    """The array's shape for a left side."""
    found: list[int] = []
    inside: list[int] | None = None
    for word in text.replace("(", "( ").replace(")", " )").split():
        if word == "(":
            inside = []
        elif word == ")":
            n = 1
            for size in inside or ():
                n *= size
            found.append(n)
            inside = None
        elif word == "...":
            found.extend(dots)
        else:
            n = 1 if word == "1" else sizes[word]
            found.append(n) if inside is None else inside.append(n)
    if found and rng.random() < 0.08:
        found[rng.randrange(len(found))] += 1
    if rng.random() < 0.04:
        found.append(2)
    return tuple(found)


def pattern_case(rng: random.Random, name: str) -> Case:
    sizes = {label: rng.choice((1, 2, 3, 4)) for label in NAMES}
    left = rng.sample(NAMES, rng.randint(0, 4))
    right = list(left)
    rng.shuffle(right)
    if name.endswith("reduce"):
        right = right[: rng.randint(0, len(right))]
    new = [each for each in NAMES if each not in left][:1] if name.endswith("repeat") or rng.random() < 0.03 else []
    right.extend(new)
    axes = grouped(rng, left)
    dots = rng.random() < 0.3
    text, after = written(rng, axes), written(rng, grouped(rng, right))
    if dots:
        text, after = (f"... {text}", f"{after} ...") if rng.random() < 0.5 else (f"{text} ...", f"... {after}")
    lengths: dict[str, Any] = {n: sizes[n] for axis in axes for n in axis[:-1] if rng.random() < 0.97} | {
        n: sizes[n] for n in new if rng.random() < 0.95
    }
    if rng.random() < 0.03:
        lengths["z"] = 2
    one = A(sized(rng, text, sizes, tuple(rng.choice((1, 2, 5)) for _ in range(rng.randint(0, 2)))))
    reduction = ("sum",) if name.endswith("reduce") else ()
    return call(one, f"{text} -> {after}", *reduction, rigid=False, **lengths)


def einsum_case(rng: random.Random, name: str) -> Case:
    sizes = {label: rng.choice((1, 2, 3, 5)) for label in NAMES}
    operands = [rng.sample(NAMES, rng.randint(1, 3)) for _ in range(rng.randint(1, 2))]
    used = sorted({each for operand in operands for each in operand})
    right = rng.sample(used, rng.randint(0, len(used)))
    arrays = [A(tuple(sizes[each] + (rng.random() < 0.04) for each in operand)) for operand in operands]
    return call(*arrays, f"{', '.join(map(' '.join, operands))} -> {' '.join(right)}", rigid=False)


@generates("einops.rearrange", "einops.reduce", "einops.repeat", "einops.einsum")
def _einops(rng: random.Random, name: str) -> Case:
    return einsum_case(rng, name) if name.endswith("einsum") else pattern_case(rng, name)


@generates("einops.layers.torch.Rearrange", "einops.layers.torch.Reduce")
def _layer(rng: random.Random, name: str) -> Case:
    """The function of the same name, the pattern and the sizes given beforehand."""
    case = pattern_case(rng, name.lower())
    array, *construct = case.args
    return built(tuple(construct), case.kwargs, array, rigid=False)


@generates("einops.layers.torch.EinMix")
def _mix(rng: random.Random, name: str) -> Case:
    sizes = {label: rng.choice((1, 2, 3)) for label in NAMES}
    left = rng.sample(NAMES, rng.randint(1, 4))
    gone = rng.sample(left, rng.randint(1, len(left)))
    come = [each for each in NAMES if each not in left]
    right = [each for each in left if each not in gone] + come
    rng.shuffle(right)
    axes = grouped(rng, left)
    text = " ".join(axis[0] if len(axis) == 1 else f"({' '.join(axis)})" for axis in axes)
    weighed = [*gone, *come][rng.random() < 0.05 :]
    lengths: dict[str, Any] = {each: sizes[each] for each in {*weighed, *(n for axis in axes for n in axis[:-1])}}
    bias = {"bias_shape": " ".join(come)} if come and rng.random() < 0.3 else {}
    array = A(sized(rng, text, sizes, ()), rng.choice(("float32",) * 4 + ("float64", "int64")))
    pattern = f"{text} -> {' '.join(right)}"
    return built((pattern, " ".join(weighed)), {**bias, **lengths}, array, rigid=False)
