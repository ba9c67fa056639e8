# Answers to the exercises of chapter 6. tools/answer_bank.py says how this file is read.

# %% mean_over_examples | right
def mean_over_examples(batch_means, sizes):
    total, count = 0.0, 0
    for i in range(len(sizes)):
        total += batch_means[i] * sizes[i]
        count += sizes[i]
    return total / count


# %% mean_over_examples | right
def mean_over_examples(batch_means, sizes):
    means, weights = torch.tensor(batch_means), torch.tensor(sizes).float()
    print("batches:", len(means))
    return means @ (weights / weights.sum())


# %% mean_over_examples | right
import numpy as np


def mean_over_examples(batch_means, sizes):
    return np.average(batch_means, weights=sizes)


# %% mean_over_examples | wrong | 0 | the mean of the batch means
def mean_over_examples(batch_means, sizes):
    return sum(batch_means) / len(batch_means)


# %% mean_over_examples | wrong | 0 | Divide it by the number of examples
def mean_over_examples(batch_means, sizes):
    return sum(m * n for m, n in zip(batch_means, sizes))


# %% mean_over_examples | wrong | 0 | You divided by the number of batches
def mean_over_examples(batch_means, sizes):
    return sum(m * n for m, n in zip(batch_means, sizes)) / len(sizes)


# %% mean_over_examples | wrong | 0 | as large as the first
def mean_over_examples(batch_means, sizes):
    return sum(m * n for m, n in zip(batch_means, sizes)) / (len(sizes) * sizes[0])


# %% mean_over_examples | wrong | 0 | This fits the example shown
def mean_over_examples(batch_means, sizes):
    return 1.75


# %% mean_over_examples | wrong | 0 | all batches but the last
def mean_over_examples(batch_means, sizes):
    return (sum(batch_means[:-1]) * sizes[0] + batch_means[-1] * sizes[-1]) / (
        sizes[0] * (len(sizes) - 1) + sizes[-1]
    )


# %% count | right
full, images_in_last_batch = divmod(60_000, 256)
batches_per_epoch = full + 1
steps_in_all = 3 * batches_per_epoch
weight_of_last = 256 / images_in_last_batch

# %% count | right
batches_per_epoch = 235.0
images_in_last_batch = 60000 - 234 * 256
steps_in_all = 235 * 3
weight_of_last = 2.67

# %% count | wrong | 1 | What is left over makes one more
batches_per_epoch = 234
images_in_last_batch = 96
steps_in_all = 702
weight_of_last = 0.375

# %% count | wrong | 2 | you put the three epochs end to end
batches_per_epoch = 235
images_in_last_batch = 96
steps_in_all = 704
weight_of_last = 2

# %% count | wrong | 1 | not done yet
batches_per_epoch = 938
images_in_last_batch = 32
steps_in_all = None
weight_of_last = 2.667

# %% count | wrong | 1 | in the mean over examples
batches_per_epoch = 60000 / 256
images_in_last_batch = 160
steps_in_all = 705
weight_of_last = 1


# %% split_by_writer | right
import random


def split_by_writer(writer, held_back, seed):
    people = sorted(set(writer.tolist()))
    chosen = set(random.Random(seed).sample(people, held_back))
    training, validation = [], []
    for row, person in enumerate(writer.tolist()):
        (validation if person in chosen else training).append(row)
    return training, validation


# %% split_by_writer | right
def split_by_writer(writer, held_back, seed):
    torch.manual_seed(seed)
    people, place = torch.unique(writer, return_inverse=True)
    is_chosen = torch.zeros(len(people), dtype=torch.bool)
    is_chosen[torch.randperm(len(people))[:held_back]] = True
    print("writers:", len(people))
    return [torch.where(~is_chosen[place])[0], torch.where(is_chosen[place])[0]]


# %% split_by_writer | right
def split_by_writer(writer, held_back, seed):
    people = writer.unique()
    order = torch.rand(len(people), generator=torch.Generator().manual_seed(seed)).argsort()
    rows = torch.randperm(len(writer))
    rows = torch.arange(len(writer))
    for_validation = sum((writer == person).int() for person in people[order[:held_back]]) > 0
    return rows[for_validation.logical_not()], rows[for_validation]


# %% split_by_writer | wrong | 0.97 | Somebody has images on both sides
def split_by_writer(writer, held_back, seed):
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(writer), generator=generator)
    return order[held_back:], order[:held_back]


