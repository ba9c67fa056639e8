// Draw a digit: the network of chapter 6 reads it while it is drawn.
//
// sheet (280 × 280) → MNIST's preprocessing → image (28 × 28) → 128 → 64 → ten probabilities.
// Ink is a number from 0 to 1. The pure functions come first; the page's part begins at render().

export const SIDE = 28; // of the image that the network sees, in pixels
const BOX = 20; // of the box that a digit of MNIST fits, in pixels
const CELL = 10; // points of the sheet to a pixel
const SHEET = SIDE * CELL;

// The network

/**
 * The layers [{ weight, bias }] of a network with `sizes` units, from the file at `url`.
 *
 * The file holds all parameters in the order of state_dict(), as numbers of 24 bits, 22 of them
 * after the point: first the highest byte of each, then the middle ones, then the lowest; and all
 * that gzipped.
 */
export async function load(url, sizes) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  const unpacked = answer.body.pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(unpacked).arrayBuffer());
  const count = bytes.length / 3;
  const parameters = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const bits = (bytes[i] << 24) | (bytes[count + i] << 16) | (bytes[2 * count + i] << 8);
    parameters[i] = bits / 2 ** 30; // 8 empty bits below
  }
  let taken = 0;
  const take = (size) => parameters.subarray(taken, (taken += size));
  return sizes.slice(1).map((outputs, layer) => ({
    weight: take(outputs * sizes[layer]), // (outputs, inputs), row by row
    bias: take(outputs),
  }));
}

/** z = W x + b. */
export function linear({ weight, bias }, x) {
  return bias.map((b, row) => {
    let sum = b;
    for (let i = 0, at = row * x.length; i < x.length; i++, at++) sum += weight[at] * x[i];
    return sum;
  });
}

/** Probabilities from scores; the largest score is subtracted first, so that exp() can't overflow. */
export function softmax(z) {
  const top = Math.max(...z);
  const exps = z.map((score) => Math.exp(score - top));
  const sum = exps.reduce((a, b) => a + b);
  return exps.map((e) => e / sum);
}

/** What the network makes of an image: the activations of its hidden layers, the probabilities. */
export function forward(layers, image) {
  let x = image.map((ink) => (ink - 0.5) / 0.5); // from −1 to 1, as in training
  const hidden = [];
  for (const layer of layers.slice(0, -1)) {
    x = linear(layer, x).map((z) => Math.max(0, z));
    hidden.push(x);
  }
  return { hidden, probabilities: softmax(linear(layers.at(-1), x)) };
}

// The preprocessing

/** The smallest box around all ink of a sheet, in its points; undefined if there is none. */
export function bounds(sheet) {
  let [left, top, right, bottom] = [SHEET, SHEET, 0, 0];
  for (let y = 0; y < SHEET; y++) {
    for (let x = 0; x < SHEET; x++) {
      if (sheet[y * SHEET + x] === 0) continue;
      left = Math.min(left, x);
      top = Math.min(top, y);
      right = Math.max(right, x + 1);
      bottom = Math.max(bottom, y + 1);
    }
  }
  return right ? { left, top, right, bottom } : undefined;
}

/** A box of the sheet as columns × rows pixels, each the mean of the ink that it covers. */
export function averaged(sheet, box, columns, rows) {
  const width = (box.right - box.left) / columns;
  const height = (box.bottom - box.top) / rows;
  const image = new Float64Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const x0 = box.left + column * width;
      const y0 = box.top + row * height;
      // Rounding must not reach beyond the sheet.
      const x1 = Math.min(x0 + width, SHEET);
      const y1 = Math.min(y0 + height, SHEET);
      let sum = 0;
      for (let y = Math.floor(y0); y < y1; y++) {
        const part = Math.min(y + 1, y1) - Math.max(y, y0);
        for (let x = Math.floor(x0); x < x1; x++) {
          sum += part * (Math.min(x + 1, x1) - Math.max(x, x0)) * sheet[y * SHEET + x];
        }
      }
      image[row * columns + column] = sum / (width * height);
    }
  }
  return image;
}

