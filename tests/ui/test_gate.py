"""The way in: the first password, signing in and out, a session that ends, a service that goes."""

from conftest import PASSWORD, Service, administrator, setup_link


def test_the_printed_link_makes_the_first_administrator(data, person):
    with Service(data) as service:
        anna = person(service)
        page = anna.page
        page.goto(setup_link(service))
        page.get_by_label("Name").fill("anna")
        page.get_by_label("Password", exact=True).fill("short")
        page.get_by_label("Password, once more").fill("short")
        page.get_by_role("button", name="Begin").click()
        page.get_by_text("at least 8 characters").wait_for()
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password, once more").fill("something else")
        page.get_by_role("button", name="Begin").click()
        page.get_by_text("The two passwords differ.").wait_for()
        anna.shot("setup")
        page.get_by_label("Password, once more").fill(PASSWORD)
        page.get_by_role("button", name="Begin").click()
        page.get_by_role("heading", name="Your list, in two minutes").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("heading", name="Sign in").wait_for()


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
