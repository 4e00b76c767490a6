"""The other products' snippets, as their documentation gives them: only the host of the script is another."""

import pytest
from playwright.sync_api import Page, expect
from sdk_gateway import customer, widgets, write  # noqa: F401

SIGNED_IN = "Signed in as Ada Lovelace"


def panel(page: Page):
    return page.get_by_role("dialog", name="Share your feedback")


def launcher(page: Page):
    return page.get_by_role("button", name="Feedback", exact=True)


def watched(calls: list):
    """Keeps every address that the page asks for."""
    return lambda page: page.on("request", lambda request: calls.append(request.url))


# ProductBridge


def test_productbridge_init_with_a_token(widgets, customer):  # noqa: F811
    page = customer("""
        <script src="{gateway}/_widget/sdk.js"></script>
        <script>
          ProductBridge.init({
            organizationId: 'productbridge',
            userToken: '{token}',
          });
        </script>""", values={"token": widgets.token()})
    launcher(page).click()
    expect(panel(page)).to_contain_text(SIGNED_IN)


def test_productbridge_identify_after_init(widgets, customer):  # noqa: F811
    page = customer("""
        <script src="{gateway}/_widget/sdk.js"></script>
        <script>
          ProductBridge.init({ organizationId: 'productbridge' });
          fetch('data:text/plain,{token}').then((response) => response.text()).then((token) => {
            ProductBridge.identify(token);
          });
        </script>""", values={"token": widgets.token()})
    launcher(page).click()
    expect(panel(page)).to_contain_text(SIGNED_IN)
    write(page, "From a ProductBridge page")
    expect(panel(page)).to_contain_text("Thank you!")
    assert [user for user, _ in widgets.posts("a ProductBridge page")] == ["ada@customer.test"]


# Sleekplan

SLEEKPLAN = """
    <script type="text/javascript">window.$sleek=[];window.SLEEK_PRODUCT_ID=309272111;(function(){d=document;s=d.createElement("script");s.src="{gateway}/sdk/e.js";s.async=1;d.getElementsByTagName("head")[0].appendChild(s);})();</script>"""


def test_sleekplan_user_before_the_script(widgets, customer):  # noqa: F811
    page = customer("""
        <script type="text/javascript">
        window.SLEEK_USER = {
            token: '{token}'
        }
        </script>""" + SLEEKPLAN, "sleekplan", values={"token": widgets.token("sleekplan")})
    launcher(page).click()
    expect(panel(page)).to_contain_text(SIGNED_IN)


def test_sleekplan_user_after_the_script(widgets, customer):  # noqa: F811
    page = customer(SLEEKPLAN, "sleekplan")
    launcher(page).click()
    expect(panel(page)).not_to_contain_text("Signed in as")
    page.evaluate("(token) => { window.SLEEK_USER = { token } }", widgets.token("sleekplan"))
    expect(panel(page)).to_contain_text(SIGNED_IN)


def test_sleekplan_user_in_the_init_event_is_the_first_that_is_asked_about(widgets, customer):  # noqa: F811
    calls = []
    page = customer(SLEEKPLAN + """
        <script>
        window.document.addEventListener('sleek:init', () => {
            $sleek.setUser( {token: '{token}'} );
        }, false);
        </script>""", "sleekplan", values={"token": widgets.token("sleekplan")}, before=watched(calls))
    launcher(page).click()
    expect(panel(page)).to_contain_text(SIGNED_IN)
    assert not [call for call in calls if call.endswith("/_widget/state")]


@pytest.mark.parametrize("early", ["['setUser', {token: '{token}'}]", "function (sleek) { sleek.setUser({token: '{token}'}) }"])
def test_sleekplan_user_early_on_the_array(widgets, customer, early):  # noqa: F811
    page = customer(SLEEKPLAN + f"<script>$sleek.push({early})</script>", "sleekplan",
                    values={"token": widgets.token("sleekplan")})
    launcher(page).click()
    expect(panel(page)).to_contain_text(SIGNED_IN)


def test_sleekplan_sso_is_called_when_it_is_needed_and_its_callback_resumes(widgets, customer):  # noqa: F811
    page = customer(SLEEKPLAN + """
        <script>
        window.asked = 0;
        $sleek.sso = function( callback ) {
            window.asked++;
            window.answer = () => callback( {token: '{token}'} );
        };
        </script>""", "sleekplan", values={"token": widgets.token("sleekplan")})
    launcher(page).click()
    expect(panel(page)).to_be_visible()
    assert page.evaluate("() => asked") == 0, "not for looking"
    write(page, "Written before signing in")
    page.wait_for_function("() => window.asked === 1")
    page.wait_for_timeout(300)
    assert widgets.posts("before signing in") == [], "not before the callback"
    page.evaluate("() => answer()")
    expect(panel(page)).to_contain_text("Thank you!")
    assert [user for user, _ in widgets.posts("before signing in")] == ["ada@customer.test"]
    page.get_by_role("button", name="Send more feedback").click()
    write(page, "Written after")
    expect(panel(page)).to_contain_text("Thank you!")
    assert page.evaluate("() => asked") == 1, "not again for somebody who is known"


