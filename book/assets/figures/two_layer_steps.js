// The two-layer graph, step by step: x → L₁ → S → L₂ → ℓ and back, with a number on every edge.
import { box, fixed, line, live, minus, panel, svg, text, tone } from "./parts.js";

/** All that the forward and the backward pass compute; dL2 is the derivative of ℓ with respect to L₂. */
export const numbers = ({ x, W1, b1, W2, b2, y }) => {
  const L1 = W1 * x + b1;
  const S = 1 / (1 + Math.exp(-L1));
  const L2 = W2 * S + b2;
  const dL2 = 2 * (L2 - y);
  const dS = W2 * dL2;
  const slope = S * (1 - S);
  const dL1 = slope * dS;
  const loss = (L2 - y) ** 2;
  return { L1, S, L2, loss, dL2, dW2: S * dL2, db2: dL2, dS, slope, dL1, dW1: x * dL1, db1: dL1 };
};

// Three decimals, and never a negative zero.
const number = (value) => minus(fixed(value, 3).replace(/^-(0\.000)$/, "$1"));
const factor = (value) => (value < 0 ? `(${number(value)})` : number(value));

const happens = (n, W1, W2) => [
  "Before step 1: only the input, the target, the weights and the biases have numbers.",
  `Step 1, forward: L₁ = W₁·x + b₁ = ${number(n.L1)}.`,
  `Step 2, forward: S = sigmoid(L₁) = ${number(n.S)}, then L₂ = W₂·S + b₂ = ${number(n.L2)}.`,
  `Step 3, forward: the loss ℓ = (L₂ − y)² = ${number(n.loss)}.`,
  `Step 4, backward: the loss sends down 2(L₂ − y) = ${number(n.dL2)}.`,
  `Step 5, backward: L₂ multiplies what came in, ${number(n.dL2)}, by S for W₂ (${number(n.dW2)}), ` +
    `by 1 for b₂ (${number(n.db2)}) and by W₂ for S (${number(n.dS)}).`,
  `Step 6, backward: the sigmoid multiplies ${number(n.dS)} by its slope S(1 − S) = ` +
    `${number(n.slope)}, which gives ${number(n.dL1)}.`,
  `Step 7, backward: L₁ multiplies ${number(n.dL1)} by x for W₁ (${number(n.dW1)}) and by 1 for b₁ ` +
    `(${number(n.db1)}). With W₁ = ${number(W1)} and W₂ = ${number(W2)} the loss is ${number(n.loss)}.`,
];

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = ({ step, W1, W2 }, data) => {
  const caption = happens(numbers({ ...data, W1, W2 }), W1, W2)[step];
  return {
    caption,
    alt:
      "The two-layer graph, x at the bottom and the loss at the top, with the numbers that are " +
      `known after step ${step} of 7 on its edges. ${caption}`,
  };
};

// Narrow, so that a phone shows the letters at nearly their size.
const [WIDTH, HEIGHT, COLUMN, HALF, FORWARD] = [380, 576, 196, 62, 3];
// Of each box on the column its middle and its height; the parameters' boxes stand at the left.
const ROWS = {
  x: [542, 44, "x"],
  L1: [420, 96, "L₁ = W₁x + b₁"],
  S: [304, 44, "S = σ(L₁)"],
  L2: [189, 96, "L₂ = W₂S + b₂"],
  loss: [72, 44, "ℓ = (L₂ − y)²"],
};
const SYMBOLS = {
  x: "x",
  L1: "L₁",
  S: "S",
  L2: "L₂",
  W1: "W₁",
  b1: "b₁",
  W2: "W₂",
  b2: "b₂",
  y: "y",
};
const AT_WORK = [[], ["L1"], ["S", "L2"], ["loss"], ["loss"], ["L2"], ["S"], ["L1"]];

const AT_REST = { stroke: tone("muted"), "stroke-width": 1 };
const BUSY = { stroke: tone("ink"), "stroke-width": 3 };

const arrow = (from, to, colour, dashes = {}) => {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  const [ux, uy] = [dx / length, dy / length];
  const base = [to[0] - 9 * ux, to[1] - 9 * uy];
  const corner = (side) => `${base[0] - side * 4 * uy} ${base[1] + side * 4 * ux}`;
  return [
    line([from, base], { stroke: colour, ...dashes }),
    svg("path", { d: `M${to[0]} ${to[1]}L${corner(1)}L${corner(-1)}Z`, fill: colour }),
  ];
};

