// What the figures that train share: the test digits with their answers, the words for a failure.

import { digit, html, percent } from "../figures/parts.js";
import { PIXELS } from "./shape.js";

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

export const FAILED =
  "The digits or the network could not be fetched. Press the button to try again.";

/** A share of the test images, in words. */
export const right = (accuracy) => `${percent(accuracy, 1)} of 2,000 test digits right`;

/** Pause when the page is hidden: nobody looks, and a telephone gets warm. */
export const pauseUnseen = (pause) =>
  document.addEventListener("visibilitychange", () => document.hidden && pause());
