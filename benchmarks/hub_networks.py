"""Networks of KerasHub from configurations: small ones, of each kind."""

import keras_hub

models = keras_hub.models
SIZES = {
    "ResNetBackbone": 64,
    "ResNetImageClassifier": 64,
    "EfficientNetBackbone": 64,
    "DenseNetBackbone": 64,
    "MobileNetBackbone": 64,
    "MobileNetV5Backbone": 64,
    "CSPNetBackbone": 64,
    "VGGBackbone": 64,
    "XceptionBackbone": 96,
    "ViTBackbone": 64,
    "MiTBackbone": 64,
    "DeepLabV3ImageSegmenter": 64,
    "SegFormerImageSegmenter": 64,
}


def make(name: str):
    """A network of KerasHub, with random weights."""
    return MAKERS[name]()


def _resnet(size=64, filters=(64, 128, 256)):
    return models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=list(filters),
        stackwise_num_blocks=[1] * len(filters),
        stackwise_num_strides=[1, *[2] * (len(filters) - 1)],
        block_type="bottleneck_block",
        image_shape=(size, size, 3),
    )


def _resnet_classifier():
    converter = keras_hub.layers.ResNetImageConverter(
        image_size=(64, 64), scale=1 / 255, offset=-0.5
    )
    preprocessor = models.ResNetImageClassifierPreprocessor(image_converter=converter)
    return models.ResNetImageClassifier(
        backbone=_resnet(), num_classes=10, preprocessor=preprocessor
    )


def _efficientnet():
    return models.EfficientNetBackbone(
        stackwise_width_coefficients=[1.0] * 3,
        stackwise_depth_coefficients=[1.0] * 3,
        stackwise_kernel_sizes=[3, 5, 3],
        stackwise_num_repeats=[1, 2, 2],
        stackwise_input_filters=[32, 16, 24],
        stackwise_output_filters=[16, 24, 40],
        stackwise_expansion_ratios=[1, 6, 6],
        stackwise_strides=[1, 2, 2],
        stackwise_squeeze_and_excite_ratios=[0.25] * 3,
        stackwise_block_types=["v1"] * 3,
        dropout=0.0,
        image_shape=(None, None, 3),
    )


def _densenet():
    return models.DenseNetBackbone(
        stackwise_num_repeats=[2, 4, 2],
        growth_rate=16,
        compression_ratio=0.5,
        image_shape=(64, 64, 3),
    )


def _mobilenet():
    return models.MobileNetBackbone(
        stackwise_expansion=[[40, 56], [64, 144, 144], [72, 72]],
        stackwise_num_blocks=[2, 3, 2],
        stackwise_num_filters=[[16, 16], [24, 24, 24], [32, 32]],
        stackwise_kernel_size=[[3, 3], [5, 5, 5], [5, 5]],
        stackwise_num_strides=[[2, 1], [2, 1, 1], [1, 1]],
        stackwise_se_ratio=[[None, None], [0.25] * 3, [0.3, 0.3]],
        stackwise_activation=[["relu"] * 2, ["hard_swish"] * 3, ["hard_swish"] * 2],
        stackwise_padding=[[1, 1], [2, 2, 2], [2, 2]],
        output_num_filters=64,
        input_num_filters=16,
        input_activation="hard_swish",
        depthwise_filters=8,
        depthwise_stride=2,
        depthwise_residual=False,
        squeeze_and_excite=0.5,
        last_layer_filter=64,
        image_shape=(64, 64, 3),
    )


def _mobilenet_v5():
    return models.MobileNetV5Backbone(
        stackwise_block_types=[["er"], ["uir", "uir"]],
        stackwise_num_blocks=[1, 2],
        stackwise_num_filters=[[24], [48, 48]],
        stackwise_strides=[[2], [2, 1]],
        stackwise_act_layers=[["relu"], ["relu", "relu"]],
        stackwise_exp_ratios=[[4.0], [6.0, 4.0]],
        stackwise_se_ratios=[[0.0], [0.0, 0.0]],
        stackwise_dw_kernel_sizes=[[0], [5, 5]],
        stackwise_dw_start_kernel_sizes=[[0], [3, 0]],
        stackwise_dw_end_kernel_sizes=[[0], [0, 0]],
        stackwise_exp_kernel_sizes=[[3], [0, 0]],
        stackwise_pw_kernel_sizes=[[1], [0, 0]],
        stackwise_num_heads=[[0], [0, 0]],
        stackwise_key_dims=[[0], [0, 0]],
        stackwise_value_dims=[[0], [0, 0]],
        stackwise_kv_strides=[[0], [0, 0]],
        stackwise_use_cpe=[[False], [False, False]],
        use_msfa=False,
        image_shape=(64, 64, 3),
    )


def _cspnet():
    return models.CSPNetBackbone(
        stem_filters=16,
        stem_kernel_size=3,
        stem_strides=1,
        stackwise_depth=[1, 2],
        stackwise_strides=[1, 2],
        stackwise_num_filters=[16, 32],
        block_type="dark_block",
        stage_type="dark",
        image_shape=(64, 64, 3),
    )


def _vgg():
    return models.VGGBackbone(
        stackwise_num_repeats=[1, 2],
        stackwise_num_filters=[16, 32],
        image_shape=(64, 64, 3),
    )


def _xception():
    return models.XceptionBackbone(
        stackwise_conv_filters=[[32, 64], [64, 128], [256, 256]],
        stackwise_pooling=[True, True, False],
        image_shape=(96, 96, 3),
    )


def _vit():
    return models.ViTBackbone(
        image_shape=(64, 64, 3),
        patch_size=8,
        num_layers=2,
        num_heads=2,
        hidden_dim=32,
        mlp_dim=64,
    )


def _mit(size=64):
    return models.MiTBackbone(
        hidden_dims=[8, 16, 24, 32],
        layerwise_depths=[1, 1, 1, 1],
        num_layers=4,
        layerwise_num_heads=[1, 1, 2, 2],
        layerwise_sr_ratios=[8, 4, 2, 1],
        max_drop_path_rate=0.1,
        layerwise_patch_sizes=[7, 3, 3, 3],
        layerwise_strides=[4, 2, 2, 2],
        image_shape=(size, size, 3),
    )


def _deeplab():
    backbone = models.DeepLabV3Backbone(
        image_encoder=_resnet(),
        projection_filters=16,
        low_level_feature_key="P2",
        spatial_pyramid_pooling_key="P4",
        upsampling_size=4,
        dilation_rates=[1, 2],
        image_shape=(64, 64, 3),
    )
    return models.DeepLabV3ImageSegmenter(backbone=backbone, num_classes=4)


def _segformer():
    backbone = models.SegFormerBackbone(image_encoder=_mit(), projection_filters=16)
    return models.SegFormerImageSegmenter(backbone=backbone, num_classes=4)


MAKERS = {
    "ResNetBackbone": _resnet,
    "ResNetImageClassifier": _resnet_classifier,
    "EfficientNetBackbone": _efficientnet,
    "DenseNetBackbone": _densenet,
    "MobileNetBackbone": _mobilenet,
    "MobileNetV5Backbone": _mobilenet_v5,
    "CSPNetBackbone": _cspnet,
    "VGGBackbone": _vgg,
    "XceptionBackbone": _xception,
    "ViTBackbone": _vit,
    "MiTBackbone": _mit,
    "DeepLabV3ImageSegmenter": _deeplab,
    "SegFormerImageSegmenter": _segformer,
}
