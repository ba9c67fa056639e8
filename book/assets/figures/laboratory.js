// The laboratory of chapter 6: the network of the book, trained in the reader's browser.
//
// The training itself is done by ../training/worker.js in a thread of its own; here stand the
// controls, and the pictures of what it reports.

import { Trainer } from "../training/client.js";
import {
  FAILED,
  FETCHING,
  GUESSING,
  OFF,
  answerTiles,
  button,
  curves,
  pauseUnseen,
  right,
  select,
  slow,
  smooth,
} from "../training/parts.js";
import { ARTICLE, LOOPS } from "../training/run.js";
import { centred, hand, inkOf, sheetMarkup } from "./draw.js";
import { bar, grouped, html, mosaic, percent, svg, text, tone, whenThemed, written } from "./parts.js";

const STEPS = 4690; // that a press of the button takes: as many as the article's five epochs
const UNITS = 16; // of the first layer, whose weights are shown
const DIGITS = 3; // test digits of each class

/** What can be set, with the values that it can take; their names are those of run.js. */
export const SETTINGS = [
  {
    name: "rate",
    label: "learning rate α",
    values: [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
  },
  { name: "batch", label: "batch size B", values: [1, 4, 16, 64, 256, 1000] },
  { name: "momentum", label: "momentum μ", values: [0, 0.5, 0.9, 0.95, 0.99, 1] },
  { name: "seed", label: "seed", values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] },
  { name: "loop", label: "the loop", values: Object.keys(LOOPS), words: LOOPS },
];
const SPEEDS = { "10 steps a second": 10, "100 steps a second": 100, "500 steps a second": 500 };
const FASTEST = "as fast as it goes";

// A setting's value in words.
const inWords = ({ words }, value) => words?.[value] ?? String(value);

/** The settings that an address carries; what it doesn't say, or says wrongly, is the article's. */
export const settingsOf = (search) => {
  const asked = new URLSearchParams(search);
  return Object.fromEntries(
    SETTINGS.map(({ name, values }) => [
      name,
      values.find((value) => String(value) === asked.get(name)) ?? ARTICLE[name],
    ]),
  );
};

/** In what two runs differ, as [setting, the one's value, the other's] in words. */
export const differences = (one, other) => [
  ...SETTINGS.filter(({ name }) => one.settings[name] !== other.settings[name]).map((setting) => [
    setting.label,
    inWords(setting, one.settings[setting.name]),
    inWords(setting, other.settings[setting.name]),
  ]),
  ...(one.pieces === other.pieces
    ? []
    : [["training images", ...[one, other].map(({ pieces }) => grouped(pieces * 10_000))]]),
];

/** What can be said of a run that stands where this one does. */
export const verdict = ({ diverged, losses, accuracies, dead }) => {
  const { length } = losses;
  if (!length) return "A network that has learned nothing.";
  const after = `${grouped(length)} step${length === 1 ? "" : "s"}`;
  if (diverged) {
    return `Diverged: after ${after} the loss is no longer a number, and nothing can be learned from there.`;
  }
  const recent = losses.slice(-100);
  const loss = recent.reduce((a, b) => a + b) / recent.length;
  const accuracy = accuracies.at(-1)[1];
  const peak = losses.reduce((a, b) => Math.max(a, b));
  return [
    `After ${after}: loss ${written(loss, 3)}, ${right(accuracy)}.`,
    ...(peak > OFF ? [`The loss has been as high as ${written(peak, 3)}.`] : []),
    ...(length >= 100 && accuracy < 0.15 ? ["That is no better than guessing."] : []),
    ...(dead > 0.5 ? [`${percent(dead, 0)} of the hidden units are off for all test digits.`] : []),
  ].join(" ");
};

const NOW = { stroke: tone("blue") };
const KEPT = { stroke: tone("orange"), "stroke-dasharray": "6 4" };

