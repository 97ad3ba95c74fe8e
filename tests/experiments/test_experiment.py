import pytest

from symclone_tf.experiments.experiment import Experiment


def test_defaults_are_the_laptop_protocol():
    full = Experiment("cloned", "t2").complete()
    assert (full.train_size, full.epochs, full.batch_size) == (10_000, 8, 64)
    assert (full.learning_rate, full.dropout) == (1e-3, 0.2)
    assert (full.canvas, full.max_translation) == (40, 6)
    assert (full.symmetry, full.blocks, full.anchor) == ("frozen", 9, None)
    assert full.complete() == full


def test_anchors_have_strengths_of_their_own():
    for anchor, strength in (("kl", 1000), ("decoupled-l2-sp", 30), ("proximal", 0.5)):
        full = Experiment(symmetry="anchored", anchor=anchor).complete()
        assert (full.anchor_strength, full.trainable_part) == (strength, "all")


def test_networks_of_mixed_layers_have_titles():
    mixed = Experiment(
        symmetry="frozen,frozen,frozen,anchored",
        student="local",
        anchor="decoupled-l2-sp",
        trainable_part="encoder",
    )
    title = "cloned, local, 9 blocks, frozen ×3, anchored (decoupled-l2-sp 30, encoder)"
    assert mixed.network == title


def test_regions_are_in_titles_and_a_pair():
    experiment = Experiment(student="regional", regions=2)
    assert experiment.network == "cloned, regional 2×2, 9 blocks, frozen"
    assert experiment.complete().regions == (2, 2)
    assert Experiment(student="regional", regions=[2, 2]).complete() in {
        experiment.complete()
    }
    default = Experiment(student="regional")
    assert default.network == "cloned, regional, 9 blocks, frozen"
    assert default.complete().regions is None


@pytest.mark.parametrize(("group", "blocks"), [("flip", 9), ("c8", 6), ("d16", 17)])
def test_clones_have_the_blocks_of_exact_ones(group, blocks):
    full = Experiment("cloned", group).complete()
    assert full.blocks == blocks
    assert full.name == f"{group}-invariance-cloned-frozen"
    fewer = Experiment("cloned", group, blocks=blocks - 1)
    assert fewer.name == f"{group}-invariance-cloned-frozen-b{blocks - 1}"


