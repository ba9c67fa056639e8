"""What training in the page costs: an epoch of the article's recipe in Chromium and in PyTorch.

The same network, batch size and images; PyTorch on one thread with the book's loader, the page with
its own shuffling, in both of its engines. They take turns. Then, of the front page: how long from
the button to 80 % on the test images, and the longest task of the page's own thread meanwhile.
README.md says how to read the result.
"""

import statistics

import torch
from chromium import open_site
from loader import Training, our_loader
from playwright.sync_api import Page

ROUNDS = 3

# All 60,000 images, and an epoch of them by the page's own code.
PREPARE = """async () => {
  const home = "../_static/training/";
  const { load } = await import(`${home}engine.js`);
  const { PIECES, TrainingSet } = await import(`${home}data.js`);
  const { ARTICLE, Run } = await import(`${home}run.js`);
  const training = new TrainingSet();
  while (training.pieces < PIECES) await training.more();
  window.epoch = async (plain) => {
    const run = new Run(await load(plain), training.data(PIECES), ARTICLE);
    const start = performance.now();
    let sum = 0;
    for (let step = 0; step < run.stepsAnEpoch; step++) sum += run.step();
    return [(performance.now() - start) / 1000, sum / run.stepsAnEpoch];
  };
}"""
# Presses the button of the first page once everything is in the browser's cache.
FRONT = """async () => {
  const tasks = [0];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(duration);
  }).observe({ type: "longtask" });
  const words = document.querySelector(".dd-first-words");
  const start = performance.now();
  document.querySelector(".dd-train-start").click();
  while (!(parseFloat(words.textContent) >= 80)) {
    await new Promise((next) => setTimeout(next, 20));
  }
  return [(performance.now() - start) / 1000, Math.max(...tasks)];
}"""


def front_door(page: Page, address: str) -> tuple[float, float]:
    """Seconds from the button to 80 %, and the longest task in ms, 0 if none is over 50 ms."""
    page.goto(f"{address}/book/index.html")
    page.locator(".dd-train-start").wait_for()
    page.wait_for_load_state("networkidle")
    seconds, longest = page.evaluate(FRONT)
    return seconds, longest


def main() -> None:
    torch.set_num_threads(1)
    with open_site() as (browser, address):
        print(f"torch {torch.__version__}; 784-128-64-10, SGD 0.003, batch 64, 60,000 images\n")
        page = browser.new_page()
        page.goto(f"{address}/book/index.html")
        page.evaluate(PREPARE)
        names = {"WebAssembly": False, "JavaScript": True}
        seconds: dict[str, list[float]] = {name: [] for name in ("PyTorch", *names)}
        losses: dict[str, float] = {}
        for _ in range(ROUNDS):
            training = Training()
            training.epoch(our_loader(seed=1))
            seconds["PyTorch"] += training.seconds
            losses["PyTorch"] = training.losses[0]
            for name, plain in names.items():
                took, losses[name] = page.evaluate("(plain) => epoch(plain)", plain)
                seconds[name].append(took)
        print(
            f"{'seconds an epoch':18}{'best':>8}{'median':>8}{'× PyTorch':>11}   loss of the epoch"
        )
        best = min(seconds["PyTorch"])
        for name, times in seconds.items():
            median, ratio = statistics.median(times), min(times) / best
            print(f"{name:18}{min(times):8.3f}{median:8.3f}{ratio:11.2f}   {losses[name]:.3f}")
        front_door(page, address)  # fills the cache
        found = [front_door(page, address) for _ in range(ROUNDS)]
        print(
            f"\nfront page, from the button to 80 %: {min(s for s, _ in found):.1f} s at best, "
            f"{statistics.median(s for s, _ in found):.1f} s in the median; "
            f"longest task over 50 ms: {max(task for _, task in found):.0f} ms"
        )


if __name__ == "__main__":
    main()
