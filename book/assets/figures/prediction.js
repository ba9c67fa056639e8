// One test digit beside the ten probabilities that the network gives it.
import { bar, classes, grouped, labelled, live, percent, svg, text, tone, unpack } from "./parts.js";

/** The class with the largest probability. */
export const answerOf = (probabilities) => probabilities.indexOf(Math.max(...probabilities));

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
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
    const digits = labelled(unpack(model.get("images")), labels);
    const chart = classes({ height: 300 });
    const bars = svg("g");
    chart.data.append(bars);

    live(
      { model, el },
      {
        panels: [digits.column, chart.surface],
        words: (values) => words(values, { probabilities, labels }),
        draw({ number }) {
          digits.show(number);
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
