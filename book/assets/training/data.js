// The digits of the data set, in pieces that the book's build made (site_extensions/digit_files.py):
// all images of a piece, 784 bytes each, then their labels, and all that gzipped.

import { PIXELS } from "./shape.js";

const PIECE = 10_000; // training images in a piece, one in six of the 60,000
export const PIECES = 6;

const piece = async (name, signal) => {
  const file = await fetch(new URL(`digits/${name}.bin`, import.meta.url), { signal });
  if (!file.ok) throw new Error(`${name}: ${file.status}`);
  const unpacked = file.body.pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(unpacked).arrayBuffer());
  const count = bytes.length / (PIXELS + 1);
  return { pixels: bytes.subarray(0, count * PIXELS), labels: bytes.subarray(count * PIXELS) };
};

/** The images from one place to another, negative ones counted from the end, and their labels. */
export const part = ({ pixels, labels }, from, to = labels.length) => ({
  pixels: pixels.subarray(from * PIXELS, to * PIXELS),
  labels: labels.subarray(from, to),
});

/** 2,000 images of the test set. */
export const testSet = () => piece("test");

/** The training images, those of one piece at first; more() fetches another. */
export class TrainingSet {
  pieces = 0;
  #pixels = new Uint8Array(0);
  #labels = new Uint8Array(0);

  /** Fetch the next piece, if there is one. `signal` interrupts, and what is there stays. */
  async more(signal) {
    if (this.pieces === PIECES) return;
    const { pixels, labels } = await piece(`train-${this.pieces}`, signal);
    if (this.#labels.length < PIECE * PIECES && this.pieces > 0) this.#grow();
    if (this.pieces === 0) [this.#pixels, this.#labels] = [pixels, labels];
    else {
      this.#pixels.set(pixels, this.pieces * PIECE * PIXELS);
      this.#labels.set(labels, this.pieces * PIECE);
    }
    this.pieces += 1;
  }

  #grow() {
    const [pixels, labels] = [this.#pixels, this.#labels];
    this.#pixels = new Uint8Array(PIECE * PIECES * PIXELS);
    this.#labels = new Uint8Array(PIECE * PIECES);
    this.#pixels.set(pixels);
    this.#labels.set(labels);
  }

  /** The first `pieces` pieces, as data to train on. */
  data(pieces) {
    const count = PIECE * pieces;
    return {
      pixels: this.#pixels.subarray(0, count * PIXELS),
      labels: this.#labels.subarray(0, count),
    };
  }
}
