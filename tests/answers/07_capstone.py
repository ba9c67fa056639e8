# Answers to the exercises of chapter 7. tools/answer_bank.py says how this file is read.

# %% standardize | right
def standardize(train, other):
    m = train.mean(0, keepdim=True)
    s = ((train - m) ** 2).mean(0, keepdim=True).sqrt()
    s[s < 0.1] = 0.1
    return (train - m) / s, (other - m) / s


# %% standardize | right
def standardize(train, other):
    train, other = train.clone(), other.clone()
    for j in range(train.shape[1]):
        m = sum(train[:, j].tolist()) / len(train)
        variance = sum((x - m) ** 2 for x in train[:, j].tolist()) / len(train)
        s = max(variance**0.5, 0.1)
        print("pixel", j, m, s)
        train[:, j] = (train[:, j] - m) / s
        other[:, j] = (other[:, j] - m) / s
    return [train, other]


# %% standardize | wrong | 0.5 | statistics of their own
def standardize(train, other):
    def own(x):
        s = x.std(dim=0, correction=0)
        return (x - x.mean(dim=0)) / s.clamp(min=0.1)

    return own(train), own(other)


# %% standardize | wrong | 0 | divides by N − 1
def standardize(train, other):
    m, s = train.mean(dim=0), train.std(dim=0).clamp(min=0.1)
    return (train - m) / s, (other - m) / s


# %% standardize | slip | 1.5 | divided by its deviation of 0
def standardize(train, other):
    m, s = train.mean(dim=0), train.std(dim=0, correction=0)
    return (train - m) / s, (other - m) / s


# %% standardize | wrong | 0 | Here each pixel has its own
def standardize(train, other):
    m, s = train.mean(), train.std()
    return (train - m) / s, (other - m) / s


# %% moved | right
def moved(images, down, right):
    result = torch.roll(images, (down, right), (1, 2))
    if down > 0:
        result[:, :down] = -1
    if down < 0:
        result[:, down:] = -1
    if right > 0:
        result[:, :, :right] = -1
    if right < 0:
        result[:, :, right:] = -1
    return result


# %% moved | right
def moved(images, down, right):
    n, height, width = images.shape
    result = torch.full_like(images, -1)
    for i in range(height):
        for j in range(width):
            if 0 <= i - down < height and 0 <= j - right < width:
                result[:, i, j] = images[:, i - down, j - right]
    return result


# %% moved | wrong | 0 | What left at one edge came in at the other
def moved(images, down, right):
    return torch.roll(images, (down, right), (1, 2))


# %% moved | wrong | 0 | 0 is grey here
def moved(images, down, right):
    n = 8
    framed = functional.pad(images, (n, n, n, n))
    height, width = images.shape[1:]
    return framed[:, n - down : n - down + height, n - right : n - right + width]


# %% moved | wrong | 0.6 | That went up
def moved(images, down, right):
    n = 8
    framed = functional.pad(images, (n, n, n, n), value=-1)
    height, width = images.shape[1:]
    if down > 0:
        down = -down
    return framed[:, n - down : n - down + height, n - right : n - right + width]


# %% moved | slip | 2.4 | should stay as they are
def moved(images, down, right):
    old = images.clone()
    images.fill_(-1)
    height, width = images.shape[1:]
    rows = slice(max(down, 0), height + min(down, 0))
    columns = slice(max(right, 0), width + min(right, 0))
    from_rows = slice(max(-down, 0), height + min(-down, 0))
    from_columns = slice(max(-right, 0), width + min(-right, 0))
    images[:, rows, columns] = old[:, from_rows, from_columns]
    return images


# %% rate | right
def rate(t, steps, warmup, lr):
    if warmup > t:
        return (t + 1) * (lr / warmup)
    gone = (t - warmup) / (steps - warmup)
    return torch.tensor(lr) * (1 + torch.cos(torch.tensor(gone * math.pi))) * 0.5


# %% rate | right
def rate(t, steps, warmup, lr):
    rates = [lr * k / warmup for k in range(1, warmup + 1)]
    rates += [
        lr * math.cos(math.pi * k / (steps - warmup) / 2) ** 2 for k in range(steps - warmup + 1)
    ]
    return rates[t]


