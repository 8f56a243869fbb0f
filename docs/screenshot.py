#!/usr/bin/env python3
"""Turns a captured terminal screen into an SVG.

    tmux capture-pane -e -p -t PANE | docs/screenshot.py [--title TEXT] > docs/dashboard.svg

Reads text with SGR escape sequences (16, 256 and 24-bit colours, bold, dim, italic, underline, reverse) on standard
input and writes an SVG of a monospace grid on standard output. Every run of equal cells is one text element whose
length is given, so that the columns stay aligned whatever font the reader has. Braille patterns are drawn as dots:
many monospace fonts lack them, and the fallback has another width (--braille-as-text leaves them to the font all the
same). Needs nothing but Python 3.9.
"""

import argparse
import re
import sys
import unicodedata
from dataclasses import dataclass, replace
from html import escape

CELL_W, CELL_H, FONT_PX = 8.43, 16.5, 14
MARGIN, BAR_H = 14, 30
FOREGROUND, BACKGROUND, CHROME = "#d4d7dd", "#14171c", "#1d2128"
FONTS = "'JetBrains Mono','Cascadia Mono','DejaVu Sans Mono','SF Mono',Menlo,Consolas,'Liberation Mono',monospace"
SIXTEEN = ["#14171c", "#e0696f", "#8fbf7f", "#d9b870", "#6f9fd8", "#b48ed0", "#6cb6bd", "#c8ccd4",
           "#5c6370", "#f0868b", "#a9d69a", "#f0d08c", "#8fb9ec", "#cba9e4", "#8cd3d9", "#ffffff"]