# %% split_by_writer | slip | 3.45 | Every seed gives the same split
def split_by_writer(writer, held_back, seed):
    chosen = torch.isin(writer, writer.unique()[-held_back:])
    rows = torch.arange(len(writer))
    return rows[~chosen], rows[chosen]


# %% split_by_writer | slip | 3.45 | The same seed should give the same split
def split_by_writer(writer, held_back, seed):
    people = writer.unique()
    chosen = torch.isin(writer, people[torch.randperm(len(people))[:held_back]])
    return (~chosen).nonzero().flatten(), chosen.nonzero().flatten()


# %% split_by_writer | slip | 2.9 | the wrong way round
def split_by_writer(writer, held_back, seed):
    people = writer.unique()
    order = torch.randperm(len(people), generator=torch.Generator().manual_seed(seed))
    chosen = torch.isin(writer, people[order[:held_back]])
    return chosen.nonzero().flatten(), (~chosen).nonzero().flatten()


# %% split_by_writer | wrong | 0 | Those are the writers
def split_by_writer(writer, held_back, seed):
    people = writer.unique()
    order = torch.randperm(len(people), generator=torch.Generator().manual_seed(seed))
    chosen = torch.isin(writer, people[order[:held_back]])
    return writer[~chosen], writer[chosen]


# %% train_one_epoch | right
def train_one_epoch(model, batches, criterion, optimizer):
    model.train()
    losses, sizes = [], []
    for inputs, targets in batches:
        output = model(inputs)
        loss = criterion(output, targets)
        model.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        sizes.append(float(len(inputs)))
    return torch.stack(losses) @ torch.tensor(sizes, dtype=losses[0].dtype) / sum(sizes)


# %% train_one_epoch | right
def train_one_epoch(model, batches, criterion, optimizer):
    optimizer.zero_grad()
    model.train(True)
    total, count = torch.zeros(()), 0
    for step, (x, y) in enumerate(batches):
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        total = total + loss * x.shape[0]
        count += x.shape[0]
        print("step", step, "loss", loss.item())
    return total / count


# %% train_one_epoch | wrong | 0 | Empty them for each batch
def train_one_epoch(model, batches, criterion, optimizer):
    model.train()
    total = count = 0
    for x, y in batches:
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        count += len(x)
    return total / count


# %% train_one_epoch | slip | 3.67 | the mean of the batch means
def train_one_epoch(model, batches, criterion, optimizer):
    model.train()
    running_loss = 0.0
    for x, y in batches:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        running_loss += loss.item()
    return running_loss / len(batches)


# %% train_one_epoch | slip | 4.33 | Say model.train() before the loop
def train_one_epoch(model, batches, criterion, optimizer):
    total = count = 0
    for x, y in batches:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
        count += len(x)
    return total / count


# %% train_one_epoch | wrong | 0 | No weight has moved
def train_one_epoch(model, batches, criterion, optimizer):
    model.train()
    total = count = 0
    for x, y in batches:
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.zero_grad()
        optimizer.step()
        total += loss.item() * len(x)
        count += len(x)
    return total / count


# %% train_one_epoch | slip | 4.33 | old gradients in .grad before the call
def train_one_epoch(model, batches, criterion, optimizer):
    model.train()
    total = count = 0
    for x, y in batches:
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        total += loss.item() * len(x)
        count += len(x)
    return total / count


# %% train_one_epoch | wrong | 0 | return within the loop
def train_one_epoch(model, batches, criterion, optimizer):
    model.train()
    for x, y in batches:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()


# %% train_one_epoch | right
def train_one_epoch(model, batches, criterion, optimizer):
    model.train(True)
    t = torch.zeros(())
    optimizer.zero_grad(set_to_none=False)
    for x, y in batches:
        l = criterion(model(x), y)
        l.backward()
        optimizer.step()
        optimizer.zero_grad(False)
        t += l.detach() * x.shape[0]
    return t / sum(x.shape[0] for x, _ in batches)


# %% train_one_epoch | right
def train_one_epoch(model, batches, criterion, optimizer):
    model.train()
    s = []
    n = []
    for x, y in batches:
        l = criterion(model(x), y)
        optimizer.zero_grad()
        l.backward()
        optimizer.step()
        s.append(float(l))
        n.append(len(y))
    return sum(a * b for a, b in zip(s, n)) / sum(n)


