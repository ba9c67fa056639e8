# Answers to the exercises of chapter 3. tools/answer_bank.py says how this file is read.

# %% forward_with_cache | right
def forward_with_cache(x, y, W1, b1, W2, b2):
    z1 = torch.nn.functional.linear(x, W1, b1)
    s = 1 / (1 + torch.exp(-z1))
    z2 = torch.nn.functional.linear(s, W2, b2)
    loss = torch.nn.MSELoss()(z2, y)
    return loss, {"x": x, "z1": z1, "s": s, "z2": z2}


# %% forward_with_cache | right
def forward_with_cache(x, y, W1, b1, W2, b2):
    print("batch of", len(x))
    s = torch.stack([torch.sigmoid(W1.double() @ row.double() + b1) for row in x])
    z2 = torch.stack([W2.double() @ row + b2 for row in s])
    total = 0.0
    for n in range(y.shape[0]):
        for k in range(y.shape[1]):
            total += (z2[n, k] - y[n, k]).item() ** 2
    return [total / y.numel(), dict(s=s, z2=z2)]


# %% forward_with_cache | wrong | 1 | added the outputs up
def forward_with_cache(x, y, W1, b1, W2, b2):
    s = torch.sigmoid(x @ W1.T + b1)
    z2 = s @ W2.T + b2
    return ((z2 - y) ** 2).sum(dim=1).mean(), {"s": s, "z2": z2}


# %% forward_with_cache | wrong | 0 | Where is the sigmoid?
def forward_with_cache(x, y, W1, b1, W2, b2):
    s = x @ W1.T + b1
    z2 = s @ W2.T + b2
    return ((z2 - y) ** 2).mean(), {"s": s, "z2": z2}


# %% forward_with_cache | slip | 2.5 | That is Z1, what went into the sigmoid
def forward_with_cache(x, y, W1, b1, W2, b2):
    s = x @ W1.T + b1
    z2 = s.sigmoid() @ W2.T + b2
    return ((z2 - y) ** 2).mean(), {"s": s, "z2": z2}


# %% forward_with_cache | wrong | 0 | Return 2 things, in a tuple
def forward_with_cache(x, y, W1, b1, W2, b2):
    """Hands back the loss alone."""
    return ((torch.sigmoid(x @ W1.T + b1) @ W2.T + b2 - y) ** 2).mean()


# %% forward_with_cache | wrong | 0.5 | The second layer has no sigmoid
def forward_with_cache(x, y, W1, b1, W2, b2):
    s = torch.sigmoid(x @ W1.T + b1)
    z2 = torch.sigmoid(s @ W2.T + b2)
    return ((z2 - y) ** 2).mean(), {"s": s, "z2": z2}


# %% forward_with_cache | wrong | 0 | Your code raised
def forward_with_cache(x, y, W1, b1, W2, b2):
    s = torch.sigmoid(x @ W1 + b1)
    z2 = s @ W2 + b2
    return ((z2 - y) ** 2).mean(), {"s": s, "z2": z2}


# %% through_sigmoid | right
def through_sigmoid(G, s):
    slope = 0.25 - (s.double() - 0.5) ** 2
    return slope * G


# %% through_sigmoid | right
def through_sigmoid(G, s):
    s = s.clone().requires_grad_()
    z = torch.log(s / (1 - s)).detach().requires_grad_()
    torch.sigmoid(z).backward(G)
    return z.grad


# %% through_sigmoid | wrong | 0 | You took the sigmoid of S
def through_sigmoid(G, s):
    return G * torch.sigmoid(s) * (1 - torch.sigmoid(s))


# %% through_sigmoid | wrong | 0 | the local derivative alone
def through_sigmoid(G, s):
    return s * (1 - s)


# %% through_sigmoid | wrong | 0 | The slope is S(1 − S), not S
def through_sigmoid(G, s):
    return G * s


# %% through_sigmoid | wrong | 0 | Your code raised
def through_sigmoid(G, s):
    return G @ (s * (1 - s))


# %% through_sigmoid | wrong | 0 | the slope of tanh
def through_sigmoid(G, s):
    return G * (1 - s**2)


