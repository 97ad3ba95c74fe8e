"""The table of the documentation has what the tests run on each backend."""

import ast
import pathlib

TESTS = pathlib.Path(__file__).parent
PAGE = TESTS.parents[1] / "docs" / "how-to" / "backends.md"
ALL, TENSORFLOW = "✓ ✓ ✓", "✓ – –"
# For each feature, the backends that have it, and the tests that show it: of all three
# what runs on them, of one what refuses it on the others.
FEATURES = {
    "load clones that TensorFlow wrote": (
        *(ALL, "test_files"),
        "test_artifacts_that_tensorflow_wrote_agree_with_their_teachers",
    ),
    "clone in closed form": (ALL, "test_cloning", "test_closed_form"),
    "clone by gradient descent": (ALL, "test_cloning", "test_trained"),
    "clone functions and sets": (
        *(ALL, "test_cloning", "test_functions_are_teachers"),
        "test_sets_are_cloned_too",
    ),
    "steps of cloning compiled by XLA, draws included": (
        *("✓ ✓ –", "test_tensorflow_alone"),
        "test_steps_compiled_on_pytorch",
    ),
    "`fit` frozen clones, as convolutions": (
        *(ALL, "test_layers"),
        "test_frozen_clones_keep_their_students_and_compute_as_convolutions",
    ),
    "`fit` trainable clones, each part of them": (
        *(ALL, "test_layers"),
        "test_trainable_clones_change_what_they_say",
    ),
    "`fit` anchored clones, each anchor": (
        *(ALL, "test_layers"),
        "test_anchored_clones_stay_nearer_to_what_was_cloned",
        "test_a_decoupled_anchor_ends_each_step_where_its_formula_says",
    ),
    "`UntiedGroupConv2D`, `ClonedAttention`": (
        *(ALL, "test_layers"),
        "test_untied_group_convolutions_are_trained_with_each_anchor",
        "test_the_anchor_of_attention_is_followed_too",
    ),
    "models that are built at their first call": (
        *(ALL, "test_layers"),
        "test_models_are_built_at_their_first_call",
    ),
    "channels in groups, separable convolutions": (
        *(ALL, "test_layers"),
        "test_channels_in_groups_and_separable_convolutions",
    ),
    "mixed precision": (ALL, "test_layers", "test_mixed_precision"),
    "`GroupConv2D`, `GroupConv3D`, `OrbitDense`, poolings": (
        *(ALL, "test_layers"),
        "test_teachers_as_layers_and_poolings_are_trained",
    ),
    "`.keras` files of the other backends: outputs": (
        *(ALL, "test_files"),
        "test_outputs_are_the_same",
    ),
    "`.keras` files of the other backends: training goes on": (
        *(ALL, "test_files", "test_training_goes_on"),
    ),
    "`EquivarianceErrors`": (
        *(ALL, "test_networks"),
        "test_equivariance_errors_are_measured_in_each_epoch",
    ),
    "`relax`, `symmetrize`, `fuse`, `fuse_network`": (
        *(ALL, "test_networks"),
        "test_relaxed_networks_compute_the_same_and_are_trained",
        "test_networks_become_invariant_and_are_trained",
        "test_layers_are_fused",
    ),
    "`export`: the `.keras` file": (
        *(ALL, "test_tensorflow_alone", "test_exported_clones_are_served"),
        "test_where_tensorflow_is_missing_the_keras_file_is_written",
    ),
    "several devices, by `strategy`": (
        *(TENSORFLOW, "test_tensorflow_alone"),
        "test_several_devices",
    ),
    "`export_onnx`": (TENSORFLOW, "test_tensorflow_alone", "test_onnx"),
    'PyTorch\'s files, `model.export(file, format="torch")`': (
        *("– – ✓", "test_torch_alone"),
        "test_files_compute_what_networks_do_for_any_number_of_images",
        "test_others_do_not_write_them",
    ),
}


def test_the_table_is_that_of_the_tests():
    rows = [
        f"| {feature} | {' | '.join(marks.split())} |"
        for feature, (marks, *_) in FEATURES.items()
    ]
    text = PAGE.read_text("utf-8")
    table = text.partition("|---|:---:|:---:|:---:|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == rows


def test_each_feature_has_tests_that_run_on_all_backends():
    for _, module, *tests in FEATURES.values():
        tree = ast.parse((TESTS / f"{module}.py").read_text("utf-8"))
        names = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
        assert tests
        assert set(tests) <= names
