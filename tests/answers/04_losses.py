# Answers to the exercises of chapter 4. tools/answer_bank.py says how this file is read.

# %% softmax | right
def softmax(z, T):
    return torch.nn.functional.softmax(z / T, dim=-1)


# %% softmax | right
def softmax(z, T):
    rows = []
    for row in z.tolist():
        e = [math.exp(score / T) for score in row]
        rows.append([x / sum(e) for x in e])
    print(rows)
    return torch.tensor(rows)


# %% softmax | right
def softmax(z, T):
    e = torch.exp(z) ** (1 / T)
    return (e.T / e.sum(1)).T


# %% softmax | wrong | 0 | The temperature is missing
def softmax(z, T):
    e = z.exp()
    return e / e.sum(dim=1, keepdim=True)


# %% softmax | wrong | 0 | keepdim=True
def softmax(z, T):
    e = (z / T).exp()
    return e / e.sum(dim=1)


# %% softmax | wrong | 0 | The softmax runs along the batch
def softmax(z, T):
    e = (z / T).exp()
    return e / e.sum(dim=0)


# %% softmax | wrong | 0 | You multiplied the scores by τ
def softmax(z, T):
    return (z * T).softmax(dim=1)


# %% softmax | wrong | 0 | It is the scores that are divided
def softmax(z, T):
    return z.softmax(dim=1) / T


# %% softmax | wrong | 0 | You divided by the sum of all entries
def softmax(z, T):
    e = (z / T).exp()
    return e / e.sum()


# %% limits | right
answer_a = "nan"
answer_b = "zero"
answer_c = "inf"
answer_d = int(math.log(65504))

# %% limits | right
answer_a, answer_b, answer_c = "nan zero inf".split()
answer_d = 11.0

# %% limits | wrong | 3 | Their sum is past the largest float32
answer_a = "nan"
answer_b = "other"
answer_c = "inf"
answer_d = 11

# %% limits | wrong | 1 | past the border of 88.7
answer_a = "other"
answer_b = "nan"
answer_c = "inf"
answer_d = 4

# %% limits | wrong | 1 | the true loss is 150
answer_a = "inf"
answer_b = "zero"
answer_c = "other"
answer_d = 88

# %% limits | wrong | 2 | not done yet
answer_a = "nan"
answer_b = None
answer_c = "inf"
answer_d = None


# %% log_softmax | right
def log_softmax(z, dim):
    return z - torch.logsumexp(z, dim, keepdim=True)


# %% log_softmax | right
def log_softmax(z, dim):
    z = z.movedim(dim, -1)
    m, _ = z.max(-1)
    shifted = z - m.unsqueeze(-1)
    logs = torch.log(torch.exp(shifted).sum(-1)) + m
    return (z - logs.unsqueeze(-1)).movedim(-1, dim)


# %% log_softmax | right
def log_softmax(z, dim):
    z = z.double()
    m = z.max(dim=dim, keepdim=True).values
    d = z - m
    total = sum(x.exp() for x in d.unbind(dim)).unsqueeze(dim)
    return d - total.log()


# %% log_softmax | wrong | 1.67 | take the largest score out first
def log_softmax(z, dim):
    return z - z.exp().sum(dim=dim, keepdim=True).log()


# %% log_softmax | wrong | 1.67 | never form the probability
def log_softmax(z, dim):
    return z.softmax(dim=dim).log()


# %% log_softmax | slip | 3.1 | Each row needs its own largest score
def log_softmax(z, dim):
    d = z - z.max()
    return d - d.exp().sum(dim=dim, keepdim=True).log()


# %% log_softmax | wrong | 0 | That is along the last axis
def log_softmax(z, dim):
    m = z.max(dim=-1, keepdim=True).values
    return z - m - (z - m).exp().sum(dim=-1, keepdim=True).log()


# %% log_softmax | wrong | 1.67 | no probability may be formed
def log_softmax(z, dim):
    return (z.softmax(dim=dim) + 1e-12).log()


# %% log_softmax | wrong | 1.67 | something becomes infinite or is cut off
def log_softmax(z, dim):
    z = z.clamp(-80, 80)
    return z - z.exp().sum(dim=dim, keepdim=True).log()


# %% log_softmax | wrong | 0 | Their logarithms are asked for
def log_softmax(z, dim):
    return z.softmax(dim)


# %% nll | right
def nll(log_p, y, reduction="mean"):
    return torch.nn.functional.nll_loss(log_p, y, reduction=reduction)


