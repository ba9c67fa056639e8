// Three scores, their probabilities, and the gradient of the loss when cat is right; in float32.
import { bar, fixed, general, line, live, minus, plot, svg, text, tone, written } from "./parts.js";

const float32 = Math.fround;

/**
 * Each number is what float32 makes of it. `naive` is the loss from the exponentials as they are,
 * rounded after every operation: they overflow to infinity, or vanish, and then there is no loss.
 */
export const compute = ({ cat, dog, bird, factor }) => {
  const z = [cat, dog, bird].map((score) => float32(score * factor));
  const highest = Math.max(...z);
  const total = z.reduce((sum, score) => sum + Math.exp(score - highest), 0);
  const p = z.map((score) => float32(Math.exp(score - highest) / total));
  const loss = float32(highest + Math.log(total) - z[0]);
  const gradient = p.map((share, i) => float32(share - (i === 0)));
  const powers = z.map((score) => float32(Math.exp(score)));
  const sum = float32(float32(powers[0] + powers[1]) + powers[2]);
  const naive = -float32(Math.log(float32(powers[0] / sum)));
  return { z, p, loss, gradient, powers, naive };
};

const signed = (value) => written(value, 6);
const slope = (value) => (value >= 0 ? "+" : "") + fixed(value, 3);

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = (values) => {
  const { z, p, loss, gradient, naive } = compute(values);
  // Above this the two ways differ by more than rounding; infinity and nan count as different.
  const agrees = Number.isFinite(naive) && Math.abs(naive - loss) < 1e-3 * Math.max(1, loss);
  return {
    alt:
      "Two bar charts for the classes cat, dog and bird with the scores " +
      `${z.map(signed).join(", ")}. The probabilities are ` +
      `${p.map((share) => fixed(share, 3)).join(", ")}; the gradient of the loss with respect to the ` +
      `scores, when cat is right, is ${gradient.map(slope).join(", ")}: it adds up ` +
      `to 0. The loss is ${fixed(loss, 3)} nats.`,
    caption:
      `Cat is right: loss ${fixed(loss, 3)} nats. From the exponentials as they are, in ` +
      `float32: ${agrees ? "the same" : general(naive)}.`,
  };
};

const chart = (range, ticks, label) =>
  plot({
    width: 360,
    height: 330,
    bottom: 66,
    x: { label: "", range: [-0.6, 2.6], plain: true },
    y: { label, range, ticks },
  });

const colour = (i) => tone(i === 0 ? "orange" : "blue");

export default {
  render({ model, el }) {
    const shares = chart([0, 1.12], [0, 0.25, 0.5, 0.75, 1], "probability");
    const slopes = chart([-1.25, 1.25], [-1, -0.5, 0, 0.5, 1], "slope ∂ℓ/∂z");
    const middle = { "text-anchor": "middle" };
    const names = [svg("g"), svg("g")];
    const scores = svg("g");
    for (const [i, one] of [shares, slopes].entries()) {
      // The right class is told by its name, not by its colour alone.
      ["cat (right)", "dog", "bird"].forEach((name, place) => {
        names[i].append(text(one.X(place), one.up + 20, name, middle));
      });
      one.over.append(names[i]);
    }
    shares.over.append(
      scores,
      text(-8, shares.up + 39, "z", { "text-anchor": "end" }),
      text(-8, shares.up + 58, "eᶻ", { "text-anchor": "end" }),
    );
    const zero = [
      [0, slopes.Y(0)],
      [slopes.across, slopes.Y(0)],
    ];
    slopes.over.append(line(zero, { stroke: tone("muted"), "stroke-width": 1 }));
    const [tall, deep] = [svg("g"), svg("g")];
    shares.over.append(tall);
    slopes.over.append(deep);

    const bars = ({ X, Y }, values, worded) =>
      values.flatMap((value, i) => {
        const [from, to] = [Y(Math.max(0, value)), Y(Math.min(0, value))];
        const label = value < 0 ? to + 16 : from - 6;
        return [
          bar(X(i - 0.4), from, X(0.4) - X(-0.4), to - from, { fill: colour(i) }),
          text(X(i), label, minus(worded(value)), middle),
        ];
      });

    live(
      { model, el },
      {
        panels: [shares.surface, slopes.surface],
        words,
        draw(values) {
          const { z, p, gradient, powers } = compute(values);
          tall.replaceChildren(...bars(shares, p, (value) => fixed(value, 3)));
          deep.replaceChildren(...bars(slopes, gradient, slope));
          scores.replaceChildren(
            ...z.map((score, i) => text(shares.X(i), shares.up + 39, signed(score), middle)),
            ...powers.map((power, i) =>
              text(shares.X(i), shares.up + 58, written(power, 2), middle),
            ),
          );
        },
      },
    );
  },
};