/** Where the ink of an image is on average: [column, row]. */
export function centreOfMass(image, columns) {
  let [mass, x, y] = [0, 0, 0];
  image.forEach((ink, i) => {
    mass += ink;
    x += ink * (i % columns);
    y += ink * Math.floor(i / columns);
  });
  return [x / mass, y / mass];
}

/**
 * The sheet as MNIST's makers would have prepared it (LeCun et al., 1998): scaled, proportions
 * kept, to fit a box of 20 × 20 pixels, and laid into the 28 × 28 by whole pixels so that its
 * centre of mass lies in the middle. `box` is where it has come to lie; undefined without ink.
 */
export function centred(sheet) {
  const image = new Float64Array(SIDE * SIDE);
  const ink = bounds(sheet);
  if (!ink) return { image };
  const width = ink.right - ink.left;
  const height = ink.bottom - ink.top;
  const scale = BOX / Math.max(width, height);
  const columns = Math.max(1, Math.round(width * scale));
  const rows = Math.max(1, Math.round(height * scale));
  const digit = averaged(sheet, ink, columns, rows);
  const [x, y] = centreOfMass(digit, columns);
  // In all images of MNIST the centre of mass is nearest to column 14 and row 14, counted from 0.
  const left = SIDE / 2 - Math.round(x);
  const top = SIDE / 2 - Math.round(y);
  digit.forEach((value, i) => {
    const column = left + (i % columns);
    const row = top + Math.floor(i / columns);
    const inside = column >= 0 && column < SIDE && row >= 0 && row < SIDE;
    if (inside) image[row * SIDE + column] = value;
  });
  return { image, box: { left, top, right: left + columns, bottom: top + rows } };
}

/** The sheet as it is, each pixel the mean of its 10 × 10 points. */
export function asItIs(sheet) {
  return averaged(sheet, { left: 0, top: 0, right: SHEET, bottom: SHEET }, SIDE, SIDE);
}

/** An image of 28 × 28 as a sheet. */
export function enlarged(image) {
  const sheet = new Float64Array(SHEET * SHEET);
  for (let i = 0; i < sheet.length; i++) {
    const [x, y] = [i % SHEET, Math.floor(i / SHEET)];
    sheet[i] = image[Math.floor(y / CELL) * SIDE + Math.floor(x / CELL)];
  }
  return sheet;
}

// Words

const percent = (p) => `${(100 * p).toFixed(1)} %`;

/** What the network answers, as a sentence; `label` is the right class where it is known. */
export function reading(probabilities, { label, edited = false, empty = false }) {
  const [first, second] = [...probabilities.keys()].sort(
    (a, b) => probabilities[b] - probabilities[a],
  );
  const answer = `${first}, with ${percent(probabilities[first])}`;
  if (empty) return `The sheet is empty. The network answers all the same: ${answer}.`;
  const next = `Next comes ${second}, with ${percent(probabilities[second])}.`;
  if (label === undefined) return `The network reads ${answer}. ${next}`;
  const digit = `A test digit${edited ? ", edited" : ""}; its label is ${label}.`;
  return `${digit} The network reads ${answer}: ${first === label ? "right" : "wrong"}. ${next}`;
}

// The figure on the page

/** With data-lm-suppress-shortcuts JupyterLab leaves the sheet its arrows, which else walk the cells. */
export const sheetMarkup = (hint) => `
<div class="dd-draw-sheet" role="application" tabindex="0" aria-label="Sheet to draw on, 28 by 28 pixels"
  aria-describedby="${hint}" data-lm-suppress-shortcuts="true">
  <canvas width="${SHEET}" height="${SHEET}" aria-hidden="true"></canvas>
  <svg viewBox="0 0 ${SIDE} ${SIDE}" aria-hidden="true"><rect/><path/></svg>
  <svg viewBox="0 0 ${SIDE} ${SIDE}" aria-hidden="true" class="dd-draw-cursor"><rect width="1" height="1"/></svg>
</div>`;

