"""Each source of evidence, by itself and together with the others: code before, code after."""

from tests.codemod.blocks import becomes, report, unchanged


def test_unpacking_names_the_axes() -> None:
    becomes(
        """
        def f(x):
            B, T, C = x.shape
            return x.transpose(1, 2)
        """,
        """
        def f(x: Shaped[Tensor, "B T C"]) -> Shaped[Tensor, "B C T"]:
            B, T, C = x.shape
            return x.transpose(1, 2)
        """,
    )


def test_unpacking_of_size_and_underscores() -> None:
    becomes(
        """
        def f(x):
            b, _, c = x.size()
            return x.reshape(b, -1)
        """,
        """
        def f(x: Shaped[Tensor, "b _ c"]) -> Shaped[Tensor, "b _"]:
            b, _, c = x.size()
            return x.reshape(b, -1)
        """,
    )


def test_a_starred_unpacking_is_a_variadic_part() -> None:
    becomes(
        """
        def f(x):
            *batch, n, d = x.shape
            return x
        """,
        """
        def f(x: Shaped[Tensor, "*batch n d"]) -> Shaped[Tensor, "*batch n d"]:
            *batch, n, d = x.shape
            return x
        """,
    )


def test_reads_of_single_axes() -> None:
    becomes(
        """
        def f(x):
            batch = x.shape[0]
            width = x.size(-1)
            return x.new_zeros(batch, width)
        """,
        """
        def f(x: Shaped[Tensor, "batch ... width"]) -> Shaped[Tensor, "batch width"]:
            batch = x.shape[0]
            width = x.size(-1)
            return x.new_zeros(batch, width)
        """,
    )


def test_assertions() -> None:
    becomes(
        """
        def f(x, y):
            n, d = x.shape
            assert y.shape == (n, 3)
            assert x.ndim == 2
            return y
        """,
        """
        def f(x: Shaped[Tensor, "n d"], y: Shaped[Tensor, "n 3"]) -> Shaped[Tensor, "n 3"]:
            n, d = x.shape
            assert y.shape == (n, 3)
            assert x.ndim == 2
            return y
        """,
    )


def test_named_comments_above_a_body() -> None:
    becomes(
        """
        def loss(logits, targets):
            # logits: (B, K), targets: (B,)
            return F.log_softmax(logits, -1) * targets[:, None]
        """,
        """
        def loss(logits: Float[Tensor, "B K"], targets: Shaped[Tensor, " B"]) -> Shaped[Tensor, "B K"]:
            # logits: (B, K), targets: (B,)
            return F.log_softmax(logits, -1) * targets[:, None]
        """,
    )


def test_comments_beside_parameters() -> None:
    becomes(
        """
        def f(
            q,  # (b, h, t, d)
            mask=None,  # (t, t)
        ):
            return q
        """,
        """
        def f(
            q: Shaped[Tensor, "b h t d"],  # (b, h, t, d)
            mask: Shaped[Tensor, "t t"] | None = None,  # (t, t)
        ) -> Shaped[Tensor, "b h t d"]:
            return q
        """,
    )


def test_before_and_after_in_one_comment() -> None:
    becomes(
        """
        def head(x):
            # (B, T, C) -> (B, T, V)
            return unknown(x)
        """,
        """
        def head(x: Shaped[Tensor, "B T C"]) -> Shaped[Tensor, "B T V"]:
            # (B, T, C) -> (B, T, V)
            return unknown(x)
        """,
    )


def test_a_trailing_comment_names_what_the_line_computes() -> None:
    becomes(
        """
        def f(x):
            # x: (n, d)
            y = unknown(x)  # (n, k)
            return y
        """,
        """
        def f(x: Shaped[Tensor, "n d"]) -> Shaped[Tensor, "n k"]:
            # x: (n, d)
            y = unknown(x)  # (n, k)
            return y
        """,
    )