# %% nll | right
def nll(log_p, y, reduction="mean"):
    ways = {"mean": torch.mean, "sum": torch.sum, "none": lambda each: each}
    if reduction not in ways:
        raise ValueError("unknown reduction " + reduction)
    return ways[reduction](-log_p[torch.arange(len(y)), y])


# %% nll | right
def nll(log_p, y, reduction="mean"):
    assert log_p.dim() == 2
    each = torch.stack([-row[k] for row, k in zip(log_p, y)])
    match reduction:
        case "none":
            return each[:, None]
        case "sum":
            return sum(each.tolist())
        case "mean":
            return sum(each.tolist()) / len(each)
    raise ValueError


# %% nll | wrong | 0.92 | For 'sum' you gave the mean
def nll(log_p, y, reduction="mean"):
    return -log_p[torch.arange(len(y)), y].mean()


# %% nll | wrong | 0 | a logarithm of a logarithm
def nll(log_p, y, reduction="mean"):
    each = -log_p[torch.arange(len(y)), y].log()
    if reduction == "none":
        return each
    if reduction == "sum":
        return each.sum()
    if reduction == "mean":
        return each.mean()
    raise ValueError(reduction)


# %% nll | wrong | 0 | The sign is missing
def nll(log_p, y, reduction="mean"):
    each = log_p[torch.arange(len(y)), y]
    return {"none": each, "sum": each.sum(), "mean": each.mean()}[reduction]


# %% nll | slip | 2.54 | raise a ValueError
def nll(log_p, y, reduction="mean"):
    each = -log_p[torch.arange(len(y)), y]
    return {"none": each, "sum": each.sum(), "mean": each.mean()}[reduction]


# %% nll | slip | 2.08 | You divided by the number of classes
def nll(log_p, y, reduction="mean"):
    each = -log_p[range(len(y)), y]
    if reduction == "none":
        return each
    if reduction == "sum":
        return each.sum()
    if reduction == "mean":
        return each.sum() / log_p.shape[1]
    raise ValueError(reduction)


# %% nll | wrong | 0 | the right class's that counts, however small
def nll(log_p, y, reduction="mean"):
    each = -log_p.max(dim=1).values
    return {"none": each, "sum": each.sum(), "mean": each.mean()}[reduction]


# %% cross_entropy | right
def cross_entropy(z, y):
    return torch.nn.functional.cross_entropy(z, y)


# %% cross_entropy | right
def cross_entropy(z, y):
    z = z.double()
    total = 0
    for row, k in zip(z, y):
        m = max(row)
        total = total + m + torch.log(sum(torch.exp(x - m) for x in row)) - row[k]
    return total / len(z)


# %% cross_entropy | right
def cross_entropy(z, y):
    lead = z - z.max(1, keepdim=True)[0]
    return lead.exp().sum(1).log().mean() - lead.gather(1, y.view(-1, 1)).mean()


# %% cross_entropy | slip | 2.5 | Take out the largest score, not the right class's
def cross_entropy(z, y):
    leads = z - z[torch.arange(len(y)), y][:, None]
    return leads.exp().sum(dim=1).log().mean()


# %% cross_entropy | slip | 2.5 | Something became infinite
def cross_entropy(z, y):
    p = z.softmax(dim=1)
    return -p[torch.arange(len(y)), y].log().mean()


# %% cross_entropy | wrong | 1.5 | overflow in one row and are all 0 in the other
def cross_entropy(z, y):
    p = z.exp() / z.exp().sum(dim=1, keepdim=True)
    return -p[torch.arange(len(y)), y].log().mean()


# %% cross_entropy | wrong | 0 | You took the softmax twice
def cross_entropy(z, y):
    return torch.nn.functional.cross_entropy(z.softmax(dim=1), y)


# %% cross_entropy | slip | 2.5 | nor cut off
def cross_entropy(z, y):
    p = z.softmax(dim=1)[torch.arange(len(y)), y]
    return -(p + 1e-9).log().mean()


# %% cross_entropy | wrong | 1 | You added the losses up
def cross_entropy(z, y):
    return -z.log_softmax(dim=1)[torch.arange(len(y)), y].sum()


# %% cross_entropy | wrong | 0 | The sum runs along the batch
def cross_entropy(z, y):
    return -z.log_softmax(dim=0)[torch.arange(len(y)), y].mean()


