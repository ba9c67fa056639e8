# Answers to the exercises of chapter 2. tools/answer_bank.py says how this file is read.

# %% sweep_slopes | right
def sweep_slopes(losses, h):
    return (losses[1:] - losses[:-1]) / h, (losses[2:] - losses[:-2]) / 2 / h


# %% sweep_slopes | right
def sweep_slopes(losses, h):
    print("there are", len(losses), "places")
    n = len(losses)
    forward = [(losses[i + 1].item() - losses[i].item()) / h for i in range(n - 1)]
    central = torch.zeros(n - 2)
    for i in range(1, n - 1):
        central[i - 1] = (losses[i + 1] - losses[i - 1]) / (2 * h)
    return [torch.tensor(forward), central]


# %% sweep_slopes | right
def sweep_slopes(losses, h):
    forward = torch.diff(losses.double()) / h
    return forward, torch.gradient(losses, spacing=h)[0][1:-1]


# %% sweep_slopes | wrong | 1 | spans two places
def sweep_slopes(losses, h):
    return (losses[1:] - losses[:-1]) / h, (losses[2:] - losses[:-2]) / h


# %% sweep_slopes | wrong | 0 | Divide them by h
def sweep_slopes(losses, h):
    return losses.diff(), (losses[2:] - losses[:-2]) / 2


# %% sweep_slopes | wrong | 0 | The sign is the wrong way round
def sweep_slopes(losses, h):
    return (losses[:-1] - losses[1:]) / h, (losses[:-2] - losses[2:]) / (2 * h)


# %% sweep_slopes | wrong | 0 | First the forward slopes
def sweep_slopes(losses, h):
    return (losses[2:] - losses[:-2]) / (2 * h), losses.diff() / h


# %% sweep_slopes | wrong | 1 | Each central
def sweep_slopes(losses, h):
    # torch.gradient fills the ends up with one-sided slopes
    return losses.diff() / h, torch.gradient(losses, spacing=h)[0]


# %% sweep_slopes | wrong | 0 | Give the central ones as well
def sweep_slopes(losses, h):
    return losses.diff() / h


# %% sweep_slopes | wrong | 0 | This fits the example shown
def sweep_slopes(losses, h):
    return torch.tensor([0.25, 1.75, 4.75]), torch.tensor([1.0, 3.25])


# %% step | right
def step(parameters, gradients, lr):
    new = []
    for i in range(len(parameters)):
        p = parameters[i].clone()
        p -= lr * gradients[i]
        new.append(p)
    return new


# %% step | right
def step(parameters, gradients, lr):
    return tuple(p.double().add(g.double(), alpha=-lr) for p, g in zip(parameters, gradients))


# %% step | right
def step(parameters, gradients, lr):
    leaves = [p.clone().requires_grad_() for p in parameters]
    for p, g in zip(leaves, gradients):
        p.grad = g.clone()
    torch.optim.SGD(leaves, lr=lr).step()
    return leaves


# %% step | wrong | 0 | You went uphill
def step(parameters, gradients, lr):
    return [p + lr * g for p, g in zip(parameters, gradients)]


# %% step | slip | 2 | it changed the tensors that you were given
def step(parameters, gradients, lr):
    for p, g in zip(parameters, gradients):
        p -= lr * g
    return parameters


# %% step | wrong | 0 | The learning rate is missing
def step(parameters, gradients, lr):
    return [p - g for p, g in zip(parameters, gradients)]


# %% step | wrong | 0 | It is None
def step(parameters, gradients, lr):
    for p, g in zip(parameters, gradients):
        p = p - lr * g


# %% step | wrong | 0 | That is the first parameter
def step(parameters, gradients, lr):
    for p, g in zip(parameters, gradients):
        return p - lr * g


# %% step | wrong | 0 | That is the change alone
def step(parameters, gradients, lr):
    return [-lr * g for g in gradients]


# %% step | wrong | 0 | You stepped with two parameters
def step(parameters, gradients, lr):
    first, second = parameters[:2]
    return [first - lr * gradients[0], second - lr * gradients[1]]


# %% step | wrong | 0 | For each pair
def step(parameters, gradients, lr):
    return parameters


# %% fates | right
fate_a = "creeps"
fate_b = "blows up"
fate_c = "zig-zags"
fate_d = "bounces"
place = 3
steps = 10.0


