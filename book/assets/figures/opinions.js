// One test digit, and the probabilities that two networks give to its classes.
import {
  bar,
  classes,
  grouped,
  labelled,
  legend,
  live,
  percent,
  svg,
  text,
  tone,
  unpack,
} from "./parts.js";
import { answerOf } from "./prediction.js";

// The first network's bars are filled, the second's outlined: told apart without colour too.
const LOOKS = [
  { fill: tone("blue"), stroke: tone("blue") },
  { fill: tone("orange"), "fill-opacity": 0.25, stroke: tone("orange") },
];

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = ({ number }, { names, probabilities, labels }) => {
  const label = labels[number];
  const answers = probabilities.map((of) => answerOf(of[number]));
  const right = answers.filter((answer) => answer === label).length;
  const verdict = ["both wrong", "one is right", "both right"][right];
  const said = names.map((name, i) => {
    const most = percent(Math.max(...probabilities[i][number]), 1);
    return `${name} reads ${answers[i]}, with ${most}`;
  });
  const toLabel = probabilities.map((of) => percent(of[number][label], 1)).join(" and ");
  const told = `${said[0]}; ${said[1]}: ${verdict}. To the label, ${label}, they give ${toLabel}.`;
  return {
    alt:
      `Test digit ${grouped(number)}, a ${label}, beside two bars for each class, one a network. ` +
      told,
    caption: `Test digit ${grouped(number)} is a ${label}. ${told}`,
  };
};

export default {
  render({ model, el }) {
    const data = Object.fromEntries(
      ["names", "probabilities", "labels"].map((name) => [name, model.get(name)]),
    );
    const digits = labelled(unpack(model.get("images")), data.labels);
    const chart = classes({ height: 430, top: 52 });
    const bars = svg("g");
    chart.data.append(bars);
    legend(
      chart,
      150,
      -36,
      data.names.map((name, i) => [name, { ...LOOKS[i], "stroke-width": i ? 2 : 8 }]),
    );

    live(
      { model, el },
      {
        panels: [digits.column, chart.surface],
        words: (values) => words(values, data),
        draw({ number }) {
          digits.show(number);
          bars.replaceChildren(
            ...data.probabilities.flatMap((of, which) =>
              of[number].flatMap((p, i) => {
                const middle = i + (which ? 0.2 : -0.2);
                const top = chart.Y(middle - 0.19);
                const words = p >= 0.005 ? percent(p, 0) : "";
                return [
                  bar(0, top, chart.X(p), chart.Y(middle + 0.19) - top, LOOKS[which]),
                  text(chart.X(p) + 5, chart.Y(middle), words, {
                    dy: "0.35em",
                    class: i === data.labels[number] ? "dd-small dd-title" : "dd-small",
                  }),
                ];
              }),
            ),
          );
        },
      },
    );
  },
};