# %% train_one_epoch | slip | 4.67 | This optimizer has momentum
def train_one_epoch(model, batches, criterion, optimizer):
    model.train()
    t = n = 0
    lr = optimizer.param_groups[0]["lr"]
    for x, y in batches:
        optimizer.zero_grad()
        l = criterion(model(x), y)
        l.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
        t += l.item() * len(x)
        n += len(x)
    return t / n


# %% evaluate | right
def evaluate(model, batches, criterion):
    was_training = model.training
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.inference_mode():
        for x, y in batches:
            z = model(x)
            total += criterion(z, y).item() * len(y)
            right += (z.argmax(dim=1) == y).sum().item()
            count += len(y)
    model.train(was_training)
    return total / count, right / count


# %% evaluate | right
@torch.no_grad()
def evaluate(model, batches, criterion):
    before = model.training
    model.train(False)
    try:
        sizes = torch.tensor([float(len(y)) for _, y in batches])
        losses = torch.stack([criterion(model(x), y) for x, y in batches]).float()
        hits = torch.cat([model(x).max(1).indices.eq(y) for x, y in batches])
    finally:
        model.train() if before else model.eval()
    print(len(hits), "examples")
    return [(losses * sizes).sum() / sizes.sum(), hits.float().mean()]


# %% evaluate | slip | 3.42 | Those are means of batch means
def evaluate(model, batches, criterion):
    was_training = model.training
    model.eval()
    losses, accuracies = [], []
    with torch.no_grad():
        for x, y in batches:
            z = model(x)
            losses.append(criterion(z, y).item())
            accuracies.append((z.argmax(dim=1) == y).float().mean().item())
    model.train(was_training)
    return sum(losses) / len(losses), sum(accuracies) / len(accuracies)


# %% evaluate | slip | 4.47 | say model.eval() first
def evaluate(model, batches, criterion):
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in batches:
            z = model(x)
            total += criterion(z, y).item() * len(y)
            right += (z.argmax(dim=1) == y).sum().item()
            count += len(y)
    return total / count, right / count


# %% evaluate | slip | 4.47 | left it in evaluation mode
def evaluate(model, batches, criterion):
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in batches:
            z = model(x)
            total += criterion(z, y).item() * len(y)
            right += (z.argmax(dim=1) == y).sum().item()
            count += len(y)
    return total / count, right / count


# %% evaluate | slip | 4.47 | left it in training mode
def evaluate(model, batches, criterion):
    model.eval()
    total, right, count = 0.0, 0, 0
    with torch.no_grad():
        for x, y in batches:
            z = model(x)
            total += criterion(z, y).item() * len(y)
            right += (z.argmax(dim=1) == y).sum().item()
            count += len(y)
    model.train()
    return total / count, right / count


# %% evaluate | slip | 3.95 | PyTorch records a graph
def evaluate(model, batches, criterion):
    was_training = model.training
    model.eval()
    total, right, count = 0.0, 0, 0
    for x, y in batches:
        z = model(x)
        total += criterion(z, y).item() * len(y)
        right += (z.argmax(dim=1) == y).sum().item()
        count += len(y)
    model.train(was_training)
    return total / count, right / count


# %% evaluate | slip | 4.47 | nobody can go on training
def evaluate(model, batches, criterion):
    was_training = model.training
    model.eval()
    torch.set_grad_enabled(False)
    total, right, count = 0.0, 0, 0
    for x, y in batches:
        z = model(x)
        total += criterion(z, y).item() * len(y)
        right += (z.argmax(dim=1) == y).sum().item()
        count += len(y)
    model.train(was_training)
    return total / count, right / count


# %% evaluate | right
@torch.no_grad()
def evaluate(model, batches, criterion):
    mode = model.training
    model.train(False)
    l = r = n = torch.tensor(0.0)
    for x, y in batches:
        z = model(x)
        l = l + criterion(z, y) * len(y)
        r = r + (z.max(1).indices == y).float().sum()
        n = n + len(y)
    model.train(mode)
    return l / n, r / n


# %% evaluate | right
def evaluate(model, batches, criterion):
    was = model.training
    model.eval()
    try:
        with torch.inference_mode():
            outs = [
                (criterion(z := model(x), y), (z.argmax(-1) == y).sum(), len(y)) for x, y in batches
            ]
    finally:
        model.train(was)
    n = sum(o[2] for o in outs)
    return sum(float(o[0]) * o[2] for o in outs) / n, sum(o[1] for o in outs).item() / n


