// The network of the book, 784-128-64-10, as something to be trained: the one in WebAssembly
// (network.c), and its plain twin (network.js) where a browser lacks that. Both have
//
//   pixels, labels     a batch is written here: 784 bytes an image, and a byte its label
//   scores             what forward() made of it, a row of SCORES an image, the first ten of them
//   alive              a byte for each hidden unit: whether it was above zero for an image that
//                      mark_alive(count) was called for
//   parameters, gradients, velocities   Float32Arrays in the order of LAYERS
//   zero_grad(), forward(count), loss(count, twice), backward(count), step(rate, momentum)

import { PlainNetwork } from "./network.js";
import { CLASSES, COUNT, LAYERS, MOST, PIXELS, SCORES } from "./shape.js";

const inWebAssembly = async () => {
  const file = await fetch(new URL("network.wasm", import.meta.url));
  if (!file.ok) throw new Error(`network.wasm: ${file.status}`);
  const { instance } = await WebAssembly.instantiate(await file.arrayBuffer());
  const { memory, ...functions } = instance.exports;
  const at = (name, Kind, length) => new Kind(memory.buffer, functions[`where_${name}`](), length);
  return {
    ...functions,
    kind: "WebAssembly",
    pixels: at("pixels", Uint8Array, MOST * PIXELS),
    labels: at("labels", Uint8Array, MOST),
    scores: at("scores", Float32Array, MOST * SCORES),
    alive: at("alive", Uint8Array, LAYERS[0].units + LAYERS[1].units),
    parameters: at("parameters", Float32Array, COUNT),
    gradients: at("gradients", Float32Array, COUNT),
    velocities: at("velocities", Float32Array, COUNT),
  };
};

/** The fastest network that this browser has; `plain` asks for the one in JavaScript. */
export const load = async (plain = false) => {
  if (!plain) {
    try {
      return await inWebAssembly();
    } catch {
      // A browser without WebAssembly or its vectors, or where the file didn't arrive.
    }
  }
  return new PlainNetwork();
};

/** What nn.Linear begins with: uniform between ±1/√inputs, drawn with `random` from 0 … 1. */
export const initialize = ({ parameters, gradients, velocities }, random) => {
  for (const array of [parameters, gradients, velocities]) array.fill(0);
  for (const { inputs, units, room, weight, bias } of LAYERS) {
    const draw = () => (2 * random() - 1) / Math.sqrt(inputs);
    for (let i = 0; i < inputs; i++) {
      for (let j = 0; j < units; j++) parameters[weight + i * room + j] = draw();
    }
    for (let j = 0; j < units; j++) parameters[bias + j] = draw();
  }
};

/** The class with the largest score of the nth image of the batch. */
export const answer = ({ scores }, n) => {
  let best = 0;
  for (let c = 1; c < CLASSES; c++) {
    if (scores[n * SCORES + c] > scores[n * SCORES + best]) best = c;
  }
  return best;
};