def test_docstrings() -> None:
    becomes(
        '''
        def f(labels, n):
            """One-hot.

            Args:
                labels: (B,)

            Returns:
                matrix of shape (B, K)
            """
            return F.one_hot(labels, n)
        ''',
        '''
        def f(labels: Int[Tensor, " B"], n) -> Int[Tensor, "B K"]:
            """One-hot.

            Args:
                labels: (B,)

            Returns:
                matrix of shape (B, K)
            """
            return F.one_hot(labels, n)
        ''',
    )


def test_prose_in_brackets_is_no_shape() -> None:
    unchanged(
        """
        def f(x):
            # x: (see above)
            y = unknown(x)  # TODO (fix me, please)
            return y  # (really)
        """
    )


LAYERED = """
class Net(nn.Module):
    def __init__(self, vocab, dim, hidden):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.up = nn.Linear(dim, hidden)
        self.act = nn.GELU()
        self.net = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 10))
"""


def test_layers_tell_sizes_and_dtypes() -> None:
    becomes(
        LAYERED
        + """
    def forward(self, tokens):
        batch, time = tokens.shape
        return self.net(self.act(self.up(self.embed(tokens))))
""",
        LAYERED
        + """
    def forward(self, tokens: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time 10"]:
        batch, time = tokens.shape
        return self.net(self.act(self.up(self.embed(tokens))))
""",
    )


def test_a_layer_alone_fixes_the_last_axis() -> None:
    becomes(
        LAYERED
        + """
    def forward(self, x):
        return self.up(x)
""",
        LAYERED
        + """
    def forward(self, x: Float[Tensor, "... dim"]) -> Float[Tensor, "... hidden"]:
        return self.up(x)
""",
    )


def test_calls_carry_shapes_to_callers() -> None:
    becomes(
        """
        def inner(x):
            b, n = F.softmax(x, -1).shape
            b, n = x.shape
            return x.sum(1)

        def outer(y):
            return inner(y)
        """,
        """
        def inner(x: Float[Tensor, "b n"]) -> Float[Tensor, " b"]:
            b, n = F.softmax(x, -1).shape
            b, n = x.shape
            return x.sum(1)

        def outer(y: Float[Tensor, "b n"]) -> Float[Tensor, " b"]:
            return inner(y)
        """,
    )


def test_names_of_two_calls_are_not_one() -> None:
    becomes(
        """
        def norm(x):
            b, n = x.shape
            return x

        def both(x, y):
            return norm(x) + 1, norm(y)
        """,
        """
        def norm(x: Shaped[Tensor, "b n"]) -> Shaped[Tensor, "b n"]:
            b, n = x.shape
            return x

        def both(x: Shaped[Tensor, "b n"], y: Shaped[Tensor, "_ _"]) -> tuple[Shaped[Tensor, "b n"], Shaped[Tensor, "_ _"]]:
            return norm(x) + 1, norm(y)
        """,
    )


def test_methods_and_modules_of_the_same_file() -> None:
    head = """
class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.mlp = nn.Linear(dim, dim)
"""
    becomes(
        head
        + """
    def forward(self, x):
        b, t, d = x.shape
        return x + self.mlp(self.norm(x))


class Model(nn.Module):
    def __init__(self, dim, depth):
        super().__init__()
        self.blocks = nn.ModuleList([Block(dim) for _ in range(depth)])

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x
""",
        head
        + """
    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        b, t, d = x.shape
        return x + self.mlp(self.norm(x))


class Model(nn.Module):
    def __init__(self, dim, depth):
        super().__init__()
        self.blocks = nn.ModuleList([Block(dim) for _ in range(depth)])

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        for block in self.blocks:
            x = block(x)
        return x
""",
    )


def test_a_stated_number_is_no_constant_where_the_code_names_the_axis() -> None:
    becomes(
        """
        def f(x):
            # x: (B, 3, 32, 32)
            B, C, H, W = x.shape
            return x

        def g(x):
            # x: (B, 3)
            return x
        """,
        """
        def f(x: Shaped[Tensor, "B C H W"]) -> Shaped[Tensor, "B C H W"]:
            # x: (B, 3, 32, 32)
            B, C, H, W = x.shape
            return x

        def g(x: Shaped[Tensor, "B 3"]) -> Shaped[Tensor, "B 3"]:
            # x: (B, 3)
            return x
        """,
    )


