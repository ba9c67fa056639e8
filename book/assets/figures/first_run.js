// The front door: a network that knows nothing, ten digits, and one button to train it.
import { Trainer } from "../training/client.js";
import { FAILED, FETCHING, answerTiles, pauseUnseen, slow } from "../training/parts.js";
import { grouped, html, percent } from "./parts.js";

// Not the article's recipe: a larger learning rate, and momentum, with which it takes seconds.
const SETTINGS = { rate: 0.02, batch: 64, momentum: 0.9, seed: 0, loop: "sound" };
const STEPS = 785; // five epochs of 10,000 images
const PACE = 60; // steps a second: slow enough to watch

export default {
  render({ el }) {
    const figure = el.closest("figure");
    const still = figure?.querySelector(".dd-train-answers");
    const tiles = answerTiles(10);
    // First the digits of the still, so that nothing moves when the figure comes alive.
    const holder = html("div", {}, still?.cloneNode(true) ?? tiles.list);
    const start = html("button", { type: "button", class: "dd-train-start" }, "Train it");
    const words = html(
      "p",
      { class: "dd-first-words" },
      "A network that has learned nothing. Your browser can teach it.",
    );
    const status = html("p", { class: "dd-unseen", role: "status" });
    el.append(holder, html("div", { class: "dd-first-bar" }, start, words), status);

    let trainer;
    let running = false;
    let steps = 0;
    let told = 0;
    let engine;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 0;
    let drawn = 0;

    const on = {
      loaded(message) {
        engine = message.engine;
        holder.replaceChildren(tiles.filled(message));
        trainer.speed(PACE);
        trainer.reset(SETTINGS, 1);
        trainer.run(STEPS);
      },
      state(state) {
        running = state.running;
        steps = state.steps;
        start.textContent = running ? "Pause" : steps < STEPS ? "Go on" : "Once more";
        if (calm && running && performance.now() - drawn < calm) return;
        drawn = performance.now();
        const hits = tiles.show(state.answers);
        if (!state.accuracies.length) return;
        const accuracy = state.accuracies.at(-1)[1];
        words.textContent =
          `${percent(accuracy, 0)} of 2,000 test digits right after ${grouped(steps)} steps.` +
          slow(engine);
        const mark = [0.9, 0.8, 0.5].find((level) => accuracy >= level) ?? 0;
        if (mark > told || state.ended) {
          told = Math.max(mark, told);
          status.textContent = `${words.textContent} Of the ten shown: ${hits}.`;
        }
      },
      failed() {
        trainer = undefined;
        start.textContent = "Train it";
        words.textContent = status.textContent = FAILED;
      },
    };
    start.addEventListener("click", () => {
      if (running) return trainer.pause();
      if (!trainer) {
        words.textContent = FETCHING;
        trainer = new Trainer(on);
        return trainer.load({ plain: false, weights: 0, perClass: 1 });
      }
      if (steps >= STEPS) {
        told = 0;
        trainer.reset(SETTINGS, 1);
      }
      return trainer.run(STEPS - (steps % STEPS));
    });
    pauseUnseen(() => running && trainer.pause());
  },
};
