// Twelve steps of gradient descent on a parabola, beside the factor of each step.
import {
  DOTTED,
  fixed,
  general,
  handle,
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

const STEPS = 12;

/** Each step multiplies the error w − w* by 1 − αλ. */
export const descend = ({ rate, start }, { curvature, minimum }) => {
  const factor = Number(fixed(1 - rate * curvature, 9));
  const weights = Array.from(
    { length: STEPS + 1 },
    (_, step) => minimum + (start - minimum) * factor ** step,
  );
  return { factor, weights };
};

const fate = (size) => {
  if (Math.abs(size - 1) < 1e-9) return "it stays as large as it was";
  if (size > 1) return "it grows";
  if (size < 1e-9) return "it is gone after one step";
  return "it shrinks";
};

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = ({ rate, start }, data) => {
  const { factor, weights } = descend({ rate, start }, data);
  const { curvature, minimum } = data;
  const edge = 2 / curvature;
  const [what, by, final] = [fate(Math.abs(factor)), written(factor, 3), written(weights[STEPS], 4)];
  return {
    alt:
      `Gradient descent on a parabola with curvature λ = ${general(curvature)} and its lowest point at ` +
      `w = ${written(minimum, 4)}, from w = ${written(start, 4)} with learning rate ${general(rate)}. Each ` +
      `step multiplies the error by 1 − αλ = ${by}: ${what}. After ${STEPS} steps w = ${final}. ` +
      "Beside it that factor against the learning rate: it falls in a straight line from 1 " +
      `at α = 0 through 0 at α = ${general(edge / 2)} to −1 at α = ${general(edge)}.`,
    caption:
      `α = ${general(rate)}: each step multiplies the error by ${by}; ${what}. ` +
      `After ${STEPS} steps w = ${final}.`,
  };
};

export default {
  render({ model, el }) {
    const data = Object.fromEntries(
      ["curvature", "minimum", "lowest"].map((name) => [name, model.get(name)]),
    );
    const { curvature, minimum, lowest } = data;
    const loss = (w) => lowest + (curvature / 2) * (w - minimum) ** 2;
    const height = 8 * curvature;
    const edge = 2 / curvature;
    const set = setter(model);

    const bowl = plot({
      top: 36,
      x: {
        label: "weight w",
        range: [minimum - 4, minimum + 4],
        ticks: [-4, -2, 0, 2, 4].map((w) => minimum + w),
      },
      y: {
        label: "loss L(w)",
        range: [lowest - height / 16, lowest + height * 1.06],
        ticks: [0, 8, 16, 24, 32],
      },
    });
    const valley = Array.from({ length: 161 }, (_, i) => minimum - 4 + i / 20);
    const path = svg("g");
    bowl.data.append(
      line(
        valley.map((w) => [bowl.X(w), bowl.Y(loss(w))]),
        { stroke: tone("blue") },
      ),
      path,
    );
    const place = startHandle(bowl, ([w]) => set({ start: w }));

    const chart = plot({
      top: 36,
      x: {
        label: "learning rate α",
        range: [0, 1.3 * edge],
        ticks: [0, 0.2, 0.4, 0.6].map((a) => a * 2 * edge),
      },
      y: {
        label: "error’s factor 1 − αλ",
        range: [-1.9, 1.25],
        ticks: [-1.5, -1, -0.5, 0, 0.5, 1],
      },
    });
    for (const level of [1, -1]) {
      chart.data.append(segment(0, chart.Y(level), chart.across, chart.Y(level), DOTTED));
    }
    for (const [place, name] of [
      [edge / 2, "1/λ"],
      [edge, "2/λ"],
    ]) {
      chart.data.append(segment(chart.X(place), 0, chart.X(place), chart.up, DOTTED));
      chart.over.append(
        text(chart.X(place), -8, `${name} = ${general(place)}`, { "text-anchor": "middle" }),
      );
    }
    for (const [place, level, name] of [
      [0.25, -0.45, "creeps"],
      [0.75, 0.45, "jumps across"],
      [1.15, 0.45, "flies apart"],
    ]) {
      name.split(" ").forEach((part, row) => {
        const attributes = { fill: tone("muted"), "text-anchor": "middle" };
        chart.data.append(text(chart.X(place * edge), chart.Y(level) + 18 * row, part, attributes));
      });
    }
    chart.data.append(
      segment(0, chart.Y(1), chart.X(1.3 * edge), chart.Y(-1.6), { stroke: tone("blue") }),
    );
    const rate = handle(chart, ([a]) => set({ rate: a }));
    rate.append(svg("circle", { r: 8, fill: tone("orange") }));

    live(
      { model, el },
      {
        panels: [bowl.surface, chart.surface],
        words: (values) => words(values, data),
        draw(values) {
          const { factor, weights } = descend(values, data);
          const points = weights.map((w) => [bowl.X(w), bowl.Y(loss(w))]);
          path.replaceChildren(...trail(points, { radius: 4 }));
          place(points[0], [14, 4]);
          rate.setAttribute("transform", `translate(${chart.X(values.rate)} ${chart.Y(factor)})`);
        },
      },
    );
  },
};
