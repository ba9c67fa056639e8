// What Sphinx's search lacks where pages are long: it leads to the section that answers, and not to the
// top of its page; it shows what the glossary says; and it knows that questions have words of their own.

stopwords.push(..."am can do does did how i its me my should so than what when where which who why you".split(" "));

// A term of the glossary is found like a section of its page, or it would be shown without its definition.
const objects = Search.performObjectSearch;
Search.performObjectSearch = (...asked) =>
  objects(...asked).map(([page, , place, , score, file]) => {
    const { docnames, titles } = Search._index;
    return [page, titles[docnames.indexOf(page)], place, null, score, file];
  });

const flat = (text) => text.replace(/\s+/g, " ").trim();

// The places of a page that can answer: its sections, each without those in it, and the glossary's terms,
// as { name, place, text }.
const placesOf = (main) =>
  [...main.querySelectorAll("section[id], dt[id]")].map((part) => {
    if (part.localName === "dt") {
      let definition = part;
      while (definition && definition.localName !== "dd") definition = definition.nextElementSibling;
      const [name, text] = [part, definition].map((element) => flat(element?.textContent ?? ""));
      return { name, place: `#${part.id}`, text };
    }
    const own = [...part.children].filter((child) => !child.matches("section, dl.glossary"));
    return {
      name: flat(part.querySelector("h1, h2, h3, h4")?.textContent ?? ""),
      place: `#${part.id}`,
      text: flat(own.map((child) => child.textContent).join(" ")),
    };
  });

// How well a place answers: each word counts, once more in the name, and a little for each time that it
// is said.
const worth = ({ name, text }, words) => {
  const times = (word, where) => where.toLowerCase().split(word).length - 1;
  return words
    .map((word) => (times(word, name) > 0) + (times(word, text) > 0) + times(word, text) / 1000)
    .reduce((sum, value) => sum + value, 0);
};

Search.makeSearchSummary = (page, keywords, anchor) => {
  const tree = new DOMParser().parseFromString(page, "text/html");
  // Without code, and without a formula's TeX, which would stand there beside the formula itself.
  for (const part of tree.querySelectorAll("annotation, pre, summary, .headerlink, script, style")) {
    part.remove();
  }
  const words = [...keywords].map((word) => word.toLowerCase());
  const places = placesOf(tree.querySelector("[role=main]"));
  const asked = places.find(({ place }) => place === anchor);
  const scores = places.map((place) => worth(place, words));
  const found = asked ?? places[scores.indexOf(Math.max(...scores))];
  if (!found) return document.createElement("p");
  const { name, place, text } = found;
  const lower = text.toLowerCase();
  const starts = words.map((word) => lower.indexOf(word)).filter((at) => at > -1);
  const start = starts.length ? Math.max(Math.min(...starts) - 80, 0) : 0;
  const summary = document.createElement("p");
  summary.className = "context";
  summary.textContent =
    (start ? "… " : "") + text.slice(start, start + 300) + (text.length > start + 300 ? " …" : "");
  // Sphinx puts it below the link that it belongs to.
  queueMicrotask(() => {
    const link = summary.parentElement.querySelector("a");
    if (found === places[0] || link.textContent.includes(name)) return; // the page, or named already
    link.hash = place;
    link.append(` › ${name}`);
  });
  return summary;
};
