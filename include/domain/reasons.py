"""What a buyer said, in our eight words, and who can do something about each of them.

The raw text is always kept beside the mapped reason; a text nobody mapped yet is ``unknown``, never a guess.
"""

import re

UNKNOWN = "unknown"

# Level 1: the cause and the one who can prevent it.
OWNERS: dict[str, str] = {
    "changed_mind": "nobody",
    "does_not_fit": "content",
    "not_as_described": "content",
    "defective": "supplier",
    "damaged_in_transit": "carrier",
    "incomplete": "supplier",
    "wrong_item": "picking",
    "late_or_undelivered": "carrier",
    "fraud_suspected": "merchant",
    UNKNOWN: "nobody",
}

# Codes of Kaspi applications that are known; the list is open.
CODES: dict[str, str] = {
    "SIZE_MISMATCH": "does_not_fit",
    "UNSUITABLE": "changed_mind",
    "WRONG": "not_as_described",
    "SHORT_DELIVERY": "late_or_undelivered",
}

# Texts as buyers and warehouse people write them, folded by `_fold`.
TEXTS: dict[str, str] = {
    "не подошел размер": "does_not_fit",
    "не подошел": "does_not_fit",
    "не подошла модель": "does_not_fit",
    "не подходит": "does_not_fit",
    "не тот размер": "does_not_fit",
    "маломерит": "does_not_fit",
    "большемерит": "does_not_fit",
    "не понравился": "changed_mind",
    "не понравилось": "changed_mind",
    "не понравилась": "changed_mind",
    "передумал": "changed_mind",
    "передумала": "changed_mind",
    "покупатель передумал": "changed_mind",
    "товар не нужен": "changed_mind",
    "нашел дешевле": "changed_mind",
    "не как на фото или в описании": "not_as_described",
    "не как на фото": "not_as_described",
    "не соответствует описанию": "not_as_described",
    "товар не соответствует описанию": "not_as_described",
    "не тот цвет": "not_as_described",
    "не работает или работает плохо": "defective",
    "не работает": "defective",
    "плохо работает": "defective",
    "брак": "defective",
    "заводской брак": "defective",
    "товар не работает": "defective",
    "дефект": "defective",
    "поврежден при доставке": "damaged_in_transit",
    "товар поврежден": "damaged_in_transit",
    "повреждена упаковка": "damaged_in_transit",
    "повреждено при доставке": "damaged_in_transit",
    "упаковка и товар повреждены": "damaged_in_transit",
    "разбит при доставке": "damaged_in_transit",
    "неполный комплект": "incomplete",
    "некомплект": "incomplete",
    "неполная комплектация": "incomplete",
    "товар в неполной комплектации": "incomplete",
    "не хватает деталей": "incomplete",
    "прислали не тот товар": "wrong_item",
    "привезли не тот товар": "wrong_item",
    "не тот товар": "wrong_item",
    "другой товар": "wrong_item",
    "не получил товар": "late_or_undelivered",
    "не получил заказ": "late_or_undelivered",
    "долгая доставка": "late_or_undelivered",
    "долго везли": "late_or_undelivered",
    "опоздала доставка": "late_or_undelivered",
    "не доставлен": "late_or_undelivered",
    "подделка": "fraud_suspected",
    "imei не верифицирован": "fraud_suspected",
}


def _fold(text: str) -> str:
    """Bring a text to the form of the table: lower case, е for ё, single spaces, no punctuation."""
    plain = re.sub(r"[^\w\s]", " ", text.casefold().replace("ё", "е"))
    return " ".join(plain.split())


def map_reason(raw: str | None) -> str:
    """Return the reason of a raw code or text; ``unknown`` for nothing and for whatever is not in the tables."""
    if raw is None or not raw.strip():
        return UNKNOWN
    code = raw.strip()
    if code.upper() in CODES:
        return CODES[code.upper()]
    if code.lower() in OWNERS:
        return code.lower()
    return TEXTS.get(_fold(code), UNKNOWN)
