"""Sphinx extension: the stills of a page, drawn as before, with half the bytes.

Matplotlib writes each drawing as if it stood alone: with its own outlines of all its letters, a
group and a name for each part, and every point of a curve however close to the last. In a notebook
it does stand alone. A page has a dozen, so they share the outlines here, and what nobody can see
goes; and a grey image, such as a digit, is written with one number a pixel in place of four. Each
drawing is also put into a box that has its size, which lets a browser leave out what is far from
the reader without the page changing its height (drinkdeep.css).
"""

import base64
import io
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx

XLINK = "{http://www.w3.org/1999/xlink}"
PNG = "data:image/png;base64,"
DRAWING = re.compile(r"<svg aria-hidden.*?</svg>", re.S)
STYLE = re.compile(r"<style>[^<]*</style>")
LINK = re.compile(r"#([\w-]+)")
# Matplotlib's global rule, repeated in each drawing; set once on the <svg> instead.
FOR_ALL = "*{stroke-linejoin: round; stroke-linecap: butt}"
PATH = re.compile(r"[A-Za-z]|-?[\d.]+")
POINTS = {"M": 1, "L": 1, "Q": 2, "C": 3, "Z": 0}
# A tenth of a point is what a coordinate is rounded to, a hundredth within a small shape.
FINE, COARSE = 100, 10


def number(steps: int, in_one: int) -> str:
    """Return a whole number of steps as an SVG writes it, such as ``-.25``."""
    text = f"{steps / in_one:.2f}".rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0\.", r"\1.", text) if steps else "0"


def parts(path: str) -> Iterator[tuple[str, list[float]]]:
    """Yield the commands of a path, each with its numbers."""
    command = ""
    numbers: list[float] = []
    for token in PATH.findall(path):
        if token.isalpha():
            if command:
                yield command, numbers
            command, numbers = token.upper(), []
        else:
            numbers.append(float(token))
    yield command, numbers


