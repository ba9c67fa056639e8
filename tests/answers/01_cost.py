# Answers to the exercises of chapter 1. tools/answer_bank.py says how this file is read.

# %% mean_squared_error | right
def mean_squared_error(y_hat, y):
    return (y_hat - y).pow(2).mean()


# %% mean_squared_error | right
def mean_squared_error(y_hat, y):
    print("looking at", len(y), "examples")
    total = 0.0
    for guess, target in zip(y_hat.tolist(), y.tolist()):
        total += (guess - target) ** 2
    return total / len(y)


# %% mean_squared_error | wrong | 0 | The cost is their mean
def mean_squared_error(y_hat, y):
    return ((y_hat - y) ** 2).sum()


# %% mean_squared_error | wrong | 0 | the mean of the squares
def mean_squared_error(y_hat, y):
    return (y_hat - y).mean() ** 2


# %% mean_squared_error | wrong | 0 | the absolute loss
def mean_squared_error(y_hat, y):
    return (y_hat - y).abs().mean()


# %% mean_squared_error | wrong | 0 | This fits the example shown
def mean_squared_error(y_hat, y):
    return 2.5


# %% huber | right
def huber(e, delta):
    near = e.abs() <= delta
    return near * e**2 / 2 + ~near * delta * (e.abs() - delta / 2)


# %% huber | right
def huber(e, delta):
    return torch.stack([x**2 / 2 if abs(x) <= delta else delta * (abs(x) - delta / 2) for x in e])


# %% huber | wrong | 0 | the ½ is missing
def huber(e, delta):
    return torch.where(e.abs() <= delta, e**2, delta * (e.abs() - delta / 2))


# %% huber | wrong | 0.43 | A negative error can be far too
def huber(e, delta):
    return torch.where(e <= delta, e**2 / 2, delta * (e.abs() - delta / 2))


# %% huber | wrong | 0 | Give one loss for each error
def huber(e, delta):
    return torch.where(e.abs() <= delta, e**2 / 2, delta * (e.abs() - delta / 2)).mean()


# %% negative_log_likelihood | right
def negative_log_likelihood(p, y):
    return torch.nn.functional.nll_loss(p.log(), y)


# %% negative_log_likelihood | right
def negative_log_likelihood(p, y):
    right = p.gather(1, y[:, None])
    return -torch.log(right).mean(dim=0, keepdim=True)


# %% negative_log_likelihood | wrong | 0 | The sign is missing
def negative_log_likelihood(p, y):
    return p[torch.arange(len(y)), y].log().mean()


# %% negative_log_likelihood | wrong | 0 | Only the right class's counts
def negative_log_likelihood(p, y):
    return -p.log().mean()


# %% negative_log_likelihood | wrong | 0 | You added the losses up
def negative_log_likelihood(p, y):
    return -p[range(len(y)), y].log().sum()


# %% share_of_mistakes | right
def share_of_mistakes(z, y):
    wrong = sum(int(row.argmax() != target) for row, target in zip(z, y))
    return wrong / len(y)


# %% share_of_mistakes | right
def share_of_mistakes(z, y):
    return 1 - (z.max(dim=1).indices == y).float().mean()


# %% share_of_mistakes | wrong | 0 | the accuracy
def share_of_mistakes(z, y):
    return (z.argmax(dim=1) == y).float().mean()


# %% share_of_mistakes | wrong | 0 | the number of mistakes
def share_of_mistakes(z, y):
    return (z.argmax(dim=1) != y).sum()


# %% share_of_mistakes | wrong | 0 | Your code raised
def share_of_mistakes(z, y):
    return (z.argmax(dim=1) != y).mean()


# %% trap | right
shape_of_error = (20, 20)
number_of_errors = 20 * 20
shape_after_squeeze = (20,)
warns = False

# %% trap | right
shape_of_error = tuple((torch.zeros(20, 1) - torch.zeros(20)).shape)
number_of_errors = 400.0
shape_after_squeeze = (torch.zeros(20, 1).squeeze(1) - torch.zeros(20)).shape
warns = bool(0)

# %% trap | wrong | 2 | is stretched too
shape_of_error = (20, 1)
number_of_errors = 20
shape_after_squeeze = (20,)
warns = False

# %% trap | wrong | 2 | That is what you wanted
shape_of_error = (20, 20)
number_of_errors = 20
shape_after_squeeze = (20,)
warns = True

