"""How figures become pictures that say the same as the table beside them.

Every picture is drawn from whole numbers (fen or counts), carries them as selectable text, and
describes itself in one sentence that names each figure. Greys and dashes only: a photocopy loses
nothing. Bars and lines are Vega-Lite drawings; the flow picture is drawn here.
"""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

from assets.errors import MissingTool
from reports.paper import Kind, Picture, UnfitPaper, cell_text

FONT = "Noto Sans CJK SC"
# From black to light, each step clear on a photocopy; more series than shades are refused.
_SHADES = ("#222222", "#8c8c8c", "#c8c8c8", "#555555", "#ececec", "#aaaaaa")
_DASHES = ((1, 0), (6, 3), (2, 2), (8, 2, 2, 2))
_WIDTH, _HEIGHT = 560, 230
_TEN_THOUSAND_YUAN_FEN = 1_000_000


class Point(NamedTuple):
    """One figure of a chart: ``Point("2019年", "中央", 118000000)``; amounts in fen."""

    category: str
    series: str
    amount: int


class Link(NamedTuple):
    """Money flowing between neighbouring columns of a flow picture, in fen."""

    source: str
    target: str
    amount_fen: int


def bars(title: str, points: Sequence[Point], kind: Kind = "fen") -> Picture:
    """Upright bars, one per category, stacked by series, the sum above each.

    Raises:
        UnfitPaper: Too many series to tell apart in grey, or negative parts.
    """
    series = _series(title, points, len(_SHADES))
    if any(point.amount < 0 for point in points):
        raise UnfitPaper(f"图“{title}”含负数，不能堆叠成柱。请改用折线图。")
    categories = _distinct(point.category for point in points)
    sums = [
        {"category": name, "amount": total, "label": cell_text(kind, total)}
        for name in categories
        for total in [sum(point.amount for point in points if point.category == name)]
    ]
    x = {"field": "category", "type": "ordinal", "sort": categories, "title": None}
    y = _amount_axis(kind)
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": _values(points, kind)},
            "mark": {"type": "bar", "stroke": "#000000", "strokeWidth": 1, "size": 34},
            "encoding": {
                "x": {**x, "axis": {"labelAngle": 0, "labelLimit": 120}},
                "y": {**y, "stack": "zero"},
                "color": _shades(series),
                "order": {"field": "rank", "type": "quantitative"},
            },
        },
        {
            "data": {"values": sums},
            "mark": {"type": "text", "baseline": "bottom", "dy": -3, "fontSize": 9},
            "encoding": {"x": x, "y": y, "text": {"field": "label"}},
        },
    ]
    return Picture(title, _svg({"layer": layers}), describe(title, points, kind))


def lines(title: str, points: Sequence[Point], kind: Kind = "fen") -> Picture:
    """One line per series over the categories in the order given, told apart by dashes.

    Raises:
        UnfitPaper: Too many series to tell apart by dashes.
    """
    series = _series(title, points, len(_DASHES))
    categories = _distinct(point.category for point in points)
    spec = {
        "data": {"values": _values(points, kind)},
        "mark": {"type": "line", "point": {"color": "#000000", "size": 22}, "color": "#000000"},
        "encoding": {
            "x": {
                "field": "category",
                "type": "ordinal",
                "sort": categories,
                "title": None,
                "axis": {"labelAngle": 0, "labelLimit": 90},
            },
            "y": _amount_axis(kind),
            "strokeDash": {
                "field": "series",
                "type": "nominal",
                "sort": series,
                "scale": {"domain": series, "range": [list(d) for d in _DASHES[: len(series)]]},
                "legend": {
                    "title": None,
                    "orient": "top",
                    "symbolType": "stroke",
                    "symbolSize": 300,
                },
            },
        },
    }
    return Picture(title, _svg(spec), describe(title, points, kind))


