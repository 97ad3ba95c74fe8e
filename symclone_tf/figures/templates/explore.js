"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("data").textContent);
  const unpack = (text, Kind) =>
    new Kind(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  const { size, outputs, maps } = data;
  const pixels = size * size, places = outputs * outputs, entries = 9;
  const seen = unpack(data.seen, Int32Array);
  const samples = unpack(data.images, Uint8Array);
  const count = samples.length / pixels;
  const moves = data.moves.map((move) => ({
    title: move.title,
    into: unpack(move.into, Int32Array),
    at: unpack(move.at, Int32Array),
    of: unpack(move.of, Int32Array),
  }));
  // What numbers beyond keep a symmetry: far above float32's floor.
  const KEEPS = 1e-4;
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  // -- Layers ---------------------------------------------------------------------

  // A layer has one kernel for all places, the teacher, or one for each: `step` 0 or not.
  const layer = (key, title, about, encode, step) => ({
    key, title, about, encode, step, error: 0, each: [],
    kernels: new Float64Array((step ? places : 1) * entries * maps),
    answers: new Float64Array(places * maps),
    moved: new Float64Array(places * maps),
    differences: new Float64Array(places * maps),
  });

  const teacher = layer("teacher", "Teacher", "the convolution itself", (kernel, to) => {
    for (let v = 0; v < entries; v++)
      for (let h = 0; h < maps; h++)
        to[v * maps + h] = kernel[data.kernelMoves[h][v]];
  }, 0);

  // α = ψ · E mixes the blocks, and the kernel at a place is W[p] · α.
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
      for (let row = 0; row < places * entries; row++)
        for (let b = 0; b < blocks; b++)
          for (let h = 0; h < maps; h++)
            to[row * maps + h] += weights[row * blocks + b] * mixing[b * maps + h];
    }, entries * maps);
  };

  const fewer = data.students.fewer.blocks;
  const layers = [
    teacher,
    student("clone", "Clone", "nine blocks, as many as an exact copy takes"),
    student("fewer", "Fewer blocks", `a clone of ${fewer} blocks`),
    student("relaxed", "Relaxed", "the clone, trained where its symmetry is in the way"),
  ];

  const answer = ({ kernels, step }, image, to) => {
    to.fill(0);
    for (let p = 0; p < places; p++)
      for (let v = 0; v < entries; v++) {
        const pixel = image[seen[p * entries + v]];
        if (!pixel) continue;
        const from = p * step + v * maps;
        for (let h = 0; h < maps; h++) to[p * maps + h] += pixel * kernels[from + h];
      }
  };

  const moveImage = ({ into }, image, to) => {
    for (let p = 0; p < pixels; p++) to[p] = into[p] < 0 ? 0 : image[into[p]];
  };

  // ‖h(g·x) − g·h(x)‖ / ‖h(x)‖, as sc.equivariance_error has it.
  const relative = ({ at, of }, moved, answers) => {
    let difference = 0, norm = 0;
    for (let i = 0; i < at.length; i++) {
      difference += (moved[at[i]] - answers[of[i]]) ** 2;
      norm += answers[of[i]] ** 2;
    }
    if (!norm) return difference ? Infinity : 0;
    return Math.sqrt(difference / norm);
  };

  // -- The image ------------------------------------------------------------------

  const base = new Float64Array(pixels), image = new Float64Array(pixels);
  const state = { angle: 0, down: 0, right: 0, kernel: "", move: 0, milliseconds: 0 };

  // Counter-clockwise, as numpy.rot90; quarter turns are exact.
  const turn = () => {
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
  const turnBy = (degrees) => {
    const angle = state.angle + degrees;
    state.angle = angle - 360 * Math.ceil((angle - 180) / 360);
    request();
  };
  const shiftBy = (down, right) => {
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
    ink = Uint32Array.from(shares, (share) => mixed(ground, dark, share));
    signed = Uint32Array.from([
      ...shares.slice(1).reverse().map((share) => mixed(ground, less, share)),
      ...shares.map((share) => mixed(ground, more, share)),
    ]);
  };

  const columns = Math.min(maps, 4), rows = Math.ceil(maps / columns);
  const surface = (canvas, width, height) => {
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const shown = context.createImageData(width, height);
    return { context, shown, points: new Uint32Array(shown.data.buffer) };
  };
  // Maps side by side, one transparent pixel between them.
  const showMaps = ({ context, shown, points }, values, limit) => {
    const width = columns * (outputs + 1) - 1;
    for (let p = 0; p < places; p++)
      for (let h = 0; h < maps; h++) {
        const part = Math.max(-1, Math.min(1, values[p * maps + h] / limit));
        const row = Math.floor(h / columns) * (outputs + 1) + Math.floor(p / outputs);
        const column = (h % columns) * (outputs + 1) + (p % outputs);
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
    const width = columns * (outputs + 1) - 1, height = rows * (outputs + 1) - 1;
    one.parts = {
      error: part(".error"), verdict: part(".verdict"), each: part(".each"),
      answers: surface(part(".answers"), width, height),
      differences: surface(part(".differences"), width, height),
    };
    part(".answers").setAttribute("aria-label", `${one.title}: answers, ${maps} maps`);
    part(".differences").setAttribute("aria-label",
      `${one.title}: answers to the moved image minus moved answers, ${maps} maps`);
    section.dataset.layer = one.key;
    find("layers").append(section);
  }

  const movedImage = new Float64Array(pixels);
  const compute = () => {
    turn();
    for (const one of layers) answer(one, image, one.answers);
    moves.forEach((move, number) => {
      moveImage(move, image, movedImage);
      for (const one of layers) {
        answer(one, movedImage, one.moved);
        one.each[number] = relative(move, one.moved, one.answers);
        if (number !== state.move) continue;
        one.differences.fill(0);
        move.at.forEach((at, i) => {
          one.differences[at] = one.moved[at] - one.answers[move.of[i]];
        });
      }
    });
    for (const one of layers) one.error = Math.max(...one.each);
  };
  const isBlank = () => !image.some((point) => point);
  const show = () => {
    for (let p = 0; p < pixels; p++)
      hand.points[p] = ink[Math.round(STEPS * Math.max(0, Math.min(1, image[p])))];
    hand.context.putImageData(hand.shown, 0, 0);
    const blank = isBlank();
    const limit = teacher.answers.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-6);
    for (const one of layers) {
      const { parts } = one, keeps = one.error < KEEPS;
      showMaps(parts.answers, one.answers, limit);
      showMaps(parts.differences, one.differences, limit);
      const verdict = blank ? "" : keeps ? "keeps" : "breaks";
      parts.error.textContent = blank ? "–" : short(one.error);
      parts.verdict.textContent = verdict && `${verdict} ${data.group}`;
      parts.verdict.className = `verdict ${verdict}`;
      if (moves.length < 8)
        parts.each.textContent = blank ? "" :
          moves.map((move, i) => `${move.title}: ${short(one.each[i])}`).join(" · ");
    }
    find("angle").value = Math.round(state.angle);
    find("degrees").textContent = `${Math.round(state.angle)}°`;
  };
  let saying;
  const say = () => {
    find("said").textContent = isBlank() ? "Nothing is drawn." : `Equivariance errors. ${
      layers.map((one) => `${one.title}: ${short(one.error)}`).join(", ")}.`;
  };

  let waiting = false, spinning = false, before = 0;
  const frame = (now) => {
    waiting = false;
    if (spinning) turnBy((Math.min(now - before, 100) * 45) / 1000);
    before = now;
    const start = performance.now();
    compute();
    show();
    state.milliseconds = performance.now() - start;
    // Once it rests: no one can listen to sixty numbers a second.
    clearTimeout(saying);
    saying = setTimeout(say, 400);
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
    state.move = Number(find("move").value);
    for (const one of layers) one.encode(data.kernels[state.kernel], one.kernels);
    request();
  };

  // -- Hands ----------------------------------------------------------------------

  const canvas = find("image"), pen = 0.045 * size;
  let last = null;
  const place = (event) => {
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
    turn();
    begin(image.slice());
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    stroke(last, last);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    for (const part of event.getCoalescedEvents?.() ?? [event]) {
      const next = place(part);
      stroke(last, next);
      last = next;
    }
  });
  for (const name of ["pointerup", "pointercancel"])
    canvas.addEventListener(name, () => { last = null; });

  const deeds = {
    quarter: () => { spin(false); turnBy(90); },
    spin: () => spin(!spinning),
    clear: () => { spin(false); begin(new Float64Array(pixels)); },
  };
  const keys = {
    r: deeds.quarter, s: deeds.spin, c: deeds.clear,
    "[": () => turnBy(5), "]": () => turnBy(-5),
    ArrowUp: () => shiftBy(-1, 0), ArrowDown: () => shiftBy(1, 0),
    ArrowLeft: () => shiftBy(0, -1), ArrowRight: () => shiftBy(0, 1),
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const number = data.isDigits ? Number(event.key) : Number(event.key) - 1;
    const deed = keys[event.key] ?? keys[event.key.toLowerCase()] ??
      (/^\d$/.test(event.key) && number in sampleNames ? () => sample(number) : null);
    if (!deed) return;
    event.preventDefault();
    deed();
  });
  for (const button of document.querySelectorAll("[data-do]"))
    button.addEventListener("click", () => deeds[button.dataset.do]());
  find("angle").addEventListener("input", (event) => {
    spin(false);
    turnBy(Number(event.target.value) - state.angle);
  });

  const sampleNames = Array.from({ length: count }, (_, i) => data.isDigits ? i : i + 1);
  sampleNames.forEach((name, number) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.setAttribute("aria-label", `${data.isDigits ? "Digit" : "Stroke"} ${name}`);
    button.addEventListener("click", () => { spin(false); sample(number); });
    find("samples").append(button);
  });
  const options = (id, named) => {
    find(id).append(...named.map(([text, value]) => new Option(text, value)));
    find(id).addEventListener("change", choose);
  };
  options("kernel", Object.keys(data.kernels).map((name) => [name, name]));
  options("move", moves.map((move, number) => [move.title, number]));

  const schemes = matchMedia("(prefers-color-scheme: dark)");
  schemes.addEventListener("change", () => { mixPalettes(); request(); });
  mixPalettes();
  choose();
  sample(Math.min(4, count - 1));

  window.explored = () => ({
    ...state,
    spinning,
    image: Array.from(image),
    errors: Object.fromEntries(layers.map((one) => [one.key, one.error])),
    answers: Object.fromEntries(layers.map((one) => [one.key, Array.from(one.answers)])),
  });
})();
