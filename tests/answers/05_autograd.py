# Answers to the exercises of chapter 5. tools/answer_bank.py says how this file is read.

# %% velocity | right
def velocity(path, t):
    times = t.detach().clone()
    times.requires_grad = True
    path(times).backward(torch.ones_like(times))
    return times.grad


# %% velocity | right
def velocity(path, t):
    print("times:", len(t))
    speeds = []
    for time in t.tolist():
        time = torch.tensor([time], dtype=t.dtype, requires_grad=True)
        path(time)[0].backward()
        speeds.append(time.grad.item())
    return speeds


# %% velocity | slip | 1.94 | Watch a copy of it
def velocity(path, t):
    t.requires_grad_()
    return torch.autograd.grad(path(t).sum(), t)[0]


# %% velocity | wrong | 0 | one number
def velocity(path, t):
    t = t.clone().requires_grad_()
    path(t).backward()
    return t.grad


# %% velocity | wrong | 0 | You went back from the mean
def velocity(path, t):
    t = t.clone().requires_grad_()
    path(t).mean().backward()
    return t.grad


# %% velocity | slip | 1.71 | still in t.grad
def velocity(path, t):
    t.requires_grad_()
    path(t).sum().backward()
    return t.grad


# %% velocity | wrong | 0.86 | too coarse
def velocity(path, t):
    h = 1e-5 if t.dtype == torch.double else 1e-2
    return (path(t + h) - path(t - h)) / (2 * h)


# %% velocity | wrong | 0 | the example's path
def velocity(path, t):
    return 9.8 * t


# %% predict | right
are_leaves = "abd"
are_watched = "ace"
without_grad = "bcde"
grad_1 = 17
grad_2 = 27
grad_3 = 2

# %% predict | right
are_leaves = "a, b, d"
are_watched = "E, C, A"
without_grad = "b c d e"
grad_1 = 3 * 2.0**2 + 5
grad_2 = 17.0 + 10
grad_3 = 2.0

# %% predict | wrong | 0 | being a leaf doesn't take being watched
are_leaves = "a"
are_watched = "a"
without_grad = "bd"
grad_1 = 12
grad_2 = 10
grad_3 = 4

# %% predict | wrong | 1 | zero_grad() made a.grad None
are_leaves = "abd"
are_watched = "ace"
without_grad = "abcde"
grad_1 = 5
grad_2 = 37
grad_3 = 29

# %% predict | wrong | 0.5 | detach begins a new one
are_leaves = "ab"
are_watched = "acde"
without_grad = "bde"
grad_1 = 17
grad_2 = 20
grad_3 = 31

# %% predict | wrong | 1.5 | not done yet
are_leaves = None
are_watched = "ace"
without_grad = None
grad_1 = 17
grad_2 = 27
grad_3 = None