def progress(title: str, points: Sequence[Point]) -> Picture:
    """Lying bars of equal length, one per category: how many of each series there are.

    Raises:
        UnfitPaper: Too many series to tell apart in grey.
    """
    series = _series(title, points, len(_SHADES))
    categories = _distinct(point.category for point in points)
    y = {"field": "category", "type": "ordinal", "sort": categories, "title": None}
    share = {
        "field": "amount",
        "type": "quantitative",
        "stack": "normalize",
        "title": None,
        "axis": {"format": ".0%"},
    }
    order = {"field": "rank", "type": "quantitative"}
    # Figures stand at the end of the name: a thin slice has no room for its own.
    values = _values(points, "int")
    for value in values:
        counts = [p.amount for p in points if p.category == value["category"]]
        value["category"] = f"{value['category']}（{'/'.join(map(str, counts))}）"
    y["sort"] = _distinct(str(value["category"]) for value in values)
    spec = {
        "data": {"values": values},
        "mark": {"type": "bar", "stroke": "#000000", "strokeWidth": 1, "size": 16},
        "encoding": {"y": y, "x": share, "color": _shades(series), "order": order},
        "height": 26 * len(categories),
    }
    return Picture(title, _svg(spec), describe(title, points, "int"))


def flow(title: str, columns: Sequence[Sequence[str]], links: Sequence[Link]) -> Picture:
    """Money running from column to column, each band as thick as its amount.

    Raises:
        UnfitPaper: What reaches a middle station is not what leaves it.
    """
    into = _sums(links, by_target=True)
    out = _sums(links, by_target=False)
    for column in columns[1:-1]:
        for name in column:
            if into.get(name, 0) != out.get(name, 0):
                raise UnfitPaper(
                    f"图“{title}”中“{name}”流入{cell_text('fen', into.get(name, 0))}，"
                    f"流出{cell_text('fen', out.get(name, 0))}，不平。"
                )
    amounts = {name: into.get(name, 0) or out.get(name, 0) for c in columns for name in c}
    spoken = "；".join(f"{k.source}→{k.target} {cell_text('fen', k.amount_fen)}元" for k in links)
    return Picture(title, _flow_svg(columns, links, amounts), f"{title}：{spoken}。")


def describe(title: str, points: Sequence[Point], kind: Kind) -> str:
    """One sentence naming every figure, for those who cannot see the picture."""
    unit = "元" if kind == "fen" else ""
    figures = "；".join(
        f"{point.category} {point.series} {cell_text(kind, point.amount)}{unit}" for point in points
    )
    return f"{title}：{figures}。"


def _distinct(names: "Sequence[str] | Any") -> list[str]:
    return list(dict.fromkeys(names))


def _series(title: str, points: Sequence[Point], most: int) -> list[str]:
    series = _distinct(point.series for point in points)
    if len(series) > most:
        raise UnfitPaper(f"图“{title}”有{len(series)}个系列，灰度下最多分清{most}个。请合并。")
    return series


def _values(points: Sequence[Point], kind: Kind) -> list[dict[str, object]]:
    series = _distinct(point.series for point in points)
    return [
        {
            "category": point.category,
            "series": point.series,
            "amount": point.amount,
            "rank": series.index(point.series),
            "label": cell_text(kind, point.amount),
        }
        for point in points
    ]


def _amount_axis(kind: Kind) -> dict[str, Any]:
    if kind != "fen":
        return {"field": "amount", "type": "quantitative", "title": None}
    label = f"format(datum.value / {_TEN_THOUSAND_YUAN_FEN}, ',')"
    return {
        "field": "amount",
        "type": "quantitative",
        "title": "万元",
        "axis": {"labelExpr": label, "titleAngle": 0, "titleAlign": "right", "titleY": -8},
    }


def _shades(series: Sequence[str]) -> dict[str, Any]:
    return {
        "field": "series",
        "type": "nominal",
        "sort": list(series),
        "scale": {"domain": list(series), "range": list(_SHADES[: len(series)])},
        "legend": {"title": None, "orient": "top", "symbolStrokeColor": "#000000"},
    }