# %% shapes | right
shape_of_dW = (20, 30)
terms_of_dW = 50.0
product_for_x = "delta @ W"
batch_of_20 = "wrong numbers"

# %% shapes | right
delta, x, W = torch.zeros(50, 20), torch.zeros(50, 30), torch.zeros(20, 30)
shape_of_dW = (delta.T @ x).shape
terms_of_dW = len(x)
product_for_x = f"{'delta'} @ W"
batch_of_20 = "wrong" + " numbers"

# %% shapes | wrong | 1 | the shape of the transpose
shape_of_dW = (30, 20)
terms_of_dW = 20
product_for_x = "delta @ W"
batch_of_20 = "an error"

# %% shapes | wrong | 2 | backwards there is none
shape_of_dW = (20, 30)
terms_of_dW = 50
product_for_x = "delta @ W.T"
batch_of_20 = "right"

# %% shapes | wrong | 1 | not done yet
shape_of_dW = (20, 30)
terms_of_dW = 1
product_for_x = "W.T @ delta"
batch_of_20 = None

# %% shapes | wrong | 2 | With 20, delta is square
shape_of_dW = (50, 20, 30)
terms_of_dW = 50
product_for_x = "delta @ W"
batch_of_20 = "an error"


# %% through_linear | right
def through_linear(delta, x, W):
    return {
        "x": delta @ W,
        "W": delta.T @ x,
        "b": delta.T @ torch.ones(len(delta), dtype=delta.dtype),
    }


# %% through_linear | right
def through_linear(delta, x, W):
    dW, db, dx = torch.zeros(W.shape), torch.zeros(W.shape[0]), torch.zeros(x.shape)
    for n in range(len(x)):
        for j in range(len(W)):
            db[j] += delta[n, j]
            for i in range(W.shape[1]):
                dW[j, i] += delta[n, j] * x[n, i]
                dx[n, i] += delta[n, j] * W[j, i]
    return {"W": dW, "b": db, "x": dx}


# %% through_linear | right
def through_linear(delta, x, W):
    return {
        "W": torch.einsum("bo,bi->oi", delta, x),
        "b": delta.sum(dim=0, keepdim=True),
        "x": (W.T @ delta.T).T,
    }


# %% through_linear | slip | 2.82 | lie the wrong way
def through_linear(delta, x, W):
    return {"W": x.T @ delta, "b": delta.sum(dim=0), "x": delta @ W}


# %% through_linear | slip | 2.82 | a mean belongs to the loss
def through_linear(delta, x, W):
    return {"W": delta.T @ x, "b": delta.mean(dim=0), "x": delta @ W}


# %% through_linear | wrong | 1.65 | “b”: that is delta itself
def through_linear(delta, x, W):
    return {"W": delta.T @ x / len(x), "b": delta, "x": delta @ W}


# %% through_linear | slip | 2.35 | one sum an example
def through_linear(delta, x, W):
    return {"W": delta.T @ x, "b": delta.sum(dim=1), "x": delta @ W}


# %% through_linear | wrong | 0 | Your code raised
def through_linear(delta, x, W):
    return {"W": delta @ x, "b": delta.sum(dim=0), "x": delta @ W.T}


# %% through_linear | right
def through_linear(delta, x, W):
    return {"dW": delta.T @ x, "db": delta.sum(dim=0), "dx": delta @ W}


# %% from_loss | right
def from_loss(z, y):
    return 2 * (z - y) / (z.shape[0] * z.shape[1])


# %% from_loss | right
def from_loss(z, y):
    z = z.clone().requires_grad_(True)
    torch.nn.functional.mse_loss(z, y).backward()
    return z.grad


# %% from_loss | wrong | 0 | right for the chapter's loss
def from_loss(z, y):
    return 2 * (z - y) / len(y)


# %% from_loss | wrong | 0 | It is missing
def from_loss(z, y):
    return 2 * (z - y)


# %% from_loss | wrong | 0 | the slope of e² is 2e
def from_loss(z, y):
    return (z - y) / z.numel()


# %% from_loss | wrong | 0 | The sign is the wrong one
def from_loss(z, y):
    return 2 * (y - z) / z.numel()