const MARKUP = `
<div class="dd-draw-stages">
  <div class="dd-draw-hand">
    <p class="dd-draw-name">Your sheet</p>
    ${sheetMarkup("dd-draw-hint")}
    <div class="dd-draw-tools">
      <button type="button" data-clear>Clear</button>
      <button type="button" data-edit hidden>Edit this digit</button>
      <label>Pen <input type="range" min="6" max="60" step="2" value="24"></label>
      <label><input type="checkbox" checked> Scale and centre it</label>
    </div>
  </div>
  <div class="dd-draw-inside">
    <div>
      <p class="dd-draw-name">The network sees</p>
      <div class="dd-draw-seen">
        <canvas width="${SIDE}" height="${SIDE}" role="img" aria-label="The 28 by 28 pixels that the network sees"></canvas>
        <svg viewBox="0 0 ${SIDE} ${SIDE}" aria-hidden="true"><rect/><path/></svg>
      </div>
    </div>
    <div class="dd-draw-layers"></div>
  </div>
  <div class="dd-draw-answer">
    <table>
      <caption class="dd-draw-name">Probability of each class</caption>
      <tbody></tbody>
    </table>
    <p class="dd-draw-reading" role="status">Fetching the network …</p>
  </div>
</div>
<div class="dd-draw-tools">
  <button type="button" data-tray="examples" aria-expanded="false">Take a test digit</button>
  <button type="button" data-tray="mistakes" aria-expanded="false">The most confident mistakes</button>
</div>
<div class="dd-draw-tray" hidden></div>
<p class="dd-draw-hint" id="dd-draw-hint">Draw with mouse, finger or pen, and not digits alone: the network has no
answer “none of these”. With the keyboard: arrows move a square on the
sheet, space switches its pixel, Shift and an arrow draw a line.</p>
<p class="dd-draw-unseen" role="status"></p>`;

// The text of the page comes first, and the network when all else is there.
const complete = new Promise((done) => {
  if (document.readyState === "complete") done();
  else addEventListener("load", done, { once: true });
});

