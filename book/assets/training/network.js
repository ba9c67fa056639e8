// The network of network.c in plain JavaScript, for a browser that has no WebAssembly.
//
// All as there: rows of weights by the input, the inputs that are zero left out, and x = v − 1 for
// the pixels. Math.fround() rounds to float32, which tells the browser to compute with float32.

import { CLASSES, COUNT, LAYERS, MOST, PIXELS, SCORES } from "./shape.js";

const { fround, exp, log } = Math;

// The inputs that are not zero: of example n there are count[n], from n · most on.
class Inputs {
  constructor(most) {
    this.most = most;
    this.count = new Int32Array(MOST);
    this.place = new Int16Array(MOST * most);
    this.value = new Float32Array(MOST * most);
  }

  take(n, values, from, factor) {
    const { most, place, value } = this;
    let at = n * most;
    for (let i = 0; i < most; i++) {
      if (values[from + i] > 0) {
        place[at] = i;
        value[at++] = fround(values[from + i] * factor);
      }
    }
    this.count[n] = at - n * most;
  }
}

// z = start + Σ value · weight[place], four inputs at a time.
const linear = (inputs, n, { weight, room }, parameters, start, z) => {
  const { place, value, count, most } = inputs;
  const to = n * room;
  for (let j = 0; j < room; j++) z[to + j] = start[j];
  const end = n * most + count[n];
  let k = n * most;
  for (; k + 3 < end; k += 4) {
    const [v0, v1, v2, v3] = [value[k], value[k + 1], value[k + 2], value[k + 3]];
    const r0 = weight + place[k] * room;
    const r1 = weight + place[k + 1] * room;
    const r2 = weight + place[k + 2] * room;
    const r3 = weight + place[k + 3] * room;
    for (let j = 0; j < room; j++) {
      const one = fround(fround(v0 * parameters[r0 + j]) + fround(v1 * parameters[r1 + j]));
      const two = fround(fround(v2 * parameters[r2 + j]) + fround(v3 * parameters[r3 + j]));
      z[to + j] = fround(z[to + j] + fround(one + two));
    }
  }
  for (; k < end; k++) {
    const row = weight + place[k] * room;
    for (let j = 0; j < room; j++) {
      z[to + j] = fround(z[to + j] + fround(value[k] * parameters[row + j]));
    }
  }
};

// ∂L/∂W += value · δ in the row of each input.
const outer = (inputs, n, { weight, room }, delta, gradients) => {
  const { place, value, count, most } = inputs;
  const from = n * room;
  for (let k = n * most; k < n * most + count[n]; k++) {
    const row = weight + place[k] * room;
    const v = value[k];
    for (let j = 0; j < room; j++) {
      gradients[row + j] = fround(gradients[row + j] + fround(v * delta[from + j]));
    }
  }
};

// ∂L/∂z of the layer below: Wᵀ δ, and zero where its ReLU let nothing through.
const through = (inputs, n, { weight, room }, parameters, delta, below) => {
  const { place, count, most } = inputs;
  below.fill(0, n * most, (n + 1) * most);
  for (let k = n * most; k < n * most + count[n]; k++) {
    const row = weight + place[k] * room;
    let sum = 0;
    for (let j = 0; j < room; j++) sum = fround(sum + fround(parameters[row + j] * delta[n * room + j]));
    below[n * most + place[k]] = sum;
  }
};

const add = (sum, at, other, from, count) => {
  for (let j = 0; j < count; j++) sum[at + j] += other[from + j];
};

const softmax = (z, from, p) => {
  let top = -Infinity;
  for (let c = 0; c < CLASSES; c++) top = Math.max(top, z[from + c]);
  let sum = 0;
  for (let c = 0; c < CLASSES; c++) sum += p[c] = exp(z[from + c] - top);
  for (let c = 0; c < CLASSES; c++) p[c] /= sum;
  return top + log(sum); // log Σ exp z
};

const [FIRST, SECOND, THIRD] = LAYERS;

/** The network, with the fields and functions that engine.js tells. */
export class PlainNetwork {
  kind = "JavaScript";
  pixels = new Uint8Array(MOST * PIXELS);
  labels = new Uint8Array(MOST);
  scores = new Float32Array(MOST * SCORES);
  parameters = new Float32Array(COUNT);
  alive = new Uint8Array(FIRST.units + SECOND.units);
  gradients = new Float32Array(COUNT);
  velocities = new Float32Array(COUNT);

