"""What the figures of the autograd chapter show is what PyTorch recorded and sent."""

import torch
from torch import Tensor

from drinkdeep.figures import autograd


def shared_graph() -> tuple[dict[str, Tensor], Tensor]:
    """A graph that is no tree: w is used three times, one product in two places."""
    w = torch.tensor(1.5, requires_grad=True)
    b = torch.tensor(-0.75, requires_grad=True)
    p = w * b
    loss = (p + w).tanh() * p + w**2
    return {"w": w, "b": b, "ℓ": loss}, loss


def test_every_node_comes_once_and_after_all_that_use_it() -> None:
    _, loss = shared_graph()
    assert loss.grad_fn is not None
    order = autograd.graph_nodes(loss.grad_fn)
    assert len(order) == len(set(order)) == 8
    place = {node: number for number, node in enumerate(order)}
    for node in order:
        for child, _ in node.next_functions:
            if child is not None:
                assert place[node] < place[child]


def test_what_arrives_at_the_leaves_is_their_gradient_and_grad_is_left_alone() -> None:
    named, loss = shared_graph()
    named["w"].grad = torch.tensor(7.0)
    visits = autograd.listen(loss)
    arrived = {v.node.variable: v.received for v in visits if autograd.is_leaf_node(v.node)}
    expected = torch.autograd.grad(loss, [named["w"], named["b"]], retain_graph=True)
    assert arrived == {named["w"]: expected[0].item(), named["b"]: expected[1].item()}
    assert named["w"].grad.item() == 7.0
    assert named["b"].grad is None


def test_what_a_node_receives_is_the_sum_of_what_its_users_sent() -> None:
    _, loss = shared_graph()
    visits = autograd.listen(loss)
    arrived = {visits[0].node: 1.0}
    for visit in visits:
        assert abs(visit.received - arrived[visit.node]) < 1e-6
        for (child, _), sent in zip(visit.node.next_functions, visit.sent, strict=False):
            if child is not None and sent is not None:
                arrived[child] = arrived.get(child, 0.0) + sent


def test_the_replay_ends_with_the_gradients_of_two_backward_passes() -> None:
    named, loss = shared_graph()
    draw = autograd.replay(loss, named)
    assert "b.grad is None and w.grad is None" in draw(0, False).caption
    total = dict.fromkeys("bw", 0.0)
    for passes in (1, 2):
        for name in total:
            (gradient,) = torch.autograd.grad(loss, named[name], retain_graph=True)
            total[name] += gradient.item()
        told = draw(8 * passes, False).caption.replace("−", "-")
        assert f"b.grad is {total['b']:.3g} and w.grad is {total['w']:.3g}." in told
    assert draw(16, True).caption.endswith(draw(8, False).caption.split(" Now ")[1])


def test_two_edges_between_the_same_nodes_are_drawn_apart() -> None:
    w = torch.tensor(3.0, requires_grad=True)
    root = (w * w).grad_fn
    assert root is not None
    _, edges = autograd._place(root, lambda _: 1.0)
    assert len({(edge.leave, edge.arrive) for edge in edges}) == 2
