"""Candidate symmetries and representations, resolved against the data."""

import numpy as np
import pytest

from sksofteq.candidates import resolve_candidates, resolve_groups
from sksofteq.groups import SO, O, Scaling, parse_group
from sksofteq.reps import Scalar, Space, Vector

XYZ = Space("xyz", 3)
BODY = {"joint": 4, "xyz": 3}


def resolve(symmetries, rep_in, rep_out=None, n_features=3, n_outputs=1, **kwargs):
    """Resolve against a table of 3 columns and one target."""
    return resolve_candidates(
        symmetries, rep_in, rep_out, n_features=n_features, n_outputs=n_outputs, **kwargs
    )


# ------------------------------------------------------------------------------- groups


def test_names_are_labels_in_the_order_given():
    names = ("O(2)@y,z", "SO(3)", "O(2)@x,y")
    groups = resolve_groups(names)
    assert list(groups) == list(names)
    assert list(groups.values()) == [parse_group(name) for name in names]


def test_label_is_what_the_user_wrote():
    assert list(resolve_groups(["O(2)@x, y"])) == ["O(2)@x, y"]


def test_groups_are_labelled_by_their_names():
    assert resolve_groups([O(2).embed("xy"), SO(3)]) == {
        "O(2)@x,y": O(2).embed("xy"),
        "SO(3)": SO(3),
    }


def test_mapping_gives_labels():
    assert resolve_groups({"turns": "SO(3)", "sizes": Scaling(3)}) == {
        "turns": SO(3),
        "sizes": Scaling(3),
    }


@pytest.mark.parametrize("symmetries", [None, (), [], {}])
def test_no_candidates(symmetries):
    assert resolve_groups(symmetries) == {}


@pytest.mark.parametrize("symmetries", ["SO(3)", SO(3)])
def test_single_candidate_is_an_error_that_says_what_to_write(symmetries):
    with pytest.raises(TypeError, match=r"symmetries must be a sequence .*symmetries=\(.*,\)\."):
        resolve_groups(symmetries)


@pytest.mark.parametrize("symmetries", [3, {"SO(3)"}, 1.5])
def test_neither_sequence_nor_mapping_is_an_error(symmetries):
    with pytest.raises(TypeError, match="symmetries must be a sequence or a mapping"):
        resolve_groups(symmetries)


def test_candidate_that_is_no_group_is_an_error():
    with pytest.raises(TypeError, match="symmetries: A symmetry must be a name or a group, got 3"):
        resolve_groups((3,))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Foo(3)", "^symmetries: Unknown group 'Foo'"),
        ("SO3", "^symmetries: Cannot read the group 'SO3'"),
    ],
)
def test_unknown_candidate_is_an_error_that_quotes_it(name, message):
    with pytest.raises(ValueError, match=message):
        resolve_groups(("SO(3)", name))


@pytest.mark.parametrize(
    "symmetries",
    [
        ("SO(3)", "SO(3)"),
        ("SO(3)", SO(3)),
        ("SO(3)", "SO(3)@x,y,z"),
        {"a": "O(3)", "b": "O(3)"},
    ],
)
def test_duplicates_are_an_error(symmetries):
    with pytest.raises(ValueError, match=r"symmetries holds duplicate candidates: .* same group"):
        resolve_groups(symmetries)


def test_scaling_with_and_without_frame_are_no_duplicates():
    assert len(resolve_groups(("Scaling(3)", "Scaling(3, frame=False)"))) == 2


def test_two_groups_of_one_label_are_an_error():
    with pytest.raises(ValueError, match="two different candidates labelled '1'"):
        resolve_groups({1: "SO(3)", "1": "O(3)"})


# ------------------------------------------------------------------------------- dimensions


@pytest.mark.parametrize(("name", "dim"), [("SO(3)", 3), ("SO(2)", 2), ("O(2)@0,1 in R^5", 5)])
def test_candidates_give_the_dimension(name, dim):
    candidates = resolve((name,), "scalar + vector", "vector", 1 + dim, dim)
    assert candidates.rep_in == (Scalar + Vector).bind(dim)
    assert candidates.rep_out == Vector.bind(dim)


