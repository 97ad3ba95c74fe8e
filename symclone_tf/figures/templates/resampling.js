"use strict";
// How rotations that do not permute pixels interpolate, as symmetry/resampling.py has it.
const resampling = (() => {
  const TAPS = 4, MARGIN = 2;

  // The four pixels beside a position along an axis, and their weights by cubic
  // convolution: Keys, 1981, with a = −1/2. Beyond the edge, the last pixel is repeated.
  const along = (position, size) => {
    const first = Math.floor(position) - 1;
    return Array.from({ length: TAPS }, (_, tap) => {
      const far = Math.abs(position - first - tap);
      const near = (1.5 * far - 2.5) * far ** 2 + 1;
      const outer = ((-0.5 * far + 2.5) * far - 4) * far + 2;
      const weight = far <= 1 ? near : far < 2 ? outer : 0;
      return [Math.min(Math.max(first + tap, 0), size - 1), weight];
    });
  };

  // Whether each pixel is within the disc about the centre, by doubled coordinates.
  const disc = (size, margin = 0) => Array.from({ length: size * size }, (_, pixel) => {
    const row = 2 * Math.floor(pixel / size) - size + 1;
    const column = 2 * (pixel % size) - size + 1;
    return row ** 2 + column ** 2 <= (size - 2 * margin) ** 2;
  });

  // The pixels, and their weights, that each pixel of a transformed image comes from:
  // zeros outside of the disc.
  const taps = ([[a, b], [c, d]], size) => {
    const each = TAPS ** 2, middle = (size - 1) / 2;
    const positions = new Int32Array(each * size * size);
    const weights = new Float64Array(each * size * size);
    disc(size).forEach((inside, pixel) => {
      if (!inside) return;
      const y = Math.floor(pixel / size) - middle, x = (pixel % size) - middle;
      const columns = along(b * y + d * x + middle, size);
      let at = each * pixel;
      for (const [row, down] of along(a * y + c * x + middle, size))
        for (const [column, across] of columns) {
          positions[at] = row * size + column;
          weights[at++] = down * across;
        }
    });
    return { each, positions, weights };
  };

  // The weighted sum that an entry of a transformed array is.
  const sum = ({ each, positions, weights }, entry, values) => {
    let found = 0;
    for (let at = entry * each; at < (entry + 1) * each; at++)
      found += weights[at] * values[positions[at]];
    return found;
  };

  // Those of feature maps, whose entries follow one another at each pixel, where
  // outputs are compared: within the disc.
  const compared = (matrix, moved, size) => {
    const { each, positions, weights } = taps(matrix, size), maps = moved.length;
    const inside = disc(size, MARGIN).flatMap((is, pixel) => (is ? [pixel] : []));
    const found = {
      each, transformed: new Int32Array(inside.length * maps),
      positions: new Int32Array(inside.length * maps * each),
      weights: new Float64Array(inside.length * maps * each),
    };
    let at = 0;
    for (const pixel of inside)
      for (let map = 0; map < maps; map++) {
        found.transformed[at] = pixel * maps + map;
        for (let tap = 0; tap < each; tap++) {
          found.positions[at * each + tap] =
            positions[pixel * each + tap] * maps + moved[map];
          found.weights[at * each + tap] = weights[pixel * each + tap];
        }
        at++;
      }
    return found;
  };

  // A permutation, as one position for each entry, or −1 for zero.
  const permutation = (from) => ({
    each: 1, positions: from.map((at) => Math.max(at, 0)),
    weights: Float64Array.from(from, (at) => (at < 0 ? 0 : 1)),
  });

  return { taps, sum, compared, permutation };
})();
