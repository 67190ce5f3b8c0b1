"""What the seeded shop is called, sells and says: own lists, so that a seed means the same shop for ever."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "ADJECTIVES",
    "CATEGORIES",
    "CITIES",
    "COLOURS",
    "EXTRA_WORDS",
    "FAMILY_NAMES",
    "GIVEN_NAMES",
    "MATERIALS",
    "ODDITIES",
    "OPINIONS",
    "SENTENCES",
    "SERIES",
    "STREETS",
    "Leaf",
    "Oddity",
]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A category without categories below: what stands there, net prices from/to in cents, tax in percent."""

    name: str
    nouns: tuple[str, ...]
    cents: tuple[int, int]
    tax: str = "19.00"


@dataclass(frozen=True, slots=True)
class Oddity:
    """A product of the kind that breaks programs: given fields win over drawn ones."""

    name: str
    description: str | None = None
    cents: int | None = None
    attributes: dict[str, str] = field(default_factory=dict)


CATEGORIES: dict[str, dict[str, tuple[Leaf, ...]]] = {
    "Kitchen": {
        "Knives": (
            Leaf("Chef's knives", ("Chef's Knife", "Santoku", "Carving Knife"), (1900, 24900)),
            Leaf("Bread knives", ("Bread Knife", "Pastry Saw", "Roll Cutter"), (1500, 8900)),
        ),
        "Cookware": (
            Leaf("Pans", ("Frying Pan", "Wok", "Crêpe Pan"), (2400, 18900)),
            Leaf("Pots", ("Stock Pot", "Saucepan", "Dutch Oven"), (2900, 29900)),
        ),
        "Tea & coffee": (
            Leaf("Teapots", ("Teapot", "Tea Kettle", "Tea Strainer"), (900, 12900)),
            Leaf("Coffee makers", ("Moka Pot", "French Press", "Hand Grinder"), (1900, 21900)),
        ),
    },
    "Garden": {
        "Hand tools": (
            Leaf("Secateurs", ("Secateurs", "Hedge Shears", "Grafting Knife"), (1200, 9900)),
            Leaf("Spades", ("Spade", "Garden Fork", "Trowel"), (900, 8900)),
        ),
        "Watering": (
            Leaf("Watering cans", ("Watering Can", "Plant Mister", "Rain Gauge"), (700, 5900)),
            Leaf("Hoses", ("Garden Hose", "Hose Reel", "Spray Nozzle"), (900, 14900)),
        ),
        "Plants": (
            Leaf("Seeds", ("Tomato Seeds", "Wildflower Mix", "Herb Seeds"), (199, 799), "7.00"),
            Leaf("Pots & planters", ("Planter", "Window Box", "Hanging Basket"), (600, 12900)),
        ),
    },
    "Home": {
        "Lighting": (
            Leaf("Desk lamps", ("Desk Lamp", "Clamp Lamp", "Reading Light"), (1900, 17900)),
            Leaf("Lanterns", ("Lantern", "Storm Light", "String Lights"), (900, 7900)),
        ),
        "Textiles": (
            Leaf("Blankets", ("Wool Blanket", "Throw", "Quilt"), (2900, 22900)),
            Leaf("Towels", ("Bath Towel", "Tea Towel", "Hand Towel"), (500, 4900)),
        ),
        "Storage": (
            Leaf("Baskets", ("Wicker Basket", "Felt Basket", "Laundry Basket"), (1200, 8900)),
            Leaf("Boxes", ("Storage Box", "Bread Box", "Tin Caddy"), (500, 6900)),
        ),
    },
    "Office": {
        "Writing": (
            Leaf("Fountain pens", ("Fountain Pen", "Ink Bottle", "Nib Set"), (800, 39900)),
            Leaf("Pencils", ("Pencil Set", "Mechanical Pencil", "Sharpener"), (150, 4900)),
        ),
        "Paper": (
            Leaf("Notebooks", ("Notebook", "Sketchbook", "Pocket Diary"), (390, 3900)),
            Leaf("Envelopes", ("Envelopes", "Letter Paper", "Sealing Wax"), (290, 2900)),
        ),
        "Desk": (
            Leaf("Organisers", ("Pen Tray", "Letter Rack", "Desk Organiser"), (900, 7900)),
            Leaf("Clocks", ("Table Clock", "Hourglass", "Wall Clock"), (1500, 19900)),
        ),
    },
    "Workshop": {
        "Woodworking": (
            Leaf("Planes", ("Block Plane", "Spokeshave", "Jack Plane"), (2900, 34900)),
            Leaf("Chisels", ("Bench Chisel", "Gouge", "Marking Knife"), (1200, 15900)),
        ),
        "Measuring": (
            Leaf("Rulers", ("Steel Rule", "Try Square", "Calliper"), (400, 9900)),
            Leaf("Levels", ("Spirit Level", "Plumb Bob", "Chalk Line"), (700, 8900)),
        ),
        "Fixings": (
            Leaf("Screws", ("Wood Screws", "Brass Hooks", "Wall Plugs"), (199, 2900)),
            Leaf("Adhesives", ("Wood Glue", "Epoxy", "Masking Tape"), (299, 3900)),
        ),
    },
    "Pantry": {
        "Drinks": (
            Leaf("Teas", ("Green Tea", "Rooibos", "Earl Grey"), (399, 3900), "7.00"),
            Leaf("Coffees", ("Espresso Beans", "Filter Coffee", "Decaf Beans"), (599, 2900), "7.00"),
        ),
        "Sweets": (
            Leaf("Chocolates", ("Dark Chocolate", "Truffles", "Nougat"), (249, 2900), "7.00"),
            Leaf("Honey & jam", ("Forest Honey", "Apricot Jam", "Quince Jelly"), (399, 1900), "7.00"),
        ),
        "Spices": (
            Leaf("Peppers", ("Tellicherry Pepper", "Long Pepper", "Chilli Flakes"), (299, 1900), "7.00"),
            Leaf("Salts", ("Sea Salt", "Smoked Salt", "Herb Salt"), (199, 1490), "7.00"),
        ),
    },
}