def test_targets_are_scalars_by_default():
    assert resolve(("SO(3)",), "vector", n_outputs=4).rep_out.terms == (4 * Scalar).terms


def test_columns_give_the_dimension_where_candidates_act_elsewhere():
    candidates = resolve(("SO(3) on xyz",), "xyz + 2*vector", n_features=11, spaces=BODY)
    assert candidates.rep_in.dims[""] == 4


def test_named_spaces_have_their_dimensions():
    candidates = resolve(
        ("SO(3) on xyz", "Permutation(4) on joint"),
        "joint + joint*xyz",
        "xyz",
        n_features=16,
        n_outputs=3,
        spaces=BODY,
    )
    assert candidates.rep_in.dims == BODY
    assert candidates.rep_out.dim == 3


def test_plain_network_sees_columns_whatever_they_mean():
    candidates = resolve((), "vector", n_features=7, n_outputs=2)
    assert (candidates.groups, candidates.rep_in, candidates.rep_out) == (
        {},
        7 * Scalar,
        2 * Scalar,
    )


def test_columns_stand_as_they_are_without_names():
    candidates = resolve(("SO(3)",), "vector")
    assert candidates.order_in is None
    assert candidates.order_out is None


def test_columns_are_found_by_name():
    candidates = resolve(
        ("SO(2)",),
        {("x", "y"): "vector", "m": "scalar"},
        {("u", "v"): "vector"},
        n_outputs=2,
        names=["m", "y", "x"],
        names_out=["v", "u"],
    )
    np.testing.assert_array_equal(candidates.order_in, [2, 1, 0])
    np.testing.assert_array_equal(candidates.order_out, [1, 0])
    assert str(candidates.rep_in) == "vector + scalar"


def test_unknown_candidate_of_a_mapping_is_an_error_that_names_its_label():
    with pytest.raises(ValueError, match=r"^symmetries\['a'\]: Unknown group 'Foo'"):
        resolve_groups({"a": "Foo(3)"})


def test_candidates_without_representation_are_an_error():
    with pytest.raises(ValueError, match=r"symmetries=\('SO\(3\)',\) needs rep_in: .*2\*vector"):
        resolve(("SO(3)",), None, n_features=6)


def test_representation_of_another_size_is_an_error():
    with pytest.raises(
        ValueError, match=r"rep_in='2\*vector' has dimension 6 .* X has 7 features"
    ):
        resolve(("SO(3)",), "2*vector", n_features=7)


def test_output_representation_of_another_size_is_an_error():
    with pytest.raises(ValueError, match=r"rep_out='vector' has dimension 3 .* y has 2 outputs"):
        resolve(("SO(3)",), "vector", "vector", n_outputs=2)


def test_error_calls_the_representation_by_its_parameter():
    with pytest.raises(ValueError, match=r"^rep='scalar' has dimension 1"):
        resolve(("SO(3)",), "scalar", parameter="rep")


def test_candidates_of_two_dimensions_are_an_error():
    with pytest.raises(ValueError, match=r"'SO\(2\)' acts on R\^2, but the candidate 'SO\(3\)'"):
        resolve(("SO(3)", "SO(2)"), "vector")


def test_candidate_of_another_dimension_than_its_space_is_an_error():
    with pytest.raises(
        ValueError, match=r"'SO\(2\) on xyz' acts on R\^2, but in spaces=.* space 'xyz' has"
    ):
        resolve(("SO(2) on xyz",), "xyz", spaces=BODY)


def test_candidate_on_an_undeclared_space_is_an_error():
    with pytest.raises(ValueError, match=r"acts on a space 'xyz' that spaces=\{\} does not"):
        resolve(("SO(3) on xyz",), "vector")


def test_no_dimension_that_fits_is_an_error():
    with pytest.raises(ValueError, match=r"rep_in='xyz \+ tensor\(2\)' fits no table of 5"):
        resolve(("SO(3) on xyz",), "xyz + tensor(2)", n_features=5, spaces=BODY)


@pytest.mark.parametrize("spaces", [3, ("xyz", 3), "xyz"])
def test_spaces_that_are_no_mapping_are_an_error(spaces):
    with pytest.raises(TypeError, match="spaces must map names to dimensions"):
        resolve(("SO(3)",), "vector", spaces=spaces)


