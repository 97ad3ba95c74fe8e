"""Regional students whose regions differ, as after training, and layers of these."""

import symclone_tf as sc
from symclone_tf.layers import Cloned
from symclone_tf.students import RegionalStudent


def trained(teacher, rng, regions=2, **options):
    """A student whose regions have other weights each."""
    student = RegionalStudent(teacher, regions, seed=0, **options)
    student.build()
    for weight in student.weights:
        weight.assign(weight + 0.3 * rng.normal(size=weight.shape))
    student.weights_changed()
    return student


def layer_of(student, rng, channels=4, filters=8, size=None, **options):
    """A layer of a student, built for inputs of a size, with a kernel and a bias."""
    kind = sc.ClonedConv2D if isinstance(student.teacher, sc.ConvTeacher) else Cloned
    layer = kind(filters, student, **{"symmetry": "trainable", **options})
    image, _ = student.input_shapes((channels,))
    if size is not None:
        image = (*size, *image[len(size) :])
    layer.build(layer._from_last((None, *image)))
    for weight in (layer.kernel, layer.bias):
        weight.assign(rng.normal(size=weight.shape))
    return layer


def change_regions(model, rng, size=0.1):
    """Changes the clones of a network, as training does."""
    for layer in sc.networks.convolution_layers(model):
        if hasattr(layer, "student"):
            for weight in layer.student.weights:
                weight.assign(weight + size * rng.normal(size=weight.shape))
            layer.student.weights_changed()
