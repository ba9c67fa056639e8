// A line through the stroke of a 7 on its side, beside the landscape of its cost.
import {
  bar,
  dots,
  fixed,
  handle,
  legend,
  line,
  live,
  minus,
  plot,
  setter,
  svg,
  text,
  tone,
  unpack,
} from "./parts.js";

/** Of one error; Huber's δ is 1. */
export const LOSSES = {
  squared: (error) => error * error,
  absolute: Math.abs,
  Huber: (error) => (Math.abs(error) < 1 ? 0.5 * error * error : Math.abs(error) - 0.5),
};

/** The mean loss of the line ŷ = slope · x + intercept. */
export const cost = (slope, intercept, loss, { x, y }) => {
  const lossOf = LOSSES[loss];
  let sum = 0;
  for (let i = 0; i < x.length; i += 1) sum += lossOf(slope * x[i] + intercept - y[i]);
  return sum / x.length;
};

// Evenly spaced, counted from both ends as torch does it.
const linspace = (from, to, count) => {
  const step = (to - from) / (count - 1);
  return Array.from({ length: count }, (_, i) =>
    i < count / 2 ? from + step * i : to - step * (count - 1 - i),
  );
};

/**
 * Of the costs of all lines on the map the lowest, where it is, and the highest. A cost that is
 * convex is highest in a corner; and for each slope it falls with the intercept until it rises, at
 * a place not far from that of the slope before.
 */
export const landscape = (loss, data) => {
  const [w, b] = [linspace(-1.2, 0.6, 181), linspace(10, 20, 201)];
  const at = (slope, place) => cost(slope, b[place], loss, data);
  let place = 0;
  let bottom = { lowest: Infinity };
  for (const slope of w) {
    let lowest = at(slope, place);
    for (const step of [-1, 1]) {
      while (b[place + step] !== undefined) {
        const next = at(slope, place + step);
        if (next > lowest || (next === lowest && step > 0)) break;
        [place, lowest] = [place + step, next];
      }
    }
    if (lowest < bottom.lowest) bottom = { lowest, best: [slope, b[place]] };
  }
  const corners = [w[0], w.at(-1)].flatMap((slope) => [at(slope, 0), at(slope, b.length - 1)]);
  return { ...bottom, highest: Math.max(...corners) };
};

// Each map is made once and kept with its data.
const mapOf = (loss, data) => ((data.maps ??= {})[loss] ??= landscape(loss, data));

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = ({ slope, intercept, loss }, data) => {
  const { lowest, best } = mapOf(loss, data);
  const height = fixed(cost(slope, intercept, loss, data), 2);
  const where = minus(`slope ${fixed(slope, 2)} and intercept ${fixed(intercept, 2)}`);
  const there = minus(`slope ${fixed(best[0], 1)} and intercept ${fixed(best[1], 1)}`);
  return {
    alt:
      "First panel: the first 7 of the test set on its side, the middle of its ink in each of " +
      `its ${data.x.length} rows as a point, and a line with ${where}; its errors are drawn as vertical ` +
      `segments. Second panel: the contours of the mean ${loss} loss over slope and intercept ` +
      `close around one lowest point. The line is the point where the cost is ${height}; the ` +
      `lowest cost, ${fixed(lowest, 2)}, is near ${there}.`,
    caption:
      `With ${where} the mean ${loss} loss is ${height}. The lowest on this map is ` +
      `${fixed(lowest, 2)}, near ${there}.`,
  };
};

/**
 * The line of equal cost at `level` around the lowest point, which all three losses, being convex,
 * have just one of: on each of its rays the cost rises, and the place is found by false position
 * (the Illinois variant), to a thousandth of the level.
 */
export const ring = (level, loss, best, data) => {
  const bottom = cost(...best, loss, data) - level;
  return Array.from({ length: 73 }, (_, i) => {
    const angle = (Math.PI * i) / 36;
    // Directions evenly spread on the map, which is 1.8 wide and 10 high.
    const at = (reach) => [
      best[0] + 1.8 * reach * Math.cos(angle),
      best[1] + 10 * reach * Math.sin(angle),
    ];
    const above = (reach) => cost(...at(reach), loss, data) - level;
    let [inside, below, outside, over] = [0, bottom, 1, above(1)];
    while (over < 0)
      [inside, below, outside, over] = [outside, over, 2 * outside, above(2 * outside)];
    let [reach, miss] = [outside, over];
    while (Math.abs(miss) > level / 1000) {
      reach = (inside * over - outside * below) / (over - below);
      const before = miss;
      miss = above(reach);
      // An end that stays twice is given half its weight, or the other would creep towards it.
      if (miss < 0) [inside, below, over] = [reach, miss, before < 0 ? over / 2 : over];
      else [outside, over, below] = [reach, miss, before < 0 ? below : below / 2];
    }
    return at(reach);
  });
};

