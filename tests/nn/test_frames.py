"""Frames: what translations and scalings do to the framed inputs and to outputs."""

import numpy as np
import pytest
import torch

from sksofteq.groups import parse_group
from sksofteq.nn import Frame
from sksofteq.reps import parse_rep

BODY = {"joint": 4, "xyz": 3}


def build(names, dims, rep_in, rep_out):
    """(frame, groups)."""
    dims = dims if isinstance(dims, dict) else {"": dims}
    groups = [parse_group(name) for name in names]
    rep_in, rep_out = (parse_rep(rep, dims).bind(dims) for rep in (rep_in, rep_out))
    return Frame(rep_in, rep_out, groups), groups


def rows(frame, n=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, frame.rep_in.dim, generator=generator).double() * 2 + 1


def outputs(frame, n=6):
    return torch.randn(n, frame.rep_out.dim, dtype=torch.float64)


CASES = {
    "translation": (
        ("Translation(3)",),
        3,
        "scalar + 2*point + vector",
        "point + vector + scalar",
    ),
    "part": (("SE(2)@x,y",), 3, "3*point", "point + vector"),
    "rotation": (("SE(3)", "O(3)"), 3, "scalar + 2*point + vector", "point + tensor(2)"),
    "scaling": (
        ("Scaling(3)",),
        3,
        "vector + tensor(2) + tensor(0,1) + scalar",
        "tensor(2) + vector",
    ),
    "both": (("Scaling(3)", "E(3)"), 3, "2*point + vector + scalar", "point + tensor(2) + scalar"),
    "joints": (
        ("Translation(3) on xyz", "Scaling(3) on xyz"),
        BODY,
        "joint + joint*point(xyz)",
        "point(xyz) + joint*point(xyz) + joint",
    ),
    "two spaces": (
        ("Translation(2) on a", "Translation(3) on b", "Scaling(2) on a", "Scaling(3) on b"),
        {"a": 2, "b": 3},
        "2*point(a) + 3*point(b) + a*b",
        "point(b) + point(a) + a*b",
    ),
}
every_case = pytest.mark.parametrize("case", CASES)


@every_case
def test_round_trip(case):
    frame, _ = build(*CASES[case])
    framed, context = frame(rows(frame))
    assert framed.shape == (6, frame.rep_framed.dim)
    assert not frame.is_trivial
    y = outputs(frame)
    torch.testing.assert_close(context.unframe(context.frame(y)), y)
    torch.testing.assert_close(context.frame(context.unframe(y)), y)


@every_case
def test_input_is_left_as_it_was(case):
    frame, _ = build(*CASES[case])
    x = rows(frame)
    before = x.clone()
    frame(x)
    assert torch.equal(x, before)


@every_case
def test_framed_inputs_and_outputs_of_moved_rows(kit, case):
    """Translations and scales move their own extra inputs only; the linear part acts on all."""
    frame, groups = build(*CASES[case])
    x, y = rows(frame), outputs(frame)
    framed, context = frame(x)
    raw = context.unframe(y)
    as_vectors = frame.rep_out.as_vectors()
    for group in groups:
        for g in kit.elements(group, n=3):
            dims = group.spaces
            linear = {name: matrix[: dims[name], : dims[name]] for name, matrix in g.items()}
            if group.scales_frame:
                linear = {name: np.eye(len(matrix)) for name, matrix in linear.items()}
            moved, moved_context = frame(torch.as_tensor(frame.rep_in.transform(x.numpy(), g)))
            expected = torch.as_tensor(frame.rep_framed.transform(framed.numpy(), linear))
            for columns, _, kind in frame.rep_framed.blocks:
                if kind.frame.startswith("centroid") and group.affine:
                    found = moved[:, columns] - expected[:, columns]
                    (space,) = kind.spaces
                    if space in {name or "" for name in g}:
                        shift = torch.as_tensor(g[space or None][:-1, -1]).expand_as(found)
                        lengths = _lengths(frame, framed, space)
                        torch.testing.assert_close(found, shift / lengths[:, None])
                        continue
                if kind.frame.startswith("log") and group.scales_frame:
                    space = kind.frame.split(":")[1]
                    if space in {name or "" for name in g}:
                        scale = np.log(g[space or None][0, 0])
                        torch.testing.assert_close(moved[:, columns], framed[:, columns] + scale)
                        continue
                torch.testing.assert_close(moved[:, columns], expected[:, columns])
            turned = torch.as_tensor(as_vectors.transform(y.numpy(), linear))
            expected = torch.as_tensor(frame.rep_out.transform(raw.numpy(), g))
            torch.testing.assert_close(moved_context.unframe(turned), expected)


def _lengths(frame, framed, space):
    """The lengths that the log scale of a space tells, 1 without one."""
    for columns, _, kind in frame.rep_framed.blocks:
        if kind.frame == f"log scale:{space}":
            return framed[:, columns].exp()[:, 0]
    return torch.ones(len(framed), dtype=framed.dtype)


def test_points_are_relative_to_their_centroid():
    frame, _ = build(*CASES["translation"])
    x = rows(frame)
    framed, context = frame(x)
    assert str(frame.rep_framed) == "scalar + 2*vector + vector + centroid:"
    centroid = (x[:, 1:4] + x[:, 4:7]) / 2
    torch.testing.assert_close(framed[:, 1:4], x[:, 1:4] - centroid)
    torch.testing.assert_close(framed[:, 0], x[:, 0])
    torch.testing.assert_close(framed[:, 7:10], x[:, 7:10])  # vectors are left alone
    torch.testing.assert_close(framed[:, 10:], centroid)
    y = context.unframe(torch.zeros(6, 7, dtype=torch.float64))
    torch.testing.assert_close(y[:, :3], centroid)
    assert not y[:, 3:].any()  # nor do outputs that are no points move


