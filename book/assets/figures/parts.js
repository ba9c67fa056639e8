// What the figures share: numbers as text, shapes, axes, native controls, and the frame around them.

// 1. Numbers, written as Python's format() writes them: the words of a figure are the same in both.

/** As with f"{value:.3f}". Exactly between two, Python takes the even one and toFixed the larger. */
export const fixed = (value, digits) => {
  if (Math.abs(value * 2 ** (digits + 1)) % 2 !== 1) return value.toFixed(digits);
  const below = Math.floor(value * 10 ** digits);
  return ((below + Math.abs(below % 2)) / 10 ** digits).toFixed(digits);
};

/** As with f"{value:.4g}". */
export const general = (value, digits = 6) => {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (exponent >= -4 && exponent < digits) return trim(fixed(value, digits - 1 - exponent));
  return `${trim(mantissa)}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
};

/** As with f"{value:.1%}", for a share from 0 to 1. */
export const percent = (value, digits) => `${fixed(100 * value, digits)}%`;

/** A count with commas between the thousands. */
export const grouped = (count) => count.toLocaleString("en");

/** A true minus in place of the hyphen. */
export const minus = (text) => text.replaceAll("-", "−");

/** A number of so many digits as it stands in a text: −2.5 × 10⁻⁶ in place of -2.5e-06. */
export const written = (value, digits) => {
  const [mantissa, exponent] = general(value, digits).split("e");
  if (exponent === undefined) return minus(mantissa);
  const raised = (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)];
  const power = String(Number(exponent)).replace(/[-\d]/g, raised);
  return `${minus(mantissa)} × 10${power}`;
};

/** Bytes that were packed for JSON, one a pixel. */
export const unpack = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

// 2. Elements. Colours are the page's custom properties, so a drawing follows light and dark.

const maker =
  (namespace) =>
  (name, attributes = {}, ...children) => {
    const element = document.createElementNS(namespace, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
/** An element of HTML, or of SVG, from its name, its attributes and its children. */
export const html = maker("http://www.w3.org/1999/xhtml");
/** An element of SVG, likewise. */
export const svg = maker("http://www.w3.org/2000/svg");

/** A colour of the palette by its name, as the page has it now. */
export const tone = (name) => `var(--dd-${name})`;

const LEADING = 16.5; // between the lines of a box

/** Words that begin at (x, y). */
export const text = (x, y, words, attributes = {}) =>
  svg("text", { x, y, fill: tone("ink"), ...attributes }, words);

// Points far outside of a drawing are brought nearer: browsers compute places with float32.
const near = (value) => Math.max(-5000, Math.min(5000, value)).toFixed(2);

/** A line through points [x, y], in pixels of the drawing. */
export const line = (points, attributes = {}) =>
  svg("path", {
    d: `M${points.map(([x, y]) => `${near(x)} ${near(y)}`).join("L")}`,
    fill: "none",
    "stroke-width": 2,
    "stroke-linejoin": "round",
    ...attributes,
  });

/** The line between two points. */
export const segment = (x1, y1, x2, y2, attributes = {}) =>
  line(
    [
      [x1, y1],
      [x2, y2],
    ],
    attributes,
  );

/** For what is only a mark, such as a threshold. */
export const DOTTED = { stroke: tone("ink"), "stroke-width": 1, "stroke-dasharray": "2 3" };

/** A dot on each of the points. */
export const dots = (points, radius, attributes) =>
  points.map(([x, y]) => svg("circle", { cx: near(x), cy: near(y), r: radius, ...attributes }));

/** A rectangle from its upper left corner; none where width or height are negative. */
export const bar = (x, y, width, height, attributes) =>
  svg("rect", { x, y, width: Math.max(0, width), height: Math.max(0, height), ...attributes });

/** A box around its middle (x, y), with lines of words in it, each [words, attributes]. */
export const box = ([x, y, width, height], lines, look) => [
  svg("rect", {
    x: x - width / 2,
    y: y - height / 2,
    width,
    height,
    rx: 8,
    fill: tone("wash"),
    ...look,
  }),
  ...lines.map(([words, attributes], i) =>
    text(x, y + (i - (lines.length - 1) / 2) * LEADING, words, {
      "text-anchor": "middle",
      dy: "0.35em",
      ...attributes,
    }),
  ),
];

// 3. Axes. `x` and `y` are { label, range, ticks } with ticks as numbers or as [number, words].
// `data` is cut off at the frame, `over` is not; both are drawn in with the places X(…) and Y(…).

/**
 * Axes in a drawing of `width` × `height` pixels, with what is needed to draw in them: { surface, data, over,
 * frame, X, Y, across, up, place }. place(event) says where in the plot a pointer is.
 */
export const plot = ({
  width = 380,
  height = 320,
  left = 66,
  top = 16,
  bottom = 50,
  title,
  x,
  y,
}) => {
  const [across, up] = [width - left - 14, height - top - bottom];
  const scale = ({ range: [from, to], log }, length) => {
    const along = log ? Math.log10 : (value) => value;
    return (value) => ((along(value) - along(from)) / (along(to) - along(from))) * length;
  };
  const X = scale(x, across);
  const fromBelow = scale(y, up);
  const Y = (value) => up - fromBelow(value);
  const ticks = (axis) =>
    (axis.ticks ?? []).map((t) => (Array.isArray(t) ? t : [t, minus(general(t))]));
  const grid = svg("g", { stroke: tone("grid") });
  const frame = svg("g");
  for (const [value, words] of ticks(x)) {
    if (!x.plain) grid.append(segment(X(value), 0, X(value), up, { "stroke-width": 1 }));
    frame.append(text(X(value), up + 19, words, { "text-anchor": "middle" }));
  }
  for (const [value, words] of ticks(y)) {
    if (!y.plain) grid.append(segment(0, Y(value), across, Y(value), { "stroke-width": 1 }));
    frame.append(text(-8, Y(value), words, { "text-anchor": "end", dy: "0.35em" }));
  }
  frame.append(
    line(
      [
        [0, 0],
        [0, up],
        [across, up],
      ],
      { stroke: tone("muted"), "stroke-width": 1 },
    ),
    text(across / 2, up + 42, x.label, { "text-anchor": "middle" }),
    text(-up / 2, -left + 14, y.label, { "text-anchor": "middle", transform: "rotate(-90)" }),
  );
  if (title)
    frame.append(text(across / 2, -10, title, { "text-anchor": "middle", class: "dd-title" }));
  const data = svg("svg", { x: left, y: top, width: across, height: up });
  const over = svg("g", { transform: `translate(${left} ${top})` });
  grid.setAttribute("transform", `translate(${left} ${top})`);
  frame.setAttribute("transform", `translate(${left} ${top})`);
  const surface = panel(width, height, grid, frame, data, over);
  const place = (event) => {
    const box = surface.getBoundingClientRect();
    const at = (x.range[1] - x.range[0]) / across;
    const high = (y.range[1] - y.range[0]) / up;
    return [
      x.range[0] + (((event.clientX - box.left) * width) / box.width - left) * at,
      y.range[1] - (((event.clientY - box.top) * height) / box.height - top) * high,
    ];
  };
  return { surface, data, over, frame, X, Y, across, up, place };
};

/** A drawing of its own kind: as wide as `width` where there is room, smaller where there is none. */
export const panel = (width, height, ...children) =>
  svg("svg", { viewBox: `0 0 ${width} ${height}`, width, "aria-hidden": "true" }, ...children);

/**
 * A handle at a place of a plot, which a mouse or a finger drags; a click elsewhere in the plot
 * brings it there. A finger drags by the handle alone, because elsewhere it scrolls the page.
 * It only repeats what the controls do, so it is no control itself.
 */
export const handle = ({ surface, over, place }, move) => {
  const spot = svg("g", { class: "dd-handle" }, svg("circle", { r: 24, fill: "transparent" }));
  over.append(spot);
  surface.classList.add("dd-draggable");
  let pointer;
  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || (event.pointerType === "touch" && !spot.contains(event.target)))
      return;
    event.preventDefault();
    pointer = event.pointerId;
    surface.setPointerCapture(pointer);
    move(place(event));
  });
  surface.addEventListener("pointermove", (event) => {
    if (event.pointerId === pointer) move(place(event));
  });
  surface.addEventListener("lostpointercapture", () => (pointer = undefined));
  return spot;
};

/**
 * Where a descent starts, as a square on its map that is dragged. place([x, y], [dx, dy]) brings it to
 * a place of the plot, and its name so far from there, on the side that has room.
 */
export const startHandle = (map, move) => {
  const spot = handle(map, move);
  const name = text(0, 0, "start", { class: "dd-halo" });
  spot.append(bar(-6, -6, 12, 12, { fill: tone("ink") }), name);
  return ([x, y], [dx, dy]) => {
    spot.setAttribute("transform", `translate(${x} ${y})`);
    name.setAttribute("x", dx);
    name.setAttribute("y", dy);
    name.setAttribute("text-anchor", dx < 0 ? "end" : "start");
  };
};

/** The steps of a descent: a line through all places, and a dot on each that is `marked`. */
export const trail = (points, { marked = points, radius = 3.5 } = {}) => [
  line(points, { stroke: tone("orange"), "stroke-width": 1.5 }),
  ...dots(marked, radius, { fill: tone("orange") }),
];

/** The axes for the probabilities of the ten classes, with room for their numbers beside the bars. */
export const classes = (size) =>
  plot({
    width: 400,
    left: 50,
    x: { label: "probability", range: [0, 1.18], ticks: [0, 0.25, 0.5, 0.75, 1] },
    y: { label: "class", range: [9.6, -0.6], ticks: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], plain: true },
    ...size,
  });

// 4. Controls: the browser's own, in the words of the figure.

// The nearest value that a slider can take.
const snap = ({ start, stop, step }, value) =>
  Number(
    Math.max(start, Math.min(stop, start + Math.round((value - start) / step) * step)).toFixed(9),
  );

const decimals = (step) => (String(step).split(".")[1] ?? "").length;

const slider = (model, spec, played) => {
  const { name, label, start, stop, step, whole } = spec;
  const set = (value) => {
    model.set(name, snap(spec, value));
    model.save_changes();
  };
  const input = html("input", { type: "range", min: start, max: stop, step });
  const value = html("span", { class: "dd-value", "aria-hidden": "true" });
  input.addEventListener("input", () => set(input.valueAsNumber));
  const show = () => {
    input.valueAsNumber = model.get(name);
    value.textContent = minus(fixed(model.get(name), decimals(step)));
  };
  const row = html(
    "div",
    { class: "dd-control" },
    html("label", {}, html("span", {}, label), input),
  );
  if (whole) {
    // To count, a button is easier to hit than one place of many.
    for (const [sign, words, by] of [
      ["‹", "back", -step],
      ["›", "on", step],
    ]) {
      const button = html(
        "button",
        { type: "button", "aria-label": `${label}: one ${words}` },
        sign,
      );
      button.addEventListener("click", () => set(model.get(name) + by));
      row.append(button);
    }
  }
  if (name === played) row.append(player(() => model.get(name), set, spec));
  row.append(value);
  return [row, show];
};

const PACE = 1200; // milliseconds for a step that is played: time to read it

// A button that goes through the values of a slider, from the first one if it stands at the last.
const player = (get, set, { start, stop, step, label }) => {
  const button = html("button", { type: "button" });
  let timer;
  const show = () => {
    button.textContent = timer ? "❚❚" : "▶";
    button.setAttribute("aria-label", `${label}: ${timer ? "pause" : "play"}`);
  };
  const pause = () => {
    clearInterval(timer);
    timer = undefined;
    show();
  };
  const forward = () => {
    set(get() >= stop ? start : get() + step);
    if (get() >= stop) pause();
  };
  button.addEventListener("click", () => {
    if (timer) return pause();
    timer = setInterval(forward, PACE);
    show();
    return forward();
  });
  document.addEventListener("visibilitychange", () => document.hidden && pause());
  show();
  return button;
};

const choice = (model, { name, label, options }) => {
  const input = html("select", {}, ...options.map((option) => html("option", {}, option)));
  input.addEventListener("change", () => {
    model.set(name, input.value);
    model.save_changes();
  });
  const show = () => {
    input.value = model.get(name);
  };
  return [
    html("div", { class: "dd-control" }, html("label", {}, html("span", {}, label), input)),
    show,
  ];
};

const toggle = (model, { name, label }) => {
  const input = html("input", { type: "checkbox" });
  input.addEventListener("change", () => {
    model.set(name, input.checked);
    model.save_changes();
  });
  const show = () => {
    input.checked = model.get(name);
  };
  return [
    html("div", { class: "dd-control" }, html("label", { class: "dd-toggle" }, input, label)),
    show,
  ];
};

const KINDS = { slider, choice, toggle };

// 5. The frame.

/**
 * A figure in `el`: its controls, what they led to in words, and its panels. draw(values) draws, and
 * words(values) gives { alt, caption }, whenever a control has moved. The still shows the last value of
 * the control that is `played`; here the reader begins at the first.
 */
export const live = ({ model, el }, { panels, draw, words, played }) => {
  const specs = model.get("controls");
  const controls = html("div", { class: "dd-controls" });
  const drawing = html("div", { class: "dd-panels", role: "img" }, ...panels);
  // The eye reads at once. A screen reader is told when the hand has come to rest.
  const shown = html("p", { class: "dd-reading", "aria-hidden": "true" });
  const told = html("p", { class: "dd-unseen", role: "status" });
  el.classList.add("dd-live");
  // The sentence stands between them: on a phone, and below a tall picture, it would not be seen with
  // the control that it answers.
  el.append(controls, shown, told, drawing);
  if (drawing.querySelector(".dd-handle")) {
    controls.append(html("p", { class: "dd-hint" }, "Or drag in the picture."));
  }

  const update = () => {
    const values = Object.fromEntries(specs.map(({ name }) => [name, model.get(name)]));
    const { alt, caption } = words(values);
    draw(values);
    drawing.setAttribute("aria-label", alt);
    shown.textContent = caption;
    return caption;
  };
  if (played) model.set(played, specs.find(({ name }) => name === played).start);
  let frame = 0;
  let rest;
  const soon = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      const caption = update();
      clearTimeout(rest);
      rest = setTimeout(() => (told.textContent = caption), 400);
    });
  };
  for (const spec of specs) {
    const [row, show] = KINDS[spec.kind](model, spec, played);
    controls.append(row);
    show();
    model.on(`change:${spec.name}`, show);
    model.on(`change:${spec.name}`, soon);
  }
  told.textContent = update();
};

/** Sets controls' values from a place that was dragged to, each to the nearest that it can take. */
export const setter = (model) => (values) => {
  const specs = model.get("controls");
  for (const [name, value] of Object.entries(values)) {
    model.set(
      name,
      snap(
        specs.find((spec) => spec.name === name),
        value,
      ),
    );
  }
  model.save_changes();
};

// 6. Smaller helps.

/** A list of what is drawn, in a plot: a line for each that has a stroke, a dot for a fill alone. */
export const legend = ({ over }, x, y, entries) => {
  entries.forEach(([words, look], row) => {
    const at = y + row * 20;
    const sign = look.stroke ? segment(x, at, x + 28, at, look) : dots([[x + 14, at]], 4, look)[0];
    over.append(sign, text(x + 36, at, words, { dy: "0.35em", class: "dd-small dd-halo" }));
  });
};

/** Some five round numbers within a range. */
export const round = ([from, to]) => {
  const rough = (to - from) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(9)),
  );
};

export const SIDE = 28; // pixels of a digit

/** A digit, white on black as in the data set, from 784 bytes. */
export const digit = (pixels) => {
  const canvas = html("canvas", { width: SIDE, height: SIDE, class: "dd-pixels" });
  const image = new ImageData(SIDE, SIDE);
  pixels.forEach((level, i) => image.data.set([level, level, level, 255], 4 * i));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
};

/** The digits of a set, one at a time, with the label above: { column, show(number) }. */
export const labelled = (images, labels) => {
  const title = html("div", { class: "dd-title" });
  const picture = html("div", { class: "dd-tile" });
  return {
    column: html("div", { class: "dd-column" }, title, picture),
    show(number) {
      title.textContent = `label: ${labels[number]}`;
      picture.replaceChildren(digit(images.subarray(number * SIDE ** 2, (number + 1) * SIDE ** 2)));
    },
  };
};

const [ROWS, GAP] = [4, 3]; // of a mosaic, and the pixels between its tiles

/**
 * The weights of sixteen units, 784 each, as one image: mosaic() makes the canvas, and paint(changes,
 * most) paints how each weight has changed, blue where it has grown and orange where it has shrunk. No
 * change is transparent, and one of `most` opaque.
 */
export const mosaic = (attributes = {}) => {
  const side = ROWS * (SIDE + GAP) - GAP;
  const canvas = html("canvas", { width: side, height: side, class: "dd-pixels", ...attributes });
  const paint = (changes, most) => {
    const colours = ["--dd-orange", "--dd-blue"].map((name) => {
      const hex = getComputedStyle(canvas).getPropertyValue(name).trim();
      return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    });
    const image = new ImageData(side, side);
    changes.forEach((change, i) => {
      const [unit, pixel] = [Math.floor(i / SIDE ** 2), i % SIDE ** 2];
      const x = (unit % ROWS) * (SIDE + GAP) + (pixel % SIDE);
      const y = Math.floor(unit / ROWS) * (SIDE + GAP) + Math.floor(pixel / SIDE);
      const opacity = Math.round((255 * Math.abs(change)) / most);
      image.data.set([...colours[Number(change > 0)], opacity], 4 * (y * side + x));
    });
    canvas.getContext("2d").putImageData(image, 0, 0);
  };
  return { canvas, paint };
};

/** Paint anew when the page turns light or dark: an image has no custom properties. */
export const whenThemed = (paint) =>
  new MutationObserver(paint).observe(document.documentElement, {
    attributeFilter: ["data-theme"],
  });