# %% fit | right
def fit(X, y, lr, steps):
    w = torch.zeros(X.shape[1], dtype=X.dtype).requires_grad_()
    b = torch.zeros(1, dtype=X.dtype).requires_grad_()
    optimizer = torch.optim.SGD([w, b], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(X @ w + b, y).backward()
        optimizer.step()
    return w, b


# %% fit | right
def fit(X, y, lr, steps):
    w = torch.zeros(X.shape[1], dtype=X.dtype)
    b = 0.0
    for _ in range(steps):
        error = X @ w + b - y
        w = w - lr * 2 * (X.T @ error) / len(y)
        b = b - lr * 2 * error.mean()
    return [w, b]


# %% fit | right
def fit(X, y, lr, steps):
    w = torch.zeros(X.shape[1], requires_grad=True)
    b = torch.zeros((), requires_grad=True)
    for _ in range(steps):
        loss = ((X.float() @ w + b - y.float()) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
        w.grad.zero_()
        b.grad.zero_()
    return w.detach(), b.item()


# %% fit | wrong | 0 | Clear the gradients in each turn
def fit(X, y, lr, steps):
    return broken_fit(X, y, lr, steps)


# %% fit | wrong | 0 | Nothing moved
def fit(X, y, lr, steps):
    w = torch.zeros(X.shape[1], dtype=X.dtype, requires_grad=True)
    b = torch.zeros((), dtype=X.dtype, requires_grad=True)
    for _ in range(steps):
        loss = ((X @ w + b - y) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w.grad.zero_()
            b.grad.zero_()
            w -= lr * w.grad
            b -= lr * b.grad
    return w.detach(), b.detach()


# %% fit | wrong | 0 | The gradient of b is not cleared
def fit(X, y, lr, steps):
    w = torch.zeros(X.shape[1], dtype=X.dtype, requires_grad=True)
    b = torch.zeros((), dtype=X.dtype, requires_grad=True)
    for _ in range(steps):
        w.grad = None
        loss = ((X @ w + b - y) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w.detach(), b.detach()


# %% fit | wrong | 0 | Your code raised TypeError
def fit(X, y, lr, steps):
    w = torch.zeros(X.shape[1], dtype=X.dtype, requires_grad=True)
    b = torch.zeros((), dtype=X.dtype, requires_grad=True)
    for _ in range(steps):
        loss = ((X @ w + b - y) ** 2).mean()
        loss.backward()
        w.grad = b.grad = None
        with torch.no_grad():
            w -= lr * w.grad
            b -= lr * b.grad
    return w.detach(), b.detach()


# %% gradient_in_pieces | right
def gradient_in_pieces(w, pieces):
    total = torch.zeros_like(w)
    count = 0
    for x, y in pieces:
        watched = w.detach().clone().requires_grad_()
        (slope,) = torch.autograd.grad(piece_cost(watched, x, y), watched)
        total = total + len(x) * slope
        count += len(x)
    return total / count


# %% gradient_in_pieces | right
def gradient_in_pieces(w, pieces):
    w.requires_grad_()
    for x, y in pieces:
        for i in range(len(y)):
            ((x[i] @ w - y[i]) ** 2).backward()
    gradient = w.grad / sum(y.numel() for _, y in pieces)
    w.grad = None
    return gradient


# %% gradient_in_pieces | wrong | 0 | divided by the number of pieces
def gradient_in_pieces(w, pieces):
    w = w.clone().requires_grad_()
    for x, y in pieces:
        (piece_cost(w, x, y) / len(pieces)).backward()
    return w.grad


# %% gradient_in_pieces | wrong | 0 | You added the means
def gradient_in_pieces(w, pieces):
    w = w.clone().requires_grad_()
    for x, y in pieces:
        piece_cost(w, x, y).backward()
    return w.grad


# %% gradient_in_pieces | wrong | 0 | the last piece alone
def gradient_in_pieces(w, pieces):
    w = w.clone().requires_grad_()
    for x, y in pieces:
        w.grad = None
        piece_cost(w, x, y).backward()
    return w.grad


# %% gradient_in_pieces | wrong | 0 | The cost is their mean
def gradient_in_pieces(w, pieces):
    w = w.clone().requires_grad_()
    for x, y in pieces:
        (len(y) * piece_cost(w, x, y)).backward()
    return w.grad


# %% gradient_in_pieces | wrong | 0 | Your code raised MemoryError
def gradient_in_pieces(w, pieces):
    w = w.clone().requires_grad_()
    x, y = (torch.cat(parts) for parts in zip(*pieces))
    piece_cost(w, x, y).backward()
    return w.grad


# %% decay_step | right
def decay_step(parameters, lr, decay):
    optimizer = torch.optim.SGD(parameters, lr=lr, weight_decay=decay)
    optimizer.step()
    optimizer.zero_grad()


# %% decay_step | right
@torch.no_grad()
def decay_step(parameters, lr, decay):
    for p in parameters:
        if p.grad is None:
            continue
        p.copy_((1 - lr * decay) * p - lr * p.grad)
    for p in parameters:
        p.grad = None


# %% decay_step | right
def decay_step(parameters, lr, decay):
    for p in parameters:
        if p.grad is not None:
            p.data.mul_(1 - lr * decay).sub_(lr * p.grad)
            p.grad = None
    return parameters


# %% decay_step | wrong | 0 | only gives a name to a new tensor
def decay_step(parameters, lr, decay):
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                new = p - lr * (p.grad + decay * p)
                p.grad = None
                p = new


# %% decay_step | wrong | 0 | Your code raised RuntimeError
def decay_step(parameters, lr, decay):
    for p in parameters:
        if p.grad is not None:
            p -= lr * (p.grad + decay * p)
            p.grad = None


# %% decay_step | wrong | 0 | It should rest
def decay_step(parameters, lr, decay):
    with torch.no_grad():
        for p in parameters:
            g = 0 if p.grad is None else p.grad
            p -= lr * (g + decay * p)
            p.grad = None


# %% decay_step | wrong | 0 | the p in λp is the one before the step
def decay_step(parameters, lr, decay):
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p -= lr * p.grad
                p -= lr * decay * p
                p.grad = None


# %% decay_step | slip | 2.86 | Zeros are not None
def decay_step(parameters, lr, decay):
    with torch.no_grad():
        for p in parameters:
            if p.grad is not None:
                p -= lr * (p.grad + decay * p)
                p.grad.zero_()


# %% decay_step | wrong | 0 | `continue`, not `break`
def decay_step(parameters, lr, decay):
    with torch.no_grad():
        for p in parameters:
            if p.grad is None:
                return
            p -= lr * (p.grad + decay * p)
            p.grad = None


# %% decay_step | slip | 3.43 | should still be watched leaves
def decay_step(parameters, lr, decay):
    for p in parameters:
        if p.grad is not None:
            g = p.grad
            p.requires_grad = False
            p -= lr * (g + decay * p)
            p.grad = None


# %% reweighted_loss | right
def reweighted_loss(y_hat, y):
    with torch.no_grad():
        weights = 1 / (1 + (y_hat - y).abs())
    return (weights * (y_hat - y).pow(2)).sum() / len(y)


# %% reweighted_loss | right
def reweighted_loss(y_hat, y):
    total = 0
    for guess, target in zip(y_hat, y):
        error = guess - target
        total = total + error**2 / (1 + abs(error.item()))
    return total / len(y)


# %% reweighted_loss | wrong | 0.75 | flows through the weights as well
def reweighted_loss(y_hat, y):
    e = y_hat - y
    return (e**2 / (1 + e.abs())).mean()


# %% reweighted_loss | wrong | 0.75 | Nothing is left of the graph
def reweighted_loss(y_hat, y):
    e = (y_hat - y).detach()
    return (e**2 / (1 + e.abs())).mean()


# %% reweighted_loss | wrong | 0.75 | You closed the wrong way
def reweighted_loss(y_hat, y):
    e = y_hat - y
    return (e.detach() ** 2 / (1 + e.abs())).mean()


# %% reweighted_loss | wrong | 0 | You added up
def reweighted_loss(y_hat, y):
    e = y_hat - y
    return (e**2 / (1 + e.detach().abs())).sum()


# %% pulls | right
def pulls(losses, w):
    result = torch.zeros(len(losses), dtype=w.dtype)
    for i in range(len(losses)):
        w.grad = None
        losses[i].backward(retain_graph=True)
        result[i] = (w.grad**2).sum().sqrt()
    return result


# %% pulls | right
def pulls(losses, w):
    directions = torch.eye(len(losses), dtype=losses.dtype)
    (rows,) = torch.autograd.grad(losses, w, grad_outputs=directions, is_grads_batched=True)
    return rows.flatten(1).norm(dim=1)


# %% pulls | right
def pulls(losses, w):
    lengths = []
    for loss in losses:
        g = torch.autograd.grad(loss, [w], retain_graph=True)[0].flatten()
        lengths.append((g @ g).item() ** 0.5)
    return lengths


# %% pulls | wrong | 0 | Your code raised RuntimeError
def pulls(losses, w):
    return torch.stack([torch.autograd.grad(loss, w)[0].norm() for loss in losses])


# %% pulls | wrong | 0 | backward() adds to w.grad
def pulls(losses, w):
    lengths = []
    for loss in losses:
        loss.backward(retain_graph=True)
        lengths.append(w.grad.norm())
    return torch.stack(lengths)


# %% pulls | wrong | 0 | of the sum
def pulls(losses, w):
    losses.sum().backward()
    return w.grad.norm()


# %% pulls | wrong | 0 | the squares of the lengths
def pulls(losses, w):
    return [(torch.autograd.grad(l, w, retain_graph=True)[0] ** 2).sum() for l in losses]


# %% pulls | slip | 2.5 | The length is taken over all of its numbers
def pulls(losses, w):
    rows = [torch.autograd.grad(loss, w, retain_graph=True)[0] for loss in losses]
    return torch.stack(rows).norm(dim=1)


# %% Quantize | right
class Quantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, step):
        ctx.inside = (x >= -1) & (x <= 1)
        return torch.round(torch.clamp(x, min=-1, max=1) / step) * step

    @staticmethod
    def backward(ctx, incoming):
        return torch.where(ctx.inside, incoming, torch.zeros_like(incoming)), None


# %% Quantize | right
class Quantize(torch.autograd.Function):
    @staticmethod
    def forward(x, step):
        return torch.floor(x.clip(-1, 1) / step + 0.5) * step

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(inputs[0])

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        result = grad_output.clone()
        result[x.abs() > 1] = 0
        return result, None


# %% Quantize | wrong | 1.6 | You return the local slope alone
class Quantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, step):
        ctx.save_for_backward(x)
        return step * (x.clamp(-1, 1) / step).round()

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return (x.abs() <= 1).to(x.dtype), None


# %% Quantize | wrong | 1.6 | Save x.
class Quantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, step):
        q = step * (x.clamp(-1, 1) / step).round()
        ctx.save_for_backward(q)
        return q

    @staticmethod
    def backward(ctx, grad_output):
        (q,) = ctx.saved_tensors
        return grad_output * (q.abs() <= 1), None


# %% Quantize | wrong | 1.6 | incorrect number of gradients
class Quantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, step):
        ctx.save_for_backward(x)
        return step * (x.clamp(-1, 1) / step).round()

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * (x.abs() <= 1)