def test_lengths_and_degrees():
    frame, _ = build(*CASES["scaling"])
    x = rows(frame)
    framed, context = frame(x)
    norms = [x[:, :3].square().sum(dim=1), x[:, 3:12].square().sum(dim=1).sqrt()]
    length = ((norms[0] + norms[1]) / 2).sqrt()[:, None]  # lower indices measure no length
    torch.testing.assert_close(framed[:, :3], x[:, :3] / length)
    torch.testing.assert_close(framed[:, 3:12], x[:, 3:12] / length**2)
    torch.testing.assert_close(framed[:, 12:15], x[:, 12:15] * length)
    torch.testing.assert_close(framed[:, 15], x[:, 15])
    torch.testing.assert_close(framed[:, 16:], length.log())
    y = outputs(frame)
    expected = torch.cat([length**2 * y[:, :9], length * y[:, 9:]], dim=1)
    torch.testing.assert_close(context.unframe(y), expected)


def test_a_length_for_each_joint():
    frame, _ = build(("Scaling(3) on xyz",), BODY, "joint*xyz", "xyz")
    x = rows(frame)
    framed, _ = frame(x)
    length = x.reshape(6, 4, 3).square().sum(dim=2).mean(dim=1).sqrt()
    torch.testing.assert_close(framed[:, -1], length.log())


def test_blocks_of_other_scaled_spaces_measure_nothing():
    frame, _ = build(
        ("Scaling(2) on a", "Scaling(3) on b"), {"a": 2, "b": 3}, "a + b + a*b", "a*b"
    )
    x = rows(frame)
    framed, _ = frame(x)
    lengths = x[:, :2].norm(dim=1), x[:, 2:5].norm(dim=1)
    torch.testing.assert_close(framed[:, -2:], torch.stack(lengths, dim=1).log())
    product = (lengths[0] * lengths[1])[:, None]
    torch.testing.assert_close(framed[:, 5:11], x[:, 5:] / product)


def test_trivial_frame():
    frame, _ = build(("SO(3)", "Permutation(3)"), 3, "scalar + vector + point", "point")
    assert frame.is_trivial
    assert frame.rep_framed == frame.rep_in
    x = rows(frame)
    framed, context = frame(x)
    y = outputs(frame)
    assert torch.equal(framed, x)
    assert torch.equal(context.unframe(y), y)
    assert torch.equal(context.frame(y), y)


@pytest.mark.parametrize("case", ["translation", "scaling", "both", "joints", "two spaces"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_zero_length(kit, case, dtype):
    names, dims, rep_in, rep_out = CASES[case]
    frame, groups = build(names, dims, rep_in, rep_out)
    x = rows(frame, 3).to(dtype)
    x[1] = 0.0
    framed, context = frame(x)
    assert framed.isfinite().all()
    assert not framed[1].any()  # a length of 1, and log 1 = 0
    assert context.unframe(outputs(frame, 3).to(dtype)).isfinite().all()
    dims = dims if isinstance(dims, dict) else {"": dims}
    net = kit.network(groups, rep_in, rep_out, dims, dtype=dtype)
    assert net(x).isfinite().all()
    net(x).sum().backward()
    assert all(p.grad.isfinite().all() for p in net.parameters() if p.grad is not None)


def test_coinciding_points_have_no_length_but_a_prediction():
    frame, _ = build(("Scaling(3)", "Translation(3)"), 3, "2*point", "point")
    x = torch.ones(1, 6)
    framed, context = frame(x)
    assert framed.tolist() == [[0.0] * 6 + [1.0] * 3 + [0.0]]
    assert context.unframe(torch.zeros(1, 3)).tolist() == [[1.0] * 3]


@pytest.mark.parametrize(
    ("names", "dims", "rep_in", "message"),
    [
        (("Translation(3)",), 3, "scalar + vector", "no 'point' there"),
        (("SE(3) on xyz",), BODY, "joint*xyz", "translates space 'xyz'"),
        (("Scaling(3)",), 3, "scalar + tensor(0,1)", "no block of positive degree"),
        (("Scaling(3)",), 3, "tensor(1,1)", "no block of positive degree"),
        (("Scaling(2)@x,y",), 3, "vector", "scales only a part"),
        (("Scaling(2)@y,z",), 3, "vector", "scales only a part"),
        (("Scaling(3)", "SL(3)"), 3, "vector", "not orthogonal"),
        (("Scaling(3)", "SO(1,2)"), 3, "vector", "not orthogonal"),
        (("Scaling(3)", "Scaling(3, frame=False)"), 3, "vector", "not orthogonal"),
        (("SL(3) on xyz", "Scaling(3) on xyz"), BODY, "joint*xyz", "space 'xyz'"),
    ],
)
def test_errors(names, dims, rep_in, message):
    with pytest.raises(ValueError, match=message):
        build(names, dims, rep_in, "scalar")


def test_scaling_beside_what_it_tolerates():
    build(("Scaling(3)", "SE(3)"), 3, "2*point", "point")
    build(("Scaling(3) on xyz", "SL(4) on joint"), BODY, "joint*xyz", "xyz")
    build(("Scaling(3, frame=False)", "SL(3)"), 3, "vector", "vector")