# %% from_loss | wrong | 0 | Each entry is 2
def from_loss(z, y):
    return (2 * (z - y)).mean()


# %% backward | right
def backward(x, s, p, y, W2):
    delta2 = p.clone()
    delta2[torch.arange(len(y)), y] -= 1
    delta2 /= len(y)
    delta1 = (delta2 @ W2) * s * (1 - s)
    return {
        "W1": delta1.T @ x,
        "b1": delta1.sum(dim=0),
        "W2": delta2.T @ s,
        "b2": delta2.sum(dim=0),
    }


# %% backward | right
def backward(x, s, p, y, W2):
    # example by example, with outer products; the mean at the end
    total = {"W1": 0, "b1": 0, "W2": 0, "b2": 0}
    for n in range(len(x)):
        d2 = p[n] - torch.eye(p.shape[1])[y[n]]
        d1 = W2.T.to(d2.dtype) @ d2 * s[n] * (1 - s[n])
        total["W2"] = total["W2"] + torch.outer(d2, s[n].to(d2.dtype))
        total["W1"] = total["W1"] + torch.outer(d1, x[n].to(d1.dtype))
        total["b2"] = total["b2"] + d2
        total["b1"] = total["b1"] + d1
    return {name: gradient / len(x) for name, gradient in total.items()}


# %% backward | right
def backward(x, s, p, y, W2):
    # changes the p that it is given
    p[range(len(y)), y] -= 1
    delta1 = (p @ W2) * (s * (1 - s))
    return {
        "W1": torch.einsum("bh,bi->hi", delta1, x) / len(x),
        "b1": delta1.mean(dim=0),
        "W2": p.T @ s / len(x),
        "b2": p.mean(dim=0),
    }


# %% backward | wrong | 1.67 | the slope of the sigmoid, S(1 − S), is missing
def backward(x, s, p, y, W2):
    delta2 = (p - torch.nn.functional.one_hot(y, p.shape[1])) / len(y)
    delta1 = delta2 @ W2
    return {
        "W1": delta1.T @ x,
        "b1": delta1.sum(dim=0),
        "W2": delta2.T @ s,
        "b2": delta2.sum(dim=0),
    }


# %% backward | wrong | 0 | divide by B where the gradient starts
def backward(x, s, p, y, W2):
    delta2 = p - torch.nn.functional.one_hot(y, p.shape[1])
    delta1 = (delta2 @ W2) * s * (1 - s)
    return {
        "W1": delta1.T @ x,
        "b1": delta1.sum(dim=0),
        "W2": delta2.T @ s,
        "b2": delta2.sum(dim=0),
    }


# %% backward | wrong | 0 | you started with the probabilities
def backward(x, s, p, y, W2):
    delta2 = p / len(y)
    delta1 = (delta2 @ W2) * s * (1 - s)
    return {
        "W1": delta1.T @ x,
        "b1": delta1.sum(dim=0),
        "W2": delta2.T @ s,
        "b2": delta2.sum(dim=0),
    }


# %% backward | slip | 3.33 | You divided by B twice: take the sum
def backward(x, s, p, y, W2):
    delta2 = (p - torch.nn.functional.one_hot(y, p.shape[1])) / len(y)
    delta1 = (delta2 @ W2) * s * (1 - s)
    return {
        "W1": delta1.T @ x,
        "b1": delta1.mean(dim=0),
        "W2": delta2.T @ s,
        "b2": delta2.mean(dim=0),
    }


# %% backward | wrong | 2.08 | it lies the wrong way
def backward(x, s, p, y, W2):
    delta2 = (p - torch.nn.functional.one_hot(y, p.shape[1])) / len(y)
    delta1 = (delta2 @ W2) * s * (1 - s)
    return {
        "W1": x.T @ delta1,
        "b1": delta1.sum(dim=0),
        "W2": s.T @ delta2,
        "b2": delta2.sum(dim=0),
    }


# %% backward | wrong | 0 | not the other way round
def backward(x, s, p, y, W2):
    delta2 = (torch.nn.functional.one_hot(y, p.shape[1]) - p) / len(y)
    delta1 = (delta2 @ W2) * s * (1 - s)
    return {
        "W1": delta1.T @ x,
        "b1": delta1.sum(dim=0),
        "W2": delta2.T @ s,
        "b2": delta2.sum(dim=0),
    }


