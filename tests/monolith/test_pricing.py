from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from monolith import money
from monolith.cart.pricing import BasketLine, NForM, Shipping, percent_off, price_basket

SHIPPING = Shipping(Decimal("4.90"), Decimal("19.00"), Decimal("50.00"))
cents = st.integers(1, 10_000_000).map(lambda n: Decimal(n) / 100)
rates = st.sampled_from([Decimal("0.00"), Decimal("7.00"), Decimal("19.00"), Decimal("8.25")])
offers = st.tuples(st.integers(1, 9), st.integers(1, 9)).map(lambda t: NForM("n for m", t[0] + t[1], t[0]))
lines = st.lists(
    st.builds(
        BasketLine,
        product_id=st.integers(1, 50),
        sku=st.just("S"),
        name=st.just("N"),
        unit_net=cents,
        tax_rate=rates,
        quantity=st.integers(1, 20),
    ),
    max_size=8,
    unique_by=lambda line: line.product_id,
)


def line(price: str, quantity: int, rate: str = "19.00", pk: int = 1) -> BasketLine:
    return BasketLine(pk, "S", "N", Decimal(price), Decimal(rate), quantity)


def test_halves_of_a_cent_go_up() -> None:
    assert money.to_cents(Decimal("0.125")) == Decimal("0.13")
    assert money.with_tax(Decimal("89.90"), Decimal("19.00")) == Decimal("106.98")


def test_three_for_two_gives_one_of_three_and_two_of_seven() -> None:
    offer = NForM("3 for 2", 3, 2)
    assert [offer.free_units(n) for n in range(8)] == [0, 0, 0, 1, 1, 1, 2, 2]


def test_a_basket_of_one_line_costs_what_the_window_says_and_the_freight() -> None:
    price = price_basket([line("10.00", 3)], {1: [NForM("3 for 2", 3, 2)]}, SHIPPING)
    assert (price.goods, price.discount, price.shipping) == (Decimal("23.80"), Decimal("11.90"), Decimal("4.90"))
    assert (price.net, price.tax, price.gross) == (Decimal("24.12"), Decimal("4.58"), Decimal("28.70"))
    assert price.lines[0].promotion == "3 for 2"


def test_from_fifty_on_the_freight_is_free_and_an_empty_basket_has_none() -> None:
    assert price_basket([line("50.00", 1, "0.00")], {}, SHIPPING).shipping == 0
    assert price_basket([line("49.99", 1, "0.00")], {}, SHIPPING).shipping == Decimal("4.90")
    assert price_basket([], {}, SHIPPING).gross == 0


@given(lines, st.dictionaries(st.integers(1, 50), st.lists(offers, max_size=3), max_size=5))
def test_net_and_tax_add_up_to_the_gross_in_lines_and_sum(
    basket: list[BasketLine], given_offers: dict[int, list[NForM]]
) -> None:
    price = price_basket(basket, given_offers, SHIPPING)
    for priced in price.lines:
        assert priced.net + priced.tax == priced.gross
        assert priced.gross + priced.discount == priced.unit_gross * priced.line.quantity
        assert priced.discount >= 0
        assert priced.gross > 0
        assert priced.tax >= 0
        assert bool(priced.promotion) == bool(priced.discount)
    assert price.net + price.tax == price.gross == price.goods + price.shipping
    assert price.goods == sum((p.gross for p in price.lines), Decimal(0))


@given(cents, rates, st.integers(1, 40), st.integers(1, 9).map(lambda pay: NForM("one free", pay + 1, pay)))
def test_where_one_unit_is_free_one_more_never_costs_less(
    unit: Decimal, rate: Decimal, quantity: int, offer: NForM
) -> None:
    def goods(n: int) -> Decimal:
        return price_basket([BasketLine(1, "S", "N", unit, rate, n)], {1: [offer]}, SHIPPING).goods

    assert goods(quantity) <= goods(quantity + 1)


@given(cents, rates, st.integers(1, 20), st.lists(offers, min_size=1, max_size=4))
def test_of_several_offers_the_best_counts_alone(
    unit: Decimal, rate: Decimal, quantity: int, several: list[NForM]
) -> None:
    def goods(given_offers: list[NForM]) -> Decimal:
        return price_basket([BasketLine(1, "S", "N", unit, rate, quantity)], {1: given_offers}, SHIPPING).goods

    assert goods(several) == min(goods([offer]) for offer in several)


@given(cents, st.integers(1, 9900).map(lambda n: Decimal(n) / 100))
def test_percent_off_stays_between_a_cent_and_the_price(price: Decimal, percent: Decimal) -> None:
    reduced = percent_off(price, percent)
    assert money.CENT <= reduced <= price
    assert reduced == reduced.quantize(money.CENT)


@given(cents, rates)
def test_tax_taken_off_again_is_the_net_within_a_cent(net: Decimal, rate: Decimal) -> None:
    assert abs(money.without_tax(money.with_tax(net, rate), rate) - net) <= money.CENT