# %% cross_entropy | slip | 2.5 | its own largest score
def cross_entropy(z, y):
    m = z.max()
    return ((z - m).exp().sum(dim=1).log() + m - z[torch.arange(len(y)), y]).mean()


# %% gradient | right
def gradient(z, y):
    one_hot = torch.nn.functional.one_hot(y, z.shape[1])
    return (z.softmax(dim=1) - one_hot) / z.shape[0]


# %% gradient | wrong | 0 | with autograd switched off
def gradient(z, y):
    z = z.clone().requires_grad_()
    torch.nn.functional.cross_entropy(z, y).backward()
    return z.grad


# %% gradient | right
def gradient(z, y):
    B, K = z.shape
    e = torch.exp(z - z.amax(1, keepdim=True))
    g = e / e.sum(1, keepdim=True)
    for i in range(B):
        for k in range(K):
            g[i, k] = (g[i, k] - (1 if k == y[i] else 0)) / B
    return g


# %% gradient | right
def gradient(z, y):
    p = (z - z.logsumexp(1, keepdim=True)).exp()
    return (p - torch.eye(z.shape[1])[y]).double() / len(z)


# %% gradient | wrong | 0.89 | the gradient of the sum of the losses
def gradient(z, y):
    return z.softmax(dim=1) - torch.nn.functional.one_hot(y, z.shape[1])


# %% gradient | wrong | 0 | The sign is turned
def gradient(z, y):
    return (torch.nn.functional.one_hot(y, z.shape[1]) - z.softmax(dim=1)) / len(y)


# %% gradient | wrong | 0 | The one-hot targets are missing
def gradient(z, y):
    return z.softmax(dim=1) / len(y)


# %% gradient | slip | 3.11 | the exponentials as they are overflow
def gradient(z, y):
    p = z.exp() / z.exp().sum(dim=1, keepdim=True)
    return (p - torch.nn.functional.one_hot(y, z.shape[1])) / len(y)


# %% gradient | wrong | 0 | You divided by B · K
def gradient(z, y):
    return (z.softmax(dim=1) - torch.nn.functional.one_hot(y, z.shape[1])) / z.numel()


# %% gradient | wrong | 0 | Your softmax runs along the batch
def gradient(z, y):
    return (z.softmax(dim=0) - torch.nn.functional.one_hot(y, z.shape[1])) / len(y)


# %% smoothed_cross_entropy | right
def smoothed_cross_entropy(z, y, epsilon):
    return torch.nn.functional.cross_entropy(z, y, label_smoothing=epsilon)


# %% smoothed_cross_entropy | right
def smoothed_cross_entropy(z, y, epsilon):
    B, K = z.shape
    q = torch.full_like(z, epsilon / K)
    q[torch.arange(B), y] += 1 - epsilon
    return -(q * z.log_softmax(dim=1)).sum() / B


# %% smoothed_cross_entropy | right
def smoothed_cross_entropy(z, y, epsilon):
    K = z.shape[1]
    total = 0.0
    for row, right in zip(z.double().log_softmax(1).tolist(), y.tolist()):
        for k, log_p in enumerate(row):
            total -= ((k == right) * (1 - epsilon) + epsilon / K) * log_p
    return total / len(z)


# %% smoothed_cross_entropy | wrong | 0 | among the wrong classes only
def smoothed_cross_entropy(z, y, epsilon):
    K = z.shape[1]
    q = torch.full_like(z, epsilon / (K - 1))
    q[torch.arange(len(y)), y] = 1 - epsilon
    return -(q * z.log_softmax(dim=1)).sum(dim=1).mean()


# %% smoothed_cross_entropy | wrong | 0 | the right class gets 1 − ε and its share ε/K
def smoothed_cross_entropy(z, y, epsilon):
    q = torch.full_like(z, epsilon / z.shape[1])
    q[torch.arange(len(y)), y] = 1 - epsilon
    return -(q * z.log_softmax(dim=1)).sum(dim=1).mean()


# %% smoothed_cross_entropy | wrong | 0 | You averaged over the classes
def smoothed_cross_entropy(z, y, epsilon):
    q = torch.full_like(z, epsilon / z.shape[1])
    q[torch.arange(len(y)), y] += 1 - epsilon
    return -(q * z.log_softmax(dim=1)).mean()


