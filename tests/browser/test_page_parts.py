"""The small scripts that every page has, and the account pages that need a browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.visibility import expect_in_window
from tests.support.factories import PASSWORD, make_admin, make_event, make_people, make_person

pytestmark = pytest.mark.once(on="postgresql")


def test_theme_changes_at_once_and_is_kept_by_the_server(open_window):
    page = open_window(color_scheme="light")
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Switch between light and dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert 'data-theme="dark"' in page.request.get("/accounts/signup/").text()


def test_eye_button_shows_and_hides_a_password(page):
    page.goto("/accounts/login/")
    eye, field = (
        page.get_by_role("button", name="Show password"),
        page.locator("input[name=password]"),
    )
    eye.click()
    expect(field).to_have_attribute("type", "text")
    eye.click()
    expect(field).to_have_attribute("type", "password")


def test_phone_menu_leads_everywhere_and_logs_out(open_window, log_in):
    page = open_window(**PHONE)
    log_in(page, make_person())
    page.goto("/accounts/settings/")
    page.get_by_role("button", name="Menu", exact=True).click()
    page.locator("#sheet").get_by_role("button", name="Log out").click()
    page.wait_for_url("**/")
    page.get_by_role("button", name="Menu", exact=True).click()
    expect(page.locator("#sheet").get_by_role("link", name="Log in")).to_be_visible()


@pytest.mark.parametrize("scripted", [True, False])
def test_role_is_granted_with_and_without_a_script(open_window, log_in, scripted):
    admin, person = make_admin(), make_person("Kuba Bąk")
    page = open_window(java_script_enabled=scripted)
    log_in(page, admin)
    page.goto("/administration/roles/")
    page.get_by_label("Role of Kuba Bąk", exact=True).select_option("organizer")
    page.locator(f"#save-{person.pk}").click()
    expect_in_window(page.locator(".toast p", has_text="Organizer"))
    expect(page.get_by_label("Role of Kuba Bąk", exact=True)).to_have_value("organizer")
    expect(page.locator("#role-counts .role-card", has_text="Organizer")).to_contain_text(
        "1 person"
    )
    person.refresh_from_db()
    assert person.role == "organizer"


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_role_and_its_button_stand_in_one_line(open_window, log_in, size):
    person = make_person("Kuba Bąk")
    page = open_window(**size, locale="pl-PL")
    log_in(page, make_admin(language="pl"))
    page.goto("/administration/roles/")
    select, save = (
        page.locator(f"#person-{person.pk} select").bounding_box(),
        page.locator(f"#save-{person.pk}").bounding_box(),
    )
    assert select["x"] + select["width"] <= save["x"]
    assert select["y"] <= save["y"] + save["height"] / 2 <= select["y"] + select["height"]


def test_role_list_is_not_changed_by_arrow_keys(page, log_in):
    admin, person = make_admin(), make_person("Kuba Bąk")
    log_in(page, admin)
    page.goto("/administration/roles/")
    page.locator(f"#person-{person.pk} select").focus()
    for key in ("ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    page.wait_for_timeout(500)
    person.refresh_from_db()
    assert person.role == "user"
    assert page.evaluate("document.activeElement.tagName") == "SELECT"


def test_admin_is_made_after_a_question_and_taken_back_in_the_toast(page, log_in):
    admin, person = make_admin(), make_person("Kuba Bąk")
    log_in(page, admin)
    page.goto("/administration/roles/")
    choice, save = page.locator(f"#person-{person.pk} select"), page.locator(f"#save-{person.pk}")
    choice.select_option("admin")
    save.click()
    expect_in_window(page.get_by_role("heading", name="Make Kuba Bąk an Admin?"))
    page.get_by_role("button", name="Go back").click()
    expect(choice).to_have_value("user")
    choice.select_option("admin")
    save.click()
    page.get_by_role("button", name="Make Admin").click()
    expect_in_window(page.locator(".toast p", has_text="Admin"))
    expect(save).to_be_focused()
    person.refresh_from_db()
    assert person.role == "admin"
    page.locator(".toast").get_by_role("button", name="Undo").click()
    expect_in_window(page.locator(".toast p", has_text="User"))
    expect(save).to_be_focused()
    person.refresh_from_db()
    assert person.role == "user"


def test_admin_is_made_after_a_question_without_a_script(open_window, log_in):
    admin, person = make_admin(), make_person("Kuba Bąk")
    page = open_window(java_script_enabled=False)
    log_in(page, admin)
    page.goto("/administration/roles/")
    page.locator(f"#person-{person.pk} select").select_option("admin")
    page.locator(f"#save-{person.pk}").click()
    expect_in_window(page.get_by_role("heading", name="Make Kuba Bąk an Admin?"))
    page.get_by_role("button", name="Make Admin").click()
    expect_in_window(page.locator(".toast p", has_text="Admin"))


def test_toast_can_be_closed(page, log_in):
    log_in(page, make_person())
    page.goto("/accounts/settings/")
    page.get_by_role("button", name="Save").click()
    toast = page.locator(".toast", has_text="Saved.")
    toast.get_by_role("button", name="Close").click()
    expect(toast).to_have_count(0)


def test_failed_request_leaves_the_page_and_can_be_repeated(page, log_in, page_errors):
    """The network is lost in the middle of a search."""
    page_errors.expected += ["ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest"]
    log_in(page, make_admin())
    make_people(3)
    page.goto("/administration/roles/")
    page.context.set_offline(True)
    page.get_by_label("Search people").fill("guest")
    failed = page.locator(".toast[data-kind=error]")
    expect(failed).to_contain_text("That did not go through.")
    expect(page.locator("#people tbody tr")).to_have_count(4)
    page.context.set_offline(False)
    failed.get_by_role("button", name="Try again").click()
    expect(page.locator("#people tbody tr")).to_have_count(3)
    expect(failed).to_have_count(0)
    assert page.url.endswith("?q=guest")


def test_error_response_shows_an_error_toast(page, log_in, page_errors):
    page_errors.expected += ["403", "htmx:responseError"]
    admin = make_admin()
    log_in(page, admin)
    page.goto("/administration/roles/")
    make_admin("Jonas Weber")
    type(admin).objects.filter(pk=admin.pk).update(role="user")
    page.get_by_label("Search people").fill("x")
    expect(page.locator(".toast[data-kind=error]")).to_contain_text("That did not go through.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Roles")


def test_expired_login_leads_to_the_login_page_and_back(page, log_in):
    admin = make_admin()
    log_in(page, admin)
    page.goto("/administration/roles/")
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("Search people").fill("anna")
    page.wait_for_url("**/accounts/login/**")
    page.locator("input[name=login]").fill(admin.email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url("**/administration/roles/**")


def test_django_admin_works_under_the_security_policy(page, log_in):
    """A refused style or script would be a page error."""
    admin = make_admin()
    make_event()
    log_in(page, admin)
    page.goto("/admin/")
    page.goto("/admin/accounts/user/")
    page.locator("#searchbar").fill(admin.email)
    page.get_by_role("button", name="Search").click()
    page.locator("#result_list").get_by_role("link", name=admin.email).click()
    page.locator("input[name=last_name]").fill("Nowak-Weber")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist")).to_contain_text("was changed successfully")
