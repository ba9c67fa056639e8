// Two recipes' curves over the epochs, with the range of their runs.
import { dots, html, legend, line, live, plot, round, svg, tone } from "./parts.js";

const LOOKS = [
  ["blue", {}],
  ["orange", { "stroke-dasharray": "7 4" }],
];

/** Over the seeds of a recipe, epoch by epoch: the mean, the smallest and the largest. */
export const summary = (curves) =>
  curves[0].map((_, epoch) => {
    const values = curves.map((curve) => curve[epoch]);
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    return { mean, low: Math.min(...values), high: Math.max(...values) };
  });

const chosen = ({ first, second }) => (first === second ? [first] : [first, second]);

const verdict = ({ first, second, show }, measures) => {
  const [one, two] = chosen({ first, second }).map((name) =>
    summary(measures[show].curves[name]).at(-1),
  );
  if (!two) return "Choose two recipes to compare them.";
  if (one.high < two.low)
    return `At the end every run of “${first}” is below every run of “${second}”.`;
  if (two.high < one.low)
    return `At the end every run of “${second}” is below every run of “${first}”.`;
  return `At the end the runs of “${first}” and of “${second}” overlap.`;
};

const note = (values, measures) =>
  chosen(values).every((name) => measures[values.show].curves[name].length === 1)
    ? "One run each: no spread is shown."
    : "Shaded: the range of the runs.";

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = (values, measures) => ({
  alt: `The ${values.show} of two recipes over the epochs. ${verdict(values, measures)}`,
  caption: `${verdict(values, measures)} ${note(values, measures)}`,
});

const drawing = (values, { label, curves }) => {
  const names = chosen(values);
  const summaries = names.map((name) => summary(curves[name]));
  const epochs = summaries[0].length;
  // The first two epochs are far above what matters, and may leave the frame.
  const top = 1.15 * Math.max(...summaries.flatMap((all) => all.slice(2).map(({ high }) => high)));
  const chart = plot({
    width: 420,
    height: 350,
    left: 64,
    x: { label: "epoch", range: [1 - epochs / 40, epochs * 1.025], ticks: round([1, epochs]) },
    y: { label, range: [0, top], ticks: round([0, top]) },
  });
  summaries.forEach((all, index) => {
    const [colour, style] = LOOKS[index];
    const places = (key) => all.map((value, i) => [chart.X(i + 1), chart.Y(value[key])]);
    const area = [...places("high"), ...places("low").reverse()];
    chart.data.append(
      line(area, { fill: tone(colour), "fill-opacity": 0.2, "stroke-width": 0 }),
      line(places("mean"), { stroke: tone(colour), ...style }),
    );
    const marks = places("mean");
    chart.data.append(
      ...(index === 0
        ? dots(marks, 3, { fill: tone(colour) })
        : marks.map(([x, y]) =>
            svg("rect", { x: x - 3, y: y - 3, width: 6, height: 6, fill: tone(colour) }),
          )),
    );
  });
  const longest = Math.max(...names.map((name) => name.length));
  legend(
    chart,
    chart.across - 48 - 7.2 * longest,
    14,
    names.map((name, i) => [name, { stroke: tone(LOOKS[i][0]), ...LOOKS[i][1] }]),
  );
  return chart.surface;
};

export default {
  render({ model, el }) {
    const measures = model.get("measures");
    const holder = html("div", { class: "dd-holder" });
    live(
      { model, el },
      {
        panels: [holder],
        words: (values) => words(values, measures),
        draw: (values) => holder.replaceChildren(drawing(values, measures[values.show])),
      },
    );
  },
};