# %% Quantize | right
class Quantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, step):
        ctx.save_for_backward(x)
        return (step * (x / step).round()).clamp(-1, 1)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * (x.abs() <= 1), None


# %% Quantize | slip | 2.4 | clipped at −1
class Quantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, step):
        ctx.save_for_backward(x)
        return step * (x.clamp(-1, 1) / step).round()

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return grad_output * (x <= 1), None


# %% Quantize | right
class Quantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, step):
        ctx.keep = (x >= -1) & (x <= 1)
        return (x.clip(-1, 1) / step).round() * step

    @staticmethod
    def backward(ctx, g):
        return torch.where(ctx.keep, g, torch.zeros_like(g)), None


# %% complaints | right
snippet_a = "changed"
snippet_b = "fine"
snippet_c = "freed"
snippet_d = "leaf"
snippet_e = "changed"
snippet_f = "unwatched"

# %% complaints | right
snippet_a = snippet_e = "changed"
snippet_b, snippet_c = "fine", "freed"
snippet_d, snippet_f = "leaf", "unwatched"

# %% complaints | wrong | 1 | The power saves its input, w
snippet_a = "changed"
snippet_b = "changed"
snippet_c = "fine"
snippet_d = "changed"
snippet_e = "fine"
snippet_f = "unwatched"

