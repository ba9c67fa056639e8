// One test digit, and the probabilities that two networks give to its classes.
import {
  bar,
  digit,
  grouped,
  html,
  legend,
  live,
  percent,
  plot,
  svg,
  text,
  tone,
  unpack,
} from "./parts.js";
import { answerOf } from "./prediction.js";

const SIZE = 28 * 28;

// The first network's bars are filled, the second's outlined: told apart without colour too.
const LOOKS = [
  { fill: tone("blue"), stroke: tone("blue") },
  { fill: tone("orange"), "fill-opacity": 0.25, stroke: tone("orange") },
];

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
    const images = unpack(model.get("images"));
    const title = html("div", { class: "dd-title" });
    const picture = html("div", { class: "dd-tile" });
    const chart = plot({
      width: 400,
      height: 430,
      left: 50,
      top: 52,
      x: { label: "probability", range: [0, 1.18], ticks: [0, 0.25, 0.5, 0.75, 1] },
      y: { label: "class", range: [9.6, -0.6], ticks: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], plain: true },
    });
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
        panels: [html("div", { class: "dd-column" }, title, picture), chart.surface],
        words: (values) => words(values, data),
        draw({ number }) {
          picture.replaceChildren(digit(images.subarray(number * SIZE, (number + 1) * SIZE)));
          title.textContent = `label: ${data.labels[number]}`;
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
