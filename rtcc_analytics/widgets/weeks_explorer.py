"""The weekly line, live: two controls that drive a line and a table together."""

from __future__ import annotations

from html import escape

import ipywidgets as w
import numpy as np

from data_connectors.errors import RtccError
from rtcc_analytics.events import Occurrences
from rtcc_analytics.temporal import WeeklySeries
from rtcc_analytics.widgets.choices import offense_choices
from rtcc_analytics.widgets.debounce import Debounced
from rtcc_analytics.widgets.strips import table_html, weekly_strip
from rtcc_analytics.workflows.exploration import weeks_of

SPANS = (("half a year", 26), ("a year", 52), ("two years", 104))
ROWS_SHOWN = 6


class WeeksExplorer(w.VBox):
    """Offense and span, the weekly line with its band, and the last weeks as a table.

    Parameters
    ----------
    records : Occurrences
        From `rtcc_analytics.workflows.exploration.read_records`.
    offense : str, optional
        Where the control stands at first; all offenses where left out.
    weeks : 26, 52 or 104
        Weeks shown at first.

    Attributes
    ----------
    offense, span : widgets
        The controls.
    line, table : widgets
        What they drive.
    series : WeeklySeries
        What is shown now.
    """

    def __init__(self, records: Occurrences, *, offense: str | None = None, weeks: int = 52) -> None:
        self._records = records
        choices, value = offense_choices(records, offense)
        self.offense = w.Dropdown(options=choices, value=value, description="Offense", layout=w.Layout(width="420px"))
        self.span = w.ToggleButtons(options=SPANS, value=weeks, style={"button_width": "96px"})
        self.line, self.table = w.HTML(), w.HTML()
        self.series: WeeklySeries | None = None
        super().__init__([w.HBox([self.offense, self.span]), self.line, self.table])
        self.redraw()
        asked = Debounced(self.redraw)
        for control in (self.offense, self.span):
            control.observe(asked, "value")

    @property
    def title(self) -> str:
        """What is shown, in words."""
        return f"{self.offense.label.rsplit(' (', 1)[0]}, events a week"

    def redraw(self) -> None:
        """Compute the line the controls ask for, and show it with its table."""
        try:
            self.series = weeks_of(self._records, offense=self.offense.value, weeks=self.span.value)
        except RtccError as error:
            self.line.value, self.table.value = f'<b style="color:#a00000">{escape(str(error))}</b>', ""
            return
        self.line.value = weekly_strip(self.series, width=820, height=200, title=self.title)
        self.table.value = _last_weeks(self.series)


def _last_weeks(series: WeeklySeries) -> str:
    rows = series.to_frame().tail(ROWS_SHOWN).iloc[::-1]
    band = zip(rows["low"], rows["high"], strict=True)
    chance = ["–" if np.isnan(low) else f"{low:,.0f} to {high:,.0f}" for low, high in band]
    late = np.where(rows["lag_affected"], "still arriving", "")
    words = np.where(rows["outside"], "outside the band", late)
    columns = [
        ("Week from", "left", [f"{day:%a %d %b %Y}" for day in rows["week_start"]]),
        ("Events", "right", ["–" if np.isnan(n) else f"{n:,.0f}" for n in rows["count"]]),
        ("By chance alone", "right", chance),
        ("", "left", list(words)),
    ]
    return table_html(columns)