# %% gradient_error | right
def gradient_error(loss, w, gradient, h=1e-5):
    measured = torch.zeros_like(w)
    for i in range(w.numel()):
        kept = w.view(-1)[i].item()
        w.view(-1)[i] = kept + h
        up = loss(w)
        w.view(-1)[i] = kept - h
        down = loss(w)
        w.view(-1)[i] = kept
        measured.view(-1)[i] = (up - down) / (2 * h)
    if measured.norm() == 0:
        raise ValueError("nothing moves the loss")
    return torch.linalg.vector_norm(gradient - measured) / torch.linalg.vector_norm(measured)


# %% gradient_error | right
import itertools


def gradient_error(loss, w, gradient, h=1e-5):
    print("checking", w.numel(), "entries")
    difference, length = 0.0, 0.0
    for place in itertools.product(*map(range, w.shape)):
        nudge = torch.zeros_like(w)
        nudge[place] = h
        slope = ((loss(w + nudge) - loss(w - nudge)) / (2 * h)).item()
        difference += (gradient[place].item() - slope) ** 2
        length += slope**2
    if length < 1e-20:
        raise ValueError("all slopes are 0")
    return (difference / length) ** 0.5


# %% gradient_error | right
def gradient_error(loss, w, gradient, h=1e-5):
    # float32 for the slopes, and entries that are put back by subtracting
    flat, m = w.view(-1), torch.zeros(w.numel())
    for i in range(len(flat)):
        flat[i] += h
        m[i] = loss(w)
        flat[i] -= 2 * h
        m[i] = 0
        down = loss(w)
        flat[i] += 2 * h
        m[i] = (loss(w) - down) / (2 * h)
        flat[i] -= h
    if not m.abs().max() > 0:
        raise ValueError
    return ((gradient.flatten() - m) ** 2).sum().sqrt() / (m**2).sum().sqrt()


# %% gradient_error | wrong | 0.75 | Divide it by the length of what was measured
def gradient_error(loss, w, gradient, h=1e-5):
    m = torch.zeros_like(w)
    for i in range(w.numel()):
        up, down = w.clone(), w.clone()
        up.view(-1)[i] += h
        down.view(-1)[i] -= h
        m.view(-1)[i] = (loss(up) - loss(down)) / (2 * h)
    if (m == 0).all():
        raise ValueError
    return (gradient - m).norm()


# %% gradient_error | wrong | 1.56 | You measured on one side only
def gradient_error(loss, w, gradient, h=1e-5):
    m = torch.zeros_like(w)
    for i in range(w.numel()):
        up = w.clone()
        up.view(-1)[i] += h
        m.view(-1)[i] = (loss(up) - loss(w)) / h
    if (m.abs() < 1e-4).all():
        raise ValueError
    return (gradient - m).norm() / m.norm()


# %% gradient_error | slip | 3.73 | there is nothing to compare with
def gradient_error(loss, w, gradient, h=1e-5):
    m = torch.zeros_like(w)
    for i in range(w.numel()):
        up, down = w.clone(), w.clone()
        up.view(-1)[i] += h
        down.view(-1)[i] -= h
        m.view(-1)[i] = (loss(up) - loss(down)) / (2 * h)
    return (gradient - m).norm() / m.norm()


# %% gradient_error | wrong | 0.47 | Divide by what was measured: the claim may be zero
def gradient_error(loss, w, gradient, h=1e-5):
    m = torch.zeros_like(w)
    for i in range(w.numel()):
        up, down = w.clone(), w.clone()
        up.view(-1)[i] += h
        down.view(-1)[i] -= h
        m.view(-1)[i] = (loss(up) - loss(down)) / (2 * h)
    return (gradient - m).norm() / gradient.norm()


# %% gradient_error | wrong | 1.02 | Move each entry of w alone
def gradient_error(loss, w, gradient, h=1e-5):
    m = torch.zeros_like(w)
    for i in range(len(w)):  # a whole row at once
        up, down = w.clone(), w.clone()
        up[i] += h
        down[i] -= h
        m[i] = (loss(up) - loss(down)) / (2 * h)
    if (m == 0).all():
        raise ValueError
    return (gradient - m).norm() / m.norm()


