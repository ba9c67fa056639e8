// The network of the book, trained again and again in the reader's browser, each time with another
// value of one setting: the learning rate in chapter 2, the seed in chapter 7.

import { Trainer } from "../training/client.js";
import {
  FAILED,
  FETCHING,
  GUESSING,
  OFF,
  button,
  curves,
  pauseUnseen,
  select,
  slow,
  smooth,
} from "../training/parts.js";
import { ARTICLE } from "../training/run.js";
import {
  DOTTED,
  dots,
  fixed,
  grouped,
  html,
  percent,
  plot,
  round,
  segment,
  text,
  tone,
  written,
} from "./parts.js";

const HELD_OUT = 2000; // of the 10,000 training images: no run sees them, all are judged by them
const SMOOTH = 40; // points of a curve: many lie over one another
const NOW = { stroke: tone("blue"), "stroke-width": 3 };
const BEFORE = { stroke: tone("muted"), "stroke-width": 1.2 };

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The standard deviation of a sample, with n − 1 as torch.std() has it. */
export const deviation = (values) => {
  const middle = mean(values);
  const squares = values.map((value) => (value - middle) ** 2);
  return Math.sqrt(squares.reduce((sum, square) => sum + square) / (values.length - 1));
};

// What is asked of the settings that a figure can vary: their names, the axis of their values, and
// what is said of a run beside those before it.
const SETTINGS = {
  rate: {
    label: "learning rate α",
    named: (value) => `α = ${value}`,
    axis: (values) => ({
      range: [values[0] / 2, values.at(-1) * 2],
      ticks: [0.001, 0.01, 0.1, 1].map((value) => [value, String(value)]),
      log: true,
    }),
    accuracies: () => [0, 1],
    said(run, runs) {
      const loss = written(mean(run.losses.slice(-20)), 2);
      const peak = run.losses.reduce((most, each) => Math.max(most, each));
      const best = runs.reduce((one, other) => (other.accuracy > one.accuracy ? other : one));
      return [
        `α = ${run.value}: loss ${loss} in the end, ${percent(run.accuracy, 1)} right.`,
        ...(peak > OFF ? [`On the way the loss has been as high as ${written(peak, 2)}.`] : []),
        ...(run.accuracy < 0.15 ? ["That is no better than guessing."] : []),
        ...(runs.length > 1
          ? [`The best of ${runs.length} rates: ${best.value}, with ${percent(best.accuracy, 1)}.`]
          : []),
      ].join(" ");
    },
  },
  seed: {
    label: "seed",
    named: (value) => `seed ${value}`,
    axis: (values) => ({
      range: [values[0] - 0.7, values.at(-1) + 0.7],
      ticks: values.map((value) => [value, String(value)]),
    }),
    // To whole per cents, and never so near that a tenth of a point looks large.
    accuracies: (all) => [
      Math.floor(100 * Math.min(...all) - 1) / 100,
      Math.ceil(100 * Math.max(...all) + 1) / 100,
    ],
    said(run, runs) {
      const all = runs.map(({ accuracy }) => accuracy);
      return [
        `Seed ${run.value}: ${percent(run.accuracy, 1)} right.`,
        ...(runs.length > 1
          ? [
              `${runs.length} seeds: from ${percent(Math.min(...all), 1)} to ` +
                `${percent(Math.max(...all), 1)}, ${percent(mean(all), 1)} in the mean, with a ` +
                `standard deviation of ${fixed(100 * deviation(all), 2)} points.`,
            ]
          : []),
      ].join(" ");
    },
  },
};