// Contours at equal steps of the square root of the height: in a parabolic bowl they are evenly
// spaced. The ground grows darker with each that is passed.
const contours = ({ X, Y, across, up }, map, loss, data) => {
  const ground = svg("g", { fill: tone("blue"), "fill-opacity": 0.055, "fill-rule": "evenodd" });
  const lines = svg("g");
  const heights = svg("g");
  for (let k = 1; k < 9; k += 1) {
    const level = map.lowest + (map.highest - map.lowest) * (k / 9) ** 2;
    const points = ring(level, loss, map.best, data).map(([w, b]) => [X(w), Y(b)]);
    const path = line(points, { stroke: tone("muted"), "stroke-width": 1 });
    ground.append(svg("path", { d: `M0 0H${across}V${up}H0Z${path.getAttribute("d")}Z` }));
    lines.append(path);
    if (k % 2 === 0) {
      // Straight above the lowest point, or below it where above is no room.
      const [x, y] =
        [points[18], points[54]].find((point) => point[1] > 12 && point[1] < up - 12) ?? [];
      const middle = { "text-anchor": "middle", dy: "0.35em", class: "dd-small dd-halo" };
      if (x) heights.append(text(x, y, fixed(level, 1), middle));
    }
  }
  return [ground, lines, heights];
};

export default {
  render({ model, el }) {
    const data = { x: model.get("x"), y: model.get("y") };
    const set = setter(model);
    const stroke = plot({
      width: 380,
      height: 380,
      left: 56,
      top: 34,
      title: "The 7 and the line",
      x: {
        label: "row x (top of the 7 at the left)",
        range: [-10.5, 10.5],
        ticks: [-10, -5, 0, 5, 10],
      },
      y: { label: "column y", range: [2.5, 24.5], ticks: [5, 10, 15, 20] },
    });
    const ink = unpack(model.get("ink"));
    const first = Math.floor(ink.findIndex((level) => level > 0) / 28);
    const side = stroke.X(1) - stroke.X(0);
    ink.forEach((level, i) => {
      // The top of the digit is at the left, its right side up.
      const [row, column] = [Math.floor(i / 28), i % 28];
      if (level / 255 <= 0.05) return;
      const [left, top] = [stroke.X(data.x[0] + row - first - 0.5), stroke.Y(column + 0.5)];
      const shade = { fill: tone("muted"), "fill-opacity": (0.45 * level) / 255 };
      stroke.data.append(bar(left, top, side, stroke.Y(0) - stroke.Y(1), shade));
    });
    const [errors, fit] = [svg("g", { stroke: tone("orange") }), svg("g")];
    const middles = data.x.map((at, i) => [stroke.X(at), stroke.Y(data.y[i])]);
    stroke.data.append(errors, fit, ...dots(middles, 4, { fill: tone("ink") }));
    legend(stroke, stroke.across / 2 - 100, stroke.up - 62, [
      ["middle of the ink, y", { fill: tone("ink") }],
      ["line ŷ = w x + b", { stroke: tone("blue"), "stroke-width": 3 }],
      ["error of a row", { stroke: tone("orange"), "stroke-width": 1.5 }],
    ]);

    const land = plot({
      width: 380,
      height: 380,
      left: 56,
      top: 34,
      title: " ",
      x: {
        label: "slope w (columns a row)",
        range: [-1.2, 0.6],
        ticks: [-1.2, -0.8, -0.4, 0, 0.4],
        plain: true,
      },
      y: {
        label: "intercept b (columns)",
        range: [10, 20],
        ticks: [10, 12, 14, 16, 18, 20],
        plain: true,
      },
    });
    const title = land.frame.querySelector(".dd-title");
    const [ground, star, names] = [svg("g"), svg("g"), svg("g", { class: "dd-title" })];
    land.data.append(ground);
    land.over.append(star, names);
    const point = handle(land, ([slope, intercept]) => set({ slope, intercept }));
    point.append(
      svg("circle", { r: 8, fill: tone("orange"), stroke: tone("page"), "stroke-width": 1.5 }),
    );

    let drawn;
    live(
      { model, el },
      {
        panels: [stroke.surface, land.surface],
        words: (values) => words(values, data),
        draw({ slope, intercept, loss }) {
          const map = mapOf(loss, data);
          const along = (at) => [stroke.X(at), stroke.Y(slope * at + intercept)];
          errors.replaceChildren(
            ...data.x.map((at, i) => line([along(at), middles[i]], { "stroke-width": 1.5 })),
          );
          fit.replaceChildren(
            line([along(-10.5), along(10.5)], { stroke: tone("blue"), "stroke-width": 3 }),
          );
          if (drawn !== loss) {
            drawn = loss;
            title.textContent = `Cost: mean ${loss} loss`;
            ground.replaceChildren(...contours(land, map, loss, data));
            star.replaceChildren(lowestMark(land.X(map.best[0]), land.Y(map.best[1])));
          }
          point.setAttribute("transform", `translate(${land.X(slope)} ${land.Y(intercept)})`);
          // Away from each other, so that both can be read when the line is nearly the best; at the
          // edge of the map inwards.
          const [shift, anchor] = slope > 0.1 ? [-13, "end"] : [13, "start"];
          const above = intercept < 11 || (map.best[1] <= intercept && intercept < 19);
          names.replaceChildren(
            ...[
              ["lowest", map.best, intercept < map.best[1]],
              ["this line", [slope, intercept], above],
            ].map(([name, [w, b], up]) =>
              text(land.X(w) + shift, land.Y(b) + (up ? -8 : 18), name, {
                "text-anchor": anchor,
                class: "dd-halo",
              }),
            ),
          );
        },
      },
    );
  },
};

const lowestMark = (x, y) => {
  const corners = Array.from({ length: 10 }, (_, i) => {
    const [radius, angle] = [i % 2 ? 4.5 : 11, (Math.PI * i) / 5];
    return `${x + radius * Math.sin(angle)} ${y - radius * Math.cos(angle)}`;
  });
  return svg("path", { d: `M${corners.join("L")}Z`, fill: tone("green"), stroke: tone("page") });
};