export default {
  render({ model, el }) {
    el.classList.add("dd-draw");
    el.innerHTML = MARKUP;
    const find = (selector) => el.querySelector(selector);
    const sheet = find(".dd-draw-sheet");
    const seen = find(".dd-draw-seen canvas").getContext("2d");
    const [pen, centring] = [find("input[type=range]"), find("input[type=checkbox]")];
    const [status, place] = el.querySelectorAll("[role=status]");

    const sizes = model.get("sizes");
    const units = sizes
      .slice(1, -1)
      .map((count, layer) => addLayer(find(".dd-draw-layers"), layer, count));
    const bars = Array.from({ length: sizes.at(-1) }, (_, digit) => addBar(find("tbody"), digit));
    let layers;
    let subject = {}; // what is on the sheet: the label of a test digit, and whether it was edited

    // From the sheet to the answer, at most once a frame

    const read = () => {
      const ink = inkOf(context);
      const onSheet = bounds(ink);
      const { image, box } = centring.checked ? centred(ink) : { image: asItIs(ink) };
      paint(seen, image);
      outline(sheet.querySelector("svg"), box && onSheet, ink, SHEET);
      outline(find(".dd-draw-seen svg"), box, image, SIDE);
      if (!layers) return;
      const { hidden, probabilities } = forward(layers, image);
      hidden.forEach((values, layer) => showLayer(units[layer], values));
      const top = probabilities.indexOf(Math.max(...probabilities));
      probabilities.forEach((p, digit) => showBar(bars[digit], p, digit === top));
      say(reading(probabilities, { ...subject, empty: !onSheet }));
    };
    let frame = 0;
    const changed = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(read);
    };
    let pause = 0;
    const say = (words) => {
      clearTimeout(pause); // a screen reader must not be flooded while the pen moves
      pause = setTimeout(() => (status.textContent = words), 400);
    };

    // What a hand draws

    // Who begins to draw on a test digit wants a sheet, not that digit with something on it.
    const edit = find("[data-edit]");
    const untouched = () => subject.label !== undefined && !subject.edited && !subject.kept;
    const context = hand(sheet, {
      pen: () => pen.valueAsNumber,
      begin: () => untouched() && put(new Float64Array(SIDE * SIDE)),
      changed() {
        subject.edited = true;
        edit.hidden = true;
        changed();
      },
      tell: (words) => (place.textContent = words),
    });
    edit.addEventListener("click", () => {
      subject.kept = true;
      edit.hidden = true;
      sheet.focus();
    });

    // What else can be on the sheet

    const put = (image, label) => {
      paint(context, enlarged(image));
      subject = { label };
      edit.hidden = label === undefined;
      changed();
    };
    find("[data-clear]").addEventListener("click", () => put(new Float64Array(SIDE * SIDE)));
    centring.addEventListener("change", changed);
    const tray = find(".dd-draw-tray");
    const openers = el.querySelectorAll("[data-tray]");
    for (const opener of openers) {
      opener.addEventListener("click", () => {
        const open = opener.getAttribute("aria-expanded") === "false";
        for (const each of openers) each.setAttribute("aria-expanded", open && each === opener);
        tray.hidden = !open;
        tray.replaceChildren(...digitsOf(model.get(opener.dataset.tray)).map(choice));
      });
    }
    const choice = ({ image, label }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.innerHTML = `<canvas width="${SIDE}" height="${SIDE}" aria-hidden="true"></canvas><span>label ${label}</span>`;
      paint(button.querySelector("canvas").getContext("2d"), image);
      if (layers) {
        const { probabilities } = forward(layers, image);
        const answer = probabilities.indexOf(Math.max(...probabilities));
        button.insertAdjacentHTML(
          "beforeend",
          `<span>read as ${answer}</span><span>${percent(probabilities[answer])}</span>`,
        );
      }
      button.addEventListener("click", () => put(image, label));
      return button;
    };

    const [first] = digitsOf(model.get("examples"));
    put(first.image, first.label);
    complete
      .then(() => load(model.get("weights"), sizes))
      .then(
        (loaded) => {
          layers = loaded;
          changed();
        },
        () => (status.textContent = "The network could not be fetched, so nothing is read here."),
      );
  },
};

/** Test digits [{ image, label }] from { images: base64 of bytes, labels }. */
function digitsOf({ images, labels }) {
  const bytes = Uint8Array.from(atob(images), (letter) => letter.charCodeAt(0));
  return labels.map((label, i) => ({
    label,
    image: Float64Array.from(
      bytes.subarray(i * SIDE * SIDE, (i + 1) * SIDE * SIDE),
      (ink) => ink / 255,
    ),
  }));
}

// A sheet that a hand draws on, with mouse, finger, pen or keys

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * Let a hand draw on a sheet made of sheetMarkup(), and give the context of its canvas.
 *
 * `pen()` is the width of a stroke in points; `begin()` is called before a stroke, `changed()` as
 * the ink changes, and `tell(words)` with what a key has led to.
 */
