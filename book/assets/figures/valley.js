// Forty steps of gradient descent in a bowl of two weights, with momentum, and the distance left.
import {
  fixed,
  general,
  line,
  live,
  plot,
  segment,
  setter,
  startHandle,
  svg,
  tone,
  trail,
  written,
} from "./parts.js";

const STEPS = 40;

/** The weights visited, as torch.optim.SGD does it: v′ = μ v + H (w − w*) and w′ = w − α v′. */
export const descend = ({ rate, momentum, w1, w2 }, { hessian, minimum }) => {
  let [w, v] = [
    [w1, w2],
    [0, 0],
  ];
  const visited = [w];
  for (let step = 0; step < STEPS; step += 1) {
    const error = w.map((value, i) => value - minimum[i]);
    const slope = hessian.map((row) => row[0] * error[0] + row[1] * error[1]);
    v = v.map((value, i) => momentum * value + slope[i]);
    w = w.map((value, i) => value - rate * v[i]);
    visited.push(w);
  }
  return visited;
};

/** The distance of each place from the minimum. */
export const distances = (visited, minimum) =>
  visited.map(([one, two]) => Math.hypot(one - minimum[0], two - minimum[1]));

// The look of a path through the valley, in words.
const course = (rate, momentum, { low, high }) => {
  if (rate > (2 * (1 + momentum)) / high)
    return "The path leaps from wall to wall, each time higher.";
  if (momentum && rate * low > (1 - Math.sqrt(momentum)) ** 2) {
    return "The path swings around the minimum in both directions, and spirals in.";
  }
  if (momentum && rate * high > (1 - Math.sqrt(momentum)) ** 2)
    return "The path swings across the valley and settles towards the minimum.";
  if (rate * high > 1) return "The path zig-zags across the valley as it moves along it.";
  return "The path runs down the wall of the valley, then slowly along its floor.";
};

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = (values, data) => {
  const { rate, momentum, w1, w2 } = values;
  const { low, high } = data.curvatures;
  const left = distances(descend(values, data), data.minimum);
  const ratio = left[STEPS] / left[0];
  const fate = `${ratio < 1 ? "shrinks" : "grows"} to ${written(ratio, 2)}`;
  const from = [w1, w2].map((w) => written(w, 4)).join(", ");
  return {
    alt:
      `Gradient descent in a valley of two weights with curvatures ${fixed(low, 2)} and ${fixed(high, 2)}, ` +
      `from (${from}) with learning rate ${general(rate)} and momentum ${general(momentum)}. ` +
      `${course(rate, momentum, data.curvatures)} In ${STEPS} steps ` +
      `the distance from the minimum ${fate} times what it was.`,
    caption:
      `α = ${general(rate)}, μ = ${general(momentum)}; the edge for this momentum is ` +
      `2(1 + μ)/λₘₐₓ = ${fixed((2 * (1 + momentum)) / high, 2)}. In ${STEPS} steps the distance from the ` +
      `minimum ${fate} times what it was.`,
  };
};

// Lines of equal loss are ellipses: half axes √(2 excess / curvature) along H's own directions.
const contours = ({ X, Y }, { hessian, minimum, curvatures }) => {
  const [[a, b]] = hessian;
  const tilt = Math.atan2(curvatures.low - a, b); // where the bowl is flat
  return [0.01, 0.05, 0.2, 0.6, 1.4, 2.8, 5, 8].map((excess) => {
    const ring = Array.from({ length: 97 }, (_, i) => {
      const angle = (Math.PI * i) / 48;
      const along = Math.sqrt((2 * excess) / curvatures.low) * Math.cos(angle);
      const across = Math.sqrt((2 * excess) / curvatures.high) * Math.sin(angle);
      return [
        X(minimum[0] + along * Math.cos(tilt) - across * Math.sin(tilt)),
        Y(minimum[1] + along * Math.sin(tilt) + across * Math.cos(tilt)),
      ];
    });
    return line(ring, { stroke: tone("muted"), "stroke-width": 1 });
  });
};

export default {
  render({ model, el }) {
    const data = Object.fromEntries(
      ["hessian", "minimum", "curvatures"].map((name) => [name, model.get(name)]),
    );
    const map = plot({
      height: 333,
      x: { label: "weight w₁", range: [-1.3, 2.3], ticks: [-1, 0, 1, 2], plain: true },
      y: { label: "weight w₂", range: [-1.3, 1.9], ticks: [-1, 0, 1], plain: true },
    });
    const [x, y] = [map.X(data.minimum[0]), map.Y(data.minimum[1])];
    const path = svg("g");
    const cross = { stroke: tone("ink") };
    map.data.append(
      ...contours(map, data),
      segment(x - 7, y, x + 7, y, cross),
      segment(x, y - 7, x, y + 7, cross),
      path,
    );
    const set = setter(model);
    const place = startHandle(map, ([w1, w2]) => set({ w1, w2 }));

    const chart = plot({
      height: 333,
      left: 78,
      x: { label: "step", range: [0, STEPS], ticks: [0, 10, 20, 30, 40] },
      y: {
        label: "distance from the minimum",
        range: [1e-5, 1e2],
        log: true,
        ticks: [
          [1e2, "100"],
          [1, "1"],
          [1e-2, "0.01"],
          [1e-4, "0.0001"],
        ],
      },
    });
    const curve = svg("g");
    chart.data.append(curve);

    live(
      { model, el },
      {
        panels: [map.surface, chart.surface],
        words: (values) => words(values, data),
        draw(values) {
          const visited = descend(values, data);
          const steps = visited.map(([one, two]) => [map.X(one), map.Y(two)]);
          place(steps[0], [steps[0][0] < 50 ? 12 : -12, -4]); // at the left edge only the right has room
          path.replaceChildren(...trail(steps, { marked: steps.slice(1) }));
          const heights = distances(visited, data.minimum).map((d, step) => [
            chart.X(step),
            chart.Y(Math.max(1e-9, Math.min(1e9, d))), // a logarithmic axis can't hold 0
          ]);
          curve.replaceChildren(...trail(heights));
        },
      },
    );
  },
};