# %% evaluate | slip | 4.47 | switches recording on
def evaluate(model, batches, criterion):
    was = model.training
    model.eval()
    l = r = n = 0
    torch.set_grad_enabled(False)
    for x, y in batches:
        z = model(x)
        l += criterion(z, y).item() * len(y)
        r += (z.argmax(1) == y).sum().item()
        n += len(y)
    torch.set_grad_enabled(True)
    model.train(was)
    return l / n, r / n


# %% evaluate | slip | 4.74 | left a trace
def evaluate(model, batches, criterion):
    was = model.training
    model.eval()
    l = r = n = 0
    model.requires_grad_(False)
    with torch.no_grad():
        for x, y in batches:
            z = model(x)
            l += criterion(z, y).item() * len(y)
            r += (z.argmax(1) == y).sum().item()
            n += len(y)
    model.train(was)
    return l / n, r / n


# %% confusion_shares | right
def confusion_shares(labels, answers, classes):
    table = torch.zeros(classes, classes)
    for label, answer in zip(labels, answers):
        table[label, answer] += 1
    for row in table:
        if row.sum() > 0:
            row /= row.sum().clone()
    return table


# %% confusion_shares | right
def confusion_shares(labels, answers, classes):
    places = labels * classes + answers
    counts = torch.bincount(places, minlength=classes * classes).view(classes, classes)
    return torch.nan_to_num(counts / counts.sum(1)[:, None])


# %% confusion_shares | right
def confusion_shares(labels, answers, classes):
    rows = []
    for i in range(classes):
        mine = [a for y, a in zip(labels.tolist(), answers.tolist()) if y == i]
        rows.append([mine.count(j) / max(len(mine), 1) for j in range(classes)])
    return rows


# %% confusion_shares | wrong | 0 | Those are the counts
def confusion_shares(labels, answers, classes):
    places = labels * classes + answers
    return torch.bincount(places, minlength=classes * classes).view(classes, classes)


# %% confusion_shares | wrong | 0.67 | 0 / 0, which is NaN
def confusion_shares(labels, answers, classes):
    places = labels * classes + answers
    counts = torch.bincount(places, minlength=classes * classes).view(classes, classes)
    return counts / counts.sum(dim=1, keepdim=True)


# %% confusion_shares | wrong | 0 | Rows and columns are the wrong way round
def confusion_shares(labels, answers, classes):
    table = torch.zeros(classes, classes)
    for label, answer in zip(labels, answers):
        table[answer, label] += 1
    return table / table.sum(dim=0).clamp(min=1)


# %% confusion_shares | wrong | 0 | along the wrong side
def confusion_shares(labels, answers, classes):
    table = torch.zeros(classes, classes)
    for label, answer in zip(labels, answers):
        table[label, answer] += 1
    return table / table.sum(dim=1).clamp(min=1)


# %% confusion_shares | wrong | 0 | sums of the columns
def confusion_shares(labels, answers, classes):
    table = torch.zeros(classes, classes)
    for label, answer in zip(labels, answers):
        table[label, answer] += 1
    return table / table.sum(dim=0).clamp(min=1)


# %% confusion_shares | wrong | 0 | the number of all examples
def confusion_shares(labels, answers, classes):
    table = torch.zeros(classes, classes)
    for label, answer in zip(labels, answers):
        table[label, answer] += 1
    return table / len(labels)


# %% confident_mistakes | right
def confident_mistakes(z, y, k):
    p = torch.exp(z - z.max(dim=1, keepdim=True).values)
    p = p / p.sum(dim=1, keepdim=True)
    found = []
    for row in range(len(y)):
        answer = int(p[row].argmax())
        if answer != int(y[row]):
            found.append((-float(p[row, answer]), row))
    return [row for _, row in sorted(found)[:k]]


# %% confident_mistakes | right
def confident_mistakes(z, y, k):
    log_p = z.log_softmax(1)
    wrong = torch.where(log_p.argmax(1) != y)[0]
    best = log_p[wrong].max(1)[0].topk(min(k, len(wrong)))
    print(best.values.exp())
    return wrong[best.indices]


# %% confident_mistakes | wrong | 0.36 | The order goes by the scores
def confident_mistakes(z, y, k):
    score, answer = z.max(dim=1)
    wrong = (answer != y).nonzero().flatten()
    return wrong[score[wrong].argsort(descending=True)][:k]