def test_sleekplan_functions(customer):  # noqa: F811
    page = customer(SLEEKPLAN, "sleekplan")
    expect(launcher(page)).to_be_visible()
    page.evaluate("() => $sleek.open('feedback.add', () => { window.opened = true })")
    expect(panel(page)).to_be_visible()
    assert page.evaluate("() => opened")
    page.evaluate("() => $sleek.close()")
    expect(panel(page)).to_be_hidden()


def test_sleekplan_snippet_twice(widgets, customer):  # noqa: F811
    page = customer(SLEEKPLAN, "sleekplan")
    expect(launcher(page)).to_be_visible()
    page.evaluate("""([src, token]) => new Promise((loaded) => {
        window.$sleek = [];
        window.$sleek.push(['setUser', { token }]);
        const script = document.createElement('script');
        script.src = src;
        script.onload = loaded;
        document.head.append(script);
    })""", [widgets.url("sleekplan") + "/sdk/e.js", widgets.token("sleekplan")])
    assert page.locator("[data-widget-gateway]").count() == 1
    launcher(page).click()
    expect(panel(page)).to_contain_text(SIGNED_IN)


# UserVoice

USERVOICE = """
    <script>
    // Include the UserVoice JavaScript SDK (only needed once on a page)
    UserVoice=window.UserVoice||[];(function(){var uv=document.createElement('script');uv.type='text/javascript';uv.async=true;uv.src='{gateway}/aB3dEf6hIj9kLmNoPqRs.js';var s=document.getElementsByTagName('script')[0];s.parentNode.insertBefore(uv,s)})();
    </script>"""


def test_uservoice_commands_before_the_script(widgets, customer):  # noqa: F811
    page = customer(USERVOICE + """
        <script>
        UserVoice.push(['set', {accent_color: '#448dd6', trigger_color: 'white'}]);
        UserVoice.push(['identify', {email: 'ada@customer.test'}]);
        UserVoice.push(['set', {sso: "{token}"}]);
        UserVoice.push(['addTrigger', {}]);
        UserVoice.push(['autoprompt', {}]);
        </script>""", "uservoice", values={"token": widgets.token("uservoice")})
    launcher(page).click()
    expect(panel(page)).to_contain_text(SIGNED_IN)
    write(page, "From a UserVoice page")
    expect(panel(page)).to_contain_text("Thank you!")
    assert [user for user, _ in widgets.posts("a UserVoice page")] == ["ada@customer.test"]


def test_uservoice_commands_after_the_script(widgets, customer):  # noqa: F811
    page = customer(USERVOICE, "uservoice")
    page.wait_for_function("() => window.WidgetGateway && WidgetGateway.status().state === 'anonymous'")
    expect(launcher(page)).to_be_hidden()
    page.evaluate("""(token) => {
        UserVoice.push(['set', {sso: token}]);
        UserVoice.push(['addTrigger', {}]);
    }""", widgets.token("uservoice"))
    launcher(page).click()
    expect(panel(page)).to_contain_text(SIGNED_IN)


@pytest.mark.parametrize("isLate", [False, True])
def test_uservoice_trigger_of_the_pages_own(customer, isLate):  # noqa: F811
    add = "UserVoice.push(['addTrigger', '#contact_us', {mode: 'contact'}]);"
    page = customer(USERVOICE + f"""
        <a id="contact_us" href="mailto:support@customer.test">Contact us</a>
        <script>{"window.onload = function () {" + add + "}" if isLate else add}</script>""", "uservoice")
    page.wait_for_function("() => window.WidgetGateway")
    page.get_by_text("Contact us").click()
    expect(panel(page)).to_be_visible()
    expect(launcher(page)).to_be_hidden()


# ProductLift


def test_productlift_sidebar_with_its_token_in_the_scripts_address(widgets, customer):  # noqa: F811
    calls, headers = [], []
    token = widgets.token("productlift")
    page = customer("""
        <script defer src="{gateway}/widgets_sdk?sso={token}"></script>
        <a data-productlift-sidebar="c7a0077f-a870-4023-b202-9395b17d6870">Changelog</a>""",
        "productlift", values={"token": token}, before=watched(calls))
    page.on("request", lambda request: headers.append(request.all_headers().get("authorization")))
    page.wait_for_function("() => WidgetGateway.status().state === 'identified'")
    expect(launcher(page)).to_be_hidden()
    page.get_by_text("Changelog").click()
    expect(panel(page)).to_contain_text(SIGNED_IN)
    write(page, "From a ProductLift page")
    expect(panel(page)).to_contain_text("Thank you!")
    assert [user for user, _ in widgets.posts("a ProductLift page")] == ["ada@customer.test"]
    with_token = [call for call in calls if token.rsplit(".", 1)[1] in call]
    assert with_token == [f"{widgets.url('productlift')}/widgets_sdk?sso={token}"], "only the page's own"
    assert f"Bearer {token}" in headers


def test_productlift_without_a_token_is_anonymous(customer):  # noqa: F811
    page = customer("""<script defer src="{gateway}/widgets_sdk"></script>
        <button data-productlift-sidebar="x">Feedback please</button>""", "productlift")
    page.wait_for_function("() => WidgetGateway.status().state === 'anonymous'")
    page.get_by_text("Feedback please").click()
    expect(panel(page)).to_be_visible()