# %% complaints | wrong | 0.5 | in no_grad a leaf may be changed
snippet_a = "fine"
snippet_b = "fine"
snippet_c = "fine"
snippet_d = "fine"
snippet_e = "leaf"
snippet_f = "fine"

# %% complaints | wrong | 2 | not done yet
snippet_a = "changed"
snippet_b = "fine"
snippet_c = None
snippet_d = "leaf"
snippet_e = None
snippet_f = "unwatched"


# %% tape_gradients | right
def tape_gradients(tape, inputs):
    """Forward mode: one run for each input."""

    def run(seed):
        u = [(n, float(place == seed)) for place, n in enumerate(inputs)]
        for kind, i, *rest in tape:
            a, da = u[i]
            b, db = u[rest[0]] if kind in ("add", "mul") else (None, None)
            if kind == "add":
                u.append((a + b, da + db))
            elif kind == "mul":
                u.append((a * b, a * db + da * b))
            elif kind == "power":
                u.append((a ** rest[0], rest[0] * a ** (rest[0] - 1) * da))
            elif kind == "exp":
                u.append((math.exp(a), math.exp(a) * da))
            else:
                u.append((a, da) if a > 0 else (0.0, 0.0))
        return u[-1]

    return run(0)[0], [run(seed)[1] for seed in range(len(inputs))]


# %% tape_gradients | right
def tape_gradients(tape, inputs):
    k = len(inputs)
    values = [float(number) for number in inputs]
    for row in tape:
        match row:
            case ("add", i, j):
                values += [values[i] + values[j]]
            case ("mul", i, j):
                values += [values[i] * values[j]]
            case ("power", i, n):
                values += [values[i] ** n]
            case ("exp", i):
                values += [math.exp(values[i])]
            case ("relu", i):
                values += [values[i] if values[i] > 0 else 0.0]
    grads = torch.zeros(len(values), dtype=torch.double)
    grads[-1] = 1
    for place in range(len(values) - 1, k - 1, -1):
        g = grads[place]
        match tape[place - k]:
            case ("add", i, j):
                grads[i] += g
                grads[j] += g
            case ("mul", i, j):
                left, right = values[i], values[j]
                grads[i] += g * right
                grads[j] += g * left
            case ("power", i, n):
                grads[i] += g * n * values[i] ** (n - 1)
            case ("exp", i):
                grads[i] += g * values[place]
            case ("relu", i):
                grads[i] += g * (values[i] > 0)
    return values[-1], grads[:k]


