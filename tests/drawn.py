"""What Hypothesis draws for several tests."""

from hypothesis import strategies as st


@st.composite
def windows(draw):
    """Sizes and steps of a convolution that TensorFlow computes."""
    kernel = draw(st.integers(1, 4))
    strides = draw(st.integers(1, 3))
    dilation = 1 if strides > 1 else draw(st.integers(1, 3))
    size = draw(st.integers((kernel - 1) * dilation + 1, 11))
    return size, kernel, draw(st.sampled_from(["valid", "same"])), strides, dilation
