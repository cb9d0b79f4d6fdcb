"""Generated calls of recurrent layers and cells."""

from __future__ import annotations

import random
from typing import Any

from tests.rules.cases_normalization import maybe_wrong
from tests.rules.harness import A, Case, built, generates


@generates("nn.RNN", "nn.GRU", "nn.LSTM")
def _recurrent(rng: random.Random, name: str) -> Case:
    width, hidden, layers, both = rng.choice((1, 3)), rng.choice((2, 4)), rng.choice((1, 2)), rng.random() < 0.4
    options: dict[str, Any] = {"num_layers": layers, "bidirectional": both, "batch_first": rng.random() < 0.5}
    if name == "nn.LSTM" and rng.random() < 0.3:
        options["proj_size"] = 1
    sizes = (*rng.choice(((5,), (5, 2), (5, 2), (5, 2), (5, 2, 2), ())), maybe_wrong(rng, width))
    args = [A(sizes, rng.choice(("float32",) * 9 + ("int64",)))]
    if rng.random() < 0.4:
        batch = (sizes[0 if options["batch_first"] else 1],) if len(sizes) == 3 else ()
        states = tuple(
            A((maybe_wrong(rng, layers * (1 + both)), *batch, n))
            for n in (options.get("proj_size", hidden), maybe_wrong(rng, hidden))
        )
        args.append(states if name == "nn.LSTM" else states[0])
    return built((width, hidden), options, *args, rigid=False)


@generates("nn.RNNCell", "nn.GRUCell", "nn.LSTMCell")
def _cell(rng: random.Random, name: str) -> Case:
    width, hidden = rng.choice((1, 3)), rng.choice((2, 4))
    lead = rng.choice(((2,), (2,), (), (2, 2)))
    args: list[Any] = [A((*lead, maybe_wrong(rng, width)), rng.choice(("float32",) * 9 + ("int64",)))]
    if rng.random() < 0.4:
        state = A((*lead, maybe_wrong(rng, hidden)))
        args.append((state, state) if name == "nn.LSTMCell" else state)
    return built((width, hidden), {}, *args, rigid=False)
