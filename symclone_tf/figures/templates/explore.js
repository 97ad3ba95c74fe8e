"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("data").textContent);
  const unpack = (text, Kind) =>
    new Kind(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const { size, outputSize, maps } = data;
  const pixels = size * size, positions = outputSize * outputSize;
  const receptiveFields = unpack(data.receptiveFields, Int32Array);
  const entries = receptiveFields.length / positions;
  const kernelMatrices = unpack(data.kernelMatrices, Float32Array);
  const samples = unpack(data.images, Uint8Array);
  const count = samples.length / pixels;
  // Of the image, and of the outputs where they are compared.
  const transformations = data.transformations.map(({ title, matrix, ...rest }) => matrix ? {
    title, interpolates: true,
    ofImage: resampling.taps(matrix, size),
    ofOutputs: resampling.compared(matrix, rest.moved, outputSize),
  } : {
    title, interpolates: false,
    ofImage: resampling.permutation(unpack(rest.from, Int32Array)),
    ofOutputs: {
      transformed: unpack(rest.transformed, Int32Array),
      ...resampling.permutation(unpack(rest.original, Int32Array)),
    },
  });
  const interpolating = transformations.some(({ interpolates }) => interpolates);
  // Errors that exceed the teacher's own by less are none: far above float32's floor.
  const EQUIVARIANT = 1e-4;
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  // -- Layers ---------------------------------------------------------------------

  // One kernel for all positions, as the teacher has, or one for each: `step` 0 or not.
  const layer = (key, title, about, encode, step) => ({
    key, title, about, encode, step, error: 0, each: [],
    kernels: new Float64Array((step ? positions : 1) * entries * maps),
    outputs: new Float64Array(positions * maps),
    transformed: new Float64Array(positions * maps),
    differences: new Float64Array(positions * maps),
  });

  const teacher = layer("teacher", "Teacher", "the convolution itself", (kernel, to) => {
    to.fill(0);
    for (let v = 0; v < entries; v++)
      for (let h = 0; h < maps; h++)
        for (let e = 0; e < entries; e++)
          to[v * maps + h] += kernelMatrices[(h * entries + v) * entries + e] * kernel[e];
  }, 0);

  // α = ψ · E mixes the blocks, and the kernel at a position p is W[p] · α.
  const student = (key, title, about) => {
    const { blocks } = data.students[key];
    const weights = unpack(data.students[key].weights, Float32Array);
    const encoder = unpack(data.students[key].encoder, Float32Array);
    const mixing = new Float64Array(blocks * maps);
    return layer(key, title, about, (kernel, to) => {
      mixing.fill(0);
      for (let e = 0; e < entries; e++)
        for (let b = 0; b < blocks * maps; b++)
          mixing[b] += kernel[e] * encoder[e * blocks * maps + b];
      to.fill(0);
      for (let row = 0; row < positions * entries; row++)
        for (let b = 0; b < blocks; b++)
          for (let h = 0; h < maps; h++)
            to[row * maps + h] += weights[row * blocks + b] * mixing[b * maps + h];
    }, entries * maps);
  };

  const { blocks } = data.students.clone, fewer = data.students.fewer.blocks;
  const layers = [
    teacher,
    student("clone", "Clone", `${blocks} blocks, as many as an exact copy takes`),
    student("fewer", "Fewer blocks", `a clone of ${fewer} blocks`),
    student("relaxed", "Relaxed", "the clone, trained on what its symmetry prevents"),
  ];

  const evaluate = ({ kernels, step }, image, to) => {
    to.fill(0);
    for (let p = 0; p < positions; p++)
      for (let v = 0; v < entries; v++) {
        const pixel = image[receptiveFields[p * entries + v]];
        if (!pixel) continue;
        const from = p * step + v * maps;
        for (let h = 0; h < maps; h++) to[p * maps + h] += pixel * kernels[from + h];
      }
  };

  const transformImage = ({ ofImage }, image, to) => {
    for (let p = 0; p < pixels; p++) to[p] = resampling.sum(ofImage, p, image);
  };

  // h(g·x) − g·h(x), where it is compared, and ‖h(g·x) − g·h(x)‖ / ‖g·h(x)‖, as
  // sc.equivariance_error has it.
  const compare = ({ ofOutputs }, one) => {
    const { transformed } = ofOutputs;
    let difference = 0, norm = 0;
    one.differences.fill(0);
    for (let i = 0; i < transformed.length; i++) {
      const expected = resampling.sum(ofOutputs, i, one.outputs);
      const beyond = one.transformed[transformed[i]] - expected;
      one.differences[transformed[i]] = beyond;
      difference += beyond ** 2;
      norm += expected ** 2;
    }
    if (!norm) return difference ? Infinity : 0;
    return Math.sqrt(difference / norm);
  };

  // -- The image ------------------------------------------------------------------

  const base = new Float64Array(pixels), image = new Float64Array(pixels);
  const state = {
    angle: 0, down: 0, right: 0, kernel: "", transformation: 0, milliseconds: 0,
  };

  // Counter-clockwise, as numpy.rot90; rotations by 90° are exact.
  const rotate = () => {
    const quarter = state.angle % 90 === 0;
    const wave = (f) => {
      const value = f((state.angle * Math.PI) / 180);
      return quarter ? Math.round(value) : value;
    };
    const cosine = wave(Math.cos), sine = wave(Math.sin), middle = (size - 1) / 2;
    const pixel = (row, column) =>
      row < 0 || column < 0 || row >= size || column >= size
        ? 0 : base[row * size + column];
    for (let r = 0; r < size; r++)
      for (let c = 0; c < size; c++) {
        const y = r - middle - state.down, x = c - middle - state.right;
        const row = cosine * y + sine * x + middle;
        const column = cosine * x - sine * y + middle;
        const top = Math.floor(row), left = Math.floor(column);
        const below = row - top, beside = column - left;
        image[r * size + c] =
          (1 - below) * ((1 - beside) * pixel(top, left) + beside * pixel(top, left + 1)) +
          below * ((1 - beside) * pixel(top + 1, left) + beside * pixel(top + 1, left + 1));
      }
  };

  const begin = (values) => {
    base.set(values);
    Object.assign(state, { angle: 0, down: 0, right: 0 });
    request();
  };
  const sample = (number) => begin(
    Array.from(samples.subarray(number * pixels, (number + 1) * pixels), (v) => v / 255));
  const rotateBy = (degrees) => {
    const angle = state.angle + degrees;
    state.angle = angle - 360 * Math.ceil((angle - 180) / 360);
    request();
  };
  const translateBy = (down, right) => {
    state.down += down;
    state.right += right;
    request();
  };

  // -- What is shown --------------------------------------------------------------

  const colour = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const parts = getComputedStyle(probe).color.match(/\d+/g).slice(0, 3).map(Number);
    probe.remove();
    return parts;
  };
  const STEPS = 256;
  let ink, signed;
  const mixed = (from, to, share) => from.reduce(
    (all, part, i) => all | (Math.round(part + share * (to[i] - part)) << (8 * i)),
    255 << 24);
  const mixPalettes = () => {
    const [ground, dark, less, more] =
      ["--ground", "--ink", "--less", "--more"].map(colour);
    const shares = Array.from({ length: STEPS + 1 }, (_, i) => i / STEPS);
    // Photographs are light where they are bright, strokes dark on the page's ground.
    const ends = data.arePhotographs ? [[0, 0, 0], [255, 255, 255]] : [ground, dark];
    ink = Uint32Array.from(shares, (share) => mixed(...ends, share));
    signed = Uint32Array.from([
      ...shares.slice(1).reverse().map((share) => mixed(ground, less, share)),
      ...shares.map((share) => mixed(ground, more, share)),
    ]);
  };

  const least = Math.ceil(maps / (maps > 16 ? 8 : 4));
  const columns = Math.ceil(maps / least), rows = Math.ceil(maps / columns);
  const surface = (canvas, width, height) => {
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const shown = context.createImageData(width, height);
    return { context, shown, points: new Uint32Array(shown.data.buffer) };
  };
  // Maps side by side, one transparent pixel between them.
  const showMaps = ({ context, shown, points }, values, limit) => {
    const width = columns * (outputSize + 1) - 1;
    for (let p = 0; p < positions; p++)
      for (let h = 0; h < maps; h++) {
        const part = Math.max(-1, Math.min(1, values[p * maps + h] / limit));
        const row = Math.floor(h / columns) * (outputSize + 1) + Math.floor(p / outputSize);
        const column = (h % columns) * (outputSize + 1) + (p % outputSize);
        points[row * width + column] = signed[Math.round(STEPS * (1 + part))];
      }
    context.putImageData(shown, 0, 0);
  };
  const short = (value) => {
    if (!value) return "0";
    return value < 0.001 ? value.toExponential(0) : value.toPrecision(2);
  };

  const hand = surface(find("image"), size, size);
  for (const one of layers) {
    const section = find("layer").content.cloneNode(true).firstElementChild;
    const part = (name) => section.querySelector(name);
    part("h2").textContent = one.title;
    part(".about").textContent = one.about;
    const width = columns * (outputSize + 1) - 1, height = rows * (outputSize + 1) - 1;
    one.parts = {
      error: part(".error"), verdict: part(".verdict"), each: part(".each"),
      own: part(".own"),
      outputs: surface(part(".outputs"), width, height),
      differences: surface(part(".differences"), width, height),
    };
    part(".outputs").setAttribute("aria-label", `${one.title}: outputs, ${maps} maps`);
    part(".differences").setAttribute("aria-label",
      `${one.title}: outputs of the transformed image minus transformed outputs, ` +
      `${maps} maps`);
    section.dataset.layer = one.key;
    find("layers").append(section);
  }

  const transformedImage = new Float64Array(pixels);
  // The chosen transformation last, whose images and differences are kept.
  const inOrder = () => {
    const numbers = [...transformations.keys()].filter((n) => n !== state.transformation);
    return [...numbers, state.transformation];
  };
  const compute = () => {
    rotate();
    for (const one of layers) evaluate(one, image, one.outputs);
    for (const number of inOrder()) {
      transformImage(transformations[number], image, transformedImage);
      for (const one of layers) {
        evaluate(one, transformedImage, one.transformed);
        one.each[number] = compare(transformations[number], one);
      }
    }
    for (const one of layers) one.error = Math.max(...one.each);
  };
  // Interpolation is not exact: what it adds, the teacher has too.
  const preserves = ({ each }) =>
    each.every((error, number) => error < teacher.each[number] + EQUIVARIANT);
  const largest = ({ each }, interpolated) => Math.max(...each.filter(
    (_, number) => transformations[number].interpolates === interpolated));
  const eachOf = (one) => {
    if (transformations.length < 8)
      return transformations.map(({ title }, i) => `${title}: ${short(one.each[i])}`);
    if (!interpolating) return [];
    return [
      `without interpolation: ${short(largest(one, false))}`,
      `with interpolation: ${short(largest(one, true))}`,
    ];
  };
  const isBlank = () => !image.some((point) => point);
  const show = () => {
    for (let p = 0; p < pixels; p++)
      hand.points[p] = ink[Math.round(STEPS * Math.max(0, Math.min(1, image[p])))];
    hand.context.putImageData(hand.shown, 0, 0);
    const blank = isBlank();
    const limit = teacher.outputs.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-6);
    for (const one of layers) {
      const { parts } = one;
      showMaps(parts.outputs, one.outputs, limit);
      showMaps(parts.differences, one.differences, limit);
      const verdict = blank ? "" : preserves(one) ? "preserves" : "breaks";
      parts.error.textContent = blank ? "–" : short(one.error);
      parts.verdict.textContent = verdict && `${verdict} ${data.group}`;
      parts.verdict.className = `verdict ${verdict}`;
      parts.own.textContent = blank || !interpolating ? "" :
        one === teacher ? "by interpolation" : `the teacher's own: ${short(teacher.error)}`;
      parts.each.textContent = blank ? "" : eachOf(one).join(" · ");
    }
    find("angle").value = Math.round(state.angle);
    find("degrees").textContent = `${Math.round(state.angle)}°`;
  };
  let announcing;
  const announce = () => {
    find("status").textContent = isBlank() ? "Nothing is drawn." : `Equivariance errors. ${
      layers.map((one) => `${one.title}: ${short(one.error)}`).join(", ")}.`;
  };

  let waiting = false, spinning = false, before = 0;
  const frame = (now) => {
    waiting = false;
    if (spinning) rotateBy((Math.min(now - before, 100) * 45) / 1000);
    before = now;
    const start = performance.now();
    compute();
    show();
    state.milliseconds = performance.now() - start;
    // Once it is still: no one can listen to sixty numbers a second.
    clearTimeout(announcing);
    announcing = setTimeout(announce, 400);
  };
  const request = () => {
    if (!waiting) requestAnimationFrame(frame);
    waiting = true;
  };

  const spin = (wanted) => {
    spinning = wanted && !still.matches;
    before = performance.now();
    if (!spinning) state.angle = Math.round(state.angle);
    document.querySelector('[data-do="spin"]').setAttribute("aria-pressed", spinning);
    request();
  };
  const choose = () => {
    state.kernel = find("kernel").value;
    state.transformation = Number(find("transformation").value);
    for (const one of layers) one.encode(data.kernels[state.kernel], one.kernels);
    request();
  };

  // -- Hands ----------------------------------------------------------------------

  const canvas = find("image"), pen = 0.045 * size;
  let last = null;
  const pixelAt = (event) => {
    const box = canvas.getBoundingClientRect();
    return [
      ((event.clientY - box.top) / box.height) * size - 0.5,
      ((event.clientX - box.left) / box.width) * size - 0.5,
    ];
  };
  const stroke = ([top, left], [bottom, right]) => {
    const down = bottom - top, across = right - left;
    const length = down ** 2 + across ** 2 || 1;
    for (let r = 0; r < size; r++)
      for (let c = 0; c < size; c++) {
        const along = ((r - top) * down + (c - left) * across) / length;
        const share = Math.max(0, Math.min(1, along));
        const far = Math.hypot(r - top - share * down, c - left - share * across);
        const value = Math.exp(-((far / pen) ** 4));
        if (value > base[r * size + c]) base[r * size + c] = value;
      }
    request();
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    spin(false);
    rotate();
    begin(image.slice());
    canvas.setPointerCapture(event.pointerId);
    last = pixelAt(event);
    stroke(last, last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    for (const part of event.getCoalescedEvents?.() ?? [event]) {
      const next = pixelAt(part);
      stroke(last, next);
      last = next;
    }
  });
  for (const name of ["pointerup", "pointercancel"])
    canvas.addEventListener(name, () => { last = null; });

  const actions = {
    quarter: () => { spin(false); rotateBy(90); },
    spin: () => spin(!spinning),
    clear: () => { spin(false); begin(new Float64Array(pixels)); },
  };
  const keys = {
    r: actions.quarter, s: actions.spin, c: actions.clear,
    "[": () => rotateBy(5), "]": () => rotateBy(-5),
    ArrowUp: () => translateBy(-1, 0), ArrowDown: () => translateBy(1, 0),
    ArrowLeft: () => translateBy(0, -1), ArrowRight: () => translateBy(0, 1),
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const number = data.isDigits ? Number(event.key) : Number(event.key) - 1;
    const action = keys[event.key] ?? keys[event.key.toLowerCase()] ??
      (/^\d$/.test(event.key) && number in sampleNames ? () => sample(number) : null);
    if (!action) return;
    event.preventDefault();
    action();
  });
  for (const button of document.querySelectorAll("[data-do]"))
    button.addEventListener("click", () => actions[button.dataset.do]());
  find("angle").addEventListener("input", (event) => {
    spin(false);
    rotateBy(Number(event.target.value) - state.angle);
  });

  const sampleNames = Array.from({ length: count }, (_, i) => data.isDigits ? i : i + 1);
  sampleNames.forEach((name, number) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.setAttribute("aria-label", `${data.kind} ${name}`);
    button.addEventListener("click", () => { spin(false); sample(number); });
    find("samples").append(button);
  });
  const options = (id, named) => {
    find(id).append(...named.map(([text, value]) => new Option(text, value)));
    find(id).addEventListener("change", choose);
  };
  options("kernel", Object.keys(data.kernels).map((name) => [name, name]));
  options("transformation", transformations.map(({ title }, number) => [title, number]));

  const schemes = matchMedia("(prefers-color-scheme: dark)");
  schemes.addEventListener("change", () => { mixPalettes(); request(); });
  mixPalettes();
  choose();
  sample(Math.min(4, count - 1));

  window.explored = () => ({
    ...state,
    spinning,
    image: Array.from(image),
    transformed: Array.from(transformedImage),
    each: Object.fromEntries(layers.map((one) => [one.key, one.each])),
    errors: Object.fromEntries(layers.map((one) => [one.key, one.error])),
    outputs: Object.fromEntries(layers.map((one) => [one.key, Array.from(one.outputs)])),
  });
})();