# %% tape_gradients | slip | 4.58 | At 0 itself the slope of relu is 0
def tape_gradients(tape, inputs):
    k = len(inputs)
    values = [float(number) for number in inputs]
    for row in tape:
        match row:
            case ("add", i, j):
                values += [values[i] + values[j]]
            case ("mul", i, j):
                values += [values[i] * values[j]]
            case ("power", i, n):
                values += [values[i] ** n]
            case ("exp", i):
                values += [math.exp(values[i])]
            case ("relu", i):
                values += [values[i] if values[i] > 0 else 0.0]
    grads = torch.zeros(len(values), dtype=torch.double)
    grads[-1] = 1
    for place in range(len(values) - 1, k - 1, -1):
        g = grads[place]
        match tape[place - k]:
            case ("add", i, j):
                grads[i] += g
                grads[j] += g
            case ("mul", i, j):
                left, right = values[i], values[j]
                grads[i] += g * right
                grads[j] += g * left
            case ("power", i, n):
                grads[i] += g * n * values[i] ** (n - 1)
            case ("exp", i):
                grads[i] += g * values[place]
            case ("relu", i):
                grads[i] += g * (values[i] >= 0)
    return values[-1], grads[:k]


# %% tape_gradients | wrong | 0.42 | must not replace the other
def tape_gradients(tape, inputs):
    k = len(inputs)
    values = list(inputs)
    for kind, i, *j in tape:
        values.append(values[i] + values[j[0]] if kind == "add" else values[i] * values[j[0]])
    grads = [0.0] * len(values)
    grads[-1] = 1.0
    for place in reversed(range(k, len(values))):
        kind, i, j = tape[place - k]
        grads[i] = grads[place] * (1 if kind == "add" else values[j])
        grads[j] = grads[place] * (1 if kind == "add" else values[i])
    return values[-1], grads[:k]


# %% tape_gradients | wrong | 0 | You went along the tape in forward order
def tape_gradients(tape, inputs):
    k = len(inputs)
    values = list(inputs)
    for kind, i, *j in tape:
        values.append(values[i] + values[j[0]] if kind == "add" else values[i] * values[j[0]])
    grads = [0.0] * len(values)
    grads[-1] = 1.0
    for place in range(k, len(values)):
        kind, i, j = tape[place - k]
        grads[i] += grads[place] * (1 if kind == "add" else values[j])
        grads[j] += grads[place] * (1 if kind == "add" else values[i])
    return values[-1], grads[:k]


# %% tape_gradients | wrong | 2.08 | Your code raised
def tape_gradients(tape, inputs):
    k = len(inputs)
    values = list(inputs)
    for kind, i, j in tape:
        values.append(values[i] + values[j] if kind == "add" else values[i] * values[j])
    grads = [0.0] * len(values)
    grads[-1] = 1.0
    for place in reversed(range(k, len(values))):
        kind, i, j = tape[place - k]
        grads[i] += grads[place] * (1 if kind == "add" else values[j])
        grads[j] += grads[place] * (1 if kind == "add" else values[i])
    return values[-1], grads[:k]


# %% tape_gradients | wrong | 0 | What is met earns points once a test with new numbers
def tape_gradients(tape, inputs):
    return {1: (9.0, [6.0])}.get(len(tape), (8.0, [4.0, 2.0]))


# %% tape_gradients | slip | 2.5 | relu let a gradient through
def tape_gradients(tape, inputs):
    k = len(inputs)
    values = [float(number) for number in inputs]
    steps = []
    for kind, i, *rest in tape:
        u = values[i]
        if kind == "add":
            values.append(u + values[rest[0]])
            steps.append([(i, 1), (rest[0], 1)])
        elif kind == "mul":
            values.append(u * values[rest[0]])
            steps.append([(i, values[rest[0]]), (rest[0], u)])
        elif kind == "power":
            values.append(u ** rest[0])
            steps.append([(i, rest[0] * u ** (rest[0] - 1))])
        elif kind == "exp":
            values.append(math.exp(u))
            steps.append([(i, math.exp(u))])
        else:
            values.append(max(u, 0.0))
            steps.append([(i, 1)])
    grads = [0.0] * k + [0.0] * len(tape)
    grads[-1] = 1.0
    for place in range(len(tape) - 1, -1, -1):
        for operand, slope in steps[place]:
            grads[operand] += grads[k + place] * slope
    return values[-1], grads[:k]


