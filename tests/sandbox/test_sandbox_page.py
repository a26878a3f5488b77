"""The Checkout page that a person clicks."""

from __future__ import annotations

from typing import Any

import httpx

HOSTILE = '<script>alert("1")</script>'


def test_the_page_names_the_business_the_service_and_the_amount(
    salon: Any, http: httpx.Client
) -> None:
    page = http.get(salon.session("LUN-PAGE").url)
    assert page.status_code == 200
    for text in ("Luna", "Cut", "123.00 USD", "3-D Secure"):
        assert text in page.text


def test_a_click_pays_and_a_second_one_is_told_so(salon: Any, http: httpx.Client) -> None:
    session = salon.session("LUN-CLICK")
    paid = http.post(session.url, data={"card": "visa"})
    assert "Paid. Thank you." in paid.text
    assert "https://salon.example/thanks" in paid.text
    assert http.post(session.url, data={"card": "visa"}).status_code == 409
    assert "has been paid" in http.get(session.url).text
    assert salon.seen()["charges"] == 1


def test_a_declined_card_can_be_followed_by_another(salon: Any, http: httpx.Client) -> None:
    session = salon.session("LUN-TRY")
    assert "declined" in http.post(session.url, data={"card": "declined"}).text
    assert "Paid." in http.post(session.url, data={"card": "visa"}).text


def test_three_d_secure_takes_a_second_click(salon: Any, http: httpx.Client) -> None:
    session = salon.session("LUN-3D")
    asked = http.post(session.url, data={"card": "3ds"})
    assert "Complete authentication" in asked.text
    assert salon.seen()["charges"] == 0
    done = http.post(session.url, data={"card": "3ds", "authenticated": "yes"})
    assert "Paid." in done.text
    assert salon.seen()["charges"] == 1


def test_text_from_outside_is_escaped(salon: Any, http: httpx.Client) -> None:
    wanted = salon.wanted("LUN-XSS")
    wanted["line_items"][0]["price_data"]["product_data"]["name"] = HOSTILE
    session = salon.v1.checkout.sessions.create(wanted, salon.me)
    page = http.get(session.url).text
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    missing = http.get(f"{salon.sandbox.url}/pay/%3Cscript%3E")
    assert missing.status_code == 404
    assert "<script>" not in missing.text


def test_an_expired_link_says_so(salon: Any, http: httpx.Client) -> None:
    session = salon.session("LUN-OLDP")
    salon.v1.checkout.sessions.expire(session.id, None, salon.me)
    assert "expired" in http.get(session.url).text


def test_a_card_is_saved_on_a_page_without_an_amount(salon: Any, http: httpx.Client) -> None:
    wanted = {"mode": "setup", "currency": "usd", "success_url": "https://salon.example/x"}
    session = salon.v1.checkout.sessions.create(wanted, salon.me)
    assert "Save a card" in http.get(session.url).text
    http.post(session.url, data={"card": "visa"})
    assert salon.v1.checkout.sessions.retrieve(session.id, None, salon.me).status == "complete"