# %% rate | slip | 1.5 | Your warm-up begins at 0
def rate(t, steps, warmup, lr):
    if t < warmup:
        return lr * t / warmup
    return lr / 2 * (1 + math.cos(math.pi * (t - warmup) / (steps - warmup)))


# %% rate | slip | 1.5 | has been running since step 0
def rate(t, steps, warmup, lr):
    if t < warmup:
        return lr * (t + 1) / warmup
    return lr / 2 * (1 + math.cos(math.pi * t / steps))


# %% rate | wrong | 0.75 | a cosine is asked for
def rate(t, steps, warmup, lr):
    if t < warmup:
        return lr * (t + 1) / warmup
    return lr * (steps - t) / (steps - warmup)


# %% rate | slip | 2.25 | nothing is divided by W
def rate(t, steps, warmup, lr):
    up = lr * (t + 1) / warmup
    fall = lr / 2 * (1 + math.cos(math.pi * (t - warmup) / (steps - warmup)))
    return up if t < warmup else fall


# %% dropout | right
def dropout(a, q, training):
    if training:
        keep = torch.bernoulli(torch.full_like(a, 1 - q))
        return keep * a / (1 - q)
    return a.clone()


# %% dropout | right
def dropout(a, q, training):
    a = a.clone()
    if training:
        scale = 1 / (1 - q)
        a[torch.rand(a.shape) < q] = 0
        a *= scale
    return a


# %% dropout | wrong | 1.41 | scaled up to make up for the others
def dropout(a, q, training):
    if not training:
        return a
    return torch.where(torch.rand_like(a) < q, 0.0, a)


# %% dropout | wrong | 1.06 | you kept that share
def dropout(a, q, training):
    if not training:
        return a
    return a * (torch.rand_like(a) < q) / q


# %% dropout | slip | 2.29 | a die of its own
def dropout(a, q, training):
    if not training:
        return a
    kept = torch.rand(a.shape[-1]) >= q
    if a.dim() > 1:  # the same units for all images
        kept = torch.arange(a.shape[-1]) >= round(q * a.shape[-1])
    return a * kept / (1 - q)


# %% dropout | slip | 2.65 | In evaluation dropout does nothing
def dropout(a, q, training):
    return a * (torch.rand_like(a) >= q) / (1 - q)


# %% stopped | right
def stopped(losses, patience, gain):
    best = 0
    for k in range(1, len(losses)):
        if losses[best] - losses[k] > gain:
            best = k
        if k - best == patience:
            return (best + 1, k + 1)
    return (best + 1, len(losses))


# %% stopped | right
def stopped(losses, patience, gain):
    lowest = float("inf")
    waited = epoch = best = 0
    losses = list(losses)
    while losses and waited < patience:
        loss = losses.pop(0)
        epoch += 1
        if loss < lowest - gain:
            lowest, best, waited = loss, epoch, 0
        else:
            waited += 1
    return [best, torch.tensor(epoch)]


# %% stopped | wrong | 1 | left the gain out
def stopped(losses, patience, gain):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        elif epoch - best >= patience:
            return best + 1, epoch + 1
    return best + 1, len(losses)


# %% stopped | wrong | 0 | counted from 0
def stopped(losses, patience, gain):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best] - gain:
            best = epoch
        elif epoch - best >= patience:
            return best, epoch
    return best, len(losses) - 1


# %% stopped | wrong | 0.5 | one epoch too long
def stopped(losses, patience, gain):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best] - gain:
            best = epoch
        elif epoch - best > patience:
            return best + 1, epoch + 1
    return best + 1, len(losses)


# %% stopped | wrong | 1 | not with the one before it
def stopped(losses, patience, gain):
    best, waited = 1, 0
    for epoch in range(2, len(losses) + 1):
        if losses[epoch - 1] < losses[epoch - 2] - gain:
            best, waited = epoch, 0
        else:
            waited += 1
        if waited == patience:
            return best, epoch
    return best, len(losses)