@pytest.mark.parametrize("name", ["a b", "", 3])
def test_space_of_no_name_is_an_error(name):
    with pytest.raises(ValueError, match="spaces: A space's name must be an identifier"):
        resolve(("SO(3)",), "vector", spaces={name: 3})


@pytest.mark.parametrize("dim", [0, -1, 2.5, True, "3", None, np.nan, np.inf])
def test_space_of_no_dimension_is_an_error(dim):
    with pytest.raises(ValueError, match=r"spaces\['xyz'\] must be a positive integer"):
        resolve(("SO(3)",), "vector", spaces={"xyz": dim})


def test_dimension_that_the_representation_knows_is_used():
    rep = Vector.bind(2) + Space("xyz", 3)
    candidates = resolve(("SO(3) on xyz",), rep, n_features=5, spaces={"xyz": 3})
    assert candidates.rep_in.dims == {"": 2, "xyz": 3}


@pytest.mark.parametrize("rep_out", ["xyz", Vector(XYZ)])
@pytest.mark.parametrize("rep_in", [XYZ.as_rep(), {("x", "y", "z"): XYZ.as_rep()}])
def test_bound_representation_declares_its_spaces(rep_in, rep_out):
    names = ["z", "y", "x"]
    candidates = resolve(("SO(3) on xyz",), rep_in, rep_out, n_outputs=3, names=names)
    assert candidates.rep_in == candidates.rep_out == Vector(XYZ)


@pytest.mark.parametrize(
    ("name", "rep_in", "message"),
    [
        (
            "SO(2) on xyz",
            XYZ.as_rep(),
            r"'SO\(2\) on xyz' acts on R\^2, but in rep_in='xyz' space",
        ),
        ("SO(2)", Vector.bind(3), r"'SO\(2\)' acts on R\^2, but in rep_in='vector' the unnamed"),
        ("SO(2)", {"x": Vector.bind(3)}, r"R\^2, but in rep_in\['x'\]='vector' the unnamed"),
    ],
)
def test_candidate_of_another_dimension_than_the_representation_is_an_error(name, rep_in, message):
    with pytest.raises(ValueError, match=message):
        resolve((name,), rep_in, names=["x"])


def test_representations_of_two_dimensions_are_an_error():
    with pytest.raises(
        ValueError, match=r"rep_out='vector' gives the unnamed .* 2, but in rep_in='vector' the"
    ):
        resolve(("SO(3) on xyz",), Vector.bind(3), Vector.bind(2), spaces={"xyz": 3})


def test_targets_give_the_dimension_that_no_column_tells():
    candidates = resolve(("SO(3) on xyz",), "xyz", "2*vector", n_outputs=8, spaces=BODY)
    assert candidates.rep_out.dims[""] == 4


def test_no_dimension_that_fits_the_targets_is_an_error():
    with pytest.raises(ValueError, match=r"rep_out='2\*vector' fits no table of 5 outputs"):
        resolve(("SO(3) on xyz",), "xyz", "2*vector", n_outputs=5, spaces=BODY)


def test_one_column_for_a_vector_is_an_error_that_says_what_to_write():
    with pytest.raises(ValueError, match=r"name all columns of a feature in one tuple"):
        resolve(("SO(3)",), {"*": "vector"}, names=list("xyz"))


@pytest.mark.parametrize("parameter", ["rep_in", "rep_out"])
def test_unknown_type_is_an_error_that_names_the_parameter(parameter):
    reps = {"rep_in": "vector", parameter: "vektor"}
    with pytest.raises(ValueError, match=f"^{parameter}: Cannot read 'vektor'"):
        resolve(("SO(3)",), **reps)


@pytest.mark.parametrize(
    "name, rep, n", [("Permutation(4) on joint", "2*xyz", 6), ("SO(3)", "scalar + xyz", 4)]
)
def test_candidate_that_moves_no_column_is_an_error(name, rep, n):
    with pytest.raises(ValueError, match=r"no column uses"):
        resolve_candidates(
            (name,), rep, None, n_features=n, n_outputs=1, spaces={"joint": 4, "xyz": 3}
        )