# %% gradient_error | slip | 1.83 | Your slopes don't depend on h
def gradient_error(loss, w, gradient, h=1e-5):
    v = w.clone().requires_grad_()
    loss(v).backward()
    if not v.grad.any():
        raise ValueError
    return (gradient - v.grad).norm() / v.grad.norm()


# %% gradient_error | slip | 3.86 | after the check w and the claim must hold what they held before
def gradient_error(loss, w, gradient, h=1e-5):
    m = torch.zeros_like(w)
    flat = w.view(-1)
    for i in range(w.numel()):
        flat[i] += h
        up = loss(w)
        flat[i] -= 2 * h
        down = loss(w)
        flat[i] += h
        m.view(-1)[i] = (up - down) / (2 * h)
    if not m.any():
        raise ValueError
    flat[-1] += 1
    return (gradient - m).norm() / m.norm()


# %% train_step | right
def train_step(x, y, W1, W2, W3, lr):
    S1 = sigmoid(W1 * x)
    S2 = sigmoid(W2 * S1)
    y_hat = W3 * S2
    dy_hat = 2 * (y_hat - y)
    dW3 = S2 * dy_hat
    dS2 = W3 * dy_hat
    dW2 = S1 * S2 * (1 - S2) * dS2
    dS1 = W2 * S2 * (1 - S2) * dS2
    dW1 = x * S1 * (1 - S1) * dS1
    W3 = W3 - lr * dW3
    W2 = W2 - lr * dW2
    W1 = W1 - lr * dW1
    return W1, W2, W3


# %% train_step | right
def train_step(x, y, W1, W2, W3, lr):
    weights = [torch.tensor(float(W), requires_grad=True) for W in (W1, W2, W3)]
    a, b, c = weights
    loss = (c * torch.sigmoid(b * torch.sigmoid(a * x)) - y) ** 2
    gradients = torch.autograd.grad(loss, weights)
    return [w - lr * g for w, g in zip(weights, gradients)]


# %% train_step | wrong | 0.8 | through the new W3
def train_step(x, y, W1, W2, W3, lr):
    S1 = sigmoid(W1 * x)
    S2 = sigmoid(W2 * S1)
    d = 2 * (W3 * S2 - y)
    W3 = W3 - lr * S2 * d
    d = W3 * S2 * (1 - S2) * d
    W2 = W2 - lr * S1 * d
    d = W2 * S1 * (1 - S1) * d
    W1 = W1 - lr * x * d
    return W1, W2, W3


# %% train_step | wrong | 0 | The gradient points uphill
def train_step(x, y, W1, W2, W3, lr):
    S1 = sigmoid(W1 * x)
    S2 = sigmoid(W2 * S1)
    d3 = 2 * (W3 * S2 - y)
    d2 = W3 * S2 * (1 - S2) * d3
    d1 = W2 * S1 * (1 - S1) * d2
    return W1 + lr * x * d1, W2 + lr * S1 * d2, W3 + lr * S2 * d3


# %% train_step | wrong | 1.6 | came through the new W2.
def train_step(x, y, W1, W2, W3, lr):
    S1 = sigmoid(W1 * x)
    S2 = sigmoid(W2 * S1)
    d3 = 2 * (W3 * S2 - y)
    d2 = W3 * S2 * (1 - S2) * d3
    W3 = W3 - lr * S2 * d3
    W2 = W2 - lr * S1 * d2
    d1 = W2 * S1 * (1 - S1) * d2
    return W1 - lr * x * d1, W2, W3


# %% train_step | wrong | 0 | The factor 2
def train_step(x, y, W1, W2, W3, lr):
    S1 = sigmoid(W1 * x)
    S2 = sigmoid(W2 * S1)
    d3 = W3 * S2 - y
    d2 = W3 * S2 * (1 - S2) * d3
    d1 = W2 * S1 * (1 - S1) * d2
    return W1 - lr * x * d1, W2 - lr * S1 * d2, W3 - lr * S2 * d3