# %% tape_gradients | wrong | 0 | does not require grad
def tape_gradients(tape, inputs):
    watched = [torch.tensor(float(n), dtype=torch.double, requires_grad=True) for n in inputs]
    u = list(watched)
    for row in tape:
        if row[0] == "add":
            u.append(u[row[1]] + u[row[2]])
        if row[0] == "mul":
            u.append(u[row[1]] * u[row[2]])
        if row[0] == "power":
            u.append(u[row[1]] ** row[2])
        if row[0] == "exp":
            u.append(u[row[1]].exp())
        if row[0] == "relu":
            u.append(u[row[1]].relu())
    u[-1].backward()
    return u[-1], [0.0 if w.grad is None else w.grad for w in watched]


# %% tape_gradients | right
import numpy as np


def tape_gradients(tape, inputs):
    k = len(inputs)
    u = [np.float64(v) for v in inputs]
    d = list(np.eye(k))
    for op, i, *r in tape:
        if op == "add":
            u.append(u[i] + u[r[0]])
            d.append(d[i] + d[r[0]])
        if op == "mul":
            j = r[0]
            u.append(u[i] * u[j])
            d.append(d[i] * u[j] + d[j] * u[i])
        if op == "power":
            n = r[0]
            u.append(u[i] ** n)
            d.append(d[i] * (n * u[i] ** (n - 1) if n else 0))
        if op == "exp":
            u.append(np.exp(u[i]))
            d.append(d[i] * u[-1])
        if op == "relu":
            u.append(max(u[i], 0))
            d.append(d[i] * (u[i] > 0))
    return [u[-1], d[-1]]


# %% Value | right
class Value:
    """Local slopes in methods, the order by counting users."""

    def __init__(self, data, kind="leaf", inputs=(), n=None):
        self.data, self.kind, self.inputs, self.n = float(data), kind, inputs, n

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, "add", (self, other))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, "mul", (self, other))

    def __radd__(self, other):
        return Value(other) + self

    def __rmul__(self, other):
        return Value(other) * self

    def __pow__(self, n):
        return Value(self.data**n, "pow", (self,), n)

    def exp(self):
        return Value(math.exp(self.data), "exp", (self,))

    def relu(self):
        return Value(max(self.data, 0), "relu", (self,))

    def local(self):
        if self.kind == "add":
            return 1, 1
        if self.kind == "mul":
            return self.inputs[1], self.inputs[0]
        if self.kind == "pow":
            return (self.n * self.inputs[0] ** (self.n - 1),)
        if self.kind == "exp":
            return (self,)
        return (1 if self.inputs[0].data > 0 else 0,) if self.inputs else ()

    def order(self, found=None):
        found = {} if found is None else found
        if self not in found:
            for child in self.inputs:
                child.order(found)
            found[self] = None
        return list(found)

    def gradient(self, *leaves):
        total = {node: Value(0) for node in self.order()}
        total[self] = Value(1)
        for node in reversed(self.order()):
            for child, slope in zip(node.inputs, node.local()):
                total[child] = total[child] + total[node] * slope
        return [total[leaf] if leaf in total else Value(0) for leaf in leaves]


# %% Value | right
class Value:
    """Forward mode: each leaf is followed upwards, with a memory."""

    def __init__(self, data, made_of=()):
        self.data = torch.as_tensor(data, dtype=torch.double).item()
        self.made_of = made_of

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, ((self, lambda: Value(1)), (other, lambda: Value(1))))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, ((self, lambda: other), (other, lambda: self)))

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, n):
        return Value(self.data**n, ((self, lambda: n * self ** (n - 1)),))

    def exp(self):
        return Value(math.exp(self.data), ((self, lambda: self.exp()),))

    def relu(self):
        return Value(max(self.data, 0.0), ((self, lambda: Value(self.data > 0)),))

    def gradient(self, *leaves):
        return [self.along(leaf, {leaf: Value(1)}) for leaf in leaves]

    def along(self, leaf, known):
        if self not in known:
            total = Value(0)
            for child, rule in self.made_of:
                total = total + rule() * child.along(leaf, known)
            known[self] = total
        return known[self]