# %% confident_mistakes | wrong | 0 | Right answers came in
def confident_mistakes(z, y, k):
    return z.softmax(dim=1).max(dim=1).values.argsort(descending=True)[:k]


# %% confident_mistakes | wrong | 0 | places among the mistakes
def confident_mistakes(z, y, k):
    confidence, answer = z.softmax(dim=1).max(dim=1)
    return confidence[answer != y].argsort(descending=True)[:k]


# %% confident_mistakes | slip | 2.91 | you filled up with right answers
def confident_mistakes(z, y, k):
    confidence, answer = z.softmax(dim=1).max(dim=1)
    return torch.where(answer != y, confidence, -1).argsort(descending=True)[:k]


# %% confident_mistakes | wrong | 0.36 | from the least confident up
def confident_mistakes(z, y, k):
    confidence, answer = z.softmax(dim=1).max(dim=1)
    wrong = (answer != y).nonzero().flatten()
    return wrong[confidence[wrong].argsort()][:k]


# %% mended_ab | right
def mended_a(model, batches, criterion, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for images, labels in batches:
            opt.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            opt.step()
            losses.append(loss.item())
    return losses


def mended_b(model, batches, criterion, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for images, labels in batches:
            opt.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            opt.step()
            losses.append(loss.item())
    return losses


# %% mended_ab | right
def sound(model, batches, criterion, lr, epochs):
    parameters = list(model.parameters())
    losses = []
    for epoch in range(epochs):
        for x, y in batches:
            loss = criterion(model(x), y)
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for p, g in zip(parameters, gradients):
                    p -= lr * g
            losses.append(loss.detach())
        print("epoch", epoch)
    return losses


mended_a = mended_b = sound

# %% mended_ab | wrong | 0 | Loop A: the gradients add up
mended_a = loop_a
mended_b = loop_b


# %% mended_ab | slip | 2 | Loop B: no weight moves
def mended_a(model, batches, criterion, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for images, labels in batches:
            opt.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            opt.step()
            losses.append(loss.item())
    return losses


def mended_b(model, batches, criterion, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for images, labels in batches:
            loss = criterion(model(images), labels)
            loss.backward()
            opt.zero_grad()
            opt.step()
            losses.append(loss.item())
    return losses


# %% mended_ab | wrong | 1.71 | Loop B: each step uses the gradient of the batch before
def mended_a(model, batches, criterion, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    for _ in range(epochs):
        for images, labels in batches:
            opt.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            opt.step()


def mended_b(model, batches, criterion, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for images, labels in batches:
            loss = criterion(model(images), labels)
            opt.step()
            opt.zero_grad()
            loss.backward()
            losses.append(loss.item())
    return losses


# %% mended_ab | wrong | 0 | Loop A: now no weight moves
def mended_a(model, batches, criterion, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for images, labels in batches:
            loss = criterion(model(images), labels)
            loss.backward()
            opt.zero_grad()
            opt.step()
            losses.append(loss.item())
    return losses


def mended_b(model, batches, criterion, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        opt.zero_grad()
        for images, labels in batches:
            loss = criterion(model(images), labels)
            loss.backward()
            opt.step()
            losses.append(loss.item())
    return losses


# %% mended_ab | right
def mended_a(model, batches, criterion, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    out = []
    for _ in range(epochs):
        for x, y in batches:
            opt.zero_grad()
            l = criterion(model(x), y)
            l.backward()
            opt.step()
            out.append(l.item())
    return out


mended_b = mended_a


# %% mended_ab | right
def mended_a(model, batches, criterion, lr, epochs):
    out = []
    for _ in range(epochs):
        for x, y in batches:
            l = criterion(model(x), y)
            gs = torch.autograd.grad(l, list(model.parameters()))
            with torch.no_grad():
                for p, g in zip(model.parameters(), gs):
                    p.sub_(lr * g)
            out.append(l.detach())
    return torch.stack(out)


def mended_b(*a):
    return mended_a(*a)


# %% mended_cd | right
def mended_c(model, batches, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for images, labels in batches:
            p = model(images).softmax(dim=1)
            loss = nn.functional.nll_loss(p.log(), labels)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
    return losses


def mended_d(model, batches, held_back, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    reported = []
    for _ in range(epochs):
        model.train()
        for images, labels in batches:
            opt.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            opt.step()
        right = count = 0
        model.eval()
        with torch.no_grad():
            for images, labels in held_back:
                right += (model(images).argmax(dim=1) == labels).sum().item()
                count += len(labels)
        reported.append(right / count)
    return reported


# %% mended_cd | right
def mended_c(model, batches, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    criterion = nn.CrossEntropyLoss(reduction="sum")
    met = torch.empty(0)
    for epoch in range(epochs):
        print("epoch", epoch)
        for images, labels in batches:
            model.zero_grad()
            loss = criterion(model(images), labels) / len(labels)
            loss.backward()
            opt.step()
            met = torch.cat([met, loss.detach()[None]])
    return met.tolist()


def mended_d(model, batches, held_back, lr, epochs):
    def share_right():
        model.eval()
        hits = [
            float(model(x[None]).argmax()) == float(y)
            for xs, ys in held_back
            for x, y in zip(xs, ys)
        ]
        model.train()
        return torch.tensor(hits).float().mean()

    opt = torch.optim.SGD(model.parameters(), lr=lr)
    reported = []
    for _ in range(epochs):
        for images, labels in batches:
            opt.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            opt.step()
        reported.append(share_right())
    return reported


# %% mended_cd | wrong | 0 | the softmax is taken twice
mended_c = loop_c
mended_d = loop_d


# %% mended_cd | slip | 2.59 | half of its values switched off
def mended_c(model, batches, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for images, labels in batches:
            loss = nn.functional.cross_entropy(model(images), labels)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
    return losses


def mended_d(model, batches, held_back, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    reported = []
    for _ in range(epochs):
        model.train()
        for images, labels in batches:
            opt.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            opt.step()
        right = count = 0
        with torch.no_grad():
            for images, labels in held_back:
                right += (model(images).argmax(dim=1) == labels).sum().item()
                count += len(labels)
        reported.append(right / count)
    return reported


# %% mended_cd | wrong | 0.94 | never told to train again
def mended_c(model, batches, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for images, labels in batches:
            p = model(images).softmax(dim=1)
            loss = nn.functional.nll_loss(p, labels)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
    return losses


def mended_d(model, batches, held_back, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    reported = []
    model.train()
    for _ in range(epochs):
        for images, labels in batches:
            opt.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            opt.step()
        right = count = 0
        model.eval()
        with torch.no_grad():
            for images, labels in held_back:
                right += (model(images).argmax(dim=1) == labels).sum().item()
                count += len(labels)
        reported.append(right / count)
    return reported


# %% mended_cd | slip | 2.12 | the report is still about the training examples
def mended_c(model, batches, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        for images, labels in batches:
            loss = nn.functional.cross_entropy(model(images), labels)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
    return losses


def mended_d(model, batches, held_back, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    reported = []
    for _ in range(epochs):
        model.train()
        for images, labels in batches:
            opt.zero_grad()
            nn.functional.cross_entropy(model(images), labels).backward()
            opt.step()
        right = count = 0
        model.eval()
        with torch.no_grad():
            for images, labels in batches:
                right += (model(images).argmax(dim=1) == labels).sum().item()
                count += len(labels)
        reported.append(right / count)
    return reported


# %% mended_cd | right
def mended_c(model, batches, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    out = []
    for _ in range(epochs):
        for x, y in batches:
            l = nn.functional.cross_entropy(model(x), y)
            opt.zero_grad()
            l.backward()
            opt.step()
            out.append(l.item())
    return out


def mended_d(model, batches, held_back, lr, epochs):
    out = []
    for _ in range(epochs):
        model.train()
        mended_c(model, batches, lr, 1)
        model.eval()
        with torch.no_grad():
            out.append(
                sum(int((model(x).argmax(1) == y).sum()) for x, y in held_back)
                / sum(len(y) for _, y in held_back)
            )
    return out


# %% mended_cd | right
def mended_c(model, batches, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    out = []
    for _ in range(epochs):
        for x, y in batches:
            l = nn.NLLLoss()(model(x).log_softmax(1), y)
            opt.zero_grad()
            l.backward()
            opt.step()
            out.append(l.detach())
    return torch.stack(out)


def mended_d(model, batches, held_back, lr, epochs):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    out = []
    for _ in range(epochs):
        model.train()
        for x, y in batches:
            opt.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            opt.step()
        model.eval()
        ok = []
        for x, y in held_back:
            ok.append((model(x).argmax(1) == y).double())
        model.train()
        out.append(torch.cat(ok).mean().item())
    return out


# %% resume | right
def save_run(file, model, optimizer, epoch):
    torch.save([model.state_dict(), optimizer.state_dict(), epoch], str(file))
    print("saved")


def resume_run(file, model, optimizer):
    weights, memory, epoch = torch.load(file)
    model.load_state_dict(weights, strict=True)
    optimizer.load_state_dict(memory)
    return epoch


# %% resume | right
import io


def save_run(file, model, optimizer, epoch):
    buffer = io.BytesIO()
    state = {"optimizer": optimizer.state_dict(), "epoch": torch.tensor(epoch)}
    torch.save({**state, "parameters": [p.detach().clone() for p in model.parameters()]}, buffer)
    Path(file).write_bytes(buffer.getvalue())


def resume_run(file, model, optimizer):
    with open(file, "rb") as stream:
        state = torch.load(stream, weights_only=True)
    with torch.no_grad():
        for p, value in zip(model.parameters(), state["parameters"]):
            p.copy_(value)
    optimizer.load_state_dict(state["optimizer"])
    return int(state["epoch"])


# %% resume | wrong | 1.89 | the velocity was lost
def save_run(file, model, optimizer, epoch):
    torch.save({"model": model.state_dict(), "epoch": epoch}, file)


def resume_run(file, model, optimizer):
    state = torch.load(file, weights_only=True)
    model.load_state_dict(state["model"])
    return state["epoch"]


# %% resume | slip | 3.16 | Load with weights_only=True
def save_run(file, model, optimizer, epoch):
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}
    torch.save(state, file)


def resume_run(file, model, optimizer):
    state = torch.load(file, weights_only=False)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["epoch"]


# %% resume | slip | 3.58 | keep the number in the file too
def save_run(file, model, optimizer, epoch):
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}
    torch.save(state, file)


def resume_run(file, model, optimizer):
    state = torch.load(file, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])


# %% resume | wrong | 1.26 | the weights that it was made with
def save_run(file, model, optimizer, epoch):
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}
    torch.save(state, file)


def resume_run(file, model, optimizer):
    state = torch.load(file, weights_only=True)
    model = state["model"]
    optimizer = state["optimizer"]
    return state["epoch"]


# %% resume | right
def save_run(file, model, optimizer, epoch):
    torch.save([epoch, model.state_dict(), optimizer.state_dict()], file)


def resume_run(file, model, optimizer):
    e, m, o = torch.load(file, weights_only=True)
    model.load_state_dict(m)
    optimizer.load_state_dict(o)
    return torch.tensor(e)


# %% resume | right
def save_run(file, model, optimizer, epoch):
    with open(file, "wb") as f:
        torch.save(
            {
                "m": {k: v.clone() for k, v in model.state_dict().items()},
                "o": copy.deepcopy(optimizer.state_dict()),
                "e": epoch,
            },
            f,
        )


def resume_run(file, model, optimizer):
    with open(file, "rb") as f:
        d = torch.load(f, weights_only=True)
    optimizer.load_state_dict(d["o"])
    model.load_state_dict(d["m"])
    return d["e"]


# %% resume | slip | 3.79 | the 3 of the example
def save_run(file, model, optimizer, epoch):
    torch.save([model.state_dict(), optimizer.state_dict()], file)


def resume_run(file, model, optimizer):
    m, o = torch.load(file, weights_only=True)
    model.load_state_dict(m)
    optimizer.load_state_dict(o)
    return 3


# %% resume | slip | 0 | FileNotFoundError
def save_run(file, model, optimizer, epoch):
    torch.save([epoch, model.state_dict(), optimizer.state_dict()], str(file) + ".x")
    torch.save(0, file)


def resume_run(file, model, optimizer):
    torch.load(file, weights_only=True)
    e, m, o = torch.load(str(file) + ".x", weights_only=True)
    model.load_state_dict(m)
    optimizer.load_state_dict(o)
    return e


# %% train_reader | right
def train_reader(images, labels):
    torch.manual_seed(0)
    model = models.article_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    steps = 0
    while True:
        for rows in torch.randperm(len(images)).split(64):
            optimizer.zero_grad()
            loss = nn.NLLLoss()(model(images[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            steps += 1
            if steps == 1500:
                return model


# %% train_reader | right
def train_reader(images, labels):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Dropout(0.1), nn.Linear(100, 10))
    adam = torch.optim.Adam(net.parameters(), lr=0.002)
    for rows in torch.randperm(len(images)).split(64):
        adam.zero_grad()
        nn.functional.cross_entropy(net(images[rows]), labels[rows]).backward()
        adam.step()
    print("trained")
    return net


# %% train_reader | wrong | 2 | Less than nine in ten
def train_reader(images, labels):
    model = models.article_model(seed=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.003)
    torch.manual_seed(0)
    for _ in range(1500):
        rows = torch.randint(len(images), (64,))
        optimizer.zero_grad()
        nn.NLLLoss()(model(images[rows]), labels[rows]).backward()
        optimizer.step()
    return model


# %% train_reader | wrong | 0 | Less than seven in ten
def train_reader(images, labels):
    return models.logits_model()


# %% train_reader | wrong | 2 | More than 1,500 steps
def train_reader(images, labels):
    torch.manual_seed(0)
    model = models.logits_model(seed=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(1700):
        rows = torch.randint(len(images), (64,))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images[rows]), labels[rows]).backward()
        optimizer.step()
    return model


# %% train_reader | wrong | 0 | is too small
def train_reader(images, labels):
    model = models.logits_model(seed=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for rows in torch.arange(len(images)).split(64):
        loss = nn.functional.cross_entropy(model(images[rows]), labels[rows])
        loss.backward()
        optimizer.step()


# %% split_by_writer | right
import numpy as np


def split_by_writer(writer, held_back, seed):
    writer = writer.numpy()
    chosen = np.random.default_rng(seed).choice(np.unique(writer), held_back, replace=False)
    return tuple(np.argwhere(np.isin(writer, chosen, invert=turn)) for turn in (True, False))


# %% split_by_writer | right
def split_by_writer(writer, held_back, seed):
    generator = torch.Generator().manual_seed(seed)
    people = writer.unique()
    chosen = people[torch.randperm(len(people), generator=generator)[:held_back]]
    mask = (writer[:, None] == chosen).any(dim=1)
    return (~mask).nonzero(), mask.nonzero()


# %% split_by_writer | slip | 3.45 | nearly the same
def split_by_writer(writer, held_back, seed):
    u = writer.unique()[: held_back + 1]
    c = u[torch.randperm(len(u), generator=torch.Generator().manual_seed(seed))[:held_back]]
    m = torch.isin(writer, c)
    return (~m).nonzero().flatten(), m.nonzero().flatten()


# %% confusion_shares | right
import numpy as np


def confusion_shares(labels, answers, classes):
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels.numpy(), answers.numpy()), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


# %% confusion_shares | slip | 2.67 | nothing at all
def confusion_shares(labels, answers, classes):
    k = int(max(labels.max(), answers.max())) + 1
    C = torch.bincount(labels * k + answers, minlength=k**2).view(k, k).double()
    return C / C.sum(1, keepdim=True).clamp(min=1)


# %% confident_mistakes | right
import numpy as np


def confident_mistakes(z, y, k):
    p = np.exp(z.numpy() - z.numpy().max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    wrong = np.flatnonzero(p.argmax(axis=1) != y.numpy())
    return wrong[np.argsort(-p[wrong].max(axis=1))][:k]


# %% confident_mistakes | right
def confident_mistakes(z, y, k):
    c, a = z.softmax(1).max(1)
    c = torch.where(a == y, -1.0, c)
    n = min(k, int((a != y).sum()))
    return tuple(c.topk(n).indices.tolist())


# %% confident_mistakes | right
def confident_mistakes(z, y, k):
    p = z.softmax(dim=1)
    bad = [(float(p[i].max()), i) for i in range(len(y)) if int(p[i].argmax()) != int(y[i])]
    return [i for _, i in sorted(bad, reverse=True)[:k]]


# %% confident_mistakes | wrong | 1.82 | lead over the second score
def confident_mistakes(z, y, k):
    t = z.topk(2, dim=1).values
    m = t[:, 0] - t[:, 1]
    w = (z.argmax(1) != y).nonzero().flatten()
    return w[m[w].argsort(descending=True)][:k]


# %% confident_mistakes | slip | 3.64 | a single mistake
def confident_mistakes(z, y, k):
    c, a = z.softmax(1).max(1)
    w = (a != y).nonzero().squeeze()
    return w[c[w].argsort(descending=True)][:k]