# %% train_step | wrong | 0.8 | The slopes of the sigmoids, S(1 − S), are missing
def train_step(x, y, W1, W2, W3, lr):
    S1 = sigmoid(W1 * x)
    S2 = sigmoid(W2 * S1)
    d = 2 * (W3 * S2 - y)
    return W1 - lr * x * W2 * W3 * d, W2 - lr * S1 * W3 * d, W3 - lr * S2 * d


# %% fork | right
ways = 5
gradient_b = 4.0
gradient_a = 14
order = ["d", "c", "b", "a"]

# %% fork | right
a = torch.tensor(3.0, requires_grad=True)
b = a + a
b.retain_grad()
(b + a * b).backward()
ways = 2 + 1 + 2
gradient_b = b.grad.item()
gradient_a = a.grad.item()
order = tuple("dcba")

# %% fork | wrong | 1 | number of edges
ways = 6
gradient_b = 1
gradient_a = 8
order = ["d", "c", "b", "a"]

# %% fork | wrong | 1 | the order of the forward pass
ways = 5
gradient_b = 3
gradient_a = 12
order = ["a", "b", "c", "d"]

# %% fork | wrong | 1 | b would hand its gradient down too early
ways = 3
gradient_b = 4
gradient_a = 5
order = ["d", "b", "c", "a"]

# %% fork | wrong | 0 | along both edges
ways = 4
gradient_b = 7
gradient_a = 10
order = None


# %% left_over | right
def left_over(x, weights):
    if not weights:
        return 1.0
    *lower, w = weights
    s = x
    for v in weights:
        s = sigmoid(v * s)
    return w * s * (1 - s) * left_over(x, lower)


# %% left_over | right
def left_over(x, weights):
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    s = x
    for w in weights:
        s = torch.sigmoid(w * s)
    s.backward()
    return x.grad


# %% left_over | right
def left_over(x, weights):
    outputs = []
    for w in weights:
        outputs.append(sigmoid(w * (outputs[-1] if outputs else x)))
    gradient = torch.ones(1)
    for w, s in zip(weights[::-1], outputs[::-1]):
        gradient *= s * (1 - s)
        gradient *= w
    return gradient


# %% left_over | wrong | 0 | The weights multiply the gradient too
def left_over(x, weights):
    s, left = x, 1
    for w in weights:
        s = sigmoid(w * s)
        left *= s * (1 - s)
    return left


# %% left_over | wrong | 0 | Every layer gets the output of the one below it
def left_over(x, weights):
    left = 1
    for w in weights:
        s = sigmoid(w * x)
        left *= w * s * (1 - s)
    return left


# %% left_over | wrong | 0 | multiplied, not added
def left_over(x, weights):
    s, left = x, 0
    for w in weights:
        s = sigmoid(w * s)
        left += w * s * (1 - s)
    return left


# %% left_over | wrong | 0 | The sigmoid's slope multiplies the gradient too
def left_over(x, weights):
    return math.prod(weights)


# %% tied_backward | right
def tied_backward(x, s, x_hat, W):
    delta2 = 2 * (x_hat - x) / len(x)
    dV = delta2.T @ s  # the upper layer's matrix is V = W.T
    delta1 = (delta2 @ W.T) * s * (1 - s)
    dW = delta1.T @ x
    dW += dV.T
    return {"W": dW, "b": delta1.sum(dim=0), "c": delta2.sum(dim=0)}


# %% tied_backward | right
def tied_backward(x, s, x_hat, W):
    dW, db, dc = torch.zeros_like(W), torch.zeros(len(W)), torch.zeros(x.shape[1])
    for n in range(len(x)):
        d2 = (x_hat[n] - x[n]) * 2
        d1 = (W @ d2) * (s[n] - s[n] ** 2)
        dW += torch.outer(s[n], d2) + torch.outer(d1, x[n])
        db += d1
        dc += d2
    return {"W": dW / len(x), "b": db / len(x), "c": dc / len(x)}


# %% tied_backward | wrong | 1.65 | that is what the lower layer gives
def tied_backward(x, s, x_hat, W):
    delta2 = 2 * (x_hat - x) / len(x)
    delta1 = (delta2 @ W.T) * s * (1 - s)
    return {"W": delta1.T @ x, "b": delta1.sum(dim=0), "c": delta2.sum(dim=0)}