ESCAPE = re.compile(r"\x1b\[([0-9;:]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_()][0-9A-Za-z]?|[\x00-\x09\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Style:
    """How a cell looks; no colour means the terminal's own."""
    fg: "str | None" = None
    bg: "str | None" = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False

    def colours(self):
        """Foreground, and background if it has to be painted."""
        fg, bg = self.fg or FOREGROUND, self.bg
        if self.reverse:
            fg, bg = bg or BACKGROUND, fg
        return fg, bg


def indexed(number):
    """The colour of a 256-colour index."""
    if number < 16:
        return SIXTEEN[number]
    if number >= 232:
        level = 8 + 10 * (number - 232)
        return "#%02x%02x%02x" % (level, level, level)
    number -= 16
    levels = (0, 95, 135, 175, 215, 255)
    return "#%02x%02x%02x" % (levels[number // 36], levels[number // 6 % 6], levels[number % 6])


def extended(codes):
    """The colour after 38 or 48: `5;n` or `2;r;g;b`; consumes its codes."""
    kind = codes.pop(0) if codes else 0
    if kind == 5 and codes:
        return indexed(min(codes.pop(0), 255))
    if kind == 2 and len(codes) >= 3:
        red, green, blue = (min(codes.pop(0), 255) for _ in range(3))
        return "#%02x%02x%02x" % (red, green, blue)
    return None


SWITCHES = {1: {"bold": True}, 2: {"dim": True}, 3: {"italic": True}, 4: {"underline": True}, 7: {"reverse": True},
            22: {"bold": False, "dim": False}, 23: {"italic": False}, 24: {"underline": False},
            27: {"reverse": False}, 39: {"fg": None}, 49: {"bg": None}}


def select(style, parameters):
    """The style after an SGR sequence with these parameters."""
    # 38:2::r:g:b has an empty field for a colour space that 38;2;r;g;b lacks.
    parameters = re.sub(r"([34]8:2):[0-9]*:(?=[0-9]+:[0-9]+:[0-9]+)", r"\1:", parameters)
    codes = [int(code or 0) for code in re.split("[;:]", parameters)]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style = Style()
        elif code in SWITCHES:
            style = replace(style, **SWITCHES[code])
        elif code in (38, 48):
            style = replace(style, **{"fg" if code == 38 else "bg": extended(codes)})
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = replace(style, fg=SIXTEEN[code - 30 if code < 90 else code - 82])
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style = replace(style, bg=SIXTEEN[code - 40 if code < 100 else code - 92])
    return style


def width(letter):
    """Cells that a character takes."""
    if unicodedata.combining(letter) or unicodedata.category(letter) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def cells(text):
    """Rows of (character, style); a wide character is followed by an empty one."""
    style, rows = Style(), [[]]
    place = 0
    while place < len(text):
        match = ESCAPE.match(text, place)
        if match:
            if match.group(2) == "m":
                style = select(style, match.group(1))
            place = match.end()
            continue
        letter = text[place]
        place += 1
        if letter == "\n":
            rows.append([])
        elif width(letter) == 0:
            if rows[-1]:
                rows[-1][-1] = (rows[-1][-1][0] + letter, rows[-1][-1][1])
        else:
            rows[-1].append((letter, style))
            rows[-1].extend([("", style)] * (width(letter) - 1))
    while rows and not rows[-1]:
        rows.pop()
    return rows


def is_braille(letter):
    return "\u2800" <= letter <= "\u28ff"


def runs(row):
    """(first column, style, characters) of neighbours that are drawn alike."""
    start = 0
    for end in range(1, len(row) + 1):
        if end == len(row) or row[end][1] != row[start][1] or is_braille(row[end][0]) != is_braille(row[start][0]):
            yield start, row[start][1], [letter for letter, _ in row[start:end]]
            start = end


def number(value):
    return f"{value:.2f}".rstrip("0").rstrip(".")


def dots(column, line, letters):
    """A path of small discs for braille patterns: the dots of column 1, then those of column 2."""
    places = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
    path = []
    for offset, letter in enumerate(letters):
        for bit, (across, down) in enumerate(places):
            if (ord(letter) - 0x2800) >> bit & 1:
                x = (column + offset + 0.25 + 0.5 * across) * CELL_W
                y = (line + 0.125 + 0.25 * down) * CELL_H
                path.append(f"M{number(x)} {number(y)}h0")
    return "".join(path)


def draw(rows, title, as_text):
    """The SVG of these rows."""
    columns = max((len(row) for row in rows), default=1)
    bar = BAR_H if title else 0
    total_w, total_h = columns * CELL_W + 2 * MARGIN, len(rows) * CELL_H + 2 * MARGIN + bar
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(total_w)} {number(total_h)}" '
        f'width="{number(total_w)}" height="{number(total_h)}">',
        f"<style>text{{font-family:{FONTS};font-size:{FONT_PX}px;white-space:pre}}"
        "path{fill:none;stroke-width:2.3;stroke-linecap:round}</style>",
        f'<rect width="100%" height="100%" rx="9" fill="{BACKGROUND}"/>',
    ]
    if title:
        out.append(f'<path d="M0 {bar}V9A9 9 0 0 1 9 0H{number(total_w - 9)}A9 9 0 0 1 {number(total_w)} 9V{bar}z" '
                   f'style="fill:{CHROME};stroke:none"/>')
        out.append(f'<text x="{number(total_w / 2)}" y="20" text-anchor="middle" fill="#8b93a1">{escape(title)}</text>')
    out.append(f'<g transform="translate({MARGIN} {MARGIN + bar})">')
    for line, row in enumerate(rows):
        for column, style, letters in runs(row):
            fg, bg = style.colours()
            x, length = number(column * CELL_W), number(len(letters) * CELL_W)
            if bg:
                out.append(f'<rect x="{x}" y="{number(line * CELL_H)}" width="{length}" height="{CELL_H}" fill="{bg}"/>')
            faint = ' opacity=".6"' if style.dim else ""
            if is_braille(letters[0]) and not as_text:
                path = dots(column, line, letters)
                if path:
                    out.append(f'<path d="{path}" stroke="{fg}"{faint}/>')
                continue
            text = "".join(letters)
            if not text.strip() and not style.underline:
                continue
            look = faint
            look += ' font-weight="700"' if style.bold else ""
            look += ' font-style="italic"' if style.italic else ""
            look += ' text-decoration="underline"' if style.underline else ""
            out.append(f'<text xml:space="preserve" x="{x}" y="{number(line * CELL_H + 13)}" textLength="{length}" '
                       f'lengthAdjust="spacingAndGlyphs" fill="{fg}"{look}>{escape(text)}</text>')
    out.append("</g></svg>")
    return "\n".join(out) + "\n"


def main():
    parser = argparse.ArgumentParser(description="Turn a captured terminal screen into an SVG.")
    parser.add_argument("--title", default="", help="text for a title bar; none without it")
    parser.add_argument("--braille-as-text", action="store_true", help="leave braille to the reader's font")
    arguments = parser.parse_args()
    text = sys.stdin.buffer.read().decode("utf-8", "replace")
    sys.stdout.buffer.write(draw(cells(text), arguments.title, arguments.braille_as_text).encode())


if __name__ == "__main__":
    main()
