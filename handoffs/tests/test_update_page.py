"""Share update as a page: the form, what was written, and the way back."""

from bs4 import BeautifulSoup

from tests.factories import hand_off


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def test_the_form_offers_what_there_is_to_tell(session, ana, signed_in):
    page = soup(signed_in(ana).get(f"/sessions/{session.pk}/status-update/"))

    # Nothing handed off, nothing resolved: there is only the progress to tell, and no choice to make.
    assert [field["value"] for field in page.select("[name=context]")] == ["progress"]
    assert [field["value"] for field in page.select("[name=audience]")] == ["ticket", "client", "email"]


def test_after_a_hand_off_the_escalation_comes_first(session, ana, signed_in):
    hand_off(session, ana)
    page = soup(signed_in(ana).get(f"/sessions/{session.pk}/status-update/"))

    assert page.select_one("[name=context][checked]")["value"] == "escalation"


def test_a_plain_form_gets_a_page_with_the_text_and_the_way_back(session, ana, signed_in):
    answer = signed_in(ana).post(f"/sessions/{session.pk}/status-update/", {"context": "progress", "audience": "client", "length": "long"})

    page = soup(answer)
    assert page.select_one("#update-out").text.strip()
    assert page.select_one("[name=audience][checked]")["value"] == "client"
    assert page.select_one("[data-close]")["href"] == f"/sessions/{session.pk}/"


def test_a_stranger_gets_404_and_a_colleague_who_may_not_read_it_too(session, eve, bo, signed_in):
    for who in (eve, bo):
        assert signed_in(who).get(f"/sessions/{session.pk}/status-update/").status_code == 404
