// The thread that trains, so that the page answers meanwhile. client.js speaks with it.
//
// It is told { kind: "load" | "more" | "stop" | "reset" | "run" | "pause" | "read" | "speed", … } and
// answers with { kind: "loaded" | "piece" | "state" | "failed", … }.

import { PIECES, TrainingSet, part, testSet } from "./data.js";
import { load } from "./engine.js";
import { Run, examine, read, weightsOf } from "./run.js";
import { PIXELS } from "./shape.js";

const TURN = 25; // milliseconds of steps between two looks at what has been told
const REPORT = 80; // milliseconds between two reports: what the eye can follow
const EXAMINED = 10; // examinations on the test images an epoch

let network;
let run;
let test; // the images that judge
let heldOut = 0; // how many of the training images do so in place of the test set
let subset; // the test digits that are shown
let shown; // how many units' weights are reported
let initial; // their weights before the first step
let speed = Infinity; // steps a second
let until = 0; // the step to stop at; 0 while paused
let sheet; // what the reader has drawn
let download; // that of more pieces
const training = new TrainingSet();

// What has happened since the last report.
let losses = [];
let accuracies = [];
let dead = 0;

const examineNow = () => {
  const found = examine(network, test);
  dead = found.dead;
  accuracies.push([run.steps, found.accuracy]);
};

const report = (more = {}) => {
  postMessage({
    kind: "state",
    steps: run.steps,
    stepsAnEpoch: run.stepsAnEpoch,
    running: until > 0,
    diverged: run.diverged,
    losses,
    accuracies,
    answers: Array.from(examine(network, subset).answers),
    dead,
    changes: weightsOf(network, shown).map((weight, i) => weight - initial[i]),
    read: sheet && read(network, sheet),
    ...more,
  });
  [losses, accuracies] = [[], []];
};

const reset = (settings, pieces) => {
  until = 0;
  [losses, accuracies] = [[], []];
  const data = training.data(pieces);
  run = new Run(network, part(data, 0, data.labels.length - heldOut), settings);
  initial = weightsOf(network, shown);
  examineNow();
  report({ fresh: true });
};

// Turns: some steps, then whatever has been told meanwhile, then on.
const channel = new MessageChannel();
let reported = 0;
let due = 0; // steps that the speed allows and that have not been taken
let last = 0;
let waiting = false;

const turn = () => {
  waiting = false;
  if (!until) return;
  const start = performance.now();
  if (speed === Infinity) due = Infinity;
  else due = Math.min(due + ((start - last) / 1000) * speed, speed / 4);
  last = start;
  const every = Math.max(1, Math.round(run.stepsAnEpoch / EXAMINED));
  while (run.steps < until && !run.diverged && due >= 1 && performance.now() - start < TURN) {
    losses.push(run.step());
    due -= 1;
    if (run.steps % every === 0 || run.steps === until || run.diverged) examineNow();
  }
  const ended = run.steps >= until || run.diverged;
  if (ended) until = 0;
  if (ended || start - reported >= REPORT) {
    reported = start;
    report({ ended });
  }
  if (!ended) next();
};
const next = () => {
  if (waiting) return;
  waiting = true;
  if (due >= 1 || speed === Infinity) channel.port2.postMessage(0);
  else setTimeout(turn, 15);
};
channel.port1.onmessage = turn;

const told = {
  async load({ plain, weights, perClass, heldOut: kept = 0 }) {
    heldOut = kept;
    [network, test] = await Promise.all([load(plain), kept ? undefined : testSet(), training.more()]);
    if (kept) test = part(training.data(1), -kept);
    shown = weights;
    const digits = []; // their places in the test set
    for (let i = 0, count = Array(10).fill(0); i < test.labels.length; i++) {
      if (count[test.labels[i]]++ < perClass) digits.push(i);
    }
    digits.sort((a, b) => test.labels[a] - test.labels[b] || a - b);
    subset = {
      pixels: new Uint8Array(digits.length * PIXELS),
      labels: Uint8Array.from(digits, (i) => test.labels[i]),
    };
    digits.forEach((i, n) =>
      subset.pixels.set(test.pixels.subarray(i * PIXELS, (i + 1) * PIXELS), n * PIXELS),
    );
    postMessage({ kind: "loaded", engine: network.kind, ...subset, tested: test.labels.length });
  },
  async more() {
    download = new AbortController();
    while (training.pieces < PIECES) {
      await training.more(download.signal);
      postMessage({ kind: "piece", pieces: training.pieces });
    }
  },
  stop: () => download?.abort(),
  reset: ({ settings, pieces }) => reset(settings, pieces),
  run({ steps }) {
    if (run.diverged) return;
    until = run.steps + (steps === "epoch" ? run.stepsAnEpoch : steps);
    last = performance.now();
    due = Math.max(due, 1);
    next();
  },
  pause() {
    if (!until) return;
    until = 0;
    report({ ended: true });
  },
  speed({ stepsASecond }) {
    speed = stepsASecond;
    due = Math.min(due, 1);
  },
  read({ image }) {
    sheet = image;
    if (!until && run) report();
  },
};

addEventListener("message", async ({ data }) => {
  try {
    await told[data.kind](data);
  } catch (error) {
    if (error.name !== "AbortError") postMessage({ kind: "failed", doing: data.kind });
  }
});
