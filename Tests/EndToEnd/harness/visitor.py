"""A browser, as far as sign-in can tell one: cookies, redirects, forms, and what it says of where it comes from."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from .tokens import must_stay_secret, remember

TOKEN_FIELDS = ("sso", "jwt", "ssoToken")
REDIRECTS = (301, 302, 303, 307, 308)
#: What a login page's form does that sends itself.
SUBMITS_ITSELF = "document.forms[0].submit()"


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def site_of(url: str) -> tuple[str, str]:
    """Scheme and host: on loopback, what browsers compare for `SameSite`."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or ""


@dataclass
class Hop:
    """One request and its answer."""

    method: str
    url: str
    response: httpx.Response

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def location(self) -> str | None:
        location = self.response.headers.get("location")
        return None if location is None else urljoin(self.url, location)

    def cookie(self, name: str) -> tuple[str, dict[str, str]] | None:
        """The cookie that the answer sets, else the one that it takes back: its value, and its attributes.

        One may be taken back twice: a partitioned cookie is another than that of the same name without partition.
        """
        found = []
        for header in self.response.headers.get_list("set-cookie"):
            first, *rest = [part.strip() for part in header.split(";")]
            key, _, value = first.partition("=")
            if key == name:
                pairs = (part.partition("=") for part in rest)
                found.append((value, {key.lower(): setting for key, _, setting in pairs}))
        kept = [cookie for cookie in found if cookie[1].get("max-age") != "0"]
        taken_back = ["partitioned" in cookie[1] for cookie in found if cookie not in kept]
        assert len(kept) <= 1 and len(taken_back) == len(set(taken_back)), f"{name} is set twice by one answer"
        return (kept or found or [None])[0]


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    #: Name, value and words of each button.
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class Visitor:
    """Follows redirects by hand and keeps what happened since the last `open` or `submit` in `hops`."""

    def __init__(self, context: ssl.SSLContext):
        self.client = httpx.Client(verify=context, http2=True, timeout=20)
        self.hops: list[Hop] = []
        self.url = "about:blank"
        #: Of the page at hand.
        self.referrer_policy = ""

    def close(self) -> None:
        self.client.close()

    # What a person does

    def open(self, url: str, *, clicked: bool = False) -> httpx.Response:
        """Opens an address typed in or, where `clicked`, one that the page at hand links to."""
        self.hops = []
        return self._navigate("GET", url, initiator=self.url if clicked else None)

    def submit(self, *, button: str = "", **values: str) -> httpx.Response:
        """Fills in the page's first form and sends it off, by the one button whose words contain `button`."""
        form = self.forms()[0]
        fields = form.fields | values
        if button:
            (name, value, _), = (pressed for pressed in form.buttons if button in pressed[2].lower())
            fields |= {name: value} if name else {}
        for name in TOKEN_FIELDS:
            if fields.get(name):
                remember(fields[name])
        self.hops = []
        return self._navigate(form.method, urljoin(self.url, form.action), fields, initiator=self.url)

    def post(self, url: str, fields: dict[str, str], *, on: str | None = None) -> httpx.Response:
        """Sends off a form of the page at hand, or of one `on` another address, that leads to `url`."""
        self.hops = []
        return self._navigate("POST", url, fields, initiator=on or self.url)

    def restart(self) -> None:
        """Closes the browser and opens it again: cookies without a lifetime are gone."""
        self.client.cookies.jar.clear_session_cookies()
        self.url = "about:blank"

    # What a page does

    def fetch(self, path: str, method: str = "GET", **options) -> httpx.Response:
        """A script's request to the origin of the page at hand."""
        headers = {
            "Accept": "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "empty"}
        if method not in ("GET", "HEAD"):
            headers["Origin"] = "null" if self.referrer_policy == "no-referrer" else origin_of(self.url)
        return self.client.request(method, urljoin(self.url, path), headers=headers, **options)

    # What there is to see

    @property
    def last(self) -> Hop:
        return self.hops[-1]

    def hop(self, path: str, host: str = "") -> Hop:
        """The only request for a path (of an origin) since the last action."""
        found = [hop for hop in self.hops if hop.path == path and hop.url.startswith(host)]
        assert len(found) == 1, f"{len(found)} requests for {path}: {[hop.url.split('?')[0] for hop in self.hops]}"
        return found[0]

    def forms(self) -> list[Form]:
        return self._read().forms

    def cookie(self, name: str) -> str | None:
        return next((cookie.value for cookie in self.client.cookies.jar if cookie.name == name), None)

    # How it goes

    def _read(self) -> _Page:
        page = _Page()
        page.feed(self.last.response.text)
        return page

    def _navigate(self, method: str, url: str, fields: dict[str, str] | None = None, *,
                  initiator: str | None) -> httpx.Response:
        crossed = False
        for _ in range(12):
            crossed = crossed or initiator is not None and site_of(initiator) != site_of(url)
            response = self._send(method, url, fields, initiator, crossed)
            if response.status_code not in REDIRECTS:
                break
            url = self.last.location
            if response.status_code not in (307, 308):
                method, fields = "GET", None
        else:
            raise AssertionError(f"redirected without end: {[hop.url.split('?')[0] for hop in self.hops]}")
        self.url = url
        # A page's own word counts for more than its header's.
        self.referrer_policy = self._read().referrer_policy or response.headers.get("referrer-policy", "")
        if SUBMITS_ITSELF in response.text:
            earlier = self.hops
            response = self.submit()
            self.hops = earlier + self.hops
        return response

    def _send(self, method: str, url: str, fields: dict[str, str] | None, initiator: str | None,
              crossed: bool) -> httpx.Response:
        same_origin = initiator is not None and origin_of(initiator) == origin_of(url)
        site = "none" if initiator is None else "same-origin" if same_origin else "same-site"
        site = "cross-site" if crossed else site
        headers = {
            "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1", "Sec-Fetch-Site": site,
            "Upgrade-Insecure-Requests": "1"}
        if initiator is not None:
            silent = self.referrer_policy == "no-referrer" or self.referrer_policy == "same-origin" and not same_origin
            if not silent:
                whole = same_origin and self.referrer_policy not in ("origin", "strict-origin")
                headers["Referer"] = initiator if whole else origin_of(initiator) + "/"
            if method == "POST":
                # A page that keeps its address to itself keeps its origin too (Fetch, "serializing a request origin").
                headers["Origin"] = "null" if silent else origin_of(initiator)
        body = {"data": fields} if method == "POST" else {"params": fields} if fields else {}
        request = self.client.build_request(method, url, headers=headers, **body)
        if crossed and method == "POST":
            # `SameSite=Lax`, said or not, keeps cookies from other sites' forms.
            request.headers.pop("cookie", None)
        response = self.client.send(request, follow_redirects=False)
        self.hops.append(Hop(method, url, response))
        self._remember(self.last)
        return response

    @staticmethod
    def _remember(hop: Hop) -> None:
        """Notes what no log may show."""
        for header in hop.response.headers.get_list("set-cookie"):
            name, _, rest = header.partition("=")
            value = rest.partition(";")[0]
            if "widget_" in name and len(value) >= 16:
                must_stay_secret.add(value)
        for name, value in parse_qsl(urlsplit(hop.location or "").query):
            if name in TOKEN_FIELDS:
                remember(value)


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms: list[Form] = []
        self.button: tuple[str, str] | None = None
        self.referrer_policy = ""

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.forms.append(Form(given.get("action") or "", (given.get("method") or "get").upper()))
        elif tag == "input" and self.forms and given.get("name") and given.get("type") != "submit":
            self.forms[-1].fields[given["name"]] = given.get("value") or ""
        elif tag == "meta" and given.get("name") == "referrer":
            self.referrer_policy = given.get("content") or ""
        elif tag == "button" and self.forms:
            self.button = given.get("name") or "", given.get("value") or ""
            self.forms[-1].buttons.append((*self.button, ""))

    def handle_data(self, data):
        if self.button:
            self.forms[-1].buttons[-1] = (*self.button, self.forms[-1].buttons[-1][2] + data)

    def handle_endtag(self, tag):
        if tag == "button":
            self.button = None
