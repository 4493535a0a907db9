"""The charts of the mail, each defined once and drawn as PNG."""

import io
from typing import Any

from include.locale.words import Words
from include.reports.facts import KpiLine, KpiPoint, Point

FONT = "Liberation Sans"  # carried by the renderer, so the bytes do not depend on the machine's fonts
INK = "#1f2933"
GREY = "#616e7c"
SERIES = ("#31688e", "#e07b39", "#2f9e63")
COLOURS = 64  # lines, bands and the shades of letters: a mail of pictures must stay small
# As wide as lets a phone show it with letters that can be read, and a desk without blowing it up.
SIZE = {"width": 400, "height": 190}


def weekly_flow(points: list[Point], words: Words) -> dict[str, Any]:
    """Return the Vega-Lite definition: units received, put back on sale and sold again by week."""
    import altair as alt
    import pandas as pd

    names = (words._("received"), words._("back on sale"), words._("sold again"))
    weeks = pd.DataFrame(
        {
            "week": [words.day(point.week_start) for point in points],
            "order": range(len(points)),
            names[0]: [point.received for point in points],
            names[1]: [point.on_sale for point in points],
            names[2]: [point.resold for point in points],
        }
    )
    rows = weeks.melt(["week", "order"], var_name="what", value_name="units")
    base = alt.Chart(rows).encode(
        x=_weeks(alt),
        y=alt.Y("units:Q", title=words._("units a week"), axis=alt.Axis(tickMinStep=1, tickCount=5)),
        color=alt.Color("what:N", scale=alt.Scale(domain=list(names), range=list(SERIES)), legend=_legend(alt)),
    )
    return _styled(base.mark_line(strokeWidth=2.5) + base.mark_point(filled=True, size=38, opacity=1))


def share_with_interval(lines: list[tuple[str, KpiLine]], title: str, words: Words) -> dict[str, Any] | None:
    """Return the definition of shares by week, each under its name, with their intervals as bands.

    A week that an earlier line has is not drawn of a later one. None where there are not two weeks to draw.
    """
    import altair as alt
    import pandas as pd

    points: list[tuple[str, KpiPoint]] = []
    for name, line in lines:
        drawn = {point.week_start for _, point in points}
        points += [(name, one) for one in line.trend if one.value is not None and one.week_start not in drawn]
    if len({point.week_start for _, point in points}) < 2:
        return None
    names = [name for name, _ in lines if name in {of for of, _ in points}]
    table = pd.DataFrame(
        [
            {"week": words.day(point.week_start), "start": point.week_start.isoformat(), "what": name,
             "value": point.value, "lo": point.lo, "hi": point.hi}
            for name, point in sorted(points, key=lambda one: (one[1].week_start, one[0]))
        ]
    )  # fmt: skip
    axis = alt.Axis(format="~%", tickCount=5)
    colour = alt.Color("what:N", scale=alt.Scale(domain=names, range=list(SERIES[: len(names)])), legend=_legend(alt))
    base = alt.Chart(table).encode(
        x=alt.X("week:N", sort=alt.EncodingSortField("start"), title=None, axis=_label(alt)), color=colour
    )
    value = alt.Y("value:Q", title=title, axis=axis, scale=alt.Scale(zero=True))
    band = base.mark_rule(strokeWidth=7, opacity=0.28).encode(y=alt.Y("lo:Q"), y2="hi:Q")
    line = base.mark_line(strokeWidth=2.5).encode(y=value)
    dots = base.mark_point(filled=True, size=38, opacity=1).encode(y=value)
    return _styled(band + line + dots)


def _weeks(alt: Any) -> Any:
    return alt.X("week:N", sort=alt.EncodingSortField("order"), title=None, axis=_label(alt))


def _label(alt: Any) -> Any:
    return alt.Axis(labelAngle=-40)


def _legend(alt: Any) -> Any:
    return alt.Legend(
        title=None, orient="top", symbolType="stroke", symbolStrokeWidth=3, symbolOpacity=1, columns=3, labelLimit=300
    )


def _styled(chart: Any) -> dict[str, Any]:
    return dict(
        chart.properties(**SIZE, background="#ffffff", padding=6)
        .configure(font=FONT)
        .configure_axis(
            labelColor=GREY,
            titleColor=GREY,
            gridColor="#e8ecf0",
            domainColor="#cbd2d9",
            tickColor="#cbd2d9",
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
        )
        .configure_legend(labelColor=INK, labelFontSize=13)
        .configure_view(stroke=None)
        .to_dict()
    )


def png(definition: dict[str, Any]) -> bytes:
    """Draw a definition as PNG, twice as dense as its size in pixels, in as many colours as a chart has."""
    import vl_convert
    from PIL import Image

    out = io.BytesIO()
    drawn = Image.open(io.BytesIO(vl_convert.vegalite_to_png(definition, scale=2))).convert("RGB")
    drawn.quantize(COLOURS).save(out, "PNG", optimize=True)
    return out.getvalue()