# %% tied_backward | wrong | 0.94 | that is what the upper layer gives
def tied_backward(x, s, x_hat, W):
    delta2 = 2 * (x_hat - x) / len(x)
    return {"W": s.T @ delta2, "b": (delta2 @ W.T).mean(dim=0), "c": delta2.sum(dim=0)}


# %% tied_backward | wrong | 1.65 | the mean of the two
def tied_backward(x, s, x_hat, W):
    delta2 = 2 * (x_hat - x) / len(x)
    delta1 = (delta2 @ W.T) * s * (1 - s)
    dW = (delta1.T @ x + s.T @ delta2) / 2
    return {"W": dW, "b": delta1.sum(dim=0), "c": delta2.sum(dim=0)}


# %% tied_backward | wrong | 0 | B times too long
def tied_backward(x, s, x_hat, W):
    delta2 = 2 * (x_hat - x)
    delta1 = (delta2 @ W.T) * s * (1 - s)
    dW = delta1.T @ x + s.T @ delta2
    return {"W": dW, "b": delta1.sum(dim=0), "c": delta2.sum(dim=0)}


# %% tied_backward | wrong | 0.94 | the slope of the sigmoid
def tied_backward(x, s, x_hat, W):
    delta2 = 2 * (x_hat - x) / len(x)
    delta1 = delta2 @ W.T
    dW = delta1.T @ x + s.T @ delta2
    return {"W": dW, "b": delta1.sum(dim=0), "c": delta2.sum(dim=0)}


# %% forward_with_cache | right
def forward_with_cache(x, y, W1, b1, W2, b2):
    s = 1 / (1 + torch.exp(-(torch.einsum("bi,hi->bh", x, W1) + b1)))
    z2 = torch.einsum("bh,kh->bk", s, W2) + b2
    return torch.nn.functional.mse_loss(z2, y), (s, z2)


# %% forward_with_cache | right
def forward_with_cache(x, y, W1, b1, W2, b2):
    s = torch.sigmoid(torch.einsum("ni,hi->nh", x.double(), W1.double()) + b1)
    z2 = torch.einsum("nh,kh->nk", s, W2.double()).add_(b2)
    e = z2 - y
    return torch.einsum("nk,nk->", e, e) / e.numel(), {"s": s, "z2": z2}


# %% forward_with_cache | wrong | 1.33 | You divided by K only
def forward_with_cache(x, y, W1, b1, W2, b2):
    s = torch.sigmoid(x @ W1.T + b1)
    z2 = s @ W2.T + b2
    return ((z2 - y) ** 2).sum() / y.shape[1], {"s": s, "z2": z2}


# %% through_sigmoid | right
import numpy as np


def through_sigmoid(G, s):
    G, s = G.numpy(), s.numpy()
    return np.multiply(G, s * (1 - s))


# %% through_sigmoid | right
def through_sigmoid(G, s):
    return torch.einsum("...,...->...", G.double(), s.double() - s.double().square())


# %% through_sigmoid | wrong | 0 | any shape
def through_sigmoid(G, s):
    return G * (s * (1 - s)).clamp(min=0.05)


# %% through_linear | right
def through_linear(delta, x, W):
    return delta.T @ x, delta.sum(dim=0, keepdim=True), torch.einsum("bo,oi->bi", delta, W)


# %% through_linear | slip | 3.53 | added over the outputs
def through_linear(delta, x, W):
    return {"W": delta.T @ x, "b": delta.squeeze().sum(0), "x": delta @ W}


# %% from_loss | right
def from_loss(z, y):
    z = z.clone().requires_grad_()
    ((z - y) ** 2).mean().backward()
    return z.grad


# %% from_loss | right
def from_loss(z, y):
    B, K = z.shape
    return [[2 * (float(z[i, k]) - float(y[i, k])) / (B * K) for k in range(K)] for i in range(B)]


# %% from_loss | right
def from_loss(z, y):
    z = z.clone().requires_grad_()
    with torch.enable_grad():
        torch.nn.functional.mse_loss(z, y).backward()
    return z.grad


