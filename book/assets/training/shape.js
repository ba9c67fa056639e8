// The shape of the network 784-128-64-10, and how its numbers lie in memory; network.c says the same.

export const PIXELS = 784;
export const CLASSES = 10;
export const SCORES = 12; // ten classes, and two units that stay zero
export const MOST = 1000; // examples in a batch

// Of each layer the inputs, the units that it has, and those that it has room for. Its weights stand
// in the parameters as (inputs, room): the weights of one input to all units lie together.
const SIZES = [
  [PIXELS, 128, 128],
  [128, 64, 64],
  [64, CLASSES, SCORES],
];
export const LAYERS = SIZES.map(([inputs, units, room], layer) => {
  const before = SIZES.slice(0, layer).reduce((sum, [i, , r]) => sum + (i + 1) * r, 0);
  return { inputs, units, room, weight: before, bias: before + inputs * room };
});
export const COUNT = SIZES.reduce((sum, [inputs, , room]) => sum + (inputs + 1) * room, 0);
