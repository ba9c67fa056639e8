// The loss after one step against the gradient, for learning rates that double.
import {
  DOTTED,
  dots,
  fixed,
  general,
  grouped,
  line,
  live,
  percent,
  plot,
  round,
  segment,
  svg,
  text,
  tone,
} from "./parts.js";

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = ({ doublings }, { first, before, losses, accuracies }) => {
  const rateOf = (k) => first * 2 ** k;
  const best = losses.indexOf(Math.min(...losses));
  const last = losses.length - 1;
  const loss = losses[doublings];
  const told =
    `α = ${general(rateOf(doublings))}, ${grouped(2 ** doublings)} × ${general(first)}: one step ` +
    `${loss < before ? "lowers" : "raises"} the loss from ${fixed(before, 3)} to ${fixed(loss, 3)}; ` +
    `${percent(accuracies[doublings], 0)} of the digits are then right.`;
  return {
    alt:
      "The loss on a thousand digits after one step of an untrained network, against the learning " +
      `rate from ${general(first)} to ${general(rateOf(last), 2)}. Before the step it is ` +
      `${fixed(before, 2)}. It is lowest, ${fixed(losses[best], 2)}, at ${general(rateOf(best), 2)}, ` +
      `and ${fixed(losses[last], 2)} at the right end. ${told}`,
    caption: told,
  };
};

export default {
  render({ model, el }) {
    const data = Object.fromEntries(
      ["first", "before", "losses", "accuracies"].map((name) => [name, model.get(name)]),
    );
    const rates = data.losses.map((_, k) => data.first * 2 ** k);
    const [low, high] = [Math.min(...data.losses), Math.max(...data.losses)];
    const room = (high - low) / 12;
    const chart = plot({
      x: {
        label: "learning rate α",
        range: [rates[0] / 1.3, rates.at(-1) * 1.3],
        log: true,
        ticks: [0.003, 0.03, 0.3, 3].filter((rate) => rate <= rates.at(-1)),
      },
      y: {
        label: "loss after one step",
        range: [low - room, high + room],
        ticks: round([low - room, high + room]),
      },
    });
    const level = chart.Y(data.before);
    const points = data.losses.map((loss, k) => [chart.X(rates[k]), chart.Y(loss)]);
    const mark = svg("g");
    chart.data.append(
      segment(0, level, chart.across, level, DOTTED),
      text(8, level - 6, "before the step", { class: "dd-small dd-halo" }),
      line(points, { stroke: tone("blue") }),
      ...dots(points, 3.5, { fill: tone("blue") }),
      mark,
    );

    live(
      { model, el },
      {
        panels: [chart.surface],
        words: (values) => words(values, data),
        draw({ doublings }) {
          mark.replaceChildren(...dots([points[doublings]], 7, { fill: tone("orange") }));
        },
      },
    );
  },
};