# %% backward | right
def deltas(s, p, y, W2):
    top = p.clone()
    for row, label in zip(top, y):
        row[label] -= 1
    top /= len(y)
    return top, torch.einsum("bk,kh,bh->bh", top, W2, s - s * s)


# ---
def backward(x, s, p, y, W2):
    top, bottom = deltas(s, p, y, W2)
    return {"dW1": bottom.T @ x, "db1": bottom.sum(0), "dW2": top.T @ s, "db2": top.sum(0)}


# %% gradient_error | right
import numpy as np


def gradient_error(loss, w, gradient, h=1e-5):
    m = np.zeros(w.shape)
    for index in np.ndindex(*w.shape):
        up, down = w.clone(), w.clone()
        up[index] += h
        down[index] -= h
        m[index] = (loss(up).item() - loss(down).item()) / (2 * h)
    if not np.any(m):
        raise ValueError("no weight moves the loss")
    return np.linalg.norm(gradient.numpy() - m) / np.linalg.norm(m)


# %% gradient_error | right
def gradient_error(loss, w, gradient, h=1e-5):
    E = h * torch.eye(w.numel(), dtype=w.dtype).view(-1, *w.shape)
    m = torch.stack([loss(w + e) - loss(w - e) for e in E]).reshape(w.shape) / (2 * h)
    if torch.count_nonzero(m) == 0:
        raise ValueError
    return torch.sqrt(((gradient - m) ** 2).sum() / (m**2).sum())


# %% train_step | right
def train_step(x, y, W1, W2, W3, lr):
    weights = [torch.tensor(W, dtype=torch.double, requires_grad=True) for W in (W1, W2, W3)]
    value = torch.tensor(x, dtype=torch.double)
    for W in weights[:2]:
        value = torch.sigmoid(W * value)
    ((weights[2] * value - y) ** 2).backward()
    return [W.detach() - lr * W.grad for W in weights]


# %% train_step | right
def train_step(x, y, W1, W2, W3, lr):
    s1 = sigmoid(W1 * x)
    s2 = sigmoid(W2 * s1)
    d = 2 * (W3 * s2 - y)
    g3 = d * s2
    d = d * W3 * s2 * (1 - s2)
    g2 = d * s1
    d = d * W2 * s1 * (1 - s1)
    return torch.tensor([W1 - lr * d * x, W2 - lr * g2, W3 - lr * g3])


# %% train_step | right
def train_step(x, y, W1, W2, W3, lr):
    p = torch.tensor([W1, W2, W3], dtype=torch.float64, requires_grad=True)
    with torch.enable_grad():
        (((p[2] * torch.sigmoid(p[1] * torch.sigmoid(p[0] * x))) - y) ** 2).backward()
    return tuple((p - lr * p.grad).tolist())


# %% left_over | right
def left_over(x, weights):
    if not weights:
        return 1.0
    s = sigmoid(weights[0] * x)
    return weights[0] * s * (1 - s) * left_over(s, weights[1:])


# %% left_over | wrong | 0 | turns the sign
def left_over(x, weights):
    s, left = x, 1.0
    for w in weights:
        s = sigmoid(w * s)
        left *= abs(w) * s * (1 - s)
    return left


# %% tied_backward | right
class Tied:
    def __call__(self, x, s, x_hat, W):
        top = 2 * (x_hat - x) / x.shape[0]
        bottom = torch.einsum("bi,hi,bh->bh", top, W, s * (1 - s))
        dW = torch.einsum("bh,bi->hi", bottom, x) + torch.einsum("bh,bi->hi", s, top)
        return dW, bottom.sum(0), top.sum(0)


tied_backward = Tied()


# %% tied_backward | right
def tied_backward(x, s, x_hat, W):
    d = (x_hat.double() - x) * (2 / x.shape[0])
    e = torch.einsum("ni,ji,nj,nj->nj", d, W.double(), s.double(), 1 - s.double())
    return {
        "W": torch.einsum("nj,ni->ji", s.double(), d).add_(
            torch.einsum("nj,ni->ji", e, x.double())
        ),
        "b": e.sum(0, keepdim=True),
        "c": d.sum(0, keepdim=True),
    }
