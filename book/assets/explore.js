// Brings the figures of a page alive. Each <figure data-explore="NAME"> holds a still, and as JSON
// the state that figures/NAME.js draws from, or the name of the file that has it; the module renders
// as a front end of anywidget does. The still stays until the live figure stands, so where a script
// or a file fails nothing is lost, and a sentence below the still says so.

const modelOf = (state) => {
  const listeners = {};
  return {
    get: (name) => state[name],
    set(name, value) {
      if (state[name] === value) return;
      state[name] = value;
      for (const listener of listeners[`change:${name}`] ?? []) listener();
    },
    on: (event, listener) => (listeners[event] ??= []).push(listener),
    save_changes() {}, // nobody else holds a copy
  };
};

const stateOf = async (figure) => {
  const script = figure.querySelector("script[type='application/json']");
  const { file } = script.dataset;
  return file ? (await fetch(file)).json() : JSON.parse(script.textContent);
};

const bringAlive = async (figure) => {
  const [{ default: module }, state] = await Promise.all([
    import(`./figures/${figure.dataset.explore}.js`),
    stateOf(figure),
  ]);
  const el = document.createElement("div");
  const still = [...figure.children].filter((child) => child.tagName !== "STYLE");
  figure.append(el);
  try {
    await module.render({ model: modelOf(state), el });
  } catch (error) {
    el.remove();
    throw error;
  }
  for (const part of still) part.remove();
  figure.dataset.alive = "";
};

// A figure costs a slow phone some time and transfer, so it waits until the reader is a screen away.
// Who uses a keyboard goes from control to control, however far: the first key wakes them all.
const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting) wake(target);
  },
  { rootMargin: "100% 0px" },
);
const asleep = new Set(document.querySelectorAll("figure[data-explore]"));

const wake = async (figure) => {
  near.unobserve(figure);
  if (!asleep.delete(figure)) return;
  try {
    await bringAlive(figure);
  } catch (error) {
    const words = document.createElement("p");
    words.className = "dd-reading";
    words.setAttribute("role", "status");
    words.textContent =
      "This figure has controls, but they could not be loaded. Reload the page to try again.";
    figure.append(words);
    throw error;
  }
};

for (const figure of asleep) near.observe(figure);
addEventListener("keydown", () => asleep.forEach(wake), { once: true, capture: true });