  #inputs = LAYERS.map(({ inputs }) => new Inputs(inputs));
  #hidden = [FIRST, SECOND].map(({ room }) => new Float32Array(MOST * room));
  #delta = LAYERS.map(({ room }) => new Float32Array(MOST * room)); // ∂L/∂z

  #bias({ bias, room }) {
    return this.parameters.subarray(bias, bias + room);
  }

  zero_grad() {
    this.gradients.fill(0);
  }

  forward(count) {
    const { parameters, pixels, scores } = this;
    const [ink, inputs2, inputs3] = this.#inputs;
    const [hidden1, hidden2] = this.#hidden;
    const { room, weight } = FIRST;
    const start = Float32Array.from(this.#bias(FIRST)); // b − W 1
    for (let i = 0; i < PIXELS; i++) {
      for (let j = 0; j < room; j++) start[j] -= parameters[weight + i * room + j];
    }
    for (let n = 0; n < count; n++) {
      ink.take(n, pixels, n * PIXELS, 2 / 255);
      linear(ink, n, FIRST, parameters, start, hidden1);
      inputs2.take(n, hidden1, n * FIRST.room, 1);
      linear(inputs2, n, SECOND, parameters, this.#bias(SECOND), hidden2);
      inputs3.take(n, hidden2, n * SECOND.room, 1);
      linear(inputs3, n, THIRD, parameters, this.#bias(THIRD), scores);
    }
  }

  mark_alive(count) {
    const [, inputs2, inputs3] = this.#inputs;
    for (const [inputs, from] of [
      [inputs2, 0],
      [inputs3, FIRST.units],
    ]) {
      for (let n = 0; n < count; n++) {
        const start = n * inputs.most;
        for (let k = start; k < start + inputs.count[n]; k++) this.alive[from + inputs.place[k]] = 1;
      }
    }
  }

  loss(count, twice) {
    const { scores, labels } = this;
    const [p, q] = [new Float32Array(CLASSES), new Float32Array(CLASSES)];
    const delta = this.#delta[2];
    let total = 0;
    for (let n = 0; n < count; n++) {
      const from = n * SCORES;
      const logSum = softmax(scores, from, p);
      if (twice) total += softmax(p, 0, q) - p[labels[n]];
      else total += logSum - scores[from + labels[n]];
      for (let c = 0; c < CLASSES; c++) {
        delta[from + c] = ((twice ? q : p)[c] - (c === labels[n])) / count;
      }
      if (twice) {
        let mean = 0;
        for (let c = 0; c < CLASSES; c++) mean += p[c] * delta[from + c];
        for (let c = 0; c < CLASSES; c++) delta[from + c] = p[c] * (delta[from + c] - mean);
      }
    }
    return total / count;
  }

  backward(count) {
    const { parameters, gradients } = this;
    const [inputs1, inputs2, inputs3] = this.#inputs;
    const [delta1, delta2, delta3] = this.#delta;
    const sum = new Float32Array(FIRST.room); // Σ δ over the batch
    for (let n = 0; n < count; n++) {
      outer(inputs3, n, THIRD, delta3, gradients);
      add(gradients, THIRD.bias, delta3, n * THIRD.room, THIRD.room);
      through(inputs3, n, THIRD, parameters, delta3, delta2);
      outer(inputs2, n, SECOND, delta2, gradients);
      add(gradients, SECOND.bias, delta2, n * SECOND.room, SECOND.room);
      through(inputs2, n, SECOND, parameters, delta2, delta1);
      outer(inputs1, n, FIRST, delta1, gradients);
      add(sum, 0, delta1, n * FIRST.room, FIRST.room);
    }
    add(gradients, FIRST.bias, sum, 0, FIRST.room);
    for (let i = 0; i < PIXELS; i++) {
      for (let j = 0; j < FIRST.room; j++) gradients[FIRST.weight + i * FIRST.room + j] -= sum[j];
    }
  }

  step(rate, momentum) {
    const { parameters, gradients, velocities } = this;
    const [r, m] = [fround(rate), fround(momentum)];
    for (let i = 0; i < COUNT; i++) {
      if (m) velocities[i] = fround(fround(m * velocities[i]) + gradients[i]);
      parameters[i] = fround(parameters[i] - fround(r * (m ? velocities : gradients)[i]));
    }
  }
}