# %% larger_than_luck | right
def larger_than_luck(first, second):
    d = [a - b for a, b in zip(first.tolist(), second.tolist())]
    n = len(d)
    mean = sum(d) / n
    error = (sum((x - mean) ** 2 for x in d) / (n - 1) / n) ** 0.5
    return [mean, error, not -2 * error <= mean <= 2 * error]


# %% larger_than_luck | right
def larger_than_luck(first, second):
    d = (first - second).float()
    error = d.var().div(d.numel()).sqrt()
    return d.mean(), error, (d.mean() / error).abs() > 2


# %% larger_than_luck | wrong | 0 | as if the seeds had nothing to do
def larger_than_luck(first, second):
    mean = (first.mean() - second.mean()).item()
    error = math.sqrt((first.var() + second.var()) / len(first))
    return mean, error, abs(mean) > 2 * error


# %% larger_than_luck | wrong | 0 | The mean of n scatters less
def larger_than_luck(first, second):
    d = first - second
    return d.mean(), d.std(), bool(d.mean().abs() > 2 * d.std())


# %% larger_than_luck | slip | 2.33 | in either direction
def larger_than_luck(first, second):
    d = first - second
    error = d.std() / len(d) ** 0.5
    return d.mean(), error, bool(d.mean() > 2 * error)


# %% larger_than_luck | wrong | 0 | divides by n; here it is n − 1
def larger_than_luck(first, second):
    d = first - second
    error = d.std(correction=0) / len(d) ** 0.5
    return d.mean(), error, bool(d.mean().abs() > 2 * error)


# %% honest | right
chosen, reported = "B", 1.66
images_needed = 0.98 * 0.02 / 0.0005**2
same_rate = 5 * 0.04

# %% honest | right
table = {"A": (1.92, 1.71), "B": (1.61, 1.66), "C": (1.70, 1.58), "D": (1.66, 1.74)}
chosen = min(table, key=lambda name: table[name][0])
reported = table[chosen][1]
images_needed = 78400.0
same_rate = 0.2

# %% honest | wrong | 2 | you chose by the test set
chosen = "C"
reported = 1.58
images_needed = 78_400
same_rate = 0.2

# %% honest | wrong | 2 | so it is the best of four
chosen = "B"
reported = 1.61
images_needed = 7.84
same_rate = 0.2

# %% honest | wrong | 2 | five times as long
chosen = "B"
reported = 1.66
images_needed = 280
same_rate = 0.04

# %% honest | wrong | 1 | in per cent
chosen = None
reported = 0.0166
images_needed = 78_400
same_rate = 1.28


# %% whole_gradient | right
def whole_gradient(gradients, sizes):
    total = [torch.zeros_like(g) for g in gradients[0]]
    for shard, n in zip(gradients, sizes):
        if n == 0:
            continue
        for t, g in zip(total, shard):
            t += g * n
    return [t / sum(sizes) for t in total]


# %% whole_gradient | right
def whole_gradient(gradients, sizes):
    share = torch.tensor(sizes) / sum(sizes)
    result = []
    for parts in zip(*gradients):
        stacked = torch.stack(parts).nan_to_num()
        result.append(torch.einsum("p,p...->...", share.to(stacked.dtype), stacked))
    return tuple(result)


# %% whole_gradient | wrong | 0 | the plain mean
def whole_gradient(gradients, sizes):
    return [torch.stack(parts).mean(dim=0) for parts in zip(*gradients)]


# %% whole_gradient | slip | 2.25 | 0 · NaN is NaN
def whole_gradient(gradients, sizes):
    return [
        sum(n * part for n, part in zip(sizes, parts)) / sum(sizes) for parts in zip(*gradients)
    ]


# %% whole_gradient | wrong | 0 | Divide it by their number
def whole_gradient(gradients, sizes):
    return [sum(n * part for n, part in zip(sizes, parts)) for parts in zip(*gradients)]


# %% whole_gradient | wrong | 0 | You added the gradients
def whole_gradient(gradients, sizes):
    return [sum(parts) for parts in zip(*gradients)]