def test_what_is_for_other_networks_is_empty():
    full = Experiment("gcnn").complete()
    assert full.symmetry is full.blocks is full.anchor is full.anchor_strength is None


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"architecture": "mlp"}, "c4-invariance-mlp"),
        ({"group": "t2", "task": "breaking"}, "t2-breaking-cloned-frozen"),
        ({"blocks": 7}, "c4-invariance-cloned-frozen-b7"),
        ({"student": "local"}, "c4-invariance-cloned-frozen-local"),
        ({"student": "regional"}, "c4-invariance-cloned-frozen-regional"),
        (
            {"student": "regional", "regions": 2},
            "c4-invariance-cloned-frozen-regional-r2x2",
        ),
        (
            {"student": "regional", "regions": [3, 2], "blocks": 7},
            "c4-invariance-cloned-frozen-regional-r3x2-b7",
        ),
        (
            {"symmetry": "anchored", "anchor": "l2-sp", "anchor_strength": 0.5},
            "c4-invariance-cloned-anchored-l2-sp-0.5",
        ),
        (
            {"symmetry": "anchored", "anchor": "kl", "anchor_strength": 1e20},
            "c4-invariance-cloned-anchored-kl-1e20",
        ),
        (
            {"symmetry": "trainable", "trainable_part": "encoder"},
            "c4-invariance-cloned-trainable-encoder",
        ),
        (
            {
                "symmetry": "frozen,frozen,frozen,anchored",
                "student": "local",
                "anchor": "decoupled-l2-sp",
                "trainable_part": "encoder",
            },
            "c4-invariance-cloned-frozen3-anchored-local-decoupled-l2-sp-30-encoder",
        ),
        (
            {
                "symmetry": "trainable,trainable,anchored,anchored",
                "trainable_part": "all,blocks,blocks,encoder",
                "anchor": "proximal",
            },
            "c4-invariance-cloned-trainable2-anchored2-proximal-0.5-all-blocks2-encoder",
        ),
        (
            {"architecture": "cnn", "data": "fashion_mnist"},
            "c4-fashion_mnist-invariance-cnn",
        ),
        (
            {"architecture": "cnn", "data": "my data/blood cells.npz"},
            "c4-blood-cells-invariance-cnn",
        ),
    ],
)
def test_names_say_what_was_trained(options, name):
    assert Experiment(**options).name == name


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"architecture": "vgg"}, "mlp, cnn, gcnn, cloned.*architecture=vgg"),
        ({"group": "c65"}, "group=c65"),
        ({"task": "sorting"}, "invariance, breaking.*task=sorting"),
        ({"symmetry": "melted"}, "frozen, trainable, anchored.*symmetry=melted"),
        ({"symmetry": "frozen,melted,frozen,frozen"}, "frozen, train.*symmetry=melted"),
        ({"symmetry": "frozen,anchored"}, "four|4 separated.*symmetry=frozen,anchored"),
        ({"symmetry": 3}, "symmetry=3"),
        (
            {"trainable_part": "encoder"},
            "`symmetry` trainable or anchored only.*trainable_part=encoder",
        ),
        (
            {"symmetry": "trainable", "trainable_part": "bias"},
            "all, encoder, bl.*trainable_part=bias",
        ),
        ({"symmetry": "anchored", "anchor_strength": float("inf")}, "positive, finite"),
        (
            {"symmetry": "trainable", "anchor": "decoupled-l2-sp"},
            "`symmetry` anchored only",
        ),
        ({"architecture": "gcnn", "symmetry": "frozen"}, "`architecture` cloned only"),
        ({"architecture": "cnn", "blocks": 9}, "`blocks` is for.*blocks=9"),
        ({"symmetry": "trainable", "anchor": "kl"}, "`symmetry` anchored only"),
        ({"anchor_strength": 2.0}, "`anchor_strength` is for"),
        ({"symmetry": "anchored", "anchor_strength": -1}, "anchor_strength=-1"),
        ({"symmetry": "anchored", "anchor": "l1"}, "kl, l2.*anchor=l1"),
        ({"blocks": 0}, "blocks=0"),
        ({"student": "thin"}, "`student` must be one of.*student=thin"),
        ({"architecture": "cnn", "student": "dense"}, "`architecture` cloned only"),
        ({"regions": 2}, "`regions` is for `student` regional only.*regions=2"),
        ({"student": "local", "regions": 2}, "`student` regional only"),
        ({"architecture": "cnn", "regions": 2}, "`student` regional only"),
        ({"student": "regional", "regions": 0}, "`regions` must be a positive integer"),
        ({"student": "regional", "regions": (2, 2, 2)}, "or a pair of them"),
        ({"train_size": 0}, "train_size=0"),
        ({"test_size": 0}, "test_size=0"),
        ({"epochs": -1}, "epochs=-1"),
        ({"batch_size": 1.5}, "batch_size=1.5"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"dropout": 1.0}, "dropout=1.0"),
        ({"dropout": "a"}, "dropout=a"),
        ({"seed": -1}, "seed=-1"),
        ({"seed": 1.5}, "seed=1.5"),
        ({"canvas": 27}, "canvas=27"),
        ({"canvas": 28, "image_size": 32}, "at least 32.*canvas=28"),
        ({"image_size": 15}, "from 16 to 512"),
        ({"image_size": 20.5}, "image_size=20.5"),
        ({"data": "photos", "canvas": 15}, "at least 16.*canvas=15"),
        ({"data": "photos", "symmetry": "frozen,melted"}, "symmetry=melted"),
        ({"data": "photos", "train_size": 0}, "train_size=0"),
        ({"data": " "}, "`data` must be a name of tensorflow-datasets, or the path"),
        ({"data": "a\nb"}, r"data='a\\nb'"),
        ({"max_translation": 2}, "max_translation=2"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        Experiment(**options).complete()


def test_options_that_depend_on_images_are_none_before_these_are_open():
    full = Experiment("cnn", data="photos").complete()
    sizes = full.image_size, full.canvas, full.train_size, full.test_size
    assert sizes == (None,) * 4
    digits = Experiment("cnn", image_size=32).complete()
    sizes = digits.image_size, digits.canvas, digits.train_size, digits.test_size
    assert sizes == (32, 32, 10_000, 10_000)


def test_networks_of_large_images_have_more_choices():
    six = ",".join(["frozen"] * 5 + ["trainable"])
    assert Experiment(canvas=128, symmetry=six).complete().symmetry == six
    assert Experiment(data="photos", symmetry=six).complete().symmetry == six


def test_tables_are_of_one_group_and_one_kind_of_images():
    assert Experiment("cnn", "t2").table == "t2"
    assert Experiment("cnn", "t2", data="photos/").table == "t2-photos"