// An edge: a solid arrow onward once its value is known, and beside it a dashed one back.
const edge = (from, to, forward, backward) => {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
  const [ax, ay] = [(5 * (to[1] - from[1])) / length, (-5 * (to[0] - from[0])) / length];
  const [one, two] = [
    [from[0] + ax, from[1] + ay],
    [to[0] + ax, to[1] + ay],
  ];
  return [
    ...(forward ? arrow(one, two, tone("blue")) : [line([one, two], { stroke: tone("grid") })]),
    ...(backward
      ? arrow([to[0] - ax, to[1] - ay], [from[0] - ax, from[1] - ay], tone("orange"), {
          "stroke-dasharray": "5 3",
        })
      : []),
  ];
};

const value = (x, y, words, anchor) =>
  text(x, y, words, { fill: tone("blue"), "text-anchor": anchor, dy: "0.35em" });
const gradient = (x, y, words, anchor) =>
  text(x, y, words, { fill: tone("orange"), "text-anchor": anchor, dy: "0.35em" });

const drawing = (step, all) => {
  const shapes = [];
  for (const [name, [y, height, formula]] of Object.entries(ROWS)) {
    const width = name === "x" ? 50 : 2 * HALF;
    const look = AT_WORK[step].includes(name) ? BUSY : AT_REST;
    shapes.push(...box([COLUMN, y, width, height], [[formula]], look));
  }
  // The column: from which step on the value and the gradient of an edge are known, and why.
  for (const [below, above, known, back, reason] of [
    ["x", "L1", 0, Infinity, ""],
    ["L1", "S", 1, 6, `= ${number(all.slope)} × ${factor(all.dS)}`],
    ["S", "L2", 2, 5, `= ${number(all.W2)} × ${factor(all.dL2)}`],
    ["L2", "loss", 2, 4, "= 2(L₂ − y) × 1"],
  ]) {
    const low = ROWS[below][0] - ROWS[below][1] / 2;
    const high = ROWS[above][0] + ROWS[above][1] / 2;
    const middle = (low + high) / 2;
    shapes.push(...edge([COLUMN, low], [COLUMN, high], step >= known, step >= back));
    if (step >= known) {
      shapes.push(value(COLUMN - 18, middle, `${SYMBOLS[below]} = ${number(all[below])}`, "end"));
    }
    if (step >= back) {
      const derivative = `∂ℓ/∂${SYMBOLS[below]} = ${number(all[`d${below}`])}`;
      shapes.push(gradient(COLUMN + 18, middle - 11, derivative, "start"));
      shapes.push(text(COLUMN + 18, middle + 11, reason, { dy: "0.35em", class: "dd-small" }));
    }
  }
  // The sides: the parameters, and the target, which needs no gradient.
  for (const [name, layer, down, back] of [
    ["W1", "L1", -30, 7],
    ["b1", "L1", 30, 7],
    ["W2", "L2", -30, 5],
    ["b2", "L2", 30, 5],
    ["y", "loss", 0, Infinity],
  ]) {
    const y = ROWS[layer][0] + down;
    shapes.push(...box([27, y, 46, 36], [[SYMBOLS[name]]], AT_REST));
    shapes.push(...edge([50, y], [COLUMN - HALF, y], true, step >= back));
    shapes.push(value(92, y - 16, number(all[name]), "middle"));
    if (step >= back) shapes.push(gradient(92, y + 18, number(all[`d${name}`]), "middle"));
  }
  if (step >= FORWARD) {
    const top = ROWS.loss[0] - ROWS.loss[1] / 2;
    shapes.push(...edge([COLUMN, top], [COLUMN, top - 44], true, step > FORWARD));
    shapes.push(value(COLUMN - 18, top - 27, `ℓ = ${number(all.loss)}`, "end"));
    if (step > FORWARD) shapes.push(gradient(COLUMN + 18, top - 27, "∂ℓ/∂ℓ = 1", "start"));
  }
  shapes.push(text(COLUMN + 32, 534, "solid: value, forward", { fill: tone("blue"), class: "dd-small" }));
  if (step > FORWARD) {
    shapes.push(
      text(COLUMN + 32, 556, "dashed: gradient, back", { fill: tone("orange"), class: "dd-small" }),
    );
  }
  return shapes;
};

export default {
  render({ model, el }) {
    const data = Object.fromEntries(["x", "b1", "b2", "y"].map((name) => [name, model.get(name)]));
    const graph = panel(WIDTH, HEIGHT);
    live(
      { model, el },
      {
        panels: [graph],
        played: "step",
        words: (values) => words(values, data),
        draw({ step, W1, W2 }) {
          const known = { ...data, W1, W2 };
          graph.replaceChildren(...drawing(step, { ...known, ...numbers(known) }));
        },
      },
    );
  },
};