# %% trap | wrong | 1 | not done yet
shape_of_error = None
number_of_errors = 400
shape_after_squeeze = (20, 1)
warns = None


# %% careful_mse | right
def careful_mse(y_hat, y):
    if tuple(y_hat.shape) != tuple(y.shape):
        raise ValueError("shapes differ: " + str(y_hat.shape) + " " + str(y.shape))
    return torch.nn.functional.mse_loss(y_hat, y)


# %% careful_mse | right
class ShapeError(ValueError):
    pass


def careful_mse(y_hat, y):
    if y_hat.size() == y.size():
        return (y_hat - y).square().mean()
    raise ShapeError(y_hat.shape, y.shape)


# %% careful_mse | wrong | 1.2 | raise a ValueError before
def careful_mse(y_hat, y):
    return ((y_hat - y) ** 2).mean()


# %% careful_mse | slip | 1.8 | end alike
def careful_mse(y_hat, y):
    if y_hat.shape[-1] != y.shape[-1]:
        raise ValueError("shapes differ")
    return ((y_hat - y) ** 2).mean()


# %% careful_mse | wrong | 0 | For equal shapes
def careful_mse(y_hat, y):
    raise ValueError("shapes differ")


# %% landscape | right
def landscape(w, b, x, y):
    errors = torch.outer(w, x).unsqueeze(1) + b.view(1, -1, 1) - y
    return errors.square().mean(-1)


# %% landscape | right
def landscape(w, b, x, y):
    # (wx + b - y)² = w²x² + b² + y² + 2wbx − 2wxy − 2by, so five means are enough
    w, b = w.view(-1, 1), b.view(1, -1)
    return (
        w**2 * (x * x).mean()
        + b**2
        + (y * y).mean()
        + 2 * w * b * x.mean()
        - 2 * w * (x * y).mean()
        - 2 * b * y.mean()
    )


# %% landscape | slip | 3.56 | Let broadcasting do the loops
def landscape(w, b, x, y):
    table = torch.zeros(len(w), len(b))
    for i in range(len(w)):
        for j in range(len(b)):
            table[i, j] = ((w[i] * x + b[j] - y) ** 2).mean()
    return table


# %% landscape | wrong | 0 | the cost is the mean
def landscape(w, b, x, y):
    return ((w[:, None, None] * x + b[None, :, None] - y) ** 2).sum(dim=2)


# %% landscape | wrong | 0 | A row for each slope
def landscape(w, b, x, y):
    return ((w[None, :, None] * x + b[:, None, None] - y) ** 2).mean(dim=2)


# %% lowest_point | right
def lowest_point(table, w, b):
    i, j = (table == table.min()).nonzero()[0]
    return w[i], b[j]


# %% lowest_point | right
def lowest_point(table, w, b):
    costs = [
        (table[i, j].item(), w[i].item(), b[j].item()) for i in range(len(w)) for j in range(len(b))
    ]
    return list(min(costs)[1:])


# %% lowest_point | wrong | 0 | Those are the row and the column
def lowest_point(table, w, b):
    return divmod(table.argmin().item(), len(b))


# %% lowest_point | wrong | 0 | a row has 8 entries
def lowest_point(table, w, b):
    i, j = divmod(table.argmin().item(), len(w))
    return w[i % len(w)].item(), b[j].item()


# %% lowest_point | wrong | 0 | First the slope
def lowest_point(table, w, b):
    i, j = divmod(table.argmin().item(), len(b))
    return b[j].item(), w[i].item()


# %% stories | right
story_a = "absolute"
story_b = "squared"
story_c = "nll"
story_d = "0-1"

# %% stories | right
story_a, story_b, story_c, story_d = "absolute squared nll 0-1".split()

# %% stories | wrong | 3 | would pull hardest of all
story_a = "squared"
story_b = "squared"
story_c = "nll"
story_d = "0-1"

# %% stories | wrong | 2 | That isn't dear
story_a = "absolute"
story_b = "squared"
story_c = "squared"
story_d = "nll"

# %% stories | wrong | 1 | twice the error is twice as bad
story_a = "squared"
story_b = "absolute"
story_c = "nll"
story_d = None


# %% best_line | right
def best_line(x, y):
    A = torch.stack([x, torch.ones_like(x)], dim=1)
    return tuple(torch.linalg.lstsq(A, y[:, None]).solution.flatten())


