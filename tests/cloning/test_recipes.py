import keras
import pytest

from symclone_tf.cloning import recipe_for
from symclone_tf.cloning.recipes import step_sizes
from symclone_tf.students import LocallyConnectedStudent, RegionalStudent
from symclone_tf.teachers import TranslationConvTeacher

from clones import dense


def test_linear_blocks_are_trained_with_sgd_on_orthogonal_draws():
    recipe = recipe_for(dense("c4", image_size=28))
    assert recipe.orthogonal
    assert recipe.images_per_step == 28 * 28 // 2
    assert recipe.kernels_per_step == 9
    assert isinstance(recipe.make_optimizer(), keras.optimizers.SGD)


def test_rate_falls_only_if_no_exact_copy_exists():
    assert not recipe_for(dense("c4", image_size=8)).decay
    assert not recipe_for(dense("c4", image_size=8, blocks=12)).decay
    decaying = recipe_for(dense("c4", image_size=8, blocks=8))
    assert decaying.decay
    rate = decaying.make_optimizer().learning_rate
    assert float(rate) == pytest.approx(decaying.learning_rate)


def test_hidden_layers_are_trained_with_adam():
    recipe = recipe_for(dense("c4", image_size=8, hidden_units=(4,)))
    assert isinstance(recipe.make_optimizer(), keras.optimizers.Adam)
    assert not recipe.orthogonal
    assert recipe.block_step == recipe.encoder_step == 1


def test_smaller_batches_take_more_steps():
    student = dense("c4", image_size=28)
    few, many = recipe_for(student, images_per_step=49), recipe_for(student)
    assert few.steps > 4 * many.steps
    assert recipe_for(student, kernels_per_step=3).steps > 2 * many.steps


def test_weights_that_positions_share_take_smaller_steps():
    """By the number of positions of their region that see an input, not padding."""
    teacher = TranslationConvTeacher(5, padding="same")
    local, regional = LocallyConnectedStudent(teacher), RegionalStudent(teacher, 2)
    sizes = []
    for student in (local, regional):
        student.build()
        found = step_sizes(student, recipe_for(student))
        paths = [weight.path for weight in student.trainable_weights]
        sizes.append(dict(zip([path.split("/")[-1] for path in paths], found)))
    assert sizes[0]["kernel"] == sizes[1]["kernel"]  # the encoder's
    # Positions 0, 1 and 2, 3, 4; the first and the last have padding.
    shares = sizes[0]["blocks"] / sizes[1]["blocks"][..., 0]
    assert shares.tolist() == [[1, 2, 2], [3, 3, 2]]


def test_options_replace_the_recipes():
    recipe = recipe_for(dense("c4", image_size=8))
    changed = recipe.with_options(steps=7, learning_rate=0.5)
    assert (changed.steps, changed.learning_rate) == (7, 0.5)
    assert recipe.with_options() == recipe


@pytest.mark.parametrize("name", ["images_per_step", "kernels_per_step"])
def test_counts_that_are_not_positive_are_refused(name):
    with pytest.raises(ValueError, match=f"`{name}` must be a positive integer"):
        recipe_for(dense("c4", image_size=8), **{name: 0})
