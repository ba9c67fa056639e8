"""The helper package of the course *Training a neural network with PyTorch*.

It hides noise, never the lesson: data that is simply there, the reference model, the training
loop once it has been taught, and the pictures. Import the part that you need, for instance
``from drinkdeep import mnist, models``; each imports the heavy libraries only when used.
"""
