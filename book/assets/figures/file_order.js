// Sixteen neighbours of a file: those at even positions above, those at odd ones below.
import { digit, html, live, unpack } from "./parts.js";

const SIZE = 28 * 28;

const rows = (start, row) =>
  [0, 1].map((parity) => Array.from({ length: row }, (_, i) => start + 2 * i + parity));

/** What the figure says, { alt, caption }, word for word as its Python twin does. */
export const words = ({ start }, { labels, row }) => {
  const [even, odd] = rows(start, row).map((places) => places.map((i) => labels[i]).join(" "));
  const told =
    `Positions ${start} to ${start + 2 * row - 1}. Above, the even ones: ${even}. ` +
    `Below, the odd ones: ${odd}.`;
  return { alt: `Sixteen digits of the training file in two rows. ${told}`, caption: told };
};

export default {
  render({ model, el }) {
    const data = { labels: model.get("labels"), row: model.get("row") };
    const images = unpack(model.get("images"));
    const tiles = html("div", { class: "dd-tiles dd-rows" });

    live(
      { model, el },
      {
        panels: [tiles],
        words: (values) => words(values, data),
        draw({ start }) {
          tiles.replaceChildren(
            ...rows(start, data.row)
              .flat()
              .map((i) =>
                html(
                  "div",
                  {},
                  `${data.labels[i]}`,
                  digit(images.subarray(i * SIZE, (i + 1) * SIZE)),
                ),
              ),
          );
        },
      },
    );
  },
};