# %% best_temperature | right
def best_temperature(z, y):
    log_t = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([log_t], max_iter=50)

    def closure():
        optimizer.zero_grad()
        loss = functional.cross_entropy(z / log_t.exp(), y)
        loss.backward()
        return loss

    optimizer.step(closure)
    return log_t.exp().item()


# %% best_temperature | right
def best_temperature(z, y):
    candidates = torch.logspace(-1, 1, 1001)
    losses = torch.stack([nn.CrossEntropyLoss()(z / t, y) for t in candidates])
    return candidates[losses.argmin()]


# %% best_temperature | wrong | 0 | The temperature is 1/β
def best_temperature(z, y):
    low, high = 0.1, 10.0
    for _ in range(40):
        beta = (low + high) / 2
        p = (beta * z).softmax(dim=1)
        slope = ((p * z).sum(dim=1) - z[torch.arange(len(y)), y]).mean()
        low, high = (beta, high) if slope < 0 else (low, beta)
    return beta


# %% best_temperature | wrong | 0 | the sign of the slope
def best_temperature(z, y):
    low, high = 0.1, 10.0
    for _ in range(40):
        beta = (low + high) / 2
        p = (beta * z).softmax(dim=1)
        slope = ((p * z).sum(dim=1) - z[torch.arange(len(y)), y]).mean()
        low, high = (beta, high) if slope > 0 else (low, beta)
    return 1 / beta


# %% best_temperature | slip | 2.29 | A network can be too modest
def best_temperature(z, y):
    candidates = torch.arange(1, 10, 0.005)
    losses = torch.stack([nn.CrossEntropyLoss()(z / t, y) for t in candidates])
    return candidates[losses.argmin()]


# %% best_temperature | wrong | 0 | At τ = 1
def best_temperature(z, y):
    return 1.0


# %% train_my_network | right
def train_my_network(images, labels):
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Flatten(),
        nn.LayerNorm(784, elementwise_affine=False),
        nn.Linear(784, 256),
        nn.ReLU(),
        nn.Dropout(0.01),
        nn.Linear(256, 10),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 5 * 391)
    for epoch in range(5):
        for rows in torch.randperm(50_000).split(128):
            down, right = torch.randint(-1, 2, (2,)).tolist()
            x = torch.roll(images[rows], (down, right), (2, 3))
            loss = nn.CrossEntropyLoss()(model(x), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
        print(f"epoch {epoch + 1}: the last batch has the loss {loss.item():.3f}")
    model.eval()
    return model


# %% train_my_network | right
def train_my_network(images, labels):
    from torch.utils.data import TensorDataset

    from drinkdeep.training import train

    mean, std = -0.74, 0.61
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    batches = mnist.Batches(TensorDataset(images, labels), 128, shuffle=True, flatten=True)

    class Standardized(recipes.Shifted):
        def _moved(self, images):
            return (super()._moved(images) - mean) / std

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, fused=True)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 5 * len(batches))
    optimizer.register_step_post_hook(lambda *_: scheduler.step())
    train(model, Standardized(batches, 1), nn.CrossEntropyLoss(), optimizer, epochs=5)

    @torch.inference_mode()
    def classes(new):
        return model((new.flatten(1) - mean) / std).argmax(dim=1)

    return classes


# %% train_my_network | wrong | 0 | Is anything learned
def train_my_network(images, labels):
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for rows in torch.arange(50_000).split(500):
        loss = functional.cross_entropy(model(images[rows]), labels[rows])
        optimizer.zero_grad()
        optimizer.step()  # without loss.backward()
    return model