# %% fates | right
def fate(factor):
    if factor < -1:
        return "blows up"
    return "bounces" if factor == -1 else "zig-zags" if factor < 0 else "creeps"


fate_a, fate_b, fate_c, fate_d = map(fate, (1 - 0.8, 1 - 2.5, 1 - 1.5, 1 - 6 / 3))
place = 2 + (1 - 3 * 0.5) ** 2 * 4
steps = next(n for n in range(100) if 0.5**n < 1e-3)

# %% fates | wrong | 1 | It is αλ that counts
fate_a = "creeps"
fate_b = "creeps"
fate_c = "blows up"
fate_d = "arrives"
place = 3.0
steps = 12

# %% fates | wrong | 2 | It is the second derivative, 6
fate_a = "creeps"
fate_b = "blows up"
fate_c = "zig-zags"
fate_d = "arrives"
place = 1.0
steps = 10

# %% fates | wrong | 1.5 | that is the weight after one step
fate_a = "zig-zags"
fate_b = "blows up"
fate_c = "zig-zags"
fate_d = "bounces"
place = 0
steps = 9

# %% fates | wrong | 1 | write one of the five words
fate_a = "creeps"
fate_b = "explodes"
fate_c = "zigzags"
fate_d = "bounces"
place = "three"
steps = None


# %% walk | right
def walk(gradient, w, lr, tolerance, most):
    w, steps = w.clone(), 0
    while steps < most and gradient(w).pow(2).sum().sqrt() >= tolerance:
        w -= lr * gradient(w)
        steps += 1
    return w, steps


# %% walk | right
def walk(gradient, w, lr, tolerance, most):
    steps = 0
    g = gradient(w)
    while True:
        length = math.sqrt(sum(x.item() ** 2 for x in g))
        print(steps, length)
        if length < tolerance or steps == most:
            break
        w = w - lr * g
        g = gradient(w)
        steps = steps + 1
    return [w, torch.tensor(steps)]


# %% walk | right
def walk(gradient, w, lr, tolerance, most):
    if most == 0 or torch.linalg.vector_norm(gradient(w)) < tolerance:
        return w, 0
    w, steps = walk(gradient, w - lr * gradient(w), lr, tolerance, most - 1)
    return w, steps + 1


# %% walk | wrong | 1.67 | One step too many
def walk(gradient, w, lr, tolerance, most):
    steps = 0
    while steps < most:
        g = gradient(w)
        w = w - lr * g
        steps += 1
        if g.norm() < tolerance:
            break
    return w, steps


# %% walk | slip | 2.5 | no more than most = 2 were allowed
def walk(gradient, w, lr, tolerance, most):
    steps = 0
    while gradient(w).norm() >= tolerance:
        w = w - lr * gradient(w)
        steps += 1
    return w, steps


# %% walk | wrong | 1.67 | A short gradient should end the walk earlier
def walk(gradient, w, lr, tolerance, most):
    for _ in range(most):
        w = w - lr * gradient(w)
    return w, most


# %% walk | slip | 4.17 | You looked at single entries
def walk(gradient, w, lr, tolerance, most):
    for steps in range(most):
        g = gradient(w)
        if g.abs().max() < tolerance:
            return w, steps
        w = w - lr * g
    return w, most


# %% walk | wrong | 0 | You went uphill
def walk(gradient, w, lr, tolerance, most):
    for steps in range(most):
        g = gradient(w)
        if g.norm() < tolerance:
            return w, steps
        w = w + lr * g
    return w, most


# %% walk | slip | 4.17 | takes no step
def walk(gradient, w, lr, tolerance, most):
    w = w - lr * gradient(w)
    for steps in range(1, most):
        g = gradient(w)
        if g.norm() < tolerance:
            return w, steps
        w = w - lr * g
    return w, most


# %% walk | wrong | 0 | Give the number of steps as well
def walk(gradient, w, lr, tolerance, most):
    for _ in range(most):
        g = gradient(w)
        if g.norm() < tolerance:
            break
        w = w - lr * g
    return w


# %% walk | wrong | 1.67 | You compared the sum of squares
def walk(gradient, w, lr, tolerance, most):
    for steps in range(most):
        g = gradient(w)
        if (g**2).sum() < tolerance:
            return w, steps
        w = w - lr * g
    return w, most


# %% walk | slip | 2.5 | Does it begin at 0?
def walk(gradient, w, lr, tolerance, most):
    for steps in range(most):
        g = gradient(w)
        if g.norm() < tolerance:
            break
        w = w - lr * g
    return w, steps


