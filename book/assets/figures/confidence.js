// All scores of an untrained network times a number: one image's probabilities, and the mean loss.
import {
  DOTTED,
  bar,
  dots,
  fixed,
  general,
  grouped,
  handle,
  line,
  live,
  percent,
  plot,
  round,
  segment,
  setter,
  svg,
  text,
  tone,
} from "./parts.js";

/** The probabilities of scores. */
export const softmax = (scores) => {
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - highest));
  const total = powers.reduce((sum, power) => sum + power);
  return powers.map((power) => power / total);
};

const KEYS = ["scores", "label", "count", "accuracy", "curve", "losses", "controls"];

// The mean loss of the thousand images was computed when the page was built, at each value that
// the slider can take.
const lossAt = (scale, { losses, controls: [{ start, step }] }) =>
  losses[Math.round((scale - start) / step)];

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = ({ scale }, data) => {
  const { scores, label, count, accuracy, curve } = data;
  const p = softmax(scores.map((score) => score * scale));
  const [largest, loss] = [fixed(Math.max(...p), 2), fixed(lossAt(scale, data), 2)];
  const share = scale ? `and still ${percent(accuracy, 0)} right` : "and no class ahead of another";
  return {
    alt:
      `With all scores multiplied by ${general(scale)}, the largest of the ten probabilities of an ` +
      `image of a ${label} is ${largest}, that of the right class ` +
      `${fixed(p[label], 2)}. The mean loss over ${grouped(count)} images is ${loss} ` +
      `nats. Over the factors it is ${fixed(curve[1][0], 2)} at 0, ${fixed(Math.min(...curve[1]), 2)} ` +
      `where it is lowest, and ${fixed(curve[1].at(-1), 1)} at 40.`,
    caption: `Scores × ${general(scale)}: largest probability ${largest}, mean loss ${loss}, ${share}.`,
  };
};

export default {
  render({ model, el }) {
    const data = Object.fromEntries(KEYS.map((name) => [name, model.get(name)]));
    const { scores, label, count } = data;
    const [scales, losses] = data.curve;
    const set = setter(model);
    const bars = plot({
      height: 310,
      top: 34,
      title: `one image, label ${label}`,
      x: { label: "class", range: [-0.6, 9.6], ticks: scores.map((_, i) => i), plain: true },
      y: { label: "probability", range: [0, 1], ticks: [0, 0.2, 0.4, 0.6, 0.8, 1] },
    });
    const shares = svg("g");
    bars.data.append(shares, segment(0, bars.Y(0.1), bars.across, bars.Y(0.1), DOTTED));
    bars.over.append(
      text(bars.across, bars.Y(0.1) - 6, "1/10", { "text-anchor": "end", class: "dd-halo" }),
    );
    const tick = bars.frame.querySelectorAll("text")[label];
    tick.setAttribute("class", "dd-title");
    tick.setAttribute("fill", tone("orange"));

    const most = Math.max(...losses);
    const chart = plot({
      height: 310,
      top: 34,
      title: `${grouped(count)} images`,
      x: { label: "scores multiplied by", range: [0, 40], ticks: [0, 10, 20, 30, 40] },
      y: { label: "mean loss (nats)", range: [0, 1.08 * most], ticks: round([0, 1.08 * most]) },
    });
    const level = chart.Y(Math.log(10));
    chart.data.append(
      segment(0, level, chart.across, level, DOTTED),
      line(
        scales.map((scale, i) => [chart.X(scale), chart.Y(losses[i])]),
        { stroke: tone("blue") },
      ),
    );
    chart.over.append(
      text(chart.across, level + 18, "ln 10", { "text-anchor": "end", class: "dd-halo" }),
    );
    const point = handle(chart, ([scale]) => set({ scale }));
    point.append(...dots([[0, 0]], 8, { fill: tone("green") }));

    live(
      { model, el },
      {
        panels: [bars.surface, chart.surface],
        words: (values) => words(values, data),
        draw({ scale }) {
          const p = softmax(scores.map((score) => score * scale));
          shares.replaceChildren(
            ...p.map((share, i) =>
              bar(
                bars.X(i - 0.4),
                bars.Y(share),
                bars.X(0.4) - bars.X(-0.4),
                bars.up - bars.Y(share),
                {
                  fill: tone(i === label ? "orange" : "blue"),
                },
              ),
            ),
          );
          point.setAttribute(
            "transform",
            `translate(${chart.X(scale)} ${chart.Y(lossAt(scale, data))})`,
          );
        },
      },
    );
  },
};
