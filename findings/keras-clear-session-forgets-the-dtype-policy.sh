#!/usr/bin/env bash
# Keras 3.15.1: `clear_session` sets the global dtype policy back, and says nothing.
#
# The documentation advises `keras.utils.clear_session()` in loops that make many models, as
# in a search for hyperparameters, so that names and memory start anew. One would guess that
# configuration stays, as `set_floatx` and `set_image_data_format` do. But the dtype policy
# is forgotten with the session: after `set_dtype_policy("mixed_float16")` and
# `clear_session()`, new layers are float32. So are the choices to print no messages and to
# show whole tracebacks. It bites loops that set the policy once, before the first round: from
# the second on, models train in float32, with twice the memory, and their times and
# accuracies are compared with those of the first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q keras==3.15.1 numpy==2.4.6 tensorflow==2.21.0
cat > "$folder/look.py" <<'PYTHON'
import keras
import tensorflow as tf

print("keras", keras.__version__, "tensorflow", tf.__version__)
config = keras.config


def chosen():
    """What was chosen for all models, and what a new layer takes of it."""
    return {
        "floatx": config.floatx(),
        "data format": config.image_data_format(),
        "policy": config.dtype_policy().name,
        "of a new layer": keras.layers.Dense(1).dtype_policy.name,
        "messages": config.is_interactive_logging_enabled(),
        "tracebacks filtered": config.is_traceback_filtering_enabled(),
    }


config.set_image_data_format("channels_first")
config.set_dtype_policy("mixed_float16")
config.disable_interactive_logging()
config.disable_traceback_filtering()
before = chosen()
keras.utils.clear_session()
after = chosen()
for name, value in before.items():
    print(f"{name}: {value}, after clear_session {after[name]}")
assert before["policy"] == before["of a new layer"] == "mixed_float16"
assert after["policy"] == after["of a new layer"] == "float32"
assert not before["messages"]
assert after["messages"]
assert not before["tracebacks filtered"]
assert after["tracebacks filtered"]
for name in ("floatx", "data format"):
    assert after[name] == before[name]
PYTHON
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" \
    "$folder/environment/bin/python" "$folder/look.py" 2>/dev/null
echo "As described."