# %% walk | wrong | 0 | Take the gradient, stop if
def walk(gradient, w, lr, tolerance, most):
    return w, 0


# %% two_slopes | right
def two_slopes(w1, g1, w2, g2):
    lowest = (w1 * g2 - w2 * g1) / (g2 - g1)
    return 2 * (w1 - w2) / (g1 - g2), lowest


# %% two_slopes | right
def two_slopes(w1, g1, w2, g2):
    # the straight line g = λ w + c through both points
    A = torch.tensor([[w1, 1.0], [w2, 1.0]], dtype=torch.float64)
    g = torch.tensor([g1, g2], dtype=torch.float64)
    curvature, c = torch.linalg.solve(A, g)
    return [2 / curvature, -c / curvature]


# %% two_slopes | wrong | 1 | The edge is twice as far out
def two_slopes(w1, g1, w2, g2):
    curvature = (g2 - g1) / (w2 - w1)
    return 1 / curvature, w1 - g1 / curvature


# %% two_slopes | wrong | 1 | w* lies against the slope
def two_slopes(w1, g1, w2, g2):
    curvature = (g2 - g1) / (w2 - w1)
    return 2 / curvature, w1 + g1 / curvature


# %% two_slopes | wrong | 1 | That is the curvature λ
def two_slopes(w1, g1, w2, g2):
    curvature = (g2 - g1) / (w2 - w1)
    return curvature, w2 - g2 / curvature


# %% two_slopes | wrong | 1 | half-way between
def two_slopes(w1, g1, w2, g2):
    return 2 * (w2 - w1) / (g2 - g1), (w1 + w2) / 2


# %% two_slopes | wrong | 0 | First the edge
def two_slopes(w1, g1, w2, g2):
    curvature = (g2 - g1) / (w2 - w1)
    return w1 - g1 / curvature, 2 / curvature


# %% two_slopes | wrong | 1 | With α = 2/λ you land on the other side
def two_slopes(w1, g1, w2, g2):
    edge = 2 * (w2 - w1) / (g2 - g1)
    return edge, w1 - edge * g1


# %% two_slopes | wrong | 0 | per unit of w
def two_slopes(w1, g1, w2, g2):
    return 2 / (g2 - g1), w1 - g1 / (g2 - g1)


# %% two_slopes | wrong | 0 | Your code raised
def two_slopes(w1, g1, w2, g2):
    return 2 * (w2 - w1) / (g2 - g1)


# %% line_edge | right
def line_edge(x):
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    v = torch.ones(2, dtype=x.dtype)
    for _ in range(100):
        v = 2 * X.T @ (X @ v) / len(x)
        high = v.norm()
        v = v / high
    return 2 / high


# %% line_edge | right
def line_edge(x):
    # the eigenvalues of [[a, c], [c, d]] by the formula for a quadratic equation
    values = x.tolist()
    a, c, d = 2 * sum(v * v for v in values) / len(values), 2 * sum(values) / len(values), 2
    return 2 / ((a + d) / 2 + math.sqrt((a - d) ** 2 / 4 + c * c))


# %% line_edge | right
def line_edge(x):
    y = torch.zeros_like(x)
    H = torch.autograd.functional.hessian(
        lambda w: ((w[0] * x + w[1] - y) ** 2).mean(), torch.zeros(2, dtype=x.dtype)
    )
    return 2 / torch.linalg.eigvals(H).real.max().reshape(1)


# %% line_edge | right
def line_edge(x):
    X = torch.cat([torch.ones(len(x), 1), x.float()[:, None]], dim=1)
    return len(x) / torch.linalg.svdvals(X)[0].item() ** 2


# %% line_edge | wrong | 0 | the square gives a factor of 2
def line_edge(x):
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    return 2 / torch.linalg.eigvalsh(X.T @ X / len(x))[-1]


# %% line_edge | wrong | 0.89 | if b stays where it is
def line_edge(x):
    return 1 / (x**2).mean()


# %% line_edge | wrong | 0 | You took the smallest curvature
def line_edge(x):
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    return 2 / torch.linalg.eigh(2 * X.T @ X / len(x))[0][0]


# %% line_edge | wrong | 0 | 1/λ is the fastest
def line_edge(x):
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    return 1 / torch.linalg.eigvalsh(2 * X.T @ X / len(x)).max()