# %% smoothed_cross_entropy | slip | 3 | no logarithm of a probability
def smoothed_cross_entropy(z, y, epsilon):
    q = torch.full_like(z, epsilon / z.shape[1])
    q[torch.arange(len(y)), y] += 1 - epsilon
    return -(q * z.softmax(dim=1).log()).sum(dim=1).mean()


# %% smoothed_cross_entropy | wrong | 0 | the loss without smoothing
def smoothed_cross_entropy(z, y, epsilon):
    return torch.nn.functional.cross_entropy(z, y)


# %% smoothed_cross_entropy | wrong | 0 | only 1 − ε is left
def smoothed_cross_entropy(z, y, epsilon):
    log_p = z.log_softmax(dim=1)
    return (-log_p[torch.arange(len(y)), y] - epsilon * log_p.mean(dim=1)).mean()


# %% smoothed_cross_entropy | wrong | 0 | instead of its share
def smoothed_cross_entropy(z, y, epsilon):
    log_p = z.log_softmax(dim=1)
    right = log_p[torch.arange(len(y)), y]
    return -((1 - epsilon) * right + epsilon * log_p.sum(dim=1)).mean()


# %% smoothed_cross_entropy | wrong | 1 | You added the examples up
def smoothed_cross_entropy(z, y, epsilon):
    q = torch.full_like(z, epsilon / z.shape[1])
    q[torch.arange(len(y)), y] += 1 - epsilon
    return -(q * z.log_softmax(dim=1)).sum()


# %% stories | right
story_a = "wrong axis"
story_b = "right"
story_c = "no logarithm"
story_d = "softmax twice"
story_e = "sum"

# %% stories | right
story_a, story_b, story_c, story_d, story_e = (
    f"{first} {second}".strip()
    for first, second in [
        ("wrong", "axis"),
        ("right", ""),
        ("no", "logarithm"),
        ("softmax", "twice"),
        ("sum", ""),
    ]
)

# %% stories | wrong | 3 | And 4.85 is the logarithm of what
story_a = "right"
story_b = "wrong axis"
story_c = "no logarithm"
story_d = "softmax twice"
story_e = "sum"

# %% stories | wrong | 3 | something keeps the scores together
story_a = "softmax twice"
story_b = "right"
story_c = "no logarithm"
story_d = "right"
story_e = "sum"

# %% stories | wrong | 2 | some hundreds
story_a = "wrong axis"
story_b = "sum"
story_c = "no logarithm"
story_d = None
story_e = "wrong axis"

# %% stories | wrong | 0 | can't be negative
story_a = "no logarithm"
story_b = "softmax twice"
story_c = "right"
story_d = "wrong axis"
story_e = "right"


# %% lowest_loss | right
def lowest_loss(low, high, K):
    return math.log(1 + (K - 1) / math.exp(high - low))


# %% lowest_loss | right
def lowest_loss(low, high, K):
    z = torch.full((1, K), low)
    z[0, 0] = high
    return torch.nn.functional.cross_entropy(z, torch.tensor([0]))


# %% lowest_loss | right
def lowest_loss(low, high, K):
    z = torch.tensor([high] + (K - 1) * [low], dtype=torch.double)
    m = z.max()
    return (m + (z - m).exp().sum().log() - high).item()


# %% lowest_loss | right
def lowest_loss(low, high, K):
    z = torch.tensor([high] + (K - 1) * [low])
    return torch.logsumexp(z, dim=0) - z[0]


# %% lowest_loss | wrong | 0.92 | may be as low as `low`
def lowest_loss(low, high, K):
    return math.log(math.exp(high) + K - 1) - high


# %% lowest_loss | wrong | 0 | You counted K wrong classes
def lowest_loss(low, high, K):
    return math.log(1 + K * math.exp(low - high))


# %% lowest_loss | slip | 2.31 | only their exponentials overflow
def lowest_loss(low, high, K):
    return math.log(math.exp(high) + (K - 1) * math.exp(low)) - high


# %% lowest_loss | wrong | 0 | The least loss is the other way round
def lowest_loss(low, high, K):
    return math.log(1 + (K - 1) * math.exp(high - low))


# %% lowest_loss | wrong | 0 | From the log-sum-exp goes the right class's score
def lowest_loss(low, high, K):
    return math.log(math.exp(high) + (K - 1) * math.exp(low))


# %% repaired_loss | right
def repaired_loss(z, y):
    return torch.nn.CrossEntropyLoss()(z, y)


