"""Checks pages of `ockham report --html`, and prints what their pictures show.

Usage: check_page.py PAGE.html

A page is well-formed, self-contained and without scripts; in every picture no
two boxes overlap, and everything lies within the frame. Prints one line for each
picture: the words of the boxes from the bottom to the top, ghosts in brackets,
and what changed with a star.
"""

import sys
import xml.etree.ElementTree as ET

with open(sys.argv[1], encoding="utf-8") as file:
    page = file.read()
root = ET.fromstring(page)
problems = []

for word in ("<script", "http:", "https:", "url(", "@import", "<link", " src="):
    if word in page:
        problems.append(f"{word!r} in the page")


def number(element, key):
    """An attribute as a number."""
    return float(element.get(key))


def boxes(svg):
    """(left, top, right, bottom, class) of every box."""
    for rect in svg.iter("rect"):
        style = rect.get("class").split()
        if "stripe" not in style:
            x, y = number(rect, "x"), number(rect, "y")
            yield (x, y, x + number(rect, "width"), y + number(rect, "height"), style)


def title_of(svg, box):
    """The first text in a box."""
    inside = [
        text
        for text in svg.iter("text")
        if box[0] <= number(text, "x") <= box[2]
        and box[1] <= number(text, "y") <= box[3]
    ]
    top = min(inside, key=lambda text: number(text, "y"))
    return "".join(top.itertext())


def check(svg):
    """Overlaps and what is outside of the frame."""
    _, _, width, height = map(float, svg.get("viewBox").split())
    found = list(boxes(svg))
    for i, a in enumerate(found):
        if a[0] < 0 or a[1] < 0 or a[2] > width or a[3] > height:
            problems.append(f"{title_of(svg, a)} is outside of the frame")
        for b in found[i + 1 :]:
            if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]:
                problems.append(f"{title_of(svg, a)} overlaps {title_of(svg, b)}")
    return found


for svg in root.iter("svg"):
    # Pictures stand side by side: split them at their titles' middles.
    heads = [text for text in svg.iter("text") if text.get("class") == "head"]
    centres = [number(text, "x") for text in heads]
    shown = {i: [] for i in range(len(heads))}
    for box in sorted(check(svg), key=lambda box: (-box[3], box[0])):
        middle = (box[0] + box[2]) / 2
        nearest = min(range(len(heads)), key=lambda i: abs(centres[i] - middle))
        title = title_of(svg, box)
        if "ghost" in box[4]:
            title = f"[{title}]"
        elif "changed" in box[4]:
            title += "*"
        elif "added" in box[4]:
            title += " (new)"
        shown[nearest].append(title)
    for i, head in enumerate(heads):
        print(f"{head.text}: " + " | ".join(shown[i]))

if problems:
    sys.exit("\n".join(problems))
