"""What the three shops sell: the words and price ranges their catalogues are made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shelf:
    """One category of a shop: its title, Kaspi's category code, lowest and highest price in tenge."""

    title: str
    code: str
    price_from: int
    price_to: int
    things: tuple[str, ...]
    brands: tuple[str, ...]


@dataclass(frozen=True)
class Shop:
    """What distinguishes a merchant before chance fills in the rest."""

    merchant_id: str
    name: str
    locale: str
    sku_prefix: str
    store_id: str
    warehouse: str
    city: str
    base_includes_returns: bool
    pick_scan: bool
    notices: bool
    suppliers: tuple[str, ...]
    shelves: tuple[Shelf, ...]
    intact_share: float
    """Share of opened-and-returned goods whose packaging is still whole."""


TECH = (
    Shelf(
        "Наушники",
        "Master - Headphones",
        6_990,
        39_990,
        ("Наушники TWS", "Наушники накладные", "Гарнитура игровая"),
        ("Aurum", "Sonik", "Boreal"),
    ),
    Shelf(
        "Зарядные устройства",
        "Master - Chargers",
        2_990,
        14_990,
        ("Зарядное устройство 65W", "Пауэрбанк 20000", "Кабель USB-C 2 м"),
        ("Voltix", "Aurum", "Qazer"),
    ),
    Shelf(
        "Клавиатуры и мыши",
        "Master - Keyboards",
        4_990,
        34_990,
        ("Клавиатура механическая", "Мышь беспроводная", "Комплект клавиатура и мышь"),
        ("Klyk", "Boreal"),
    ),
    Shelf(
        "Умные часы",
        "Master - Smart watches",
        14_990,
        89_990,
        ("Смарт-часы", "Фитнес-браслет"),
        ("Zaman", "Sonik"),
    ),
    Shelf(
        "Портативные колонки",
        "Master - Speakers",
        7_990,
        59_990,
        ("Колонка портативная", "Колонка с подсветкой"),
        ("Sonik", "Dombyra"),
    ),
    Shelf(
        "Роутеры",
        "Master - Routers",
        9_990,
        49_990,
        ("Wi-Fi роутер AX1800", "Mesh-система"),
        ("Baylanys", "Netra"),
    ),
)
HOME = (
    Shelf(
        "Посуда",
        "Master - Cookware",
        3_990,
        29_990,
        ("Сковорода 28 см", "Кастрюля 5 л", "Набор тарелок"),
        ("Dastarkhan", "Otau"),
    ),
    Shelf(
        "Постельное бельё",
        "Master - Bed linen",
        8_990,
        34_990,
        ("Комплект белья евро", "Плед", "Подушка 50x70"),
        ("Jumsaq", "Otau"),
    ),
    Shelf(
        "Светильники",
        "Master - Lamps",
        4_990,
        44_990,
        ("Лампа настольная", "Люстра", "Ночник"),
        ("Nurly", "Shamshyraq"),
    ),
    Shelf(
        "Хранение вещей",
        "Master - Storage",
        1_990,
        19_990,
        ("Органайзер", "Корзина плетёная", "Стеллаж"),
        ("Qorap", "Otau"),
    ),
    Shelf(
        "Кухонные приборы",
        "Master - Kitchen tools",
        9_990,
        69_990,
        ("Блендер", "Чайник электрический", "Весы кухонные"),
        ("Dastarkhan", "Tez"),
    ),
    Shelf(
        "Декор",
        "Master - Decor",
        2_990,
        24_990,
        ("Ваза", "Зеркало настенное", "Часы настенные"),
        ("Oyu", "Shamshyraq"),
    ),
)
KIDS = (
    Shelf(
        "Детские куртки",
        "Master - Kids jackets",
        12_990,
        39_990,
        ("Куртка зимняя", "Куртка демисезонная"),
        ("Balapan", "Qulyn"),
    ),
    Shelf(
        "Детская обувь",
        "Master - Kids shoes",
        7_990,
        27_990,
        ("Кроссовки детские", "Ботинки зимние", "Сандалии"),
        ("Qadam", "Qulyn"),
    ),
    Shelf(
        "Платья для девочек",
        "Master - Kids dresses",
        5_990,
        19_990,
        ("Платье нарядное", "Платье трикотажное"),
        ("Balapan", "Gauhar"),
    ),
    Shelf(
        "Игрушки",
        "Master - Toys",
        2_990,
        29_990,
        ("Конструктор", "Мягкая игрушка", "Настольная игра"),
        ("Oiyn", "Asyq"),
    ),
    Shelf(
        "Рюкзаки",
        "Master - School bags",
        8_990,
        24_990,
        ("Рюкзак школьный", "Рюкзак дошкольный"),
        ("Oqushy", "Qulyn"),
    ),
    Shelf(
        "Комбинезоны",
        "Master - Overalls",
        9_990,
        32_990,
        ("Комбинезон зимний", "Комбинезон флисовый"),
        ("Balapan", "Qulyn"),
    ),
)

SHOPS = (
    Shop(
        "almaty_tech",
        "Алматы Тех",
        "ru",
        "AT",
        "PP1",
        "W1",
        "Алматы",
        False,
        True,
        True,
        ("Aurum Trading", "Sonik KZ", "Boreal Distribution", "Voltix Asia", "Baylanys Group"),
        TECH,
        0.5,
    ),
    Shop(
        "jibek_home",
        "Жібек Үй",
        "kk",
        "JH",
        "PP1",
        "W1",
        "Алматы",
        False,
        False,
        False,
        ("Otau Tekstil", "Dastarkhan Trade", "Nurly Zharyq", "Qorap Plast"),
        HOME,
        0.22,
    ),
    Shop(
        "sary_kids",
        "Сары Kids",
        "ru",
        "SK",
        "PP2",
        "W2",
        "Астана",
        True,
        True,
        True,
        ("Balapan Textile", "Qulyn Impex", "Qadam Shoes", "Oiyn Import"),
        KIDS,
        0.5,
    ),
)

DEFECTIVE_SHELF = "Наушники"
DEFECTIVE_SUPPLIER = "Aurum Trading"
DEFECTIVE_BATCH = "AUR-26-07"
MISLEADING_SHELF = "Детская обувь"

CITIES = {
    "Алматы": "750000000",
    "Астана": "710000000",
    "Шымкент": "511010000",
    "Караганда": "351010000",
    "Актобе": "151010000",
    "Павлодар": "551010000",
    "Талдыкорган": "191010000",
}
CITY_WEIGHTS = (34, 22, 14, 11, 8, 6, 5)
STREETS = (
    "улица Каныша Сатпаева",
    "проспект Абая",
    "улица Кунаева",
    "улица Желтоксан",
    "проспект Республики",
    "улица Наурызбай батыра",
    "улица Тауелсиздик",
    "микрорайон Самал-2",
)
COURIERS = ("Kaspi Express", "Azat Courier", "Dala Logistics")
FIRST_NAMES = (
    "Айгерим",
    "Ерлан",
    "Дана",
    "Нурлан",
    "Асель",
    "Марат",
    "Жанна",
    "Тимур",
    "Гульнара",
    "Алия",
    "Санжар",
    "Ирина",
    "Олег",
    "Мадина",
    "Бауыржан",
    "Светлана",
)
LAST_NAMES = (
    "Ахметов",
    "Сейтказы",
    "Оспан",
    "Ким",
    "Жумабай",
    "Петров",
    "Нурпеис",
    "Тулеген",
    "Абдрахман",
    "Садык",
    "Каримов",
    "Мухамед",
    "Ли",
    "Токтар",
)
