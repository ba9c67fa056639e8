"""What reading a drawn digit costs in the browser: preparation and forward pass, in Chromium.

Reads the built site (`make book` first). README.md says how to read the result.
"""

import re
import sys

from chromium import SITE, open_site

PAGE = "book/draw.html"
REPEATS = 500

# Each stage is timed by itself, on the digit that lies on the sheet when the page opens. A browser
# rounds its clock to a tenth of a millisecond, so a time is taken over ten runs.
MEASURE = """async ([weights, repeats]) => {
  const draw = await import("../_static/figures/draw.js");
  const layers = await draw.load(weights, [784, 128, 64, 10]);
  const { data } = document.querySelector(".dd-draw-sheet canvas").getContext("2d")
    .getImageData(0, 0, 280, 280);
  const sheet = Float64Array.from({ length: 280 * 280 }, (_, i) => data[4 * i] / 255);
  const { image } = draw.centred(sheet);
  const stages = {
    "preparation": () => draw.centred(sheet),
    "forward pass": () => draw.forward(layers, image),
  };
  const times = {};
  for (const [name, run] of Object.entries(stages)) {
    times[name] = Array.from({ length: repeats }, () => {
      const start = performance.now();
      for (let i = 0; i < 10; i++) run();
      return (performance.now() - start) / 10;
    }).sort((a, b) => a - b);
  }
  return times;
}"""


def main() -> None:
    if not (SITE / PAGE).is_file():
        sys.exit("There is no built book: run `make book` first.")
    weights = re.search(r'"weights": "([^"]+)"', (SITE / PAGE).read_text(encoding="utf-8"))
    assert weights
    with open_site() as (browser, address):
        page = browser.new_page()
        page.goto(f"{address}/{PAGE}")
        page.locator("[role=status]", has_text="The network reads").wait_for()
        times = page.evaluate(MEASURE, [weights[1], REPEATS])
    print(
        f"{REPEATS} times each, the mean of ten runs a time\n\n"
        f"{'milliseconds':14}{'best':>8}{'median':>8}{'99 %':>8}"
    )
    for name, sorted_times in times.items():
        best, median, late = (sorted_times[int(share * REPEATS)] for share in (0, 0.5, 0.99))
        print(f"{name:14}{best:8.2f}{median:8.2f}{late:8.2f}")


if __name__ == "__main__":
    main()
