"""What is printed is read back: by a barcode reader, and by the eye of a PDF reader."""

from pathlib import Path

import pypdfium2
import pytest
import zxingcpp

from include.console.desk_papers import command_sections
from include.locale.words import words
from include.reports.labels import PRESS, Label, label_pdf, sheet_pdf

DOTS_AN_INCH = 203  # a common label printer


def pages(body: bytes, dots: int = DOTS_AN_INCH) -> list[object]:
    return [page.render(scale=dots / 72).to_pil() for page in pypdfium2.PdfDocument(body)]


@pytest.mark.parametrize("code", ["W1-7K3M9QXD24", "W1-000042", "ALMATY-7K3M9QXD24"])
def test_the_bars_of_a_label_are_its_code_as_a_printer_prints_it(code: str) -> None:
    body = label_pdf(Label(code, "Смартфон", "На продажу", "A", ["RO-1"]))
    (image,) = pages(body)
    read = zxingcpp.read_barcodes(image)
    assert [(one.text, one.format.name) for one in read] == [(code, "Code128")]


def test_a_label_is_58_by_40_millimetres_and_has_every_letter() -> None:
    text = "Көйлек «Жібек жолы» әңғүұқөһі 12 000 ₸"
    document = pypdfium2.PdfDocument(label_pdf(Label("W1-000042", text, "Қайта қаптау", "B", ["RO-W1-000042 · SKU-1"])))
    assert [round(side / 72 * 25.4) for side in document[0].get_size()] == [58, 40]
    printed = document[0].get_textpage().get_text_range()
    for wanted in ("W1-000042", "Қайта қаптау", "әңғүұқөһі", "₸", "B"):
        assert wanted in printed.replace("\r\n", " "), printed


def test_the_longest_texts_stay_on_the_label() -> None:
    label = Label("W1-7K3M9QXD24", "Очень длинное название товара " * 9, "Карантин у восточной стены, стеллаж 14", "D",
                  ["RO-W1-7K3M9QXD24 · ОЧЕНЬ-ДЛИННЫЙ-АРТИКУЛ-ТОВАРА-0001", "12 нояб., 10:15"])  # fmt: skip
    document = pypdfium2.PdfDocument(label_pdf(label))
    assert len(document) == 1
    page = document[0].get_textpage()
    boxes = [page.get_charbox(place) for place in range(page.count_chars())]
    width, height = document[0].get_size()
    assert all(
        left >= -0.5 and bottom >= -0.5 and right <= width + 0.5 and top <= height + 0.5
        for left, bottom, right, top in boxes
    )


def test_a_code_that_no_label_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="too long for a label"):
        label_pdf(Label("W1-" + "X" * 60, "", "", ""))


@pytest.mark.parametrize("language", ["ru", "kk", "en"])
def test_every_code_of_the_sheet_can_be_scanned(language: str) -> None:
    sections = command_sections(words(language))
    body = sheet_pdf("Codes", "Scan", sections)
    read = {one.text for image in pages(body, 200) for one in zxingcpp.read_barcodes(image)}
    assert read == {PRESS + code for _, codes in sections for code, _ in codes}


def test_the_buttons_of_the_sheet_are_on_the_pages() -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in Path("include/console/static/desk").glob("*.js"))
    for _, codes in command_sections(words("en")):
        for code, _ in codes:
            name, _, value = code.partition("=")
            assert f'"{name}"' in scripts or f"{name}:" in scripts, code
            assert not value or f"{name}=" in scripts or "${name}=${code}" in scripts