# %% line_edge | wrong | 0 | H is 2/N times the product
def line_edge(x):
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    return 2 / torch.linalg.eigvalsh(X.T @ X)[-1]


# %% line_edge | wrong | 0 | divide by N in H
def line_edge(x):
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    return 2 / torch.linalg.eigvalsh(2 * X.T @ X)[-1]


# %% line_edge | wrong | 0 | You added the eigenvalues up
def line_edge(x):
    X = torch.stack([x, torch.ones_like(x)], dim=1)
    return 2 / torch.trace(2 * X.T @ X / len(x))


# %% turns | right
together = [3, 1.2]
in_turn = [3, 1.3]
agree = True

# %% turns | right
w1, w2, lr = 4, 2, 0.1
together = (w1 - lr * (2 * w1 + w2), w2 - lr * (w1 + 2 * w2))
w1 -= lr * (2 * w1 + w2)
w2 -= lr * (w1 + 2 * w2)
in_turn = (w1, w2)
agree = bool(1)

# %% turns | wrong | 1 | that took the second slope at the new w1
together = (3.0, 1.3)
in_turn = (3.0, 1.2)
agree = True

# %% turns | wrong | 1 | that is a step uphill
together = (5.0, 2.8)
in_turn = (5.0, 2.9)
agree = True

# %% turns | wrong | 1 | has a slope too
together = (3.2, 1.6)
in_turn = (3.0, 1.3)
agree = False

# %% turns | wrong | 1 | w1 goes first
together = (3.0, 1.2)
in_turn = (3.08, 1.2)
agree = None


# %% batch_gradient | right
def batch_gradient(w, b, x, y, rows):
    g_w = g_b = 0.0
    for i in rows:
        error = w * x[i] + b - y[i]
        g_w += 2 * error * x[i] / len(rows)
        g_b += 2 * error / len(rows)
    return g_w, g_b


# %% batch_gradient | right
def batch_gradient(w, b, x, y, rows):
    both = torch.tensor([w, b], dtype=x.dtype, requires_grad=True)
    loss = torch.nn.functional.mse_loss(both[0] * x[rows] + both[1], y[rows])
    loss.backward()
    return both.grad


# %% batch_gradient | right
def batch_gradient(w, b, x, y, rows):
    B = rows.numel()
    X = torch.stack([x, torch.ones_like(x)], dim=1).index_select(0, rows)
    errors = X @ torch.tensor([[w], [b]], dtype=x.dtype) - y[rows].unsqueeze(1)
    return list((2 / B * X.T @ errors).unbind())


# %% batch_gradient | wrong | 0 | That is the gradient of all points
def batch_gradient(w, b, x, y, rows):
    error = w * x + b - y
    return 2 * (error * x).mean(), 2 * error.mean()


# %% batch_gradient | wrong | 0 | You added up over the batch
def batch_gradient(w, b, x, y, rows):
    error = w * x[rows] + b - y[rows]
    return 2 * (error * x[rows]).sum(), 2 * error.sum()


# %% batch_gradient | wrong | 0 | You divided by the number of all points
def batch_gradient(w, b, x, y, rows):
    error = w * x[rows] + b - y[rows]
    return 2 * (error * x[rows]).sum() / len(x), 2 * error.sum() / len(x)


# %% batch_gradient | slip | 2 | You counted each row once
def batch_gradient(w, b, x, y, rows):
    chosen = torch.zeros(len(x), dtype=torch.bool)
    chosen[rows] = True
    error = w * x[chosen] + b - y[chosen]
    return 2 * (error * x[chosen]).mean(), 2 * error.mean()


# %% batch_gradient | wrong | 0 | The 2 of the formula is missing
def batch_gradient(w, b, x, y, rows):
    error = w * x[rows] + b - y[rows]
    return (error * x[rows]).mean(), error.mean()


# %% batch_gradient | wrong | 0 | the error is ŷ − y
def batch_gradient(w, b, x, y, rows):
    error = y[rows] - (w * x[rows] + b)
    return 2 * (error * x[rows]).mean(), 2 * error.mean()


# %% batch_gradient | wrong | 0 | First the slope for w
def batch_gradient(w, b, x, y, rows):
    error = w * x[rows] + b - y[rows]
    return 2 * error.mean(), 2 * (error * x[rows]).mean()


