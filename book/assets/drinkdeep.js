// A formula, a table or code that is wider than its column scrolls by itself. Where one does, it takes
// the keyboard's focus and has a name, so that it can be scrolled without a mouse.
const NAMES = {
  ".formula": "Wide formula",
  ".pst-scrollable-table-container": "Wide table",
  "pre": "Wide text",
  ".cell_output > .output": "Wide output",
};

const mark = (box, name) => {
  for (const [attribute, value] of [
    ["tabindex", "0"],
    ["role", "group"],
    ["aria-label", name],
  ]) {
    if (name) box.setAttribute(attribute, value);
    else box.removeAttribute(attribute);
  }
};

// The content grows when its font arrives, the box when the window does or a fold opens. What a phone
// has not laid out yet measures as narrow, so it is taken for wide until it is laid out; and what has the
// focus keeps it.
const names = new Map();
const laidOut = (box) =>
  box.firstElementChild?.checkVisibility?.({ contentVisibilityAuto: true }) ?? true;
const measure = (boxes) => {
  // All are measured before the first is marked: else the browser lays out the page for each anew.
  const marks = boxes
    .filter(laidOut)
    .map((box) => [box, box.scrollWidth > box.clientWidth && names.get(box)]);
  for (const [box, name] of marks) if (name || box !== document.activeElement) mark(box, name);
};
const observer = new ResizeObserver((entries) => {
  const targets = entries.map(({ target }) => target).filter((target) => target.isConnected);
  measure([...new Set(targets.map((target) => (names.has(target) ? target : target.parentElement)))]);
});
document.addEventListener("contentvisibilityautostatechange", ({ target, skipped }) => {
  if (!skipped) measure([...names.keys()].filter((box) => target.contains(box)));
});
for (const [selector, name] of Object.entries(NAMES)) {
  for (const box of document.querySelectorAll(selector)) names.set(box, name);
}
const markAll = () => names.forEach((name, box) => mark(box, name));
matchMedia("(max-width: 991.98px)").addEventListener("change", markAll);
markAll();
for (const box of names.keys()) {
  observer.observe(box);
  if (box.firstElementChild && !names.has(box.firstElementChild)) {
    observer.observe(box.firstElementChild);
  }
}

// Who is asked for a guess doesn't see the answer yet: what is printed below the question is blurred
// until a choice is opened or the button on it pressed. It keeps its place, so that nothing moves.
const answerBelow = (box) => {
  for (let next = box.nextElementSibling; next; next = next.nextElementSibling) {
    if (next.matches("section, .predict")) return undefined;
    const output = next.matches(".cell") && next.querySelector(":scope > .cell_output");
    if (output) return output;
  }
  return undefined;
};
for (const box of document.querySelectorAll(".admonition.predict")) {
  const answer = answerBelow(box);
  if (!answer || answer.querySelector("figure[data-explore]")) continue;
  const parts = [...answer.children];
  const button = document.createElement("button");
  button.type = "button";
  button.className = "dd-unveil";
  button.textContent = "Show what it prints";
  const veil = (on) => {
    answer.classList.toggle("dd-veiled", on);
    for (const part of parts) part.inert = on;
  };
  const lift = () => {
    veil(false);
    button.remove();
  };
  veil(true);
  answer.append(button);
  button.addEventListener("click", lift);
  box.addEventListener("toggle", lift, { capture: true, once: true });
}

// The font of the mathematics is larger than a page, so the page is painted first, with what the
// browser has. It is then fetched as soon as a formula is laid out.
const { src } = document.currentScript;
new PerformanceObserver((_, painted) => {
  painted.disconnect();
  const file = new URL("fonts/drink-deep-math.woff2", src);
  document.fonts.add(new FontFace("Drink Deep Math", `url("${file}")`));
}).observe({ type: "paint", buffered: true });

// Paper is light, whatever the screen is.
const page = document.documentElement.dataset;
let theme;
addEventListener("beforeprint", () => {
  theme = page.theme;
  page.theme = "light";
});
addEventListener("afterprint", () => {
  page.theme = theme;
});

// A menu of a phone that closes gives the keyboard back to the button that opened it.
for (const side of ["primary", "secondary"]) {
  const menu = document.getElementById(`pst-${side}-sidebar-modal`);
  menu?.addEventListener("close", () => document.querySelector(`.${side}-toggle`).focus());
}