# %% best_line | right
def best_line(x, y):
    n = len(x)
    w = (n * (x * y).sum() - x.sum() * y.sum()) / (n * (x**2).sum() - x.sum() ** 2)
    b = (y.sum() - w * x.sum()) / n
    return [w.item(), b.item()]


# %% best_line | wrong | 0 | counted from their middle
def best_line(x, y):
    return (x * y).sum() / (x * x).sum(), y.mean()


# %% best_line | wrong | 0 | not at x = 0
def best_line(x, y):
    u = x - x.mean()
    return (u * y).sum() / (u * u).sum(), y.mean()


# %% best_line | wrong | 0 | the first and the last point
def best_line(x, y):
    w = (y[-1] - y[0]) / (x[-1] - x[0])
    return w, y[0] - w * x[0]


# %% bakery_cost | right
def bakery_cost(y_hat, y):
    too_many = y_hat - y
    return torch.where(too_many > 0, too_many, -3 * too_many).mean()


# %% bakery_cost | right
def bakery_cost(y_hat, y):
    costs = [3 * (ask - baked) if ask > baked else baked - ask for baked, ask in zip(y_hat, y)]
    return sum(costs) / len(costs)


# %% bakery_cost | wrong | 0 | the wrong way round
def bakery_cost(y_hat, y):
    return (3 * (y_hat - y).clamp(min=0) + (y - y_hat).clamp(min=0)).mean()


# %% bakery_cost | wrong | 0 | You added the days up
def bakery_cost(y_hat, y):
    return (3 * (y - y_hat).clamp(min=0) + (y_hat - y).clamp(min=0)).sum()


# %% bakery_cost | wrong | 0 | no part of a loss is negative
def bakery_cost(y_hat, y):
    return (3 * (y - y_hat)).mean()


# %% mean_squared_error | right
import numpy as np


def mean_squared_error(y_hat, y):
    return np.mean(np.square(y_hat.numpy() - y.numpy()))


# %% huber | right
class Huber:
    def __call__(self, e, delta):
        far = e.abs() > delta
        return far * delta * (abs(e) - delta / 2) + torch.logical_not(far) * e.double() ** 2 / 2


huber = Huber()


# %% huber | wrong | 1.29 | you have it at 2
def huber(e, delta):
    return torch.where(e.abs() <= 2, 0.5 * e**2, 2 * (e.abs() - 1))


# %% negative_log_likelihood | right
def negative_log_likelihood(p, y):
    one_hot = torch.eye(p.shape[1], dtype=p.dtype)[y]
    return -torch.einsum("nk,nk->", p.log(), one_hot) / len(y)


# %% share_of_mistakes | right
def is_wrong(scores, label):
    return max(range(len(scores)), key=lambda k: scores[k]) != label


# ---
def share_of_mistakes(z, y):
    wrong = [is_wrong(row, label) for row, label in zip(z.tolist(), y.tolist())]
    return sum(wrong) / len(wrong)


# %% share_of_mistakes | wrong | 0 | Classes are names
def share_of_mistakes(z, y):
    return (z.argmax(dim=1) - y).abs().double().mean()


# %% careful_mse | right
def careful_mse(y_hat, y):
    if list(y_hat.shape) != list(y.shape):
        sizes = ["x".join(map(str, t.shape)) for t in (y_hat, y)]
        raise ValueError(f"{sizes[0]} is not {sizes[1]}")
    return torch.linalg.vector_norm(y_hat - y) ** 2 / y.numel()


# %% landscape | right
import numpy as np


def landscape(w, b, x, y):
    w, b, x, y = (t.numpy().astype("float64") for t in (w, b, x, y))
    return np.mean((w[:, None, None] * x + b[:, None] - y) ** 2, axis=-1)


# %% lowest_point | right
import numpy as np


def lowest_point(table, w, b):
    i, j = np.unravel_index(np.argmin(table.numpy()), table.shape)
    return w[i : i + 1], b.numpy()[j]


# %% lowest_point | wrong | 0 | lowest on the average
def lowest_point(table, w, b):
    return w[table.mean(dim=1).argmin()].item(), b[table.mean(dim=0).argmin()].item()


# %% best_line | right
def best_line(x, y):
    A = torch.stack([x, torch.ones_like(x)], dim=1)
    w, b = torch.linalg.lstsq(A, y.unsqueeze(1)).solution
    return w, b


# %% bakery_cost | right
def bakery_cost(y_hat, y):
    e = (y_hat - y).requires_grad_()
    return torch.maximum(e, -3 * e).mean(dim=0, keepdim=True)