# %% batch_gradient | wrong | 0 | You took the first B rows
def batch_gradient(w, b, x, y, rows):
    x, y = x[: len(rows)], y[: len(rows)]
    error = w * x + b - y
    return 2 * (error * x).mean(), 2 * error.mean()


# %% enough | right
def enough(G, share):
    full = G.mean(dim=0, keepdim=True)
    sigma = (G - full).norm(dim=1).square().mean().sqrt()
    B = 1
    while sigma / math.sqrt(B) > share * full.norm():
        B += 1
    return B


# %% enough | right
def enough(G, share):
    variance = G.var(dim=0, unbiased=False).sum()
    return torch.ceil(variance / share**2 / G.mean(dim=0).square().sum())


# %% enough | right
def enough(G, share):
    rows = G.tolist()
    N, n = len(rows), len(rows[0])
    mean = [sum(row[j] for row in rows) / N for j in range(n)]
    sigma2 = sum((row[j] - mean[j]) ** 2 for row in rows for j in range(n)) / N
    B = sigma2 / (share**2 * sum(m * m for m in mean))
    return int(B) + 1 if B > int(B) else int(B)


# %% enough | wrong | 0 | One example less than needed
def enough(G, share):
    mean = G.mean(dim=0)
    variance = (G - mean).square().sum(dim=1).mean()
    return int(variance / (share * mean.norm()) ** 2)


# %% enough | wrong | 0 | A batch has a whole number of examples
def enough(G, share):
    mean = G.mean(dim=0)
    variance = (G - mean).square().sum(dim=1).mean()
    return variance / (share * mean.norm()) ** 2


# %% enough | wrong | 0 | square both sides
def enough(G, share):
    mean = G.mean(dim=0)
    sigma = (G - mean).square().sum(dim=1).mean().sqrt()
    return math.ceil(sigma / (share * mean.norm()))


# %% enough | wrong | 0.8 | the mean is over the examples only
def enough(G, share):
    mean = G.mean(dim=0)
    variance = ((G - mean) ** 2).mean()
    return math.ceil(variance / (share * mean.norm()) ** 2)


# %% enough | wrong | 0 | not by N − 1
def enough(G, share):
    mean = G.mean(dim=0)
    return math.ceil(G.var(dim=0).sum() / (share * mean.norm()) ** 2)


# %% enough | wrong | 0 | divide by ‖∇L‖ too
def enough(G, share):
    variance = (G - G.mean(dim=0)).square().sum(dim=1).mean()
    return math.ceil(variance / share**2)


# %% roll | right
def roll(w, gradients, lr, momentum):
    v = 0
    places = [w]
    for g in gradients:
        v = momentum * v + g
        places.append(places[-1] - lr * v)
    return torch.stack(places)


# %% roll | right
def roll(w, gradients, lr, momentum):
    # the same ball without a velocity: the last step, shrunk, and the new slope
    places = torch.zeros(len(gradients) + 1, len(w)).double()
    places[0] = last = w
    for t in range(len(gradients)):
        now = places[t].clone()
        places[t + 1] = now - lr * gradients[t] + momentum * (now - last)
        last = now
    return places


# %% roll | right
def roll(w, gradients, lr, momentum):
    p = w.clone().requires_grad_()
    optimizer = torch.optim.SGD([p], lr=lr, momentum=momentum)
    places = [w.clone()]
    for g in gradients:
        p.grad = g.clone()
        optimizer.step()
        places.append(p.detach().clone())
    return torch.stack(places, dim=0)


# %% roll | right
def roll(w, gradients, lr, momentum):
    # v = μv − αg, and w = w + v: the learning rate inside of the velocity, which is the same
    # as long as it is fixed
    w, v, places = w.clone(), torch.zeros(w.shape, dtype=w.dtype), [w.clone()]
    for g in gradients:
        v *= momentum
        v -= lr * g
        w += v
        places.append(w.clone())
    return torch.stack(places)


# %% roll | wrong | 0 | You gave the gradient a share of 1 − μ
def roll(w, gradients, lr, momentum):
    v, places = torch.zeros_like(w), [w]
    for g in gradients:
        v = momentum * v + (1 - momentum) * g
        w = w - lr * v
        places.append(w)
    return torch.stack(places)


# %% roll | wrong | 0 | You moved with the old velocity
def roll(w, gradients, lr, momentum):
    v, places = torch.zeros_like(w), [w]
    for g in gradients:
        w = w - lr * v
        v = momentum * v + g
        places.append(w)
    return torch.stack(places)


