"""What training in the page costs: an epoch of the article's recipe in Chromium and in PyTorch.

The same network, batch size and number of images; PyTorch on one thread with the book's loader, the
page with its own shuffling, in both of its engines. They take turns. README.md says how to read it.
"""

from drinkdeep import mnist_files

ROUNDS = 3
ASSETS = mnist_files.SHIPPED.parents[1] / "book" / "assets" / "training"

# Shuffles, copies each batch and takes the four steps, as the page's worker does.
EPOCH = """async (plain) => {
  const { load, initialize } = await import("./engine.js");
  const { generator, shuffle } = await import("./random.js");
  const { train } = await import("./loop.js");
  const random = generator(1);
  const network = (window.networks ??= {})[plain] ??= await load(plain);
  initialize(network, random);
  const start = performance.now();
  const order = shuffle(Uint32Array.from(window.data.labels.keys()), random);
  const losses = train(network, window.data, order, { rate: RATE, batch: BATCH });
  return [(performance.now() - start) / 1000, losses.at(-1)];
}"""
DATA = """async () => {
  const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
  window.data = { pixels: await bytes("images.bin"), labels: await bytes("labels.bin") };
}"""
