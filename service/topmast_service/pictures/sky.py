"""The sky plot: footprints on a coordinate grid, coloured by who may have the data."""

from __future__ import annotations

import textwrap
from collections import Counter
from io import BytesIO
from typing import IO

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from topmast_service.pictures import field, footprints, frame
from topmast_service.pictures.looks import DASHED, FAINT, INK, LOOKS, TEXT, printable
from topmast_service.pictures.scene import Mark, Scene

DOTS_PER_INCH = 150
WIDTH = 8.0
"""Inches, as wide as a page."""

_TITLE_LINES, _TITLE_WIDTH, _NOTE_WIDTH = 2, 76, 120
_LINE, _LEGEND, _NOTE = 0.22, 0.34, 0.16
"""Inches: a line of the title, the legend, a line of the notes."""


def draw(scene: Scene, into: IO[bytes]) -> None:
    """Write the picture of a scene as PNG, some 1,200 × 1,300 pixels; north is up, east to the left."""
    edges = [[field.outline(shape) for shape in mark.shapes] or [_place(mark)] for mark in scene.marks]
    everything = np.vstack([edge for outlines in edges for edge in outlines] or [np.empty((0, 3))])
    cone = scene.cone
    shown = field.choose(everything, (cone.ra, cone.dec, cone.radius) if cone else None)
    title = textwrap.wrap(printable(scene.title), _TITLE_WIDTH, max_lines=_TITLE_LINES, placeholder=" …")
    above = 0.12 + _LINE * len(title) + _LEGEND + (0.3 if shown.polar else 0)
    below = 0.3 + _NOTE * len(_below(scene, 10**6)) + (0 if shown.whole_sky else 0.5)
    left, right = (0.45, 0.45) if shown.whole_sky else (1.1, 0.42)
    across = WIDTH - left - right
    up = across / 2 if shown.whole_sky else across
    figure = Figure(figsize=(WIDTH, above + up + below), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    height = figure.get_figheight()
    axes = frame.axes(figure, shown, (left / WIDTH, below / height, across / WIDTH, up / height))
    cut = footprints.draw(axes, shown, scene.marks, edges)
    if cone is not None:
        footprints.target(axes, shown, cone)
    _words(figure, scene, title, cut)
    _write(figure, into, printable(scene.title)[:200])


def _write(figure: Figure, into: IO[bytes], title: str) -> None:
    """As PNG with a palette: a quarter of the bytes, and no colour more than 2 % off.

    (Of Pillow's methods, maximum coverage alone keeps the greys of text grey beside ten thousand blues.)
    """
    whole, said = BytesIO(), PngInfo()
    figure.savefig(whole, format="png", pil_kwargs={"compress_level": 1})
    for name, text in {"Software": "topmast", "Title": title}.items():
        said.add_itxt(name, text)
    with Image.open(whole) as picture:
        few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(into, "PNG", optimize=True, pnginfo=said)


def _place(mark: Mark) -> field.Vectors:
    return field.vectors(mark.position)


def _words(figure: Figure, scene: Scene, title: list[str], cut: int) -> None:
    """Title, legend and what stands below."""
    height = figure.get_figheight()
    style = {"ha": "center", **TEXT}
    figure.text(0.5, 1 - 0.1 / height, "\n".join(title), va="top", size=12, weight="bold", color=INK, **style)
    top = 1 - (0.1 + _LINE * len(title)) / height
    figure.legend(
        handles=_legend(scene), loc="upper center", bbox_to_anchor=(0.5, top), ncols=6, frameon=False, fontsize=9.5,
        handlelength=1.9, columnspacing=1.4, handletextpad=0.5,
    )  # fmt: skip
    below = "\n".join(_below(scene, cut))
    figure.text(0.5, 0.1 / height, below, va="bottom", size=8, color=FAINT, linespacing=1.35, **style)


def _below(scene: Scene, cut: int) -> list[str]:
    notes = [*scene.notes, *([f"{cut:,} reach beyond the frame."] if cut else [])]
    return textwrap.wrap(printable(" ".join(notes)), _NOTE_WIDTH)


def _legend(scene: Scene) -> list[Patch | Line2D]:
    counts: Counter[str] = Counter()
    for mark in scene.marks:
        counts[mark.access] += mark.rows
    handles: list[Patch | Line2D] = [
        Patch(
            facecolor=(look.color, 0.22), edgecolor=look.color, linestyle=look.line, linewidth=1.2,
            label=f"{name} ({counts[name]:,})",
        )
        for name, look in LOOKS.items()
        if counts[name]
    ]  # fmt: skip
    if scene.cone is not None:
        name = textwrap.shorten(printable(scene.cone.name), 28, placeholder="…").replace("$", r"\$")
        label = f"{name}, r = {_angle(scene.cone.radius)}"
        handles.append(Line2D([], [], color=INK, linestyle=DASHED, linewidth=1.3, label=label))
    return handles


def _angle(degrees: float) -> str:
    for unit, name in ((1.0, "°"), (1 / 60, "′")):
        if degrees >= unit * 0.999:
            return f"{degrees / unit:.3g}{name}"
    return f"{degrees * 3600:.3g}″"
