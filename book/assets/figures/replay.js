// Two backward passes over autograd's real graph, turn by turn. Places, turns and words were
// exported when the page was built; the numbers are what PyTorch's own engine sent.
import { box, live, panel, svg, text, tone, written } from "./parts.js";

const INCH = 100; // the layout is in inches

/**
 * What each node has received after `step` turns, what each leaf's .grad then holds, and whose
 * turn was the last. The second pass sends what the first did, and adds it, unless they are cleared.
 */
export const moment = ({ step, zero }, { visits }) => {
  const second = step > visits.length;
  const turns = visits.slice(0, second ? step - visits.length : step);
  const done = new Map(turns.map((turn) => [turn.node, turn]));
  const kept = new Map(second && !zero ? visits.map((turn) => [turn.node, turn.received]) : []);
  const grad = (node) => {
    const parts = [kept.get(node), done.get(node)?.received].filter((part) => part !== undefined);
    return parts.length ? parts.reduce((sum, part) => sum + part) : null;
  };
  return { done, grad, now: turns.at(-1)?.node };
};

const number = (value) => written(value, 3);

const way = ({ curve, label, anchor, node, slot }, { done }) => {
  const sent = done.get(node)?.sent[slot] ?? null;
  const points = curve.map((place) => place.map((inches) => inches * INCH));
  const colour = tone(sent === null ? "muted" : "blue");
  const [[x, y], ...rest] = points;
  const end = points.at(-1);
  // The head is 9 long; every way comes down to its node vertically.
  const last = rest.length - 1;
  const stem = rest.map(([px, py], i) => `${px} ${i === last ? py - 9 : py}`).join(" ");
  return [
    svg("path", {
      d: `M${x} ${y}C${stem}`,
      fill: "none",
      stroke: colour,
      "stroke-width": sent === null ? 1.2 : 2.2,
    }),
    svg("path", { d: `M${end[0]} ${end[1]}l-4 -9h8Z`, fill: colour }),
    ...(sent === null
      ? []
      : [
          text(label[0] * INCH, label[1] * INCH, number(sent), {
            fill: colour,
            "text-anchor": anchor === "left" ? "start" : "end",
            dy: "0.35em",
            class: "dd-halo",
          }),
        ]),
  ];
};

const LOOKS = {
  now: { stroke: tone("orange"), "stroke-width": 3.5 },
  done: { stroke: tone("green"), "stroke-width": 2.2 },
  waiting: { stroke: tone("muted"), "stroke-width": 1.5, "stroke-dasharray": "2 3" },
};

const place = ({ box: inches, title, leaf }, index, { done, grad, now }) => {
  const turn = done.get(index);
  const lines = [
    [title, { class: "dd-small dd-title" }],
    [turn ? `gradient ${number(turn.received)}` : "waiting", { class: "dd-small" }],
  ];
  if (leaf) {
    const held = grad(index) === null ? "None" : number(grad(index));
    lines.push([`${leaf}.grad: ${held}`, { class: "dd-small" }]);
  }
  const look = LOOKS[index === now ? "now" : turn ? "done" : "waiting"];
  return box(
    inches.map((value) => value * INCH),
    lines,
    look,
  );
};

export default {
  render({ model, el }) {
    const [size, nodes, edges, visits, words] = ["size", "nodes", "edges", "visits", "words"].map(
      (name) => model.get(name),
    );
    const graph = panel(...size.map((inches) => Math.ceil(inches * INCH)));
    live(
      { model, el },
      {
        panels: [graph],
        played: "step",
        words({ step, zero }) {
          const [alt, caption] = words[Number(zero)][step];
          return { alt, caption };
        },
        draw(values) {
          const now = moment(values, { visits });
          graph.replaceChildren(
            ...edges.flatMap((edge) => way(edge, now)),
            ...nodes.flatMap((node, index) => place(node, index, now)),
          );
        },
      },
    );
  },
};