# %% roll | wrong | 0 | without momentum
def roll(w, gradients, lr, momentum):
    places = [w]
    for g in gradients:
        places.append(places[-1] - lr * g)
    return torch.stack(places)


# %% roll | wrong | 1 | All rows are the last place
def roll(w, gradients, lr, momentum):
    v, places = torch.zeros_like(w), [w]
    for g in gradients:
        v = momentum * v + g
        w -= lr * v
        places.append(w)
    return torch.stack(places)


# %% roll | wrong | 1 | The start is missing
def roll(w, gradients, lr, momentum):
    v, places = torch.zeros_like(w), []
    for g in gradients:
        v = momentum * v + g
        w = w - lr * v
        places.append(w)
    return torch.stack(places)


# %% roll | wrong | 0 | That is Nesterov
def roll(w, gradients, lr, momentum):
    v, places = torch.zeros_like(w), [w]
    for g in gradients:
        v = momentum * v + g
        w = w - lr * (g + momentum * v)
        places.append(w)
    return torch.stack(places)


# %% roll | wrong | 0 | That is the last place
def roll(w, gradients, lr, momentum):
    v = torch.zeros_like(w)
    for g in gradients:
        v = momentum * v + g
        w = w - lr * v
    return w


# %% roll | wrong | 0 | You kept a share of the last gradient only
def roll(w, gradients, lr, momentum):
    places, last = [w], torch.zeros_like(w)
    for g in gradients:
        places.append(places[-1] - lr * (g + momentum * last))
        last = g
    return torch.stack(places)


# %% schedule | right
def schedule(H):
    curvatures, directions = torch.linalg.eigh(H)
    return torch.flip(curvatures.reciprocal(), dims=(0,))


# %% schedule | right
def schedule(H):
    return [1 / value.item() for value in torch.linalg.eigvals(H).real]


# %% schedule | right
def schedule(H):
    return torch.linalg.eigvalsh(torch.linalg.inv(H.double()))[None]


# %% schedule | wrong | 1.33 | You took the numbers on the diagonal
def schedule(H):
    return 1 / H.diagonal()


# %% schedule | wrong | 0 | it shrinks every part, and ends none
def schedule(H):
    curvatures = torch.linalg.eigvalsh(H)
    return torch.full((len(H),), 2 / (curvatures[0] + curvatures[-1]).item())


# %% schedule | wrong | 0 | Those are the curvatures
def schedule(H):
    return torch.linalg.eigvalsh(H)


# %% schedule | wrong | 0 | the part changes side and stays as long
def schedule(H):
    return 2 / torch.linalg.eigvalsh(H)


# %% schedule | wrong | 0 | It is None
def schedule(H):
    rates = 1 / torch.linalg.eigvalsh(H)


# %% schedule | wrong | 0 | ends the steepest part alone
def schedule(H):
    return [1 / torch.linalg.eigvalsh(H)[-1]] * len(H)


# %% sweep_slopes | right
import numpy as np


def sweep_slopes(losses, h):
    L = losses.numpy()
    return np.diff(L) / h, np.gradient(L, h)[1:-1]


# %% sweep_slopes | right
import numpy as np


def sweep_slopes(losses, h):
    l = losses.double().numpy()
    return np.diff(l) / h, (l[2:] - l[:-2]) / (2 * h)


# %% sweep_slopes | wrong | 0 | keep the sign
def sweep_slopes(losses, h):
    return (losses[1:] - losses[:-1]).abs() / h, (losses[2:] - losses[:-2]).abs() / (2 * h)


# %% sweep_slopes | wrong | 1 | The first forward
def sweep_slopes(losses, h):
    return (losses[1:] - losses[:-1]) / h, torch.gradient(losses, spacing=h)[0]


# %% step | right
def moved(p, g, lr):
    return torch.add(p.double(), g, alpha=-lr)


# ---
def step(parameters, gradients, lr):
    return list(map(lambda p, g: moved(p, g, lr), parameters, gradients))


# %% step | right
import functools


def _one(lr, p, g):
    return torch.add(p, g, alpha=-lr)


def step(parameters, gradients, lr):
    return tuple(map(functools.partial(_one, lr), parameters, gradients))


# %% step | slip | 2 | changed the gradients
def step(parameters, gradients, lr):
    return [p - g.mul_(lr) for p, g in zip(parameters, gradients)]