export function hand(sheet, { pen, begin = () => {}, changed, tell }) {
  const context = sheet.querySelector("canvas").getContext("2d", { willReadFrequently: true });
  const stroke = (from, to) => {
    context.strokeStyle = "#fff";
    context.lineCap = "round";
    context.lineWidth = pen();
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
    changed();
  };
  const point = (event) => {
    const frame = sheet.getBoundingClientRect();
    const scale = SHEET / frame.width;
    return [(event.clientX - frame.left) * scale, (event.clientY - frame.top) * scale];
  };
  let last;
  sheet.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    sheet.setPointerCapture(event.pointerId);
    last = point(event);
    begin();
    stroke(last, last);
  });
  sheet.addEventListener("pointermove", (event) => {
    if (!last || !sheet.hasPointerCapture(event.pointerId)) return;
    // All places since the last frame. A page that came over plain HTTP isn't told of them.
    const parts = event.getCoalescedEvents?.() ?? [];
    for (const part of parts.length ? parts : [event]) {
      const next = point(part);
      stroke(last, next);
      last = next;
    }
  });
  for (const end of ["pointerup", "pointercancel"])
    sheet.addEventListener(end, () => (last = undefined));

  const cursor = { column: SIDE / 2, row: SIDE / 2 };
  const centre = () => [(cursor.column + 0.5) * CELL, (cursor.row + 0.5) * CELL];
  const inkAtCursor = () => asItIs(inkOf(context))[cursor.row * SIDE + cursor.column];
  sheet.addEventListener("keydown", (event) => {
    const move = ARROWS[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey || (!move && event.key !== " ")) return;
    event.preventDefault();
    if (move) {
      const from = centre();
      cursor.column = Math.min(Math.max(cursor.column + move[0], 0), SIDE - 1);
      cursor.row = Math.min(Math.max(cursor.row + move[1], 0), SIDE - 1);
      showCursor();
      if (event.shiftKey) stroke(from, centre());
    } else {
      context.fillStyle = inkAtCursor() < 0.5 ? "#fff" : "#000";
      context.fillRect(cursor.column * CELL, cursor.row * CELL, CELL, CELL);
      changed();
    }
    tell(
      `Row ${cursor.row + 1}, column ${cursor.column + 1}: ink ${Math.round(100 * inkAtCursor())} %.`,
    );
  });
  const showCursor = () => {
    const square = sheet.querySelector(".dd-draw-cursor rect");
    square.setAttribute("x", cursor.column);
    square.setAttribute("y", cursor.row);
  };
  showCursor();
  return context;
}

/** The ink of a sheet, a number from 0 to 1 for each of its points. */
export function inkOf(context) {
  const { data } = context.getImageData(0, 0, SHEET, SHEET);
  const ink = new Float64Array(SHEET * SHEET);
  for (let i = 0; i < ink.length; i++) ink[i] = data[4 * i] / 255;
  return ink;
}

function paint(context, ink) {
  const { width, height } = context.canvas;
  const picture = context.createImageData(width, height);
  const { data } = picture; // rounds by itself
  for (let i = 0; i < ink.length; i++) {
    data[4 * i] = data[4 * i + 1] = data[4 * i + 2] = 255 * ink[i];
    data[4 * i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}

/** Draw the box around the ink of a square image, and a cross where its centre of mass is. */
function outline(svg, box, image, side) {
  svg.style.display = box ? "" : "none";
  if (!box) return;
  const unit = SIDE / side;
  const [rect, cross] = svg.children;
  rect.setAttribute("x", box.left * unit);
  rect.setAttribute("y", box.top * unit);
  rect.setAttribute("width", (box.right - box.left) * unit);
  rect.setAttribute("height", (box.bottom - box.top) * unit);
  const [x, y] = centreOfMass(image, side).map((index) => (index + 0.5) * unit);
  cross.setAttribute("d", `M${x - 1} ${y}h2M${x} ${y - 1}v2`);
}

function addLayer(parent, layer, count) {
  const box = document.createElement("div");
  box.innerHTML = `<p class="dd-draw-name">Hidden layer ${layer + 1}</p>
    <div class="dd-draw-units" aria-hidden="true">${"<i></i>".repeat(count)}</div><p class="dd-draw-count"></p>`;
  parent.append(box);
  return { cells: box.querySelectorAll("i"), count: box.querySelector(".dd-draw-count") };
}

function showLayer({ cells, count }, values) {
  const top = Math.max(...values) || 1;
  values.forEach((value, i) => cells[i].style.setProperty("--active", value / top));
  count.textContent = `${values.filter((value) => value > 0).length} of ${values.length} active`;
}

function addBar(parent, digit) {
  const row = document.createElement("tr");
  row.innerHTML = `<th scope="row">${digit}</th><td><i></i></td><td></td>`;
  parent.append(row);
  return row;
}

function showBar(row, probability, isTop) {
  row.classList.toggle("dd-draw-top", isTop);
  row.querySelector("i").style.setProperty("--share", probability);
  row.cells[2].textContent = percent(probability);
}
