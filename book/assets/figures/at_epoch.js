// The run, epoch by epoch: its curves, what it has done to the first layer, the hardest digits.
import {
  SIDE,
  digit,
  dots,
  fixed,
  grouped,
  html,
  line,
  live,
  mosaic,
  percent,
  plot,
  segment,
  svg,
  tone,
  unpack,
  whenThemed,
} from "./parts.js";

const UNITS = 16;

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = ({ epoch }, { losses, accuracies, count }) => {
  const loss = fixed(losses[epoch], 2);
  const right = Number(fixed(accuracies[epoch] * count, 0));
  return {
    alt:
      `The run after epoch ${epoch}: loss ${loss} on the training set, ${percent(accuracies[epoch], 0)} of ` +
      "the test set right. Beside the two curves: what the run has added to the weights of " +
      "sixteen units of the first layer, and the nine test digits with the largest loss.",
    caption:
      `Epoch ${epoch}: training loss ${loss} nats, ${grouped(right)} of ${grouped(count)} ` +
      "test digits right. Change of weights: sixteen units of the first layer, blue where a " +
      "weight has grown, orange where it has shrunk. Hardest digits: label → answer.",
  };
};

const curve = (values, y, last) => {
  const x = {
    label: last ? "epoch" : "",
    range: [-0.25, values.length - 0.75],
    ticks: values.map((_, i) => [i, last ? `${i}` : ""]),
  };
  const chart = plot({
    width: 320,
    height: last ? 150 : 130,
    left: 74,
    bottom: last ? 50 : 18,
    x,
    y,
  });
  const points = values.map((value, i) => [chart.X(i), chart.Y(value)]);
  const colour = tone(last ? "orange" : "blue");
  const now = svg("g");
  chart.data.append(line(points, { stroke: colour }), ...dots(points, 3.5, { fill: colour }));
  chart.over.append(now);
  const show = (epoch) =>
    now.replaceChildren(
      segment(chart.X(epoch), 0, chart.X(epoch), chart.up, {
        stroke: tone("muted"),
        "stroke-width": 1,
        "stroke-dasharray": "2 3",
      }),
      ...dots([points[epoch]], 7, { fill: colour }),
    );
  return [chart.surface, show];
};

export default {
  render({ model, el }) {
    const [losses, accuracies, count, hardest] = ["losses", "accuracies", "count", "hardest"].map(
      (name) => model.get(name),
    );
    const changes = new Int8Array(unpack(model.get("changes")).buffer);
    const digits = unpack(model.get("digits"));
    const [above, showLoss] = curve(
      losses,
      { label: "loss (nats)", range: [0, 2.6], ticks: [0, 1, 2] },
      false,
    );
    const share = {
      label: "test accuracy",
      range: [0, 1.05],
      ticks: [
        [0, "0%"],
        [0.5, "50%"],
        [1, "100%"],
      ],
    };
    const [below, showAccuracy] = curve(accuracies, share, true);
    const weights = mosaic();
    const tiles = html("div", { class: "dd-tiles" });
    const column = (title, ...parts) =>
      html("div", { class: "dd-column" }, html("div", { class: "dd-title" }, title), ...parts);

    let epochNow;
    const paint = () =>
      weights.paint(
        changes.subarray(epochNow * UNITS * SIDE ** 2, (epochNow + 1) * UNITS * SIDE ** 2),
        model.get("levels"),
      );
    whenThemed(paint);

    live(
      { model, el },
      {
        panels: [
          html("div", { class: "dd-column dd-curves" }, above, below),
          column("change of weights", html("div", { class: "dd-tile" }, weights.canvas)),
          column("hardest digits", tiles),
        ],
        played: "epoch",
        words: (values) => words(values, { losses, accuracies, count }),
        draw({ epoch }) {
          epochNow = epoch;
          showLoss(epoch);
          showAccuracy(epoch);
          paint();
          tiles.replaceChildren(
            ...hardest[epoch].map(([place, label, answer]) =>
              html(
                "div",
                {},
                html("div", {}, `${label}→${answer}`),
                digit(digits.subarray(place * SIDE ** 2, (place + 1) * SIDE ** 2)),
              ),
            ),
          );
        },
      },
    );
  },
};
