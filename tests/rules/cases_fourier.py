"""Calls of Fourier transforms."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.harness import A, Case, N, axis, call, dtype_for, generates, shape


def array(rng: random.Random, name: str) -> A:
    full = tuple((n or 1) + 1 for n in shape(rng, 1, 3))
    return A(full, "float32" if rng.random() < 0.7 else dtype_for(rng, name))


@generates("torch.fft.fft", "torch.fft.rfft", "torch.fft.irfft", "torch.fft.hfft", "torch.fft.ihfft")
def one(rng: random.Random, name: str) -> Case:
    given = array(rng, name)
    options: dict[str, Any] = {"n": N(rng.choice((3, 5, 7)))} if rng.random() < 0.3 else {}
    if rng.random() < 0.5:
        options["dim" if name.startswith("torch") else "axis"] = axis(rng, len(given.shape))
    return call(given, rigid=False, **options)


@generates(
    "torch.fft.fft2",
    "torch.fft.rfft2",
    "torch.fft.irfft2",
    "torch.fft.fftn",
    "torch.fft.rfftn",
    "torch.fft.irfftn",
    "torch.fft.fftshift",
    "torch.fft.hfft2",
    "torch.fft.ihfft2",
    "torch.fft.hfftn",
    "torch.fft.ihfftn",
)
def several(rng: random.Random, name: str) -> Case:
    given = array(rng, name)
    keyword = "dim" if name.startswith("torch") else "axes"
    options: dict[str, Any] = {keyword: (0, -1)} if rng.random() < 0.3 and len(given.shape) > 1 else {}
    return call(given, rigid=False, **options)


@generates("torch.fft.fftfreq", "torch.fft.rfftfreq")
def frequencies(rng: random.Random, name: str) -> Case:
    return call(N(rng.choice((1, 2, 3, 7))), rigid=False)


@generates("torch.stft")
def spectrogram(rng: random.Random, name: str) -> Case:
    given: dict[str, Any] = {"hop_length": rng.choice((1, 3, 4))} if rng.random() < 0.5 else {}
    if rng.random() < 0.3:
        given["center"] = rng.random() < 0.5
    if rng.random() < 0.3:
        given["onesided"] = rng.random() < 0.5
    if rng.random() < 0.9:
        given["return_complex"] = rng.random() < 0.8
    signal = A((*([3] if rng.random() < 0.5 else []), rng.choice((20, 33))), rng.choice(("float32", "float64", "complex64")))
    return call(signal, rng.choice((4, 8, 16, 5)), **given, rigid=False)


@generates("torch.istft")
def signal(rng: random.Random, name: str) -> Case:
    n = rng.choice((4, 8, 5))
    lead, bins = ([3] if rng.random() < 0.5 else []), rng.choice((n // 2 + 1, n))
    given: dict[str, Any] = {"length": 12} if rng.random() < 0.3 else {"center": rng.random() < 0.7}
    if bins == n:
        given["return_complex"] = True
    spectra = A((*lead, bins, rng.choice((7, 9))), "complex64" if rng.random() < 0.9 else "float32")
    return call(spectra, n, 2, window=A((n,), low=1, high=1), **given, rigid=False)