ADJECTIVES = (
    "Classic", "Small", "Large", "Folding", "Forged", "Polished", "Everyday", "Slim", "Heavy", "Traditional", "Compact",
    "Professional", "Hand-made", "Travel", "Double", "Rustic", "Fine", "Extra Long", "Nordic", "Japanese", "Tuscan",
)  # fmt: skip
SERIES = (
    "Aurora", "Bergen", "Coulée", "Düne", "Elbe", "Fjäll", "Grünwald", "Höfn", "Isar", "Jūra", "Kōyō", "Łódź", "Mérida",
    "Niño", "Österlen", "Pražská", "Quercus", "Ría", "Søndag", "Třebíč", "Übersee", "Vårdag", "Weiß", "Ýmir", "Žito",
)  # fmt: skip
MATERIALS = (
    "beech", "oak", "walnut", "steel", "stainless steel", "brass", "cast iron", "porcelain", "glass", "linen", "wool",
    "cotton", "leather", "copper", "bamboo", "recycled plastic",
)  # fmt: skip
COLOURS = ("black", "white", "moss green", "night blue", "rust", "sand", "grey", "natural", "rosé", "türkis", "玉虫色")
EXTRA_WORDS = ("hand", "warm", "quiet", "sturdy", "light", "plain", "honest", "bright", "durable", "soft")

SENTENCES = (
    "Made in small batches by people who use it themselves.",
    "It lies well in the hand and does what it should.",
    "The surface ages with use and looks better every year.",
    "Wipe with a damp cloth; not for the dishwasher.",
    "Comes in a plain cardboard box without any plastic.",
    "Spare parts are available for ten years.",
    "Für alle, die es gern einfach und ordentlich haben.",
    "Passend zu allen Teilen der Serie; Maße ca. 30 × 20 × 12 cm.",
    "Tested in our own workshop at −10 °C to +60 °C.",
    "One of our oldest articles, and still the one we sell most.",
    "Ideal as a present – ribbon & card included on request.",
    'Our customers call it "the good one".',
    "Né dans un petit atelier de la Drôme, fabriqué sans hâte.",
    "職人が一つひとつ手作業で仕上げています。",
)

OPINIONS: dict[int, tuple[tuple[str, str], ...]] = {
    5: (
        ("Perfect", "Exactly as described. I would buy it again at once."),
        ("Großartig!", "Schnell geliefert, schön verpackt, funktioniert tadellos. Klare Empfehlung."),
        ("❤️", "Bought two more as presents. 🎁🎁"),
        ("最高です", "とても使いやすく、毎日使っています。"),
        ("", "No title needed: it is simply good."),
    ),
    4: (
        ("Good, with one small thing", "Well made; the handle could be a little longer."),
        ("Gut", "Etwas schwerer als gedacht, sonst alles prima."),
        ("Très bien", "Belle qualité, livraison un peu lente."),
        ("Daily use for a month", "Holds up well so far. I will write again after the winter."),
    ),
    3: (
        ("All right", "Does the job. Not more, not less."),
        ("Geht so", "Farbe weicht vom Foto ab."),
        ("Hmm", "Instructions only in one language & hard to read <small print>."),
    ),
    2: (
        ("Expected more", "For this price the finish should be better."),
        ("Kratzer", "Kam mit einem Kratzer an, der Kundendienst war aber freundlich."),
    ),
    1: (
        ("Broken after a week", "The hinge gave up on day seven. Sent back."),
        ("שבור", "המוצר הגיע שבור."),
        ("No", ""),
    ),
}

