// The page's side of the thread that trains.

/** A network in training; `on` holds what to call for each kind of message, see worker.js. */
export class Trainer {
  #worker;

  constructor(on) {
    this.#worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.#worker.addEventListener("message", ({ data }) => on[data.kind]?.(data));
    this.#worker.addEventListener("error", () => on.failed({ doing: "load" }));
  }

  #tell(kind, more = {}) {
    this.#worker.postMessage({ kind, ...more });
  }

  /**
   * Fetch network and digits. `weights` and `perClass` say how many pictures and digits to report;
   * with `heldOut`, so many of the first 10,000 training images judge in place of the test set.
   */
  load = (wanted) => this.#tell("load", wanted);

  /** Fetch the rest of the training images, until all are there or stop() is called. */
  more = () => this.#tell("more");
  stop = () => this.#tell("stop");

  /** Begin again with these settings (see run.js), on so many pieces of the training images. */
  reset = (settings, pieces) => this.#tell("reset", { settings, pieces });

  /** Take so many steps from now on, or those of an "epoch". */
  run = (steps) => this.#tell("run", { steps });
  pause = () => this.#tell("pause");

  /** At most so many steps a second. */
  speed = (stepsASecond) => this.#tell("speed", { stepsASecond });

  /** Report what the network makes of this image, 784 bytes, from now on. */
  read = (image) => this.#tell("read", { image });
}
