"""The charts, each defined once: the mail shows it as PNG."""

from typing import Any

from include.locale.words import Words
from include.reports.facts import Point

FONT = "Liberation Sans"  # carried by the renderer, so the bytes do not depend on the machine's fonts
INK = "#1f2933"
GREY = "#7b8794"
SERIES = ("#31688e", "#e07b39", "#2f9e63")


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
        x=alt.X("week:N", sort=alt.EncodingSortField("order"), title=None, axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("units:Q", title=words._("units a week"), axis=alt.Axis(tickMinStep=1)),
        color=alt.Color(
            "what:N",
            scale=alt.Scale(domain=list(names), range=list(SERIES)),
            legend=alt.Legend(title=None, orient="top", symbolType="stroke", symbolStrokeWidth=3),
        ),
    )
    chart = (base.mark_line(strokeWidth=2.5) + base.mark_point(filled=True, size=38, opacity=1)).properties(
        width=520, height=200, background="#ffffff", padding=8
    )
    return dict(
        chart.configure(font=FONT)
        .configure_axis(
            labelColor=GREY,
            titleColor=GREY,
            gridColor="#e8ecf0",
            domainColor="#cbd2d9",
            tickColor="#cbd2d9",
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
        )
        .configure_legend(labelColor=INK, labelFontSize=12)
        .configure_view(stroke=None)
        .to_dict()
    )


def png(definition: dict[str, Any]) -> bytes:
    """Draw a definition as PNG, twice as dense as its size in pixels."""
    import vl_convert

    return bytes(vl_convert.vegalite_to_png(definition, scale=2))