def without_hidden(points: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a line without the points that lie within another stroke of it, up and down."""
    kept: list[tuple[int, int]] = []
    for _, run in groupby(points, key=lambda point: point[0]):
        column = list(run)
        highs = [y for _, y in column]
        ends = {0, highs.index(min(highs)), highs.index(max(highs)), len(column) - 1}
        kept += [column[place] for place in sorted(ends)]
    return kept


def shorter(path: str, in_one: int) -> str:
    """Return the same path from point to point instead of from the corner, rounded.

    Each step ends on the grid of ``1 / in_one``, so that roundings don't add up.
    """
    if not path or set(re.findall("[A-Za-z]", path)) - {*"MLQCZz"}:
        return path
    commands: list[tuple[str, list[tuple[int, int]]]] = []
    for command, numbers in parts(path):
        if len(numbers) != 2 * POINTS[command]:
            return path
        steps = [round(in_one * place) for place in numbers]
        points = list(zip(steps[::2], steps[1::2], strict=True))
        if command == "L" and commands and commands[-1][0] == "L":
            commands[-1][1].extend(points)  # a line of many points is one command
        else:
            commands.append((command, points))
    text, at, start = "", (0, 0), (0, 0)
    for command, points in commands:
        text += command.lower()
        if command == "L":
            points = without_hidden(points)
        elif command == "M":
            start = points[0]
        for place, (x, y) in enumerate(points, 1):
            for step in (x - at[0], y - at[1]):
                written = number(step, in_one)
                text += written if text[-1].isalpha() or written[0] == "-" else f" {written}"
            if command == "L" or place == len(points):
                at = (x, y)
        if command == "Z":
            at = start
    return text


def rounded(text: str, digits: int) -> str:
    """Return a text with its long decimal fractions rounded."""
    return re.sub(r"-?\d+\.\d+", lambda found: f"{round(float(found[0]), digits):g}", text)


def declarations(style: str) -> list[str]:
    """Return the declarations of a style, without the colour: a page has its own."""
    style = re.sub(r"(var\(--[\w-]+),#\w+\)", r"\1)", style)
    return [re.sub(r"\s*:\s*", ":", part.strip()) for part in style.split(";") if part.strip()]


class Page:
    """The drawings of one page: the shapes that they share, and how many names they have."""

    def __init__(self) -> None:
        """Begin a page."""
        self.shapes: dict[str, str] = {}  # by what is drawn, the name
        self.names = 0

    def name(self) -> str:
        """Return a name that no other shape of the page has."""
        self.names += 1
        return f"dd{self.names}"

    def share(self, shape: ElementTree.Element) -> str:
        """Return the name under which the page has this shape."""
        shape.attrib.pop("id")
        return self.shapes.setdefault(write(shape), self.name())

    def outlines(self) -> str:
        """Return the shared shapes, in a drawing that takes no room."""
        shapes = "".join(
            text.replace("<path", f'<path id="{name}"', 1) for text, name in self.shapes.items()
        )
        return (
            '<svg aria-hidden="true" width="0" height="0" style="position:absolute">'
            f"<defs>{shapes}</defs></svg>"
        )

    def drawing(self, svg: str) -> str:
        """Return one drawing, in a box of its size."""
        root = ElementTree.fromstring(svg)
        size = re.fullmatch(r"([\d.]+)pt", root.get("width", ""))
        box = root.get("viewBox", "").split()
        if size is None or len(box) != 4:
            return svg
        used = set(LINK.findall(svg))
        names: dict[str, str] = {}
        styles: dict[str, set[str]] = {}
        for parent in list(root.iter()):
            parent.tag = parent.tag.rpartition("}")[2]
        for parent in root.iter("defs"):
            for child in list(parent):
                if child.tag == "path" and child.get("id") in used:
                    tidy(child, FINE)
                    old = child.attrib["id"]
                    styles[old] = {part.split(":")[0] for part in child.get("style", "").split(";")}
                    names[old] = self.share(child)
                    parent.remove(child)
        for element in root.iter():
            old = element.get("id", "")
            if old in used:
                element.set("id", names.setdefault(old, self.name()))
            else:
                element.attrib.pop("id", None)
            tidy(element, COARSE)
            if element.tag == "use":
                shorten_use(element, styles)
        for element in root.iter():
            for key, value in element.items():
                if "#" in value and not value.startswith("data:"):
                    element.set(
                        key, LINK.sub(lambda found: f"#{names.get(found[1], found[1])}", value)
                    )
        root.attrib = {
            "aria-hidden": "true",
            "viewBox": root.attrib["viewBox"],
            "stroke-linejoin": "round",
        }
        prune(root)
        width, height = box[2:]
        style = f"width:{size[0]};aspect-ratio:{width}/{height}"
        return f'<div class="dd-panel" style="{style}">{write(root)}</div>'


def smaller(address: str) -> str:
    """Write a PNG image as a data address, no pixel changed: without colours if it has none."""
    image = Image.open(io.BytesIO(base64.b64decode(address.removeprefix(PNG))))
    if image.mode != "RGBA" or image.getchannel("A").getextrema() != (255, 255):
        return address
    grey = image.convert("L")
    if any(image.getchannel(colour).tobytes() != grey.tobytes() for colour in "RGB"):
        return address
    file = io.BytesIO()
    grey.save(file, "PNG", optimize=True)
    return PNG + base64.b64encode(file.getvalue()).decode()


def tidy(element: ElementTree.Element, in_one: int) -> None:
    """Shorten what the attributes of an element say."""
    if href := element.attrib.pop(f"{XLINK}href", None):
        element.set("href", smaller(href) if href.startswith(PNG) else href)
    if "d" in element.attrib:
        fine = "transform" in element.attrib
        element.set("d", shorter(element.attrib["d"], FINE if fine else in_one))
    if "transform" in element.attrib and element.tag != "path":
        element.set("transform", rounded(element.attrib["transform"], 3))
    if "style" in element.attrib:
        element.set("style", ";".join(declarations(element.attrib["style"])))
    for blank in ("text", "tail"):
        if element.tag != "style" and not (getattr(element, blank) or "").strip():
            setattr(element, blank, None)


def shorten_use(element: ElementTree.Element, styles: dict[str, set[str]]) -> None:
    """Of a shape's use, shorten its place, and leave out the style that the shape has itself."""
    place = re.fullmatch(r"translate\((\S+) 0\)", element.get("transform", ""))
    if place and "x" not in element.attrib:
        del element.attrib["transform"]
        element.set("x", rounded(place[1], 1))
    own = styles.get(element.get("href", "").removeprefix("#"), set())
    style = [part for part in element.get("style", "").split(";") if part.split(":")[0] not in own]
    element.attrib.pop("style", None)
    if any(style):
        element.set("style", ";".join(style))


def prune(element: ElementTree.Element) -> None:
    """Take out of an element what draws nothing, and the groups that say nothing."""
    for child in list(element):
        prune(child)
        unseen = child.tag == "path" and child.get("style") == "fill:none"
        empty = child.tag in ("defs", "g") and len(child) == 0
        if unseen or empty or (child.tag == "style" and child.text == FOR_ALL):
            element.remove(child)
        elif child.tag == "g" and not child.attrib:
            place = list(element).index(child)
            element[place : place + 1] = list(child)


def write(element: ElementTree.Element) -> str:
    """Return an element as HTML has it, without names of vocabularies."""
    says = "".join(f' {key}="{escape(value)}"' for key, value in element.items())
    within = escape(element.text or "") + "".join(map(write, element))
    end = f">{within}</{element.tag}>" if within else "/>"
    return f"<{element.tag}{says}{end}{escape(element.tail or '')}"


def escape(text: str) -> str:
    """Return the text as it stands in HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def lighten(_: Sphinx, document: nodes.document, _page: str) -> None:
    """Rewrite the stills of a page, and put what they share before the first of them."""
    page = Page()
    first: nodes.raw | None = None
    for node in document.findall(nodes.raw):
        text = node.astext()
        if node["format"] != "html" or 'class="dd-figure"' not in text:
            continue
        text = DRAWING.sub(lambda found: page.drawing(found[0]), text)
        # The style of the figures is the same in each.
        text = STYLE.sub("", text) if first is not None else text
        first = node if first is None else first
        node.rawsource = text
    # What the shapes are is known at the end, and wanted before the first of them is used.
    if first is not None:
        first.rawsource = page.outlines() + first.rawsource
    for node in document.findall(nodes.raw):
        if 'class="dd-figure"' in node.rawsource:
            node.children = [nodes.Text(node.rawsource)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to the writing of pages."""
    app.connect("doctree-resolved", lighten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
