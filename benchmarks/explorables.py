"""What an interactive figure costs the page: work of its thread a frame, as a share of 1/60 s.

Reads the built site (`make book` first). README.md says how to read the result.
"""

import re

from chromium import SITE, open_site
from playwright.sync_api import Page

FRAMES = 60
BUDGET = 1000 / 60  # milliseconds, of a screen that is drawn sixty times a second
ALIVE = "() => !document.querySelector('figure[data-explore]:not([data-alive])')"

# Brings a control to its i-th value, and waits until the page is drawn.
MOVE = """async ([figure, control, i, frames]) => {
  const input = document.querySelectorAll("figure[data-explore]")[figure]
    .querySelectorAll(".dd-controls :is(input, select)")[control];
  if (input.type === "checkbox") input.checked = i % 2 === 0;
  else if (input.options) input.selectedIndex = (i + 1) % input.options.length;
  else input.value = Number(input.min) + (i / (frames - 1)) * (input.max - input.min);
  for (const type of ["input", "change"]) input.dispatchEvent(new Event(type));
  await new Promise(requestAnimationFrame);
}"""
CONTROLS = """() => [...document.querySelectorAll("figure[data-explore]")].map((figure) => [
  figure.dataset.explore,
  [...figure.querySelectorAll(".dd-controls :is(input, select)")].map(
    (input) => (input.labels[0].querySelector("span") ?? input.labels[0]).textContent),
])"""
# One more piece of a zigzag on the drawing sheet.
STROKE = """async ([i, frames]) => {
  const sheet = document.querySelector(".dd-draw-sheet canvas");
  const box = sheet.getBoundingClientRect();
  const type = i ? "pointermove" : "pointerdown";
  sheet.dispatchEvent(new PointerEvent(type, {
    bubbles: true, pointerId: 1, button: 0, buttons: 1,
    clientX: box.left + box.width * (0.2 + 0.6 * (i % 6) / 5),
    clientY: box.top + box.height * (0.2 + 0.6 * i / frames),
  }));
  await new Promise(requestAnimationFrame);
}"""


def frames(page: Page, act: str, *place: int) -> list[float]:
    """Milliseconds that the page's own thread works in each frame, sorted.

    Its own time is counted, not the clock's: the machine may have other things to do as well.
    """
    browser = page.context.new_cdp_session(page)
    browser.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = browser.send("Performance.getMetrics")["metrics"]
        return 1000 * float(next(m["value"] for m in metrics if m["name"] == "TaskDuration"))

    times = []
    for i in range(FRAMES):
        before = spent()
        page.evaluate(act, [*place, i, FRAMES])
        times.append(spent() - before)
    return sorted(times)


def report(name: str, control: str, times: list[float]) -> None:
    median, worst = (f"{times[i]:9.1f}{times[i] / BUDGET:6.0%}" for i in (len(times) // 2, -1))
    print(f"{name:18}{control[:24]:26}{median}{worst}", flush=True)


def main() -> None:
    with open_site() as (browser, address):
        print(
            f"{FRAMES} frames a control; milliseconds, and the share of the {BUDGET:.1f} ms that "
            "a frame may take\n\n"
            f"{'figure':18}{'control':26}{'median':>9}{'':6}{'slowest':>9}"
        )
        page = browser.new_page()
        for path in sorted(SITE.glob("book/*.html")):
            names = re.findall(r'<figure[^>]*data-explore="(\w+)"', path.read_text("utf-8"))
            if not names:
                continue
            page.goto(f"{address}/book/{path.name}")
            page.wait_for_function(ALIVE)
            if names == ["draw"]:
                page.locator("[role=status]", has_text="The network reads").wait_for()
                report("draw", "a stroke", frames(page, STROKE))
                continue
            for figure, (name, controls) in enumerate(page.evaluate(CONTROLS)):
                for number, control in enumerate(controls):
                    report(name, control, frames(page, MOVE, figure, number))


if __name__ == "__main__":
    main()