export default {
  render({ model, el }) {
    const [values, steps, others] = ["values", "steps", "others"].map((name) => model.get(name));
    const setting = model.get("setting");
    const { label, named, axis, accuracies, said } = SETTINGS[setting];
    let trainer;
    let loaded = false;
    let engine;
    let running = false;
    let queue = []; // values that are still to be trained with
    let current; // the run that has not come to its end
    let last; // the one that came to its end last
    const runs = new Map(); // those that have, by their value

    // Controls

    const start = button("Train", () => {
      if (running) return trainer.pause();
      if (!current) return train([chosen()]);
      return goOn();
    });
    start.className = "dd-train-start";
    const all = button(`Train all ${values.length}`, () => train(values));
    const forget = button("Forget them", () => {
      runs.clear();
      last = undefined;
      stop();
      show(READY);
    });
    const [value, input] = select(
      label,
      values.map((each) => [String(each), String(each)]),
      String(model.get("first")),
      () => {
        if (running) return;
        stop();
        show();
      },
    );
    const chosen = () => values.find((each) => String(each) === input.value);
    const stop = () => {
      current = undefined;
      queue = [];
    };

    const panels = html("div", { class: "dd-panels", role: "img" });
    const words = html("p", { class: "dd-reading", "aria-hidden": "true" });
    const status = html("p", { class: "dd-unseen", role: "status" });
    el.classList.add("dd-live", "dd-lab");
    el.append(html("div", { class: "dd-lab-bar" }, value, start, all, forget), words, status, panels);

    // The thread

    const train = (wanted) => {
      queue = [...wanted];
      if (loaded) return next();
      show(FETCHING);
      if (trainer) return undefined;
      trainer = new Trainer({ loaded: ready, state, failed });
      return trainer.load({ plain: false, weights: 0, perClass: 0, heldOut: HELD_OUT });
    };
    const ready = (message) => {
      loaded = true;
      engine = message.engine;
      trainer.speed(steps); // a second a run, to be watched
      next();
    };
    const next = () => {
      const following = queue.shift();
      if (following === undefined) return;
      current = { value: following, losses: [], accuracy: 0 };
      input.value = String(following);
      trainer.reset({ ...ARTICLE, ...others, [setting]: following }, 1);
      goOn();
    };
    const goOn = () => {
      running = true;
      trainer.run(steps - current.losses.length);
    };
    const state = (report) => {
      if (!report.fresh) running = report.running; // it is told to run as soon as it is fresh
      if (!current) return;
      current.losses.push(...report.losses);
      current.accuracy = report.accuracies.at(-1)?.[1] ?? current.accuracy;
      const over = current.losses.length >= steps || report.diverged;
      if (over) {
        last = current;
        runs.delete(last.value); // what is trained again is drawn last
        runs.set(last.value, last);
        current = undefined;
      }
      show(undefined, calm && !over);
      if (!over) return;
      if (queue.length) next();
      else status.textContent = reading();
    };
    const failed = () => {
      trainer = undefined;
      loaded = running = false;
      stop();
      show(FAILED);
      status.textContent = FAILED;
    };
    pauseUnseen(() => {
      if (!running) return;
      trainer.pause();
      status.textContent = "Paused while the page was hidden.";
    });

    // What is shown

    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const reading = () => said(last, [...runs.values()]) + slow(engine);
    const show = (sentence, sameCurves = false) => {
      start.textContent = running ? "Pause" : current ? "Go on" : "Train";
      all.disabled = running;
      input.disabled = running;
      forget.disabled = running || !(runs.size || current);
      if (sentence) words.textContent = sentence;
      else if (current) {
        words.textContent = `${named(current.value)}: step ${current.losses.length} of ${steps}.`;
      } else words.textContent = last ? reading() : READY;
      if (!sameCurves || !running) draw();
    };
    const draw = () => {
      const newest = current ?? last;
      const before = [...runs.values()].filter((run) => run !== newest);
      const drawn = [...before, ...(newest ? [newest] : [])];
      const look = (run) => (run === newest ? NOW : BEFORE);
      const found = [...runs.values()].map(({ accuracy }) => accuracy);
      // Before the first run has ended, an axis that it is likely to fit.
      const range = accuracies(found.length ? found : [0.86, 0.99]);
      const chart = plot({
        width: 366,
        height: 230,
        left: 70,
        top: 12,
        x: { label, ...axis(values) },
        y: {
          label: "held-out digits right",
          range,
          ticks: round(range).map((share) => [share, percent(share, 0)]),
        },
      });
      if (setting === "seed" && found.length > 1) {
        const height = chart.Y(mean(found));
        chart.data.append(
          segment(0, height, chart.across, height, DOTTED),
          text(4, height - 6, "mean", { class: "dd-small dd-halo" }),
        );
      }
      for (const run of runs.values()) {
        const place = [chart.X(run.value), chart.Y(run.accuracy)];
        const [radius, colour] = run === newest ? [6, "blue"] : [4.5, "muted"];
        chart.data.append(...dots([place], radius, { fill: tone(colour) }));
      }
      panels.replaceChildren(
        curves(
          drawn.map((run) => ({ points: smooth(run.losses, steps, SMOOTH), look: look(run) })),
          { label: "training loss (nats)", range: [0, 3], ticks: [0, 1, 2, 3], guess: GUESSING.loss },
          steps,
        ),
        chart.surface,
      );
      panels.setAttribute(
        "aria-label",
        `The training loss of ${drawn.length} run${drawn.length === 1 ? "" : "s"} against the step, and ` +
          `the share of ${grouped(HELD_OUT)} held-out digits that each has right in the end against ` +
          `the ${label}. ${last ? reading() : ""}`,
      );
    };
    const READY =
      `Choose a ${setting === "rate" ? "rate" : "seed"} and press Train, or train with all of them. That ` +
      "fetches 2 MB of digits from this site; your own machine does the rest, and nothing is sent.";
    show(READY);
  },
};