def test_expressions_only_over_bound_names() -> None:
    becomes(
        """
        def f(x):
            n, d = x.shape
            return torch.cat((x, x), dim=0)
        """,
        """
        def f(x: Shaped[Tensor, "n d"]) -> Shaped[Tensor, "2*n d"]:
            n, d = x.shape
            return torch.cat((x, x), dim=0)
        """,
    )


def test_a_second_unpacking_of_the_same_names_is_not_the_same_size() -> None:
    becomes(
        """
        def f(x):
            n, d = x.shape
            y = x[1:]
            n, d = y.shape
            return unknown(y).view(n, d)
        """,
        """
        def f(x: Shaped[Tensor, "n d"]):
            n, d = x.shape
            y = x[1:]
            n, d = y.shape
            return unknown(y).view(n, d)
        """,
    )


# --- conflicts -----------------------------------------------------------------------------------------------------


def test_sources_that_disagree_are_reported_and_nothing_is_written() -> None:
    found = report(
        "import torch\n\ndef f(x):\n    # x: (B, T)\n    return torch.relu(x)  # fine\n\ndef g(x):\n    a, b = x.shape\n    assert x.ndim == 3\n"
    )
    assert [(str(each.slot), each.reason.split(":")[0]) for each in found.skipped] == [("g(x)", "sources disagree")]
    assert [str(each.slot) for each in found.annotated] == ["f(x)", "f -> return"]


def test_a_stale_comment_loses_against_the_code_and_is_reported() -> None:
    found = report("import torch\n\ndef f(x):\n    # x: (B, C, T)\n    B, C = x.shape\n    return x\n")
    assert 'x: Shaped[torch.Tensor, "B C"]' in found.after
    assert [(each.source, each.line) for each in found.findings] == [("comment", 4)]


def test_swapped_names_are_a_disagreement() -> None:
    found = report("import torch\n\ndef f(x):\n    # x: (T, B)\n    B, T = x.shape\n    return x\n")
    assert 'x: Shaped[torch.Tensor, "B T"]' in found.after
    assert [each.source for each in found.findings] == ["comment"]


def test_dtypes_that_no_array_has() -> None:
    found = report(
        "import torch\nimport torch.nn.functional as F\n\ndef f(x):\n    n = x.shape[0]\n    return F.one_hot(x), F.softmax(x, -1)\n"
    )
    assert [each.reason for each in found.skipped if each.slot and each.slot.name == "x"] == [
        "sources disagree: no dtype suits all operations"
    ]


def test_evidence_is_reported_with_lines() -> None:
    [x, result] = report("import torch\n\ndef f(x):\n    n, d = x.shape\n    return x\n").annotated
    assert [str(each) for each in x.evidence] == ["unpacking at line 4: x.shape"]
    assert (str(x.slot), x.confidence, result.annotation) == ("f(x)", "proved", 'Shaped[torch.Tensor, "n d"]')


def test_long_chains_of_calls_take_no_longer_than_their_length() -> None:
    chain = ".relu()" * 60
    becomes(
        f"def f(x):\n    n, d = x.shape\n    return x{chain}\n",
        f'def f(x: Shaped[Tensor, "n d"]) -> Shaped[Tensor, "n d"]:\n    n, d = x.shape\n    return x{chain}\n',
    )


def test_what_holds_in_a_branch_is_no_fact_about_the_parameter() -> None:
    becomes(
        """
        def f(x, y):
            n, d = y.shape
            if x.ndim == 3:
                b, n, d = x.shape
            return y
        """,
        """
        def f(x, y: Shaped[Tensor, "n d"]) -> Shaped[Tensor, "n d"]:
            n, d = y.shape
            if x.ndim == 3:
                b, n, d = x.shape
            return y
        """,
    )