# %% repaired_loss | right
def repaired_loss(z, y):
    log_p = z.double().log_softmax(dim=1)
    return -sum(row[k] for row, k in zip(log_p, y)) / len(y)


# %% repaired_loss | right
def repaired_loss(z, y):
    d = z - z.max(dim=1, keepdim=True).values
    log_p = d - d.exp().sum(dim=1, keepdim=True).log()
    return -log_p[torch.arange(len(y)), y].sum() / z.shape[0]


# %% repaired_loss | wrong | 0 | still the colleague's number
def repaired_loss(z, y):
    p = z.exp() / z.exp().sum(dim=0)
    p_right = p[torch.arange(len(y)), y]
    return -torch.log(p_right + 1e-10).sum() / z.shape[1]


# %% repaired_loss | wrong | 1 | You still divide by the number of classes
def repaired_loss(z, y):
    p = z.exp() / z.exp().sum(dim=1, keepdim=True)
    p_right = p[torch.arange(len(y)), y]
    return -torch.log(p_right + 1e-10).sum() / z.shape[1]


# %% repaired_loss | slip | 2.5 | You still divide by the number of classes
def repaired_loss(z, y):
    return -z.log_softmax(dim=1)[torch.arange(len(y)), y].sum() / z.shape[1]


# %% repaired_loss | slip | 2.5 | cut off at 23
def repaired_loss(z, y):
    p = z.exp() / z.exp().sum(dim=1, keepdim=True)
    p_right = p[torch.arange(len(y)), y]
    return -torch.log(p_right + 1e-10).mean()


# %% repaired_loss | slip | 2.5 | a probability is 0 before
def repaired_loss(z, y):
    p = z.softmax(dim=1)
    p_right = p[torch.arange(len(y)), y]
    return -torch.log(p_right).mean()


# %% repaired_loss | wrong | 0 | keepdim=True
def repaired_loss(z, y):
    p = z.exp() / z.exp().sum(dim=1)
    p_right = p[torch.arange(len(y)), y]
    return -torch.log(p_right + 1e-10).mean()


# %% repaired_loss | wrong | 1.5 | The sum still runs along the batch
def repaired_loss(z, y):
    return -z.log_softmax(dim=0)[torch.arange(len(y)), y].mean()


# %% yes_or_no | right
def yes_or_no(z, y):
    return torch.nn.functional.binary_cross_entropy_with_logits(z, y)


# %% yes_or_no | right
def yes_or_no(z, y):
    two = torch.stack([torch.zeros_like(z), z], dim=1)
    return torch.nn.functional.cross_entropy(two, y.long())


# %% yes_or_no | right
def yes_or_no(z, y):
    sign = 2 * y - 1
    return torch.nn.functional.softplus(-sign * z).mean()


# %% yes_or_no | right
def yes_or_no(z, y):
    losses = []
    for score, answer in zip(z.tolist(), y.tolist()):
        m = max(0.0, score)
        losses.append(m + math.log(math.exp(-m) + math.exp(score - m)) - answer * score)
    return sum(losses) / len(losses)


# %% yes_or_no | wrong | 1.78 | Something became infinite
def yes_or_no(z, y):
    return (torch.log(1 + z.exp()) - y * z).mean()


# %% yes_or_no | wrong | 1.78 | Something became infinite
def yes_or_no(z, y):
    p = z.sigmoid()
    return -(y * p.log() + (1 - y) * (1 - p).log()).mean()


# %% yes_or_no | wrong | 1.78 | cuts the logarithm off
def yes_or_no(z, y):
    return torch.nn.functional.binary_cross_entropy(z.sigmoid(), y)


# %% yes_or_no | wrong | 0 | its own probability counts
def yes_or_no(z, y):
    return -torch.nn.functional.logsigmoid(z).mean()


# %% yes_or_no | wrong | 0 | changed places
def yes_or_no(z, y):
    return (z.clamp(min=0) + torch.log1p((-z.abs()).exp()) - (1 - y) * z).mean()


# %% yes_or_no | wrong | 0 | From the log-sum-exp goes the score of the right class
def yes_or_no(z, y):
    return (z.clamp(min=0) + torch.log1p((-z.abs()).exp())).mean()


# %% yes_or_no | wrong | 0 | has a loss as well
def yes_or_no(z, y):
    return (y * torch.nn.functional.softplus(-z)).mean()


# %% softmax | right
import numpy as np


def softmax(z, tau):
    e = np.exp(z.numpy() / tau)
    return e / e.sum(axis=1)[:, None]


