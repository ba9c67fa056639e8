// Random numbers from a seed: the same seed gives the same run, in every browser.

/** A function that gives numbers from 0 to 1, 1 left out (mulberry32, by T. Ettinger, 2017). */
export const generator = (seed) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Put a list into a random order, each as likely as any other (Fisher and Yates). */
export const shuffle = (list, random) => {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
};