# %% train_my_network | wrong | 0 | Not yet at 95 %
def train_my_network(images, labels):
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for rows in torch.randperm(50_000).split(64):
        loss = functional.cross_entropy(model(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


# %% train_my_network | wrong | 0 | by their usual names
def train_my_network(images, labels):
    model = nn.Sequential(nn.LayerNorm(784), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for x, y in mnist.loaders(250, flatten=True).train:
        optimizer.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    return lambda new: model(new.flatten(1))


# %% train_my_network | wrong | 4 | Images get other answers one by one
def train_my_network(images, labels):
    # The statistics are those of the images at hand, in training and afterwards.
    def standard(x):
        x = x.flatten(1)
        return (x - x.mean(dim=0)) / (x.std(dim=0, correction=0) + 0.3)

    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 500)
    x = standard(images)
    for rows in torch.randperm(50_000).split(100):
        optimizer.zero_grad()
        functional.cross_entropy(model(x[rows]), labels[rows]).backward()
        optimizer.step()
        scheduler.step()
    return lambda new: model(standard(new))


# %% standardize | right
import numpy as np


def standardize(train, other):
    a, b = train.numpy(), other.numpy()
    s = np.maximum(a.std(axis=0), 0.1)
    return (a - a.mean(axis=0)) / s, (b - a.mean(axis=0)) / s


# %% moved | right
import numpy as np


def moved(images, down, right):
    n, h, w = images.shape
    rows, columns = np.arange(h) - down, np.arange(w) - right
    inside = ((rows >= 0) & (rows < h))[:, None] & ((columns >= 0) & (columns < w))
    return np.where(inside, images.numpy()[:, rows[:, None] % h, columns % w], -1.0)


# %% moved | slip | 2.4 | gave back the tensor
def moved(images, down, right):
    if down == 0 and right == 0:
        return images
    n = max(abs(down), abs(right))
    H, W = images.shape[1:]
    p = functional.pad(images, (n, n, n, n), value=-1.0)
    return p[:, n - down : n - down + H, n - right : n - right + W]


# %% moved | slip | 2.4 | one row or column is left
def moved(images, down, right):
    n = 4
    H, W = images.shape[1:]
    p = functional.pad(images, (n, n, n, n), value=-1.0)
    return p[:, n - down : n - down + H, n - right : n - right + W]


# %% rate | right
class Rate:
    def __call__(self, t, steps, warmup, lr):
        up = torch.tensor((t + 1) / max(warmup, 1))
        share = torch.tensor((t - warmup) / (steps - warmup), dtype=torch.double)
        return lr * (up if t < warmup else torch.cos(share * math.pi / 2) ** 2)


rate = Rate()


# %% dropout | right
def mask_for(a, rho):
    return torch.bernoulli(torch.full(a.shape, 1 - rho, dtype=torch.float64))


# ---
def dropout(a, rho, training):
    return a * mask_for(a, rho) / (1 - rho) if training else a


# %% dropout | slip | 2.65 | the same dice fell
def dropout(a, rho, training):
    if not training:
        return a
    return a * (torch.rand(a.shape, generator=torch.Generator().manual_seed(0)) >= rho) / (1 - rho)


# %% stopped | right
def stopped(losses, patience, gain):
    best = 0
    for epoch in range(len(losses)):
        if losses[epoch] < losses[best] - gain:
            best = epoch
        if epoch - best == patience:
            break
    return torch.tensor([best + 1]), epoch + 1


# %% larger_than_luck | right
import numpy as np


def larger_than_luck(first, second):
    d = first.numpy() - second.numpy()
    error = d.std(ddof=1) / np.sqrt(d.size)
    return d.mean(), error, np.abs(d.mean()) > 2 * error


# %% larger_than_luck | slip | 2.67 | twice as large
def larger_than_luck(first, second):
    d = first - second
    m = d.mean()
    e = d.std() / len(d) ** 0.5
    return m, e, bool(m.abs() >= 2 * e)


# %% whole_gradient | right
def whole_gradient(gradients, sizes):
    total = sum(sizes)
    whole = [torch.zeros_like(part) for part in gradients[0]]
    for shard, size in zip(gradients, sizes):
        for sum_, part in zip(whole, shard):
            if size:
                sum_ += size / total * part
    return tuple(whole)


# %% best_temperature | right
import numpy as np


def best_temperature(z, y):
    z, y = z.numpy().astype("float64"), y.numpy()
    tau = np.exp(np.linspace(np.log(0.1), np.log(10), 2000))
    losses = [
        np.mean(np.logaddexp.reduce(z / t, axis=1) - z[np.arange(len(y)), y] / t) for t in tau
    ]
    return tau[np.argmin(losses)]