# %% softmax | right
def softmax(z, tau):
    e = (z / tau).exp_()
    return (e.T / e.sum(1)).T


# %% softmax | slip | 2.25 | but one song
def softmax(z, tau):
    return torch.softmax(z.squeeze() / tau, dim=-1)


# %% log_softmax | right
def log_softmax(z, dim):
    moved = z.double().transpose(dim, 0)
    return (moved - torch.logsumexp(moved, 0)).transpose(dim, 0)


# %% log_softmax | right
def log_softmax(z, dim):
    t = z.movedim(dim, 0)
    d = t - t.max(0).values
    return (d - d.exp().sum(0).log()).movedim(0, dim)


# %% nll | right
class NLL:
    def __call__(self, log_p, y, reduction="mean"):
        each = [-row[label] for row, label in zip(log_p, y)]
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(reduction)
        return {"mean": sum(each) / len(each), "sum": sum(each), "none": each}[reduction]


nll = NLL()


# %% nll | right
import numpy as np


def nll(log_p, y, reduction="mean"):
    l = -log_p.numpy()[np.arange(len(y)), y.numpy()]
    try:
        return {"mean": np.mean, "sum": np.sum, "none": np.copy}[reduction](l)
    except KeyError:
        raise ValueError(reduction) from None


# %% cross_entropy | right
import numpy as np


def cross_entropy(z, y):
    z, y = z.numpy().astype("float64"), y.numpy()
    return np.mean(np.logaddexp.reduce(z, axis=1) - z[np.arange(len(y)), y])


# %% cross_entropy | right
def cross_entropy(z, y):
    t = 0.0
    for r, c in zip(z.double(), y):
        a = r[0]
        for v in r[1:]:
            a = torch.logaddexp(a, v)
        t += a - r[c]
    return t / len(y)


# %% gradient | right
def gradient(z, y):
    target = torch.zeros_like(z).scatter(1, y[:, None], 1.0)
    return torch.stack([(row.softmax(0) - t) / len(z) for row, t in zip(z, target)])


# %% gradient | wrong | 0 | By the formula
def gradient(z, y):
    with torch.enable_grad():
        z = z.clone().requires_grad_()
        torch.nn.functional.cross_entropy(z, y).backward()
    return z.grad


# %% smoothed_cross_entropy | right
def target(z, y, epsilon):
    q = torch.full(z.shape, epsilon / z.shape[1], dtype=torch.float64)
    q[range(len(y)), y] += 1 - epsilon
    return q


# ---
def smoothed_cross_entropy(z, y, epsilon):
    log_p = z.double().log_softmax(1)
    return -torch.einsum("nk,nk->n", target(z, y, epsilon), log_p).mean(0, keepdim=True)


# %% smoothed_cross_entropy | right
def smoothed_cross_entropy(z, y, epsilon):
    l = z.double().log_softmax(-1)
    q = torch.eye(z.shape[1]).double()[y] * (1 - epsilon) + epsilon / z.shape[1]
    return -torch.einsum("bk,bk->b", q, l).mean(0, keepdim=True)


# %% lowest_loss | right
import numpy as np


def lowest_loss(low, high, K):
    return np.logaddexp.reduce([high] + [low] * (K - 1)) - high


# %% lowest_loss | slip | 2.31 | If only large scores
def lowest_loss(low, high, K):
    return -math.log(math.exp(high) / (math.exp(high) + (K - 1) * math.exp(low)))


# %% repaired_loss | right
def repaired_loss(z, y):
    losses = [torch.logsumexp(row, 0) - row[label] for row, label in zip(z.double(), y)]
    return sum(losses) / len(losses)


# %% yes_or_no | right
import numpy as np


def yes_or_no(z, y):
    z, y = z.numpy().astype("float64"), y.numpy()
    return np.where(y > 0, np.logaddexp(0, -z), np.logaddexp(0, z)).mean()


# %% yes_or_no | wrong | 0 | mean of two means
def yes_or_no(z, y):
    l = torch.nn.functional.softplus((1 - 2 * y) * z)
    return (l[y == 1].mean() + l[y == 0].mean()) / 2


# %% yes_or_no | slip | 2.22 | scores of 0
def yes_or_no(z, y):
    return (
        (z.clamp(min=0) - y * z).mean()
        if z.abs().max() > 100
        else (torch.log1p(z.exp()) - y * z).mean()
    )
