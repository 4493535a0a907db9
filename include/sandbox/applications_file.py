"""The file of applications as an operator exports it from the cabinet: Russian headers, naive Almaty times."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from include.sandbox.applications import Application, Stage
from include.sandbox.moments import ALMATY

Steps = Literal["last", "all"]
COLUMNS = (
    "Номер заявки",
    "Номер заказа",
    "Код товара",
    "Название товара",
    "Количество",
    "Код причины",
    "Причина",
    "Дата создания",
    "Раздел",
    "Шаг",
    "Дата шага",
    "Трек-номер",
)
CSV_TIME = "%d.%m.%Y %H:%M"
XLSX_TIME = "DD.MM.YYYY HH:MM"
XLSX_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def as_csv(applications: Iterable[Application], now: dt.datetime, steps: Steps) -> bytes:
    """Return UTF-8 with a byte order mark, cells separated by semicolons."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(COLUMNS)
    for row in _rows(applications, now, steps):
        writer.writerow(cell.strftime(CSV_TIME) if isinstance(cell, dt.datetime) else cell for cell in row)
    return out.getvalue().encode("utf-8-sig")


def as_xlsx(applications: Iterable[Application], now: dt.datetime, steps: Steps) -> bytes:
    """Return the same as a workbook of one sheet: times are date cells, numbers of orders and goods are text."""
    # only this needs the package: the sandbox runs without it
    from openpyxl import Workbook  # type: ignore[import-not-found,import-untyped,unused-ignore]

    book = Workbook()
    sheet = book.active
    sheet.title = "Заявки"
    sheet.append(COLUMNS)
    for row in _rows(applications, now, steps):
        sheet.append(row)
        for cell in sheet[sheet.max_row]:
            if cell.is_date:
                cell.number_format = XLSX_TIME
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _rows(applications: Iterable[Application], now: dt.datetime, steps: Steps) -> Iterator[list[Any]]:
    for application in applications:
        reached = application.reached(now)
        for stage in reached if steps == "all" else reached[-1:]:
            yield _row(application, stage)


def _row(application: Application, stage: Stage) -> list[Any]:
    return [
        application.number,
        application.order.code,
        application.line.master_code,
        application.line.name,
        len(application.units),
        application.reason_code,
        application.reason_text,
        _naive(application.created_at),
        stage.tab,
        stage.step,
        _naive(stage.at),
        application.return_label,
    ]


def _naive(at: dt.datetime) -> dt.datetime:
    """Return the wall clock's reading in Almaty, as the cabinet shows it."""
    return at.astimezone(ALMATY).replace(tzinfo=None)