# %% Value | slip | 4.87 | once for each way that leads to it
class Value:
    """Follows each way from the root to the leaf by itself."""

    def __init__(self, data, made_of=()):
        self.data, self.made_of = float(data), made_of

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, ((self, lambda: Value(1)), (other, lambda: Value(1))))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, ((self, lambda: other), (other, lambda: self)))

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, n):
        return Value(self.data**n, ((self, lambda: n * self ** (n - 1)),))

    def exp(self):
        return Value(math.exp(self.data), ((self, lambda: self.exp()),))

    def relu(self):
        return Value(max(self.data, 0.0), ((self, lambda: Value(self.data > 0)),))

    def gradient(self, *leaves):
        return [self.along(leaf) for leaf in leaves]

    def along(self, leaf):
        if self is leaf:
            return Value(1)
        total = Value(0)
        for child, rule in self.made_of:
            total = total + rule() * child.along(leaf)
        return total


# %% Value | wrong | 2.11 | doesn't remember what it was made of
class Value:
    """Slopes are plain numbers."""

    def __init__(self, data, made_of=()):
        self.data = float(data)
        self.made_of = made_of
        self.number = next(births)

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, [(self, 1), (other, 1)])

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, [(self, other.data), (other, self.data)])

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, n):
        return Value(self.data**n, [(self, n * self.data ** (n - 1))])

    def exp(self):
        return Value(math.exp(self.data), [(self, math.exp(self.data))])

    def relu(self):
        return Value(max(self.data, 0), [(self, self.data > 0)])

    def gradient(self, *leaves):
        arrived, waiting = {self: 1}, {self}
        while waiting:
            node = max(waiting, key=lambda node: node.number)
            waiting.remove(node)
            for child, slope in node.made_of:
                arrived[child] = arrived.get(child, 0) + arrived[node] * slope
                waiting.add(child)
        return [Value(arrived.get(leaf, 0)) for leaf in leaves]


# %% Value | wrong | 1.05 | must be added
class Value:
    """What arrives replaces what was there."""

    def __init__(self, data, made_of=()):
        self.data = float(data)
        self.made_of = made_of
        self.number = next(births)

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, [(self, lambda: 1), (other, lambda: 1)])

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, [(self, lambda: other), (other, lambda: self)])

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, n):
        return Value(self.data**n, [(self, lambda: n * self ** (n - 1))])

    def exp(self):
        result = Value(math.exp(self.data))
        result.made_of = [(self, lambda: result)]
        return result

    def relu(self):
        return Value(max(self.data, 0), [(self, lambda: float(self.data > 0))])

    def gradient(self, *leaves):
        arrived, waiting = {self: Value(1)}, {self}
        while waiting:
            node = max(waiting, key=lambda node: node.number)
            waiting.remove(node)
            for child, rule in node.made_of:
                arrived[child] = arrived[node] * rule()
                waiting.add(child)
        return [arrived.get(leaf, Value(0)) for leaf in leaves]


# %% Value | wrong | 1.18 | not done yet
class Value:
    """Sums and products, and no more yet."""

    def __init__(self, data, made_of=()):
        self.data = float(data)
        self.made_of = made_of
        self.number = next(births)

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, [(self, lambda: Value(1)), (other, lambda: Value(1))])

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, [(self, lambda: other), (other, lambda: self)])

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, n):
        raise NotImplementedError()

    def exp(self):
        raise NotImplementedError()

    def relu(self):
        raise NotImplementedError()

    def gradient(self, *leaves):
        arrived, waiting = {self: Value(1)}, {self}
        while waiting:
            node = max(waiting, key=lambda node: node.number)
            waiting.remove(node)
            for child, rule in node.made_of:
                share = arrived[node] * rule()
                arrived[child] = arrived[child] + share if child in arrived else share
                waiting.add(child)
        return [arrived.get(leaf, Value(0)) for leaf in leaves]


# %% Value | wrong | 2.37 | derivative of a derivative
class Value:
    def __init__(self, data, made_of=()):
        self.data = float(data)
        self.made_of = made_of
        self.number = next(births)

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, [(self, lambda: Value(1)), (other, lambda: Value(1))])

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, [(self, lambda: other), (other, lambda: self)])

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, n):
        return Value(self.data**n, [(self, lambda: n * self ** (n - 1))])

    def exp(self):
        r = Value(math.exp(self.data))
        r.made_of = [(self, lambda: Value(r.data))]
        return r

    def relu(self):
        return Value(max(self.data, 0.0), [(self, lambda: Value(1.0 if self.data > 0 else 0.0))])

    def gradient(self, *leaves):
        g = {self: Value(1)}
        seen = set()
        stack = [self]
        order = []
        while stack:
            n = stack.pop()
            if n in seen:
                continue
            seen.add(n)
            order.append(n)
            stack += [i for i, _ in n.made_of]
        for n in sorted(order, key=lambda n: -n.number):
            if n not in g:
                continue
            for i, rule in n.made_of:
                c = g[n] * rule()
                g[i] = g[i] + c if i in g else c
        return [g.get(l, Value(0)) for l in leaves]


