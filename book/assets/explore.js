// Brings the figures of a page alive. Each <figure data-explore="NAME"> holds a still, and as JSON
// the state that figures/NAME.js draws from; the module renders as a front end of anywidget does.
// The still stays until the live figure stands, so where a script fails nothing is lost.

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

const bringAlive = async (figure) => {
  const { default: module } = await import(`./figures/${figure.dataset.explore}.js`);
  const state = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
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

for (const figure of document.querySelectorAll("figure[data-explore]")) bringAlive(figure);
