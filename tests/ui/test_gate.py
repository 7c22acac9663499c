"""The way in: the first password, signing in and out, a session that ends, a service that goes."""

import re

from conftest import PASSWORD, Service, administrator


def setup_link(service):
    return re.search(r"(\S+#/setup\?token=\S+)", service.printed)[1]


def test_a_used_link_and_a_wrong_password_are_said_in_place(data, person):
    with Service(data) as service:
        link = setup_link(service)
        administrator(service)
        anna = person(service)
        anna.watched.allow(r"40[134] POST .*/(session|setup)$")
        page = anna.open()
        page.get_by_label("Name").fill("anna")
        page.get_by_label("Password").fill("not that one")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("Name and password do not fit.").wait_for()
        assert page.get_by_label("Name").input_value() == "anna"
        anna.is_accessible("sign in")
        page.goto(link)
        page.reload()
        page.get_by_label("Name").fill("eve")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password, once more").fill(PASSWORD)
        page.get_by_role("button", name="Begin").click()
        page.get_by_text("This link is no longer valid.").wait_for()
