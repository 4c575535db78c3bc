"""Names that read like companies and belong to nobody we know: the same for a number, and no two alike."""

from __future__ import annotations

from cxcurve.errors import BadValueError

_HEADS = (  # noqa: SIM905
    "Alvo Bryn Calde Cor Dalve Dorn Eldo Fenla Fyr Galve Halen Hexo Ilvo Jarne Kelvo Kyra Lorvi Lumo Marv Mirel "
    "Nolva Norv Oberi Ondra Pelva Perri Quill Ravo Rynd Selvo Sorrel Talvo Thorn Ulmo Vanto Verdi Wendo Wyn Yarro Zelmi"
).split()
_TAILS = (  # noqa: SIM905
    "bech berg bridge crest dale field ford gate grove haven holm kamp lake lund mark mere moor port quist ridge "
    "sund strand tera thal vale vik ward wick worth zen"
).split()
_TRADES = (  # noqa: SIM905
    "Analytics|Apparel|Automation|Bakeries|Bearings|Biotech|Brands|Breweries|Capital|Ceramics|Chemicals|Clinics|Coatings|"
    "Components|Construction|Consulting|Controls|Courier|Dairy|Dental|Devices|Diagnostics|Digital|Dynamics|Education|"
    "Electric|Energy|Engineering|Events|Fabrics|Farms|Filters|Finance|Fitness|Foods|Forestry|Freight|Furniture|Games|"
    "Glass|Group|Health|Holdings|Hospitality|Hotels|Imaging|Industries|Instruments|Insurance|Interiors|Labs|Lighting|"
    "Logistics|Machines|Marine|Materials|Media|Medical|Metals|Mobility|Motors|Networks|Optics|Outdoor|Packaging|Paper|"
    "Partners|Payments|Pharma|Plastics|Power|Precision|Print|Properties|Pumps|Rail|Recycling|Retail|Robotics|Security|"
    "Services|Shipping|Software|Solar|Solutions|Sports|Steel|Storage|Studios|Supply|Systems|Telecom|Textiles|Timber|"
    "Tools|Toys|Travel|Ventures|Water|Works"
).split("|")

CAPACITY = len(_HEADS) * len(_TAILS) * len(_TRADES)
_STRIDE = 77_773
"""Coprime to `CAPACITY`, so that neighbours differ and every number still has a name of its own."""


def company_name(number: int) -> str:
    """The company with this number, 0 to `CAPACITY` - 1; e.g. "Norvholm Freight".

    Raises:
        BadValueError: There is no name for this number.
    """
    if not 0 <= number < CAPACITY:
        raise BadValueError(f"company number {number} has no name; numbers go from 0 to {CAPACITY - 1}")
    stem, trade = divmod(number * _STRIDE % CAPACITY, len(_TRADES))
    head, tail = divmod(stem, len(_TAILS))
    return f"{_HEADS[head]}{_TAILS[tail]} {_TRADES[trade]}"


def company_names(count: int) -> list[str]:
    """The first `count` companies, all different."""
    return [company_name(number) for number in range(count)]
