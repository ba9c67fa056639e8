// One training run: a network, images with labels, and the settings that decide all the rest.
//
// Data are { pixels, labels }: 784 bytes an image, and a byte its label.

import { answer, initialize } from "./engine.js";
import { generator, shuffle } from "./random.js";
import { CLASSES, LAYERS, MOST, PIXELS, SCORES } from "./shape.js";

/** What a run is by default: the recipe of the article. */
export const ARTICLE = { rate: 0.003, batch: 64, momentum: 0, seed: 0, loop: "sound" };

/** How the loop can be broken, as in chapter 6. */
export const LOOPS = {
  sound: "as it should be",
  forgotten: "zero_grad() forgotten",
  early: "step() before backward()",
  twice: "softmax twice",
  mixed: "labels shuffled",
  sorted: "sorted by label",
};

/** A run: step() takes the next batch and moves the weights. */
export class Run {
  steps = 0;
  diverged = false; // its loss is no longer a number

  constructor(network, data, settings) {
    this.network = network;
    this.data = data;
    this.settings = settings;
    this.#random = generator(settings.seed);
    initialize(network, this.#random);
    this.labels = Uint8Array.from(data.labels);
    if (settings.loop === "mixed") shuffle(this.labels, this.#random);
    this.order = Uint32Array.from(this.labels.keys());
  }

  #random;

  get stepsAnEpoch() {
    return Math.ceil(this.order.length / this.settings.batch);
  }

  // Writes a batch of images into the network and says how many they are.
  #take() {
    const { network, data, labels, order } = this;
    const place = this.steps % this.stepsAnEpoch;
    if (place === 0) {
      shuffle(order, this.#random);
      if (this.settings.loop === "sorted") order.sort((a, b) => labels[a] - labels[b]);
    }
    const rows = order.subarray(place * this.settings.batch, (place + 1) * this.settings.batch);
    rows.forEach((row, n) => {
      network.pixels.set(data.pixels.subarray(row * PIXELS, (row + 1) * PIXELS), n * PIXELS);
      network.labels[n] = labels[row];
    });
    return rows.length;
  }

  /** One step, and the loss of its batch before it. */
  step() {
    const { network } = this;
    const { rate, momentum, loop } = this.settings;
    const count = this.#take();
    if (loop !== "forgotten") network.zero_grad();
    network.forward(count);
    const loss = network.loss(count, loop === "twice" ? 1 : 0);
    if (loop === "early") network.step(rate, momentum);
    network.backward(count);
    if (loop !== "early") network.step(rate, momentum);
    this.steps += 1;
    this.diverged ||= !Number.isFinite(loss);
    return loss;
  }
}

/** The answers of a network to images: { answers, accuracy, dead }, with the share of dead units. */
export const examine = (network, { pixels, labels }) => {
  const answers = new Uint8Array(labels.length);
  network.alive.fill(0);
  for (let from = 0; from < labels.length; from += MOST) {
    const count = Math.min(MOST, labels.length - from);
    network.pixels.set(pixels.subarray(from * PIXELS, (from + count) * PIXELS));
    network.forward(count);
    network.mark_alive(count);
    for (let n = 0; n < count; n++) answers[from + n] = answer(network, n);
  }
  const right = answers.reduce((sum, given, i) => sum + (given === labels[i]), 0);
  const living = network.alive.reduce((sum, unit) => sum + unit, 0);
  return {
    answers,
    accuracy: right / labels.length,
    dead: 1 - living / network.alive.length,
  };
};

/** The probabilities that a network gives to one image of 784 bytes. */
export const read = (network, image) => {
  network.pixels.set(image);
  network.forward(1);
  const scores = Array.from(network.scores.subarray(0, CLASSES));
  const top = Math.max(...scores);
  const exps = scores.map((score) => Math.exp(score - top));
  const sum = exps.reduce((a, b) => a + b);
  return exps.map((e) => e / sum);
};

/** The weights of the first `count` units of the first layer, 784 numbers each, row by row. */
export const weightsOf = ({ parameters }, count) => {
  const { inputs, room } = LAYERS[0];
  const weights = new Float32Array(count * inputs);
  for (let unit = 0; unit < count; unit++) {
    for (let i = 0; i < inputs; i++) weights[unit * inputs + i] = parameters[i * room + unit];
  }
  return weights;
};