GIVEN_NAMES = (
    "Ada", "Björn", "Chloé", "Dörte", "Emil", "Françoise", "Grace", "Håkon", "Ines", "Jürgen", "Katarzyna", "Li",
    "Małgorzata", "Noa", "Øyvind", "Paolo", "Quentin", "Renée", "Søren", "Tamar", "Ulrike", "Víctor", "Wiebke", "Xenia",
    "Yuki", "Zoë",
)  # fmt: skip
FAMILY_NAMES = (
    "Almeida", "Bauer", "Çelik", "Dvořák", "Eriksson", "Fischer", "García", "Hofmann", "Iversen", "Jansen", "Kowalski",
    "Lefèvre", "Müller", "Nguyễn", "O'Brien", "Pokorný", "Quist", "Rossi", "Schröder", "Tanaka", "Ünal", "Vogel",
    "Weiß", "Yılmaz", "Łukasik", "王",
)  # fmt: skip
STREETS = (
    "Hauptstraße",
    "Lindenweg",
    "Am Markt",
    "Gartenstraße",
    "Schulstraße",
    "Bahnhofstraße",
    "Bergweg",
    "Mühlgasse",
)
CITIES = (
    ("10115", "Berlin", "DE"), ("20095", "Hamburg", "DE"), ("80331", "München", "DE"), ("50667", "Köln", "DE"),
    ("01067", "Dresden", "DE"), ("90402", "Nürnberg", "DE"), ("1010", "Wien", "AT"), ("8001", "Zürich", "CH"),
    ("75001", "Paris", "FR"), ("1012 AB", "Amsterdam", "NL"), ("00-001", "Warszawa", "PL"), ("1050", "København", "DK"),
)  # fmt: skip

ODDITIES = (
    Oddity("Schälmesser „Größe Fünf“ mit Öse", "Äußerst scharf – für Äpfel, Möhren und Rüben. Straßenpreis: süß."),
    Oddity(
        "南部鉄器 急須 – Nanbu Teapot",
        "岩手県盛岡市で作られた鉄瓶。容量0.6リットル。",
        attributes={"素材": "鉄", "容量": "0.6 L"},
    ),
    Oddity("Party Set 🎉 with Chef 👩🏽‍🍳 and Flag 🏴‍☠️", "One 👍, two 👍🏿, a family 👨‍👩‍👧‍👦 in a single glyph."),
    Oddity(
        "Café Cre\u0300me Bowl (e\u0301t\u0323\u0302e\u0301)",
        "The accents are combining marks: Cafe\u0301 is not Café.",
    ),
    Oddity("إبريق شاي من النحاس", "إبريق تقليدي مصنوع يدويًا – Teapot, 1.2 L.", attributes={"مادة": "نحاس"}),
    Oddity("קומקום תה Teapot", "מעוצב ביד. Mixed \u200fעברית\u200f and English in one line."),
    Oddity('Salt & Pepper <Mill> "No. 7"', "Text with <b>tags</b>, &amp; entities, 'quotes' and a \\ backslash."),
    Oddity("100% Wool_Sock -- 50%_off; DROP", "Wildcards % and _ and a semicolon; search finds them as they are."),
    Oddity("Gift Card", "Tax free. Any amount.", 2500),
    Oddity("Paper Clip, Single", "The cheapest thing we sell.", 1),
    Oddity("Grand Clock of the Town Hall", "Made to order. One hundred years of warranty.", 9_999_999),
    Oddity("x", ""),
    Oddity(("Very long name of a product that somebody copied from a supplier's sheet, " * 4)[:200]),
    Oddity("İstanbul Çay Bardağı ışık", "Dotted İ and dotless ı fold their case differently in every library."),
    Oddity("ﬁne Straße № ½ ² ™ Ⅷ", "Ligatures, fractions and other characters of compatibility."),
    Oddity("Line\u2028Separator\u00a0Box", "First line.\r\nSecond line.\n\n\tIndented third.\u2029A new paragraph."),
    Oddity("𝔊𝔬𝔱𝔥𝔦𝔠 Letter Set 𠮷", "Characters outside the basic plane: 𠮷野家, 𝒳, 🀄."),
    Oddity("ภาพไม้แกะสลัก हस्तनिर्मित", "ตัวอักษรไทย และ देवनागरी लिपि।", attributes={"रंग": "लाल", "สี": "แดง"}),
)
