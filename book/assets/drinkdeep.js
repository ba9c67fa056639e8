// A formula or a table that is wider than its column scrolls by itself. Where one does, it takes the
// keyboard's focus and has a name, so that it can be scrolled without a mouse.
const NAMES = { formula: "Wide formula", "pst-scrollable-table-container": "Wide table" };

const mark = (box) => {
  const overflows = box.scrollWidth > box.clientWidth;
  for (const [name, value] of [
    ["tabindex", "0"],
    ["role", "group"],
    ["aria-label", NAMES[box.classList[0]]],
  ]) {
    if (overflows) box.setAttribute(name, value);
    else box.removeAttribute(name);
  }
};

// The content grows when its font arrives, the box when the window does or a fold opens.
const observer = new ResizeObserver((entries) => {
  for (const { target } of entries)
    mark(target.classList[0] in NAMES ? target : target.parentElement);
});
for (const box of document.querySelectorAll(".formula, .pst-scrollable-table-container")) {
  observer.observe(box);
  observer.observe(box.firstElementChild);
}

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