export default {
  render({ el }) {
    const settings = settingsOf(location.search);
    let pieces = 1; // of the training images that are used
    let trainer;
    let loaded = false;
    let network; // which of the two engines trains
    let running = false;
    let wanted; // what to do once all is fetched
    let run = { settings: { ...settings }, pieces, losses: [], accuracies: [], diverged: false };
    let kept;
    let told = 0; // the last milestone

    // Controls

    const start = button("Start", () => (running ? trainer.pause() : go(STEPS)));
    start.className = "dd-train-start";
    const one = button("One step", () => go(1));
    const epoch = button("One epoch", () => go("epoch"));
    const reset = button("Reset", () => begin());
    const [speed, speedInput] = select(
      "speed",
      [...Object.keys(SPEEDS), FASTEST].map((words) => [words, words]),
      "500 steps a second",
      () => trainer?.speed(SPEEDS[speedInput.value] ?? Infinity),
    );
    const inputs = SETTINGS.map((setting) => {
      const [row, input] = select(
        setting.label,
        setting.values.map((value) => [String(value), inWords(setting, value)]),
        String(settings[setting.name]),
        () => {
          settings[setting.name] = setting.values.find((value) => String(value) === input.value);
          begin();
        },
      );
      return row;
    });
    const [size, sizeInput] = select(
      "training images",
      [
        ["1", "10,000"],
        ["6", "60,000"],
      ],
      "1",
      () => {
        pieces = Number(sizeInput.value);
        begin();
      },
    );
    sizeInput.options[1].disabled = true;
    const keep = button("Keep this run", () => {
      kept = { ...run, losses: run.losses.slice(), accuracies: run.accuracies.slice() };
      forget.hidden = false;
      draw();
      say("Kept. Change a setting and start again to compare.");
    });
    const forget = button("Forget the kept run", () => {
      kept = undefined;
      forget.hidden = true;
      draw();
      keep.focus();
    });
    forget.hidden = true;
    const link = html("a", {}, "Link to these settings");
    const more = button("Fetch all 60,000 images (8.3 MB more)", () => {
      if (more.dataset.busy) {
        trainer.stop();
        delete more.dataset.busy;
        more.textContent = "Go on fetching";
        return;
      }
      more.dataset.busy = "yes";
      more.textContent = "Stop fetching";
      fetched.hidden = false;
      whenLoaded(() => trainer.more());
    });
    const fetched = html("progress", { max: 6, value: 0, "aria-label": "Images fetched", hidden: "" });

    const allBar = html("div", { class: "dd-lab-bar" }, more, fetched);

    // Pictures

    const panels = html("div", { class: "dd-panels" });
    const tiles = answerTiles(10 * DIGITS);
    const weights = mosaic({
      role: "img",
      "aria-label": "How the weights of sixteen units of the first layer have changed, as pictures",
    });
    const dead = html("p", { class: "dd-small-words" }, " ");
    const sheetBox = html("div", { class: "dd-train-sheet dd-draw" });
    sheetBox.innerHTML = sheetMarkup("dd-lab-hint");
    const sheet = sheetBox.firstElementChild;
    const bars = svg("svg", { viewBox: "0 0 200 74", width: 200, "aria-hidden": "true" });
    const reads = html("p", { class: "dd-small-words", role: "status" }, "Draw a digit.");
    const place = html("p", { class: "dd-unseen", role: "status" });

    const words = html("p", { class: "dd-reading", "aria-hidden": "true" });
    const milestones = html("p", { class: "dd-unseen", role: "status" });
    const say = (sentence) => (milestones.textContent = sentence);

    const named = (name, ...parts) =>
      html("section", { "aria-label": name }, html("p", { class: "dd-title" }, name), ...parts);
    el.classList.add("dd-live", "dd-lab");
    el.append(
      html("div", { class: "dd-lab-bar" }, start, one, epoch, reset, speed),
      html("div", { class: "dd-lab-settings" }, ...inputs, size),
      words,
      milestones,
      named("Thirty test digits, and what the network answers", tiles.list),
      panels,
      html("div", { class: "dd-lab-bar" }, keep, forget, link),
      html(
        "div",
        { class: "dd-lab-below" },
        named("What sixteen units have learned", weights.canvas, dead),
        named(
          "Draw: the network reads as it learns",
          sheetBox,
          html(
            "div",
            { class: "dd-lab-bar" },
            button("Clear", () => {
              context.fillStyle = "#000";
              context.fillRect(0, 0, sheet.firstElementChild.width, sheet.firstElementChild.height);
              trainer?.read(undefined);
              bars.replaceChildren();
              reads.textContent = "Draw a digit.";
            }),
          ),
          bars,
          reads,
          place,
          html(
            "p",
            { class: "dd-small-words", id: "dd-lab-hint" },
            "With mouse, finger or pen; or arrows and space.",
          ),
        ),
      ),
      allBar,
    );

    // The thread

    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 0;
    const on = {
      loaded({ engine, ...digits }) {
        loaded = true;
        tiles.filled(digits);
        network = engine;
        trainer.speed(SPEEDS[speedInput.value] ?? Infinity);
        trainer.reset({ ...settings }, pieces);
        words.textContent = slow(engine);
        for (const act of wanted) act();
        wanted = [];
      },
      piece({ pieces: count }) {
        fetched.value = count;
        if (count < 6) return;
        more.hidden = fetched.hidden = true;
        sizeInput.options[1].disabled = false;
        say("All 60,000 training images are here.");
        sizeInput.value = "6";
        pieces = 6;
        begin();
        sizeInput.focus();
      },
      state(state) {
        if (state.fresh) {
          run = { settings: { ...settings }, pieces, losses: [], accuracies: [], diverged: false };
          told = 0;
        }
        for (const loss of state.losses) run.losses.push(loss);
        run.accuracies.push(...state.accuracies);
        run.diverged = state.diverged;
        run.dead = state.dead;
        latest = state;
        running = state.running;
        start.textContent = running ? "Pause" : "Start";
        one.disabled = epoch.disabled = running || run.diverged;
        start.disabled = run.diverged;
        if (state.read) showReading(state.read);
        tell(state);
        if (!calm || !running || performance.now() - drawn > calm) draw();
      },
      failed({ doing }) {
        if (doing === "more") {
          delete more.dataset.busy;
          more.textContent = "Go on fetching";
          words.textContent = "Some images could not be fetched. What is there is kept; try again.";
        } else if (!loaded) {
          trainer = undefined;
          words.textContent = FAILED;
        } else words.textContent = "The training has stopped. Press Reset to begin again.";
        say(words.textContent);
      },
    };
    wanted = [];
    const whenLoaded = (act) => {
      if (loaded) return act();
      wanted.push(act);
      if (trainer) return undefined;
      words.textContent = FETCHING;
      trainer = new Trainer(on);
      return trainer.load({ plain: false, weights: UNITS, perClass: DIGITS });
    };
    const go = (steps) => whenLoaded(() => trainer.run(steps));
    const begin = () => {
      address();
      run = { ...run, settings: { ...settings }, pieces, losses: [], accuracies: [], diverged: false };
      if (loaded) trainer.reset({ ...settings }, pieces);
      else draw();
    };
    const address = () => {
      const query = new URLSearchParams(SETTINGS.map(({ name }) => [name, settings[name]]));
      if (pieces > 1) query.set("images", pieces * 10_000);
      const section = el.closest("section[id]")?.id;
      link.href = `?${query}${section ? `#${section}` : ""}`;
    };
    pauseUnseen(() => {
      if (!running) return;
      trainer.pause();
      say("Paused while the page was hidden.");
    });

    const tell = ({ ended }) => {
      if (run.diverged) return say(verdict(run));
      const accuracy = run.accuracies.at(-1)?.[1] ?? 0;
      const mark = [0.95, 0.9, 0.8, 0.5].find((level) => accuracy >= level) ?? 0;
      if (mark > told) {
        told = mark;
        say(`${right(accuracy)} after ${grouped(run.losses.length)} steps.`);
      } else if (ended) say(verdict(run));
      return undefined;
    };

    // The hand

    const showReading = (probabilities) => {
      const best = probabilities.indexOf(Math.max(...probabilities));
      bars.replaceChildren(
        ...probabilities.flatMap((p, c) => [
          bar(c * 20 + 3, 54 - 52 * p, 14, 52 * p, { fill: tone(c === best ? "blue" : "muted") }),
          text(c * 20 + 10, 70, String(c), { "text-anchor": "middle" }),
        ]),
      );
      const sentence = `It reads ${best}, with ${percent(probabilities[best], 0)}.`;
      if (reads.textContent !== sentence) reads.textContent = sentence;
    };
    let frame = 0;
    const context = hand(sheet, {
      pen: () => 24,
      changed() {
        if (!loaded) reads.textContent = "Press Start first: there is no network yet.";
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          const { image } = centred(inkOf(context));
          trainer?.read(Uint8Array.from(image, (ink) => Math.round(255 * ink)));
        });
      },
      tell: (sentence) => (place.textContent = sentence),
    });

    // All that is drawn of the state

    let latest;
    let drawn = 0;
    const paint = () => {
      const { changes } = latest;
      const most = changes.reduce((top, w) => Math.max(top, Math.abs(w)), 1e-9);
      weights.paint(changes, most);
    };
    whenThemed(() => latest && paint());
    const draw = () => {
      drawn = performance.now();
      const runs = [...(kept ? [{ run: kept, look: KEPT }] : []), { run, look: NOW }];
      const most = Math.max(...runs.map((each) => each.run.losses.length));
      let steps = 200;
      while (steps < most) steps *= 2;
      panels.replaceChildren(
        curves(
          runs.map(({ run: { losses }, look }) => ({ points: smooth(losses, steps), look })),
          { label: "training loss (nats)", range: [0, 3], ticks: [0, 1, 2, 3], guess: GUESSING.loss },
          steps,
        ),
        curves(
          runs.map(({ run: { accuracies }, look }) => ({ points: accuracies, look })),
          {
            label: "test digits right",
            range: [0, 1],
            ticks: [0, 0.25, 0.5, 0.75, 1].map((share) => [share, percent(share, 0)]),
            guess: GUESSING.accuracy,
          },
          steps,
        ),
      );
      if (latest && loaded) {
        tiles.show(latest.answers);
        paint();
        dead.textContent =
          "First layer: blue where a weight has grown, orange where it has shrunk. Of all 192 hidden " +
          `units ${percent(latest.dead, 1)} are off for all 2,000 test digits.`;
        words.textContent = verdict(run) + compared() + slow(network);
      }
    };
    const compared = () => {
      if (!kept?.accuracies.length) return "";
      const found = differences(kept, run);
      const how = found.length
        ? found.map(([label, before, now]) => `${label} ${before} (dashed) and ${now}`).join("; ")
        : "no setting";
      return ` The two runs differ in ${how}. Kept: ${percent(kept.accuracies.at(-1)[1], 1)} right after ${grouped(kept.losses.length)} steps.`;
    };
    const ofAll = new URLSearchParams(location.search).get("images") === "60000";
    words.textContent = ofAll
      ? "This link is of a run on all 60,000 training images. Fetch them first, then press Start."
      : "Press Start. It fetches 2 MB of digits from this site; the training is done by your own machine, and nothing is sent.";
    if (ofAll) el.prepend(allBar);
    address();
    draw();
  },
};