# %% Value | right
class Value:
    def __init__(self, data, made_of=()):
        self.data = float(data)
        self.made_of = made_of
        self.number = next(births)

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, [(self, lambda: Value(1)), (other, lambda: Value(1))])

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, [(self, lambda: other), (other, lambda: self)])

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, n):
        if n == 0:
            return Value(1.0)
        return Value(self.data**n, [(self, lambda: n * self ** (n - 1))])

    def exp(self):
        r = Value(math.exp(self.data))
        r.made_of = [(self, lambda: r)]
        return r

    def relu(self):
        return Value(max(self.data, 0.0), [(self, lambda: Value(1.0 if self.data > 0 else 0.0))])

    def gradient(self, *leaves):
        g = {self: Value(1)}
        seen = set()
        stack = [self]
        order = []
        while stack:
            n = stack.pop()
            if n in seen:
                continue
            seen.add(n)
            order.append(n)
            stack += [i for i, _ in n.made_of]
        for n in sorted(order, key=lambda n: -n.number):
            if n not in g:
                continue
            for i, rule in n.made_of:
                c = g[n] * rule()
                g[i] = g[i] + c if i in g else c
        return tuple(g[l] if l in g else Value(0) for l in leaves)


# %% velocity | right
def velocity(path, t):
    return torch.stack([torch.func.grad(lambda u: path(u[None])[0])(one) for one in t])


# %% velocity | right
def velocity(path, t):
    return torch.func.jvp(path, (t,), (torch.ones_like(t),))[1]


# %% fit | right
def fit(X, y, lr, steps):
    w, b = torch.zeros(X.shape[1], dtype=X.dtype), 0.0
    for _ in range(steps):
        e = X @ w + b - y
        w, b = w - 2 * lr * torch.einsum("n,nd->d", e, X) / len(y), b - 2 * lr * e.mean()
    return w.numpy(), b


# %% gradient_in_pieces | right
def weighted(w, x, y):
    return len(y) * torch.func.grad(piece_cost)(w, x, y)


# ---
def gradient_in_pieces(w, pieces):
    return sum(weighted(w, x, y) for x, y in pieces) / sum(len(y) for _, y in pieces)


# %% gradient_in_pieces | right
def gradient_in_pieces(w, pieces):
    g, n = 0, 0
    for x, y in pieces:
        h = torch.func.grad(piece_cost)(w, x, y)
        g = g + h * len(x)
        n += len(x)
    return g / n


# %% decay_step | right
class Decay:
    @torch.no_grad()
    def __call__(self, parameters, lr, decay):
        for p in parameters:
            if p.grad is None:
                continue
            p.mul_(1 - lr * decay).sub_(lr * p.grad)
            p.grad = None


decay_step = Decay()


# %% reweighted_loss | right
def reweighted_loss(y_hat, y):
    with torch.no_grad():
        c = [1 / (1 + abs(guess - target)) for guess, target in zip(y_hat, y)]
    losses = [weight * (guess - target) ** 2 for weight, guess, target in zip(c, y_hat, y)]
    return sum(losses) / len(losses)


# %% reweighted_loss | right
def reweighted_loss(y_hat, y):
    e = y_hat - y
    c = 1 / (1 + e.detach().abs())
    return (c * e.abs() * e).abs().mean()


# %% pulls | right
def pulls(losses, w):
    unit = torch.eye(len(losses), dtype=losses.dtype)
    (rows,) = torch.autograd.grad(losses, w, unit, is_grads_batched=True)
    return rows.flatten(1).norm(dim=1).numpy()


# %% pulls | slip | 2.5 | another sense
def pulls(losses, w):
    out = []
    for l in losses:
        g = torch.autograd.grad(l, w, retain_graph=True)[0]
        out.append(torch.linalg.matrix_norm(g, 2) if g.dim() == 2 else g.norm())
    return torch.stack(out)
