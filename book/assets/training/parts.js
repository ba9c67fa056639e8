// What the figures that train share: their controls, curves and words, and the digits with the answers.

import { DOTTED, digit, grouped, html, line, percent, plot, round, segment, text } from "../figures/parts.js";
import { PIXELS } from "./shape.js";

/** A button that calls press() when it is pressed. */
export const button = (words, press) => {
  const element = html("button", { type: "button" }, words);
  element.addEventListener("click", press);
  return element;
};

/** A choice of [value, words], with its label; chosen(input) is called when another is made. */
export const select = (label, options, value, chosen) => {
  const input = html(
    "select",
    {},
    ...options.map(([key, words]) => html("option", { value: key }, words)),
  );
  input.value = value;
  input.addEventListener("change", () => chosen(input));
  return [html("label", {}, html("span", {}, label), input), input];
};

/** What a network scores that knows nothing. */
export const GUESSING = { loss: Math.log(10), accuracy: 0.1 };

/** In nats: no network that has not been thrown off its course is so wrong. */
export const OFF = 20;

const BUCKETS = 150; // points of a curve

/** A curve of at most `buckets` points over `steps` steps: [step, mean of the losses up to there]. */
export const smooth = (losses, steps, buckets = BUCKETS) => {
  const size = Math.max(1, Math.ceil(steps / buckets));
  const points = [];
  for (let from = 0; from < losses.length; from += size) {
    const part = losses.slice(from, from + size);
    points.push([from + part.length, part.reduce((a, b) => a + b) / part.length]);
  }
  return points;
};

/** Curves over `steps` steps, each { points, look }, and the line of one who guesses. */
export const curves = (each, { label, range, ticks, guess }, steps) => {
  const chart = plot({
    width: 366,
    height: 230,
    left: 70,
    top: 12,
    x: {
      label: "steps",
      range: [0, steps],
      ticks: round([0, steps]).map((step) => [step, grouped(step)]),
    },
    y: { label, range, ticks },
  });
  const y = chart.Y(guess);
  chart.data.append(segment(0, y, chart.across, y, DOTTED));
  chart.over.append(
    text(chart.across - 4, y - 6, "guessing", { "text-anchor": "end", class: "dd-small dd-halo" }),
  );
  for (const { points, look } of each) {
    const found = points.map(([step, value]) => [
      chart.X(step),
      Number.isFinite(value) ? chart.Y(value) : -100,
    ]);
    if (found.length) chart.data.append(line(found, look));
  }
  return chart.surface;
};

/** A list of test digits, each above its answer; show(answers) says which are right, and how many. */
export const answerTiles = (count) => {
  const tiles = Array.from({ length: count }, () => {
    const picture = html("div", { class: "dd-train-digit" });
    const answer = html("span", {}, "?");
    return { tile: html("li", {}, picture, answer), picture, answer };
  });
  const list = html("ol", { class: "dd-train-answers" }, ...tiles.map(({ tile }) => tile));
  let labels = [];
  return {
    list,
    filled({ pixels, labels: given }) {
      labels = given;
      tiles.forEach(({ picture }, i) =>
        picture.replaceChildren(digit(pixels.subarray(i * PIXELS, (i + 1) * PIXELS))),
      );
      return list;
    },
    show(answers) {
      tiles.forEach(({ tile, answer }, i) => {
        const right = answers[i] === labels[i];
        tile.className = right ? "dd-train-right" : "dd-train-wrong";
        answer.textContent = `${answers[i]} ${right ? "✓" : "✗"}`;
        tile.setAttribute(
          "aria-label",
          `a ${labels[i]}, read as ${answers[i]}: ${right ? "right" : "wrong"}`,
        );
      });
      return answers.filter((answer, i) => answer === labels[i]).length;
    },
  };
};

/** What of a message can't be left unsaid about the engine. */
export const slow = (engine) =>
  engine === "JavaScript"
    ? " This browser has no fast WebAssembly, so the network trains in plain JavaScript, many times slower."
    : "";

/** What stands there until the digits have come. */
export const FETCHING = "Fetching 2 MB of digits from this site …";

/** What stands there when they haven't. */
export const FAILED =
  "The digits or the network could not be fetched. Press the button to try again.";

/** A share of the test images, in words. */
export const right = (accuracy) => `${percent(accuracy, 1)} of 2,000 test digits right`;

/** Pause when the page is hidden: nobody looks, and a telephone gets warm. */
export const pauseUnseen = (pause) =>
  document.addEventListener("visibilitychange", () => document.hidden && pause());