def _svg(spec: Mapping[str, Any]) -> str:
    """Draw a Vega-Lite chart as SVG with real text.

    Raises:
        MissingTool: The drawing library is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise MissingTool("不能画图：缺少 vl-convert-python。请重新安装本程序的依赖。") from error
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": _WIDTH,
        "height": _HEIGHT,
        "background": None,
        "config": {
            # Named outright, otherwise Chinese text takes Japanese shapes.
            "font": FONT,
            "axis": {"labelFontSize": 9, "titleFontSize": 9, "gridColor": "#dddddd"},
            "legend": {"labelFontSize": 9},
            "view": {"stroke": None},
        },
        **spec,
    }
    return str(vl_convert.vegalite_to_svg(json.dumps(whole, ensure_ascii=False)))


def _sums(links: Sequence[Link], *, by_target: bool) -> dict[str, int]:
    sums: dict[str, int] = {}
    for link in links:
        name = link.target if by_target else link.source
        sums[name] = sums.get(name, 0) + link.amount_fen
    return sums


_FLOW_WIDTH, _FLOW_HEIGHT, _NODE_WIDTH, _NODE_GAP, _LABEL_WIDTH = 640, 330, 10, 14, 110


def _flow_svg(
    columns: Sequence[Sequence[str]], links: Sequence[Link], amounts: Mapping[str, int]
) -> str:
    """The flow picture in hundredths of a pixel, so that no rounding shows."""
    fullest = max(sum(amounts[name] for name in column) for column in columns) or 1
    most = max(len(column) for column in columns)
    room = (_FLOW_HEIGHT - _NODE_GAP * (most - 1)) * 100
    step = (_FLOW_WIDTH - _NODE_WIDTH - _LABEL_WIDTH) * 100 // max(1, len(columns) - 1)
    place: dict[str, tuple[int, int]] = {}
    nodes: list[str] = []
    for index, column in enumerate(columns):
        y = 0
        for name in column:
            height = max(100, amounts[name] * room // fullest)
            x = index * step
            place[name] = (x, y)
            nodes.append(_node(name, amounts[name], x, y, height))
            y += height + _NODE_GAP * 100
    left, right = dict.fromkeys(place, 0), dict.fromkeys(place, 0)
    bands = []
    for link in links:
        thick = link.amount_fen * room // fullest
        (x1, y1), (x2, y2) = place[link.source], place[link.target]
        bands.append(
            _band(
                x1 + _NODE_WIDTH * 100, y1 + right[link.source], x2, y2 + left[link.target], thick
            )
        )
        right[link.source] += thick
        left[link.target] += thick
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_FLOW_WIDTH}" height="{_FLOW_HEIGHT}" '
        f'viewBox="0 0 {_FLOW_WIDTH} {_FLOW_HEIGHT}" font-family="{FONT}" font-size="9">'
        f"{''.join(bands)}{''.join(nodes)}</svg>"
    )


def _node(name: str, amount_fen: int, x: int, y: int, height: int) -> str:
    text_x, text_y = x + (_NODE_WIDTH + 4) * 100, y + height // 2 + 300
    label = f"{escape(name)} {cell_text('fen', amount_fen)}"
    return (
        f'<rect x="{_px(x)}" y="{_px(y)}" width="{_NODE_WIDTH}" height="{_px(height)}" '
        f'fill="#222222"/><text x="{_px(text_x)}" y="{_px(text_y)}">{label}</text>'
    )


def _band(x1: int, y1: int, x2: int, y2: int, thick: int) -> str:
    middle = (x1 + x2) // 2
    upper = f"M{_px(x1)},{_px(y1)}C{_px(middle)},{_px(y1)} {_px(middle)},{_px(y2)} "
    lower = f"L{_px(x2)},{_px(y2 + thick)}C{_px(middle)},{_px(y2 + thick)} "
    end = f"{_px(middle)},{_px(y1 + thick)} {_px(x1)},{_px(y1 + thick)}Z"
    return (
        f'<path d="{upper}{_px(x2)},{_px(y2)}{lower}{end}" fill="#d9d9d9" stroke="#999999" '
        'stroke-width="0.4"/>'
    )


def _px(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"