# %% step | slip | 2 | where the gradient is 0
def step(parameters, gradients, lr):
    return [p if not g.any() else p - lr * g for p, g in zip(parameters, gradients)]


# %% walk | right
class Walk:
    def __call__(self, gradient, w, lr, tolerance, most):
        w, steps = w.clone().requires_grad_(), 0
        while steps < most and torch.linalg.norm(gradient(w)) >= tolerance:
            w, steps = w - lr * gradient(w), steps + 1
        return w, torch.tensor([steps])


walk = Walk()


# %% walk | right
import numpy as np


def walk(gradient, w, lr, tolerance, most):
    steps = np.int64(0)
    while steps < most:
        g = gradient(w)
        if np.linalg.norm(g.numpy()) < tolerance:
            return w.numpy(), steps
        w = w - lr * g
        steps += 1
    return w.numpy(), steps


# %% two_slopes | right
import numpy as np


def two_slopes(w1, g1, w2, g2):
    slope, height = np.polyfit([w1, w2], [g1, g2], 1)
    return np.array([2 / slope, -height / slope])


# %% two_slopes | right
import numpy as np


def two_slopes(w1, g1, w2, g2):
    a, c = np.polyfit([w1, w2], [g1, g2], 1)
    return np.float64(2 / a), -c / a


# %% two_slopes | right
from fractions import Fraction


def two_slopes(w1, g1, w2, g2):
    d = torch.tensor(float(g2)).double() - g1
    e = torch.tensor(float(w2)).double() - w1
    return [(2 * e / d), (w1 * g2 - w2 * g1) / d]


# %% line_edge | right
import numpy as np


def line_edge(x):
    X = np.vander(x.numpy().astype("float64"), 2)
    return 2 / np.linalg.eigvalsh(2 * X.T @ X / len(X)).max()


# %% line_edge | slip | 3.56 | by its place in the list
def line_edge(x):
    X = torch.stack([x, torch.ones_like(x)], 1)
    return 2 / torch.linalg.eigvals(2 / len(x) * X.T @ X).real[0]


# %% batch_gradient | right
def batch_gradient(w, b, x, y, rows):
    g_w = g_b = 0.0
    for i in rows.tolist():
        error = w * x[i].item() + b - y[i].item()
        g_w, g_b = g_w + 2 * error * x[i].item(), g_b + 2 * error
    return g_w / len(rows), g_b / len(rows)


# %% batch_gradient | right
def batch_gradient(w, b, x, y, rows):
    c = torch.bincount(rows, minlength=len(x)).double()
    e = (w * x.double() + b - y) * c
    return 2 * (e @ x.double()) / len(rows), 2 * e.sum() / len(rows)


# %% enough | right
import numpy as np


def enough(G, share):
    G = G.numpy()
    mean = G.mean(axis=0)
    return int(
        np.ceil(np.einsum("ij,ij->", G - mean, G - mean) / len(G) / (share**2 * mean @ mean))
    )


# %% enough | right
def enough(G, share):
    G = G.double()
    m = G.mean(0)
    s = (G - m).norm(dim=1).square().mean().sqrt()
    B = 1
    while s / B**0.5 > share * m.norm():
        B += 1
    return B


# %% enough | slip | 3.2 | add nothing
import math


def enough(G, share):
    m = G.mean(0)
    s2 = ((G - m) ** 2).sum(1).mean()
    return math.floor(s2 / (share**2 * (m @ m))) + 1


# %% enough | slip | 3.2 | A batch of one
import math


def enough(G, share):
    m = G.mean(0)
    s2 = ((G - m) ** 2).sum(1).mean()
    return max(2, math.ceil(s2 / (share**2 * (m @ m))))


# %% enough | slip | 3.2 | nearest whole number
def enough(G, share):
    m = G.mean(0)
    s2 = ((G - m) ** 2).sum(1).mean()
    return round(float(s2 / (share**2 * (m @ m))) + 0.4)


# %% roll | right
import numpy as np


def roll(w, gradients, lr, momentum):
    places, v = [w.numpy()], 0
    for g in gradients.numpy():
        v = momentum * v + g
        places.append(places[-1] - lr * v)
    return np.array(places)


# %% schedule | right
def schedule(H):
    return [1 / curvature for curvature in torch.linalg.eigvals(H).real.tolist()]


# %% schedule | right
def schedule(H):
    return torch.linalg.eigvals(H.double()).real.reciprocal().flip(0)
