// Accuracy against confidence at a temperature, and how many images have which confidence.
import { bar, dots, fixed, legend, live, plot, segment, svg, tone } from "./parts.js";

/** The bins were filled when the page was built, at each temperature that the slider can take. */
export const momentAt = (temperature, { moments, controls: [{ start, step }] }) =>
  moments[Math.round((temperature - start) / step)];

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = ({ temperature }, data) => {
  const { gap, error } = momentAt(temperature, data);
  const verdict =
    gap > 0.005
      ? "On average the network is surer than it is right: overconfident"
      : gap < -0.005
        ? "On average the network is less sure than it is right: underconfident"
        : "On average the network is as sure as it is right";
  const at = fixed(temperature, 1);
  return {
    alt:
      `Reliability at temperature ${at}: accuracy against confidence in ten bins, ` +
      `and the share of the images in each. ${verdict}.`,
    caption:
      `${verdict}. Expected calibration error ${fixed(100 * error, 1)} ` +
      `percentage points at temperature ${at}.`,
  };
};

const TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1];

export default {
  render({ model, el }) {
    const data = { moments: model.get("moments"), controls: model.get("controls") };
    const size = { width: 360, height: 350 };
    const x = { label: "confidence", range: [0, 1.03], ticks: TICKS };
    const chart = plot({ ...size, x, y: { label: "accuracy", range: [0, 1.03], ticks: TICKS } });
    const bars = plot({
      ...size,
      x,
      y: { label: "share of the images (%)", range: [0, 103], ticks: [0, 20, 40, 60, 80, 100] },
    });
    const dashes = { stroke: tone("muted"), "stroke-width": 1.5, "stroke-dasharray": "6 4" };
    const found = { fill: tone("blue") };
    const [bins, shares] = [svg("g"), svg("g")];
    chart.data.append(segment(chart.X(0), chart.Y(0), chart.X(1), chart.Y(1), dashes));
    chart.over.append(bins);
    bars.data.append(shares);
    legend(chart, 12, 14, [
      ["calibrated", dashes],
      ["this network", found],
    ]);

    live(
      { model, el },
      {
        panels: [chart.surface, bars.surface],
        words: (values) => words(values, data),
        draw({ temperature }) {
          const moment = momentAt(temperature, data);
          bins.replaceChildren(
            ...moment.dots.flatMap(([confidence, accuracy, low, high]) => {
              const across = chart.X(confidence);
              return [
                segment(across, chart.Y(low), across, chart.Y(high), { stroke: tone("blue") }),
                ...dots([[across, chart.Y(accuracy)]], 5, found),
              ];
            }),
          );
          shares.replaceChildren(
            ...moment.share.map((share, i) => {
              const top = bars.Y(100 * share);
              return bar(
                bars.X(i / 10 + 0.005),
                top,
                bars.X(0.09) - bars.X(0),
                bars.up - top,
                found,
              );
            }),
          );
        },
      },
    );
  },
};
