// The network 784-128-64-10 of the book and one step of its training, for the browser.
//
// Built into network.wasm by `make wasm`; network.js is the same in plain JavaScript, and both do
// what chapter 6 does with PyTorch: zero_grad, forward, loss, backward, step. All numbers are float32.
//
// Two things make it fast. The vectors hold four numbers each, and a row of weights is laid out by
// the *input*: weight[i] holds the weights of input i to all units, so that an input adds a multiple
// of one row to the scores of a whole layer. And an input that is zero adds nothing, so that it is
// left out. After a ReLU about half of the inputs are zero. A pixel is not: the background is −1. But
// with x = v − 1, where v is zero on the background,
//
//     z = W x + b = W v + (b − W 1),        ∂L/∂W = δ xᵀ = δ vᵀ − δ 1ᵀ,
//
// so that one sum over all weights, and one vector taken from all gradients, stand for four pixels
// in five.

typedef float f32x4 __attribute__((vector_size(16)));

enum { PIXELS = 784, HIDDEN1 = 128, HIDDEN2 = 64, CLASSES = 10 };
enum { SCORES = 12 };    // the ten classes, and two units that fill the last vector and stay zero
enum { MOST = 1000 };    // examples in a batch
enum { BLOCK = 8 };      // vectors of a layer that are kept in registers at a time

// Of one layer, its weights laid out (inputs, outputs).
#define LAYER(inputs, outputs)        \
  struct {                            \
    f32x4 weight[inputs][outputs / 4]; \
    f32x4 bias[outputs / 4];          \
  }
typedef struct {
  LAYER(PIXELS, HIDDEN1) first;
  LAYER(HIDDEN1, HIDDEN2) second;
  LAYER(HIDDEN2, SCORES) third;
} Parameters;

// The inputs of one example that are not zero: which they are, and their values.
typedef struct {
  int count;
  short place[PIXELS];
  float value[PIXELS];
} Inputs;

// What is read and written from outside.
unsigned char pixels[MOST][PIXELS];  // 0 … 255
unsigned char labels[MOST];
Parameters parameters, gradients, velocities;
float scores[MOST][SCORES];
unsigned char alive[HIDDEN1 + HIDDEN2];  // whether a unit has let anything through

static Inputs inputs1[MOST], inputs2[MOST], inputs3[MOST];
static f32x4 hidden1[MOST][HIDDEN1 / 4], hidden2[MOST][HIDDEN2 / 4];
static f32x4 delta1[MOST][HIDDEN1 / 4], delta2[MOST][HIDDEN2 / 4];  // ∂L/∂z
static f32x4 delta3[MOST][SCORES / 4];

