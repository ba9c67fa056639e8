// Sixty steps of gradient descent in the landscape of a network of two weights, (w₁w₂ − 1)².
import {
  DOTTED,
  general,
  line,
  live,
  plot,
  segment,
  setter,
  startHandle,
  svg,
  text,
  tone,
  trail,
  written,
} from "./parts.js";

const STEPS = 60;
const LEVELS = [0.1, 0.5, 1, 2.5, 6, 12];

const lossAt = ([w1, w2]) => (w1 * w2 - 1) ** 2;

/**
 * The weights visited. It ends early where a weight is larger than a thousand: from there it only
 * grows. The operations stand in Python's order, because beyond the edge each rounding counts.
 */
export const descend = ({ rate, w1, w2 }) => {
  let w = [w1, w2];
  const visited = [w];
  for (let step = 0; step < STEPS; step += 1) {
    const error = w[0] * w[1] - 1;
    w = [w[0] - rate * (2 * error * w[1]), w[1] - rate * (2 * error * w[0])];
    visited.push(w);
    if (Math.max(Math.abs(w[0]), Math.abs(w[1])) > 1000) break;
  }
  return visited;
};

const pair = (w) => `(${w.map((value) => written(value, 3)).join(", ")})`;

// Where the steps have led, in words.
const end = (rate, w) => {
  const loss = lossAt(w);
  if (Math.max(Math.abs(w[0]), Math.abs(w[1])) > 1000) return "the weights fly apart.";
  if (Math.hypot(...w) < 1e-3)
    return "after 60 steps it rests on the saddle, with next to no gradient and a loss of 1.";
  if (loss < 1e-6) {
    const curvature = 2 * (w[0] * w[0] + w[1] * w[1]);
    return (
      `after 60 steps it is on the floor of a valley, at ${pair(w)}. There λₘₐₓ = ` +
      `${written(curvature, 3)}, and the edge 2/λₘₐₓ = ${written(2 / curvature, 3)}.`
    );
  }
  if (rate > 0.5) {
    // 2/λₘₐₓ of the widest floor, which is at (1, 1).
    return (
      `after 60 steps it is at ${pair(w)} with a loss of ${written(loss, 2)}, and no floor is ` +
      "wide enough to come to rest on at this rate."
    );
  }
  return `after 60 steps it is still on its way, at ${pair(w)} with a loss of ${written(loss, 2)}.`;
};

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = (values) => {
  const visited = descend(values);
  const told =
    `α = ${general(values.rate)}, start ${pair([values.w1, values.w2])}, where the loss is ` +
    `${written(lossAt(visited[0]), 3)}: ${end(values.rate, visited.at(-1))}`;
  return {
    alt:
      "The landscape of a network of two weights, seen from above: two curved valleys of loss 0, " +
      "one where both weights are positive and one where both are negative, and between them, at " +
      `(0, 0), a saddle with loss 1. Beside it the loss against the step. ${told}`,
    caption: told,
  };
};

// The places with w₁ w₂ = product: two branches, and for 0 the axes themselves.
const hyperbola = ({ X, Y }, product, look) => {
  if (Math.abs(product) < 1e-9)
    return [segment(X(-3), Y(0), X(3), Y(0), look), segment(X(0), Y(-3), X(0), Y(3), look)];
  const [from, to] = [Math.log(Math.abs(product) / 3), Math.log(3)];
  const along = Array.from({ length: 61 }, (_, i) => Math.exp(from + ((to - from) * i) / 60));
  return [1, -1].map((sign) =>
    line(
      along.map((w) => [X(sign * w), Y((sign * product) / w)]),
      look,
    ),
  );
};

export default {
  render({ model, el }) {
    const map = plot({
      width: 380,
      height: 366,
      x: { label: "weight w₁", range: [-2.4, 2.4], ticks: [-2, -1, 0, 1, 2], plain: true },
      y: { label: "weight w₂", range: [-2.4, 2.4], ticks: [-2, -1, 0, 1, 2], plain: true },
    });
    const path = svg("g");
    const thin = { stroke: tone("muted"), "stroke-width": 1 };
    const [x, y] = [map.X(0), map.Y(0)];
    const cross = { stroke: tone("ink") };
    map.data.append(
      ...LEVELS.flatMap((level) =>
        [1 + Math.sqrt(level), 1 - Math.sqrt(level)].flatMap((product) =>
          hyperbola(map, product, thin),
        ),
      ),
      ...hyperbola(map, 1, { stroke: tone("green"), "stroke-width": 3 }),
      text(map.X(1.45), map.Y(0.28), "loss 0", { fill: tone("green"), class: "dd-halo" }),
      segment(x - 6, y - 6, x + 6, y + 6, cross),
      segment(x - 6, y + 6, x + 6, y - 6, cross),
      text(x + 10, y - 8, "saddle", { class: "dd-halo" }),
      path,
    );
    const set = setter(model);
    const place = startHandle(map, ([w1, w2]) => set({ w1, w2 }));

    const chart = plot({
      height: 366,
      left: 78,
      x: { label: "step", range: [0, STEPS], ticks: [0, 20, 40, 60] },
      y: {
        label: "loss",
        range: [1e-8, 1e3],
        log: true,
        ticks: [
          [1e2, "100"],
          [1, "1"],
          [1e-2, "0.01"],
          [1e-4, "0.0001"],
          [1e-6, "0.000001"],
        ],
      },
    });
    const curve = svg("g");
    chart.data.append(
      segment(0, chart.Y(1), chart.across, chart.Y(1), DOTTED),
      text(chart.across - 6, chart.Y(1) - 6, "at the saddle", {
        "text-anchor": "end",
        class: "dd-small dd-halo",
      }),
      curve,
    );

    live(
      { model, el },
      {
        panels: [map.surface, chart.surface],
        words,
        draw(values) {
          const visited = descend(values);
          const steps = visited.map(([one, two]) => [map.X(one), map.Y(two)]);
          // At the right edge there is only room on the left.
          place(steps[0], [values.w1 > 1.5 ? -12 : 12, values.w2 < -1.9 ? -8 : 20]);
          path.replaceChildren(...trail(steps, { marked: steps.slice(1) }));
          const heights = visited.map((w, step) => [
            chart.X(step),
            chart.Y(Math.max(1e-12, Math.min(1e9, lossAt(w)))), // a logarithmic axis can't hold 0
          ]);
          curve.replaceChildren(...trail(heights));
        },
      },
    );
  },
};
