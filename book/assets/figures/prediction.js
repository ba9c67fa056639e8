// One test digit beside the ten probabilities that the network gives it.
import {
  bar,
  digit,
  grouped,
  html,
  live,
  percent,
  plot,
  svg,
  text,
  tone,
  unpack,
} from "./parts.js";

const SIZE = 28 * 28;

export const answerOf = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

export const words = ({ number }, { probabilities, labels }) => {
  const [label, answer] = [labels[number], answerOf(probabilities[number])];
  const verdict = answer === label ? "right" : "wrong";
  return {
    alt:
      `Test digit ${grouped(number)}, a ${label}, beside its ten class probabilities. The largest is ` +
      `that of ${answer}, so the answer is ${verdict}.`,
    caption:
      `Test digit ${grouped(number)} is a ${label}. The network reads ${answer}, with a ` +
      `probability of ${percent(probabilities[number][answer], 1)}: ${verdict}.`,
  };
};

export default {
  render({ model, el }) {
    const [probabilities, labels] = [model.get("probabilities"), model.get("labels")];
    const images = unpack(model.get("images"));
    const title = html("div", { class: "dd-title" });
    const picture = html("div", { class: "dd-tile" });
    const chart = plot({
      width: 400,
      height: 300,
      left: 50,
      x: { label: "probability", range: [0, 1.18], ticks: [0, 0.25, 0.5, 0.75, 1] },
      y: { label: "class", range: [9.6, -0.6], ticks: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], plain: true },
    });
    const bars = svg("g");
    chart.data.append(bars);

    live(
      { model, el },
      {
        panels: [html("div", { class: "dd-column" }, title, picture), chart.surface],
        words: (values) => words(values, { probabilities, labels }),
        draw({ number }) {
          picture.replaceChildren(digit(images.subarray(number * SIZE, (number + 1) * SIZE)));
          title.textContent = `label: ${labels[number]}`;
          bars.replaceChildren(
            ...probabilities[number].flatMap((p, i) => {
              const right = i === labels[number];
              const top = chart.Y(i - 0.4);
              return [
                bar(0, top, chart.X(p), chart.Y(i + 0.4) - top, {
                  fill: tone(right ? "orange" : "blue"),
                }),
                // Bold, the colour and the title above say which class is right.
                text(chart.X(p) + 5, chart.Y(i), percent(p, 1), {
                  dy: "0.35em",
                  class: right ? "dd-small dd-title" : "dd-small",
                }),
              ];
            }),
          );
        },
      },
    );
  },
};
