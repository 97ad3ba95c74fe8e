#!/usr/bin/env bash
# tifffile 2026.3.3: a mask of truth values is written as a TIFF whose True is black.
#
# One would guess that `tifffile.imwrite` of a bool array says in tag 262 what it says of
# bytes, that zero is black, so that a mask looks as it does in every other format. But it
# says that zero is white. tifffile itself reads the same array again and ignores the
# tag; Pillow applies it and returns the mask inverted, without a word. Masks of 0 and 255
# in bytes are read alike by both. It bites whoever writes segmentation masks in one program
# and reads them in another: background and cells are exchanged. `photometric="minisblack"`
# writes the tag that one would guess.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/environment"
"$folder/environment/bin/pip" install -q tifffile==2026.3.3 numpy==2.4.6 pillow==12.3.0
cat > "$folder/look.py" <<'PYTHON'
import pathlib
import sys

import numpy as np
import PIL
import PIL.Image
import tifffile

print("tifffile", tifffile.__version__, "pillow", PIL.__version__)
folder = pathlib.Path(sys.argv[1])
mask = np.zeros((16, 16), bool)
mask[2:6, 3:9] = True


def looked_at(pixels, name, **options):
    file = folder / f"{name}.tif"
    tifffile.imwrite(file, pixels, **options)
    with tifffile.TiffFile(file) as found:
        tag = found.pages[0].tags.valueof(262)
    there = tifffile.imread(file).astype(bool)
    shown = np.asarray(PIL.Image.open(file).convert("L")) > 0
    print(name, "tag 262:", int(tag), "white pixels:", there.sum(), shown.sum())
    return int(tag), there, shown


tag, there, shown = looked_at(mask, "truth")
assert tag == 0  # zero is white
assert np.array_equal(there, mask)
assert np.array_equal(shown, ~mask)

tag, there, shown = looked_at(np.uint8(255) * mask, "bytes")
assert tag == 1
assert np.array_equal(there, mask) and np.array_equal(shown, mask)

tag, there, shown = looked_at(mask, "black", photometric="minisblack")
assert tag == 1
assert np.array_equal(there, mask) and np.array_equal(shown, mask)
print("As described.")
PYTHON
"$folder/environment/bin/python" "$folder/look.py" "$folder"