// Where they are, in bytes.
#define WHERE(name) \
  __attribute__((export_name("where_" #name))) void *where_##name(void) { return &name; }
WHERE(pixels) WHERE(labels) WHERE(parameters) WHERE(gradients) WHERE(velocities) WHERE(scores)
WHERE(alive)
#define EXPORT(name) __attribute__((export_name(#name))) name

static inline f32x4 all(float value) { return (f32x4){value, value, value, value}; }

// 1 · Forward

// z = start + Σ value · weight[place], a block of units at a time.
static inline __attribute__((always_inline)) void linear(
    const Inputs *in, const f32x4 *weight, const f32x4 *start, f32x4 *z, int width, int block) {
  for (int from = 0; from < width; from += block) {
    f32x4 sum[BLOCK];
    for (int j = 0; j < block; j++) sum[j] = start[from + j];
    for (int k = 0; k < in->count; k++) {
      const f32x4 value = all(in->value[k]), *row = weight + in->place[k] * width + from;
      for (int j = 0; j < block; j++) sum[j] += value * row[j];
    }
    for (int j = 0; j < block; j++) z[from + j] = sum[j];
  }
}

// What a ReLU lets through.
static inline void positive(const f32x4 *z, int units, Inputs *out) {
  const float *value = (const float *)z;
  int count = 0;
  for (int i = 0; i < units; i++) {
    out->place[count] = i;
    out->value[count] = value[i];
    count += value[i] > 0;
  }
  out->count = count;
}

// v = x + 1 = 2 · pixel / 255, where it isn't zero.
static void ink(const unsigned char *image, Inputs *out) {
  int count = 0;
  for (int i = 0; i < PIXELS; i++) {
    out->place[count] = i;
    out->value[count] = image[i] * (2.0f / 255);
    count += image[i] > 0;
  }
  out->count = count;
}

// The scores (count, 10) of the images in `pixels`.
void EXPORT(forward)(int count) {
  f32x4 start[HIDDEN1 / 4];  // b − W 1
  for (int j = 0; j < HIDDEN1 / 4; j++) start[j] = parameters.first.bias[j];
  for (int i = 0; i < PIXELS; i++)
    for (int j = 0; j < HIDDEN1 / 4; j++) start[j] -= parameters.first.weight[i][j];
  for (int n = 0; n < count; n++) {
    ink(pixels[n], &inputs1[n]);
    linear(&inputs1[n], parameters.first.weight[0], start, hidden1[n], HIDDEN1 / 4, BLOCK);
    positive(hidden1[n], HIDDEN1, &inputs2[n]);
    linear(&inputs2[n], parameters.second.weight[0], parameters.second.bias, hidden2[n],
           HIDDEN2 / 4, BLOCK);
    positive(hidden2[n], HIDDEN2, &inputs3[n]);
    linear(&inputs3[n], parameters.third.weight[0], parameters.third.bias, (f32x4 *)scores[n],
           SCORES / 4, SCORES / 4);
  }
}

// Marks the units that are not zero for some image of the batch.
void EXPORT(mark_alive)(int count) {
  for (int n = 0; n < count; n++) {
    for (int k = 0; k < inputs2[n].count; k++) alive[inputs2[n].place[k]] = 1;
    for (int k = 0; k < inputs3[n].count; k++) alive[HIDDEN1 + inputs3[n].place[k]] = 1;
  }
}

// 2 · Loss

static void softmax(const float *z, float *p) {
  float top = z[0], sum = 0;
  for (int c = 1; c < CLASSES; c++) top = z[c] > top ? z[c] : top;
  for (int c = 0; c < CLASSES; c++) sum += p[c] = __builtin_expf(z[c] - top);
  for (int c = 0; c < CLASSES; c++) p[c] /= sum;
}

// log Σ exp z
static float log_sum_exp(const float *z) {
  float top = z[0], sum = 0;
  for (int c = 1; c < CLASSES; c++) top = z[c] > top ? z[c] : top;
  for (int c = 0; c < CLASSES; c++) sum += __builtin_expf(z[c] - top);
  return top + __builtin_logf(sum);
}

// The mean cross-entropy of the batch, and its slopes at the scores. `twice` takes probabilities
// for scores, as somebody does who puts a softmax before nn.CrossEntropyLoss.
float EXPORT(loss)(int count, int twice) {
  float total = 0;
  for (int n = 0; n < count; n++) {
    float p[CLASSES], q[CLASSES], *delta = (float *)delta3[n];
    softmax(scores[n], p);
    const float *z = twice ? p : scores[n];
    total += log_sum_exp(z) - z[labels[n]];
    if (twice) softmax(p, q);
    for (int c = 0; c < CLASSES; c++)
      delta[c] = ((twice ? q[c] : p[c]) - (c == labels[n])) / count;
    if (twice) {  // back through the first softmax
      float mean = 0;
      for (int c = 0; c < CLASSES; c++) mean += p[c] * delta[c];
      for (int c = 0; c < CLASSES; c++) delta[c] = p[c] * (delta[c] - mean);
    }
  }
  return total / count;
}

// 3 · Backward

// ∂L/∂W += value · δ in the row of each input.
static inline __attribute__((always_inline)) void outer(
    const Inputs *in, const f32x4 *delta, f32x4 *weight, int width, int block) {
  for (int from = 0; from < width; from += block) {
    f32x4 slope[BLOCK];
    for (int j = 0; j < block; j++) slope[j] = delta[from + j];
    for (int k = 0; k < in->count; k++) {
      const f32x4 value = all(in->value[k]);
      f32x4 *row = weight + in->place[k] * width + from;
      for (int j = 0; j < block; j++) row[j] += value * slope[j];
    }
  }
}

// ∂L/∂z of the layer below: Wᵀ δ, and zero where its ReLU let nothing through.
static inline __attribute__((always_inline)) void through(
    const Inputs *in, const f32x4 *weight, const f32x4 *delta, f32x4 *below, int units, int width) {
  float *slope = (float *)below;
  for (int i = 0; i < units; i++) slope[i] = 0;
  for (int k = 0; k < in->count; k++) {
    const f32x4 *row = weight + in->place[k] * width;
    f32x4 sum = all(0);
    for (int j = 0; j < width; j++) sum += row[j] * delta[j];
    slope[in->place[k]] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }
}

static inline void add(f32x4 *sum, const f32x4 *other, int width) {
  for (int j = 0; j < width; j++) sum[j] += other[j];
}

// Adds the slopes of the batch to the gradients, as PyTorch does.
void EXPORT(backward)(int count) {
  f32x4 sum[HIDDEN1 / 4] = {0};  // Σ δ over the batch
  for (int n = 0; n < count; n++) {
    outer(&inputs3[n], delta3[n], gradients.third.weight[0], SCORES / 4, SCORES / 4);
    add(gradients.third.bias, delta3[n], SCORES / 4);
    through(&inputs3[n], parameters.third.weight[0], delta3[n], delta2[n], HIDDEN2, SCORES / 4);
    outer(&inputs2[n], delta2[n], gradients.second.weight[0], HIDDEN2 / 4, BLOCK);
    add(gradients.second.bias, delta2[n], HIDDEN2 / 4);
    through(&inputs2[n], parameters.second.weight[0], delta2[n], delta1[n], HIDDEN1, HIDDEN2 / 4);
    outer(&inputs1[n], delta1[n], gradients.first.weight[0], HIDDEN1 / 4, BLOCK);
    add(sum, delta1[n], HIDDEN1 / 4);
  }
  add(gradients.first.bias, sum, HIDDEN1 / 4);
  for (int i = 0; i < PIXELS; i++)  // − δ 1ᵀ
    for (int j = 0; j < HIDDEN1 / 4; j++) gradients.first.weight[i][j] -= sum[j];
}

void EXPORT(zero_grad)(void) { gradients = (Parameters){0}; }

// 4 · Step

// velocity = momentum · velocity + gradient,  parameter −= rate · velocity: torch.optim.SGD.
void EXPORT(step)(float rate, float momentum) {
  f32x4 *w = (f32x4 *)&parameters, *g = (f32x4 *)&gradients, *v = (f32x4 *)&velocities;
  const f32x4 minus = all(-rate), keep = all(momentum);
  const int count = sizeof(Parameters) / sizeof(f32x4);
  if (momentum == 0) {
    for (int i = 0; i < count; i++) w[i] += minus * g[i];
    return;
  }
  for (int i = 0; i < count; i++) {
    v[i] = keep * v[i] + g[i];
    w[i] += minus * v[i];
  }
}
